"""A meeting, its minutes, its decisions and what became of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tepian.kernel.actors import Conflict, Denied, Invalid, system
from tepian.kernel.events.models import OutboxEvent

from .. import operations, states
from ..models import Body, Meeting, Membership, Resolution
from ..queries import hall
from ..queries import meetings as queries
from .planted import action, planted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]
BEGAN = datetime(2025, 3, 10, 1, tzinfo=UTC)
SYSTEM = system("tests")


def planned(actor: Any = SYSTEM, **options: Any) -> Meeting:
    given = {
        "body": queries.body_by("smart-city-council"),
        "title": "Rapat triwulan",
        "starts_at": BEGAN,
        "ends_at": BEGAN + timedelta(hours=2),
    }
    return operations.plan_meeting(actor=actor, **(given | options))


def held(actor: Any = SYSTEM, **options: Any) -> Meeting:
    row = planned(**options)
    return operations.hold_meeting(
        actor=actor, meeting=row, revision=row.revision, minutes="Dibahas.", present=["Mayor"], guests=2
    )


def decided(row: Meeting, text: str = "Perbaiki lampu.", due: date = date(2025, 4, 1), **options: Any) -> Resolution:
    return operations.add_resolution(actor=SYSTEM, meeting=row, text=text, due_on=due, **({"agency": "pupr"} | options))


def fails(code: str, act: Callable[[], Any]) -> None:
    with pytest.raises(Invalid) as found:
        act()
    assert found.value.code == code, found.value


def test_the_pack_brings_council_and_team_and_loading_again_changes_nothing(contoh):
    council, team = Body.objects.order_by("kind")
    assert [seat.name for seat in queries.seats(council)] == [
        "Mayor", "Planner of the Development Planning Agency", "Head of BPBD", "University of Contoh",
        "Association of market sellers",
    ]  # fmt: skip
    assert queries.seats(team)[0].row.seat == "chair"
    given = {
        "code": "smart-city-team",
        "kind": "team",
        "title": "Tim teknis kota cerdas",
        "valid_from": date(2025, 1, 10),
    }
    operations.load_bodies(
        actor=SYSTEM, bodies=[given | {"member": [{"position": "bappeda.planner", "seat": "chair"}]}]
    )
    ended = Membership.objects.filter(body=team).exclude(valid_to=None)
    assert ended.count() == 3, "a seat that the pack no longer names ends; that it was there stays"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"title": ""}, "text_missing"),
        ({"title": "x" * 201}, "text_too_long"),
        ({"ends_at": BEGAN}, "ends_at"),
        ({"ends_at": BEGAN + timedelta(days=4)}, "ends_at"),
        ({"starts_at": datetime(1900, 1, 1, tzinfo=UTC), "ends_at": datetime(1900, 1, 1, 1, tzinfo=UTC)}, "starts_at"),
    ],
)
def test_meetings_that_cannot_be(options: dict[str, Any], code: str):
    fails(code, lambda: planned(**options))
    assert not Meeting.objects.exists()


def test_planned_twice_by_a_second_press_is_one():
    assert planned().pk == planned().pk


def test_only_the_secretariat_keeps_meetings(planner, verifier, reporter):
    assert planned(planner).pk and planned(verifier, title="Lain").pk
    with pytest.raises(Denied):
        planned(reporter, title="Ketiga")


def test_minutes_need_a_meeting_that_has_begun_and_people_who_sit_there():
    later = planned(starts_at=timezone.now() + timedelta(days=1), ends_at=timezone.now() + timedelta(days=1, hours=1))
    row = planned()

    def hold(row: Meeting, **options: Any) -> Any:
        given = {"minutes": "Dibahas.", "present": ["Mayor"], "guests": 0} | options
        return lambda: operations.hold_meeting(actor=SYSTEM, meeting=row, revision=row.revision, **given)

    fails("future", hold(later))
    fails("stranger", hold(row, present=["Budi"]))
    fails("present", hold(row, present=[]))
    fails("guests", hold(row, guests=-1))
    fails("text_missing", hold(row, minutes=" "))
    fails("text_too_long", hold(row, minutes="x" * 40_001))
    assert hold(row, present=["Mayor", "University of Contoh", "Mayor"])().present == ["Mayor", "University of Contoh"]


def test_minutes_may_be_corrected_and_the_slower_is_told():
    row = held()
    operations.hold_meeting(actor=SYSTEM, meeting=row, revision=row.revision, minutes="Baru.", present=["Mayor"])
    fails("too_late", lambda: operations.hold_meeting(
        actor=SYSTEM, meeting=row, revision=row.revision, minutes="Lama.", present=["Mayor"]))  # fmt: skip


def test_a_cancelled_meeting_says_why_and_stays_cancelled():
    row = planned()
    fails("text_missing", lambda: operations.cancel_meeting(
        actor=SYSTEM, meeting=row, revision=row.revision, reason=""))  # fmt: skip
    row = operations.cancel_meeting(actor=SYSTEM, meeting=row, revision=row.revision, reason="Banjir.")
    for act in (
        lambda: operations.hold_meeting(
            actor=SYSTEM, meeting=row, revision=row.revision, minutes="x", present=["Mayor"]
        ),
        lambda: operations.change_meeting(
            actor=SYSTEM, meeting=row, revision=row.revision, title="x", starts_at=BEGAN, ends_at=row.ends_at
        ),
        lambda: decided(row),
    ):
        fails("moved_on", act)


def test_decisions_are_numbered_and_the_agency_hears():
    row = held()
    first, second = decided(row), decided(row, "Pasang rambu.")
    assert (first.number, second.number, decided(row).pk) == (1, 2, first.pk), "the same again is the one that is there"
    data = OutboxEvent.objects.filter(type="masterplan.resolution_made.v1").latest("position").data
    assert (data["agency"], data["due"], data["resolution"]) == ("pupr", "2025-04-01", str(second.key))


@pytest.mark.parametrize(
    ("options", "code"),
    [({"text": ""}, "text_missing"), ({"agency": "nobody"}, "agency"), ({"due": date(2025, 3, 9)}, "due_on"),
     ({"due": date(2099, 1, 1)}, "due_on")],
)  # fmt: skip
def test_decisions_that_cannot_be(options: dict[str, Any], code: str):
    row = held()
    fails(code, lambda: decided(row, **options))
    assert not Resolution.objects.exists()


def test_a_decision_names_a_part_of_the_plan_in_force(on_day):
    plan, revision = planted(code="rapat")
    on_day(date(2025, 7, 1))
    part = action(revision, "1.1.1", title="Lampu jalan")
    row = held(plan=plan)
    assert queries.follow_ups([decided(row, part_key=part.key)])[0].part == part
    fails("part", lambda: decided(held(title="Tanpa rencana"), part_key=part.key))


def test_done_opened_again_and_dropped(reporter, planner, actor_with):
    row = decided(held())
    with pytest.raises(Denied):
        operations.end_resolution(
            actor=actor_with("plan_reporter", scope="agency", code="dinkes", username="lain"),
            resolution=row, revision=row.revision, to=states.DONE, outcome="x",
        )  # fmt: skip
    with pytest.raises(Conflict) as found:
        operations.end_resolution(
            actor=reporter, resolution=row, revision=row.revision, to=states.DROPPED, outcome="Tidak perlu."
        )
    assert found.value.code == "not_yours_to_drop"
    fails("text_missing", lambda: operations.end_resolution(
        actor=reporter, resolution=row, revision=row.revision, to=states.DONE, outcome=""))  # fmt: skip
    row = operations.end_resolution(
        actor=reporter, resolution=row, revision=row.revision, to=states.DONE, outcome="Lampu menyala."
    )
    assert row.ended_by == reporter.label and row.ended_on is not None
    row = operations.end_resolution(
        actor=planner, resolution=row, revision=row.revision, to=states.OPEN, outcome="Mati lagi."
    )
    assert (row.state, row.ended_on, row.outcome) == (states.OPEN, None, "Mati lagi.")
    for to in ("", "burned", states.OPEN):
        fails("moved_on", lambda to=to: operations.end_resolution(
            actor=planner, resolution=row, revision=row.revision, to=to, outcome="x"))  # fmt: skip


def test_follow_ups_by_lateness():
    row = held()
    for text, due in (("B", date(2025, 5, 1)), ("A", date(2025, 4, 1)), ("C", date(2025, 9, 1))):
        decided(row, text, due)
    found = queries.follow_ups(queries.open_resolutions(), date(2025, 5, 11))
    assert [(each.row.text, each.days_late) for each in found] == [("A", 40), ("B", 10), ("C", 0)]


def test_work_appears_on_the_right_desks(reporter, planner, actor_with, on_day):
    on_day(date(2025, 3, 25))
    decided(held())
    assert [item.level for item in hall.work(reporter)] == ["notice"], "a week before its day"
    assert list(hall.work(planner)) == [], "the secretariat hears of it when it is late"
    on_day(date(2025, 4, 2))
    assert [item.level for item in hall.work(reporter)] == ["warning"]
    assert [item.level for item in hall.work(planner)] == ["warning"]
    assert list(hall.work(actor_with("plan_reporter", scope="agency", code="dinkes", username="lain"))) == []
