"""The pages as a browser asks for them: the public check, the head's desk, keys."""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tepian.kernel.documents.queries import path_of
from tepian.kernel.identity.models import Account
from tepian.kernel.signatures import operations, pace, queries
from tepian.kernel.signatures.models import SignedDocument, SigningDelegation, SigningKey

from .conftest import NAME, NIK, PASSPHRASE, SYSTEM, Office, give_key


def signed_in(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    return client


def text_of(answer: Any) -> str:
    return answer.content.decode()


def upload(content: bytes, name: str = "surat.pdf") -> Any:
    file = io.BytesIO(content)
    file.name = name
    return Client().post("/surat/cek", {"berkas": file})


def test_the_public_checks_by_code_in_both_languages(office: Office, client: Client) -> None:
    office.room.put("a")
    code = office.sign("a")[0].code
    answer = client.get("/surat/cek", {"kode": code.lower().replace("-", " ")})
    assert answer.status_code == 302 and answer["Location"] == f"/surat/cek/{code}"
    page = text_of(client.get(f"/surat/cek/{code}"))
    assert 'data-state="valid"' in page and "001/2026" in page and "Lurah Tepi Sungai" in page and "S··· A·····" in page
    assert NAME not in page and NIK not in page and "jam sistem yang menandatangani" in page
    english = text_of(client.get(f"/en/surat/cek/{code}"))
    assert "This letter counts" in english
    assert client.get("/lacak", {"kode": code.lower()})["Location"] == f"/surat/cek/{code}"
    assert client.get("/surat/cek/S-2222222-2").status_code == 404
    assert client.get("/surat/cek", {"kode": "<script>"}).status_code == 422
    told = client.get(f"/api/v1/signatures/{code}").json()
    assert told["state"] == "valid" and told["level"] == "B-B" and NAME not in str(told) and NIK not in str(told)
    assert client.get("/api/v1/signatures/S-2222222-2").status_code == 404
    operations.revoke(actor=office.actor(), code=code, reason="forged")
    assert 'data-state="revoked"' in text_of(client.get(f"/surat/cek/{code}"))
    assert client.get(f"/api/v1/signatures/{code}").json()["reason"] == "forged"


def test_going_through_codes_is_stopped(office: Office, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "CODES", 3)
    answers = [client.get("/surat/cek/S-2222222-2").status_code for _ in range(4)]
    assert answers == [404, 404, 404, 429]
    assert client.get("/api/v1/signatures/S-2222222-2").status_code == 429


def bomb() -> bytes:
    """A PDF of some kilobytes whose table of objects unfolds to 64 megabytes."""
    packed = zlib.compress(b"\0" * (64 << 20), 9)
    head = b"%PDF-1.7\n"
    stream = (
        b"1 0 obj\n<< /Type /XRef /Size 2 /W [1 4 2] /Root 2 0 R /Filter /FlateDecode /Length "
        + str(len(packed)).encode()
        + b" >>\nstream\n"
        + packed
        + b"\nendstream\nendobj\n"
    )
    return head + stream + b"startxref\n" + str(len(head)).encode() + b"\n%%EOF\n"


def test_the_public_checks_the_file(office: Office, tmp_path: Path) -> None:
    office.room.put("a")
    document = SignedDocument.objects.get(code=office.sign("a")[0].code)
    original = path_of(document.sha256).read_bytes()
    assert queries.check_file(original).verdict == "same"
    page = text_of(upload(original))
    assert 'data-state="valid"' in page and "persis yang ditandatangani" in page
    changed = bytearray(original)
    changed[original.index(b"endstream") - 20] ^= 1
    page = text_of(upload(bytes(changed)))
    assert 'data-verdict="changed"' in page and document.code in page  # its code leads to the real one
    unsigned = office.room.render  # the draft, before its signature
    office.room.put("b")
    assert 'data-verdict="unsigned"' in text_of(upload(unsigned("b", "S-X", queries.signatories(office.actor())[0])))
    assert 'data-verdict="damaged"' in text_of(upload(b"<svg onload=alert(1)>", "surat.pdf"))
    assert queries.check_file(bomb()).verdict in {"too_much", "damaged"}
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.pdf_utils.writer import copy_into_new_writer

    locked, out = copy_into_new_writer(PdfFileReader(io.BytesIO(original))), io.BytesIO()
    locked.encrypt(owner_pass="rahasia", user_pass="rahasia")
    locked.write(out)
    assert 'data-verdict="encrypted"' in text_of(upload(out.getvalue()))
    assert Client().post("/surat/cek").status_code == 422


def test_the_head_reads_returns_and_signs(office: Office) -> None:
    office.room.put("a", "b", "c")
    client = signed_in(office.head)
    page = text_of(client.get("/kerja/tanda-tangan"))
    assert page.count('name="pilih"') == 3 and " checked" not in page
    page = text_of(client.get("/kerja/tanda-tangan/baca/letter/a"))
    assert "Lurah Tepi Sungai" in page and "/kerja/tanda-tangan/baca/letter/b" in page
    draft = client.get("/kerja/tanda-tangan/baca/letter/a/berkas")
    assert draft.content.startswith(b"%PDF-") and draft["X-Frame-Options"] == "SAMEORIGIN"
    assert client.get("/kerja/tanda-tangan/baca/letter/nowhere").status_code == 404
    answer = client.post("/kerja/tanda-tangan/baca/letter/b/kembalikan", {"reason": ""})
    assert answer.status_code == 422 and office.room.state("b") == "waiting"
    client.post("/kerja/tanda-tangan/baca/letter/b/kembalikan", {"reason": "Nama ibu salah"})
    assert office.room.state("b") == "returned"
    page = text_of(client.get("/kerja/tanda-tangan"))
    assert page.count(" checked") == 1 and page.count('name="pilih"') == 2
    wrong = client.post("/kerja/tanda-tangan", {"pilih": ["letter|a"], "passphrase": "bukan yang ini"})
    assert wrong.status_code == 422 and "bukan yang ini" not in text_of(wrong) and text_of(wrong).count(" checked") == 1
    done = client.post("/kerja/tanda-tangan", {"pilih": ["letter|a", "letter|c"], "passphrase": PASSPHRASE})
    assert text_of(done).count('data-outcome="signed"') == 2
    code = SignedDocument.objects.first().code  # type: ignore[union-attr]
    assert code in text_of(client.get("/kerja/tanda-tangan/selesai", {"cari": code}))
    page = text_of(client.get(f"/kerja/tanda-tangan/selesai/{code}"))
    assert "/berkas/" in page and NAME not in page
    client.post(f"/kerja/tanda-tangan/selesai/{code}", {"reason": "asked", "explanation": ""})
    assert queries.check(code).state == "revoked"  # type: ignore[union-attr]
    stranger = signed_in(Account.objects.create(username="orang-lain"))
    assert stranger.get(f"/kerja/tanda-tangan/selesai/{code}").status_code == 404
    assert stranger.get("/kerja/tanda-tangan/baca/letter/a/berkas").status_code in {403, 404}


def test_keys_are_offered_made_renewed_and_revoked(office: Office, as_role: Any) -> None:
    administrator = as_role("administrator")
    assert "lurah" in text_of(administrator.get("/kerja/kelola/tanda-tangan"))
    administrator.post("/kerja/kelola/tanda-tangan", {"account": "sekretaris"})
    secretary = signed_in(office.deputy)
    short = secretary.post("/kerja/tanda-tangan/kunci", {"passphrase": "pendek", "again": "pendek"})
    assert short.status_code == 422
    secretary.post("/kerja/tanda-tangan/kunci", {"passphrase": PASSPHRASE, "again": PASSPHRASE})
    key = queries.active_key(office.deputy.pk)
    assert key is not None and key.serial and PASSPHRASE.encode() not in bytes(key.closed_key or b"")
    fresh = "sungai lebar berkabut tipis"
    form = {"old_passphrase": PASSPHRASE, "passphrase": fresh, "again": fresh}
    wrong = secretary.post("/kerja/tanda-tangan/kunci", form | {"old_passphrase": "salah salah salah"})
    assert wrong.status_code == 422 and queries.active_key(office.deputy.pk) == key
    secretary.post("/kerja/tanda-tangan/kunci", form)
    renewed = queries.active_key(office.deputy.pk)
    assert renewed is not None and renewed.serial != key.serial
    administrator.post(f"/kerja/kelola/tanda-tangan/kunci/{renewed.pk}/cabut", {"reason": "left"})
    assert queries.active_key(office.deputy.pk) is None
    from cryptography import x509

    crl = x509.load_der_x509_crl(Client().get(f"/surat/daftar-pencabutan/{renewed.root_id}.crl").content)
    assert {f"{one.serial_number:x}" for one in crl} == {key.serial, renewed.serial}
    root = x509.load_pem_x509_certificate(Client().get("/surat/sertifikat-akar.pem").content)
    assert crl.is_signature_valid(root.public_key())  # type: ignore[arg-type]
    wanted = {"form": "an", "for_position": "ward.head", "by_position": "ward.secretary", "basis": "SK 7/2026"}
    assert administrator.post("/kerja/kelola/tanda-tangan/wakil", wanted | {"basis": ""}).status_code == 422
    administrator.post("/kerja/kelola/tanda-tangan/wakil", wanted)
    row = SigningDelegation.objects.get()
    assert queries.signatory_for(office.actor(office.deputy), "ward.head") is not None
    administrator.post(f"/kerja/kelola/tanda-tangan/wakil/{row.pk}/akhiri")
    assert queries.signatory_for(office.actor(office.deputy), "ward.head") is None
    assert SigningKey.objects.filter(account=office.head, state="active").exists()


def test_keys_end_with_the_last_position(office: Office, account_with: Any) -> None:
    from datetime import UTC, datetime, timedelta

    from tepian.kernel.identity.models import Holding
    from tepian.kernel.identity.operations import deactivate_account

    account_with("administrator")  # a city is never left without one
    give_key(office.deputy)
    assert operations.close_keys() == 0
    Holding.objects.filter(account=office.head).update(ends_at=datetime.now(UTC) - timedelta(seconds=1))  # by the clock
    deactivate_account(actor=SYSTEM, account=office.deputy)
    assert operations.close_keys() == 2 and operations.close_keys() == 0
    keys = SigningKey.objects.values_list("state", "revoke_reason", "closed_key")
    assert list(keys) == [("revoked", "left", None)] * 2
