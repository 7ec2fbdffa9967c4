"""The eight entity types of SensorThings over this room's tables.

A station is a Thing, its place a Location and the FeatureOfInterest of all its readings: the three share the station's
number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import CharField, F, IntegerField, Model, OuterRef, QuerySet, Subquery, Value
from django.db.models import expressions as dj
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from ...models import Datastream, Observation, ObservedProperty, Sensor, Station
from ...states import KEY_BITS, KEY_EPOCH_MS, KEY_MASK, Flag, iso, quality, unpack_key
from .odata import Typed, bad

MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
Maker = Callable[[str], Any]


@dataclass(frozen=True)
class Entity:
    """One entity type. `props` gives, by path, (what the database compares, its kind); `one` and `many` the navigation:
    name → (entity type, step): for `one` the path to the row, for `many` the field of the target that names this row.
    """

    plural: str
    singular: str
    model: type[Model]
    serialise: Callable[[Any], dict[str, Any]]
    props: dict[str, tuple[str | Maker, str]]
    one: dict[str, tuple[str, str]] = field(default_factory=dict)
    many: dict[str, tuple[str, str]] = field(default_factory=dict)
    related: tuple[str, ...] = ()
    empty: bool = False

    def base(self) -> QuerySet[Any]:
        query = self.model._default_manager.all()
        if self.empty:
            return query.none()
        if self.model is Observation:
            query = query.annotate(ds=F("id").bitrightshift(KEY_BITS))
        return query.select_related(*self.related) if self.related else query

    def many_target(self, path: tuple[str, ...]) -> tuple[Entity, str] | None:
        """(entity type, its field that names this row) of a collection that may be asked with any()."""
        if len(path) != 1 or path[0] not in self.many:
            return None
        name, step = self.many[path[0]]
        return (ENTITIES[name], step) if step else None

    def resolve(self, path: tuple[str, ...], prefix: str = "") -> Typed:
        """The expression of a property path; raises `Invalid` for one that does not exist."""
        if path[0] in self.one and len(path) > 1:
            name, step = self.one[path[0]]
            target = ENTITIES[name]
            if self.model is Observation:
                return _through_datastream(target.resolve(path[1:], step))
            return target.resolve(path[1:], f"{prefix}{step}__")
        name = "/".join(path)
        if name in self.props:
            source, kind = self.props[name]
            return Typed(source(prefix) if callable(source) else F(prefix + source), kind)
        if path[0] == "properties" and len(path) == 2 and "properties/*" in self.props:
            return Typed(KeyTextTransform(path[1][:100], F(f"{prefix}properties")), "str")
        raise bad(_("There is no such property here."), name)


def _through_datastream(inner: Typed) -> Typed:
    """A property of the reading's datastream, as seen from the reading."""
    rows = Datastream.objects.filter(pk=OuterRef("ds"))
    if inner.kind == "geo":
        return Typed(tuple(Subquery(rows.annotate(wanted=part).values("wanted")[:1]) for part in inner.expr), "geo")
    return Typed(Subquery(rows.annotate(wanted=inner.expr).values("wanted")[:1]), inner.kind)


# --- serialisers -----------------------------------------------------------------------------------------------------


def _thing(row: Station) -> dict[str, Any]:
    properties = {**row.properties, "code": row.code, "kind": row.kind, "name_en": row.name_en or row.name}
    properties |= {"active": row.active, "position": row.position, "source": row.source}
    if row.region_id:
        properties["region"] = row.region.code  # type: ignore[union-attr]
    return {"name": row.name, "description": row.description or row.name, "properties": properties}


def _place(row: Station) -> dict[str, Any]:
    return {
        "name": row.name,
        "description": row.get_position_display(),
        "encodingType": "application/geo+json",
    }


def _location(row: Station) -> dict[str, Any]:
    return {**_place(row), "location": {"type": "Point", "coordinates": [row.lon, row.lat]}}


def _feature(row: Station) -> dict[str, Any]:
    return {**_place(row), "feature": {"type": "Point", "coordinates": [row.lon, row.lat]}}


def _datastream(row: Datastream) -> dict[str, Any]:
    properties = {
        **row.properties,
        "key": row.key,
        "mqtt_topic": row.mqtt_topic,
        "basis": row.basis,
        "datum": row.datum,
        "expected_interval_s": row.expected_interval_s,
        "name_en": row.name_en or row.name,
        "plausible": [row.min_plausible, row.max_plausible],
    }
    return {
        "name": row.name,
        "description": row.description or row.name,
        "observationType": MEASUREMENT,
        "unitOfMeasurement": {
            "name": row.unit_name or row.unit_label,
            "symbol": row.unit_label,
            "definition": f"https://ucum.org/ucum#{row.unit}",
        },
        "observedArea": {"type": "Point", "coordinates": [row.station.lon, row.station.lat]},
        "properties": properties,
    }


def _sensor(row: Sensor) -> dict[str, Any]:
    return {
        "name": row.name,
        "description": row.description or row.name,
        "encodingType": row.encoding_type,
        "metadata": row.metadata,
        "properties": {**row.properties, "code": row.code},
    }


def _observed_property(row: ObservedProperty) -> dict[str, Any]:
    return {
        "name": row.name,
        "definition": row.definition,
        "description": row.description or row.name,
        "properties": {**row.properties, "code": row.code, "name_en": row.name_en or row.name},
    }


