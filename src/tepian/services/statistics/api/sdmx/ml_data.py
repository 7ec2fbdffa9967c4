"""Observations as SDMX-ML 2.1, generic or specific to the structure."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from lxml import etree

from ... import states
from ...queries.standards import OBS_STATUS, Flow
from .artefacts import flow_ref
from .asking import ALL_DIMENSIONS, Asked, Observation, Series, number, observations, series_of
from .ml import BASE, COMMON, MES, MESSAGE, _ref, header

GENERIC, SPECIFIC = f"{BASE}/data/generic", f"{BASE}/data/structurespecific"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
OBS_VALUE = "OBS_VALUE"
OWN_NAMES = {"gen": GENERIC}
SERIES, SERIES_KEY, OBS, OBS_KEY, OBS_DIMENSION, OBS_NUMBER, ATTRIBUTES, VALUE = (
    f"{{{GENERIC}}}{name}"
    for name in ("Series", "SeriesKey", "Obs", "ObsKey", "ObsDimension", "ObsValue", "Attributes", "Value")
)


def series_attributes(flow: Flow, indicator: str) -> dict[str, str]:
    return {"UNIT_MEASURE": flow.unit_id(indicator), "DECIMALS": str(flow.decimals(indicator))}


# A figure that is not shown tells no more than that.
_OWN = {
    status: {"OBS_STATUS": code, "CONF_STATUS": "C" if status == states.SUPPRESSED else "F"}
    for status, code in OBS_STATUS.items()
}


def own_attributes(row: Observation) -> dict[str, str]:
    return _OWN[row.status]


def attributes_at(asked: Asked, row: Observation) -> dict[str, str]:
    """Of an observation; with those of its indicator where no series could hold them."""
    if not asked.attributes:
        return {}
    found = own_attributes(row)
    if asked.at_observation in (ALL_DIMENSIONS, "INDICATOR"):
        return found | series_attributes(asked.flow, row.indicator)
    return found


def attributes_over(asked: Asked, series: Series) -> dict[str, str]:
    if not asked.attributes or asked.at_observation == "INDICATOR":
        return {}
    return series_attributes(asked.flow, series.indicator)


class _Writer:
    """One message, written piece by piece: a hundred thousand observations never stand in memory as a tree."""

    def __init__(self, asked: Asked, *, generic: bool) -> None:
        self.asked = asked
        self.flow = asked.flow
        self.generic = generic
        self.own = flow_ref(self.flow, "datastructure").urn() + ":ObsLevelDim:" + asked.at_observation
        self.ids = [part.id for part in self.flow.parts]

    def message(self) -> bytes:
        rows = observations(self.asked)
        name = "GenericData" if self.generic else "StructureSpecificData"
        names = {"mes": MESSAGE, "com": COMMON, "xsi": XSI}
        names |= {"gen": GENERIC} if self.generic else {"ss": SPECIFIC, "ns1": self.own}
        out = io.BytesIO()
        with etree.xmlfile(out, encoding="UTF-8") as file:
            file.write_declaration()
            with file.element(f"{{{MESSAGE}}}{name}", nsmap=names):
                file.write(self._header())
                with file.element(f"{{{MESSAGE}}}DataSet", self._dataset()):
                    if self.asked.at_observation == ALL_DIMENSIONS:
                        for row in rows:
                            file.write(self._flat(row))
                    else:
                        for series in series_of(self.asked, rows):
                            file.write(self._series(series))
        return out.getvalue()

    def _header(self) -> Any:
        given = {"structureID": "TABLE", "dimensionAtObservation": self.asked.at_observation}
        if not self.generic:
            given["namespace"] = self.own
        usage = etree.Element(f"{{{COMMON}}}StructureUsage")
        usage.append(_ref(flow_ref(self.flow)))
        structure = etree.Element(f"{{{MESSAGE}}}Structure", given)
        structure.append(usage)
        made = self.flow.edition.published_at
        return header(
            made, [structure, MES.DataSetAction("Replace"), MES.DataSetID(f"{self.flow.id}-{self.flow.edition.number}")]
        )

    def _dataset(self) -> Mapping[str, str]:
        given = {"structureRef": "TABLE", "action": "Replace"}
        if self.generic:
            return given
        return {
            f"{{{SPECIFIC}}}structureRef": "TABLE",
            f"{{{SPECIFIC}}}dataScope": "DataStructure",
            f"{{{SPECIFIC}}}action": "Replace",
            f"{{{XSI}}}type": "ns1:DataSetType",
        }

    # --- observations in series

    def _series(self, series: Series) -> Any:
        place = self.ids.index(self.asked.at_observation)
        key = dict(zip([*self.ids[:place], *self.ids[place + 1 :]], series.key, strict=True))
        over = attributes_over(self.asked, series)
        if not self.generic:
            node = etree.Element("Series", key | over)
            if not self.asked.series_only:
                for row in series.observations:
                    node.append(self._specific({self.asked.at_observation: row.key[place]}, row))
            return node
        node = etree.Element(SERIES, nsmap=OWN_NAMES)
        _values(node, SERIES_KEY, key)
        if over:
            _values(node, ATTRIBUTES, over)
        if not self.asked.series_only:
            for row in series.observations:
                seen = etree.SubElement(node, OBS)
                etree.SubElement(seen, OBS_DIMENSION).set("value", row.key[place])
                self._generic(seen, row)
        return node

    def _flat(self, row: Observation) -> Any:
        key = dict(zip(self.ids, row.key, strict=True))
        if not self.generic:
            return self._specific(key, row)
        node = etree.Element(OBS, nsmap=OWN_NAMES)
        _values(node, OBS_KEY, key)
        self._generic(node, row)
        return node

    def _generic(self, node: Any, row: Observation) -> None:
        if self.asked.values and row.value is not None:
            etree.SubElement(node, OBS_NUMBER).set("value", number(row.value))
        found = attributes_at(self.asked, row)
        if found:
            _values(node, ATTRIBUTES, found)

    def _specific(self, key: dict[str, str], row: Observation) -> Any:
        given = dict(key)
        if self.asked.values and row.value is not None:
            given[OBS_VALUE] = number(row.value)
        return etree.Element("Obs", given | attributes_at(self.asked, row))


def _values(parent: Any, name: str, values: Mapping[str, str]) -> None:
    node = etree.SubElement(parent, name)
    for ident, value in values.items():
        one = etree.SubElement(node, VALUE)
        one.set("id", ident)
        one.set("value", value)


def generic(asked: Asked) -> bytes:
    return _Writer(asked, generic=True).message()


def specific(asked: Asked) -> bytes:
    return _Writer(asked, generic=False).message()


__all__ = ["attributes_at", "attributes_over", "generic", "own_attributes", "series_attributes", "specific"]
