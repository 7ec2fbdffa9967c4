"""What this room hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import (
    ConfigurationCheck,
    EvidencePanel,
    FastRoute,
    Freshness,
    Job,
    MapFeature,
    MapLayer,
    MenuEntry,
    PackSection,
    Search,
    SearchHit,
    Tile,
    WallTile,
    WorkItem,
    WorkList,
    offer,
)

from . import jobs, live, queries
from .api.ingest import ROOT, create_observations, post_observation
from .operations import evaluation, packs
from .queries.latest import WATER, number
from .views import evidence


def water_features(actor: Actor) -> list[MapFeature]:
    return queries.features(WATER)


def rain_features(actor: Actor) -> list[MapFeature]:
    return queries.features(["rain"])


def water_tile() -> Tile:
    worst = queries.highest(("river", "dam"))
    if worst is None:
        return Tile(gettext("Highest river station"), None, level="unknown", url="/air")
    detail = worst.name if not worst.simulated else f"{worst.name} · {gettext('exercise')}"
    return Tile(
        gettext("Highest river station"),
        number(worst.value),
        worst.unit,
        f"{detail} {worst.trend_symbol}".strip(),
        worst.level,
        worst.at,
        worst.url,
    )


def rain_tile() -> Tile:
    fresh = [r for r in queries.latest(kinds=["rain"]) if not r.stale and r.value is not None]
    if not fresh:
        return Tile(gettext("Rain in the last hour"), None, "mm", level="unknown", url="/air")
    wettest = max(fresh, key=lambda r: r.value or 0)
    level = wettest.level if wettest.level != "none" else "normal"
    return Tile(
        gettext("Rain in the last hour"),
        number(wettest.value, 1),
        wettest.unit,
        wettest.name,
        level,
        wettest.at,
        wettest.url,
    )


def find(query: str, actor: Actor) -> Iterable[SearchHit]:
    for score, station in queries.search(query):
        reading = queries.reading(station.code)
        if reading is not None:
            yield SearchHit(
                reading.name, reading.url, gettext("Station"), f"{reading.text} · {reading.age_text}", score
            )


def work(actor: Actor) -> Iterable[WorkItem]:
    """Silent stations, for those who keep them."""
    if not actor.has("sensor_steward"):
        return
    for reading in queries.latest():
        if reading.silent:
            yield WorkItem(
                key=f"silent:{reading.station}",
                title=gettext("%(name)s is silent") % {"name": reading.name},
                url=f"/kerja/sensor/{reading.station}",
                detail=reading.age_text,
                level="warning",
                since=reading.seen_at,
                icon="offline",
            )


def check_datastreams() -> tuple[bool, str, str]:
    readings = queries.latest()
    without = [r.station for r in readings if r.level == "none" and r.kind in {"river", "dam"}]
    if not readings:
        return (
            True,
            "No stations: the city pack has no sensors.toml",
            "Add cities/<pack>/sensors.toml and load the pack",
        )
    if without:
        return (
            True,
            f"{len(readings)} stations; without thresholds: {', '.join(without)}",
            "Set thresholds with their source at /kerja/sensor",
        )
    return True, f"{len(readings)} stations, all river stations with thresholds", ""


offer(
    EvidencePanel("station", evidence.panel),
    EvidencePanel("rain", evidence.panel),
    PackSection("sensors", packs.check, packs.load, order=60),
    PackSection("evaluation", evaluation.check, evaluation.load, order=60),
    MapLayer("water", _("Water level"), water_features, audience="public", order=20),
    MapLayer("rain", _("Rain"), rain_features, audience="public", order=30),
    WallTile("water", water_tile, order=20),
    WallTile("rain", rain_tile, order=30),
    Freshness("water", _("Water level"), lambda: queries.freshness(WATER)),
    Freshness("rain", _("Rain"), lambda: queries.freshness(["rain"])),
    Search("stations", find),
    WorkList("sensors", work),
    MenuEntry(
        "public", _("Water level and rain"), "/air", icon="water", hint=_("Rivers, dams and rain gauges, now"), order=30
    ),
    MenuEntry(
        "staff",
        _("Stations"),
        "/kerja/sensor",
        icon="water",
        roles=("sensor_steward", "duty_officer", "administrator"),
        order=40,
    ),
    live.stations,
    live.writer_service,
    live.mqtt_service,
    live.ingest_measure,
    FastRoute("POST", f"{ROOT}/Observations", post_observation),
    FastRoute("POST", f"{ROOT}/CreateObservations", create_observations),
    Job("sensors.silence", jobs.watch_silence, 60),
    Job("sensors.tidy", jobs.tidy, 3600),
    ConfigurationCheck("sensors", check_datastreams),
)
if settings.DEMO:
    offer(
        MenuEntry(
            "staff", _("Exercise"), "/kerja/simulasi", icon="play", roles=("duty_officer", "administrator"), order=90
        )
    )
