"""`{% load maps %}`: the city map, drawn on the server."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import structlog
from django import template
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from tepian.kernel.actors import ANONYMOUS, Actor
from tepian.kernel.catalogue.contributions import MapFeature, MapLayer
from tepian.kernel.maps import queries
from tepian.kernel.maps.projection import brief
from tepian.ui import levels
from tepian.ui.words import DASH

register = template.Library()
log = structlog.get_logger("maps")
LETTER, SIGN, CLOSE = 10.0, 11.0, 22.0  # units of the drawing: a letter's width, half a sign, signs that would overlap
ROOM = 46.0  # units between two signs that a finger can tell apart on a phone (WCAG 2.5.8)


@register.simple_tag(takes_context=True)
def city_map(
    context: dict[str, Any],
    layers: Any = None,
    audience: str = "public",
    focus: str = "",
    wall: bool = False,
    points: Iterable[MapFeature] | None = None,
    label: str = "",
) -> SafeString:
    """The city with layers on it. `layers`: keys in one string or a list, None for all that the audience may see, ""
    for none. `points` adds features of one page. `focus` is a region's code or a feature's key to be marked. A list
    that says the same belongs beside the map."""
    request = context.get("request")
    actor: Actor = getattr(request, "actor", ANONYMOUS)
    if audience == "staff" and not (actor.is_system or actor.kind == "person"):
        audience = "public"  # who is not signed in sees what everybody sees
    keys = layers.split() if isinstance(layers, str) else layers
    shown: list[tuple[MapLayer | None, list[MapFeature]]] = [
        (layer, features(layer, actor)) for layer in queries.layers(audience, keys)
    ]
    if points is not None:
        shown.append((None, list(points)))
    return draw(shown, focus=focus, wall=wall, label=label)


def features(layer: MapLayer, actor: Actor) -> list[MapFeature]:
    """A layer's things; a layer that fails is left out and the map stands."""
    try:
        return queries.features_of(layer, actor)
    except Exception:
        log.exception("map_layer_failed", layer=layer.key)
        return []


def draw(
    shown: list[tuple[MapLayer | None, list[MapFeature]]], *, focus: str = "", wall: bool = False, label: str = ""
) -> SafeString:
    base = queries.base_map()
    if base.empty:
        return SafeString(render_to_string("maps/none.html"))
    everything = sorted(
        (feature for _layer, found in shown for feature in found), key=lambda item: levels.ORDER.get(item.level, 0)
    )
    areas = [feature for feature in everything if feature.regions]
    spots = [placed for feature in everything if (placed := _placed(feature, base)) is not None]
    inside = [feature for feature in spots if base.projection.shows(feature.lon or 0.0, feature.lat or 0.0)]
    used = {levels.known(feature.level) for feature in everything if feature.level != "none"}
    drawing = [_area(feature, base) for feature in areas if feature.level not in {"none", "normal"}]
    if focus:
        drawing.append(
            format_html_join(
                "",
                '<use class="fokus" href="#{}"/>',
                ((queries.ward_id(code),) for code in queries.wards_of([focus], base.wards)),
            )
        )
    drawing.append(mark_safe(base.names))
    drawing += _spots(inside, base, focus)
    return SafeString(
        render_to_string(
            "maps/map.html",
            {
                "width": round(base.projection.width),
                "height": round(base.projection.height),
                "base": mark_safe(base.svg),
                "drawing": mark_safe("".join(drawing)),
                "schematic": base.schematic,
                "wall": wall,
                "label": label or _("Map of the city"),
                "outside": len(spots) - len(inside),
                "levels": [
                    (code, levels.label(code))
                    for code in ("normal", "waspada", "siaga", "awas", "unknown")
                    if code in used
                ],
                "hatched": {levels.known(feature.level) for feature in areas},
                "sources": credit_lines(base.sources),
            },
        )
    )


def credit_lines(sources: Iterable[str]) -> list[str]:
    """Whom the map must name. Data of OpenStreetMap asks for its own words (ODbL 4.3)."""
    found: dict[str, None] = {}
    for source in sources:
        found["© OpenStreetMap contributors" if "openstreetmap" in source.lower() else source] = None
    return list(found)


def _placed(feature: MapFeature, base: queries.BaseMap) -> MapFeature | None:
    """The feature with a place for its sign: its own, or a point on the land of its largest ward."""
    if feature.lon is not None and feature.lat is not None:
        return feature
    points = [base.points[code] for code in queries.wards_of(feature.regions, base.wards) if code in base.points]
    return replace(feature, lon=points[0][0], lat=points[0][1]) if points else None


