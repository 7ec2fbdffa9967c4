"""A small made-up city: two districts, four wards, a rule for floods, and the people of the control room."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from tepian.kernel.actors import Actor, Grant, system
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.organisations.models import Agency
from tepian.kernel.regions.models import Region, RegionName
from tepian.services.emergency import operations
from tepian.services.emergency.models import HazardRule

OFFICER = Actor(kind="person", id="jaga", label="Petugas Jaga Pusdalops", grants=(Grant("duty_officer"),))
SECOND = Actor(kind="person", id="jaga2", label="Petugas Jaga Malam", grants=(Grant("duty_officer"),))
HEAD = Actor(kind="person", id="kepala", label="Kepala BPBD", grants=(Grant("head"),))
VIEWER = Actor(kind="person", id="lihat", label="Pengamat", grants=(Grant("viewer"),))
UNIT = Actor(kind="person", id="regu", label="Regu Damkar", grants=(Grant("responder", "agency", "damkar"),))
LOCAL = Actor(
    kind="person", id="camat", label="Petugas Kecamatan", grants=(Grant("duty_officer", "region", "99.01.01"),)
)
SYSTEM = system("tests")

WARDS = {
    "99.01.01.1001": ("Hulu", 117.10, -0.40),
    "99.01.01.1002": ("Tengah", 117.12, -0.42),
    "99.01.02.1001": ("Hilir", 117.30, -0.60),
    "99.01.02.1002": ("Muara", 117.32, -0.62),
}


def square(lon: float, lat: float) -> dict:
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
        parent = Region.objects.get(code=code[:8])
        RegionName.objects.create(region=region, name=name, parent=parent)
    Agency.objects.create(code="damkar", name="Dinas Pemadam", short_name="Damkar")
    HazardRule.objects.create(
        hazard="flood",
        name="Banjir",
        name_en="Flood",
        min_sources=2,
        window_minutes=60,
        max_distance_m=5000,
        same_district=True,
        anchor_kinds=["station"],
        anchor_level="siaga",
        support_level="waspada",
        valid_from=date(2020, 1, 1),
    )
    touch("regions", "emergency", "warnings", "city")


@pytest.fixture
def city(db):
    build_city()


def ago(minutes: float):
    return timezone.now() - timedelta(minutes=minutes)


def sign(
    key: str, level: str = "siaga", *, ward: str = "99.01.01.1001", kind: str = "station", minutes: float = 5, **more
):
    _name, lon, lat = WARDS[ward]
    given = {
        "actor": SYSTEM,
        "hazard": "flood",
        "source_kind": kind,
        "source_key": key,
        "label": f"Pos {key}",
        "label_en": f"Station {key}",
        "level": level,
        "observed_at": ago(minutes),
        "region_code": ward,
        "lon": lon,
        "lat": lat,
        "value": "3,2 m",
    }
    return operations.report_sign(**(given | more))


def message(**more):
    given = {
        "level": "siaga",
        "areas": ["99.01.01.1001"],
        "headline": "Banjir di Hulu",
        "headline_en": "Flood in Hulu",
        "instruction": "Naikkan barang.",
        "instruction_en": "Lift your things.",
        "valid_until": timezone.now() + timedelta(hours=6),
    }
    return given | more
