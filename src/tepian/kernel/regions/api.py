"""Regions and places for programs: `/api/v1/regions`, `/api/v1/regions/at`, `/api/v1/places`. Open to everybody."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Query, Router, Schema
from pydantic import Field

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import today

from . import queries
from .gazetteer import search_places
from .locate import region_at

router = Router(tags=["regions"])
LevelName = Literal["province", "city", "district", "ward", "neighbourhood"]


class RegionOut(Schema):
    """A region on a day. Codes are Kemendagri's; coordinates are degrees, WGS 84; dates are the first and last day."""

    code: str
    bps_code: str
    level: LevelName
    name: str
    label: str = Field(description="The name with what it lies in")
    parent: str = Field(description="Code of the region that it lies in, or empty")
    lon: float | None
    lat: float | None
    bbox: tuple[float, float, float, float] | None = Field(description="West, south, east, north")
    boundary_kind: str = Field(description="official, schematic or empty")
    valid_from: date | None
    valid_to: date | None


class PeriodOut(Schema):
    name: str
    parent: str
    valid_from: date | None
    valid_to: date | None
    source: str


class SuccessionOut(Schema):
    """From `on`, `former` continues in `successor`."""

    former: str
    successor: str
    on: date
    source: str


class RegionDetailOut(RegionOut):
    """With its history: `became` and `came_from` tell merges and splits."""

    boundary_source: str
    history: list[PeriodOut]
    became: list[SuccessionOut]
    came_from: list[SuccessionOut]
    living: list[str] = Field(description="The regions in which it continues on that day; itself while it lives")
    boundary: dict[str, Any] | None = Field(description="GeoJSON geometry, lon/lat; only with ?boundary=true")


class LocatedOut(Schema):
    """`exact` is false for a point outside all regions but at most 200 m from this one."""

    code: str
    name: str
    label: str
    level: str
    exact: bool
    distance_m: float
    boundary_kind: str


class PlaceOut(Schema):
    kind: str
    name: str
    label: str
    lon: float | None
    lat: float | None
    region: str = Field(description="Code of the region that it is or lies in")
    is_region: bool
    score: float = Field(description="0 to 100")


class PlacesOut(Schema):
    query: str
    places: list[PlaceOut]


def _region(info: queries.RegionInfo, on: date) -> dict[str, Any]:
    return {
        "code": info.code,
        "bps_code": info.bps_code,
        "level": info.level,
        "name": info.name(on),
        "label": queries.label(info.code, on),
        "parent": info.parent(on),
        "lon": info.lon,
        "lat": info.lat,
        "bbox": info.bbox,
        "boundary_kind": info.boundary_kind,
        "valid_from": info.valid_from,
        "valid_to": info.valid_to,
    }


@router.get("/regions", response=list[RegionOut])
def list_regions(
    request: HttpRequest,
    level: LevelName | None = None,
    parent: str | None = None,
    on: date | None = None,
) -> list[dict[str, Any]]:
    """The regions alive on a day (today), by code; of one level, or directly inside one region."""
    day = on or today()
    if parent is not None and parent:
        queries.find(parent)
    codes = queries.children(parent, day) if parent is not None else list(queries.atlas().regions)
    found = (queries.atlas().regions[code] for code in codes)
    return [_region(info, day) for info in found if info.exists(day) and (level is None or info.level == level)]


@router.get("/regions/at", response=LocatedOut)
def find_region_at(
    request: HttpRequest,
    lon: float = Query(ge=-180, le=180, allow_inf_nan=False),
    lat: float = Query(ge=-90, le=90, allow_inf_nan=False),
    level: LevelName = "ward",
) -> dict[str, Any]:
    """The region in which a point lies. 404 when it lies in none."""
    found = region_at(lon, lat, level)
    if found is None:
        raise NotFound(_("This point lies outside the city, or no boundaries are known."), code="outside", field="lon")
    return {
        "code": found.code,
        "name": found.name,
        "label": queries.label(found.code),
        "level": found.level,
        "exact": found.exact,
        "distance_m": found.distance_m,
        "boundary_kind": found.boundary_kind,
    }


@router.get("/regions/{code}", response=RegionDetailOut)
def read_region(request: HttpRequest, code: str, on: date | None = None, boundary: bool = False) -> dict[str, Any]:
    """One region, living or ended, with its history; as it was on a day (today)."""
    day = on or today()
    info = queries.find(code)
    return _region(info, day) | {
        "boundary_source": info.boundary_source,
        "history": [
            {
                "name": item.name,
                "parent": item.parent,
                "valid_from": item.valid_from,
                "valid_to": item.valid_to,
                "source": item.source,
            }
            for item in info.periods
        ],
        "became": [_succession(link) for link in queries.became(code)],
        "came_from": [_succession(link) for link in queries.came_from(code)],
        "living": queries.living_successors(code, day),
        "boundary": queries.boundary(code) if boundary else None,
    }


def _succession(link: queries.Succession) -> dict[str, Any]:
    return {"former": link.former, "successor": link.successor, "on": link.on, "source": link.source}


@router.get("/places", response=PlacesOut)
def find_places(
    request: HttpRequest, q: str = Query(min_length=1, max_length=200), limit: int = Query(10, ge=1, le=50)
) -> dict[str, Any]:
    """Streets, landmarks and regions by name, best first; forgives abbreviations and typos."""
    return {
        "query": q,
        "places": [
            {
                "kind": hit.kind,
                "name": hit.name,
                "label": hit.label,
                "lon": hit.lon,
                "lat": hit.lat,
                "region": hit.code,
                "is_region": hit.is_region,
                "score": hit.score,
            }
            for hit in search_places(q, limit)
        ],
    }