def _title(feature: MapFeature) -> str:
    parts = [str(feature.label), str(feature.value)]
    if feature.level != "none":
        parts.append(str(levels.label(feature.level)))
    return " · ".join(dict.fromkeys(part for part in parts if part))


def _linked(feature: MapFeature, inner: SafeString) -> SafeString:
    if not feature.url:
        return inner
    return format_html('<a href="{}" aria-label="{}">{}</a>', feature.url, _title(feature), inner)


def _area(feature: MapFeature, base: queries.BaseMap) -> SafeString:
    level = levels.known(feature.level)
    uses = format_html_join(
        "", '<use href="#{}"/>', ((queries.ward_id(code),) for code in queries.wards_of(feature.regions, base.wards))
    )
    if not uses:
        return SafeString("")
    return format_html(
        '<g class="daerah lv-{0}" fill="url(#h-{0})"><title>{1}</title>{2}</g>', level, _title(feature), uses
    )


def _spots(features: list[MapFeature], base: queries.BaseMap, focus: str) -> list[SafeString]:
    """Signs with their values. Signs at one place are moved side by side; a value that finds no room is left out (the
    sign's title and the list beside the map still tell it). The worst come last and lie on top, but choose first."""
    placed: list[tuple[float, float]] = []
    for feature in features:
        x, y = base.projection(feature.lon or 0.0, feature.lat or 0.0)
        while any(abs(x - other_x) < CLOSE and abs(y - other_y) < CLOSE for other_x, other_y in placed):
            x += CLOSE
        placed.append((x, y))
    taken = [(x - SIGN, y - SIGN, x + SIGN, y + SIGN) for x, y in placed]
    texts: list[SafeString] = []
    for (x, y), feature in reversed(list(zip(placed, features, strict=True))):
        texts.append(_value(str(feature.value), x, y, taken, base.projection.width))
    texts.reverse()
    return [
        _spot(
            feature if _can_be_hit(number, placed) else replace(feature, url=""),
            x,
            y,
            text,
            focused=feature.key == focus,
        )
        for number, (feature, (x, y), text) in enumerate(zip(features, placed, texts, strict=True))
    ]


def _can_be_hit(number: int, placed: list[tuple[float, float]]) -> bool:
    """Is there room for a finger? A sign that a worse one covers is no link; the list beside the map leads on."""
    x, y = placed[number]
    return not any(abs(x - other_x) < ROOM and abs(y - other_y) < ROOM for other_x, other_y in placed[number + 1 :])


def _value(text: str, x: float, y: float, taken: list[tuple[float, float, float, float]], width: float) -> SafeString:
    """The value right, left, below or above its sign, where nothing is yet."""
    if not text or text == DASH:
        return SafeString("")
    wide = len(text) * LETTER
    for dx, dy, anchor in ((16.0, 6.0, ""), (-16.0, 6.0, "end"), (0.0, 29.0, "middle"), (0.0, -17.0, "middle")):
        left = x + dx - (wide if anchor == "end" else wide / 2 if anchor == "middle" else 0)
        box = (left, y + dy - 15, left + wide, y + dy + 3)
        if box[0] < 0 or box[2] > width:
            continue
        if any(box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken):
            continue
        taken.append(box)
        how = format_html(' text-anchor="{}"', anchor) if anchor else SafeString("")
        return format_html(
            '<text class="nilai" x="{}" y="{}"{} data-live-value="">{}</text>', brief(dx), brief(dy), how, text
        )
    return SafeString("")


def _spot(feature: MapFeature, x: float, y: float, text: SafeString, *, focused: bool) -> SafeString:
    level = "none" if feature.level == "none" else levels.known(feature.level)
    inner = format_html(
        '<title>{}</title><circle class="tekan" r="26"/><circle class="cincin{}" r="17"/>'
        '<use class="bentuk" href="#m-{}" data-live-shape=""/>{}',
        _title(feature), " tetap" if focused else "", level, text,
    )  # fmt: skip
    return format_html(
        '<g class="titik{}" transform="translate({} {})" data-live-key="{}"><g class="tanda">{}</g></g>',
        "" if level == "none" else f" level-{level}", brief(x), brief(y), feature.key, _linked(feature, inner),
    )  # fmt: skip
