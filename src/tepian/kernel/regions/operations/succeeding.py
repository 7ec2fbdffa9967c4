"""Merges and splits: what a region became."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound
from tepian.kernel.catalogue import kept
from tepian.kernel.events import emit, note, operation

from .. import shapes
from ..events import RegionsMerged, RegionSplit
from ..models import Region, RegionName, RegionSuccession
from ..policies import may_keep_regions
from .drawing import draw
from .naming import FIRST, RegionFact, alive, define_region, new_period


def _living_children(codes: Iterable[str], on: date) -> dict[str, list[Region]]:
    """Regions directly inside each of `codes` on a day."""
    found: dict[str, list[Region]] = defaultdict(list)
    for row in RegionName.objects.filter(parent__code__in=list(codes)).select_related("region", "parent"):
        holds = (row.valid_from is None or row.valid_from <= on) and (row.valid_to is None or on <= row.valid_to)
        if holds and row.parent and (row.region.valid_to is None or row.region.valid_to >= on):
            found[row.parent.code].append(row.region)
    return found


def _end(region: Region, on: date) -> None:
    if region.valid_from is not None and region.valid_from >= on:
        raise Invalid(_("A region cannot end before it begins."), code="bad_dates", field="on", item=region.code)
    last = on - timedelta(days=1)
    Region.objects.filter(pk=region.pk).update(valid_to=last)
    RegionName.objects.filter(region=region, valid_to=None).update(valid_to=last)


def _part_of(region: Region, on: date) -> Region | None:
    rows = sorted(
        RegionName.objects.filter(region=region).select_related("parent"), key=lambda row: row.valid_from or FIRST
    )
    row = next((row for row in reversed(rows) if row.valid_from is None or row.valid_from <= on), None)
    return row.parent if row else None


@operation("regions.merge", policy=may_keep_regions)
def merge_regions(
    *,
    actor: Actor,
    codes: Sequence[str],
    into: str,
    on: date,
    name: str = "",
    source: str = "",
    lon: float | None = None,
    lat: float | None = None,
) -> Region:
    """From `on`, `codes` are one region `into`: one of them, another living one, or a new code (then `name` is needed).

    What lay inside the former regions lies inside the new one from that day. Boundaries are joined where all have one.
    """
    former = [alive(code, on) for code in dict.fromkeys(codes)]
    if len({*codes, into}) < 2:
        raise Invalid(_("A merge needs at least two regions."), code="one_region", field="codes", item=into)
    if len({region.level for region in former}) > 1:
        raise Invalid(_("Only regions of one level can be merged."), code="bad_level", field="codes", item=into)
    existing = Region.objects.filter(code=into).first()
    if existing is None:
        if not name:
            raise Invalid(_("A region needs a code and a name."), code="no_name", field="name", item=into)
        parent = _part_of(former[0], on)
        spot = (lon, lat) if lon is not None else (former[0].lon, former[0].lat)
        define_region(
            actor=actor,
            code=into,
            level=former[0].level,
            name=name,
            parent=parent.code if parent else "",
            lon=spot[0],
            lat=spot[1],
            valid_from=on,
            source=source,
        )
        successor = Region.objects.get(code=into)
    else:
        successor = alive(into, on)
        if successor.level != former[0].level:
            raise Invalid(_("Only regions of one level can be merged."), code="bad_level", field="into", item=into)
        if name:
            new_period(successor, on, name=name, source=source)
    ending = [region for region in former if region.code != into]
    for inner in _living_children([region.code for region in ending], on).values():
        for child in inner:
            new_period(child, on, parent=successor, source=source)
    for region in former:
        RegionSuccession.objects.get_or_create(former=region, successor=successor, on=on, defaults={"source": source})
    for region in ending:
        _end(region, on)
    if existing is not None and successor.code not in codes:
        RegionSuccession.objects.get_or_create(
            former=successor, successor=successor, on=on, defaults={"source": source}
        )
    _join_boundaries([*former, successor], successor)
    note("region", into, former=list(codes), on=on)
    emit(RegionsMerged(code=into, former=tuple(region.code for region in former), on=on.isoformat()))
    kept.changed("regions")
    return Region.objects.get(pk=successor.pk)


def _join_boundaries(parts: Sequence[Region], successor: Region) -> None:
    drawn = [region for region in Region.objects.filter(pk__in=[part.pk for part in parts]) if region.boundary]
    if {region.pk for region in drawn} | {successor.pk} != {part.pk for part in parts} or not drawn:
        return
    union = shapes.dissolve(shapes.from_geojson(region.boundary) for region in drawn)  # type: ignore[arg-type]
    kind = "official" if all(region.boundary_kind == "official" for region in drawn) else "schematic"
    draw(Region.objects.get(pk=successor.pk), union, kind, drawn[0].boundary_source)


@operation("regions.split", policy=may_keep_regions)
def split_region(
    *,
    actor: Actor,
    code: str,
    parts: Sequence[RegionFact],
    on: date,
    inside: Mapping[str, str] | None = None,
    source: str = "",
) -> list[Region]:
    """From `on`, region `code` is `parts`; one of them may keep its code, the others are new.

    `inside` says for every region that lies in it in which part it lies from then on ({code: part's code}). Raises
    `Invalid` naming those it forgets. Boundaries of the parts are not known then, and are loaded as official ones.
    """
    region = alive(code, on)
    inside = dict(inside or {})
    part_codes = [part.code for part in parts]
    if len(set(part_codes)) < 2:
        raise Invalid(_("A split needs at least two different parts."), code="one_region", field="parts", item=code)
    taken = set(Region.objects.filter(code__in=part_codes).values_list("code", flat=True)) - {code}
    if taken:
        raise Conflict(
            format_lazy(_("The code {code} is already in use."), code=min(taken)),
            code="code_taken",
            field="parts",
            item=min(taken),
        )
    children = _living_children([code], on)[code]
    forgotten = [child.code for child in children if inside.get(child.code) not in part_codes]
    if forgotten and not (code in part_codes and not inside):
        message = format_lazy(_("Say in which part these lie from then on: {codes}."), codes=", ".join(forgotten[:10]))
        raise Invalid(message, code="children_left", field="inside", item=forgotten[0])
    above = _part_of(region, on)
    for part in parts:
        if part.code == code:
            new_period(region, on, name=part.name, source=source)
        else:
            define_region(
                actor=actor,
                code=part.code,
                level=region.level,
                name=part.name,
                parent=part.parent or (above.code if above else ""),
                lon=part.lon,
                lat=part.lat,
                bps_code=part.bps_code,
                valid_from=on,
                source=source,
            )
    stored = {item.code: item for item in Region.objects.filter(code__in=part_codes)}
    for child in children:
        if inside.get(child.code, code) != code:
            new_period(child, on, parent=stored[inside[child.code]], source=source)
    for part in parts:
        RegionSuccession.objects.get_or_create(
            former=region, successor=stored[part.code], on=on, defaults={"source": source}
        )
    if code not in part_codes:
        _end(region, on)
    note("region", code, parts=part_codes, on=on)
    emit(RegionSplit(code=code, parts=tuple(part_codes), on=on.isoformat()))
    kept.changed("regions")
    return [stored[part_code] for part_code in part_codes]


@operation("regions.link_successions", policy=may_keep_regions)
def link_successions(*, actor: Actor, links: Sequence[tuple[str, str, date, str]]) -> Counter[str]:
    """Merges and splits of the past as a source tells them: (former, successor, on, source). Raises `NotFound`."""
    ids = dict(Region.objects.values_list("code", "id"))
    known = set(RegionSuccession.objects.values_list("former_id", "successor_id", "on"))
    fresh = []
    for former, successor, on, source in links:
        for code in (former, successor):
            if code not in ids:
                raise NotFound(
                    format_lazy(_("There is no region with the code {code}."), code=code), code="no_region", item=code
                )
        if (ids[former], ids[successor], on) not in known:
            fresh.append(RegionSuccession(former_id=ids[former], successor_id=ids[successor], on=on, source=source))
    RegionSuccession.objects.bulk_create(fresh)
    if fresh:
        note("regions", "", successions=len(fresh))
        kept.changed("regions")
    return Counter(added=len(fresh), unchanged=len(links) - len(fresh))
