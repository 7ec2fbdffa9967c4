"""Answering POST: new things and readings, alone, nested in one another, or many in a batch."""

from __future__ import annotations

import re
import time
from typing import Any

from asgiref.sync import async_to_sync
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.events import operation

from ... import operations as op
from ... import policies
from ...models import Datastream, ObservedProperty, Sensor, Station
from ...operations import readings, registry
from ...operations.stations import free_code
from ...states import pack_key
from ..answers import NOT_YOURS, Problem, may_write
from ..ingest import ROOT, conflict, pick, reference_of, store_arrays
from .entities import ENTITIES
from .options import Options
from .reading import Writer, walk

LARGEST_BATCH = 1000


def _text(body: dict[str, Any], name: str, *, required: bool = False, limit: int = 2000) -> str:
    value = body.get(name, "")
    if not isinstance(value, str) or "\x00" in value or (required and not value.strip()):
        raise Invalid(
            format_lazy(_("“{name}” must be a text. Nothing was stored."), name=name), code="required", field=name
        )
    return value.strip()[:limit]


def _table(body: dict[str, Any], name: str) -> dict[str, Any]:
    value = body.get(name, {})
    if not isinstance(value, dict):
        raise Invalid(
            format_lazy(_("“{name}” must be an object. Nothing was stored."), name=name), code="bad_form", field=name
        )
    return value


def _number(properties: dict[str, Any], name: str) -> float | None:
    value = properties.pop(name, None)
    return None if value is None else readings.parse_value(value, name)


def _code_from(properties: dict[str, Any], model: Any, name: str) -> str:
    code = properties.pop("code", None)
    return code if isinstance(code, str) and code else free_code(model, name)


def _reference(body: dict[str, Any], name: str, model: Any) -> tuple[Any, dict[str, Any] | None]:
    """What `name` says: an existing row by `@iot.id` (number, or code), or the body of a new one."""
    value = body.get(name)
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        raise Invalid(
            format_lazy(
                _('“{name}” is missing. Write "{name}": {{"@iot.id": 1}} or describe a new one. Nothing was stored.'),
                name=name,
            ),
            code="required",
            field=name,
        )
    if "@iot.id" not in value:
        return None, value
    number = value["@iot.id"]
    found = None
    if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 2**62:
        found = model.objects.filter(pk=number).first()
    elif isinstance(number, str) and "\x00" not in number:
        found = model.objects.filter(code=number).first()
    if found is None:
        raise Invalid(
            format_lazy(_("There is no {name} “{id}”. Nothing was stored."), name=name, id=str(number)[:60]),
            code="unknown_reference",
            field=name,
        )
    return found, None


def thing(actor: Actor, body: dict[str, Any]) -> Station:
    properties = dict(_table(body, "properties"))
    name = _text(body, "name", required=True, limit=120)
    places = body.get("Locations") or []
    place = places[0] if isinstance(places, list) and places and isinstance(places[0], dict) else {}
    geometry = place.get("location")
    if isinstance(geometry, dict) and geometry.get("type") == "Feature":
        geometry = geometry.get("geometry")
    coordinates = (
        geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    )
    if not isinstance(coordinates, list) or len(coordinates) < 2 or any(isinstance(c, bool) for c in coordinates):
        raise Invalid(
            _("A Thing needs its place: Locations with one GeoJSON Point, longitude first. Nothing was stored."),
            code="bad_position",
            field="Locations",
        )
    kind = properties.pop("kind", "other")
    words: dict[str, Any] = {key: str(properties.pop(key, ""))[:300] for key in ("name_en", "source")}
    region = properties.pop("region", None)
    position = properties.pop("position", "surveyed")
    properties.pop("active", None)
    station = op.create_station(
        actor=actor,
        code=_code_from(properties, Station, name),
        name=name,
        kind=str(kind),
        lon=coordinates[0],
        lat=coordinates[1],
        description=_text(body, "description"),
        region=region if isinstance(region, str) else None,
        position=position if position in Station.Position.values else "surveyed",
        properties=properties,
        **words,
    )
    series = body.get("Datastreams") or []
    if not isinstance(series, list) or not all(isinstance(item, dict) for item in series):
        raise Invalid(
            _("“Datastreams” must be a list of objects. Nothing was stored."), code="bad_form", field="Datastreams"
        )
    for item in series:
        datastream(actor, item, station)
    return station


