"""What places bring to the hall: search, the city pack's sections, and a check of what is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from django.urls import Resolver404, resolve
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import ConfigurationCheck, PackSection, Search, SearchHit, offer

from . import queries, sections
from .gazetteer import PlaceHit, search_places
from .models import Level


def place_url(hit: PlaceHit) -> str:
    """Where more is told about a place: the page of its region when there is one, else the search."""
    try:
        resolve("/kota")
    except Resolver404:
        return f"/cari?q={quote(hit.code if hit.is_region else hit.name)}"
    return f"/kota?wilayah={quote(hit.code)}" if hit.code else "/kota"


def kind_label(kind: str) -> str:
    """A level or a kind of place in the reader's words."""
    return {
        Level.PROVINCE.value: _("Province"),
        Level.CITY.value: _("City"),
        Level.DISTRICT.value: _("District"),
        Level.WARD.value: _("Ward"),
        Level.NEIGHBOURHOOD.value: _("Neighbourhood unit (RT)"),
        "street": _("Street"),
        "hospital": _("Hospital"),
        "health_centre": _("Health centre"),
        "fire_station": _("Fire station"),
        "flood_point": _("Flood watch point"),
        "sight": _("Sight"),
        "market": _("Market"),
        "office": _("Office"),
        "school": _("School"),
        "bridge": _("Bridge"),
        "landmark": _("Landmark"),
        "police": _("Police"),
    }.get(kind, kind)


def find_places(query: str, actor: Actor) -> Iterator[SearchHit]:
    for hit in search_places(query, limit=8):
        yield SearchHit(
            hit.name if not hit.is_region else queries.bare_name(hit.code),
            place_url(hit),
            kind_label(hit.kind),
            detail=hit.label,
            score=hit.score,
        )


def check_loaded() -> tuple[bool, str, str]:
    wards = queries.of_level(Level.WARD)
    if not wards:
        return False, _("No regions are loaded"), "tepian city load <pack>"
    kinds = [region.boundary_kind for region in wards]
    official, schematic = kinds.count("official"), kinds.count("schematic")
    sentence = _(
        "%(wards)d wards: %(official)d with official boundaries, %(schematic)d schematic, %(missing)d without"
    ) % {
        "wards": len(wards),
        "official": official,
        "schematic": schematic,
        "missing": len(wards) - official - schematic,
    }
    advice = (
        ""
        if official == len(wards)
        else _("tepian city load <pack> --boundaries <file.geojson> loads official boundaries")
    )
    return official + schematic == len(wards), sentence, advice


offer(
    Search("places", find_places),
    PackSection("city", sections.check_city, sections.load_city, order=5),
    PackSection("regions", sections.check_regions, sections.load_regions, order=10),
    PackSection("places", sections.check_places, sections.load_places, order=15),
    ConfigurationCheck("regions", check_loaded),
)
