"""The room's part of a city pack: `sensors.toml` with observed properties, sensors, stations, their series and
scales."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.organisations.models import Agency
from tepian.kernel.regions.models import Region

from ..models import Datastream, ObservedProperty, Sensor, Station, ThresholdScale
from . import stations as verbs

STATION_FIELDS = ("name", "name_en", "kind", "lon", "lat", "position", "description", "source", "active")
SERIES_FIELDS = {
    "name": "name",
    "name_en": "name_en",
    "unit": "unit",
    "unit_label": "unit_label",
    "datum": "datum",
    "basis": "basis",
    "main": "main",
    "min": "min_plausible",
    "max": "max_plausible",
    "max_step_per_minute": "max_step_per_minute",
    "stuck_after_s": "stuck_after_s",
    "interval_s": "expected_interval_s",
    "description": "description",
}
LEVEL_NAMES = ("waspada", "siaga", "awas")


def check(pack: Any) -> Iterable[Any]:
    """Problems of `sensors.toml`: missing keys, double codes, unknown kinds and references, bounds out of order."""
    properties = {row["code"] for row in pack.tables("sensors", "observed_property", ("code", "name"))}
    sensors = {row["code"] for row in pack.tables("sensors", "sensor", ("code", "name"))}
    stations = pack.tables("sensors", "station", ("code", "name", "kind", "lon", "lat", "source"))
    agencies = {row["code"] for row in pack.csv("agencies")}
    regions = {row["code"] for row in pack.csv("regions")}
    codes = [row["code"] for row in stations]

    def say(message: str, item: str, level: str = "error") -> Any:
        return pack.problem("sensors", message, item, level=level)

    for row in stations:
        code = str(row["code"])
        if codes.count(row["code"]) > 1:
            yield say("this station stands here twice", code)
        if row["kind"] not in Station.Kind.values:
            yield say(f"kind “{row['kind']}” is not one of {', '.join(Station.Kind.values)}", code)
        if row.get("position", "surveyed") not in Station.Position.values:
            yield say(f"position “{row['position']}” is not surveyed or approximate", code)
        if row.get("upstream_of") and row["upstream_of"] not in codes:
            yield say(f"upstream_of names the unknown station “{row['upstream_of']}”", code)
        if row.get("region") and row["region"] not in regions:
            yield say(f"the region “{row['region']}” is not in regions.csv", code)
        if row.get("owner") and row["owner"] not in agencies:
            yield say(f"the owner “{row['owner']}” is not in agencies.csv and is left out", code, "notice")
        for series in row.get("datastream", []):
            key = f"{code}/{series.get('slug', '?')}"
            for needed in ("slug", "name", "observed_property", "unit"):
                if not series.get(needed):
                    yield say(f"{key} has no “{needed}”", code)
            if series.get("observed_property") and series["observed_property"] not in properties:
                yield say(f"{key} observes the unknown “{series['observed_property']}”", code)
            if series.get("sensor") and series["sensor"] not in sensors:
                yield say(f"{key} names the unknown sensor “{series['sensor']}”", code)
            scales = series.get("scale", [])
            if sum(bool(scale.get("alerting")) for scale in scales) > 1:
                yield say(f"{key} has more than one alerting scale", code)
            for scale in scales:
                if not scale.get("source"):
                    yield say(f"{key}: the scale “{scale.get('code', '?')}” has no source", code)
                if not isinstance(scale.get("valid_from"), date):
                    yield say(
                        f"{key}: the scale “{scale.get('code', '?')}” has no valid_from (write "
                        f"2022-01-01 without quotes)",
                        code,
                    )
                bounds = [scale[level] for level in LEVEL_NAMES if scale.get(level) is not None]
                if not bounds or any(a >= b for a, b in pairwise(bounds)):
                    yield say(f"{key}: the bounds of “{scale.get('code', '?')}” must rise from waspada to awas", code)


def load(pack: Any, actor: Actor) -> dict[str, int]:
    """Bring the pack's stations into the database. What a person has changed since (thresholds of a later day)
    stays."""
    counts = {"stations": 0, "datastreams": 0, "scales": 0, "others": 0, "unchanged": 0}
    known_agencies = set(Agency.objects.values_list("code", flat=True))
    known_regions = set(Region.objects.values_list("code", flat=True))
    for table, model, create in (
        ("observed_property", ObservedProperty, verbs.create_observed_property),
        ("sensor", Sensor, verbs.create_sensor),
    ):
        existing = set(model.objects.values_list("code", flat=True))
        for row in pack.tables("sensors", table):
            counts["unchanged" if row["code"] in existing else "others"] += 1
            if row["code"] not in existing:
                create(actor=actor, **row)
    rows = pack.tables("sensors", "station")
    known = {station.code: station for station in Station.objects.select_related("region", "owner", "upstream_of")}
    for row in rows:
        region = row.get("region") if row.get("region") in known_regions else None
        owner = row.get("owner") if row.get("owner") in known_agencies else None
        wanted = {field: row[field] for field in STATION_FIELDS if field in row}
        station = known.get(row["code"])
        if station is None:
            verbs.create_station(actor=actor, code=row["code"], region=region, owner=owner, **wanted)
            counts["stations"] += 1
        else:
            present = {field: getattr(station, field) for field in wanted}
            present |= {
                "region": station.region.code if station.region else None,
                "owner": station.owner.code if station.owner else None,
            }
            wanted |= {"region": region, "owner": owner}
            changes = {field: value for field, value in wanted.items() if present[field] != value}
            counts["stations" if changes else "unchanged"] += 1
            if changes:
                verbs.update_station(actor=actor, code=row["code"], **changes)
    for row in rows:  # second walk: a station may lie upstream of one that stands further down in the file
        before = known.get(row["code"])
        old = before.upstream_of.code if before and before.upstream_of else None
        if row.get("upstream_of") != old:
            verbs.update_station(actor=actor, code=row["code"], upstream_of=row.get("upstream_of"))
    for row in rows:
        for series in row.get("datastream", []):
            _load_series(actor, row["code"], series, counts)
    return counts


def _load_series(actor: Actor, station: str, series: dict[str, Any], counts: dict[str, int]) -> None:
    wanted = {field: series[key] for key, field in SERIES_FIELDS.items() if key in series}
    existing = Datastream.objects.filter(station__code=station, slug=series["slug"]).first()
    if existing is None:
        verbs.create_datastream(
            actor=actor,
            station=station,
            slug=series["slug"],
            observed_property=series["observed_property"],
            sensor=series.get("sensor"),
            **wanted,
        )
        counts["datastreams"] += 1
    else:
        changes = {field: value for field, value in wanted.items() if getattr(existing, field) != value}
        counts["datastreams" if changes else "unchanged"] += 1
        if changes:
            verbs.update_datastream(actor=actor, datastream=f"{station}/{series['slug']}", **changes)
    for scale in series.get("scale", []):
        _load_scale(actor, f"{station}/{series['slug']}", scale, counts)


def _load_scale(actor: Actor, datastream: str, scale: dict[str, Any], counts: dict[str, int]) -> None:
    station, _slash, slug = datastream.partition("/")
    present = ThresholdScale.objects.filter(
        datastream__station__code=station, datastream__slug=slug, code=scale["code"], valid_from=scale["valid_from"]
    ).first()
    fields = (*LEVEL_NAMES, "hysteresis", "source")
    if present is not None and all(
        getattr(present, field) == scale.get(field, 0 if field == "hysteresis" else None) for field in fields
    ):
        counts["unchanged"] += 1
        return
    values = {key: value for key, value in scale.items() if key not in {"code", "name"}}
    try:
        verbs.set_thresholds(
            actor=actor, datastream=datastream, scale=scale["code"], name=scale.get("name", scale["code"]), **values
        )
    except TypeError as error:
        raise Invalid(
            format_lazy(_("The scale of “{key}” holds something unknown: {detail}"), key=datastream, detail=str(error)),
            code="bad_scale",
            item=datastream,
        ) from error
    counts["scales"] += 1
