"""City packs: the packs of this repository, and packs that are broken in every way a person breaks files."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from tepian.kernel.actors import Invalid, system
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue import packs
from tepian.kernel.catalogue.city import City, CityMiddleware, city_setting, city_timezone, current_city, today
from tepian.kernel.catalogue.models import CitySetting
from tepian.kernel.catalogue.packs import CityPack, PackError, check_pack, load_pack
from tepian.kernel.organisations.models import Agency
from tepian.kernel.regions import queries
from tepian.kernel.regions.models import Place, Region
from tepian.kernel.regions.operations import set_city_settings

ME = system("tests")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A copy of the fictional city's pack, to be broken."""
    return Path(shutil.copytree(packs.ROOT / "cities" / "contoh", tmp_path / "contoh"))


def change(file: str, old: str, new: str) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        text = (folder / file).read_text()
        assert old in text, f"{old!r} is not in {file}"
        (folder / file).write_text(text.replace(old, new, 1))

    return apply


def write(file: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / file).write_bytes(content) and None


@pytest.mark.django_db
@pytest.mark.parametrize("name", packs.pack_names())
def test_every_pack_of_the_repository_loads_and_the_second_time_changes_nothing(name: str) -> None:
    assert [problem for problem in check_pack(name) if problem.is_error] == []
    first = load_pack(name, ME)
    assert first.changes > 0 and current_city().pack == name and current_city().loaded
    entries = AuditEntry.objects.filter(subject_type__gt="", operation__regex=r"^(regions|organisations)\.").count()
    second = load_pack(name, ME)
    assert second.changes == 0, str(second)
    assert (
        AuditEntry.objects.filter(subject_type__gt="", operation__regex=r"^(regions|organisations)\.").count()
        == entries
    )
    assert len(str(second)) > 20


def test_there_are_the_packs_that_the_readme_promises() -> None:
    assert {"balikpapan", "contoh", "samarinda"} <= set(packs.pack_names())


@pytest.mark.django_db
def test_what_is_missing_is_told_as_a_notice() -> None:
    notices = [str(problem) for problem in check_pack("samarinda")]
    assert any("boundaries/" in line for line in notices) and any("RT" in line for line in notices)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (
            change(
                "regions.csv",
                "99.01.01.1002,9901010002,ward,Hilltop,99.01.01,",
                "99.01.01.1002,9901010002,ward,Hilltop,99.01.09,",
            ),
            ["regions.csv:6", "99.01.01.1002", "99.01.09"],
        ),
        (
            change("regions.csv", "99.01.02.1002,9901020002", "99.01.02.1001,9901020002"),
            ["regions.csv:10", "99.01.02.1001"],
        ),
        (change("regions.csv", "9901020002", "9901020001"), ["regions.csv:10", "9901020001"]),
        (change("regions.csv", "-0.4800,118.4700", "118.4700,-0.4800"), ["regions.csv:5", "99.01.01.1001"]),
        (change("regions.csv", "-0.4800,118.4700", "-0.48O0,118.4700"), ["regions.csv:5", "-0.48O0"]),
        (change("regions.csv", "-0.4800,118.4700", "nan,118.4700"), ["regions.csv:5"]),
        (change("regions.csv", "-0.4800,118.4700", ",118.4700"), ["regions.csv:5"]),
        (change("regions.csv", "-0.4800,118.4700", "-7.4800,110.4700"), ["regions.csv:5", "bbox"]),
        (change("regions.csv", ",ward,Hilltop", ",village,Hilltop"), ["regions.csv:6", "village"]),
        (change("regions.csv", ",ward,Hilltop", ",ward,"), ["regions.csv:6"]),
        (change("regions.csv", ",ward,Hilltop", ",ward,Hill, top"), ["regions.csv:6", "99.01.01.1002"]),
        (change("regions.csv", "2021-01-01", "1 Jan 2021"), ["regions.csv:8", "1 Jan 2021"]),
        (change("regions.csv", "level", "tingkat"), ["regions.csv:1", "level"]),
        (change("regions.csv", "99.01,9901,city", "99.07,9901,city"), ["regions.csv"]),
        (lambda folder: (folder / "regions.csv").unlink(), ["regions.csv"]),
        (
            write("regions.csv", "code,level,name,parent,lat,lon\n99.01,city,Kota \xe9,,,\n".encode("latin-1")),
            ["regions.csv:2", "UTF-8"],
        ),
        (write("regions.csv", b'code,level,name,parent,lat,lon\n99.01,city,"Kota\n'), ["regions.csv"]),
        (change("successions.csv", "99.01.01.1001.RT003", "99.01.01.1001.RT333"), ["successions.csv:2", "RT333"]),
        (change("successions.csv", "2024-01-01", "soon"), ["successions.csv:2", "soon"]),
        (
            change(
                "agencies.csv",
                "bpbd.pusdalops,Operations Control Centre,Pusdalops,bpbd",
                "bpbd.pusdalops,Operations Control Centre,Pusdalops,bnpb",
            ),
            ["agencies.csv:5", "bnpb"],
        ),
        (change("agencies.csv", "dinkes,", "bpbd,"), ["agencies.csv:7", "bpbd"]),
        (change("agencies.csv", "dinkes,", "Dinas Kesehatan,"), ["agencies.csv:7"]),
        (change("positions.toml", 'agency = "bpbd"', 'agency = "bnpb"'), ["positions.toml:", "bpbd.head", "bnpb"]),
        (
            change("positions.toml", 'role = "auditor"', 'role = "spy"'),
            ["positions.toml:", "inspektorat.auditor", "spy"],
        ),
        (
            change("positions.toml", 'code = "99.01.01.1001"', 'code = "99.01.01.9999"'),
            ["positions.toml", "99.01.01.9999"],
        ),
        (change("positions.toml", 'title = "Mayor"', 'title = ""'), ["positions.toml", "title"]),
        (change("positions.toml", 'code = "bpbd.head"', 'code = "mayor"'), ["positions.toml", "mayor"]),
        (change("positions.toml", "[[positions]]", "[[positions]"), ["positions.toml:3"]),
        (
            change("city.toml", 'timezone = "Asia/Makassar"', 'timezone = "Asia/Samarinda"'),
            ["city.toml:", "Asia/Samarinda"],
        ),
        (
            change(
                "city.toml", "bbox = [118.4300, -0.5800, 118.5700, -0.4200]", "bbox = [-0.58, 118.43, -0.42, 118.57]"
            ),
            ["city.toml:", "bbox"],
        ),
        (change("city.toml", 'name = "Kota Contoh"', 'title = "Kota Contoh"'), ["city.toml:", "title"]),
        (change("city.toml", 'name = "Kota Contoh"', "name = Kota Contoh"), ["city.toml:6"]),
        (change("places.csv", "99.01.01.1001", "99.01.01.7777"), ["places.csv:2", "99.01.01.7777"]),
        (change("places.csv", "-0.4790,118.4710", "95.0,118.4710"), ["places.csv:2", "Jalan Pangeran Contoh"]),
        (change("places.csv", "-0.4790,118.4710", ","), ["places.csv:2", "Jalan Pangeran Contoh"]),
    ],
)
def test_a_broken_pack_is_told_by_file_line_and_item_and_loads_nothing(
    pack: Path, spoil: Callable[[Path], None], told: list[str]
) -> None:
    spoil(pack)
    problems = [str(problem) for problem in check_pack(pack) if problem.is_error]
    assert problems
    assert any(all(word in line for word in told) for line in problems), "\n".join(problems)
    with pytest.raises(PackError) as refused:
        load_pack(pack, ME)
    assert told[0] in str(refused.value.message)
    assert not Region.objects.exists() and not Agency.objects.exists() and not CitySetting.objects.exists()
    assert not current_city().loaded


