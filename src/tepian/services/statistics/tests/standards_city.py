"""A city with published figures for the tests of the standards: wards and sexes with small cells, daily prices, and a
corrected edition."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from tepian.kernel.actors import Actor, Grant, system
from tepian.kernel.catalogue.packs import load_pack

from .. import queries
from ..models import Edition
from .test_editions import POPULATION, published, workbook

PACK = Path(__file__).resolve().parents[5] / "cities" / "contoh"
PRODUCER = Actor(kind="person", id="produsen", label="Produsen", grants=(Grant("data_producer", "agency", "setda"),))
STEWARD = Actor(kind="person", id="walidata", label="Walidata", grants=(Grant("data_steward"),))
SMALL = [list(line) for line in POPULATION]
SMALL[7] = [5, "Mangrove", 3, 310, 313]  # three men in the mangroves: not shown
SMALL[8] = ["", "Jumlah", 3153, 3470, 6623]
FIXED = [list(line) for line in SMALL]
FIXED[3] = [1, "Riverside", 1201, 1180, 2381]
FIXED[8] = ["", "Jumlah", 3154, 3470, 6624]
PRICES = (
    ["Harga pangan pokok"],
    [],
    ["Tanggal", "Beras premium", "Telur"],
    ["2025-01-01", 15500, 29000],
    ["2025-01-02", 15550.5, 29100],
    ["2025-01-03", 15600, "-"],
    ["2025-02-01", 15700, 29500],
)


def fill() -> dict[str, Edition]:
    """Load the fictional city and publish three editions in it, as its people would."""
    load_pack(PACK, system("tests"))
    population, prices = queries.dataset_by("penduduk"), queries.dataset_by("harga-pangan")
    first = published(PRODUCER, STEWARD, population, workbook(*SMALL))
    second = published(PRODUCER, STEWARD, population, workbook(*FIXED), reason="Riverside dihitung ulang")
    return {
        "first": first,
        "second": second,
        "prices": published(PRODUCER, STEWARD, prices, workbook(*PRICES), name="harga.xlsx"),
    }


@pytest.fixture(scope="module")
def filled_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Edition]]:
    """Once for all tests of a module; each works in a transaction inside this one."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield fill()
        transaction.set_rollback(True)


@pytest.fixture
def figures(filled_once: dict[str, Edition], db: None) -> dict[str, Edition]:
    return filled_once
