"""What the desks' pages do with what people type: a place that nobody knows, no call sign, a merged incident, a change that
was refused after the desk had gone on to another call."""

from __future__ import annotations

import json
import re

import pytest
from django.utils import timezone

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.versions import touch
from tepian.services.dispatch import operations, queries, states
from tepian.services.dispatch.models import AgencyTask, Call, Deployment, Incident, IncidentType, Neighbour
from tepian.services.dispatch.queries import advice

from .conftest import DISPATCHER, EXCHANGE, SUPERVISOR, TAKER, build_city
from .test_desk import HERE, ring, send

QUICK = {"HX-Request": "true"}
CIRCLE = {"lon": 117.105, "lat": -0.404, "radius_m": 900.0}


# --- a place in words that nobody knows -------------------------------------------------------------------------------


def test_a_place_that_is_not_found_is_where_the_telephone_is(city, as_role):
    call, taker = ring(**CIRCLE), as_role("call_taker")
    form = {"place": "belakang kandang Pak Bejo", "type": "K1"}
    answer = taker.post(f"/kerja/112/panggilan/{call.pk}/kirim", form, headers=QUICK).content.decode()
    incident = Incident.objects.get()
    assert (incident.lon, incident.lat, incident.radius_m) == tuple(CIRCLE.values())
    assert incident.place == form["place"] and incident.region_code == "99.01.01.1001"
    assert advice.advise(incident)[0].unit.call_sign == "D-01"
    assert "lingkaran telepon 900 m" in answer
    told = queries.sentence(incident.entries.get(kind="telephone_point"))
    assert "lokasi telepon" in told and "900 m" in told
    pane = as_role("dispatcher").get(f"/kerja/dispatch/{incident.number}").content.decode()
    assert "lokasi telepon, dalam lingkaran 900 m" in pane and "data-advice" in pane


def test_a_telephones_circle_that_comes_late_still_places_the_incident(city, as_role):
    call = ring()
    as_role("call_taker").post(
        f"/kerja/112/panggilan/{call.pk}/kirim", {"place": "belakang kandang Pak Bejo", "type": "K1"}, headers=QUICK
    )
    incident = Incident.objects.get()
    assert incident.lat is None
    late = {"actor": EXCHANGE, "type": "location", "call": call.key, "at": timezone.now(), "location_source": "aml"}
    operations.receive_call_event(id="late", **late, **CIRCLE)
    incident.refresh_from_db()
    assert (incident.lon, incident.lat, incident.radius_m) == tuple(CIRCLE.values())
    assert advice.advise(incident)[0].unit.call_sign == "D-01"
    assert incident.entries.filter(kind="telephone_point").count() == 1
    operations.receive_call_event(id="later", **late, lon=117.2, lat=-0.5, radius_m=5000.0)
    incident.refresh_from_db()
    assert incident.lat == CIRCLE["lat"]  # a known point stays


def test_the_point_follows_the_place_once_it_is_known(city, as_role):
    call, taker = ring(**CIRCLE), as_role("call_taker")
    address = f"/kerja/112/panggilan/{call.pk}/kirim"
    taker.post(address, {"place": "belakang kandang Pak Bejo"}, headers=QUICK)
    answer = taker.post(address, {"place": "Balai Kota", "version": "1"}, headers=QUICK).content.decode()
    incident = Incident.objects.get()
    assert (incident.place, incident.lon, incident.lat, incident.radius_m) == ("Balai Kota", 117.11, -0.41, None)
    assert "lingkaran telepon" not in answer


def test_a_place_that_is_found_or_a_telephone_that_is_nowhere_stay_as_they_are(city, as_role):
    taker = as_role("call_taker")
    found, nowhere = ring(**CIRCLE), ring("c2", "0813")
    taker.post(f"/kerja/112/panggilan/{found.pk}/kirim", {"place": "Balai Kota"}, headers=QUICK)
    taker.post(f"/kerja/112/panggilan/{nowhere.pk}/kirim", {"place": "belakang kandang"}, headers=QUICK)
    known, unknown = Incident.objects.order_by("id")
    assert (known.lon, known.radius_m, unknown.lat) == (117.11, None, None)
    assert not known.entries.filter(kind="telephone_point").exists()


# --- units ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["", "  ", "\0"])
def test_no_call_sign_asks_nobody(city, as_role, sign):
    incident = send(operations.claim_call(actor=TAKER, call=ring().pk))
    with pytest.raises(Invalid) as refusal:
        operations.ask_unit(actor=DISPATCHER, number=incident.number, call_sign=sign)
    assert refusal.value.field == "unit"
    page = as_role("dispatcher").post(f"/kerja/dispatch/{incident.number}/unit", {"unit": sign}, follow=True)
    assert "Unit mana?" in page.content.decode() and not Deployment.objects.exists()


# --- merged -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def run_card(city):
    tasks = [{"agency": "ambulans", "task": "Siaga di tempat"}, {"agency": "damkar", "task": "Putuskan listrik"}]
    IncidentType.objects.filter(code="K1").update(tasks=tasks)
    IncidentType.objects.filter(code="M1").update(tasks=tasks[:1])
    touch("dispatch-types")


