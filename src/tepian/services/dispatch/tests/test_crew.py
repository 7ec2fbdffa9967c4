"""The crew's phone: steps that come late, twice and in any order; who sees what; what keeps a unit at home."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tepian.kernel.audit.models import AuditEntry
from tepian.services.dispatch import operations, queries
from tepian.services.dispatch.models import Deployment, Incident, Shift, StepReport, Unit
from tepian.services.dispatch.queries import advice

from .conftest import DISPATCHER, EXCHANGE, TAKER

pytestmark = pytest.mark.django_db
NUMBER = "081200000777"
HERE = {"place": "Jalan Contoh 1", "lon": 117.104, "lat": -0.403}
STEPS = ("accepted", "under_way", "arrived", "done")


@pytest.fixture
def crew(city, as_role) -> Any:
    """A signed-in crew member of the fire service."""
    return as_role("responder", scope="agency", code="damkar", username="regu1")


@pytest.fixture
def other(city, as_role) -> Any:
    """Somebody of another agency."""
    return as_role("responder", scope="agency", code="ambulans", username="ambulans1")


def fire(text: str = "Dua orang di lantai atas") -> Incident:
    """A call that became an incident."""
    call, _new = operations.receive_call_event(
        actor=EXCHANGE, id="c1-ring", type="ringing", call="c1", at=timezone.now(), number=NUMBER
    )
    return operations.send_call(actor=TAKER, call=call.pk, type_code="K1", victims={"trapped": 2}, text=text, **HERE)


@pytest.fixture
def task(crew) -> Deployment:
    """D-01 is manned by `crew` and asked to a fire."""
    crew.post("/unit/tugas", {"unit": "D-01"})
    return operations.ask_unit(actor=DISPATCHER, number=fire().number, call_sign="D-01")


def sent(client: Client, steps: list[dict[str, Any]], unit: str = "D-01") -> Any:
    return client.post(f"/api/v1/units/{unit}/steps", steps, content_type="application/json")


def one(task: Deployment, step: str, at: datetime, sent_at: datetime | None = None, key: str = "") -> dict[str, Any]:
    return {
        "key": key or str(uuid.uuid4()),
        "deployment": task.pk,
        "step": step,
        "at": at.isoformat(),
        "sent_at": sent_at.isoformat() if sent_at else None,
    }


def asked_before(task: Deployment, minutes: float) -> datetime:
    """Let the task be asked so long ago; returns that moment."""
    at = timezone.now() - timedelta(minutes=minutes)
    Deployment.objects.filter(pk=task.pk).update(asked_at=at)
    return at


# --- duty -------------------------------------------------------------------------------------------------------------


def test_a_crew_sees_the_units_of_its_own_agency_only(crew, as_role):
    page = crew.get("/unit").content.decode()
    assert "D-01" in page and "D-02" in page
    assert "A-01" not in page
    Unit.objects.filter(call_sign="D-02").update(simulated=True)
    assert "SIMULASI" in crew.get("/unit").content.decode()
    assert "A-01" in as_role("supervisor").get("/unit").content.decode()
    assert Client().get("/unit").status_code == 302
    assert as_role("viewer").get("/unit").status_code == 403


def test_two_crews_want_one_unit(crew, as_role):
    second = as_role("responder", scope="agency", code="damkar", username="regu2")
    crew.post("/unit/tugas", {"unit": "D-01"})
    page = second.post("/unit/tugas", {"unit": "D-01"}, follow=True).content.decode()
    assert Unit.objects.get(call_sign="D-01").crew_account == "regu1"
    assert "D-01" in page and "Post regu1" in page
    assert "Bertugas" not in page
    # One person has one unit: a task of the other would be seen by nobody.
    crew.post("/unit/tugas", {"unit": "D-02"})
    assert Unit.objects.get(call_sign="D-02").crew_account == ""


def test_a_crew_that_has_gone_home_is_signed_off_by_the_next(crew, as_role):
    crew.post("/unit/tugas", {"unit": "D-01"})
    second = as_role("responder", scope="agency", code="damkar", username="regu2")
    assert 'action="/unit/lepas"' in second.get("/unit").content.decode()
    second.post("/unit/lepas", {"unit": "D-01"})
    second.post("/unit/tugas", {"unit": "D-01"})
    assert Unit.objects.get(call_sign="D-01").crew_account == "regu2"


def test_another_agencys_unit_cannot_be_manned_checked_planned_or_released(other):
    for address, more in (
        ("tugas", {}),
        ("lepas", {}),
        ("periksa", {"fuel": "1"}),
    ):
        assert other.post(f"/unit/{address}", {"unit": "D-01", **more}).status_code == 403, address
    answer = other.post(
        "/unit/jaga",
        {"unit": "D-01", "starts_at": "2026-12-01T06:00", "ends_at": "2026-12-01T18:00", "crew": "x", "people": "2"},
    )
    assert answer.status_code == 422
    unit = Unit.objects.get(call_sign="D-01")
    assert (unit.crew_account, unit.readiness_at) == ("", None)
    assert not Shift.objects.exists()


def test_going_off_duty_is_impossible_on_a_task_and_forgets_the_position(crew, task):
    now = timezone.now().isoformat()
    answer = crew.post(
        "/api/v1/units/D-01/position", {"lon": 117.2, "lat": -0.5, "at": now}, content_type="application/json"
    )
    assert answer.status_code == 200
    assert Unit.objects.get(call_sign="D-01").lon == 117.2
    page = crew.post("/unit/lepas", {"unit": "D-01"}, follow=True).content.decode()
    assert "Unit ini sedang menangani kejadian" in page
    assert Unit.objects.get(call_sign="D-01").state == "asked"
    operations.call_off(actor=DISPATCHER, deployment=task.pk)
    assert "dibatalkan" in crew.get("/unit").content.decode()
    crew.post("/unit/lepas", {"unit": "D-01"})
    unit = Unit.objects.get(call_sign="D-01")
    assert (unit.state, unit.crew_account, unit.position_at, unit.lon) == ("off_duty", "", None, unit.base_lon)
    late = crew.post(
        "/api/v1/units/D-01/position", {"lon": 117.2, "lat": -0.5, "at": now}, content_type="application/json"
    )
    assert late.status_code == 409
    assert late.json()["code"] == "off_duty"


def test_what_is_not_ticked_keeps_the_unit_out_of_the_advice(crew):
    Unit.objects.filter(call_sign="D-01").update(kind="engine")
    crew.post("/unit/tugas", {"unit": "D-01"})
    incident = fire()
    assert advice.advise(incident)[0].unit.call_sign == "D-01"
    page = crew.get("/unit").content.decode()
    ticks = ["fuel", "tyres", "lights", "radio", "water", "hose", "breathing", "tools"]
    assert all(f'name="{tick}"' in page for tick in ticks)
    crew.post("/unit/periksa", {"unit": "D-01"} | dict.fromkeys(ticks[:-2], "1"))
    unit = Unit.objects.get(call_sign="D-01")
    assert unit.readiness_at is not None
    assert len(unit.readiness.split(", ")) == 2
    assert "D-01" not in [each.unit.call_sign for each in advice.advise(incident)]
    assert unit.readiness in crew.get("/unit").content.decode()
    crew.post("/unit/periksa", {"unit": "D-01"} | dict.fromkeys(ticks, "1"))
    assert Unit.objects.get(call_sign="D-01").readiness == ""
    assert advice.advise(incident)[0].unit.call_sign == "D-01"


def test_shifts_are_planned_shown_and_begun(crew):
    now = timezone.localtime()
    times = {
        "starts_at": now.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": (now + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M"),
    }
    planned = {"unit": "D-01", "crew": "Regu Alfa", "people": "4", **times}
    assert crew.post("/unit/jaga", planned).status_code == 302
    shift = Shift.objects.get()
    assert (shift.unit.call_sign, shift.crew, shift.people, shift.began_at) == ("D-01", "Regu Alfa", 4, None)
    assert abs(shift.starts_at - now) < timedelta(minutes=1)
    page = crew.get("/unit").content.decode()
    assert "Regu Alfa" in page
    crew.post("/unit/tugas", {"unit": "D-01"})
    shift.refresh_from_db()
    assert shift.began_at is not None
    assert "Regu Alfa" in crew.get("/unit").content.decode()
    crew.post("/unit/lepas", {"unit": "D-01"})
    for bad in (
        {"crew": ""},
        {"people": "0"},
        {"people": "x"},
        {"starts_at": "kemarin"},
        {"ends_at": times["starts_at"]},
        {"starts_at": (now + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M"), "crew": "Regu Bentrok"},
    ):
        answer = crew.post("/unit/jaga", planned | bad)
        assert answer.status_code == 422, bad
        assert "aria-invalid" in answer.content.decode(), bad
    assert Shift.objects.count() == 1


# --- the task ---------------------------------------------------------------------------------------------------------


def test_the_task_fills_the_page_without_the_callers_number(crew, task):
    operations.ask_agency(
        actor=DISPATCHER, number=task.incident.number, agency="ambulans", task="Padamkan listrik", before_entry=True
    )
    page = crew.get("/unit").content.decode()
    for expected in ("Kebakaran", "D</span>", "Jalan Contoh 1", "Dua orang di lantai atas", "geo:-0.40300,117.10400"):
        assert expected in page, expected
    assert 'name="step" value="accepted"' in page
    assert "Padamkan listrik" in page and 'notice-danger" data-barrier' in page
    assert "2 terjebak" in page
    assert NUMBER[1:] not in page and NUMBER[-3:] not in page.replace(",", "")
    operations.answer_task(actor=DISPATCHER, task=task.incident.tasks.get().pk, done=True)
    assert 'notice-ok" data-barrier' in crew.get("/unit").content.decode()


def test_without_scripts_the_button_goes_step_by_step(crew, task):
    for step, following in zip(STEPS, (*STEPS[1:], None), strict=True):
        crew.post("/unit/langkah", {"deployment": task.pk, "step": step, "key": f"tekan-{step}"})
        task.refresh_from_db()
        assert task.state == step
        page = crew.get("/unit").content.decode()
        assert (f'name="step" value="{following}"' in page) == (following is not None)
    assert Unit.objects.get(call_sign="D-01").state == "available"
    assert [row.step for row in StepReport.objects.order_by("id")] == list(STEPS)


def test_declining_asks_the_next_unit_and_only_while_asked(crew, task):
    page = crew.post("/unit/tolak", {"deployment": task.pk, "reason": ""}, follow=True).content.decode()
    task.refresh_from_db()
    assert task.state == "asked"
    assert 'action="/unit/tolak"' in page
    crew.post("/unit/tolak", {"deployment": task.pk, "reason": "Ban pecah"})
    task.refresh_from_db()
    assert (task.state, task.reason) == ("declined", "Ban pecah")
    following = Deployment.objects.exclude(pk=task.pk).get()
    assert following.unit.call_sign == "D-02"
    operations.report_step(actor=DISPATCHER, deployment=following.pk, step="accepted", key="radio")
    crew.post("/unit/tolak", {"deployment": following.pk, "reason": "terlambat"})
    following.refresh_from_db()
    assert following.state == "accepted"


def test_a_note_and_a_picture_reach_the_story(crew, task):
    from django.core.files.uploadedfile import SimpleUploadedFile

    png = bytes.fromhex(
        "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
        "1f15c4890000000d49444154789c636060606000000005000157a3b6c00000000049454e44ae426082"
    )
    picture = SimpleUploadedFile("lokasi.png", png, "image/png")
    crew.post("/unit/tulis", {"number": task.incident.number, "text": "Asap tebal", "picture": picture})
    kinds = list(task.incident.entries.values_list("kind", flat=True))
    assert "note" in kinds
    assert task.incident.entries.filter(text="Asap tebal").exists()
    broken = SimpleUploadedFile("lokasi.png", b"no picture", "image/png")
    page = crew.post("/unit/tulis", {"number": task.incident.number, "picture": broken}, follow=True).content.decode()
    assert "lokasi.png" in page


# --- the caller's number ----------------------------------------------------------------------------------------------


def test_the_number_is_shown_to_the_crew_on_the_way_and_the_view_is_recorded(crew, task, other, as_role):
    number = task.incident.number
    page = crew.post("/unit/penelepon", {"number": number}).content.decode()
    assert "+6281200000777" in page
    viewed = AuditEntry.objects.get(subject_type="call", purpose=number)
    assert (viewed.actor_id, viewed.subject_id) == ("regu1", str(task.incident.calls.get().pk))
    colleague = as_role("responder", scope="agency", code="damkar", username="regu2")  # same agency, not on this unit
    for stranger in (other, colleague, as_role("viewer"), Client()):
        answer = stranger.post("/unit/penelepon", {"number": number})
        assert answer.status_code in (302, 403)
        assert "777" not in answer.content.decode()
        assert "Jalan Contoh 1" not in answer.content.decode()
    for step in STEPS:
        crew.post("/unit/langkah", {"deployment": task.pk, "step": step, "key": step})
    answer = crew.post("/unit/penelepon", {"number": number})
    assert answer.status_code == 403
    assert "777" not in answer.content.decode()
    assert AuditEntry.objects.filter(subject_type="call", purpose=number).count() == 1


def test_a_stranger_learns_nothing_of_the_unit_and_cannot_report(other, task, crew):
    assert other.get("/api/v1/units/D-01").status_code == 404
    assert Client().get("/api/v1/units/D-01").status_code == 401
    assert sent(other, [one(task, "accepted", timezone.now())]).status_code == 404
    assert sent(Client(), [one(task, "accepted", timezone.now())]).status_code == 401
    for text in (other.get("/unit").content.decode(), other.get("/unit/isi").content.decode()):
        assert "D-01" not in text and "Jalan Contoh" not in text
    for address, given in (
        ("langkah", {"deployment": task.pk, "step": "accepted", "key": "x"}),
        ("tolak", {"deployment": task.pk, "reason": "x"}),
        ("tulis", {"number": task.incident.number, "text": "x"}),
    ):
        assert other.post(f"/unit/{address}", given).status_code == 403, address
    at = timezone.now().isoformat()
    where = {"lon": 117.2, "lat": -0.5, "at": at}
    assert other.post("/api/v1/units/D-01/position", where, content_type="application/json").status_code == 404
    # A task of another unit, sent through one's own unit's address.
    other.post("/unit/tugas", {"unit": "A-01"})
    answer = sent(other, [one(task, "accepted", timezone.now())], unit="A-01").json()
    assert (answer[0]["status"], answer[0]["state"]) == (404, "")
    task.refresh_from_db()
    assert task.state == "asked"
    assert not StepReport.objects.exists()


def test_the_api_tells_the_task_without_the_number(crew, task):
    body = crew.get("/api/v1/units/D-01").json()
    assert (body["unit"], body["state"]) == ("D-01", "asked")
    assert body["deployment"]["id"] == task.pk
    assert body["deployment"]["next_step"] == "accepted"
    assert body["deployment"]["place"].startswith("Jalan Contoh 1")
    assert "777" not in str(body)


def test_a_session_without_the_csrf_token_changes_nothing(crew, task):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(crew.account, backend="tepian.kernel.identity.backends.AccountBackend")
    answer = sent(strict, [one(task, "accepted", timezone.now())])
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf")
    assert strict.post("/unit/langkah", {"deployment": task.pk, "step": "accepted", "key": "x"}).status_code == 403
    task.refresh_from_db()
    assert task.state == "asked"


# --- steps that come late ---------------------------------------------------------------------------------------------


def test_a_step_sent_five_times_counts_once(crew, task):
    step = one(task, "accepted", timezone.now())
    answers = [sent(crew, [step]).json() for _ in range(5)] + [sent(crew, [step, step]).json()]
    assert {each["status"] for answer in answers for each in answer} == {200}
    assert StepReport.objects.count() == 1
    assert task.incident.entries.filter(kind="accepted").count() == 1


def test_steps_in_reverse_order_keep_every_moment_and_never_go_backwards(crew, task):
    start = asked_before(task, 30)
    now = timezone.now()
    moments = {step: start + timedelta(minutes=5 * (n + 1)) for n, step in enumerate(STEPS)}
    seen = []
    for step in reversed(STEPS):
        seen.append(sent(crew, [one(task, step, moments[step], now)]).json()[0]["state"])
    assert seen == ["done"] * 4
    task.refresh_from_db()
    assert task.moments == moments
    assert Unit.objects.get(call_sign="D-01").state == "available"
    incident = queries.incident_by(task.incident.number)
    assert incident.arrived_at == moments["arrived"]


def test_a_phone_offline_for_twenty_minutes_with_its_clock_seven_minutes_ahead(crew, task):
    start = asked_before(task, 25)
    ahead, now = timedelta(minutes=7), timezone.now()
    truth = {"accepted": start + timedelta(minutes=2), "under_way": start + timedelta(minutes=4)}
    answer = sent(crew, [one(task, step, at + ahead, now + ahead) for step, at in truth.items()]).json()
    assert [each["status"] for each in answer] == [200, 200]
    task.refresh_from_db()
    for step, at in truth.items():
        assert abs(task.moments[step] - at) < timedelta(seconds=5), step
    assert {round(row.clock_error_seconds / 60) for row in StepReport.objects.all()} == {7}


def test_each_step_is_answered_by_itself(crew, task):
    now = timezone.now()
    given = [
        one(task, "accepted", now),
        one(task, "flown", now),
        one(task, "under_way", datetime(1900, 1, 1, tzinfo=now.tzinfo)),
        {**one(task, "arrived", now), "deployment": 10**9},
        {**one(task, "arrived", now), "deployment": -1},
        one(task, "under_way", now),
    ]
    answer = sent(crew, given)
    assert answer.status_code == 200
    told = answer.json()
    assert [each["key"] for each in told] == [each["key"] for each in given]
    assert [each["status"] for each in told] == [200, 422, 422, 404, 404, 200]
    assert all(each["message_id"] and each["message_en"] for each in told if each["status"] != 200)
    task.refresh_from_db()
    assert task.state == "under_way"
    assert sent(crew, [{**one(task, "arrived", now), "at": "2026-01-01T10:00:00"}]).status_code == 422  # without zone
    assert sent(crew, [one(task, "arrived", now)] * 201).status_code == 422
    task.refresh_from_db()
    assert task.state == "under_way"


def test_a_step_for_a_task_that_was_called_off_is_told_so(crew, task):
    operations.call_off(actor=DISPATCHER, deployment=task.pk)
    told = sent(crew, [one(task, "accepted", timezone.now())]).json()[0]
    assert (told["status"], told["state"], told["code"]) == (200, "cancelled", "ended")
    assert told["message_id"] and told["message_en"]
    assert Unit.objects.get(call_sign="D-01").state == "available"


def test_an_older_position_changes_nothing(crew, task):
    now = timezone.now()

    def at(lon: float, when: datetime, lat: float = -0.5) -> int:
        return crew.post(
            "/api/v1/units/D-01/position",
            {"lon": lon, "lat": lat, "at": when.isoformat()},
            content_type="application/json",
        ).status_code

    assert at(117.21, now) == 200
    assert at(117.22, now - timedelta(minutes=3)) == 200
    assert at(200, now) == at(117, now, lat=91) == at(117, datetime(1, 1, 1, tzinfo=now.tzinfo)) == 422
    assert Unit.objects.get(call_sign="D-01").lon == 117.21


# --- the page without a connection ------------------------------------------------------------------------------------


def test_the_service_worker_rules_this_page_only(crew):
    answer = crew.get("/unit/sw.js")
    assert answer.headers["Service-Worker-Allowed"] == "/unit"
    assert answer.headers["Content-Type"].startswith("text/javascript")
    page = crew.get("/unit")
    assert "no-store" in page.headers["Cache-Control"]
    assert Client().get("/unit/sw.js").status_code == 302


@pytest.mark.parametrize("page", ["/unit", "/unit/isi"])
def test_pages_ask_the_same_number_of_questions_however_much_is_going_on(
    crew, task, page, django_assert_max_num_queries: Callable[[int], Any]
):
    for number in range(12):
        operations.add_note(actor=DISPATCHER, number=task.incident.number, text=f"Kabar {number}")
    operations.ask_unit(actor=DISPATCHER, number=task.incident.number, call_sign="D-02")
    with django_assert_max_num_queries(22):
        text = crew.get(page).content.decode()
    assert "Kabar 11" in text and "Kabar 3" not in text
    assert "D-02" in text


def test_a_position_is_a_measurement_and_stands_in_no_record(crew, task):
    from tepian.kernel.audit.models import ChainHead
    from tepian.kernel.events.models import OutboxEvent

    head, entries, told = ChainHead.objects.get().position, AuditEntry.objects.count(), OutboxEvent.objects.count()
    with CaptureQueriesContext(connection) as asked:
        where = {"lon": 117.2, "lat": -0.5, "at": timezone.now().isoformat()}
        assert crew.post("/api/v1/units/D-01/position", where, content_type="application/json").status_code == 200
    assert (ChainHead.objects.get().position, AuditEntry.objects.count()) == (head, entries)
    assert OutboxEvent.objects.count() == told
    assert not any("chainhead" in query["sql"].lower() for query in asked), "the lock of all decisions is not taken"
    unit = Unit.objects.get(call_sign="D-01")
    assert (unit.lon, unit.lat) == (117.2, -0.5)
