"""A person decides, once, and the record says who."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone, translation

from tepian.kernel.actors import Conflict, Denied, Invalid, NotFound
from tepian.kernel.events.models import OutboxEvent
from tepian.services.emergency import operations, queries, states
from tepian.services.emergency.models import Incident, Sign

from .conftest import HEAD, LOCAL, OFFICER, SECOND, SYSTEM, UNIT, VIEWER, ago, build_city, message, sign


@pytest.fixture
def draft(city) -> str:
    sign("a", "siaga")
    sign("b", "siaga")
    return Incident.objects.get().number


@pytest.fixture
def confirmed(draft) -> str:
    operations.confirm_draft(actor=OFFICER, number=draft, **message())
    return draft


def types() -> list[str]:
    return list(OutboxEvent.objects.order_by("position").values_list("type", flat=True))


def test_confirm_says_who_when_and_what(draft):
    incident = operations.confirm_draft(actor=OFFICER, number=draft, **message(level="awas"))
    assert (incident.state, incident.level, incident.decided_by) == ("open", "awas", "Petugas Jaga Pusdalops")
    event = OutboxEvent.objects.get(type="emergency.incident_confirmed.v1").data
    assert event["by"] == "Petugas Jaga Pusdalops"
    assert event["message"]["headline_en"] == "Flood in Hulu"
    assert {source["key"] for source in event["sources"]} == {"a", "b"}
    assert event["automatic"] is False


def test_numbers_are_typed_as_people_type(draft):
    assert queries.incident_by(draft.lower().replace("-", " ")).number == draft
    wrong = draft[:-1] + ("2" if draft[-1] != "2" else "3")
    with pytest.raises(NotFound):
        queries.incident_by(wrong)


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"level": "normal"}, "level"),
        ({"level": "x"}, "level"),
        ({"areas": []}, "areas"),
        ({"areas": ["99.99.99.9999"]}, "areas"),
        ({"headline": "  "}, "headline"),
        ({"headline": "x" * 301}, "headline"),
        ({"instruction": ""}, "instruction"),
        ({"instruction": "y" * 4001}, "instruction"),
        ({"valid_until": timezone.now() - timedelta(hours=1)}, "valid_until"),
        ({"valid_until": timezone.now() + timedelta(days=30)}, "valid_until"),
    ],
)
def test_bad_answers_change_nothing(draft, bad, field):
    with pytest.raises(Invalid) as told:
        operations.confirm_draft(actor=OFFICER, number=draft, **message(**bad))
    assert told.value.field == field
    assert Incident.objects.get().state == "draft"
    assert "emergency.incident_confirmed.v1" not in types()


def test_who_may_decide(draft):
    for actor in (VIEWER, HEAD, UNIT):
        with pytest.raises(Denied):
            operations.confirm_draft(actor=actor, number=draft, **message())
        with pytest.raises(Denied):
            operations.dismiss_draft(actor=actor, number=draft, reason_code="other", reason="x")
    with pytest.raises(Denied):
        operations.confirm_draft(actor=LOCAL, number=draft, **message(areas=["99.01.02.1001"]))
    assert operations.confirm_draft(actor=LOCAL, number=draft, **message()).state == "open"


@pytest.mark.parametrize("reason_code", ["", "malas"])
def test_dismissal_needs_a_reason_from_the_list(draft, reason_code):
    with pytest.raises(Invalid):
        operations.dismiss_draft(actor=OFFICER, number=draft, reason_code=reason_code, reason="Kering.")
    with pytest.raises(Invalid):
        operations.dismiss_draft(actor=OFFICER, number=draft, reason_code="other", reason="   ")
    assert Incident.objects.get().state == "draft"


def test_dismissed_stays_dismissed(draft):
    operations.dismiss_draft(actor=OFFICER, number=draft, reason_code="sensor_fault", reason="Pelampung macet.")
    with pytest.raises(Conflict) as told:
        operations.confirm_draft(actor=SECOND, number=draft, **message())
    assert "Petugas Jaga Pusdalops" in str(told.value.message)
    assert types()[-1] == "emergency.draft_dismissed.v1"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("second_verb", ["confirm", "dismiss"])
def test_of_two_officers_at_once_one_wins(second_verb):
    build_city()
    sign("a", "siaga")
    sign("b", "siaga")
    number = Incident.objects.get().number
    start, results = threading.Barrier(2), {}

    def act(name, actor, verb):
        start.wait()
        try:
            if verb == "confirm":
                operations.confirm_draft(actor=actor, number=number, **message())
            else:
                operations.dismiss_draft(actor=actor, number=number, reason_code="other", reason="Kering.")
            results[name] = "won"
        except Conflict as error:
            results[name] = str(error.message)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=act, args=("one", OFFICER, "confirm")),
        threading.Thread(target=act, args=("two", SECOND, second_verb)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result == "won" for result in results.values()) == [False, True]
    winner = OFFICER if results["one"] == "won" else SECOND
    loser = results["two" if results["one"] == "won" else "one"]
    assert winner.label in loser
    incident = Incident.objects.get()
    assert incident.decided_by == winner.label
    assert types().count("emergency.incident_confirmed.v1") + types().count("emergency.draft_dismissed.v1") == 1


@pytest.mark.django_db(transaction=True)
def test_two_signs_at_once_open_exactly_one_draft():
    build_city()
    start = threading.Barrier(2)

    def report(key):
        start.wait()
        try:
            sign(key, "siaga")
        finally:
            connection.close()

    threads = [threading.Thread(target=report, args=(key,)) for key in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Incident.objects.count() == 1
    assert Incident.objects.get().signs.count() == 2


def test_change_holds_the_version(confirmed):
    seen = Incident.objects.get().version
    operations.request_warning_update(actor=OFFICER, number=confirmed, version=seen, **message(level="awas"))
    with pytest.raises(Conflict):
        operations.request_warning_update(actor=SECOND, number=confirmed, version=seen, **message(level="waspada"))
    incident = Incident.objects.get()
    assert (incident.level, incident.version) == ("awas", seen + 1)
    assert OutboxEvent.objects.get(type="emergency.incident_changed.v1").data["version"] == incident.version


def test_close_needs_an_outcome_and_reopen_a_reason(confirmed):
    with pytest.raises(Invalid):
        operations.close_incident(actor=OFFICER, number=confirmed, outcome="")
    with pytest.raises(Invalid):
        operations.close_incident(actor=OFFICER, number=confirmed, outcome="meriah")
    operations.mark_under_control(actor=OFFICER, number=confirmed)
    operations.close_incident(actor=OFFICER, number=confirmed, outcome="happened", text="Surut pukul 17.")
    with pytest.raises(Conflict):
        operations.close_incident(actor=SECOND, number=confirmed, outcome="happened")
    until = timezone.now() + timedelta(hours=2)
    with pytest.raises(Invalid):
        operations.reopen_incident(actor=OFFICER, number=confirmed, reason="", valid_until=until)
    again = operations.reopen_incident(actor=OFFICER, number=confirmed, reason="Hujan lagi.", valid_until=until)
    assert again.state == "open"
    assert types().count("emergency.incident_confirmed.v1") == 2


def test_units_accept_and_finish_once(confirmed):
    task = operations.assign(
        actor=OFFICER, number=confirmed, agency="damkar", task="Evakuasi warga RT 12", unit="Regu 1"
    )
    same = operations.assign(
        actor=OFFICER, number=confirmed, agency="damkar", task="Evakuasi warga RT 12", unit="Regu 1"
    )
    assert task.pk == same.pk
    with pytest.raises(Denied):
        operations.accept(actor=VIEWER, assignment=task.pk)
    first = operations.accept(actor=UNIT, assignment=task.pk).accepted_at
    assert operations.accept(actor=UNIT, assignment=task.pk).accepted_at == first
    assert operations.finish(actor=UNIT, assignment=task.pk).done_at
    with pytest.raises(NotFound):
        operations.finish(actor=OFFICER, assignment=99_999)
    with pytest.raises(Invalid):
        operations.assign(actor=OFFICER, number=confirmed, agency="tidak-ada", task="x")
    kinds = [entry.kind for entry in Incident.objects.get().timeline.all()]
    assert [kinds.count(kind) for kind in ("assigned", "accepted", "done")] == [1, 1, 1]


def test_a_draft_takes_no_tasks(draft):
    with pytest.raises(Conflict):
        operations.assign(actor=OFFICER, number=draft, agency="damkar", task="x")


def test_the_time_line_cannot_be_edited(draft):
    entry = operations.add_note(actor=OFFICER, number=draft, text="Menghubungi lurah.")
    entry.text = "lain"
    with pytest.raises(RuntimeError):
        entry.save()
    with pytest.raises(RuntimeError):
        entry.delete()
    with pytest.raises(Invalid):
        operations.add_note(actor=OFFICER, number=draft, text=" \x00 ")


def test_every_entry_reads_in_both_languages(confirmed):
    operations.assign(actor=OFFICER, number=confirmed, agency="damkar", task="Evakuasi")
    operations.end_sign(actor=SYSTEM, hazard="flood", source_kind="station", source_key="a", at=ago(0))
    operations.close_incident(actor=OFFICER, number=confirmed, outcome="did_not_happen", text="Tidak meluap.")
    for entry in Incident.objects.get().timeline.all():
        told = []
        for language in ("id", "en"):
            with translation.override(language):
                told.append(queries.sentence(entry))
        assert "%(" not in "".join(told)
        if entry.kind not in {"sign_joined", "sign_changed"}:
            assert told[0] != told[1], entry.kind


def test_ended_signs_suggest_an_end(confirmed):
    for key in ("a", "b"):
        operations.end_sign(actor=SYSTEM, hazard="flood", source_kind="station", source_key=key, at=ago(0))
    incident = Incident.objects.get()
    assert incident.state == "open"
    assert incident.suggested_level == "normal"
    assert incident.timeline.filter(kind="signs_all_ended").exists()


def test_the_record_is_complete_and_its_hash_covers_it(confirmed):
    operations.add_note(actor=HEAD, number=confirmed, text="Dapur umum dibuka.")
    operations.close_incident(actor=OFFICER, number=confirmed, outcome="happened")
    incident = Incident.objects.get()
    first = queries.record(incident)
    assert first["hash"] == queries.record(incident)["hash"]
    assert [clock["name"] for clock in first["clocks"]][:3] == ["first_sign", "draft_opened", "decided"]
    assert first["decided_by"] == "Petugas Jaga Pusdalops"
    assert {entry["operation"] for entry in first["audit"]} >= {"emergency.confirm_draft", "emergency.close_incident"}
    assert all(entry["sentence"]["id"] and entry["sentence"]["en"] for entry in first["timeline"])
    operations.add_note(actor=HEAD, number=confirmed, text="Ditambah.")
    assert queries.record(incident)["hash"] != first["hash"]


def test_possible_transitions():
    assert states.possible("draft") == ["confirm", "dismiss"]
    assert states.possible("dismissed") == []
    assert set(states.possible("open")) == {"change", "control", "close"}


def test_candidates_and_active_signs_are_read_without_a_query_per_row(draft, django_assert_max_num_queries):
    for number in range(30):
        Sign.objects.create(
            hazard="flood",
            source_kind="report",
            source_key=f"r{number}",
            label="x",
            level="waspada",
            began_at=ago(500),
            observed_at=ago(500),
            ended_at=ago(500),
        )
    with django_assert_max_num_queries(40):
        sign("c", "siaga", minutes=1)