def test_a_merged_incident_offers_nothing_to_do_and_its_tasks_count_in_the_whole(run_card, as_role):
    whole = send(operations.claim_call(actor=TAKER, call=ring().pk), type_code="M1")
    part = send(operations.claim_call(actor=TAKER, call=ring("c2", "0813").pk))
    same, alone = part.tasks.get(agency_code="ambulans"), part.tasks.get(agency_code="damkar")
    operations.answer_task(actor=DISPATCHER, task=same.pk)
    dispatcher = as_role("dispatcher")
    assert f"/tugas/{alone.pk}" in dispatcher.get(f"/kerja/dispatch/{part.number}").content.decode()
    operations.merge_incident(actor=DISPATCHER, number=part.number, into=whole.number)
    pane = dispatcher.get(f"/kerja/dispatch/{part.number}").content.decode()
    assert "/tugas/" not in pane and "0 panggilan" not in pane and whole.number in pane
    pane = dispatcher.get(f"/kerja/dispatch/{whole.number}").content.decode()
    assert f"/tugas/{alone.pk}" in pane and "2 panggilan" in pane
    assert whole.tasks.get(agency_code="ambulans").accepted_at, "what was answered to the part was answered"
    AgencyTask.objects.update(answer_by=whole.opened_at)
    assert operations.escalate_tasks() == 1, "nobody is late for what another task asks too"
    operations.split_incident(actor=DISPATCHER, number=part.number)
    assert {task.pk for task in part.tasks.filter(cancelled_at=None)} == {same.pk, alone.pk}
    assert whole.tasks.get().agency_code == "ambulans"


# --- handed over ------------------------------------------------------------------------------------------------------


def test_handing_over_needs_who_took_it(city, as_role):
    Neighbour.objects.create(code="n", name="Kota Sebelah", contact="0541-112")
    incident = send(operations.claim_call(actor=TAKER, call=ring().pk))
    dispatcher, address = as_role("dispatcher"), f"/kerja/dispatch/{incident.number}/serah"
    refused = dispatcher.post(address, {"neighbour": "n", "text": " "}, follow=True).content.decode()
    incident.refresh_from_db()
    assert "Siapa yang menerima?" in refused and incident.state == states.WAITING and incident.neighbour is None
    done = dispatcher.post(address, {"neighbour": "n", "text": "Meja 3 Kota Sebelah"}, follow=True).content.decode()
    assert "Diserahkan ke Kota Sebelah (0541-112). Diterima oleh: Meja 3 Kota Sebelah" in done
    assert queries.OUTCOME_LABELS["handed_over"] + ": Kota Sebelah" in done
    old = incident.entries.get(kind="handed_over")
    old.params.pop("who")
    old.text = "Bagian jaga"
    assert queries.sentence(old).endswith("Diterima oleh: Bagian jaga"), "entries of before stay readable"


# --- keys -------------------------------------------------------------------------------------------------------------


def test_the_list_of_keys_says_what_f9_does(city, as_role):
    ring()
    page = as_role("call_taker").get("/kerja/112").content.decode()
    button = re.search(r'<button[^>]*data-key="F9"[^>]*>', page)[0]
    assert 'data-key-label="Ambil panggilan berikutnya"' in button


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_was_refused_while_another_call_is_open_is_told_and_can_be_taken_up_again(live_server, browser, as_role):
    build_city()
    taker = as_role("call_taker", username="meja-a")
    calls = [ring(f"c{n}", f"081200000{n}") for n in (111, 222)]
    for call in calls:
        taker.post(f"/kerja/112/panggilan/{call.pk}/ambil")
    first, second = calls
    taker.post(f"/kerja/112/panggilan/{first.pk}/kirim", HERE | {"type": "K1"})
    incident = Incident.objects.get()
    context = browser.new_context(locale="id-ID")
    context.add_cookies([{"name": "sessionid", "value": taker.cookies["sessionid"].value, "url": live_server.url}])
    page, problems = context.new_page(), []
    page.on("pageerror", lambda error: problems.append(str(error)))
    try:
        page.goto(f"{live_server.url}/kerja/112?panggilan={first.pk}")
        page.route("**/kirim", lambda route: route.abort())
        page.fill("#f-place", "Jalan Contoh 7")
        page.fill("#f-trapped", "2")
        page.fill("#f-note", "dua orang terjebak di lantai atas")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("text=Catatan aman di komputer ini")
        operations.change_incident(actor=SUPERVISOR, number=incident.number, severity="E")
        page.goto(f"{live_server.url}/kerja/112?panggilan={second.pk}")
        page.unroute("**/kirim")
        notice = page.locator("#tolak112")
        notice.get_by_text(f"Yang Anda kirim untuk {incident.number} tidak diterima").wait_for(timeout=15000)
        assert "Kepala Regu 112" in notice.inner_text(), "who was faster"
        assert json.loads(page.evaluate("localStorage.getItem('112:outbox')")) == []
        notice.get_by_role("link", name="Buka dengan yang saya ketik").click()
        notice.get_by_text("Isinya sudah ada lagi di kolom").wait_for()
        assert page.input_value("#f-place") == "Jalan Contoh 7" and page.input_value("#f-trapped") == "2"
        assert page.input_value("#f-note") == "dua orang terjebak di lantai atas"
        assert page.locator("[name=severity][value=E]").is_checked(), "what was not touched is as the other has set it"
        page.keyboard.press("Control+Enter")
        page.get_by_text("Terkirim:").wait_for(timeout=15000)
        notice.wait_for(state="hidden")
        incident.refresh_from_db()
        assert (incident.place, incident.severity, incident.victims) == ("Jalan Contoh 7", "E", {"trapped": 2})
        assert incident.entries.filter(text__contains="lantai atas").count() == 1
        assert Call.objects.get(pk=first.pk).incident_id == incident.pk and not problems
    finally:
        context.close()
