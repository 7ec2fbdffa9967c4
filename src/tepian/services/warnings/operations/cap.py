"""Writing CAP 1.2 (OASIS, Common Alerting Protocol) messages. Coordinates are latitude first, rings closed, times with
the city's offset; one `info` block in each language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from lxml import etree
from shapely.geometry import shape

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MAX_POINTS = 120  # for each ring: receivers draw on small screens


@dataclass(frozen=True, slots=True)
class Area:
    """A region: Kemendagri `code`, `name`, GeoJSON `boundary` in lon/lat order or None, and where it came from."""

    code: str
    name: str
    boundary: dict[str, Any] | None = None
    schematic: bool = False


@dataclass(frozen=True, slots=True)
class Info:
    """One language of a message."""

    language: str
    event: str
    headline: str
    description: str
    instruction: str
    area_note: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    identifier: str
    sender: str
    sender_name: str
    sent: datetime
    kind: str  # Alert, Update, Cancel
    exercise: bool
    note: str
    references: str
    incident: str
    category: str
    hazard: str
    level: str
    response: str
    urgency: str
    severity: str
    certainty: str
    effective: datetime
    onset: datetime
    expires: datetime
    web: str
    contact: str
    infos: Sequence[Info]
    areas: Sequence[Area]


def moment(value: datetime) -> str:
    """CAP's time: to the second, with a numeric offset (`Z` is not allowed)."""
    return timezone.localtime(value).replace(microsecond=0).isoformat()


def reference(sender: str, identifier: str, sent: datetime) -> str:
    return f"{sender},{identifier},{moment(sent)}"


def polygons(boundary: dict[str, Any] | None) -> list[str]:
    """Outer rings as CAP polygons: `lat,lon lat,lon …`, first point repeated, at most about `MAX_POINTS` points, five
    decimals (about a metre)."""
    if not boundary:
        return []
    geometry = shape(boundary)
    parts = getattr(geometry, "geoms", [geometry])
    rings = []
    for part in parts:
        if part.geom_type != "Polygon" or part.is_empty:
            continue
        tolerance = 0.0
        ring = part.exterior
        while len(ring.coords) > MAX_POINTS:
            tolerance = tolerance * 2 or 0.00005
            ring = part.simplify(tolerance, preserve_topology=True).exterior
        points = [f"{lat:.5f},{lon:.5f}" for lon, lat, *_height in ring.coords]
        if points[0] != points[-1]:
            points.append(points[0])
        if len(points) >= 4:
            rings.append(" ".join(points))
    return rings


def clean(text: str) -> str:
    """Without the control characters that XML cannot carry."""
    return "".join(
        c for c in text if c in "\t\n\r" or (c >= " " and not 0xD800 <= ord(c) <= 0xDFFF and c not in "\ufffe\uffff")
    )


def build(message: Message) -> str:
    """The message as an XML document."""
    alert = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})
    _add(
        alert,
        identifier=message.identifier,
        sender=message.sender,
        sent=moment(message.sent),
        status="Exercise" if message.exercise else "Actual",
        msgType=message.kind,
        scope="Public",
        note=message.note,
        references=message.references,
        incidents=message.incident,
    )
    for info in message.infos:
        block = _child(alert, "info")
        _add(
            block,
            language=info.language,
            category=message.category,
            event=info.event,
            responseType=message.response,
            urgency=message.urgency,
            severity=message.severity,
            certainty=message.certainty,
        )
        _pair(block, "eventCode", "tepian:hazard", message.hazard)
        _add(
            block,
            effective=moment(message.effective),
            onset=moment(message.onset),
            expires=moment(message.expires),
            senderName=message.sender_name,
            headline=info.headline,
            description=info.description,
            instruction=info.instruction,
            web=message.web,
            contact=message.contact,
        )
        _pair(block, "parameter", "tepian:level", message.level)
        _areas(block, message.areas, info.area_note)
    return etree.tostring(alert, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode()


def _areas(block: etree._Element, areas: Iterable[Area], schematic_note: str) -> None:
    for area in areas:
        element = _child(block, "area")
        note = f" ({schematic_note})" if area.schematic and schematic_note else ""
        _add(element, areaDesc=f"{area.name}{note}")
        for ring in polygons(area.boundary):
            _add(element, polygon=ring)
        _pair(element, "geocode", "ID-Kemendagri", area.code)


def _child(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")


def _add(parent: etree._Element, **texts: str) -> None:
    """Children in the given order; empty ones are left out."""
    for name, text in texts.items():
        if text:
            _child(parent, name).text = clean(text)


def _pair(parent: etree._Element, name: str, key: str, value: str) -> None:
    pair = _child(parent, name)
    _add(pair, valueName=key, value=value)