def sensor(actor: Actor, body: dict[str, Any]) -> Sensor:
    properties = dict(_table(body, "properties"))
    name = _text(body, "name", required=True, limit=120)
    metadata = body.get("metadata", "")
    return op.create_sensor(
        actor=actor,
        code=_code_from(properties, Sensor, name),
        name=name,
        description=_text(body, "description"),
        encoding_type=_text(body, "encodingType") or "text/plain",
        metadata=metadata if isinstance(metadata, str) else str(metadata)[:2000],
        properties=properties,
    )


def observed_property(actor: Actor, body: dict[str, Any]) -> ObservedProperty:
    properties = dict(_table(body, "properties"))
    name = _text(body, "name", required=True, limit=120)
    properties.pop("name_en", None)
    return op.create_observed_property(
        actor=actor,
        code=_code_from(properties, ObservedProperty, name),
        name=name,
        definition=_text(body, "definition"),
        description=_text(body, "description"),
        properties=properties,
    )


def datastream(actor: Actor, body: dict[str, Any], station: Station | None = None) -> Datastream:
    properties = dict(_table(body, "properties"))
    name = _text(body, "name", required=True, limit=160)
    if station is None:
        station, new_thing = _reference(body, "Thing", Station)
        station = station or thing(actor, new_thing or {})
    found_sensor, new_sensor = _reference(body, "Sensor", Sensor)
    found_property, new_property = _reference(body, "ObservedProperty", ObservedProperty)
    found_sensor = found_sensor or sensor(actor, new_sensor or {})
    found_property = found_property or observed_property(actor, new_property or {})
    unit = _table(body, "unitOfMeasurement")
    symbol = unit.get("symbol")
    if not isinstance(symbol, str) or not symbol.strip():
        raise Invalid(
            _("“unitOfMeasurement” needs a symbol, e.g. m or mm. Nothing was stored."),
            code="required",
            field="unitOfMeasurement",
        )
    slug = properties.pop("slug", None)
    if not isinstance(slug, str) or not slug:
        taken = set(Datastream.objects.filter(station=station).values_list("slug", flat=True))
        base = re.sub(r"[^a-z0-9]+", "-", found_property.code.lower()).strip("-") or "seri"
        slug = next(s for s in [base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))] if s not in taken)
    limits: dict[str, Any] = {
        name: _number(properties, name) for name in ("min_plausible", "max_plausible", "max_step_per_minute")
    }
    interval = _number(properties, "expected_interval_s")
    for key in ("key", "mqtt_topic", "basis", "datum", "plausible", "name_en"):
        properties.pop(key, None)
    unit_name = unit.get("name")
    return op.create_datastream(
        actor=actor,
        station=station.code,
        slug=slug,
        name=name,
        description=_text(body, "description"),
        observed_property=found_property.code,
        sensor=found_sensor.code,
        unit=symbol.strip(),
        unit_label=symbol.strip(),
        unit_name=unit_name[:60] if isinstance(unit_name, str) else "",
        properties=properties,
        expected_interval_s=int(min(max(interval or 600, 1), 10**8)),
        main=not station.datastreams.filter(main=True).exists(),
        **limits,
    )


@operation("sensors.register", policy=policies.may_register_things)
def register(*, actor: Actor, kind: str, body: dict[str, Any]) -> Any:
    """Create an entity with everything nested in it: all of it or nothing."""
    makers: dict[str, Any] = {
        "Things": thing,
        "Sensors": sensor,
        "ObservedProperties": observed_property,
        "Datastreams": datastream,
    }
    return makers[kind](actor, body)


