"""A small made-up city with one kind of warning."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tepian.kernel.actors import Actor, Grant, system
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.regions.models import Region, RegionName
from tepian.services.warnings import operations

OFFICER = Actor(kind="person", id="jaga", label="Petugas Jaga Pusdalops", grants=(Grant("duty_officer"),))
LOCAL = Actor(kind="person", id="camat", label="Camat", grants=(Grant("duty_officer", "region", "99.01.02"),))
VIEWER = Actor(kind="person", id="lihat", label="Pengamat", grants=(Grant("viewer"),))
SYSTEM = system("tests")
WARD, OTHER = "99.01.01.1001", "99.01.02.1001"


def build_city() -> None:
    d = 0.008
    for code, name, level, lon, lat in (
        ("99.01", "Contoh", "city", 117.2, -0.5),
        ("99.01.01", "Utara", "district", 117.1, -0.4),
        ("99.01.02", "Selatan", "district", 117.3, -0.6),
        (WARD, "Hulu", "ward", 117.1, -0.4),
        (OTHER, "Hilir", "ward", 117.3, -0.6),
    ):
        ring = [[lon - d, lat - d], [lon + d, lat - d], [lon + d, lat + d], [lon - d, lat + d], [lon - d, lat - d]]
        boundary = {"type": "Polygon", "coordinates": [ring]} if level == "ward" else None
        kind = ("schematic" if code == OTHER else "official") if boundary else ""
        region = Region.objects.create(code=code, level=level, lon=lon, lat=lat, boundary=boundary, boundary_kind=kind)
        RegionName.objects.create(
            region=region, name=name, parent=Region.objects.filter(code=code.rpartition(".")[0]).first()
        )
    touch("regions", "city")
    words = {
        "headline": "Banjir di {place}",
        "headline_en": "Flood in {place}",
        "instruction": "Naik.",
        "instruction_en": "Up.",
    }
    operations.load_kinds(
        actor=SYSTEM,
        kinds=[
            {
                "hazard": "flood",
                "name": "Banjir",
                "name_en": "Flood",
                "category": "Met",
                "contact": "112",
                **{level: dict(words, hours=6) for level in ("waspada", "siaga", "awas")},
            },
        ],
    )


@pytest.fixture
def city(db):
    build_city()


def publish(**more):
    given = {
        "actor": OFFICER,
        "hazard": "flood",
        "level": "siaga",
        "areas": [WARD],
        "headline": "Siaga banjir di Hulu",
        "headline_en": "Flood alert in Hulu",
        "instruction": "Naikkan barang & cabut listrik.",
        "instruction_en": "Lift things & unplug.",
        "expires_at": timezone.now() + timedelta(hours=6),
        "sources": [
            {"kind": "station", "label": "Pos Hulu", "label_en": "Station Hulu", "value": "3,2 m", "level": "siaga"},
            {"kind": "rain", "label": "Pos Hujan", "label_en": "Rain gauge", "value": "32 mm", "level": "waspada"},
        ],
    }
    return operations.publish_warning(**(given | more))


def change(number: str, **more):
    given = {
        "actor": OFFICER,
        "number": number,
        "level": "awas",
        "areas": [WARD, OTHER],
        "headline": "Awas banjir",
        "instruction": "Pindah.",
        "expires_at": timezone.now() + timedelta(hours=8),
    }
    return operations.update_warning(**(given | more))
