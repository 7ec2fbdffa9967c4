"""The public city map."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tepian.kernel.catalogue.contributions import MapFeature
from tepian.kernel.identity.access import public_page
from tepian.kernel.templatetags.maps import features
from tepian.ui import levels
from tepian.ui.words import ago

from . import queries


@public_page
def city(request: HttpRequest) -> HttpResponse:
    """`/kota?lapis=warnings&lapis=stations`: the layers named, all without a choice; `?wilayah=` marks a region."""
    everything = queries.layers("public")
    known = {layer.key for layer in everything}
    asked = [key for key in request.GET.getlist("lapis") if key in known]
    chosen = asked if "pilih" in request.GET or asked else [layer.key for layer in everything]
    actor = request.actor  # type: ignore[attr-defined]
    lists: list[tuple[object, list[tuple[MapFeature, datetime | None]]]] = []
    for layer in everything:
        if layer.key in chosen:
            found = sorted(features(layer, actor), key=lambda item: (-levels.ORDER.get(item.level, 0), str(item.label)))
            lists.append((layer, [(item, _age(item)) for item in found]))
    return render(
        request,
        "maps/public_city.html",
        {
            "layers": [(layer, layer.key in chosen) for layer in everything],
            "chosen": chosen,
            "lists": lists,
            "focus": request.GET.get("wilayah", "")[:30],
        },
    )


def _age(item: MapFeature) -> datetime | None:
    """The feature's time, unless its own words tell its age already."""
    return None if item.at is None or ago(item.at) in item.detail else item.at