def _observation(row: Observation) -> dict[str, Any]:
    moment = iso(unpack_key(row.id)[1])
    parameters = {"simulated": True} if row.flags & Flag.SIMULATED else {}
    return {
        "phenomenonTime": moment,
        "resultTime": moment,
        "result": row.result,
        "resultQuality": quality(row.flags),
        "parameters": parameters,
    }


# --- the model -------------------------------------------------------------------------------------------------------


def _time(prefix: str) -> Any:
    return dj.CombinedExpression(
        F(f"{prefix}id").bitand(KEY_MASK), "+", Value(KEY_EPOCH_MS), output_field=IntegerField()
    )


def _key(prefix: str) -> Any:
    return Concat(F(f"{prefix}station__code"), Value("/"), F(f"{prefix}slug"), output_field=CharField())


def _topic(prefix: str) -> Any:
    return Concat(Value("tepian/v1/"), _key(prefix), output_field=CharField())


def _point(prefix: str) -> Any:
    return F(f"{prefix}lon"), F(f"{prefix}lat")


_PLACE: dict[str, tuple[str | Maker, str]] = {
    "id": ("pk", "num"),
    "name": ("name", "str"),
    "description": ("position", "str"),
}

ENTITIES: dict[str, Entity] = {
    entity.plural: entity
    for entity in (
        Entity(
            "Things",
            "Thing",
            Station,
            _thing,
            {
                "id": ("pk", "num"),
                "name": ("name", "str"),
                "description": ("description", "str"),
                "properties/*": ("properties", "str"),
                "properties/code": ("code", "str"),
                "properties/kind": ("kind", "str"),
                "properties/region": ("region__code", "str"),
                "properties/active": ("active", "bool"),
                "properties/name_en": ("name_en", "str"),
                "properties/source": ("source", "str"),
            },
            many={
                "Datastreams": ("Datastreams", "station"),
                "Locations": ("Locations", "pk"),
                "HistoricalLocations": ("HistoricalLocations", "pk"),
            },
            related=("region",),
        ),
        Entity(
            "Locations",
            "Location",
            Station,
            _location,
            {**_PLACE, "location": (_point, "geo")},
            many={"Things": ("Things", "pk"), "HistoricalLocations": ("HistoricalLocations", "pk")},
        ),
        Entity(
            "HistoricalLocations",
            "HistoricalLocation",
            Station,
            _place,
            {"id": ("pk", "num")},
            one={"Thing": ("Things", "pk")},
            many={"Locations": ("Locations", "pk")},
            empty=True,
        ),
        Entity(
            "Datastreams",
            "Datastream",
            Datastream,
            _datastream,
            {
                "id": ("pk", "num"),
                "name": ("name", "str"),
                "description": ("description", "str"),
                "unitOfMeasurement/symbol": ("unit_label", "str"),
                "unitOfMeasurement/name": ("unit_name", "str"),
                "observedArea": (lambda prefix: _point(f"{prefix}station__"), "geo"),
                "properties/*": ("properties", "str"),
                "properties/key": (_key, "str"),
                "properties/mqtt_topic": (_topic, "str"),
                "properties/basis": ("basis", "str"),
                "properties/datum": ("datum", "str"),
                "properties/expected_interval_s": ("expected_interval_s", "num"),
            },
            one={
                "Thing": ("Things", "station"),
                "Sensor": ("Sensors", "sensor"),
                "ObservedProperty": ("ObservedProperties", "observed_property"),
            },
            many={"Observations": ("Observations", "")},
            related=("station", "sensor", "observed_property"),
        ),
        Entity(
            "Sensors",
            "Sensor",
            Sensor,
            _sensor,
            {
                "id": ("pk", "num"),
                "name": ("name", "str"),
                "description": ("description", "str"),
                "metadata": ("metadata", "str"),
                "encodingType": ("encoding_type", "str"),
                "properties/*": ("properties", "str"),
                "properties/code": ("code", "str"),
            },
            many={"Datastreams": ("Datastreams", "sensor")},
        ),
        Entity(
            "ObservedProperties",
            "ObservedProperty",
            ObservedProperty,
            _observed_property,
            {
                "id": ("pk", "num"),
                "name": ("name", "str"),
                "description": ("description", "str"),
                "definition": ("definition", "str"),
                "properties/*": ("properties", "str"),
                "properties/code": ("code", "str"),
            },
            many={"Datastreams": ("Datastreams", "observed_property")},
        ),
        Entity(
            "Observations",
            "Observation",
            Observation,
            _observation,
            {
                "id": ("pk", "num"),
                "result": ("result", "num"),
                "phenomenonTime": (_time, "time"),
                "resultTime": (_time, "time"),
            },
            one={"Datastream": ("Datastreams", ""), "FeatureOfInterest": ("FeaturesOfInterest", "station__")},
        ),
        Entity(
            "FeaturesOfInterest",
            "FeatureOfInterest",
            Station,
            _feature,
            {**_PLACE, "feature": (_point, "geo")},
            many={"Observations": ("Observations", "")},
        ),
    )
}
SINGULAR = {entity.singular: entity for entity in ENTITIES.values()}
