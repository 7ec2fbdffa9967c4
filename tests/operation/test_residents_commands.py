"""The register by command: a fictional city made and loaded, people asked for at the registry's service, and doubles found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tepian.cli import app
from tepian.kernel.residents.adapters.simulator import Simulator
from tepian.kernel.residents.models import DuplicatePair, Resident
from tepian.kernel.residents.numbers import compose_nik

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]
NIKS = [compose_nik("99.01.01", "P", date(1990, 1, 5), serial) for serial in range(1, 6)]


def tepian(*arguments: Any) -> Any:
    return CliRunner().invoke(app, ["residents", *map(str, arguments)])


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


def fetch(path: Path, *niks: str, **options: int) -> Any:
    path.write_text("\n".join(niks), encoding="utf-8")
    return tepian("fetch", path, *(f"--{key.strip('_')}={value}" for key, value in options.items()))


def test_people_come_over_the_wire_as_lines_of_a_file_do(service: Simulator, tmp_path: Path) -> None:
    done = fetch(tmp_path / "a", NIKS[0], "", f"{NIKS[1][:6]} {NIKS[1][6:]}", NIKS[4], "12")
    assert done.exit_code == 2 and "created 2" in done.output and "unknown to the service 1, no NIK 1" in done.output
    made = Resident.objects.get(nik=NIKS[0])
    assert (made.name, made.sex, made.born_on, made.region.code) == (
        "DEWI LESTARI", "P", date(1990, 1, 5), "99.01.01.1001.RT001",
    )  # fmt: skip
    assert (made.relation, made.religion, made.marriage, made.education, made.blood) == (1, 1, 1, 8, 13)
    assert made.family is not None and made.family.kk == "9901010101120001"
    assert {key: asked for key, asked in service.asked[0].items() if key != "IP_USER"} == {
        "NIK": NIKS[0], "USER_ID": "contoh", "PASSWORD": "secret",
    }  # fmt: skip


def test_when_the_service_goes_away_what_came_before_is_kept(
    service: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = service.answer

    def two_then_none(asked: dict[str, Any]) -> tuple[int, bytes]:
        service.trouble = "down" if len(service.asked) > 2 else ""
        return answer(asked)

    monkeypatch.setattr(service, "answer", two_then_none)
    stopped = fetch(tmp_path / "a", *NIKS[:4])
    assert stopped.exit_code == 2 and "created 2" in stopped.output and "--from 3" in stopped.output
    assert Resident.objects.count() == 2
    monkeypatch.undo()
    service.trouble = ""
    done = fetch(tmp_path / "a", *NIKS[:4], from_=3)
    assert done.exit_code == 0 and "created 2" in done.output and Resident.objects.count() == 4


def test_without_a_service_there_is_nobody_to_ask(tmp_path: Path) -> None:
    done = fetch(tmp_path / "a", NIKS[0])
    assert done.exit_code == 1 and "TEPIAN_CIVIL_REGISTRY_URL" in done.output


def test_a_made_up_city_is_loaded_and_compared_with_itself(tmp_path: Path) -> None:
    city = tmp_path / "city.csv"
    assert tepian("generate", "--count", 80, "--seed", 4, "--out", city).exit_code == 0
    assert "would be created 80" in tepian("load", city, "--dry-run").output and not Resident.objects.exists()
    assert tepian("load", city, "--fictional").exit_code == 0
    assert Resident.objects.filter(fictional=True).count() == 80
    lines = city.read_text(encoding="utf-8").splitlines()
    nik = compose_nik("99.91.01", "L", date(1950, 2, 3), 9001)
    grown = next(line for line in lines[1:] if line.split(",")[15])
    city.write_text("\n".join([lines[0], nik + grown[16:]]), encoding="utf-8")
    assert tepian("load", city, "--fictional").exit_code == 0
    first, second = tepian("duplicates"), tepian("duplicates")
    assert "1 of them are new" in first.output and ", 0 of them are new" in second.output
    assert DuplicatePair.objects.filter(state="open").exists()
