"""From the hand-over to what the city reads: asked once, answered once, nobody named, small numbers hidden."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tepian.kernel.actors import ANONYMOUS, Conflict, Denied, Invalid, NotFound, system
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.contributions import Indicators, ServiceSurvey, offered
from tepian.kernel.events.models import OutboxEvent

from .. import operations, queries, states
from ..models import Answer, Invitation, Service
from ..views import public

SYSTEM = system("tests")
WARD = {"office": "ward-99.01.01.1001", "region": "99.01.01.1001"}
GOOD = dict.fromkeys(states.ELEMENTS, 4)
PUBLISHED = (105, 101, 100, 116, 102, 105, 106, 105, 115)


def ask(number: int = 1, service: str = "letter.domisili", **more) -> Invitation:
    given = {"title": "Surat domisili", "title_en": "Letter of domicile"} | WARD | more
    return operations.ask(actor=SYSTEM, subject=f"letter/{service}/{number}", service=service, **given)


def answers(service: Service, count: int, totals, on: date, **more) -> None:
    """So many answers with these sums: each element's sum is spread over the people."""
    rows = []
    for person in range(count):
        given = {}
        for element, total in zip(states.ELEMENTS, totals, strict=True):
            low, extra = divmod(total, count)
            given[element] = low + (person < extra)
        rows.append(Answer(service=service, answered_on=on, **(WARD | more | given)))
    operations.make_up_answers(actor=SYSTEM, rows=rows)


def last_month() -> date:
    return queries.published_until()


def test_one_hand_over_is_asked_once_and_answered_once(contoh):
    port = offered(ServiceSurvey)[0]
    port.ask(subject="letter/A", service="letter.domisili", title="Surat", **WARD)
    port.ask(subject="letter/A", service="letter.domisili", title="Surat domisili", title_en="Letter", **WARD)
    row = Invitation.objects.get()
    assert row.service.title_en == "Letter" and port.link("letter/A").endswith(row.code) and port.link("letter/B") == ""
    operations.answer(actor=ANONYMOUS, code=row.code.lower().replace("-", " "), values=GOOD, comment="Cepat")
    assert port.link("letter/A") == ""
    for again in (row.code, row.code):
        with pytest.raises(Conflict) as refused:
            operations.answer(actor=ANONYMOUS, code=again, values=GOOD)
        assert refused.value.code == "answered"
    with pytest.raises(NotFound):
        operations.answer(actor=ANONYMOUS, code="N-2222222-2", values=GOOD)
    with pytest.raises(Denied):
        operations.ask(actor=ANONYMOUS, subject="x", service="x", title="x")
    late = ask(2)
    Invitation.objects.filter(pk=late.pk).update(handed_on=today() - timedelta(days=states.ANSWER_DAYS + 1))
    with pytest.raises(Conflict) as refused:
        operations.answer(actor=ANONYMOUS, code=late.code, values=GOOD)
    assert refused.value.code == "over" and Answer.objects.count() == 1
    Invitation.objects.update(handed_on=today() - timedelta(days=states.KEPT_DAYS + 1))
    assert operations.is_anything_old() and operations.forget(actor=SYSTEM) == 2 and Answer.objects.count() == 1


def test_nothing_leads_from_an_answer_to_a_person(contoh):
    row = ask()
    before = AuditEntry.objects.count()
    operations.answer(
        actor=ANONYMOUS, code=row.code, values=GOOD, comment="NIK saya 9901014503900001, hp 0812 3456 7890"
    )
    kept = Answer.objects.get()
    assert "9901014503900001" not in kept.comment and "3456" not in kept.comment
    assert AuditEntry.objects.count() == before, "the record's time would tell who answered what"
    fields = {field.name for field in Answer._meta.get_fields()}
    assert not fields & {"invitation", "subject", "code", "answered_at", "created_at"}


@pytest.mark.parametrize("wrong", [{}, GOOD | {"time": 5}, GOOD | {"time": 0}, dict.fromkeys(states.ELEMENTS[:-1], 4)])
def test_eight_answers_are_none(contoh, wrong):
    row = ask()
    with pytest.raises(Invalid) as refused:
        operations.answer(actor=ANONYMOUS, code=row.code, values=wrong)
    assert refused.value.field in states.ELEMENTS and not Answer.objects.exists()
    assert not Invitation.objects.get().answered


