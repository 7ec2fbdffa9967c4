"""The civil registry's web service: what it says, and that nothing is lost when it is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tepian.kernel.actors import Denied

from .. import registry
from ..adapters.simulator import Simulator
from ..adapters.web_service import WebService, read_answer
from ..models import Resident
from ..numbers import compose_nik
from .test_pages import HOME, NEW, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]
NIKS = [compose_nik("99.01.01", "P", date(1990, 1, 5), serial) for serial in range(1, 6)]


def person(nik: str, **told: Any) -> dict[str, Any]:
    return {
        "NIK": int(nik), "NO_KK": 9901010101120001, "NAMA_LGKP": "DEWI  LESTARI", "JENIS_KLMIN": "Perempuan",
        "TMPT_LHR": "KOTA LAIN", "TGL_LHR": "1990-01-05", "STAT_HBKEL": "KEPALA KELUARGA", "AGAMA": "ISLAM",
        "STATUS_KAWIN": "BELUM KAWIN", "PDDK_AKH": "DIPLOMA IV/STRATA I", "GOL_DARAH": "TIDAK TAHU",
        "NAMA_LGKP_AYAH": "BUDI", "NAMA_LGKP_IBU": "ANI", "ALAMAT": "JL. KENANGA 4", "NO_RT": 1, "NO_RW": 2,
        "NO_PROP": 99, "NO_KAB": 1, "NO_KEC": 1, "NO_KEL": 1001,
    } | told  # fmt: skip


@pytest.fixture
def service(settings: Any) -> Iterator[Simulator]:
    with Simulator({nik: person(nik) for nik in NIKS[:4]}) as simulator:
        settings.CIVIL_REGISTRY_URL, settings.CIVIL_REGISTRY_USER = simulator.url, "contoh"
        settings.CIVIL_REGISTRY_PASSWORD = "secret"
        yield simulator


@pytest.mark.parametrize(
    ("trouble", "code", "again"),
    [
        ("down", "registry_away", True), ("quota", "registry_quota", True), ("denied", "registry_refused", False),
        ("garbage", "registry_unclear", False), ("another", "registry_unclear", False),
    ],
)  # fmt: skip
def test_each_trouble_is_told_apart_and_the_form_keeps_what_was_typed(
    service: Simulator, as_role: Any, trouble: str, code: str, again: bool
) -> None:
    service.trouble = trouble
    port = registry.civil_registry()
    assert port is not None
    with pytest.raises(registry.Away) as away:
        port.find(NIKS[1])
    assert (away.value.code, away.value.again) == (code, again)
    page = as_role("registrar").post(f"{HOME}/baru", NEW | {"nik": NIKS[1], "tanya": "1"})
    assert str(away.value.message) in text_of(page) and "O&#x27;Neil" in page.content.decode()
    assert not Resident.objects.exists()


def test_a_nik_fills_the_form_in_and_what_the_service_does_not_know_stays(service: Simulator, as_role: Any) -> None:
    service.people[NIKS[0]].pop("ALAMAT")
    page = (
        as_role("registrar")
        .post(f"{HOME}/baru", {"nik": f" {NIKS[0]} ", "street": "Jl. Typed 9", "kind": "birth", "tanya": "1"})
        .content.decode()
    )
    assert "DEWI LESTARI" in page and "Jl. Typed 9" in page and 'value="1990-01-05"' in page
    nobody = as_role("registrar").post(f"{HOME}/baru", NEW | {"nik": NIKS[4], "tanya": "1"})
    assert "tidak mengenal NIK ini" in text_of(nobody)
    wrong = as_role("registrar").post(f"{HOME}/baru", NEW | {"nik": "12", "tanya": "1"})
    assert wrong.status_code == 422 and "Anda menulis 2 angka" in text_of(wrong)


def test_only_the_registry_asks_and_without_a_service_there_is_nobody_to_ask(actor_with: Any, as_role: Any) -> None:
    with pytest.raises(Denied):
        registry.ask_registry(actor=actor_with("ward_clerk"), nik=NIKS[0])
    assert registry.ask_registry(actor=actor_with("registrar"), nik=NIKS[0]) is None
    assert "Isi dari Dukcapil" not in text_of(as_role("registrar").get(f"{HOME}/baru"))


def test_the_password_never_travels_in_the_open() -> None:
    with pytest.raises(ValueError, match="https"):
        WebService("http://dukcapil.example/x", user="a", password="b")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"content":[]}', b'{"content":["x"]}', b'{"content":[{}]}', b"[" * 3000, b"\xff", b"1"],
)
def test_what_is_no_answer_is_unclear_and_no_crash(body: bytes) -> None:
    with pytest.raises(registry.Away) as away:
        read_answer(body, NIKS[0])
    assert away.value.code == "registry_unclear"


def test_a_place_that_is_half_told_is_no_place() -> None:
    row = read_answer(json.dumps({"content": [person(NIKS[0], NO_KEL="")]}).encode(), NIKS[0])
    assert row is not None and "region" not in row
