"""Loading a register: twice the same, wrong lines told, a changed line changed."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tepian.kernel.actors import Denied, Invalid, system
from tepian.kernel.catalogue.city import today

from .. import demo, loading, operations, queries
from ..generator import city
from ..models import Family, Residence, Resident, ResidentKey

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]
REGISTRY = system("tests")
REGIONS = ["99.01.01.1001.RT001", "99.01.01.1002.RT001", "99.01.02.1002"]


def written(path: Path, count: int = 300, **changes: Any) -> list[dict[str, Any]]:
    rows = [asdict(person) for person in city(count, 3, REGIONS, town="Kota Contoh", today=today())]
    for row in rows:
        row["born_on"] = row["born_on"].isoformat()
    rows[0] |= changes
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return rows


def load(path: Path, **options: Any) -> loading.Loaded:
    return loading.load(actor=REGISTRY, rows=loading.read_file(path), fictional=True, **options)


def test_a_dry_run_writes_nothing_and_says_what_it_would(tmp_path: Path) -> None:
    written(tmp_path / "a.csv")
    assert load(tmp_path / "a.csv", dry_run=True).created == 300
    assert Resident.objects.count() == Family.objects.count() == ResidentKey.objects.count() == 0


def test_loading_twice_changes_nothing(tmp_path: Path) -> None:
    rows = written(tmp_path / "a.csv")
    first, second = load(tmp_path / "a.csv"), load(tmp_path / "a.csv")
    assert (first.created, first.refused_count) == (300, 0) and (second.created, second.unchanged) == (0, 300)
    assert Family.objects.count() == len({row["kk"] for row in rows})
    assert Residence.objects.count() == 300
    assert Resident.objects.filter(fictional=True).count() == 300


def test_a_changed_line_is_changed_and_found_under_its_new_name(tmp_path: Path) -> None:
    rows = written(tmp_path / "a.csv")
    load(tmp_path / "a.csv")
    written(tmp_path / "b.csv", name="Sesuatu Yang Baru")
    assert load(tmp_path / "b.csv").changed == 1
    found = operations.search_register(actor=REGISTRY, name="sesuatu yang baru", purpose="registry")
    assert found[0][1].facts["nik"] == rows[0]["nik"] and found[0][0].score == 1.0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"nik": "123"}, "nik"),
        ({"sex": "M"}, "sex"),
        ({"born_on": "31-02-1990"}, "born_on"),
        ({"region": "12.34"}, "region"),
        ({"religion": "Islam"}, "religion"),
        ({"name": ""}, "name"),
        ({"kk": "1"}, "kk"),
    ],
)
def test_a_wrong_line_is_told_and_the_others_are_loaded(tmp_path: Path, changes: dict[str, str], field: str) -> None:
    written(tmp_path / "a.csv", 50, **changes)
    done = load(tmp_path / "a.csv")
    assert (done.created, done.refused_count) == (49, 1)
    assert done.refused[0][:2] == (2, field) and done.refused[0][2]


def test_a_nik_twice_in_one_file_is_told(tmp_path: Path) -> None:
    rows = written(tmp_path / "a.csv", 10)
    written(tmp_path / "b.csv", 10, nik=rows[5]["nik"])
    assert load(tmp_path / "b.csv").refused_count == 1


def test_a_nik_that_says_otherwise_is_a_warning(tmp_path: Path) -> None:
    rows = written(tmp_path / "a.csv", 10)
    written(tmp_path / "b.csv", 10, sex="L" if rows[0]["sex"] == "P" else "P")
    done = load(tmp_path / "b.csv")
    assert done.created == 10 and done.warnings == {"sex": 1}


def test_a_file_without_a_needed_column_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("nama;nik\nx;1\n", encoding="utf-8")
    with pytest.raises(Invalid) as refused:
        load(tmp_path / "a.csv")
    assert "name" in str(refused.value.message)


def test_only_the_registry_loads(tmp_path: Path, actor_with: Any) -> None:
    written(tmp_path / "a.csv", 3)
    with pytest.raises(Denied):
        loading.load(actor=actor_with("ward_clerk"), rows=loading.read_file(tmp_path / "a.csv"))


def test_the_demonstration_is_fictional_and_made_once() -> None:
    made = demo.make_residents(actor=REGISTRY, count=60)
    assert made == Resident.objects.filter(fictional=True).count() == Resident.objects.count() == 60 + demo.TWICE
    assert demo.make_residents(actor=REGISTRY, count=60) == 0
    assert queries.open_pairs().count() >= 1 and queries.open_corrections(REGISTRY).count() == 1
