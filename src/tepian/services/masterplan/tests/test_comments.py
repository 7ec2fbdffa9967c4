"""Open to facts, closed to insults: what people write is kept, looked at by a person, counted and answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone, translation

from tepian.kernel.actors import ANONYMOUS, Conflict, Denied, Invalid, system
from tepian.kernel.catalogue.contributions import Search, offered
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.queries import open_file
from tepian.kernel.events.models import OutboxEvent
from tepian.toolkit import photos
from tepian.toolkit.tests.photos import exif, jpeg_with

from .. import jobs, operations, states
from ..models import Comment, Project, WordList
from ..operations.comments import TooMany
from ..queries import comments as queries
from .built import park, picture

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _july(contoh: Any, on_day: Callable[[date], None]) -> None:
    on_day(date(2026, 7, 20))


@pytest.fixture(name="row")
def _row() -> Project:
    return park()


def write(row: Project, text: str = "Lampu mati.", kind: str = "fact", address: str = "", **options: Any) -> Comment:
    given = {"key": uuid4(), "address": address} | options
    return operations.write_comment(actor=ANONYMOUS, project=row, kind=kind, text=text, **given)


def judged(comment: Comment, actor: Any, shown: bool = True, reason: str = "") -> Comment:
    return operations.judge_comment(actor=actor, comment=comment, revision=comment.revision, shown=shown, reason=reason)


# --- writing ----------------------------------------------------------------------------------------------------------


def test_everything_waits_for_a_person(row):
    comment = write(row, "O'Neil: “lampu” mati 💡 <b>3</b> hari\r\n& lebih")
    assert (comment.state, comment.text) == (states.WAITING, "O'Neil: “lampu” mati 💡 <b>3</b> hari\n& lebih")
    assert queries.read_code(comment.code.lower().replace("-", " ")) == comment.code
    assert list(queries.shown(row)) == []


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("Dasar mandor goblok", ["insult"]),
        ("Mandornya g 0 b l o k k k", []),  # a single digit among letters is no letter
        ("Mandornya g o b l o k", ["insult"]),
        ("You stupid idiot", ["insult"]),
        ("Ada anjing liar di taman, kasus rabies di pantai dekat lantai dua", []),
        ("Hubungi 0812-3456-7890", ["personal"]),
        ("Lihat https://contoh.id/foto", ["link"]),
        ("LAMPU DI TAMAN INI SUDAH MATI DUA MINGGU", ["shouting"]),
        ("Dasar bodoh, cek www.judi.com atau 081234567890", ["insult", "personal", "link"]),
        ("Scunthorpe United", []),
    ],
)
def test_rules_mark_and_never_hide(row, text: str, findings: list[str]):
    comment = write(row, text)
    assert comment.findings == findings and comment.state == states.WAITING


def test_the_same_said_again_by_somebody_else_is_marked(row):
    write(row, "Lampu mati.")
    assert write(row, "lampu   MATI!!", address="2").findings == ["repeated"]


def test_numbers_of_persons_are_never_kept(row):
    comment = write(row, "NIK saya 6472011234567890, telepon 0812 3456 7890, budi@example.org")
    assert not re.search(r"\d{4}|budi", comment.text) and comment.text.count("▒▒▒") == 3


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [("", "fact", "text_missing"), ("  \n ", "fact", "text_missing"), ("x" * 1001, "fact", "text_too_long"),
     ("x" * 5000, "question", "text_too_long"), ("Halo", "praise", "kind"), ("Halo", "", "kind")],
)  # fmt: skip
def test_what_is_refused_keeps_nothing(row, text: str, kind: str, code: str):
    with pytest.raises(Invalid) as found:
        write(row, text, kind)
    assert found.value.code == code and not Comment.objects.exists()


def test_a_thousand_characters_fit(row):
    assert len(write(row, "🚧" * 1000).text) == 1000


def test_a_project_that_is_not_public_takes_none():
    with pytest.raises(Invalid, match=r".") as found:
        write(park(public=False))
    assert found.value.code == "not_public"


def test_a_form_sent_twice_is_one_comment(row):
    key = uuid4()
    first, second = (write(row, key=key, address="1.2.3.4") for _n in range(2))
    assert first.pk == second.pk and Comment.objects.count() == 1


def test_nobody_gets_anothers_comment_by_its_key(row):
    key = write(row, address="1.2.3.4").key
    for text, address in (("Lampu mati.", "9.9.9.9"), ("Lain", "1.2.3.4")):
        with pytest.raises(Conflict) as found:
            write(row, text, key=key, address=address)
        assert found.value.code == "form_used"


def test_a_flood_from_one_network_is_stopped_and_others_are_not(row):
    for number in range(5):
        write(row, f"Fakta {number}", address="1.2.3.4")
    with pytest.raises(TooMany):
        write(row, "Fakta 6", address="1.2.3.4")
    assert write(row, "Fakta lain", address="5.6.7.8").pk
    Comment.objects.update(at=timezone.now() - timedelta(minutes=61))
    assert write(row, "Fakta 7", address="1.2.3.4").pk, "an hour later it goes on"


def test_the_sign_of_the_sender_is_no_address_and_is_dropped_after_a_month(row):
    comment = write(row, address="192.0.2.77")
    assert comment.sender and "192" not in comment.sender and len(comment.sender) == 32
    assert jobs.forget_senders() == 0
    Comment.objects.filter(pk=comment.pk).update(at=timezone.now() - timedelta(days=32))
    assert jobs.forget_senders() == 1
    comment.refresh_from_db()
    assert comment.sender == "" and comment.text == "Lampu mati."


def test_the_photo_forgets_where_it_was_taken(row):
    comment = write(row, photo=(jpeg_with(exif()), "rumah.jpg", "image/jpeg"))
    with open_file(StoredFile.objects.get(pk=comment.photo)) as file:
        facts = photos.facts(file.read())
    assert (facts.lat, facts.lon, facts.taken) == (None, None, None)


def test_a_photo_that_is_none_stops_the_comment(row):
    with pytest.raises(Invalid) as found:
        write(row, photo=(b"<svg onload='alert(1)'/>", "x.png", "image/png"))
    assert (found.value.code, found.value.field) == ("not_a_photo", "photo")
    assert not Comment.objects.exists()


# --- judging ----------------------------------------------------------------------------------------------------------


def test_shown_hidden_and_shown_again(row, verifier):
    comment = judged(write(row), verifier)
    assert (comment.state, comment.judged_by) == (states.SHOWN, verifier.label)
    comment = judged(comment, verifier, shown=False, reason="off_topic")
    assert (comment.state, comment.reason) == (states.HIDDEN, "off_topic")
    comment = judged(comment, verifier)
    assert (comment.state, comment.reason) == (states.SHOWN, "")


@pytest.mark.parametrize("reason", ["", "because", "Off_topic", "x" * 500])
def test_only_a_ready_reason_hides(row, verifier, reason: str):
    with pytest.raises(Invalid) as found:
        judged(write(row), verifier, shown=False, reason=reason)
    assert found.value.code == "reason"


def test_whoever_builds_does_not_judge(row, reporter, actor_with, account_with):
    comment = write(row)
    with pytest.raises(Denied):
        judged(comment, reporter)
    both = actor_with("plan_verifier", "plan_reporter", username="dua")
    with pytest.raises(Denied):
        judged(comment, both)
    for stranger in (ANONYMOUS, actor_with("viewer", username="pengamat")):
        with pytest.raises(Denied):
            judged(comment, stranger)
    comment.refresh_from_db()
    assert comment.state == states.WAITING


def test_the_second_judge_is_told(row, verifier, planner):
    comment = write(row)
    judged(comment, verifier)
    with pytest.raises(Conflict) as found:
        judged(comment, planner, shown=False, reason="insult")
    assert found.value.code == "too_late"


def test_what_is_hidden_is_counted_with_its_reasons(row, verifier):
    for number, reason in enumerate(("insult", "insult", "advertising", "")):
        comment = write(row, f"Kata {number}", address=str(number))
        judged(comment, verifier, shown=not reason, reason=reason)
    write(row, "Menunggu", address="x")
    found = queries.moderation(row)
    assert (found.shown, found.waiting, found.hidden_count) == (1, 1, 3)
    with translation.override("id"):
        assert found.sentence == "3 tidak ditampilkan: menghina orang (2), berisi iklan (1)."
    with translation.override("en"):
        assert found.sentence == "3 are not shown: insults somebody (2), is advertising (1)."


# --- answering --------------------------------------------------------------------------------------------------------


def test_the_agency_answers_what_is_shown(row, reporter, verifier, actor_with):
    comment = write(row, "Kapan selesai?", "question")
    answer = {"text": "Oktober.", "actor": reporter}
    with pytest.raises(Conflict):
        operations.answer_comment(comment=comment, revision=comment.revision, **answer)
    comment = judged(comment, verifier)
    assert [each.pk for each in queries.to_answer()] == [comment.pk]
    with pytest.raises(Denied):
        operations.answer_comment(
            actor=actor_with("plan_reporter", scope="agency", code="dinkes", username="lain"),
            comment=comment, revision=comment.revision, text="x",
        )  # fmt: skip
    comment = operations.answer_comment(comment=comment, revision=comment.revision, **answer)
    again = operations.answer_comment(comment=comment, revision=comment.revision, **answer)
    assert (comment.answer, again.revision) == ("Oktober.", comment.revision)
    assert OutboxEvent.objects.filter(type="masterplan.comment_answered.v1").count() == 1
    assert list(queries.to_answer()) == []


def test_a_fact_with_a_photo_calls_for_an_answer_one_without_does_not(row, verifier):
    plain = judged(write(row, "Tanpa foto", address="1"), verifier)
    shown = judged(write(row, "Dengan foto", address="2", photo=(picture(), "a.png", "image/png")), verifier)
    assert [each.pk for each in queries.to_answer()] == [shown.pk] and plain.state == states.SHOWN


# --- looking it up ----------------------------------------------------------------------------------------------------


def test_its_code_leads_the_author_from_the_tracking_page(row, client):
    comment = write(row, "Hubungi 081234567890")
    found = [
        hit for search in offered(Search) for hit in search.find(comment.code.lower(), ANONYMOUS) if hit.score >= 100
    ]
    assert [hit.url for hit in found] == [f"/rencana/proyek/komentar/{comment.code}"]
    answer = client.get("/lacak", {"kode": comment.code.replace("-", "")}, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain[-1][0].endswith(comment.code)
    assert "Sudah kami terima" in page and "disamarkan" in page and "081234567890" not in page
    assert "no-store" in answer["Cache-Control"]


def test_the_author_reads_why_it_is_not_shown(row, client, verifier):
    comment = judged(write(row), verifier, shown=False, reason="advertising")
    page = client.get(f"/en/rencana/proyek/komentar/{comment.code}").content.decode()
    assert "It is not shown because it is advertising." in page


@pytest.mark.parametrize("code", ["P-00000000-0", "x", "P-", "P-AAAAAAAA-A", "'%20OR%201=1"])
def test_a_code_that_nobody_has(row, client, code: str):
    write(row)
    assert client.get(f"/rencana/proyek/komentar/{code}").status_code == 404


# --- the lists --------------------------------------------------------------------------------------------------------


def test_lists_come_with_the_house_and_with_the_pack_and_have_their_days():
    assert {row.language for row in WordList.objects.all()} == {"id", "en"}
    mine = {"code": "daerah", "language": "bjn", "valid_from": date(2025, 1, 1), "words": ["bungul"]}
    assert operations.load_word_lists(actor=system("t"), lists=[mine])["created"] == 1
    assert operations.load_word_lists(actor=system("t"), lists=[mine])["unchanged"] == 1
    assert queries.insults_in("Dasar bungul") == ["bungul"] and queries.insults_in("bungul", date(2024, 1, 1)) == []
    operations.load_word_lists(actor=system("t"), lists=[mine | {"valid_to": date(2025, 6, 30)}])
    assert queries.insults_in("Dasar bungul") == [], "its days are over"


@pytest.mark.parametrize(
    "text",
    [
        "Pantai, lantai, santai, petani, rantai, asuransi, kasus, pasukan, kontraktor, kontrol, analisis, kanal, bangsa",
        "Edukasi warga, pemerintah kota, memekarkan kelurahan, Jalan Setandan, babinsa, kampung kumuh, tempat bermain",
        "The contractor assessed the class pass, Scunthorpe, cockpit, dickens, therapist, shiitake, grapes, analysis",
        "Kotoran anjing di taman, babi hutan lewat, tahi lalat, maling besi di proyek, seekor monyet di pohon",
        "Drainase 455 m, titik A1-S2, 1001 lubang, RT 05, Rp4.500.000, PT Asusila? bukan: PT Asura Jaya",
    ],
)
def test_the_shipped_lists_leave_innocent_words_alone(text: str):
    assert queries.insults_in(text) == []