def test_a_citizen_answers_on_one_page(contoh, client):
    row = ask()
    typed = client.get("/kepuasan/isi", {"kode": row.code.lower()})
    assert typed["Location"].endswith(f"/kepuasan/isi/{row.code}")
    assert client.get("/kepuasan/isi", {"kode": "N-1"}).status_code == 422
    address = f"/kepuasan/isi/{row.code}"
    page = client.get(address).content.decode()
    assert "Surat domisili" in page and page.count('type="radio"') == 36 and "Sangat mahal" in page
    assert "Letter of domicile" in client.get(f"/en{address}").content.decode()
    part = client.post(address, GOOD | {"time": "", "comment": "Petugas <b>ramah</b>"})
    said = part.content.decode()
    assert part.status_code == 422 and 'href="#time"' in said and "&lt;b&gt;ramah" in said and "checked" in said
    done = client.post(address, GOOD | {"comment": "Petugas ramah"})
    assert done.status_code == 303 and done["Cache-Control"].count("no-store")
    assert "Terima kasih" in client.get(done["Location"]).content.decode()
    assert client.post(address, GOOD).status_code == 409 and client.get(address).status_code == 409
    assert client.get("/kepuasan/isi/N-9999999-9").status_code == 404


def test_whoever_tries_codes_is_stopped_and_a_whole_network_is_not(contoh, client, monkeypatch):
    monkeypatch.setattr(public, "PER_HOUR", 3)
    for number in range(5):
        assert client.get(f"/kepuasan/isi/{ask(number).code}").status_code == 200
    for _number in range(4):
        assert client.get("/kepuasan/isi/N-9999999-9").status_code == 404
    late = client.get(f"/kepuasan/isi/{ask(1).code}")
    assert late.status_code == 429 and late["Retry-After"] == "3600"


def test_published_figures_are_exact_hidden_when_small_and_of_whole_months(contoh, client):
    one, two = ask(1).service, ask(1, "letter.tanah", title="Surat tanah", title_en="Land letter").service
    day = last_month()
    answers(one, 29, PUBLISHED, day)
    answers(two, 9, [9] * 9, day)
    answers(one, 20, [20] * 9, today())  # of this month: not published yet
    page = client.get(f"/kepuasan?tahun={day.year}").content.decode()
    assert "91,48" in page and "A (sangat baik)" in page and "25,00" not in page.split("<dl")[0]
    assert queries.together(day.year, queries.by_service(day.year)).n == 29, "the hidden nine cannot be worked out"
    assert "91.48" in client.get(f"/en/kepuasan?tahun={day.year}").content.decode()
    assert "3,97" in client.get(f"/kepuasan/letter.domisili?tahun={day.year}").content.decode()
    assert "91,48" not in client.get(f"/kepuasan/letter.tanah?tahun={day.year}").content.decode()
    assert client.get("/kepuasan/none").status_code == 404
    table = client.get(f"/kepuasan/data.csv?tahun={day.year}").content.decode("utf-8-sig").splitlines()
    assert table[1].startswith(f"letter.domisili,Surat domisili,{day.year},29,3.6207,3.4828") and table[1].endswith(
        ",91.48,A"
    )
    assert table[2] == f"letter.tanah,Surat tanah,{day.year}" + "," * 12
    found = {each["service"]: each for each in client.get(f"/api/v1/feedback/results?year={day.year}").json()}
    assert (found["letter.domisili"]["ikm"], found["letter.domisili"]["answers"]) == (91.48, 29)
    assert found["letter.tanah"]["answers"] is None and found["letter.tanah"]["ikm"] is None