@pytest.mark.django_db
def test_a_fault_in_the_last_section_takes_everything_back(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tepian.kernel.catalogue import contributions

    def explode(*_args: object) -> dict[str, int]:
        raise Invalid("the last section failed", item="thing")

    last = contributions.PackSection("last", lambda pack: [], explode, order=999)
    monkeypatch.setitem(
        contributions._offers, contributions.PackSection, [*contributions._offers[contributions.PackSection], last]
    )
    with pytest.raises(PackError, match="the last section failed"):
        load_pack(pack, ME)
    assert not Region.objects.exists() and not current_city().loaded


@pytest.mark.django_db
def test_broken_boundaries_take_the_pack_back_and_swapped_ones_can_be_turned(pack: Path) -> None:
    (pack / "boundaries").mkdir()
    corner = "[[[-0.50,118.45],[-0.50,118.49],[-0.46,118.49],[-0.46,118.45],[-0.50,118.45]]]"
    shape = f'"geometry":{{"type":"Polygon","coordinates":{corner}}}'
    feature = f'{{"type":"Feature","properties":{{"code":"99.01.01.1001"}},{shape}}}'
    (pack / "boundaries" / "wards.geojson").write_text(f'{{"type":"FeatureCollection","features":[{feature}]}}')
    with pytest.raises(PackError, match="--swap"):
        load_pack(pack, ME)
    assert not Region.objects.exists()
    load_pack(pack, ME, swap=True)
    assert queries.find("99.01.01.1001").boundary_kind == "official"
    assert load_pack(pack, ME, swap=True).changes == 0


@pytest.mark.django_db
def test_a_changed_pack_changes_only_what_changed(pack: Path) -> None:
    load_pack(pack, ME)
    change("regions.csv", ",ward,Hilltop", ",ward,Hill Top")(pack)
    change("places.csv", "Gang Melati", "Gang Melati Indah")(pack)
    (pack / "regions.csv").write_text(
        (pack / "regions.csv").read_text() + "99.01.02.1003,,ward,Lagoon,99.01.02,-0.5500,118.5200,2026-01-01,,\n"
    )
    report = load_pack(pack, ME)
    assert report.counts["regions"]["added"] == 1 and report.counts["regions"]["changed"] == 1
    assert queries.name_of("99.01.01.1002") == "Hill Top"
    assert not queries.exists("99.01.02.1003", date(2025, 12, 31)) and queries.exists("99.01.02.1003")
    assert load_pack(pack, ME).changes == 0


@pytest.mark.django_db
def test_what_people_changed_by_hand_stays_when_the_pack_is_loaded_again(pack: Path) -> None:
    from tepian.kernel.regions.operations import rename_region

    load_pack(pack, ME)
    rename_region(actor=ME, code="99.01.02.1001", name="Bay", on=date(2026, 1, 1))
    assert load_pack(pack, ME).changes == 0
    assert queries.name_of("99.01.02.1001", date(2026, 1, 1)) == "Bay"


@pytest.mark.django_db
def test_spreadsheet_habits_are_understood(pack: Path) -> None:
    text = (pack / "places.csv").read_text().replace(",", ";")
    (pack / "places.csv").write_bytes(
        b"\xef\xbb\xbf# exported from a spreadsheet\r\n\r\n" + text.replace("\n", "\r\n").encode()
    )
    load_pack(pack, ME)
    assert Place.objects.filter(name="Gang Melati").exists()
    rows = CityPack(pack).csv("places")
    assert rows[0].line == 4 and rows[0].file == "places.csv" and rows[0]["no such column"] == ""


def test_a_pack_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="samarinda"):
        load_pack(tmp_path / "nothing", ME)


