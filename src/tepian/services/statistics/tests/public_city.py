"""Figures that really went from an agency's workbook through the steward to the public, and how to read their pages."""

from __future__ import annotations

import csv
import io

import pytest
from lxml import html

from tepian.kernel.actors import system
from tepian.kernel.regions.operations import define_regions
from tepian.kernel.regions.operations.naming import RegionFact

from .. import queries
from .test_editions import published, workbook

WARDS = ("Riverside", "Hilltop", "Market", "Harbour", "Mangrove")
PAGE = "/data/jumlah-penduduk"
FILES = ("csv", "xlsx", "json", "svg", "png")


@pytest.fixture(name="producer")
def _producer(contoh, actor_with):
    return actor_with("data_producer", scope="agency", code="setda")


@pytest.fixture(name="steward")
def _steward(contoh, actor_with):
    return actor_with("data_steward")


def years(first: int = 2021, last: int = 2025, **changes: float) -> bytes:
    """Men and women of five wards over years, growing by 100 a year each; `Riverside_L_2025=3` changes one."""
    lines: list[list[object]] = [["Tahun", "Kelurahan", "Laki-laki", "Perempuan"]]
    for year in range(first, last + 1):
        for number, ward in enumerate(WARDS):
            base = 1000 + 500 * number + 100 * (year - 2021)
            men, women = (changes.get(f"{ward}_{sex}_{year}", base + more) for sex, more in (("L", 0), ("P", 40)))
            lines.append([year, ward, men, women])
    return workbook(*lines)


@pytest.fixture(name="population")
def _population(producer, steward):
    return published(producer, steward, queries.dataset_by("penduduk"), years())


@pytest.fixture(name="corrected")
def _corrected(producer, steward, population):
    """Edition 2 corrects one ward of edition 1."""
    return published(
        producer, steward, population.dataset, years(2025, 2025, Riverside_L_2025=1450), reason="Counted twice."
    )


@pytest.fixture(name="hidden")
def _hidden(producer, steward):
    """A small cell: three men in Mangrove in 2025."""
    return published(producer, steward, queries.dataset_by("penduduk"), years(Mangrove_L_2025=3))


@pytest.fixture(name="cities")
def _cities(producer, steward):
    """Poverty of two cities, side by side in one table."""
    facts = [RegionFact("98.01", "city", "Kota Tetangga", source="tests")]
    define_regions(actor=system("tests"), regions=facts)
    lines = [["Tahun", "Wilayah", "Persentase penduduk miskin"]]
    for year, own, other in ((2023, 4.59, 6.2), (2024, 4.45, 6.02), (2025, 4.21, 5.9)):
        lines += [[year, "Kota Contoh", own], [year, "Kota Tetangga", other]]
    return published(producer, steward, queries.dataset_by("kemiskinan"), workbook(*lines))


def read(client, address: str, status: int = 200):
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code, answer.content[-1500:])
    return html.fromstring(answer.content.decode())


def body(client, address: str, status: int = 200) -> bytes:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code)
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


def text(node) -> str:
    return " ".join(node.text_content().split())


def cells(row) -> list[str]:
    return [text(cell) for cell in row]


def table_of(client, query: str = "") -> list[list[str]]:
    return list(csv.reader(io.StringIO(body(client, f"{PAGE}.csv{query}").decode())))