def observation(actor: Actor, body: dict[str, Any], reference: Any = None) -> tuple[int, float | None]:
    """Store one reading; (its key, the value kept instead where one was there)."""
    known = registry.current()
    series = pick(known, reference if reference is not None else reference_of(body))
    if not may_write(actor, series):
        raise Problem(401 if actor.kind == "anonymous" else 403, "denied", NOT_YOURS, field="Datastream")
    row = readings.row_of(series, body, time.time_ns() // 1_000_000)
    kept = readings.record_observations(actor=actor, rows=[row], checked=True)
    return pack_key(row[0], row[1]), kept.get(0)


def answer(path: str, body: Any, actor: Actor, origin: str) -> tuple[int, Any, dict[str, str]]:
    """(status, body, headers) for POST to a path below /sensorthings/v1.1."""
    base = f"{origin}{ROOT}"
    name = path.strip("/")
    if name == "CreateObservations":
        if actor.kind == "anonymous":
            raise Problem(401, "not_signed_in", NOT_YOURS)
        stored, answers = async_to_sync(store_arrays)(body, actor, origin)
        return (201 if stored or not answers else 422), answers, {}
    if name == "$batch":
        return 200, batch(body, actor, origin), {}
    if not isinstance(body, dict):
        raise Invalid(_("The body must be one JSON object. Nothing was stored."), code="malformed")
    nested = re.fullmatch(r"(Datastreams|Things)\((.+)\)/(Observations|Datastreams)", name, re.DOTALL)
    if name == "Observations" or (nested and nested[1] == "Datastreams" and nested[3] == "Observations"):
        reference = walk(f"Datastreams({nested[2]})").row.pk if nested else None
        key, kept = observation(actor, body, reference)
        if kept is not None:
            raise conflict(key, kept, origin)
        link = f"{base}/Observations({key})"
        return 201, {"@iot.id": key, "@iot.selfLink": link}, {"Location": link}
    if nested and nested[1] == "Things" and nested[3] == "Datastreams":
        name, body = "Datastreams", {**body, "Thing": {"@iot.id": walk(f"Things({nested[2]})").row.pk}}
    if name not in {"Things", "Sensors", "ObservedProperties", "Datastreams"}:
        if name in ENTITIES:
            raise Problem(
                405,
                "method_not_allowed",
                _("This kind of entity comes with its Thing and cannot be made alone. Nothing was stored."),
            )
        walk(name)
        raise Problem(405, "method_not_allowed", _("Nothing can be added at this address. Nothing was stored."))
    made = register(actor=actor, kind=name, body=body)
    entity = ENTITIES[name]
    row = entity.base().get(pk=made.pk)
    writer = Writer(base)
    return 201, writer.many(entity, [row], Options())[0], {"Location": writer.link(entity, row)}


def batch(body: Any, actor: Actor, origin: str) -> dict[str, Any]:
    """OData JSON batch: `{"requests": [{"id", "method", "url", "body"}]}`. Each part succeeds or fails by itself."""
    from .views import respond

    requests = body.get("requests") if isinstance(body, dict) else None
    if (
        not isinstance(requests, list)
        or len(requests) > LARGEST_BATCH
        or not all(isinstance(part, dict) for part in requests)
    ):
        raise Invalid(
            _('A batch is {"requests": […]} with at most 1,000 requests. Nothing was stored.'),
            code="malformed",
            field="requests",
        )
    responses = []
    for part in requests:
        url = part.get("url")
        method = part.get("method", "GET")
        url = url.split(f"{ROOT}/")[-1].lstrip("/") if isinstance(url, str) else ""
        if url.startswith("$batch") or not isinstance(method, str):
            status, content, headers = 400, {"code": "malformed"}, dict[str, str]()
        else:
            path, _mark, query = url.partition("?")
            status, content, headers = respond(method.upper(), path, query, part.get("body"), actor, origin)
        responses.append({"id": part.get("id"), "status": status, "headers": headers, "body": content})
    return {"responses": responses}
