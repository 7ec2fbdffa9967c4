"""A small made-up city for the 112 desk: two districts, four wards, two agencies, two types, four units."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tepian.kernel.actors import Actor, Grant, system
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.organisations.models import Agency
from tepian.kernel.regions.models import Place, Region, RegionName
from tepian.services.dispatch.models import IncidentType, Unit

SYSTEM = system("tests")
EXCHANGE = Actor(kind="device", id="pbx", label="Sentral telepon", grants=(Grant("device"),))
TAKER = Actor(kind="person", id="meja1", label="Meja 1", grants=(Grant("call_taker"),))
SECOND = Actor(kind="person", id="meja2", label="Meja 2", grants=(Grant("call_taker"),))
DISPATCHER = Actor(kind="person", id="kirim", label="Petugas Pengerahan", grants=(Grant("dispatcher"),))
SUPERVISOR = Actor(kind="person", id="kepala", label="Kepala Regu 112", grants=(Grant("supervisor"),))
CREW = Actor(kind="person", id="regu", label="Regu Damkar", grants=(Grant("responder", "agency", "damkar"),))

WARDS = {
    "99.01.01.1001": ("Hulu", 117.10, -0.40),
    "99.01.01.1002": ("Tengah", 117.12, -0.42),
    "99.01.02.1001": ("Hilir", 117.30, -0.60),
    "99.01.02.1002": ("Muara", 117.32, -0.62),
}
STREETS = tuple((f"Jalan Contoh {n}", 117.10 + n * 0.004, -0.40 - n * 0.003) for n in range(1, 13))


def square(lon: float, lat: float) -> dict[str, Any]:
    d = 0.008
    ring = [[lon - d, lat - d], [lon + d, lat - d], [lon + d, lat + d], [lon - d, lat + d], [lon - d, lat - d]]
    return {"type": "Polygon", "coordinates": [ring]}


def build_city() -> None:
    for code, name, level in (
        ("99.01", "Contoh", "city"),
        ("99.01.01", "Utara", "district"),
        ("99.01.02", "Selatan", "district"),
    ):
        region = Region.objects.create(code=code, level=level, lon=117.2, lat=-0.5)
        RegionName.objects.create(region=region, name=name)
    for code, (name, lon, lat) in WARDS.items():
        region = Region.objects.create(
            code=code, level="ward", lon=lon, lat=lat, boundary=square(lon, lat), boundary_kind="official"
        )
        RegionName.objects.create(region=region, name=name, parent=Region.objects.get(code=code[:8]))
    for name, lon, lat in STREETS:
        Place.objects.create(name=name, folded=name.lower(), kind="street", lon=lon, lat=lat, key=name)
    Place.objects.create(name="Balai Kota", folded="balai kota", kind="landmark", lon=117.11, lat=-0.41, key="balai")
    Agency.objects.create(code="damkar", name="Dinas Pemadam", short_name="Damkar")
    Agency.objects.create(code="ambulans", name="Ambulans Kota", short_name="Ambulans")
    day = date(2020, 1, 1)
    IncidentType.objects.create(
        code="K1", name="Kebakaran", name_en="Fire", group="fire", words="api asap fire", severity="D",
        skills=["fire"], units=2, duplicate_m=600, duplicate_minutes=45, valid_from=day,
    )  # fmt: skip
    IncidentType.objects.create(
        code="M1", name="Sakit mendadak", name_en="Medical emergency", group="medical",
        words="pingsan sakit emergency fall", severity="C", skills=["medic"], valid_from=day,
    )  # fmt: skip
    for sign, agency, skill, lon, lat in (
        ("D-01", "damkar", "fire", 117.10, -0.40),
        ("D-02", "damkar", "fire", 117.30, -0.60),
        ("A-01", "ambulans", "medic", 117.11, -0.41),
        ("A-02", "ambulans", "medic", 117.31, -0.61),
    ):
        Unit.objects.create(
            call_sign=sign, name=f"Unit {sign}", kind=skill, agency_code=agency, agency_name=agency, skills=[skill],
            base_lon=lon, base_lat=lat, lon=lon, lat=lat, state="available",
        )  # fmt: skip
    touch("regions", "dispatch", "dispatch-types", "city")


@pytest.fixture
def city(db: None) -> None:
    build_city()
