"""Pages as people click through them: phones at the door, organisers at the desk, citizens, programs."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tepian.kernel.catalogue import pagecache
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.catalogue.contributions import Search, WorkList, offered

from .. import operations, queries, states
from ..models import Attendance, Material, Programme, Question, Session, Sitting
from ..operations import attendance
from ..queries import door
from .conftest import SYSTEM, WARDS, come, lesson, person, step

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(contoh, as_role):
    return as_role("literacy_organiser")


def at_door(session, client=None, code=""):
    """A phone opens the code and sees the form; returns (client, ticket)."""
    client = client or Client()
    page = client.get(f"/literasi/hadir/{code or door.screen_code(session)}")
    assert page.status_code == 200, page.content.decode()
    return client, page.context["form"].initial["ticket"]


def send(client, ticket, code="x", **more):
    return client.post(f"/literasi/hadir/{code}", {"ticket": ticket, "region": WARDS[0], "group": "umum"} | more)


# --- phones -----------------------------------------------------------------------------------------------------------


def test_a_phone_comes_in_sits_both_tests_and_sees_what_it_had_right(opened):
    client, ticket = at_door(opened)
    assert "no-store" in client.get(f"/literasi/hadir/{door.screen_code(opened)}")["Cache-Control"]
    done = send(client, ticket, age="26-45")
    assert done.status_code == 303
    mine = f"/literasi/saya/{opened.number}"
    assert done.url == mine
    page = client.get(mine).content.decode()
    assert "Anda tercatat hadir" in page
    assert f'href="/en{mine}"' in page
    assert "dibuka di akhir materi" in page
    test = f"/literasi/tes/{opened.number}/awal"
    form = client.get(test).content.decode()
    questions = queries.questions_of(opened.programme)
    assert form.count('type="radio"') == sum(len(row.choices) + 1 for row in questions)
    assert client.post(test, {}).status_code == 422
    assert client.post(test, {f"q-{questions[0].pk}": "0"}).status_code == 303
    assert client.get(test).status_code == 303
    assert client.post(f"/literasi/tes/{opened.number}/akhir", {f"q-{questions[0].pk}": "1"}).status_code == 409
    step(operations.end_lesson, opened)
    right = {f"q-{row.pk}": str(row.right) for row in questions}
    assert client.post(f"/literasi/tes/{opened.number}/akhir", right).status_code == 303
    page = client.get(mine).content.decode()
    assert "0 dari 5 sebelum, 5 dari 5 sesudah" in page
    assert Sitting.objects.count() == 2
    assert client.get(f"/literasi/tes/{opened.number}/tengah").status_code == 404


def test_the_second_try_after_a_bad_network_counts_once(opened):
    client, ticket = at_door(opened)
    assert send(client, ticket).status_code == 303
    assert send(Client(), ticket).status_code == 303  # the answer and the cookie were lost on the way
    assert Attendance.objects.count() == 1
    again = client.get(f"/literasi/hadir/{door.screen_code(opened)}")
    assert (again.status_code, again.url) == (303, f"/literasi/saya/{opened.number}")


def test_the_cookie_is_quiet_and_small(opened):
    client, _ticket = at_door(opened)
    cookie = client.cookies["literasi"]
    assert cookie["httponly"]
    assert cookie["path"] == "/literasi"
    assert cookie["samesite"] == "Lax"
    assert client.cookies["literasi-en"].value == cookie.value
    english = client.get(f"/en/literasi/hadir/{door.screen_code(opened)}").content.decode()
    assert "I am here" in english


def test_a_mistake_keeps_what_was_chosen(opened):
    client, ticket = at_door(opened)
    page = send(client, ticket, region="", group="asn")
    assert page.status_code == 422
    assert 'value="asn"' in page.content.decode()
    assert page.context["form"]["group"].value() == "asn"
    assert send(client, ticket, region="-", group="asn").status_code == 303
    assert Attendance.objects.get().region_code == ""


def test_cancelled_while_people_stand_at_the_door(opened):
    client, ticket = at_door(opened)
    code = door.screen_code(opened)
    step(operations.cancel_session, opened, reason="Jalan menuju balai banjir.")
    for answer in (send(client, ticket), Client().get(f"/literasi/hadir/{code}")):
        assert answer.status_code == 409
        assert "Jalan menuju balai banjir." in answer.content.decode()
    assert not Attendance.objects.exists()


@pytest.mark.parametrize("code", ["x", "7K4M2-AAAA-AAAA", "😀😀😀", "a" * 3000, "%00"])
def test_wrong_codes_get_a_page_that_helps(opened, code):
    answer = Client().get(f"/literasi/hadir/{code}")
    assert answer.status_code == 404
    assert "/literasi/hadir" in answer.content.decode()


def test_whoever_guesses_waits(opened, monkeypatch):
    monkeypatch.setattr(attendance, "MOST_WRONG", 3)
    answers = [Client().get("/literasi/hadir/7K4M2-AAAA-AAAA") for _try in range(5)]
    assert [answer.status_code for answer in answers] == [404, 404, 404, 429, 429]
    assert answers[-1]["Retry-After"] == "600"
    at_door(opened)  # a good code is not guessing


def test_ten_thousand_posts_of_one_phone_are_one_person(opened, monkeypatch):
    client, ticket = at_door(opened)
    for _time in range(30):
        assert send(client, ticket).status_code == 303
    assert Attendance.objects.count() == 1
    monkeypatch.setattr(attendance, "MOST_ARRIVALS", 2)
    answers = []
    for _time in range(4):  # a new person each time, as a script would
        fresh, ticket = at_door(opened, Client())
        answers.append(send(fresh, ticket).status_code)
    assert answers == [303, 429, 429, 429]
    assert Attendance.objects.count() == 2


def test_letters_are_typed_where_nothing_scans(opened):
    client = Client()
    assert client.post("/literasi/hadir", {"code": "😀" * 5000}).status_code == 422
    code = door.screen_code(opened)
    answer = client.post("/literasi/hadir", {"code": code.lower().replace("-", " ")})
    assert answer.status_code == 303
    assert client.get(answer.url).status_code == 200


def test_another_phone_sees_nothing_of_mine(opened):
    client, ticket = at_door(opened)
    send(client, ticket)
    stranger = Client()
    stranger.cookies["literasi"] = "x" * 24
    for address in (f"/literasi/saya/{opened.number}", f"/literasi/tes/{opened.number}/awal"):
        assert client.get(address).status_code == 200
        assert stranger.get(address).status_code == 404
        assert Client().get(address).status_code == 404


def test_materials_for_attendees_open_on_their_phones(opened, desk, as_role):
    for title, audience in (("Untuk semua", "public"), ("Untuk peserta", "attendees")):
        file = SimpleUploadedFile("bahan.txt", b"Jangan bagikan kode OTP.", "text/plain")
        answer = desk.post(
            reverse("literacy-new-material", args=[opened.programme.code]),
            {"title": title, "file": file, "link": "", "language": "id", "audience": audience},
        )
        assert answer.status_code == 302, answer.content.decode()
    everybody, attendees = Material.objects.get(audience="public"), Material.objects.get(audience="attendees")
    client, ticket = at_door(opened)
    send(client, ticket)
    stranger = Client()
    address = f"/literasi/bahan/{attendees.pk}"
    assert stranger.get(f"/literasi/bahan/{everybody.pk}").status_code == 200
    assert stranger.get(address).status_code == 404
    assert stranger.get(f"/berkas/{attendees.file}").status_code == 404
    assert stranger.get(f"/berkas/{everybody.file}").status_code == 200
    assert as_role("viewer").get(address).status_code == 200
    mine = client.get(address)
    assert b"".join(mine.streaming_content) == b"Jangan bagikan kode OTP."
    assert mine["Content-Disposition"].startswith("attachment")
    assert "Untuk peserta" in client.get(f"/literasi/saya/{opened.number}").content.decode()
    assert "Untuk peserta" not in stranger.get(f"/literasi/{opened.programme.code}").content.decode()
    assert desk.post(reverse("literacy-remove-material", args=[attendees.pk])).status_code == 302
    assert client.get(address).status_code == 404


# --- the desk ---------------------------------------------------------------------------------------------------------


def form_of(**more):
    day = timezone.localtime(timezone.now(), city_timezone())
    return {
        "title": "Kata sandi", "title_en": "", "place": "Balai RT 3", "region": WARDS[0], "on": day.date().isoformat(),
        "starts": "00:05", "ends": "11:55", "capacity": "40", "speaker": "Relawan TIK", "poster": "on",
    } | more  # fmt: skip


def test_an_organiser_makes_a_programme_plans_and_runs_a_session(desk, client):
    made = desk.post(
        reverse("literacy-new-programme"),
        {
            "agency": "diskominfo",
            "title": "Lansia daring",
            "groups": ["umum"],
            "aim_people": "50",
            "dimension": "society",
        },
    )
    assert made.status_code == 302, made.context["form"].errors
    row = Programme.objects.get(code="lansia-daring")
    question = {"text": "Kode OTP?", "choices": "* Rahasia | Secret\nUntuk bank | For the bank"}
    for number in range(4):
        answer = desk.post(reverse("literacy-new-question", args=[row.code]), question | {"text": f"Soal {number}"})
        assert answer.status_code == 302
    assert (
        desk.post(reverse("literacy-new-question", args=[row.code]), {"text": "?", "choices": "a\nb"}).status_code
        == 422
    )
    assert Question.objects.filter(programme=row).first().choices[0] == {"text": "Rahasia", "text_en": "Secret"}
    planned = desk.post(reverse("literacy-plan", args=[row.code]), form_of())
    session = Session.objects.get()
    assert planned.url == reverse("literacy-control", args=[session.number])
    assert timezone.localtime(session.starts_at, city_timezone()).strftime("%H:%M") == "00:05"
    assert "Kata sandi" in client.get("/literasi").content.decode()
    for word, state in (("buka", states.OPEN), ("akhiri-materi", states.OPEN), ("selesai", states.HELD)):
        session.refresh_from_db()
        page = desk.get(planned.url).content.decode()
        assert f'value="{word}"' in page
        Session.objects.filter(pk=session.pk).update(starts_at=timezone.now() - timedelta(minutes=5))
        desk.post(reverse("literacy-step", args=[session.number]), {"step": word, "revision": session.revision})
        session.refresh_from_db()
        assert session.state == state
    answer = desk.post(
        reverse("literacy-count", args=[session.number]),
        {"revision": session.revision, "region": WARDS[1], "n-umum": "12"},
    )
    assert answer.status_code == 302
    assert queries.attendances_of(session) == (0, 12)
    assert ">12<" in desk.get(planned.url).content.decode()


def test_bad_forms_keep_what_was_typed(desk, programme):
    address = reverse("literacy-plan", args=[programme.code])
    page = desk.post(address, form_of(starts="11:00", ends="10:00", place="Balai 😀"))
    assert page.status_code == 422
    assert page.context["form"].errors["ends"]
    assert "Balai 😀" in page.content.decode()
    assert desk.post(address, form_of(title="x" * 5000)).status_code == 422
    assert not Session.objects.exists()


def test_two_organisers_on_one_session_the_slower_keeps_what_they_typed(desk, opened):
    address = reverse("literacy-change", args=[opened.number])
    old = opened.revision
    assert desk.post(address, form_of(title="Cepat", revision=old)).status_code == 302
    page = desk.post(address, form_of(title="Lambat", revision=old))
    assert page.status_code == 422
    text = page.content.decode()
    assert "Lambat" in text
    assert "Orang lain baru saja mengubah ini" in text
    opened.refresh_from_db()
    assert opened.title == "Cepat"
    assert f'name="revision" value="{opened.revision}"' in text
    assert desk.post(address, form_of(title="Lambat", revision=opened.revision)).status_code == 302


def test_the_screen_shows_a_code_that_works_and_the_poster_one_that_stays(desk, opened):
    screen = desk.get(reverse("literacy-screen", args=[opened.number])).content.decode()
    assert "<svg" in screen
    assert door.screen_code(opened) in screen
    assert desk.get(reverse("literacy-screen-content", args=[opened.number])).content.decode().count("<svg") == 1
    poster = desk.get(reverse("literacy-poster", args=[opened.number])).content.decode()
    assert door.poster_code(opened) in poster
    at_door(opened, code=door.poster_code(opened))
    for name in ("literacy-screen", "literacy-poster"):
        assert Client().get(reverse(name, args=[opened.number])).status_code == 302
    step(operations.cancel_session, opened, reason="Hujan")
    screen = desk.get(reverse("literacy-screen", args=[opened.number])).content.decode()
    assert "Hujan" in screen
    assert "qr-layar" not in screen


@pytest.mark.parametrize("role", ["planner", "plan_verifier", "head", "viewer", "auditor"])
def test_others_look_and_do_not_touch(opened, as_role, role):
    reader = as_role(role)
    for name, argument in (
        ("literacy-desk", None),
        ("literacy-run", opened.programme.code),
        ("literacy-control", opened.number),
    ):
        page = reader.get(reverse(name, args=[argument] if argument else []))
        assert page.status_code == 200
        assert 'name="step"' not in page.content.decode()
    assert reader.post(reverse("literacy-step", args=[opened.number]), {"step": "selesai"}).status_code == 403
    opened.refresh_from_db()
    assert opened.state == states.OPEN


def test_work_waits_on_the_desk(plan, actor_with):
    today, lost = plan(), plan(hours=-5)
    held = step(operations.hold_session, plan(hours=-30))
    source = next(each for each in offered(WorkList) if each.room == "literacy")
    keys = {item.key: item.level for item in source.items(actor_with("literacy_organiser"))}
    assert keys == {
        f"literacy/{today.number}": "notice", f"literacy/{lost.number}": "warning", f"literacy/{held.number}": "warning",
    }  # fmt: skip
    assert not list(source.items(actor_with("viewer")))
    assert not list(source.items(actor_with("literacy_organiser", scope="agency", code="dinkes")))


# --- citizens ---------------------------------------------------------------------------------------------------------


def test_everybody_reads_whom_it_reaches_and_what_was_learnt(opened, client):
    row = lesson(opened, [(1, 3)] * 12)
    for address in ("/literasi", f"/literasi/{row.programme.code}"):
        page = client.get(address).content.decode()
        assert "12 orang mengikuti kedua tes: jawaban benar naik dari 20\xa0% menjadi 60\xa0%, +40,0 poin" in page
        assert 'class="peta' in page or "skema" in page
        assert "hanya contoh" in page
    english = client.get(f"/en/literasi/{row.programme.code}").content.decode()
    assert f'href="/literasi/{row.programme.code}"' in english  # the way back to Indonesian
    assert "right answers rose from 20\xa0% to 60\xa0%, +40.0 points" in english
    assert "not learnt" in english
    assert client.get("/literasi?tahun=1999x").status_code == 200
    assert client.get(f"/literasi/sesi/{row.number.lower()}").status_code == 302
    assert client.get("/literasi/sesi/L-XXXX-X").status_code == 404
    assert client.get("/literasi/tidak-ada").status_code == 404
    found = list(
        csv.DictReader(
            io.StringIO(client.get(f"/literasi/jangkauan.csv?program={row.programme.code}").content.decode())
        )
    )
    assert {(line["ward_code"], line["group"]): line["people"] for line in found}[(WARDS[0], "umum")] == "12"


def test_too_few_are_said_to_be_too_few(opened, client):
    row = lesson(opened, [(1, 3)] * 9)
    page = client.get(f"/literasi/{row.programme.code}").content.decode()
    assert "kurang dari 10" in page
    assert "+40" not in page


def test_a_session_goes_into_the_calendar_and_comes_out_again(plan, client):
    row = plan(hours=30, title="Kata sandi; bagian 1, untuk semua", capacity=40)
    address = f"/literasi/sesi/{row.number}.ics"
    answer = client.get(address)
    assert answer["Content-Type"].startswith("text/calendar")
    text = answer.content.decode()
    assert "SUMMARY:Kata sandi\\; bagian 1\\, untuk semua" in text
    assert "STATUS:CONFIRMED" in text
    assert row.number in client.get("/literasi/kalender.ics").content.decode()
    step(operations.cancel_session, row, reason="Hujan")
    text = client.get(address).content.decode()
    assert "STATUS:CANCELLED" in text
    assert "SEQUENCE:2" in text
    assert "Hujan" in client.get(f"/literasi/sesi/{row.number}").content.decode()


def test_search_finds_programmes_and_sessions(plan, programme):
    row = plan(hours=30, title="Belajar QRIS")
    source = next(each for each in offered(Search) if each.key == "literacy")
    assert [hit.url for hit in source.find("qris", SYSTEM)] == [f"/literasi/sesi/{row.number}"]
    assert [hit.url for hit in source.find("cakap digital", SYSTEM)] == [f"/literasi/{programme.code}"]
    assert not list(source.find("qr", SYSTEM))


def test_more_sessions_and_people_do_not_mean_more_questions(plan, programme, desk, client):
    addresses = [("/literasi", client), (f"/literasi/{programme.code}", client), ("/kerja/literasi", desk)]
    addresses.append((reverse("literacy-run", args=[programme.code]), desk))
    row = step(operations.open_session, plan())
    addresses += [
        (reverse("literacy-control", args=[row.number]), desk),
        (reverse("literacy-screen", args=[row.number]), desk),
    ]

    def measured():
        found = []
        for address, who in addresses:
            pagecache.forget_all()
            with CaptureQueriesContext(connection) as asked:
                assert who.get(address).status_code == 200
            found.append(len(asked))
        return found

    lesson(row, [(1, 3)] * 3)
    step(operations.open_session, row)
    before = measured()
    for number in range(1, 5):
        plan(hours=20 + number)
        more = step(operations.open_session, plan(region=WARDS[number]))
        lesson(more, [(1, 3)] * 6, start=100 * number, region=WARDS[number])
    after = measured()
    assert all(now <= then + 1 for now, then in zip(after, before, strict=True)), (before, after)
    assert max(after) <= 30


# --- programs ---------------------------------------------------------------------------------------------------------


def test_programs_read_aggregates_and_organisers_write(opened, client, desk):
    row = lesson(opened, [(1, 3)] * 12)
    detail = client.get(f"/api/v1/literacy/programmes/{row.programme.code}").json()
    assert detail["people"] == 12
    assert detail["effect"]["whole"]["n"] == 12
    assert detail["effect"]["whole"]["change"] == pytest.approx(0.4)
    assert detail["effect"]["questions"][0]["label"]
    reach = client.get("/api/v1/literacy/reach").json()
    assert {"region": WARDS[0], "group": "umum", "people": 12} in reach["cells"]
    assert client.get("/api/v1/literacy/sessions?state=held").json()[0]["number"] == row.number
    assert client.get("/api/v1/literacy/programmes/x").status_code == 404
    assert client.get("/api/v1/literacy/reach?year=3000").status_code == 422
    starts = timezone.now() + timedelta(hours=1)
    given = {
        "title": "Dari program lain", "place": "Aula", "region": WARDS[0], "capacity": 20,
        "starts_at": starts.isoformat(), "ends_at": (starts + timedelta(hours=1)).isoformat(),
    }  # fmt: skip
    address = f"/api/v1/literacy/programmes/{row.programme.code}/sessions"
    assert client.post(address, given, content_type="application/json").status_code == 401
    made = desk.post(address, given, content_type="application/json")
    assert made.status_code == 201, made.content
    steps = f"/api/v1/literacy/sessions/{made.json()['number']}/steps"
    assert desk.post(steps, {"step": "open", "revision": 1}, content_type="application/json").json()["state"] == "open"
    late = desk.post(steps, {"step": "cancel", "revision": 1, "reason": "x"}, content_type="application/json")
    assert late.status_code == 409
    assert late.json()["code"] == "too_late"
    assert (
        desk.post(address, given | {"starts_at": "2026-01-01T10:00:00"}, content_type="application/json").status_code
        == 422
    )


def test_no_answer_of_the_api_holds_a_token(opened, client):
    come(opened, person(1))
    token = Attendance.objects.get().token
    for address in (
        "programmes",
        f"programmes/{opened.programme.code}",
        "sessions",
        f"sessions/{opened.number}",
        "reach",
    ):
        assert token not in client.get(f"/api/v1/literacy/{address}").content.decode()
    assert urlsplit(door.address_of_code("x")).path == "/literasi/hadir/x"
