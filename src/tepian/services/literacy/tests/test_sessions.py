"""The way of a session, and who may go it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tepian.kernel.actors import Conflict, Denied, Invalid
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.events.models import OutboxEvent

from .. import jobs, operations, policies, queries, states
from ..models import Session
from .conftest import SYSTEM, WARDS, come, person, step

pytestmark = pytest.mark.django_db


def test_from_the_plan_to_the_end_is_recorded_and_told(plan, actor_with):
    organiser = actor_with("literacy_organiser")
    row = plan()
    assert row.number.startswith("L-")
    assert row.year == row.starts_at.astimezone(city_timezone()).year
    row = operations.open_session(actor=organiser, session=row, revision=row.revision)
    row = operations.end_lesson(actor=organiser, session=row, revision=row.revision)
    row = operations.hold_session(actor=organiser, session=row, revision=row.revision)
    assert (row.state, row.revision) == (states.HELD, 4)
    told = list(
        OutboxEvent.objects.filter(subject=f"session/{row.number}").order_by("position").values_list("type", flat=True)
    )
    assert told == [
        f"literacy.{name}.v1" for name in ("session_planned", "session_opened", "lesson_ended", "session_held")
    ]
    done = AuditEntry.objects.filter(subject_type="session", subject_id=row.number)
    assert {entry.operation for entry in done} >= {
        "literacy.plan_session",
        "literacy.open_session",
        "literacy.hold_session",
    }


@pytest.mark.parametrize("role", [*policies.READERS[1:], "administrator", "duty_officer"])
def test_readers_read_and_change_nothing(plan, actor_with, role):
    row = plan()
    with pytest.raises(Denied):
        operations.open_session(actor=actor_with(role), session=row, revision=1)
    with pytest.raises(Denied):
        operations.add_programme(actor=actor_with(role), agency="diskominfo", title="X", groups=["umum"])
    assert Session.objects.get().state == states.PLANNED


def test_an_organiser_of_another_agency_is_refused(plan, actor_with):
    row = plan()
    with pytest.raises(Denied):
        operations.cancel_session(
            actor=actor_with("literacy_organiser", scope="agency", code="dinkes"), session=row, revision=1, reason="x"
        )
    mine = actor_with("literacy_organiser", scope="agency", code="diskominfo")
    assert operations.cancel_session(actor=mine, session=row, revision=1, reason="Hujan").state == states.CANCELLED


def test_of_two_organisers_the_slower_is_told(plan):
    row = plan()
    operations.open_session(actor=SYSTEM, session=row, revision=1)
    with pytest.raises(Conflict) as late:
        operations.cancel_session(actor=SYSTEM, session=row, revision=1, reason="Hujan")
    assert late.value.code == "too_late"
    assert Session.objects.get().state == states.OPEN


@pytest.mark.parametrize(
    ("act", "state"),
    [("open_session", states.CANCELLED), ("end_lesson", states.PLANNED), ("hold_session", states.CANCELLED)],
)
def test_what_may_not_follow_does_not(plan, act, state):
    row = plan()
    if state == states.CANCELLED:
        row = step(operations.cancel_session, row, reason="Hujan")
    with pytest.raises(Conflict) as refused:
        step(getattr(operations, act), row)
    assert refused.value.code == "moved_on"


def test_the_hours_of_opening(plan, actor_with):
    organiser = actor_with("literacy_organiser")
    early, late = plan(hours=13), plan(hours=-5)
    for row, code in ((early, "too_early"), (late, "time_over")):
        with pytest.raises(Invalid) as refused:
            operations.open_session(actor=organiser, session=row, revision=1)
        assert refused.value.code == code
    with pytest.raises(Invalid) as refused:
        operations.hold_session(actor=organiser, session=early, revision=1)
    assert refused.value.code == "not_begun"
    assert operations.hold_session(actor=organiser, session=late, revision=1).state == states.HELD


def test_closed_too_early_opens_again(opened):
    row = step(operations.hold_session, opened)
    row = step(operations.open_session, row)
    assert (row.state, row.closed_at) == (states.OPEN, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "😀" * 201),
        ("place", " \0 "),
        ("region", "99.01"),
        ("region", "99.99.99.9999"),
        ("capacity", 0),
        ("capacity", 5001),
        ("ends_at", timezone.now() - timedelta(days=9)),
        ("ends_at", timezone.now() + timedelta(days=9)),
    ],
)
def test_bad_input_names_the_field(plan, field, value):
    with pytest.raises(Invalid) as refused:
        plan(**{field: value})
    assert refused.value.field == field
    assert not Session.objects.exists()


def test_emoji_and_long_words_are_kept(plan):
    row = plan(title="Aman 😀 & <b>cakap</b>", place="x" * 200)
    row.refresh_from_db()
    assert row.title == "Aman 😀 & <b>cakap</b>"
    with pytest.raises(Invalid):
        plan(place="x" * 5000)


def test_changing_keeps_the_year_of_counted_people(opened):
    come(opened, person(1))
    given = {
        "title": "Baru", "place": "Aula", "region": WARDS[1], "capacity": 50,
        "starts_at": opened.starts_at - timedelta(days=400), "ends_at": opened.ends_at - timedelta(days=400),
    }  # fmt: skip
    with pytest.raises(Invalid) as refused:
        step(operations.change_session, opened, **given)
    assert refused.value.code == "year_fixed"
    given |= {"starts_at": opened.starts_at, "ends_at": opened.ends_at}
    assert step(operations.change_session, opened, **given).title == "Baru"


def test_what_nobody_closed_is_held_later_and_a_quiet_minute_writes_nothing(plan):
    before = AuditEntry.objects.count()
    assert jobs.hold() == 0
    assert AuditEntry.objects.count() == before
    row = plan(hours=-4.5)
    row = step(operations.open_session, row)
    assert jobs.hold() == 1
    row.refresh_from_db()
    assert row.state == states.HELD
    assert jobs.hold() == 0


def test_lists_for_the_desk(plan):
    lost, uncounted = plan(hours=-5), plan(hours=-30)
    uncounted = step(operations.hold_session, uncounted)
    now = timezone.now()
    found = [(row, queries.needs(row, now)) for row in queries.waiting(now)]
    assert found == [(uncounted, "uncounted"), (lost, "forgotten")]
    step(operations.write_counts, uncounted, rows=[(WARDS[0], "umum", 3)])
    assert list(queries.waiting(now)) == [lost]


# --- programmes and questions -----------------------------------------------------------------------------------------


def test_a_programme_is_made_once_and_changed_by_the_faster(contoh, actor_with):
    organiser = actor_with("literacy_organiser")
    row = operations.add_programme(actor=organiser, agency="diskominfo", title="Ibu cerdas", groups=["komunitas"])
    assert row.code == "ibu-cerdas"
    for title, field in (("Ibu cerdas!", "title"), ("Hadir", "title"), ("😀", "title")):
        with pytest.raises(Invalid) as refused:
            operations.add_programme(actor=organiser, agency="diskominfo", title=title, groups=["umum"])
        assert refused.value.field == field
    for wrong, field in (({"groups": ["x"]}, "groups"), ({"groups": []}, "groups"), ({"aim_wards": 99}, "aim_wards")):
        with pytest.raises(Invalid) as refused:
            operations.add_programme(
                actor=organiser, **{"agency": "diskominfo", "title": "Lain", "groups": ["umum"]} | wrong
            )
        assert refused.value.field == field
    same = {"actor": organiser, "programme": row, "revision": 1, "groups": ["umum"]}
    assert operations.change_programme(title="Ibu cakap", **same).revision == 2
    with pytest.raises(Conflict):
        operations.change_programme(title="Lain lagi", **same)


def test_an_answered_question_is_retired_not_changed(opened, programme):
    question = queries.questions_of(programme)[0]
    given = {"text": "Baru?", "choices": [{"text": "ya"}, {"text": "tidak"}], "right": 0}
    question = operations.change_question(actor=SYSTEM, question=question, revision=1, **given)
    assert question.text == "Baru?"
    with pytest.raises(Conflict):
        operations.change_question(actor=SYSTEM, question=question, revision=1, **given)
    come(opened, person(1))
    operations.sit_test(
        actor=SYSTEM, session=opened, person=person(1), phase=states.BEFORE, answers={str(question.pk): 1}
    )
    with pytest.raises(Conflict) as refused:
        operations.change_question(actor=SYSTEM, question=question, revision=2, **given)
    assert refused.value.code == "already_answered"
    operations.retire_question(actor=SYSTEM, question=question)
    assert question not in queries.questions_of(programme)


@pytest.mark.parametrize(
    ("choices", "right", "field"),
    [
        ([], 0, "choices"),
        (["a"], 0, "choices"),
        (["a", "a"], 0, "choices"),
        (["a", " "], 0, "choices"),
        (["a"] + [str(n) for n in range(6)], 0, "choices"),
        (["a", "b"], 2, "right"),
        (["a", "b"], -1, "right"),
    ],
)
def test_bad_questions_are_refused(programme, choices, right, field):
    with pytest.raises(Invalid) as refused:
        operations.add_question(
            actor=SYSTEM, programme=programme, text="?", choices=[{"text": text} for text in choices], right=right
        )
    assert refused.value.field == field


def test_a_short_test_stays_short(programme):
    given = {"choices": [{"text": "ya"}, {"text": "tidak"}], "right": 0}
    for number in range(5):
        last = operations.add_question(actor=SYSTEM, programme=programme, text=f"Soal {number}", **given)
    with pytest.raises(Invalid):
        operations.add_question(actor=SYSTEM, programme=programme, text="Kesebelas", **given)
    operations.retire_question(actor=SYSTEM, question=last)
    operations.add_question(actor=SYSTEM, programme=programme, text="Kesepuluh", **given)
    with pytest.raises(Invalid):
        operations.retire_question(actor=SYSTEM, question=last, retired=False)
