"""112 in writing: the caller's page with and without JavaScript, and the desk's side."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.db import connection
from django.test import Client
from django.utils import timezone

from tepian.kernel.actors import system
from tepian.services.dispatch import operations
from tepian.services.dispatch.models import Call, ChatLine, Opening
from tepian.services.dispatch.operations.chat import WINDOW
from tepian.services.dispatch.queries import advice, board

from .conftest import EXCHANGE, SUPERVISOR, TAKER, build_city

KEY = "k" * 24


def begin(client: Client, text: str = "Kebakaran di Jalan Contoh 3", **more: str):
    return client.post("/112", {"text": text, "key": KEY} | more)


def test_the_first_page_says_what_to_do_in_both_languages(city, client):
    page = client.get("/112")
    assert page.status_code == 200 and "tel:112" in page.content.decode() and "no-store" in page["Cache-Control"]
    english = client.get("/en/112").content.decode()
    assert "You cannot speak or hear? Write to 112" in english and 'action="/en/112"' in english
    script = finders.find("dispatch/chat.js")
    assert len(page.content) + Path(script).stat().st_size < 40_000


def test_a_conversation_without_javascript(city, client):
    answer = begin(client, phone="0812 3456 789", lon="117.1", lat="-0.4", radius_m="30")
    assert answer.status_code == 303 and answer["Location"] == "/112"
    for name, path in (("teks112", "/112"), ("teks112-en", "/en/112")):
        cookie = answer.cookies[name]
        assert cookie["httponly"] and cookie["samesite"] == "Strict" and cookie["path"] == path
    call = Call.objects.get()
    assert (call.channel, call.state, call.lon, call.radius_m, call.number_end) == ("text", "ringing", 117.1, 30, "789")
    assert answer.cookies["teks112"].value not in (call.token, "")
    page = client.get("/112").content.decode()
    assert "Kebakaran di Jalan Contoh 3" in page and "789" not in page
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    said = client.post("/112/kirim", {"text": "Dua orang <b>di dalam</b>", "key": key})
    assert said.status_code == 303
    operations.claim_call(actor=TAKER, call=call.pk)
    operations.say(actor=TAKER, call=call.pk, text="Keluar sekarang", key="a")
    page = client.get("/112").content.decode()
    assert "Keluar sekarang" in page and "&lt;b&gt;di dalam" in page and "Meja 1" not in page
    assert "Keluar sekarang" in client.get("/en/112").content.decode()


def test_what_is_sent_twice_is_there_once(city, client):
    begin(client)
    begin(client)
    assert Call.objects.count() == 1
    for _ in range(5):
        answer = client.post("/112/kirim", {"text": "Cepat", "key": "line-1"}, headers={"X-Requested-With": "fetch"})
        assert answer.status_code == 200 and b"Cepat" in answer.content and b"<html" not in answer.content
    assert ChatLine.objects.filter(text="Cepat").count() == 1


@pytest.mark.parametrize(("given", "kept"), [({"text": "  "}, "0811"), ({"text": "\0"}, "0811"), ({}, "0811")])
def test_nothing_written_keeps_what_was_typed(city, client, given, kept):
    answer = client.post("/112", {"key": KEY, "phone": kept, **given})
    assert answer.status_code == 422 and kept in answer.content.decode() and not Call.objects.exists()
    assert KEY in answer.content.decode()


@pytest.mark.parametrize("lon", ["", "x", "nan", "inf", "999", "1e400"])
def test_a_position_that_is_none_is_left_out(city, client, lon):
    begin(client, lon=lon, lat="-0.4", radius_m="x")
    assert Call.objects.get().lat is None


def test_long_text_and_many_lines(city, client):
    begin(client, text="x" * 5000)
    call = Call.objects.get()
    assert len(call.lines.get().text) == 1000
    ChatLine.objects.bulk_create(
        [ChatLine(call=call, at=call.first_at, from_caller=True, text="x", key=f"b{n}") for n in range(300)]
    )
    full = client.post("/112/kirim", {"text": "lagi", "key": "z"}, headers={"X-Requested-With": "fetch"})
    assert full.status_code == 422 and b"112" in full.content
    assert client.post("/112/kirim", {"text": "lagi", "key": "z"}).status_code == 422


def test_nobody_else_reads_along(city, client):
    begin(client)
    stranger = Client()
    assert stranger.get("/112/baris").status_code == 404
    assert "Kebakaran" not in stranger.get("/112").content.decode()
    stranger.cookies["teks112"] = "guess"
    assert stranger.get("/112/baris").status_code == 404
    assert stranger.post("/112/kirim", {"text": "x"}, headers={"X-Requested-With": "fetch"}).status_code == 404
    assert stranger.post("/112/kirim", {"text": "x"}).status_code == 302
    assert ChatLine.objects.count() == 1
    guarded = Client(enforce_csrf_checks=True)
    assert guarded.post("/112", {"text": "x"}).status_code == 403
    assert client.get("/112/kirim").status_code == 405


def test_it_can_be_forgotten_on_this_device(city, client):
    begin(client)
    gone = client.post("/112/lupakan")
    assert gone.status_code == 303 and gone.cookies["teks112"]["path"] == "/112" and not gone.cookies["teks112"].value
    assert "Kebakaran" not in client.get("/112").content.decode() and Call.objects.exists()


def test_five_openings_in_ten_minutes_then_call_112(city, client):
    for number in range(5):
        assert Client().post("/112", {"text": f"Tolong {number}", "key": f"{KEY}{number}"}).status_code == 303
    refused = Client().post("/112", {"text": "Tolong lagi", "key": f"{KEY}9"})
    assert refused.status_code == 429 and refused["Retry-After"] == "600"
    page = refused.content.decode()
    assert "Tolong lagi" in page and "tel:112" in page and Call.objects.count() == 5
    again = Client().post("/112", {"text": "Tolong 0", "key": f"{KEY}0"})
    assert again.status_code == 303, "what was sent before may be sent again"
    other = Client(REMOTE_ADDR="10.1.2.3").post("/112", {"text": "Tolong", "key": f"{KEY}x"})
    assert other.status_code == 303


def test_the_limit_holds_over_restarts_ends_with_its_time_and_keeps_no_address(city, client):
    from django.core.cache import cache

    for number in range(5):
        Client().post("/112", {"text": f"Tolong {number}", "key": f"{KEY}{number}"})
        cache.clear()  # another process, or the same one started again
    assert Client().post("/112", {"text": "Tolong", "key": f"{KEY}7"}).status_code == 429
    assert Client().post("/112", {"text": " ", "key": f"{KEY}7"}).status_code == 422, "nothing written is no opening"
    row = Opening.objects.get()
    assert row.count == 5 and "127.0.0.1" not in row.address
    operations.forget_openings()
    Opening.objects.update(since=row.since - WINDOW)
    assert Client().post("/112", {"text": "Tolong", "key": f"{KEY}8"}).status_code == 303
    assert Opening.objects.get().count == 1
    Opening.objects.update(since=row.since - 3 * WINDOW)
    operations.forget_openings()
    assert not Opening.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_at_the_very_same_moment_not_one_conversation_too_many():
    build_city()
    gate, codes = threading.Barrier(8), []

    def begin_now(number: int) -> None:
        try:
            gate.wait()
            codes.append(Client().post("/112", {"text": "Tolong", "key": f"{KEY}{number}"}).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=begin_now, args=(number,)) for number in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(codes) == [303] * 5 + [429] * 3
    assert Call.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_the_same_conversation_sent_twice_at_the_very_same_moment_is_one():
    build_city()
    gate, answers = threading.Barrier(4), []

    def begin_now() -> None:
        client = Client(raise_request_exception=False)
        try:
            gate.wait()
            answers.append(begin(client, "Tolong"))
        finally:
            connection.close()

    threads = [threading.Thread(target=begin_now) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert [answer.status_code for answer in answers] == [303] * 4
    call = Call.objects.get()
    assert call.lines.count() == 1 and Opening.objects.get().count == 1
    for answer in answers:  # whichever answer the browser keeps, it comes back to the conversation
        browser = Client()
        browser.cookies["teks112"] = answer.cookies["teks112"].value
        assert "Tolong" in browser.get("/112").content.decode()


def test_in_the_demonstration_a_conversation_is_simulated_and_finds_units(city, client, settings):
    settings.DEMO = True
    operations.rehearse_units(actor=system("tests"))
    board.forget_live()
    operations.receive_call_event(actor=EXCHANGE, id="e1", type="ringing", call="c1", at=timezone.now(), simulated=True)
    begin(client, lon="117.1", lat="-0.4", radius_m="30")
    call = Call.objects.get(channel="text")
    assert call.simulated
    figures = board.live()
    assert figures["simulated"] and figures["waiting"] == 2, "the board does not change over to an empty day"
    incident = operations.send_call(actor=TAKER, call=call.pk, place="Jalan Contoh 3", type_code="K1")
    assert incident.simulated and advice.advise(incident)
    settings.DEMO = False
    begin(Client(), key="r" * 24)
    assert not Call.objects.latest("id").simulated


def test_who_waits_sees_how_far_help_is(city, client):
    begin(client)
    call = Call.objects.get()
    assert "reached 112" in client.get("/en/112/baris").content.decode()
    incident = operations.send_call(
        actor=TAKER, call=call.pk, place="Jalan Contoh 3", lon=117.1, lat=-0.4, type_code="K1"
    )
    assert "looks for the nearest help" in client.get("/en/112/baris").content.decode()
    operations.ask_unit(actor=SUPERVISOR, number=incident.number)
    assert "Help was sent" in client.get("/en/112/baris").content.decode()


def test_a_conversation_that_the_desk_ended_takes_no_lines_that_nobody_would_see(city, client):
    begin(client)
    call = Call.objects.get()
    operations.close_call(actor=TAKER, call=call.pk, kind="information")
    said = client.post("/112/kirim", {"text": "Masih ada?", "key": "q"}, headers={"X-Requested-With": "fetch"})
    assert said.status_code == 422 and ChatLine.objects.count() == 1
    page = client.get("/112").content.decode()
    assert "/112/lupakan" in page and "data-chat-say" not in page


def test_the_desk_answers(city, client, as_role):
    begin(client)
    call = Call.objects.get()
    address = f"/kerja/112/teks/{call.pk}"
    taker = as_role("call_taker")
    assert "Kebakaran" in taker.get(address).content.decode()
    answer = taker.post(address, {"text": "Di lantai berapa?", "key": "1"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "Di lantai berapa?" in answer.content.decode()
    taker.post(address, {"text": "Di lantai berapa?", "key": "1"}, headers={"HX-Request": "true"})
    assert ChatLine.objects.filter(from_caller=False).count() == 1
    empty = taker.post(address, {"text": " ", "key": "2"}, headers={"HX-Request": "true"})
    assert empty.status_code == 422
    plain = taker.post(address, {"text": "Sebentar", "key": "3"})
    assert plain.status_code == 302 and str(call.pk) in plain["Location"]
    assert "Di lantai berapa?" in client.get("/112").content.decode()
    assert as_role("viewer").get(address).status_code == 403 and Client().get(address).status_code == 302
    assert taker.get("/kerja/112/teks/999").status_code == 404
    voice = Call.objects.create(key="v", first_at=call.first_at)
    assert taker.get(f"/kerja/112/teks/{voice.pk}").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_in_a_browser_a_line_waits_until_the_connection_is_back(live_server, browser):
    context = browser.new_context(
        permissions=["geolocation"],
        geolocation={"longitude": 117.12, "latitude": -0.42, "accuracy": 25},
        locale="en-GB",
    )
    page, problems = context.new_page(), []
    page.on("console", lambda message: problems.append(message.text) if "Content Security" in message.text else None)
    try:
        page.goto(f"{live_server.url}/en/112")
        page.get_by_label("What happened? Where are you?").fill("Fire at the market")
        page.get_by_role("button", name="Share my position").click()
        page.get_by_text("Accuracy: about 25 m").wait_for()
        page.get_by_role("button", name="Send to 112").click()
        page.get_by_text("Fire at the market").wait_for()
        call = Call.objects.get()
        assert (call.lon, call.lat, call.radius_m) == (117.12, -0.42, 25)
        context.set_offline(True)
        page.get_by_label("Write to 112").fill("Two people inside")
        page.get_by_role("button", name="Send", exact=True).click()
        page.get_by_text("sending…").wait_for()
        page.get_by_text("No connection.").wait_for()
        assert page.evaluate("Object.values(localStorage)") == ["Two people inside"]
        context.set_offline(False)
        page.get_by_text("sending…").wait_for(state="hidden")
        assert ChatLine.objects.filter(text="Two people inside").count() == 1
        assert page.evaluate("Object.values(localStorage)") == []
        operations.say(actor=TAKER, call=call.pk, text="Get out now", key="1")
        page.get_by_text("Get out now").wait_for()
        assert not problems
    finally:
        context.close()
