"""Files that agencies really published, read into tables of a catalogue: nothing is lost and nothing is guessed."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tepian.kernel.actors import system

from .. import operations, queries
from ..models import Category, Classification
from ..queries import data

pytestmark = pytest.mark.django_db
SYSTEM = system("tests")


@pytest.fixture
def folder(contoh: Any, shared_data: Path) -> Path:
    found = shared_data / "5-statistik"
    if not found.is_dir():
        pytest.skip(f"no statistics at {found}")
    return found


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def upload(dataset: Any, path: Path) -> Any:
    return operations.upload(actor=SYSTEM, dataset=dataset, content=path.read_bytes(), name=path.name)


def figures(edition: Any) -> data.Figures:
    return data.figures_of(edition, edition.periods)


def table(title: str, frequency: str, *indicators: str, dimensions: Any = ()) -> Any:
    return operations.add_dataset(
        actor=SYSTEM,
        title=title,
        agency="setda",
        frequency=frequency,
        dimensions=dimensions,
        indicators=[{"title": each, "decimals": 2} for each in indicators],
    )


def test_poverty(folder):
    path = folder / "jakarta_poverty_statistics.csv"
    edition = upload(queries.dataset_by("kemiskinan"), path)
    found, city = figures(edition), next(iter(queries.dimensions_of(edition.dataset)[0].names))
    for row in rows(path):
        year = row["year"]
        assert found["penduduk-miskin", year, city] == (float(row["poor_population_count"]), "")
        assert found["persen-miskin", year, city] == (float(row["poverty_percentage"]), "")
        assert found["kedalaman-kemiskinan", year, city] == (float(row["Indeks Kedalaman Kemiskinan (P1)"]), "")
    assert (edition.open_problems, edition.rows) == (0, 4 * len(rows(path)))


def test_consumer_prices(folder):
    path = folder / "indonesia_consumer_price_index.csv"
    edition = upload(table("Indeks harga konsumen", "M", "CPI index"), path)
    found = figures(edition)
    assert edition.open_problems == 0
    assert {time: value for (_code, time), (value, _status) in found.items()} == {
        row["date"][:7]: float(row["cpi_index"]) for row in rows(path)
    }


def test_inflation(folder):
    path = folder / "jakarta_inflation_rate.csv"
    dataset = table("Inflasi", "M", "Inflation yoy pct", "Inflation mom pct", "Inflation ytd pct")
    edition = upload(dataset, path)
    found = figures(edition)
    assert edition.open_problems == 0
    assert len(found) == 3 * len(rows(path))
    for row in rows(path):
        assert found["inflation-mom-pct", row["date"][:7]] == (float(row["inflation_mom_pct"]), "")


def test_daily_prices(folder):
    path = folder / "harga_pangan_harian_bandung_2025.csv"
    source = rows(path)
    edition = upload(queries.dataset_by("harga-pangan"), path)
    known = {"Beras Premium", "Beras Medium", "Bawang Merah", "Cabai Rawit Merah", "Daging Sapi Murni"}
    unknown = {trouble["written"] for trouble in edition.findings["troubles"] if trouble["code"] == "unknown"}
    assert not unknown & known
    assert unknown <= {row["Komoditas"] for row in source}
    found = figures(edition)
    for row in source:
        if row["Komoditas"] == "Beras Premium":
            assert found["harga-eceran", row["Timestamp"], "beras-premium"][0] == float(row["Harga"])
    for written in sorted(unknown):
        edition = operations.repair(
            actor=SYSTEM, edition=edition, revision=edition.revision, dimension="commodity", written=written, code=""
        )
    assert edition.open_problems == 0


def test_density_by_ward(folder):
    path = folder / "jakarta_population_density.csv"
    source = rows(path)
    names = sorted({row["subdistrict"] for row in source})
    wards = Classification.objects.create(code="subdistrict", version="1", title="Kelurahan", valid_from="2000-01-01")
    Category.objects.bulk_create(
        Category(classification=wards, code=f"w{number}", name=name) for number, name in enumerate(names)
    )
    dataset = table(
        "Kepadatan penduduk",
        "A",
        "Population",
        "Population density per km2",
        dimensions=[
            {
                "key": "subdistrict",
                "name": "Subdistrict",
                "name_en": "Subdistrict",
                "role": "category",
                "classification": "subdistrict",
            }
        ],
    )
    edition = upload(dataset, path)
    once = [row for row in source if sum(other["subdistrict"] == row["subdistrict"] for other in source) == 1]
    found = figures(edition)
    for row in once:
        code = f"w{names.index(row['subdistrict'])}"
        assert found["population", "2024", code] == (float(row["population"]), "")
        assert found["population-density-per-km2", "2024", code][0] == float(row["population_density_per_km2"])
    assert {trouble["code"] for trouble in edition.findings["troubles"]} <= {"twice"}  # one name in two districts
