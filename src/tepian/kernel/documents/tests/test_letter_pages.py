"""The pages on which the city writes its letters, and what programs read of them."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pypdf
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from tepian.kernel.actors import system
from tepian.kernel.catalogue.city import today
from tepian.kernel.documents import letters, numbering
from tepian.kernel.documents.letters import keeping
from tepian.kernel.documents.models import LetterTemplate, LetterVersion

TEXTS = "/kerja/kelola/surat"
WRITE = {"layout": "statement", "title": "SURAT BUKTI", "text": "Bahwa {name} ada.\n\n| Untuk | {purpose?}"}
FIELDS = "name* | Nama | Name | Contoh Warga\npurpose | Keperluan"


def test_a_letter_from_its_first_words_to_its_second_version(contoh, as_role):
    desk = as_role("administrator")
    asked = {"code": "bukti", "name": "Surat bukti", "name_en": "Proof", "fields_given": "name Nama"}
    assert "“name Nama”" in desk.post(f"{TEXTS}/baru", asked).content.decode()
    assert desk.post(f"{TEXTS}/baru", asked | {"code": "kop", "fields_given": FIELDS}).status_code == 422
    answer = desk.post(f"{TEXTS}/baru", asked | {"fields_given": FIELDS})
    assert answer["Location"] == f"{TEXTS}/bukti/naskah"
    refused = desk.post(f"{TEXTS}/bukti/naskah", WRITE | {"text": "Bahwa {nama} ada.", "revision": "0"})
    assert (
        refused.status_code == 422
        and "“nama”" in refused.content.decode()
        and "Bahwa {nama}" in refused.content.decode()
    )
    shown = desk.post(f"{TEXTS}/bukti/naskah", WRITE | {"preview": "1"})
    words = pypdf.PdfReader(io.BytesIO(shown.content)).pages[0].extract_text()
    assert (
        "Contoh Warga" in words
        and "CONTOH, BUKAN SURAT" in words
        and not LetterVersion.objects.filter(template__code="bukti")
    )
    assert desk.post(f"{TEXTS}/bukti/naskah", WRITE | {"revision": "0"})["Location"] == f"{TEXTS}/bukti/versi/1"
    page = desk.get(f"{TEXTS}/bukti/versi/1")
    assert page.status_code == 200 and "halaman-1.png" in page.content.decode()
    assert desk.get(f"{TEXTS}/bukti/versi/1/halaman-1.png").content.startswith(b"\x89PNG")
    assert desk.get(f"{TEXTS}/bukti/versi/1/halaman-9.png").status_code == 404
    assert desk.get(f"{TEXTS}/bukti/versi/1/contoh.pdf").content.startswith(b"%PDF")
    step = f"{TEXTS}/bukti/versi/1/langkah"
    past = desk.post(step, {"verb": "force", "revision": "1", "day": str(today() - timedelta(days=1))})
    assert past.status_code == 422 and not keeping.begun(LetterVersion.objects.get(template__code="bukti"))
    desk.post(step, {"verb": "force", "revision": "1", "day": str(today())})
    assert letters.template_on("bukti", today()).number == 1
    desk.post(f"{TEXTS}/bukti/naskah", WRITE | {"text": "Bahwa {name} sungguh ada.", "revision": "0"})
    second = desk.get(f"{TEXTS}/bukti/versi/2").content.decode()
    assert (
        "sungguh " in second.split("<ins>")[1].split("</ins>")[0]
        and "Bahwa" not in second.split("<ins>")[1].split("</ins>")[0]
    )
    assert "berlaku" in desk.get(f"{TEXTS}/bukti").content.decode()
    assert "rancangan" in desk.get(TEXTS).content.decode()
    changed = {"name": "Surat bukti", "name_en": "", "fields_given": "purpose | Keperluan", "revision": "1"}
    assert "“name”" in desk.post(f"{TEXTS}/bukti/ubah", changed).content.decode(), "a living text uses it"
    desk.post(f"{TEXTS}/bukti/ubah", changed | {"fields_given": f"{FIELDS}\nnote | Catatan"})
    assert [each["name"] for each in LetterTemplate.objects.get(code="bukti").fields] == ["name", "purpose", "note"]


def test_the_slower_of_two_editors_keeps_what_was_typed(contoh, as_role):
    keeping.add_template(actor=system("tests"), code="bukti", name="Surat", fields=[letters.Field("name", "Nama")])
    one, two = as_role("administrator"), as_role("registrar")
    one.post(f"{TEXTS}/bukti/naskah", WRITE | {"text": "Satu {name}", "revision": "0"})
    late = two.post(f"{TEXTS}/bukti/naskah", WRITE | {"text": "Dua {name}", "revision": "0"})
    assert late.status_code == 422 and "Dua {name}" in late.content.decode() and 'value="1"' in late.content.decode()
    assert keeping.draft_of(LetterTemplate.objects.get(code="bukti")).text == "Satu {name}"
    two.post(f"{TEXTS}/bukti/naskah", WRITE | {"text": "Dua {name}", "revision": "1"})
    assert keeping.draft_of(LetterTemplate.objects.get(code="bukti")).text == "Dua {name}"


def test_who_reads_and_who_writes(contoh, as_role, client):
    keeping.add_template(actor=system("tests"), code="bukti", name="Surat")
    clerk = as_role("ward_clerk", scope="region", code="99.01.01.1001")
    assert clerk.get(TEXTS).status_code == 200 and clerk.get(f"{TEXTS}/bukti/naskah").status_code == 403
    limited = as_role("registrar", scope="region", code="99.01.01.1001")
    assert limited.post(f"{TEXTS}/bukti/naskah", WRITE | {"text": "x"}).status_code == 403
    assert as_role("call_taker").get(TEXTS).status_code == 403
    assert client.get(TEXTS).status_code == 302
    assert client.get("/api/v1/letter-texts").status_code == 401
    assert clerk.get(f"{TEXTS}/nothing").status_code == 404


def test_heads_of_offices_and_the_emblem(contoh, as_role):
    desk = as_role("administrator")
    office = "ward-99.01.01.1001"
    sent = {
        "lines": "KOTA\nKELURAHAN TEPI",
        "address": "Jl. Tepian 1",
        "contact": "",
        "number_code": "KEL/TS",
        "revision": "1",
    }
    assert desk.post(f"{TEXTS}/kop/{office}", sent).status_code == 422
    desk.post(f"{TEXTS}/kop/{office}", sent | {"number_code": "KEL-TS"})
    assert desk.post(f"{TEXTS}/kop/{office}", sent | {"number_code": "KEL-TS"}).status_code == 422, (
        "somebody was faster"
    )
    svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h7v7z"/></svg>'
    for content, status in ((b"<html>", 422), (svg.encode(), 302)):
        file = SimpleUploadedFile("lambang.svg", content)
        kept = desk.post(f"{TEXTS}/kop/kota", {"lines": "", "revision": "1", "emblem": file})
        assert kept.status_code == status
    assert letters.head_of(office) == letters.Head(
        ("KOTA", "KELURAHAN TEPI"),
        "Jl. Tepian 1",
        "",
        svg,
        "Ward office Riverside",
        letters.head_of(office).above,
        "Contoh",
    )
    listed = desk.get(f"{TEXTS}/kop").content.decode()
    assert "KELURAHAN TEPI" in listed and "KEL-TS" in listed
    desk.post(f"{TEXTS}/kop/kota", {"lines": "", "revision": "2", "no_emblem": "on"})
    assert letters.head_of(office).emblem == ""
    assert desk.get(f"{TEXTS}/kop/none").status_code == 404


def test_the_register_of_numbers_shows_each_reader_their_offices(contoh, as_role):
    rule = "{number:03d}/{office}/{year}"
    for office, subject in (("ward-99.01.01.1001", "letter/a"), ("ward-99.01.01.1002", "letter/=b")):
        with transaction.atomic():
            numbering.take(series="letters", office=office, on=date(2026, 11, 27), rule=rule, subject=subject)
    numbering.cancel(actor=system("tests"), subject="letter/a", reason="Salah orang")
    clerk = as_role("ward_clerk", scope="region", code="99.01.01.1001").get(f"{TEXTS}/nomor").content.decode()
    assert "001/01.1001/2026" in clerk and "Salah orang" in clerk and "1002" not in clerk
    desk = as_role("administrator")
    series = numbering.number_of("letter/=b").series_id
    assert "001/01.1002/2026" in desk.get(f"{TEXTS}/nomor?deret={series}").content.decode()
    table = desk.get(f"{TEXTS}/nomor?deret={series}&bentuk=csv").content.decode("utf-8-sig")
    assert table.splitlines() == ["number,date,subject,cancelled", "001/01.1002/2026,2026-11-27,letter/=b,"]
    assert desk.get(f"{TEXTS}/nomor?deret=x").status_code == 200


def test_programs_read_what_is_in_force(contoh, as_role):
    row = keeping.add_template(
        actor=system("tests"), code="bukti", name="Surat", fields=[letters.Field("name", "Nama")]
    )
    reader = as_role("auditor")
    assert reader.get("/api/v1/letter-texts/bukti").status_code == 404
    keeping.save_draft(actor=system("tests"), template=row, revision=0, **(WRITE | {"text": "{name}"}))
    keeping.put_in_force(actor=system("tests"), template=row, revision=1, day=today())
    found = reader.get("/api/v1/letter-texts/bukti").json()
    assert found["text"]["text"] == "{name}" and found["fields"][0]["name"] == "name"
    tomorrow = (timezone.localdate() + timedelta(days=2)).isoformat()
    assert any(each["code"] == "bukti" for each in reader.get(f"/api/v1/letter-texts?on={tomorrow}").json())
    gone = reader.get("/api/v1/letter-texts/bukti?on=2020-01-01")
    assert gone.status_code == 404 and gone.json()["code"] == "none_in_force"
