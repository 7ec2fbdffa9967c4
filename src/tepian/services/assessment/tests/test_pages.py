"""The pages, as their people click through them; without scripts, every act is a form."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tepian.kernel.actors import system
from tepian.kernel.catalogue.city import today
from tepian.toolkit import links

from .. import demo, operations, states
from ..models import Answer, Assessment, Evidence, Score
from ..operations import answering
from .acting import CODE, answer_all, open_by_form, score_all, step
from .conftest import SMART

pytestmark = pytest.mark.django_db


def test_by_forms_alone_from_opening_to_the_public_page(keeper, as_role, client):
    assert open_by_form(keeper).url == reverse("assessment-overview", args=[CODE])
    row = Assessment.objects.get()
    keeper.post(
        reverse("assessment-assign", args=[CODE]),
        {"revision": row.revision, "item-output": "pupr", "item-baseline": "bappeda"},
    )
    agency = as_role("plan_reporter", scope="agency", code="pupr")
    page = agency.get(reverse("assessment-overview", args=[CODE])).content.decode()
    assert "Dinas Anda menjawab 1 butir" in page
    address = reverse("assessment-item", args=[CODE, "output"])
    page = agency.get(address).content.decode()
    assert 'name="level" value="4"' in page
    answer = agency.post(address, {"revision": 1, "level": "3", "explanation": "Tiga taman selesai."})
    assert answer.status_code == 302
    file = SimpleUploadedFile("taman.txt", b"foto taman")
    agency.post(reverse("assessment-evidence-add", args=[CODE, "output"]), {"file": file, "title": "Foto taman"})
    assert "Foto taman" in agency.get(address).content.decode()
    assert agency.post(reverse("assessment-step", args=[CODE, "submit"])).status_code == 403
    assert "9 butir masih kosong" in step(keeper, "submit")
    assert "Sudah dikirim ke asesor" in step(keeper, "submit", with_gaps="1")
    assessor = as_role("assessor")
    begin = assessor.get(reverse("assessment-scoring", args=[CODE]))
    assert begin.url == reverse("assessment-score", args=[CODE, "baseline"])
    page = assessor.get(reverse("assessment-score", args=[CODE, "output"])).content.decode()
    assert "hanya baca" in page
    assert "Tiga taman selesai." in page
    assert "Foto taman" in page
    for answer in Answer.objects.all():
        sent = assessor.post(
            reverse("assessment-score", args=[CODE, answer.item]), {"pick": "3", "note": "Cukup."}, follow=True
        )
        assert "Anda memberi 3" in sent.content.decode()
    assert assessor.post(address, {"revision": 2, "level": "4"}).status_code in (409, 403)
    row.refresh_from_db()
    done = assessor.post(
        reverse("assessment-scoring-finish", args=[CODE]), {"revision": row.revision}, follow=True
    ).content.decode()
    assert "Pemberian nilai selesai" in done
    assert client.get(f"/penilaian/{CODE}").status_code == 404
    assert "terbuka untuk umum" in step(keeper, "close")
    page = client.get(f"/penilaian/{CODE}").content.decode()
    assert "0,10 × 3,00 + 0,20 × 3,00 + 0,30 × 3,00 + 0,20 × 3,00 + 0,20 × 3,00 = 3,00" in page
    assert "(3,00 + 3,00 + 3,00 + 3,00 + 3,00 + 3,00) ÷ 6 = 3,00" in page
    assert "Dampak 30%" in page
    assert "3,31" in page and "3,315" in page  # the other city's, published and computed
    assert "assessor" not in page  # nobody's name
    english = client.get(f"/en/penilaian/{CODE}").content.decode()
    assert "0.10 × 3.00" in english
    assert "How it is computed" in english
    rows = list(csv.DictReader(io.StringIO(client.get(f"/penilaian/{CODE}.csv").content.decode("utf-8-sig"))))
    assert len(rows) == 10
    assert sum(Decimal(each["weight_impact-20"]) for each in rows) == pytest.approx(Decimal(100), abs=Decimal("0.001"))
    assert {each["score"] for each in rows} == {"3.000"}
    assert CODE in client.get("/penilaian").content.decode()


def test_what_was_typed_stays_when_somebody_was_faster(keeper, as_role):
    open_by_form(keeper)
    other = as_role("plan_verifier")
    address = reverse("assessment-item", args=[CODE, "output"])
    keeper.post(address, {"revision": 1, "level": "3", "explanation": "Yang pertama"})
    refused = other.post(address, {"revision": 1, "level": "2", "explanation": "Yang kedua"})
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Yang kedua</textarea>" in page
    assert "Yang pertama" in page
    assert 'value="2" checked' in page
    assert 'id="revisi" value="2"' in page  # once more, knowing the other's words, it is saved
    assert other.post(address, {"revision": 2, "level": "2", "explanation": "Yang kedua"}).status_code == 302
    assert Answer.objects.get(item="output").explanation == "Yang kedua"


def test_the_script_saves_while_somebody_writes(keeper):
    open_by_form(keeper)
    address, headers = reverse("assessment-item", args=[CODE, "output"]), {"HX-Request": "true"}
    saved = keeper.post(address, {"revision": 1, "level": "", "explanation": "Mulai"}, headers=headers).content.decode()
    assert 'value="2" hx-swap-oob="true"' in saved
    assert "Tersimpan" in saved
    late = keeper.post(address, {"revision": 1, "level": "1", "explanation": "Lain"}, headers=headers)
    assert late.status_code == 200
    assert "masih ada di formulir" in late.content.decode()
    wrong = keeper.post(address, {"revision": 2, "level": "9", "explanation": "x"}, headers=headers).content.decode()
    assert "tidak ada pada skala" in wrong
    onward = keeper.post(address, {"revision": 2, "level": "1", "explanation": "x", "onward": "1"}, headers=headers)
    assert onward["HX-Redirect"] == reverse("assessment-item", args=[CODE, "outcome"])


def test_bad_words_are_explained_and_kept(keeper):
    open_by_form(keeper)
    address = reverse("assessment-item", args=[CODE, "output"])
    refused = keeper.post(address, {"revision": 1, "level": "tiga", "explanation": "Tetap ada"})
    assert refused.status_code == 422
    assert "Tetap ada</textarea>" in refused.content.decode()
    long = keeper.post(address, {"revision": 1, "level": "3", "explanation": "x" * 4001})
    assert long.status_code == 422
    assert "Galat:" in long.content.decode()
    odd = "O'Neil 👍 <b>tebal</b>"
    keeper.post(address, {"revision": 1, "level": "3", "explanation": odd})
    page = keeper.get(address).content.decode()
    assert "&lt;b&gt;tebal" in page
    assert Answer.objects.get(item="output").explanation == odd


def test_links_are_opened_from_outside_before_they_count(keeper, monkeypatch):
    open_by_form(keeper)
    add = reverse("assessment-evidence-add", args=[CODE, "output"])
    answers = {"https://drive.example/tutup": links.SIGN_IN, "https://a.example/": links.OPEN}
    monkeypatch.setattr(answering.links, "check", lambda url: links.Finding(answers[url], url, 200))
    monkeypatch.setattr(answering.add_link, "__kwdefaults__", {"title": "", "look": answering.links.check})
    refused = keeper.post(add, {"url": "https://drive.example/tutup", "title": "Laporan"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert "Bukti tidak bisa dibuka publik" in page
    assert 'value="https://drive.example/tutup"' in page
    keeper.post(add, {"url": "https://a.example/", "title": "Laporan"})
    row = Evidence.objects.get()
    assert (row.kind, row.finding) == (states.LINK, links.OPEN)
    gone = keeper.post(reverse("assessment-evidence", args=[row.key]), {"reason": "Salah tautan"}, follow=True)
    assert "Salah tautan" in gone.content.decode()


def test_a_public_page_is_found_and_taken_as_evidence(keeper):
    demo.make_assessments(actor=system("tests"))
    code = f"{SMART}-{today().year}"
    page = keeper.get(
        reverse("assessment-item", args=[code, "output"]), {"cari": "evaluasi kota cerdas"}
    ).content.decode()
    wanted = f"/penilaian/{SMART}-{today().year - 1}"
    assert f'value="{wanted}"' in page
    keeper.post(reverse("assessment-evidence-add", args=[code, "output"]), {"page": wanted, "title": "Tahun lalu"})
    assert Evidence.objects.get(kind=states.PAGE).url == wanted


def test_other_weights_count_from_a_day_with_a_reason(keeper, client, actor_with):
    open_by_form(keeper)
    row = Assessment.objects.get()
    keeper.post(
        reverse("assessment-weights", args=[CODE]),
        {"revision": row.revision, "weights": "impact-30", "reason": "Bobot baru dari kementerian"},
    )
    page = keeper.get(reverse("assessment-overview", args=[CODE])).content.decode()
    assert "Bobot baru dari kementerian" in page
    assert "Bobot sejak awal." in page
    answer_all(system("x"), row)
    row = operations.submit(actor=system("x"), assessment=row, revision=Assessment.objects.get().revision)
    score_all(actor_with("assessor"), row)
    row = operations.finish_scoring(actor=actor_with("assessor"), assessment=row, revision=row.revision)
    operations.close(actor=system("x"), assessment=row, revision=row.revision)
    public = client.get(f"/penilaian/{CODE}").content.decode()
    assert "Bobot baru dari kementerian" in public
    assert "Bobot mana yang berlaku kapan" in public


def test_withdrawn_evidence_shows_to_assessors_and_keepers(keeper, as_role):
    open_by_form(keeper)
    address = reverse("assessment-item", args=[CODE, "output"])
    keeper.post(address, {"revision": 1, "level": "3", "explanation": "x"})
    keeper.post(
        reverse("assessment-evidence-add", args=[CODE, "output"]), {"file": SimpleUploadedFile("a.txt", b"isi")}
    )
    step(keeper, "submit", with_gaps="1")
    assessor = as_role("assessor")
    score = reverse("assessment-score", args=[CODE, "output"])
    assessor.post(score, {"pick": "3"})
    keeper.post(reverse("assessment-evidence", args=[Evidence.objects.get().key]), {"reason": "Bukan milik kami"})
    page = assessor.get(score).content.decode()
    assert "Bukan milik kami" in page
    assert "tekan tingkat pilihan Anda sekali lagi" in page
    assert (
        "Nilai-nilai ini harus diperiksa lagi"
        in keeper.get(reverse("assessment-overview", args=[CODE])).content.decode()
    )
    answer = assessor.post(score, {"pick": "2"}, headers={"HX-Request": "true"}).content.decode()
    assert "sekali lagi" not in answer
    assert 'aria-pressed="true" data-key="2"' in answer


def test_assessors_see_each_other_only_after_their_own_score(keeper, as_role):
    open_by_form(keeper)
    step(keeper, "submit", with_gaps="1")
    first, second = as_role("assessor", username="assessor-a"), as_role("assessor", username="assessor-b")
    score = reverse("assessment-score", args=[CODE, "output"])
    first.post(score, {"pick": "1", "note": "Tidak ada bukti sama sekali."})
    before = second.get(score).content.decode()
    assert "Tidak ada bukti sama sekali." not in before
    assert "Asesor lain sudah menilai" in before
    second.post(score, {"pick": "4"})
    after = second.get(score).content.decode()
    assert "2 asesor, rata-rata 2,5" in after
    assert "berselisih 3" in after
    assert "Tidak ada bukti sama sekali." in after
    assert "assessor-a" not in after
    assert "assessor-a" in keeper.get(reverse("assessment-item", args=[CODE, "output"])).content.decode()
    nothing = second.post(reverse("assessment-score", args=[CODE, "outcome"]), {"note": "Catatan saja"})
    assert nothing.status_code == 422
    assert "Catatan saja</textarea>" in nothing.content.decode()
    assert Score.objects.count() == 2


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("viewer", 200),
        ("auditor", 200),
        ("head", 200),
        ("assessor", 200),
        ("plan_reporter", 200),
        ("data_steward", 403),
    ],
)
def test_who_opens_the_office_pages(keeper, as_role, role, expected):
    open_by_form(keeper)
    client = as_role(role)
    for name, more in (
        ("desk", []),
        ("overview", [CODE]),
        ("item", [CODE, "output"]),
        ("agenda", [CODE]),
        ("survey-keep", [CODE]),
    ):
        assert client.get(reverse(f"assessment-{name}", args=more)).status_code == expected, name
    assert open_by_form(client).status_code == 403


def test_unknown_addresses_are_not_found(keeper, client):
    open_by_form(keeper)
    for name, more in (
        ("overview", ["nothing-2020"]), ("item", [CODE, "nothing"]), ("score", [CODE, "nothing"]), ("agenda", ["x-1"]),
        ("survey-keep", ["x-1"]),
    ):  # fmt: skip
        assert keeper.get(reverse(f"assessment-{name}", args=more)).status_code == 404, name
    for address in (f"/penilaian/{CODE}", f"/penilaian/{CODE}.csv", "/penilaian/survei/nothing", "/penilaian/x"):
        assert client.get(address).status_code == 404, address
    assert keeper.post(reverse("assessment-interview", args=[CODE, 99]), {"answers": "x"}).status_code == 404
    missing = "00000000-0000-0000-0000-000000000000"
    assert keeper.post(reverse("assessment-evidence", args=[missing]), {"reason": "x"}).status_code == 404


def test_opening_twice_and_nonsense_are_explained(keeper):
    open_by_form(keeper)
    again = open_by_form(keeper)
    assert again.status_code == 422
    assert "sudah punya penilaian" in again.content.decode()
    for bad in ({"instrument": "x 1"}, {"year": "besok"}, {"agency": "nobody"}, {"due_on": "2026-99-99"}):
        answer = open_by_form(keeper, **{"year": 2027} | bad)
        assert answer.status_code == 422, bad
    assert Assessment.objects.count() == 1


def test_the_agenda_keeps_what_was_typed(keeper, as_role):
    open_by_form(keeper)
    address = reverse("assessment-agenda", args=[CODE])
    form = {"starts_at": "2026-12-01T09:00", "place": "Balai Kota", "agency": "pupr", "questions": "Apa hasilnya?"}
    refused = keeper.post(address, form | {"starts_at": "besok"})
    assert refused.status_code == 422
    assert "Apa hasilnya?</textarea>" in refused.content.decode()
    keeper.post(address, form)
    assessor = as_role("assessor")
    page = assessor.get(address).content.decode()
    assert "09.00" in page
    interview = Assessment.objects.get().interviews.get()
    one = reverse("assessment-interview", args=[CODE, interview.pk])
    assessor.post(one, {"revision": 1, "questions": "Apa hasilnya?", "answers": "Banjir berkurang."})
    late = keeper.post(one, {"revision": 1, "questions": "x", "answers": "Kalimat yang terlambat"})
    assert late.status_code == 409
    assert "Kalimat yang terlambat</textarea>" in late.content.decode()
    assert "Banjir berkurang." in late.content.decode()
    gone = keeper.post(one, {"revision": 2, "cancel": "1", "reason": "Hujan deras"}, follow=True).content.decode()
    assert "Hujan deras" in gone
