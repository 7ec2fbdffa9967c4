"""The register's pages: a purpose first, one's own ward only, and everything that a clerk and the registry do in them."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue.city import today

from .. import duplicates, operations
from ..models import Correction, DuplicatePair, Resident
from ..numbers import masked
from .test_register import HILLTOP, REGISTRY, RIVERSIDE, somebody

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]
HOME = "/kerja/kelurahan/warga"


@pytest.fixture
def clerk(as_role: Any) -> Any:
    client = as_role("ward_clerk", scope="region", code="99.01.01.1001")
    client.post(f"{HOME}/tujuan", {"purpose": "counter"})
    return client


@pytest.fixture
def registrar(as_role: Any) -> Any:
    client = as_role("registrar")
    client.post(f"{HOME}/tujuan", {"purpose": "registry"})
    return client


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def search(client: Any, **typed: str) -> Any:
    return client.post(HOME, typed, follow=True)


def looks_at(resident: Resident) -> list[str]:
    seen = AuditEntry.objects.filter(operation="audit.view", subject_type="resident", subject_id=str(resident.pk))
    return list(seen.order_by("position").values_list("purpose", flat=True))


def test_nothing_is_shown_before_the_purpose_is_said(as_role: Any) -> None:
    found = somebody()
    client = as_role("ward_clerk", scope="region", code="99.01.01.1001")
    for address in (HOME, f"{HOME}/{found.pk}"):
        asked = client.get(address)
        assert asked.status_code == 302 and "/tujuan?" in asked["Location"]
    assert client.post(f"{HOME}/tujuan", {}).status_code == 422
    assert client.post(f"{HOME}/tujuan", {"purpose": "curiosity"}).status_code == 422
    back = client.post(f"{HOME}/tujuan", {"purpose": "letter", "lanjut": f"{HOME}/{found.pk}"})
    assert back["Location"] == f"{HOME}/{found.pk}" and looks_at(found) == []
    assert "Siti Aminah" in text_of(client.get(f"{HOME}/{found.pk}")) and looks_at(found) == ["letter"]
    for elsewhere in ("https://example.org/", "//example.org", "/keluar", f"{HOME}evil"):
        sent = client.post(f"{HOME}/tujuan", {"purpose": "aid", "lanjut": elsewhere})
        assert sent["Location"] == HOME
    session = client.session
    session["residents.purpose"] = {"purpose": "letter", "on": (today() - timedelta(days=1)).isoformat()}
    session.save()
    assert client.get(HOME).status_code == 302, "another day asks anew"


def test_a_name_leads_to_its_card_and_no_address_holds_it(clerk: Any) -> None:
    found = somebody()
    relative = somebody(2, name="Budi Santoso", sex="L", born_on=date(1971, 7, 7))
    Resident.objects.filter(pk=relative.pk).update(family=found.family)
    listed = search(clerk, who="sti aminnah", born_on="1990-05-01")
    assert listed.redirect_chain == [(HOME, 302)], "the name is kept out of addresses"
    said = text_of(listed)
    assert "Siti Aminah" in said and masked(found.nik) in said and found.nik not in said and "% mirip" in said
    card = text_of(clerk.get(f"{HOME}/{found.pk}"))
    for shown in (found.nik, "Jl. Anggrek 1", "Budi Santoso", "Siapa yang melihat data ini"):
        assert shown in card
    assert "ward_clerk" in card, "the search before stands among those who looked"
    assert looks_at(found) == ["counter", "counter"] and looks_at(relative) == ["counter"]


@pytest.mark.parametrize("written", ["{nik}", " {a} {b} ", "{a}.{b}"])
def test_a_nik_however_it_is_spaced_opens_the_person(clerk: Any, written: str) -> None:
    found = somebody()
    opened = search(clerk, who=written.format(nik=found.nik, a=found.nik[:6], b=found.nik[6:]))
    assert opened.redirect_chain[-1] == (f"{HOME}/{found.pk}", 302) and found.nik in text_of(opened)


def test_a_family_cards_number_shows_the_family(clerk: Any) -> None:
    found = somebody()
    said = text_of(search(clerk, who=found.family.kk))  # type: ignore[union-attr]
    assert "Dalam kartu keluarga ini" in said and "Siti Aminah" in said


def test_another_ward_is_nobody_by_number_name_address_and_card(clerk: Any) -> None:
    theirs = somebody(region=HILLTOP)
    for typed in (
        {"who": theirs.nik}, {"who": theirs.family.kk}, {"who": "Siti Aminah"}, {"address": "Anggrek"},  # type: ignore[union-attr]
    ):  # fmt: skip
        answer = search(clerk, **typed)
        assert "Tidak ada yang ditemukan" in text_of(answer) and f"{HOME}/{theirs.pk}" not in answer.content.decode()
    for address in ("", "/koreksi"):
        assert clerk.get(f"{HOME}/{theirs.pk}{address}").status_code == 404
    assert clerk.get(f"{HOME}/{10**30}").status_code == 404
    assert looks_at(theirs) == []


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"who": " "}, "Tulis nama atau nomor"),
        ({"address": "", "ward": "99.01.01.1001"}, "Kata-kata nama jalan:"),
        ({"who": "99010145019000"}, "Anda menulis 14 angka"),
        ({"who": "Siti", "born_on": "1990-02-31"}, "Ini bukan tanggal"),
        ({"address": "Anggrek", "ward": ""}, "Kelurahan:"),
        ({"who": "x" * 121}, "120"),
    ],
)
def test_what_is_wrong_with_a_search_is_said_beside_it(registrar: Any, typed: dict[str, str], words: str) -> None:
    answer = search(registrar, **typed)
    assert answer.status_code == 422 and words in text_of(answer)


def test_pages_are_for_the_register_s_people(as_role: Any, client: Any) -> None:
    assert client.get(HOME).status_code == 302
    for role in ("viewer", "neighbourhood_head", "administrator"):
        assert as_role(role).get(HOME).status_code == 403
    clerk = as_role("ward_clerk", scope="region", code="99.01.01.1001")
    for address in ("baru", "ganda"):
        assert clerk.get(f"{HOME}/{address}").status_code == 403


NEW = {
    "kind": "move_in", "on": "2026-01-05", "basis": "475/7", "nik": "99 01 01 450190 0009", "kk": "9901010101120009",
    "name": "Dewi O'Neil", "sex": "P", "born_on": "1990-01-05", "born_in": "Kota Lain", "ward": "99.01.01.1001", "rt": "1",
    "street": "Jl. Kenanga 4", "relation": "1", "religion": "2",
}  # fmt: skip


def test_an_arrival_is_registered_once_with_its_day(registrar: Any) -> None:
    opened = registrar.post(f"{HOME}/baru", NEW, follow=True)
    made = Resident.objects.get(nik="9901014501900009")
    assert opened.redirect_chain[-1][0] == f"{HOME}/{made.pk}"
    assert (made.name, made.region.code, made.family and made.family.kk) == ("Dewi O'Neil", RIVERSIDE, NEW["kk"])
    assert "Pindah masuk kota" in text_of(opened) and "475/7" in text_of(opened)
    again = registrar.post(f"{HOME}/baru", NEW)
    assert again.status_code == 422 and "sudah ada" in text_of(again) and "Jl. Kenanga 4" in again.content.decode()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"nik": "99"}, "nik"), ({"ward": ""}, "ward"), ({"rt": "99"}, "ward"), ({"born_on": "2999-01-01"}, "born_on"),
     ({"kk": "12"}, "kk"), ({"kind": ""}, "kind")],
)  # fmt: skip
def test_a_wrong_field_is_told_beside_it_and_nothing_is_lost(
    registrar: Any, change: dict[str, str], field: str
) -> None:
    answer = registrar.post(f"{HOME}/baru", NEW | change)
    assert answer.status_code == 422 and answer.context["form"].errors[field]
    assert "Jl. Kenanga 4" in answer.content.decode() and not Resident.objects.exists()


def test_a_nik_that_says_otherwise_is_a_warning_only(registrar: Any) -> None:
    said = text_of(registrar.post(f"{HOME}/baru", NEW | {"sex": "L"}, follow=True))
    assert "NIK menunjukkan jenis kelamin lain" in said and Resident.objects.get().sex == "L"


def test_a_death_and_a_move_are_written_and_the_slower_is_told(registrar: Any) -> None:
    found = somebody()
    move = {"where": "here", "ward": "99.01.01.1002", "rt": "1", "street": "Jl. Mawar 2", "on": str(today()), "basis": "1",
            "revision": str(found.revision)}  # fmt: skip
    assert registrar.post(f"{HOME}/{found.pk}/pindah", move | {"ward": ""}).status_code == 422
    assert registrar.post(f"{HOME}/{found.pk}/pindah", move | {"where": "away"}).status_code == 422
    moved = text_of(registrar.post(f"{HOME}/{found.pk}/pindah", move, follow=True))
    assert "Jl. Mawar 2" in moved and "Jl. Anggrek 1" in moved and "Pindah di dalam kota" in moved
    death = {"on": str(today()), "basis": "474.3/9", "revision": str(found.revision)}
    late = registrar.post(f"{HOME}/{found.pk}/meninggal", death)
    assert late.status_code == 422 and "474.3/9" in late.content.decode() and Resident.objects.get().status == "living"
    registrar.post(f"{HOME}/{found.pk}/meninggal", death | {"revision": str(found.revision + 1)})
    assert Resident.objects.get().status == "dead"


def test_a_correction_goes_from_the_counter_to_the_registry(clerk: Any, registrar: Any) -> None:
    found = somebody()
    asked = f"{HOME}/{found.pk}/koreksi"
    assert "Nama ibu" in text_of(clerk.get(asked)) and clerk.get(f"{asked}?isian=nik").status_code == 404
    same = clerk.post(f"{asked}?isian=religion", {"wanted": "1", "reason": "Akta"})
    assert same.status_code == 422 and "sudah tertulis begini" in text_of(same)
    for _twice in range(2):
        clerk.post(f"{asked}?isian=religion", {"wanted": "2", "reason": "Akta baptis 12"})
    row = Correction.objects.get()
    assert (row.field, row.was, row.wanted) == ("religion", "1", "2")
    desk = text_of(clerk.get(f"{HOME}/koreksi"))
    assert "1 pembetulan menunggu" in desk and "Islam → Kristen" in re.sub(" +", " ", desk)
    assert clerk.get(f"{HOME}/koreksi/{row.key}").status_code == 403
    assert "Pembetulan diminta: Agama" in text_of(registrar.get("/kerja"))
    page = f"{HOME}/koreksi/{row.key}"
    assert "Akta baptis 12" in text_of(registrar.get(page))
    assert registrar.post(page, {"accept": "no", "answer": "", "revision": "1"}).status_code == 422
    refusal = registrar.post(page, {"accept": "no", "ready": "0", "answer": "Loket 2.", "revision": "9"})
    assert refusal.status_code == 422 and Correction.objects.get().state == "asked"
    registrar.post(page, {"accept": "yes", "answer": "", "revision": "1"})
    late = registrar.post(page, {"accept": "no", "answer": "Bukti kurang", "revision": "1"})
    assert late.status_code == 422 and "Bukti kurang" in late.content.decode(), "the slower one keeps what was typed"
    assert Resident.objects.get().religion == 2
    assert "dibetulkan" in text_of(clerk.get(f"{HOME}/{found.pk}"))


def test_a_refusal_takes_a_ready_sentence(registrar: Any) -> None:
    row = operations.ask_correction(actor=REGISTRY, resident=somebody(), field="mother", wanted="Ani", reason="Akta")
    registrar.post(f"{HOME}/koreksi/{row.key}", {"accept": "no", "ready": "0", "answer": "Loket 2.", "revision": "1"})
    row.refresh_from_db()
    assert row.state == "refused" and row.answer == "Akta belum ada. Mohon bawa akta asli ke Dukcapil. Loket 2."


def test_a_late_correction_is_on_top_and_red(registrar: Any) -> None:
    for serial in (1, 2):
        operations.ask_correction(
            actor=REGISTRY, resident=somebody(serial, name=f"Orang {serial}", street="Jl. 1"), field="mother",
            wanted="Aminah", reason="Akta",
        )  # fmt: skip
    Correction.objects.filter(resident__name="Orang 2").update(due_at=timezone.now() - timedelta(hours=1))
    page = registrar.get(f"{HOME}/koreksi").content.decode()
    assert page.index("Orang 2") < page.index("Orang 1") and page.count("tugas-danger") == 1
    other = registrar.get("/kerja").content.decode()
    assert other.count("Pembetulan diminta") == 2


def twice() -> DuplicatePair:
    somebody(1, mother="Aminah", street="Jl. Anggrek 1")
    somebody(2, name="Sti Aminah", mother="Aminah", street="Jl. Anggrek 1", born_on=date(1990, 5, 1))
    operations.note_duplicates(actor=REGISTRY, pairs=duplicates.of_days([date(1990, 1, 5)]))
    return DuplicatePair.objects.get()


def test_two_entries_are_compared_side_by_side_and_put_together_by_a_person(registrar: Any) -> None:
    pair = twice()
    listed = text_of(registrar.get(f"{HOME}/ganda"))
    assert "1 pasangan data" in listed and "hari dan bulan lahir tertukar" in listed and "nama ibu sama" in listed
    page = f"{HOME}/ganda/{pair.pk}"
    assert "berbeda" in text_of(registrar.get(page))
    assert registrar.post(page, {"verdict": "first", "why": "", "revision": "1"}).status_code == 422
    registrar.post(page, {"verdict": "first", "why": "Akta sama", "revision": "1"})
    late = registrar.post(page, {"verdict": "different", "why": "Kembar", "revision": "1"})
    assert late.status_code == 422
    other = Resident.objects.get(pk=pair.second_id)
    assert (other.status, other.merged_into_id) == ("merged", pair.first_id)
    led = text_of(registrar.get(f"{HOME}/{other.pk}"))
    assert "tercatat dua kali" in led.lower() and other.nik in led, "the entry keeps its number and its history"
    assert [card.resident for _match, card in operations.search_register(
        actor=REGISTRY, name="Siti Aminah", purpose="registry")] == [pair.first_id]  # fmt: skip
    registrar.post(page, {"why": "Ternyata kembar", "revision": "2"})
    other.refresh_from_db()
    assert (other.status, other.merged_into_id) == ("living", None)
    assert DuplicatePair.objects.get().state == "open"


def test_fictional_people_are_marked_everywhere(registrar: Any) -> None:
    Resident.objects.filter(pk=somebody().pk).update(fictional=True)
    found = Resident.objects.get()
    assert "fiktif" in text_of(search(registrar, who="Siti Aminah"))
    assert "fiktif: orang ini tidak ada" in text_of(registrar.get(f"{HOME}/{found.pk}"))
