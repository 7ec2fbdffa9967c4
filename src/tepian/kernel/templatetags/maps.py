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

register = template.Library()
log = structlog.get_logger("maps")


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
    for none. `points` adds features of one page. `focus` is a region's code or a feature's key to be marked. A list that
    says the same belongs beside the map."""
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
    drawing += [_spot(feature, base, focused=feature.key == focus) for feature in inside]
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


def _spot(feature: MapFeature, base: queries.BaseMap, *, focused: bool) -> SafeString:
    x, y = base.projection(feature.lon or 0.0, feature.lat or 0.0)
    level = "none" if feature.level == "none" else levels.known(feature.level)
    text = ""
    if feature.value:
        left = x > base.projection.width * 0.8
        text = format_html(
            '<text class="nilai" x="{}" y="5"{} data-live-value="">{}</text>',
            -15 if left else 15,
            SafeString(' text-anchor="end"') if left else "",
            feature.value,
        )
    inner = format_html(
        '<title>{}</title><circle class="tekan" r="26"/>{}<use class="bentuk" href="#m-{}" data-live-shape=""/>{}',
        _title(feature),
        SafeString('<circle class="cincin tetap" r="17"/>')
        if focused
        else SafeString('<circle class="cincin" r="17"/>'),
        level,
        text,
    )
    marker = format_html('<g class="tanda">{}</g>', _linked(feature, inner))
    return format_html(
        '<g class="titik{}" transform="translate({} {})" data-live-key="{}">{}</g>',
        "" if level == "none" else f" level-{level}",
        brief(x),
        brief(y),
        feature.key,
        marker,
    )
