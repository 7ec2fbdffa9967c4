"""Files are kept once, checked against what they claim, and read only by those whom their subject allows."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import time
import tracemalloc
import uuid
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from tepian.kernel.actors import Actor, Invalid, NotFound, system
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.documents import access, operations, queries
from tepian.kernel.documents.content import clean_name
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.identity.models import Account

pytestmark = pytest.mark.django_db
SYSTEM = system("tests")


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Any) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.MEDIA_ROOT


@pytest.fixture
def subject() -> Iterator[str]:
    kind = f"kind{uuid.uuid4().hex[:8]}"
    access.allow(
        kind,
        lambda actor, file: actor.id == "budi" or (actor.kind == "anonymous" and file.subject_id == "open"),
        personal=True,
        purpose="tests.read",
    )
    yield kind
    access._readers.pop(kind)


def store_it(content: bytes, name: str, claimed: str = "", **options: Any) -> StoredFile:
    return operations.store_file(
        actor=SYSTEM,
        content=content,
        name=name,
        media_type=claimed,
        subject_type=options.pop("subject_type", "report"),
        subject_id="1",
        **options,
    )


def png(width: int = 4, height: int = 3, extra: bytes = b"") -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\0" + b"\x10" * (min(width, 8) * 3) for _ in range(min(height, 8))))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", rows)
        + chunk(b"IEND", b"")
        + extra
    )


def jpeg(width: int = 8, height: int = 8) -> bytes:
    return (
        b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
        + b"\xff\xc0\x00\x11\x08"
        + struct.pack(">HH", height, width)
        + b"\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
        + b"\xff\xda\x00\x08data\xff\xd9"
    )


def pdf(inside: bytes = b"", after: bytes = b"\n") -> bytes:
    return (
        b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n" + inside + b"trailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF" + after
    )


def office(main: str, parts: dict[str, bytes] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(main, "<main/>")
        for name, data in (parts or {}).items():
            archive.writestr(name, data)
    return buffer.getvalue()


def xlsx(parts: dict[str, bytes] | None = None) -> bytes:
    return office("xl/workbook.xml", parts)


def bomb(megabytes: int) -> bytes:
    """A small XLSX with a huge part, made without holding that part."""
    buffer = io.BytesIO(xlsx())
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("xl/sheet.xml", "w") as part:
        for _ in range(megabytes):
            part.write(b"0" * 1024 * 1024)
    return buffer.getvalue()


def pdf_of(stream: bytes, filters: str = "/FlateDecode") -> bytes:
    head = f"%PDF-1.7\n1 0 obj <</Filter {filters} /Length {len(stream)}>>\nstream\r\n"
    return head.encode() + stream + b"\nendstream endobj\ntrailer <<>>\n%%EOF\n"


def lying_xlsx() -> bytes:
    """A part that says it is small and unpacks to far more."""
    raw = bytearray(xlsx({"xl/sheet.xml": b"<x>" + b"A" * 3_000_000}))
    size = struct.pack("<I", 3_000_003)
    assert raw.count(size) == 2
    return bytes(raw.replace(size, struct.pack("<I", 5000)))


GOOD: list[tuple[str, bytes, str]] = [
    ("surat.pdf", pdf(), "application/pdf"),
    ("foto.png", png(), "image/png"),
    ("foto.JPG", jpeg(), "image/jpeg"),
    ("data.xlsx", xlsx({"xl/worksheets/sheet1.xml": b"<sheet/>" * 50}), ""),
    ("surat.docx", office("word/document.xml"), "application/octet-stream"),
    ("data.csv", "tinggi;waktu\n1,2;14.30\n".encode("utf-8-sig"), "application/vnd.ms-excel"),
    ("catatan.txt", b"hujan deras di hulu\r\n", "text/plain; charset=utf-8"),
    (
        "acak.pdf",
        pdf(b"5 0 obj<<>>stream\n" + b"\x00/JS \x01/JavaScript " + os.urandom(50) + b"\nendstream endobj\n"),
        "",
    ),
]


@pytest.mark.parametrize("name,content,claimed", GOOD, ids=[name for name, *_ in GOOD])
def test_ordinary_files_are_kept(name: str, content: bytes, claimed: str, store: Path) -> None:
    file = store_it(content, name, claimed)
    digest = hashlib.sha256(content).hexdigest()
    assert (file.sha256, file.size, file.name) == (digest, len(content), name)
    assert (store / digest[:2] / digest).read_bytes() == content
    assert queries.is_intact(file)
    with queries.open_file(file) as opened:
        assert opened.read() == content
    assert list((store / ".incoming").iterdir()) == []


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">%s</svg>'
BAD: list[tuple[str, bytes, str, str]] = [
    ("program.exe", b"MZ" + b"\0" * 50, "", "type_not_allowed"),
    ("gambar.svg", SVG % b"", "", "type_not_allowed"),
    ("palsu.pdf", png(), "application/pdf", "type_mismatch"),
    ("palsu.png", pdf(), "", "type_mismatch"),
    ("palsu.png", b"<html><script>alert(1)</script>", "image/png", "type_mismatch"),
    ("klaim.png", png(), "text/html", "type_mismatch"),
    ("surat.docx", xlsx(), "", "type_mismatch"),
    ("data.xlsx", b"PK\x03\x04" + b"\0" * 40, "", "damaged"),
    ("potong.pdf", pdf()[:-10], "", "damaged"),
    ("potong.png", png()[:-6], "", "damaged"),
    ("ekor.pdf", pdf(after=b"\n" + xlsx()), "", "two_in_one"),
    ("ekor.png", png(extra=b"PK\x05\x06"), "", "two_in_one"),
    ("ekor.jpg", jpeg() + xlsx(), "", "two_in_one"),
    ("js.pdf", pdf(b"2 0 obj<</S/JavaScript/JS(app.alert(1))>>endobj\n"), "", "active_content"),
    ("buka.pdf", pdf(b"2 0 obj<</S/Launch>>endobj\n"), "", "active_content"),
    ("makro.xlsx", xlsx({"xl/vbaProject.bin": b"x"}), "", "active_content"),
    (
        "entitas.xlsx",
        xlsx({"xl/sharedStrings.xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>'}),
        "",
        "active_content",
    ),
    ("utf16.xlsx", xlsx({"xl/sharedStrings.xml": "<!DOCTYPE a>".encode("utf-16")}), "", "active_content"),
    ("keluar.xlsx", xlsx({"../../etc/cron.d/x": b"x"}), "", "two_in_one"),
    ("besar.png", png(30_000, 30_000), "", "bomb"),
    ("besar.jpg", jpeg(60_000, 10), "", "bomb"),
    ("bom.xlsx", bomb(80), "", "bomb"),
    ("bom2.xlsx", bomb(5), "", "bomb"),
    ("bom.pdf", pdf_of(zlib.compress(b"0" * 70_000_000, 9)), "", "bomb"),
    ("bom2.pdf", pdf_of(zlib.compress(b"0" * 1000), "[/FlateDecode /FlateDecode]"), "", "bomb"),
    ("halaman.csv", b"<html><script>x</script>", "text/csv", "type_mismatch"),
    ("biner.txt", b"abc\0def", "", "type_mismatch"),
    ("kosong.txt", b"", "", "empty"),
]


@pytest.mark.parametrize("name,content,claimed,code", BAD, ids=[f"{name}-{code}" for name, _c, _m, code in BAD])
def test_bad_files_are_refused_and_leave_nothing(
    name: str, content: bytes, claimed: str, code: str, store: Path
) -> None:
    with pytest.raises(Invalid) as refused:
        store_it(content, name, claimed)
    assert refused.value.code == code
    assert name in str(refused.value.message) or code == "type_not_allowed"
    assert not StoredFile.objects.exists()
    assert [path for path in store.rglob("*") if path.is_file()] == []


def test_a_part_that_lies_about_its_size_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        store_it(lying_xlsx(), "bohong.xlsx")
    assert refused.value.code in {"bomb", "damaged"}


def test_bombs_are_refused_fast_and_without_eating_memory() -> None:
    content = bomb(300)
    tracemalloc.start()
    started = time.perf_counter()
    with pytest.raises(Invalid):
        store_it(content, "bom.xlsx")
    taken, (_now, peak) = time.perf_counter() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 0.3, taken  # the target is 0.1 s; a busy test machine that counts memory gets more
    assert peak < 50 * 1024 * 1024, peak


SVG_BAD = [
    b"<script>alert(1)</script>",
    b'<rect onload="x()"/>',
    b'<a href="javascript:alert(1)"><rect/></a>',
    b'<a xlink:href="https://jahat.example"><rect/></a>',
    b"<foreignObject><p/></foreignObject>",
    b"<style>@import url(https://jahat.example/x.css)</style>",
    b'<rect style="fill:url(https://jahat.example)"/>',
    b'<set attributeName="xlink:href" to="x"/>',
    b'<image href="data:text/html,x"/>',
    b'<rect><animate attributeName="href"/></rect>',
]


@pytest.mark.parametrize("inside", SVG_BAD)
def test_svg_with_anything_active_is_refused(inside: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        store_it(SVG % inside, "peta.svg", kinds=("svg",))
    assert refused.value.code == "active_content"


def test_svg_entities_are_refused_and_a_plain_drawing_is_kept() -> None:
    for evil in (b'<!DOCTYPE svg [<!ENTITY a "b">]>' + SVG % b"&a;", b'<?xml-stylesheet href="x"?>' + SVG % b""):
        with pytest.raises(Invalid):
            store_it(evil, "peta.svg", kinds=("svg",))
    good = SVG % b'<defs><path id="a" d="M0 0h1"/></defs><use href="#a"/><rect style="fill:url(#a)" width="2"/>'
    assert store_it(good, "peta.svg", "image/svg+xml", kinds=("svg",)).media_type == "image/svg+xml"


def test_size_limit_counts_what_arrives() -> None:
    upload = SimpleUploadedFile("besar.txt", b"a" * 3_000_000)
    with pytest.raises(Invalid) as refused:
        operations.store_file(
            actor=SYSTEM,
            content=upload,
            name="besar.txt",
            subject_type="report",
            subject_id=1,
            max_bytes=2 * 1024 * 1024,
        )
    assert refused.value.code == "too_large" and "2 MB" in str(refused.value.message)


def test_the_same_content_is_kept_once_and_swept_when_nobody_names_it(store: Path) -> None:
    first, second = store_it(b"sama\n", "a.txt"), store_it(b"sama\n", "b.txt")
    path = queries.path_of(first.sha256)
    later = time.time() + 2 * 24 * 3600
    operations.remove_file(actor=SYSTEM, file=first, reason="test")
    assert operations.sweep(later) == 0 and path.exists()
    operations.remove_file(actor=SYSTEM, file=second, reason="test")
    assert operations.sweep() == 0 and path.exists()  # young content may belong to a running transaction
    assert operations.sweep(later) == 1 and not path.exists()
    with pytest.raises(NotFound):
        queries.open_file(second)


def test_content_is_there_before_the_row_commits(store: Path) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        file = store_it(b"isi\n", "a.txt")
        assert queries.path_of(file.sha256).exists()
        raise RuntimeError
    assert not StoredFile.objects.exists()
    assert queries.path_of(file.sha256).exists()  # an orphan, swept a day later


def test_damage_on_disk_is_noticed() -> None:
    file = store_it(b"isi yang benar\n", "a.txt")
    path = queries.path_of(file.sha256)
    path.chmod(0o600)
    path.write_bytes(b"isi yang salah\n")
    assert not queries.is_intact(file)


@pytest.mark.parametrize(
    "raw,clean",
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\data\\laporan.pdf", "laporan.pdf"),
        ("gambar\u202egnp.exe.png", "gambargnp.exe.png"),
        ("a\r\nSet-Cookie: x.txt", "aSet-Cookie: x.txt"),
        ("", "berkas"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
    ],
)
def test_names_are_cleaned(raw: str, clean: str) -> None:
    assert clean_name(raw) == clean


def test_only_those_whom_the_subject_allows_may_read(subject: str) -> None:
    file = store_it(b"rahasia\n", "surat \u201cpenting\u201d.txt", subject_type=subject)
    client = Client()
    assert client.get(f"/berkas/{file.pk}").status_code == 404
    assert client.get(f"/berkas/{uuid.uuid4()}").status_code == 404
    budi = Account.objects.create(username="budi")
    client.force_login(budi)
    answer = client.get(f"/berkas/{file.pk}")
    assert answer.status_code == 200 and b"".join(answer.streaming_content) == b"rahasia\n"  # type: ignore[arg-type]
    assert (
        answer["Content-Disposition"].startswith("attachment;") and "filename*=utf-8''" in answer["Content-Disposition"]
    )
    assert answer["X-Content-Type-Options"] == "nosniff" and "sandbox" in answer["Content-Security-Policy"]
    assert "no-store" in answer["Cache-Control"]
    viewed = AuditEntry.objects.get(operation="audit.view", subject_type=subject)
    assert viewed.actor_id == "budi" and viewed.purpose == "tests.read"
    other = Client()
    other.force_login(Account.objects.create(username="sari"))
    assert other.get(f"/berkas/{file.pk}").status_code == 404
    assert client.post(f"/berkas/{file.pk}").status_code == 405


def test_what_nobody_speaks_for_nobody_reads() -> None:
    file = store_it(b"x\n", "x.txt", subject_type="unspoken")
    with pytest.raises(NotFound):
        queries.readable_file(Actor(kind="person", id="budi"), file.pk)


def test_every_refusal_speaks_indonesian() -> None:
    with pytest.raises(Invalid) as refused:
        store_it(pdf()[:-10], "potong.pdf")
    assert str(refused.value.message).startswith("Berkas potong.pdf rusak")
    assert django_settings.LANGUAGE_CODE == "id"


def test_many_readers_of_one_upload_stream(tmp_path: Path) -> None:
    reader: Callable[[], io.BytesIO] = lambda: io.BytesIO(b"aliran\n" * 1000)  # noqa: E731
    file = operations.store_file(actor=SYSTEM, content=reader(), name="a.txt", subject_type="report", subject_id=2)
    assert file.size == 7000 and queries.files_of("report", 2).get() == file
