"""A small made-up city and the events of its sensors."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from tepian.kernel.actors import Actor, Grant, system
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, operation
from tepian.kernel.events.delivery import deliver_all
from tepian.kernel.regions.models import Region, RegionName
from tepian.services.emergency import operations as emergency
from tepian.services.sensors.events import LevelChanged, StationReturned, StationSilent
from tepian.services.warnings import operations as warnings

SYSTEM = system("tests")
OFFICER = Actor(kind="person", id="jaga", label="Petugas Jaga Pusdalops", grants=(Grant("duty_officer"),))
WARDS = {"99.01.01.1001": ("Hulu", 117.10, -0.40), "99.01.01.1002": ("Tengah", 117.12, -0.42)}
WORDS = {
    level: {
        "headline": f"{level.capitalize()} banjir di {{place}}",
        "headline_en": f"Flood {level} in {{place}}",
        "instruction": "Naikkan barang. Jauhi arus.",
        "instruction_en": "Lift your things. Keep away from the stream.",
        "hours": 6,
    }
    for level in ("waspada", "siaga", "awas")
}


def square(lon: float, lat: float) -> dict:
    d = 0.008
    return {
        "type": "Polygon",
        "coordinates": [
            [[lon - d, lat - d], [lon + d, lat - d], [lon + d, lat + d], [lon - d, lat + d], [lon - d, lat - d]]
        ],
    }


def build_city(*, automatic: bool = False) -> None:
    for code, name, level in (("99.01", "Contoh", "city"), ("99.01.01", "Utara", "district")):
        RegionName.objects.create(region=Region.objects.create(code=code, level=level, lon=117.1, lat=-0.4), name=name)
    for code, (name, lon, lat) in WARDS.items():
        region = Region.objects.create(
            code=code, level="ward", lon=lon, lat=lat, boundary=square(lon, lat), boundary_kind="official"
        )
        RegionName.objects.create(region=region, name=name, parent=Region.objects.get(code="99.01.01"))
    touch("regions", "city")
    emergency.load_rules(
        actor=SYSTEM,
        rules=[
            {
                "hazard": "flood",
                "name": "Banjir",
                "name_en": "Flood",
                "valid_from": date(2020, 1, 1),
                "window_minutes": 90,
            },
        ],
    )
    publication = [{"automatic": True, "valid_from": date(2020, 1, 1), "basis": "Perwali uji"}] if automatic else []
    warnings.load_kinds(
        actor=SYSTEM,
        kinds=[
            {
                "hazard": "flood",
                "name": "Banjir",
                "name_en": "Flood",
                "category": "Met",
                "publication": publication,
                **WORDS,
            },
        ],
    )
    deliver_all()


@pytest.fixture
def city(db):
    build_city()


def happened(event) -> None:
    @operation("tests.measure", policy=None)
    def measure(*, actor: Actor) -> None:
        emit(event)

    measure(actor=SYSTEM)


def level(
    station: str,
    to: str,
    *,
    before: str = "normal",
    ward: str = "99.01.01.1001",
    kind: str = "river",
    minutes: float = 3,
    value: float = 3.2,
    simulated: bool = False,
    deliver: bool = True,
    datastream: str = "1",
) -> None:
    """A station's level changed `minutes` ago, and everybody heard of it."""
    _name, lon, lat = WARDS[ward]
    happened(
        LevelChanged(
            station=station,
            station_name=f"Pos {station}",
            station_name_en=f"Station {station}",
            datastream=datastream,
            kind=kind,
            from_level=before,
            to_level=to,
            value=value,
            unit="mm/jam" if kind == "rain" else "m",
            observed_at=(timezone.now() - timedelta(minutes=minutes)).isoformat(),
            region=ward,
            lon=lon,
            lat=lat,
            scale="lokal",
            bound=3.0,
            simulated=simulated,
        )
    )
    if deliver:
        deliver_all()


def silent(station: str) -> None:
    happened(
        StationSilent(
            station=station,
            station_name=station,
            kind="river",
            region="99.01.01.1001",
            last_at=timezone.now().isoformat(),
        )
    )
    deliver_all()


def returned(station: str) -> None:
    happened(
        StationReturned(
            station=station,
            station_name=station,
            kind="river",
            region="99.01.01.1001",
            silent_since=timezone.now().isoformat(),
        )
    )
    deliver_all()
