"""The city's, the regions' and the places' parts of a city pack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import FIELDS
from tepian.kernel.catalogue.packs import CityPack, PackError, Problem, Row, notice, read_geojson

from . import boundaries, operations, shapes
from .models import Level
from .operations import PlaceFact, RegionFact

ORDER = [level.value for level in Level]


# --- city.toml -------------------------------------------------------------------------------------------------------


def city_settings(pack: CityPack) -> dict[str, Any]:
    """The keys of city.toml as the settings that `current_city()` and `city_setting()` give."""
    data = pack.toml("city")
    settings = {key: value for key, value in data.get("city", {}).items() if not isinstance(value, dict)}
    settings["pack"] = pack.name
    for key in ("brand", "abbreviations"):
        if data.get(key):
            settings[key] = dict(data[key])
    if owed := data.get("attribution"):
        settings["attribution"] = list(owed)
    return settings


def check_city(pack: CityPack) -> Iterator[Problem]:
    data = pack.toml("city")
    city = data.get("city")
    if not isinstance(city, dict):
        yield Problem(_("has no table [city]"), file="city.toml")
        return
    for key in ("name", "name_en", "code", "timezone", "bbox", "lon", "lat", "emergency_number"):
        if city.get(key) in (None, ""):
            yield Problem(_("[city] has no “%(key)s”") % {"key": key}, file="city.toml", item=key)
    for key in city:
        if key not in FIELDS:
            yield pack.problem("city", _("[city] has a key that means nothing here: %(key)s") % {"key": key}, key)
    try:
        ZoneInfo(str(city.get("timezone", "UTC")))
    except (ZoneInfoNotFoundError, ValueError):
        yield pack.problem("city", _("there is no time zone of this name"), str(city["timezone"]))
    yield from _check_bbox(pack, city)
    if not city.get("domain"):
        yield notice(
            _("the city's domain is missing: the masthead cannot say which address to trust"),
            file="city.toml",
            item="domain",
        )


def _check_bbox(pack: CityPack, city: dict[str, Any]) -> Iterator[Problem]:
    box, lon, lat = city.get("bbox"), city.get("lon"), city.get("lat")
    if box is None or lon is None or lat is None:
        return
    numbers = (
        isinstance(box, list) and len(box) == 4 and all(isinstance(value, int | float) for value in [*box, lon, lat])
    )
    if not numbers:
        yield pack.problem("city", _("bbox is four numbers: west, south, east, north; lon and lat are numbers"), "bbox")
    elif not (box[0] < box[2] and box[1] < box[3]) or not (box[0] <= lon <= box[2] and box[1] <= lat <= box[3]):
        yield pack.problem("city", _("the centre must lie inside bbox (west, south, east, north, in degrees)"), "bbox")


def load_city(pack: CityPack, actor: Actor) -> dict[str, int]:
    return operations.set_city_settings(
        actor=actor, settings=city_settings(pack), source=f"cities/{pack.name}/city.toml"
    )


# --- regions.csv, successions.csv, boundaries ------------------------------------------------------------------------


def _day(row: Row, column: str) -> date | None:
    if not row[column]:
        return None
    try:
        return date.fromisoformat(row[column])
    except ValueError:
        message = _("“%(text)s” in column %(column)s is not a day (write 2026-11-23)") % {
            "text": row[column],
            "column": column,
        }
        raise PackError([row.problem(message)]) from None


def region_rows(pack: CityPack) -> list[Row]:
    return pack.csv("regions", required=("code", "level", "name", "parent", "lat", "lon"))


def region_facts(pack: CityPack) -> list[RegionFact]:
    """The facts of regions.csv. Raises `PackError` for a cell that cannot be read."""
    return [
        RegionFact(
            code=row["code"],
            level=row["level"],
            name=row["name"],
            parent=row["parent"],
            bps_code=row["bps_code"],
            lon=row.number("lon"),
            lat=row.number("lat"),
            valid_from=_day(row, "valid_from"),
            valid_to=_day(row, "valid_to"),
            source=pack.source(row),
        )
        for row in region_rows(pack)
    ]


def check_regions(pack: CityPack) -> Iterator[Problem]:
    if not pack.has("regions.csv"):
        yield Problem(_("is missing: a city needs its regions"), file="regions.csv")
        return
    rows = region_rows(pack)
    levels = {row["code"]: row["level"] for row in rows}
    city = pack.toml("city").get("city", {})
    seen: dict[tuple[str, str], int] = {}
    bps: dict[str, str] = {}
    for row in rows:
        yield from _check_region(row, levels, city)
        begun = (row["code"], row["valid_from"])
        if begun in seen:
            yield row.problem(
                _("the same code stands in line %(line)d (a later name needs a later valid_from)")
                % {"line": seen[begun]}
            )
        seen.setdefault(begun, row.line)
        if row["bps_code"] and bps.setdefault(row["bps_code"], row["code"]) != row["code"]:
            yield row.problem(
                _("the BPS code %(bps)s also stands at %(code)s")
                % {"bps": row["bps_code"], "code": bps[row["bps_code"]]}
            )
    if city.get("code") and city["code"] not in levels:
        yield Problem(
            _("the city's own code %(code)s is missing") % {"code": city["code"]}, file="regions.csv", item=city["code"]
        )
    yield from _check_successions(pack, set(levels))
    yield from _check_boundaries(pack, rows)
    if Level.NEIGHBOURHOOD not in levels.values():
        yield notice(_("no neighbourhood units (RT): their list is added when the city gives it"), file="regions.csv")


def _check_region(row: Row, levels: dict[str, str], city: dict[str, Any]) -> Iterator[Problem]:
    if not row["code"] or not row["name"]:
        yield row.problem(_("a region needs a code and a name"))
    if row["level"] not in ORDER:
        yield row.problem(
            _("“%(level)s” is no level: write one of %(levels)s") % {"level": row["level"], "levels": ", ".join(ORDER)}
        )
    parent = row["parent"]
    if parent and parent not in levels:
        yield row.problem(_("its parent %(parent)s is not in the file") % {"parent": parent})
    elif (
        parent
        and row["level"] in ORDER
        and levels[parent] in ORDER
        and ORDER.index(levels[parent]) >= ORDER.index(row["level"])
    ):
        yield row.problem(
            _("its parent %(parent)s is a %(level)s, which is not larger") % {"parent": parent, "level": levels[parent]}
        )
    if not parent and row["level"] in ORDER[2:]:
        yield row.problem(_("it has no parent"))
    try:
        lon, lat = row.number("lon"), row.number("lat")
        _day(row, "valid_from"), _day(row, "valid_to")
    except PackError as error:
        yield from error.problems
        return
    if (lon is None) != (lat is None):
        yield row.problem(_("a label point needs both lon and lat"))
    if lon is None or lat is None:
        return
    if problem := shapes.check_point(lon, lat):
        yield row.problem(str(problem))
    elif box := city.get("bbox"):
        inside = (
            isinstance(box, list)
            and len(box) == 4
            and box[0] - 0.5 <= lon <= box[2] + 0.5
            and box[1] - 0.5 <= lat <= box[3] + 0.5
        )
        if not inside:
            yield row.problem(
                _("longitude %(lon)s, latitude %(lat)s lies far outside the city's bbox (swapped?)")
                % {"lon": lon, "lat": lat}
            )


def _check_successions(pack: CityPack, codes: set[str]) -> Iterator[Problem]:
    for row in pack.csv("successions", required=("former", "successor", "on")):
        for column in ("former", "successor"):
            if row[column] not in codes:
                yield row.problem(_("%(code)s is not in regions.csv") % {"code": row[column]}, row[column])
        if not row["on"]:
            yield row.problem(_("has no “%(key)s”") % {"key": "on"}, row["former"])
        _day(row, "on")


def _check_boundaries(pack: CityPack, rows: list[Row]) -> Iterator[Problem]:
    if not pack.boundary_files:
        yield notice(
            _("no official boundaries: schematic areas round the label points are drawn instead"), file="boundaries/"
        )
        without = [row["code"] for row in rows if row["level"] == Level.WARD and not row["lon"]]
        if without:
            message = _("%(count)d wards have no label point, so no area can be drawn for them") % {
                "count": len(without)
            }
            yield notice(message, file="regions.csv", item=without[0])
        return
    city = pack.toml("city").get("city", {})
    names = {row["code"]: row["name"] for row in rows}
    known = [
        shapes.Known(
            row["code"],
            row["bps_code"],
            row["name"],
            row["level"],
            names.get(row["parent"], ""),
            row.number("lon"),
            row.number("lat"),
        )
        for row in rows
    ]
    for path in pack.boundary_files:
        box = city.get("bbox")
        yield from shapes.read_collection(
            read_geojson(path),
            known,
            city_code=str(city.get("code", "")),
            swap=pack.swap,
            bbox=tuple(box) if box else None,
            file=path.name,
        ).notices


def load_regions(pack: CityPack, actor: Actor) -> dict[str, int]:
    counts = operations.define_regions(actor=actor, regions=region_facts(pack))
    links = [
        (row["former"], row["successor"], date.fromisoformat(row["on"]), pack.source(row))
        for row in pack.csv("successions")
    ]
    linked = operations.link_successions(actor=actor, links=links)
    drawn: Counter[str] = Counter()
    for path in pack.boundary_files:
        report = boundaries.import_file(path, actor=actor, swap=pack.swap)
        drawn["changed"] += report.changed
    if not pack.boundary_files:
        drawn["changed"] += operations.draw_schematic_cells(actor=actor)["changed"]
    return {**counts, "successions": linked["added"], "boundaries": drawn["changed"]}


# --- places ----------------------------------------------------------------------------------------------------------


def place_rows(pack: CityPack) -> list[Row]:
    """The rows of every places*.csv."""
    files = sorted(path.stem for path in pack.folder.glob("places*.csv"))
    return [row for file in files for row in pack.csv(file, required=("name", "kind", "lat", "lon"))]


def check_places(pack: CityPack) -> Iterator[Problem]:
    rows = place_rows(pack)
    codes = {row["code"] for row in region_rows(pack)} if pack.has("regions.csv") else set()
    keys: dict[str, int] = {}
    for row in rows:
        if not row["name"] or not row["kind"]:
            yield row.problem(_("a place needs a name and a kind"))
        if row["region"] and row["region"] not in codes:
            yield row.problem(_("its region %(region)s is not in regions.csv") % {"region": row["region"]}, row["name"])
        try:
            lon, lat = row.number("lon"), row.number("lat")
        except PackError as error:
            yield from error.problems
            continue
        if lon is None or lat is None:
            yield row.problem(_("a place needs lon and lat"), row["name"])
        elif problem := shapes.check_point(lon, lat):
            yield row.problem(str(problem), row["name"])
        if row["key"] and keys.setdefault(row["key"], row.line) != row.line:
            yield row.problem(_("the same key stands in line %(line)d") % {"line": keys[row["key"]]}, row["name"])
    if not rows:
        yield notice(_("no streets and landmarks: the search finds only regions"), file="places.csv")


def load_places(pack: CityPack, actor: Actor) -> dict[str, int]:
    facts: Iterable[PlaceFact] = [
        PlaceFact(
            name=row["name"],
            kind=row["kind"],
            lon=row.number("lon") or 0.0,
            lat=row.number("lat") or 0.0,
            region=row["region"],
            source=pack.source(row),
            key=row["key"],
        )
        for row in place_rows(pack)
    ]
    return operations.define_places(actor=actor, places=list(facts))
