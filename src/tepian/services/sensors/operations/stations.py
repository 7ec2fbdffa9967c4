"""Keeping stations, datastreams and thresholds."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from django.utils.text import format_lazy, slugify
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound
from tepian.kernel.catalogue import versions
from tepian.kernel.events import note, operation
from tepian.kernel.organisations.models import Agency
from tepian.kernel.regions.models import Region

from .. import policies
from ..models import Datastream, DatastreamState, ObservedProperty, Sensor, Station, ThresholdScale
from ..states import MAX_DATASTREAM
from .registry import SETUP

CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,58}[a-z0-9]?\Z")


def _code(code: str, field: str = "code") -> str:
    if not CODE.match(code):
        raise Invalid(
            _("A code has 1 to 60 small letters, digits and hyphens, e.g. “bendungan-benanga”. Nothing was saved."),
            code="bad_code",
            field=field,
            item=code[:60],
        )
    return code


def _position(lon: Any, lat: Any) -> tuple[float, float]:
    try:
        lon, lat = float(lon), float(lat)
    except (TypeError, ValueError):
        lon = math.nan
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise Invalid(
            _("The position must be longitude and latitude in degrees, e.g. 117.1537, -0.5021. Nothing was saved."),
            code="bad_position",
            field="location",
        )
    return lon, lat


def _by_code(model: Any, code: str | None, field: str) -> Any:
    if not code:
        return None
    found = model.objects.filter(code=code).first()
    if found is None:
        raise NotFound(
            format_lazy(_("“{code}” is not known. Nothing was saved; check the code."), code=code[:80]),
            code=f"unknown_{field}",
            field=field,
            item=code[:80],
        )
    return found


def touch() -> None:
    """Pages and the hot path read stations and thresholds anew."""
    versions.touch("sensors", SETUP)


def free_code(model: Any, name: str) -> str:
    """A code made from a name that no row of `model` has."""
    base = slugify(name)[:50].strip("-") or "stasiun"
    taken = set(model.objects.filter(code__startswith=base).values_list("code", flat=True))
    return next(code for code in [base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))] if code not in taken)


@operation("sensors.create_station", policy=policies.may_register_things)
def create_station(
    *,
    actor: Actor,
    code: str,
    name: str,
    kind: str,
    lon: float,
    lat: float,
    name_en: str = "",
    description: str = "",
    region: str | None = None,
    owner: str | None = None,
    upstream_of: str | None = None,
    position: str = "surveyed",
    source: str = "",
    active: bool = True,
    properties: dict[str, Any] | None = None,
) -> Station:
    """Add a station. `region` and `owner` are codes; `upstream_of` is the code of the next station downstream."""
    if not name.strip():
        raise Invalid(_("The station needs a name. Nothing was saved."), code="required", field="name")
    if kind not in Station.Kind.values:
        raise Invalid(
            _("This kind of station is not known. Nothing was saved."),
            code="bad_kind",
            field="kind",
            item=str(kind)[:30],
        )
    lon, lat = _position(lon, lat)
    if Station.objects.filter(code=_code(code)).exists():
        raise Conflict(
            format_lazy(_("There is already a station “{code}”. Nothing was saved."), code=code),
            code="exists",
            field="code",
            item=code,
        )
    station = Station.objects.create(
        code=code,
        name=name.strip()[:120],
        name_en=name_en[:120],
        description=description,
        kind=kind,
        lon=lon,
        lat=lat,
        region=_by_code(Region, region, "region"),
        owner=_by_code(Agency, owner, "owner"),
        upstream_of=_by_code(Station, upstream_of, "upstream_of"),
        position=position,
        source=source[:300],
        active=active,
        properties=properties or {},
    )
    note("station", code, kind=kind)
    touch()
    return station


@operation("sensors.update_station", policy=policies.may_keep_stations)
def update_station(*, actor: Actor, code: str, **changes: Any) -> Station:
    """Change fields of a station: name, name_en, description, lon and lat, region, owner, upstream_of, active, source,
    position, properties."""
    station = _by_code(Station, code, "station")
    if station is None:
        raise NotFound(_("There is no such station."), code="unknown_station", field="station", item=code)
    if "lon" in changes or "lat" in changes:
        changes["lon"], changes["lat"] = _position(changes.get("lon", station.lon), changes.get("lat", station.lat))
    lookups = {"region": Region, "owner": Agency, "upstream_of": Station}
    allowed = {
        "name",
        "name_en",
        "description",
        "lon",
        "lat",
        "active",
        "source",
        "position",
        "properties",
        "kind",
        *lookups,
    }
    for field, value in changes.items():
        if field not in allowed:
            raise Invalid(format_lazy(_("“{field}” cannot be changed."), field=field), code="bad_field", field=field)
        setattr(station, field, _by_code(lookups[field], value, field) if field in lookups else value)
    if station.upstream_of_id == station.pk:
        raise Invalid(
            _("A station cannot lie upstream of itself. Nothing was saved."), code="loop", field="upstream_of"
        )
    station.save()
    note("station", code, fields=sorted(changes))
    touch()
    return station


@operation("sensors.create_observed_property", policy=policies.may_register_things)
def create_observed_property(
    *,
    actor: Actor,
    code: str,
    name: str,
    name_en: str = "",
    definition: str = "",
    description: str = "",
    properties: dict[str, Any] | None = None,
) -> ObservedProperty:
    row = ObservedProperty(
        code=_code(code),
        name=name[:120],
        name_en=name_en[:120],
        definition=definition[:300],
        description=description,
        properties=properties or {},
    )
    if ObservedProperty.objects.filter(code=code).exists():
        raise Conflict(
            _("This observed property exists already. Nothing was saved."), code="exists", field="code", item=code
        )
    row.save()
    note("observed_property", code)
    touch()
    return row


@operation("sensors.create_sensor", policy=policies.may_register_things)
def create_sensor(
    *,
    actor: Actor,
    code: str,
    name: str,
    description: str = "",
    encoding_type: str = "text/plain",
    metadata: str = "",
    properties: dict[str, Any] | None = None,
) -> Sensor:
    if Sensor.objects.filter(code=_code(code)).exists():
        raise Conflict(_("This sensor exists already. Nothing was saved."), code="exists", field="code", item=code)
    row = Sensor.objects.create(
        code=code,
        name=name[:120],
        description=description,
        encoding_type=encoding_type[:100],
        metadata=metadata,
        properties=properties or {},
    )
    note("sensor", code)
    touch()
    return row


@operation("sensors.create_datastream", policy=policies.may_register_things)
def create_datastream(
    *,
    actor: Actor,
    station: str,
    slug: str,
    name: str,
    observed_property: str,
    unit: str,
    unit_label: str = "",
    sensor: str | None = None,
    name_en: str = "",
    **fields: Any,
) -> Datastream:
    """Add a series to a station. `station`, `observed_property` and `sensor` are codes; `fields` as in the model."""
    owner = _by_code(Station, station, "station")
    if owner is None:
        raise Invalid(_("The datastream needs a station. Nothing was saved."), code="required", field="station")
    observed = _by_code(ObservedProperty, observed_property, "observed_property")
    if observed is None:
        raise Invalid(
            _("The datastream needs an observed property. Nothing was saved."),
            code="required",
            field="observed_property",
        )
    if not unit:
        raise Invalid(_("The datastream needs a unit. Nothing was saved."), code="required", field="unit")
    if Datastream.objects.filter(station=owner, slug=_code(slug, "slug")).exists():
        raise Conflict(
            format_lazy(_("There is already a datastream “{key}”. Nothing was saved."), key=f"{station}/{slug}"),
            code="exists",
            field="slug",
            item=slug,
        )
    low, high = fields.get("min_plausible"), fields.get("max_plausible")
    if low is not None and high is not None and low >= high:
        raise Invalid(
            _("The lowest plausible value must be below the highest. Nothing was saved."),
            code="bad_limits",
            field="min_plausible",
        )
    row = Datastream.objects.create(
        station=owner,
        slug=slug,
        name=name[:160],
        name_en=name_en[:160],
        observed_property=observed,
        sensor=_by_code(Sensor, sensor, "sensor"),
        unit=unit[:30],
        unit_label=(unit_label or unit)[:30],
        **fields,
    )
    if row.pk > MAX_DATASTREAM:
        raise Invalid(_("No further datastream can be numbered."), code="too_many")
    DatastreamState.objects.create(datastream=row)
    note("datastream", row.key)
    touch()
    return row


@operation("sensors.update_datastream", policy=policies.may_keep_stations)
def update_datastream(*, actor: Actor, datastream: str, **changes: Any) -> Datastream:
    """Change fields of a datastream (names, unit, limits, interval, basis, datum, main, properties)."""
    station, _sep, slug = datastream.partition("/")
    row = Datastream.objects.select_related("station").filter(station__code=station, slug=slug).first()
    if row is None:
        raise NotFound(
            _("There is no such datastream."), code="unknown_datastream", field="datastream", item=datastream[:80]
        )
    allowed = {field.name for field in Datastream._meta.fields} - {
        "id",
        "station",
        "slug",
        "observed_property",
        "sensor",
    }
    for field, value in changes.items():
        if field not in allowed:
            raise Invalid(format_lazy(_("“{field}” cannot be changed."), field=field), code="bad_field", field=field)
        setattr(row, field, value)
    low, high = row.min_plausible, row.max_plausible
    if low is not None and high is not None and low >= high:
        raise Invalid(
            _("The lowest plausible value must be below the highest. Nothing was saved."),
            code="bad_limits",
            field="min_plausible",
        )
    row.save()
    note("datastream", datastream, fields=sorted(changes))
    touch()
    return row


@operation("sensors.set_thresholds", policy=policies.may_keep_stations)
def set_thresholds(
    *,
    actor: Actor,
    datastream: str,
    scale: str,
    name: str,
    source: str,
    valid_from: date,
    name_en: str = "",
    waspada: float | None = None,
    siaga: float | None = None,
    awas: float | None = None,
    hysteresis: float = 0,
    alerting: bool = False,
    valid_to: date | None = None,
) -> ThresholdScale:
    """Set the bounds of one scale of `datastream` (`<station>/<slug>`) from a day on; the scale's earlier bounds end
    the
    day before. A source is compulsory. Making a scale alerting ends the alerting of the others from that day."""
    station, _sep, slug = datastream.partition("/")
    row = Datastream.objects.select_related("station").filter(station__code=station, slug=slug).first()
    if row is None:
        raise NotFound(
            format_lazy(_("“{code}” is not known. Nothing was saved; check the code."), code=datastream[:80]),
            code="unknown_datastream",
            field="datastream",
            item=datastream[:80],
        )
    if not source.strip():
        raise Invalid(
            _("Thresholds need a source: the decision, the report or the person responsible. Nothing was saved."),
            code="required",
            field="source",
        )
    bounds = [
        (level, bound) for level, bound in (("waspada", waspada), ("siaga", siaga), ("awas", awas)) if bound is not None
    ]
    if not bounds:
        raise Invalid(_("At least one level needs a bound. Nothing was saved."), code="required", field="waspada")
    for (_lower, low), (level, high) in pairwise(bounds):
        if not low < high:
            raise Invalid(
                _("Each level must begin above the one before it. Nothing was saved."), code="bad_order", field=level
            )
    if any(not math.isfinite(bound) for _level, bound in bounds) or not math.isfinite(hysteresis) or hysteresis < 0:
        raise Invalid(
            _("Bounds must be finite numbers, and the margin for falling not negative. Nothing was saved."),
            code="bad_bounds",
            field="hysteresis",
        )
    if valid_to and valid_to < valid_from:
        raise Invalid(_("The last day lies before the first. Nothing was saved."), code="bad_period", field="valid_to")
    eve = valid_from - timedelta(days=1)
    others = ThresholdScale.objects.filter(datastream=row).exclude(code=scale, valid_from=valid_from)
    for earlier in others.filter(code=scale, valid_from__lt=valid_from):
        if earlier.valid_to is None or earlier.valid_to > eve:
            earlier.valid_to = eve
            earlier.save(update_fields=["valid_to"])
    if alerting:
        for rival in others.filter(alerting=True, valid_from__lte=valid_from).exclude(code=scale):
            if rival.valid_to is None or rival.valid_to > eve:
                # The rival goes on as a scale to read, without alerting.
                if rival.valid_from == valid_from:
                    rival.alerting = False
                    rival.save(update_fields=["alerting"])
                    continue
                ThresholdScale.objects.create(
                    datastream=row,
                    code=rival.code,
                    name=rival.name,
                    name_en=rival.name_en,
                    alerting=False,
                    waspada=rival.waspada,
                    siaga=rival.siaga,
                    awas=rival.awas,
                    hysteresis=rival.hysteresis,
                    valid_from=valid_from,
                    valid_to=rival.valid_to,
                    source=rival.source,
                )
                rival.valid_to = eve
                rival.save(update_fields=["valid_to"])
    saved, _created = ThresholdScale.objects.update_or_create(
        datastream=row,
        code=_code(scale, "scale"),
        valid_from=valid_from,
        defaults={
            "name": name[:120] or scale,
            "name_en": name_en[:120],
            "alerting": alerting,
            "waspada": waspada,
            "siaga": siaga,
            "awas": awas,
            "hysteresis": hysteresis,
            "valid_to": valid_to,
            "source": source.strip()[:300],
        },
    )
    note(
        "station",
        station,
        datastream=datastream,
        scale=scale,
        waspada=waspada,
        siaga=siaga,
        awas=awas,
        alerting=alerting,
        source=source[:120],
    )
    touch()
    return saved