@pytest.mark.django_db
def test_progress_is_told() -> None:
    steps: list[tuple[str, int, int]] = []
    load_pack("contoh", ME, progress=lambda *step: steps.append(step))
    names = [name for name, _done, _total in steps]
    assert [name for name in names if name in {"city", "regions", "places", "organisations"}] == [
        "city",
        "regions",
        "places",
        "organisations",
    ]
    assert steps[-1][1] == steps[-1][2]


@pytest.mark.django_db(transaction=True)
def test_two_people_loading_at_once_end_with_one_city() -> None:
    outcomes: list[object] = []

    def load() -> None:
        try:
            outcomes.append(load_pack("contoh", ME).changes)
        except Exception as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=load) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    numbers = [outcome for outcome in outcomes if isinstance(outcome, int)]
    assert all(isinstance(outcome, int | Invalid) for outcome in outcomes), outcomes
    assert sum(number > 0 for number in numbers) == 1
    assert Region.objects.count() == 20 and CitySetting.objects.filter(key="name").count() == 1


@pytest.mark.django_db
class TestCity:
    def test_before_a_pack_there_are_harmless_defaults(self) -> None:
        assert current_city() == City() and not current_city().loaded
        assert current_city().emergency_number == "112" and city_timezone().key == "Asia/Makassar"

    def test_the_city_of_the_pack(self) -> None:
        load_pack("samarinda", ME)
        city = current_city()
        assert (city.name, city.code, city.bps_code, city.zone_label) == ("Kota Samarinda", "64.72", "6472", "WITA")
        assert city.bbox == (117.054, -0.7168, 117.2983, -0.3143) and city.domain == "samarindakota.go.id"
        assert "© OpenStreetMap contributors, ODbL 1.0" in city.attribution
        assert city.display_name == "Kota Samarinda"
        from django.utils import translation

        with translation.override("en"):
            assert city.display_name == "City of Samarinda"

    def test_a_setting_has_the_value_of_the_day(self) -> None:
        load_pack("contoh", ME)
        set_city_settings(
            actor=ME, settings={"domain": "new.example"}, on=today() + timedelta(days=10), source="decree"
        )
        assert current_city().domain == "kota.contoh.example"
        assert city_setting("domain", on=today() + timedelta(days=10)) == "new.example"
        set_city_settings(actor=ME, settings={"emergency_number": "911"})
        assert current_city().emergency_number == "911"
        assert city_setting("emergency_number", on=today() - timedelta(days=1)) == "112"
        assert city_setting("nothing", default=7) == 7

    def test_times_are_shown_in_the_citys_zone(self) -> None:
        load_pack("contoh", ME)
        set_city_settings(actor=ME, settings={"timezone": "Asia/Jayapura"})
        seen: list[str] = []
        CityMiddleware(lambda request: seen.append(str(timezone.get_current_timezone())))(None)  # type: ignore
        assert seen == ["Asia/Jayapura"] and current_city().zone_label == "WIT"

    def test_a_broken_zone_in_the_table_does_not_take_the_city_down(self) -> None:
        load_pack("contoh", ME)
        set_city_settings(actor=ME, settings={"timezone": "Mars/Olympus"})
        assert current_city().timezone == "Asia/Makassar" and Client().get("/").status_code < 500
