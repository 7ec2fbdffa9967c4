"""Observations as SDMX-JSON 1.0 and 2.0."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import orjson

from tepian.kernel.catalogue.city import city_timezone

from ... import states
from ...queries import standards
from ...queries.standards import Codelist, Part, Words
from .artefacts import COMMON_CONCEPTS, attributes_of, flow_ref
from .asking import ALL_DIMENSIONS, Asked, Observation, observations, series_of
from .js import meta, named
from .ml_data import attributes_at, attributes_over


class _Values:
    """The values of a component in the order of their first use; observations name them by place."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def place(self, value: str) -> int:
        return self.places.setdefault(value, len(self.places))


class _Message:
    def __init__(self, asked: Asked, language: str, *, newer: bool) -> None:
        self.asked, self.flow, self.language, self.newer = asked, asked.flow, language, newer
        self.zone = city_timezone()
        self.parts = {part.id: part for part in self.flow.parts}
        self.values = {part.id: _Values() for part in self.flow.parts}
        self.attributes = {ident: _Values() for ident, _codes, _series in attributes_of(self.flow)}
        flat = asked.at_observation == ALL_DIMENSIONS
        self.above = [] if flat else [ident for ident in self.parts if ident != asked.at_observation]
        self.below = list(self.parts) if flat else [asked.at_observation]
        of_series = [ident for ident, _codes, series in attributes_of(self.flow) if series]
        own = [ident for ident, _codes, series in attributes_of(self.flow) if not series]
        together = flat or asked.at_observation == "INDICATOR"
        self.over = [] if together or not asked.attributes else of_series
        self.at = [] if not asked.attributes else [*own, *of_series] if together else own

    def write(self) -> bytes:
        rows = observations(self.asked)
        place = {ident: n for n, ident in enumerate(self.parts)}
        dataset: dict[str, Any] = {
            "action": "Replace",
            "links": [{"rel": "dataflow", "urn": flow_ref(self.flow).urn()}],
        }
        if self.above:
            dataset["series"] = found = {}
            for series in series_of(self.asked, rows):
                key = ":".join(
                    str(self.values[ident].place(code)) for ident, code in zip(self.above, series.key, strict=True)
                )
                over = attributes_over(self.asked, series)
                one: dict[str, Any] = {"attributes": [self.attributes[ident].place(over[ident]) for ident in self.over]}
                if not self.asked.series_only:
                    at = place[self.asked.at_observation]
                    one["observations"] = {
                        str(self.values[self.below[0]].place(row.key[at])): self._observation(row)
                        for row in series.observations
                    }
                found[key] = one
        else:
            dataset["observations"] = {
                ":".join(
                    str(self.values[ident].place(code)) for ident, code in zip(self.below, row.key, strict=True)
                ): self._observation(row)
                for row in rows
            }
        if self.newer:
            dataset["structure"] = 0
        schema = "data-message/tools/schemas/" + ("2.0.0" if self.newer else "1.0") + "/sdmx-json-data-schema.json"
        data = (
            {"structures": [self._structure()], "dataSets": [dataset]}
            if self.newer
            else {"structure": self._structure(), "dataSets": [dataset]}
        )
        return orjson.dumps({"meta": meta(self.flow.edition.published_at, self.language, schema), "data": data})

    def _observation(self, row: Observation) -> list[Any]:
        found = attributes_at(self.asked, row)
        value = row.value if self.asked.values else None
        if value is not None and value == int(value) and abs(value) < 1e15:
            value = int(value)
        return [value, *(self.attributes[ident].place(found[ident]) for ident in self.at)]

    # --- what the places mean

    def _structure(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "links": [
                {"rel": "dataflow", "urn": flow_ref(self.flow).urn()},
                {"rel": "datastructure", "urn": flow_ref(self.flow, "datastructure").urn()},
            ],
            **named(self.flow.title, self.language),
            "dimensions": {
                "dataSet": [],
                "series": [self._dimension(ident) for ident in self.above],
                "observation": [self._dimension(ident) for ident in self.below],
            },
            "attributes": {
                "dataSet": [],
                "series": [self._attribute(ident) for ident in self.over],
                "observation": [self._attribute(ident) for ident in self.at],
            },
            "annotations": [],
        }
        if self.newer:
            found["dataSets"] = [0]
            found["measures"] = {
                "observation": [
                    {"id": "OBS_VALUE", **self._concept_name("OBS_VALUE"), "format": {"dataType": "Double"}}
                ]
            }
        return found

    def _concept_name(self, ident: str) -> dict[str, Any]:
        return named(standards.both(COMMON_CONCEPTS[ident]), self.language)

    def _dimension(self, ident: str) -> dict[str, Any]:
        part = self.parts[ident]
        values = [self._value(part, code) for code in self.values[ident].places]
        place = list(self.parts).index(ident)
        return {"id": ident, **named(part.name, self.language), "keyPosition": place, "roles": [], "values": values}

    def _value(self, part: Part, code: str) -> dict[str, Any]:
        if part.codelist is None:
            first, last = states.period_start(code), standards.last_day(code)
            if self.newer:
                return {"value": code, **self._span(first, last)}
            return {"id": code, "name": code, **self._span(first, last)}
        return self._coded(part.codelist, code)

    def _span(self, first: Any, last: Any) -> dict[str, str]:
        return {
            "start": datetime.combine(first, time(), self.zone).isoformat(),
            "end": datetime.combine(last, time(23, 59, 59), self.zone).isoformat(),
        }

    def _coded(self, codes: Codelist, ident: str) -> dict[str, Any]:
        code = codes.by_id.get(ident)
        found = {"id": ident, **named(code.name if code else Words(ident), self.language)}
        return found | ({"parent": code.parent} if code and code.parent else {})

    def _attribute(self, ident: str) -> dict[str, Any]:
        _id, codes, of_series = next(one for one in attributes_of(self.flow) if one[0] == ident)
        if codes is not None:
            values = [self._coded(codes, value) for value in self.attributes[ident].places]
        elif self.newer:
            values = [{"value": value} for value in self.attributes[ident].places]
        else:
            values = [{"name": value} for value in self.attributes[ident].places]
        single: dict[str, Any] = {"observation": {}} if self.newer else {"primaryMeasure": "OBS_VALUE"}
        return {
            "id": ident,
            **self._concept_name(ident),
            "relationship": {"dimensions": ["INDICATOR"]} if of_series else single,
            **({"values": values} if values or not self.newer else {}),
        }


def json1(asked: Asked, language: str) -> bytes:
    return _Message(asked, language, newer=False).write()


def json2(asked: Asked, language: str) -> bytes:
    return _Message(asked, language, newer=True).write()