def test_statistics_and_the_plan_read_the_index(contoh):
    one, two = ask(1).service, ask(1, "letter.tanah", title="Surat tanah").service
    answers(one, 29, PUBLISHED, date(2026, 3, 31))
    answers(two, 9, [9] * 9, date(2026, 3, 1))
    answers(one, 10, [40] * 9, date(2026, 4, 1))
    zone = ZoneInfo("Asia/Makassar")
    read = next(each.read for each in offered(Indicators) if each.room == "feedback")
    figures = {
        each["key"]: each["value"]
        for each in read(datetime(2026, 1, 1, tzinfo=zone), datetime(2026, 4, 1, tzinfo=zone))
    }
    whole = states.index(38, [total + 9 for total in PUBLISHED]).value
    assert figures == {
        "feedback.ikm": float(whole or 0), "feedback.answers": 38, "feedback.ikm.letter.domisili": 91.48,
        "feedback.ikm.letter.tanah": None,
    }  # fmt: skip
    assert whole == Decimal("75.73")


def test_an_office_reads_its_own_and_answers_for_it(contoh, as_role, actor_with):
    row, other = ask(1), ask(2, office="ward-99.01.01.1002", region="99.01.01.1002")
    operations.answer(actor=ANONYMOUS, code=row.code, values=GOOD | {"time": 1}, comment="Lama sekali")
    operations.answer(actor=ANONYMOUS, code=other.code, values=GOOD, comment="Kelurahan sebelah")
    mine, theirs = Answer.objects.get(comment="Lama sekali"), Answer.objects.get(comment="Kelurahan sebelah")
    head = as_role("ward_head", scope="region", code="99.01.01.1001")
    desk = head.get("/kerja/kepuasan").content.decode()
    assert "Lama sekali" in desk and "sebelah" not in desk and "1</" not in desk.split("Ditanya")[0][-5:]
    assert head.get(f"/kerja/kepuasan/{theirs.pk}").status_code == 404
    assert "1 warga menulis komentar" in head.get("/kerja").content.decode()
    clerk = as_role("ward_clerk", scope="region", code="99.01.01.1001")
    assert clerk.post(f"/kerja/kepuasan/{mine.pk}", {"state": "seen", "revision": 1}).status_code == 403
    address = f"/kerja/kepuasan/{mine.pk}"
    bare = head.post(address, {"state": "done", "reply": "", "revision": "1"})
    assert bare.status_code == 422
    assert head.post(address, {"state": "done", "reply": "Loket ditambah", "revision": "1"}).status_code == 302
    late = head.post(address, {"state": "seen", "reply": "Saya tulis ini", "revision": "1"})
    assert late.status_code == 422 and "Saya tulis ini" in late.content.decode()
    mine.refresh_from_db()
    assert (mine.state, mine.reply, mine.revision) == ("done", "Loket ditambah", 2)
    told = OutboxEvent.objects.get(type="feedback.comment_handled.v1")
    assert told.subject == "service/letter.domisili" and "Lama" not in str(told.data)
    assert [each["comment"] for each in head.get("/api/v1/feedback/comments").json()] == ["Lama sekali"]
    with pytest.raises(Denied):
        operations.handle(actor=actor_with("auditor"), answer=mine, revision=2, state="seen")


def test_programs_answer_and_handle(contoh, client, as_role):
    row = ask()
    sent = {"code": row.code, "answers": GOOD, "comment": "Baik"}
    post = lambda who, path, body: who.post(f"/api/v1/feedback/{path}", body, content_type="application/json")  # noqa: E731
    assert post(client, "answers", sent | {"answers": {"time": 4}}).json()["code"] == "answer_missing"
    assert post(client, "answers", sent).status_code == 201
    assert post(client, "answers", sent).status_code == 409
    assert client.get("/api/v1/feedback/comments").status_code == 401
    made = Answer.objects.get()
    head = as_role("head")
    done = post(head, f"comments/{made.pk}", {"revision": 1, "state": "seen"})
    assert done.json()["state"] == "seen"
    assert post(head, f"comments/{made.pk}", {"revision": 1, "state": "seen"}).status_code == 409


def test_the_demonstration_says_that_it_is_one(contoh, client):
    from ..demo import publish_examples

    count = publish_examples(actor=SYSTEM)
    assert count > 200 and publish_examples(actor=SYSTEM) == 0
    page = client.get(f"/kepuasan?tahun={last_month().year}").content.decode()
    assert "karangan" in page and "Surat keterangan domisili" in page and "kurang dari 10 jawaban" in page
