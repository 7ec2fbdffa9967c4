"""A small river town for this room's tests."""

from __future__ import annotations

import time
from datetime import date

import pytest

from tepian.kernel.actors import Actor, Grant, system
from tepian.services.sensors import operations as op
from tepian.services.sensors.operations import registry, store

STEWARD = Actor(kind="person", id="steward", label="Pengelola sensor", grants=(Grant("sensor_steward"),))
DEVICE = Actor(kind="device", id="logger", label="logger", grants=(Grant("device"),))
SYSTEM = system("tests")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory):
    """A file, not memory: the writer's thread needs a connection of its own, and WAL is what production runs."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("TEST", {})["NAME"] = str(tmp_path_factory.mktemp("db") / "test.sqlite3")


@pytest.fixture(autouse=True)
def fresh_memory():
    registry.forget()
    store.forget()
    yield
    registry.forget()
    store.forget()


def build():
    op.create_observed_property(actor=SYSTEM, code="muka-air", name="Muka air", name_en="Water level")
    op.create_observed_property(actor=SYSTEM, code="hujan", name="Curah hujan", name_en="Rainfall")
    op.create_sensor(actor=SYSTEM, code="awlr", name="AWLR")
    op.create_station(
        actor=SYSTEM, code="hilir", name="Hilir", name_en="Downstream", kind="river", lon=117.15, lat=-0.5
    )
    op.create_station(
        actor=SYSTEM,
        code="hulu",
        name="Hulu",
        name_en="Upstream",
        kind="river",
        lon=117.2,
        lat=-0.4,
        upstream_of="hilir",
    )
    op.create_station(
        actor=SYSTEM, code="pos-hujan", name="Pos hujan", name_en="Rain gauge", kind="rain", lon=117.19, lat=-0.41
    )
    for code in ("hilir", "hulu"):
        op.create_datastream(
            actor=SYSTEM,
            station=code,
            slug="muka-air",
            name=f"Muka air {code}",
            observed_property="muka-air",
            sensor="awlr",
            unit="m",
            min_plausible=-1,
            max_plausible=12,
            max_step_per_minute=0.5,
            stuck_after_s=7200,
            expected_interval_s=600,
        )
        op.set_thresholds(
            actor=SYSTEM,
            datastream=f"{code}/muka-air",
            scale="lokal",
            name="Lokal",
            source="uji",
            alerting=True,
            valid_from=date(2020, 1, 1),
            waspada=2,
            siaga=3,
            awas=4,
            hysteresis=0.1,
        )
    op.create_datastream(
        actor=SYSTEM,
        station="pos-hujan",
        slug="hujan",
        name="Hujan",
        observed_property="hujan",
        unit="mm",
        basis="sum_1h",
        min_plausible=0,
        max_plausible=80,
        expected_interval_s=600,
    )
    op.set_thresholds(
        actor=SYSTEM,
        datastream="pos-hujan/hujan",
        scale="jam",
        name="Hujan per jam",
        source="uji",
        alerting=True,
        valid_from=date(2020, 1, 1),
        waspada=10,
        siaga=20,
        awas=50,
    )


@pytest.fixture
def town(db):
    build()
    return registry.current()


@pytest.fixture
def live_town(transactional_db):
    build()
    return registry.current()


@pytest.fixture
def writer(live_town, monkeypatch):
    from tepian.services.sensors.operations import readings
    from tepian.services.sensors.operations import writer as writer_module

    one = op.IngestWriter()
    for module in (writer_module, readings, op):
        monkeypatch.setattr(module, "WRITER", one)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def now():
    return time.time_ns() // 1_000_000
