"""Pages as people use them: a phone without JavaScript, the counter, the desk with two clerks."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tepian.kernel.audit.models import AuditEntry
from tepian.toolkit.tests.photos import JPEG

from .. import queries, states
from ..models import Request
from .conftest import KK, RT, WARD, approve, fresh, send

pytestmark = pytest.mark.django_db
WHO = {"nik": "9901014503900001", "kk": KK, "born_on": "5-3-1990"}


@pytest.fixture
def clerk(as_role):
    return as_role("ward_clerk", scope="region", code=WARD, username="petugas")


def begun(client: Client, kind: str = "sktm", prefix: str = "") -> str:
    """The address of the first question."""
    answer = client.post(f"{prefix}/surat/{kind}/mulai", WHO)
    assert answer.status_code == 303
    return client.get(answer.headers["Location"]).headers["Location"]


def go_on(client: Client, address: str, **given):
    page = client.get(address)
    assert page.status_code == 200, address
    revision = re.search(r'name="revision" value="(\d+)"', page.content.decode())
    return client.post(address, given | ({"revision": revision[1]} if revision else {}))


def test_from_the_list_to_the_receipt_one_question_a_page(people, client):
    assert b"SKTM" in client.get("/surat", {"q": "miskin"}).content
    assert b"tidak ada surat" in client.get("/surat", {"q": "paspor"}).content.lower()
    assert b"Permohonan Cerai" in client.get("/surat", {"q": "cerai"}).content
    start = client.get("/surat/sktm").content.decode()
    assert "Rp0" in start
    assert "ketua RW" in start
    address = begun(client)
    assert address.endswith("/for_whom")
    empty = go_on(client, address)
    assert empty.status_code == 422
    assert "<title>Galat:" in empty.content.decode()
    for given in (
        {"for_whom": "family"},
        {"member": str(people.father.pk)},
        {"income": "1.200.000"},
        {"dependants": "3"},
    ):
        answer = go_on(client, address, **given)
        assert answer.status_code == 303, answer.content.decode()
        address = answer.headers["Location"]
    wrong = go_on(client, address, purpose="x" * 200)
    assert wrong.status_code == 422
    assert "x" * 150 in wrong.content.decode()  # what was typed stays
    address = go_on(client, address, purpose="beasiswa").headers["Location"]
    assert address.endswith("/berkas-house")
    assert client.post(address, {}).status_code == 422
    svg = SimpleUploadedFile("rumah.jpg", b"<svg onload='x'/>", "image/jpeg")
    assert client.post(address, {"file": svg}).status_code == 422
    address = client.post(address, {"file": SimpleUploadedFile("rumah.jpg", JPEG, "image/jpeg")}).headers["Location"]
    last = client.get(address).content.decode()
    assert "beasiswa" in last
    assert WHO["nik"] not in last  # masked after entry
    back = re.search(r'href="([^"]*/income)\?ubah"', last)
    assert go_on(client, f"{back[1]}?ubah", income="900000").headers["Location"] == address
    sent = go_on(client, address, contact="")
    row = Request.objects.get()
    own = sent.headers["Location"]
    assert own == f"/surat/permohonan/{row.code}/{row.secret}"
    receipt = client.get(own)
    assert row.code in receipt.content.decode()
    assert "<svg" in receipt.content.decode()
    assert receipt.headers["Referrer-Policy"] == "same-origin"
    assert client.post(address, {"revision": "1"}).headers["Location"] == own  # sent twice
    status = client.get(f"/lacak/{row.code.lower()}", follow=True).content.decode()
    assert "ketua RT" in status
    assert "Siti" not in status
    english = client.get(f"/en/surat/status/{row.code}").content.decode()
    assert "the chair of the RT" in english
    again = client.post("/surat/sktm/mulai", WHO)
    assert again.status_code == 409
    assert row.code in again.content.decode()


def test_the_same_answer_for_nobody_and_for_a_wrong_card(people, client):
    pages = set()
    for wrong in ({"nik": "9901014503900099"}, {"kk": "9901010101200002"}, {"born_on": "6-3-1990"}):
        answer = client.post("/surat/sktm/mulai", WHO | wrong)
        assert answer.status_code == 422
        pages.add(re.sub(r'value="[^"]*"', "", answer.content.decode()))
    assert len(pages) == 1
    short = client.post("/surat/sktm/mulai", WHO | {"nik": "990101450390000"}).content.decode()
    assert "16" in short
    assert "15" in short
    row = send(people.siti)
    for address in (
        f"/surat/permohonan/{row.code}/{'0' * 32}", f"/surat/permohonan/{row.code}/é", "/surat/permohonan/M-XXXXXX-X/a",
        "/surat/status/M-XXXXXX-X", f"/surat/permohonan/{row.code}/{row.secret}/surat.pdf", "/surat/kosong",
    ):  # fmt: skip
        assert client.get(address).status_code == 404, address


def test_two_windows_on_one_question(people, client):
    address = begun(client)
    go_on(client, address, for_whom="self")
    late = client.post(address, {"for_whom": "family", "revision": "1"})
    assert late.status_code == 409
    assert re.search(r'value="family"[^>]*checked', late.content.decode())  # what was chosen stays
    assert Request.objects.get().answers == {"for_whom": "self"}


def test_the_desk_asks_no_more_for_more_requests(people, clerk):
    def asked() -> int:
        clerk.get("/kerja/kelurahan")
        with CaptureQueriesContext(connection) as queries_:
            assert clerk.get("/kerja/kelurahan").status_code == 200
        return len(queries_)

    approve_rt(send(people.siti))
    one = asked()
    approve_rt(send(people.father))
    approve_rt(approve_rt(send(people.father, "sktm")))
    assert asked() == one


def test_an_applicant_takes_it_back(people, client):
    row = send(people.siti)
    own = f"/surat/permohonan/{row.code}/{row.secret}"
    client.post(f"{own}/batal", {"revision": row.revision})
    assert fresh(row).state == states.CANCELLED
    assert client.get(own).status_code == 200


def test_the_desk_of_a_ward_shows_nothing_of_another(people, clerk, as_role):
    mine, theirs = send(people.siti), send(people.budi)
    elsewhere = as_role("ward_clerk", scope="region", code="99.01.01.1002", username="lain")
    approve_rt(mine)
    for who, sees, hides in ((clerk, mine, theirs), (elsewhere, theirs, mine)):
        for address in (
            "/kerja/kelurahan?daftar=semua",
            "/kerja",
            "/kerja/tugas",
            "/cari?q=Siti",
            "/api/v1/ward-letters/queue",
        ):
            assert hides.code not in who.get(address).content.decode()
        assert sees.code in who.get("/kerja/kelurahan?daftar=semua").content.decode()
        assert who.get(f"/kerja/kelurahan/{hides.code}").status_code == 404
        assert who.post(f"/kerja/kelurahan/{hides.code}/langkah", {"act": "setuju"}).status_code == 404
        assert who.get(f"/kerja/kelurahan/loket/{hides.code}").status_code == 404
        assert hides.code not in who.get(f"/lacak/{hides.code}", follow=False).headers.get("Location", "/kerja").replace(
            f"/surat/status/{hides.code}", ""
        )  # fmt: skip
    assert as_role("viewer", username="tamu").get("/kerja/kelurahan").status_code == 403
    assert Client().get("/kerja/kelurahan").status_code == 302


def approve_rt(row):
    from tepian.kernel.actors import system

    return approve(system("tests"), row)


def test_a_clerk_decides_with_one_key_and_the_slower_one_keeps_the_words(people, clerk, as_role):
    row = approve_rt(send(people.siti, "sktm"))
    row = approve_rt(row)
    page = clerk.get(f"/kerja/kelurahan/{row.code}").content.decode()
    for key in ("S", "P", "T", "1"):
        assert f'data-key="{key}"' in page
    assert "9901014503900001" in page  # the clerk sees the number; the look is in the record
    assert AuditEntry.objects.filter(operation="audit.view", subject_id=row.code).exists()
    photo = re.search(r'src="(/berkas/[^"]+)"', page)
    assert clerk.get(photo[1]).status_code == 200
    second = as_role("ward_clerk", scope="region", code=WARD, username="petugas2")
    assert "petugas" in second.get(f"/kerja/kelurahan/{row.code}").content.decode()
    act = f"/kerja/kelurahan/{row.code}/langkah"
    given = {"act": "perbaiki", "sentence": "foto-kabur", "revision": row.revision}
    assert clerk.post(act, given).status_code == 302
    late = second.post(
        act, {"act": "tolak", "reason": "Alamat tidak cocok", "basis": "UU 24", "revision": row.revision}
    )
    assert late.status_code == 409
    row = fresh(row)
    assert row.state == states.RETURNED
    assert "tidak terbaca" in row.reason


def test_words_of_the_slower_clerk_stay_in_the_form(people, clerk):
    row = approve_rt(send(people.siti))
    old = row.revision
    Request.objects.filter(pk=row.pk).update(revision=old + 1)  # a colleague was here
    late = clerk.post(
        f"/kerja/kelurahan/{row.code}/langkah", {"act": "tolak", "reason": "Alamat tidak cocok", "revision": old}
    )
    assert late.status_code == 409
    assert "Alamat tidak cocok" in late.content.decode()


def test_a_chair_of_an_rt_sees_no_numbers_and_no_papers(people, as_role):
    row = send(people.siti, "sktm")
    chair = as_role("neighbourhood_head", scope="region", code=RT, username="pak-rt")
    page = chair.get(f"/kerja/kelurahan/{row.code}").content.decode()
    assert "Siti" in page
    assert "9901014503900001" not in page
    assert KK not in page
    assert "/berkas/" not in page
    assert chair.get(f"/berkas/{row.papers.get().file}").status_code == 404
    assert (
        chair.post(f"/kerja/kelurahan/{row.code}/langkah", {"act": "setuju", "revision": row.revision}).status_code
        == 302
    )
    assert fresh(row).step == states.RW
    assert chair.get(f"/kerja/kelurahan/{row.code}").status_code == 404  # no business of the RT any more


def test_at_the_counter_without_a_phone(people, clerk):
    assert clerk.get("/kerja/kelurahan/loket").status_code == 200
    nobody = clerk.post("/kerja/kelurahan/loket", {"kind": "domisili", "nik": "9901010107800003"})  # of another ward
    assert nobody.status_code == 422
    made = clerk.post("/kerja/kelurahan/loket", {"kind": "domisili", "nik": "9901 0145 0390 0001"})
    address = made.headers["Location"]
    page = clerk.get(address).content.decode()
    revision = re.search(r'name="revision" value="(\d+)"', page)[1]
    wrong = clerk.post(address, {"revision": revision, "address_right": "yes"})
    assert wrong.status_code == 422
    given = {"revision": revision, "address_right": "yes", "purpose": "bank", "stay_since": ""}
    given["berkas-house"] = SimpleUploadedFile("rumah.jpg", JPEG, "image/jpeg")
    sent = clerk.post(address, given)
    assert sent.status_code == 302, sent.content.decode()
    row = Request.objects.get()
    assert (row.state, row.channel, row.papers.count()) == (states.WAITING, states.COUNTER, 1)
    receipt = clerk.get(sent.headers["Location"]).content.decode()
    assert row.code in receipt
    assert f"/lacak/{row.code}" in receipt


def test_programs_read_kinds_their_own_request_and_the_queue(people, clerk, client):
    kinds = {each["code"]: each for each in client.get("/api/v1/ward-letters/kinds").json()}
    assert set(kinds) >= {
        "domisili", "sktm", "usaha", "belum-menikah", "pindah", "kelahiran", "kematian", "tanah",
    }  # fmt: skip
    assert kinds["tanah"]["steps"] == ["rt", "rw", "clerk", "inspection", "head", "district"]
    row = send(people.siti)
    found = client.get(f"/api/v1/ward-letters/requests/{row.code}").json()
    assert (found["code"], found["state"], found["answers"]) == (row.code, "waiting", None)
    own = client.get(f"/api/v1/ward-letters/requests/{row.code}", headers={"X-Request-Secret": row.secret}).json()
    assert own["answers"]["purpose"] == "membuka rekening"
    wrong = client.get(f"/api/v1/ward-letters/requests/{row.code}", headers={"X-Request-Secret": "guess"})
    assert wrong.status_code == 404
    assert clerk.get("/api/v1/ward-letters/queue").json() == []
    approve_rt(row)
    assert [each["code"] for each in clerk.get("/api/v1/ward-letters/queue").json()] == [row.code]
    assert client.get("/api/v1/ward-letters/queue").status_code in (401, 403)
    assert queries.clean_code(row.code.replace("-", "").lower()) == row.code
