"""Regions, their names and what they lie in."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound
from tepian.kernel.catalogue import kept
from tepian.kernel.events import emit, note, operation

from .. import shapes
from ..events import RegionRenamed
from ..models import Level, Region, RegionName
from ..policies import may_keep_regions

ORDER = [level.value for level in Level]
FIRST = date.min


@dataclass(frozen=True, slots=True)
class RegionFact:
    """A region as a source tells it: one name and parent from `valid_from` (None: as long as known)."""

    code: str
    level: str
    name: str
    parent: str = ""
    lon: float | None = None
    lat: float | None = None
    bps_code: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    source: str = ""


@operation("regions.define", policy=may_keep_regions)
def define_region(
    *,
    actor: Actor,
    code: str,
    level: str,
    name: str,
    parent: str = "",
    lon: float | None = None,
    lat: float | None = None,
    bps_code: str = "",
    valid_from: date | None = None,
    source: str = "",
) -> Region:
    """A new region, or a correction of what is known of one. Raises `Invalid` for a wrong level, parent or point."""
    fact = RegionFact(code, level, name, parent, lon, lat, bps_code, valid_from, None, source)
    define_regions(actor=actor, regions=[fact])
    note("region", code, name=name, parent=parent)
    return Region.objects.get(code=code)


@operation("regions.define_all", policy=may_keep_regions)
def define_regions(*, actor: Actor, regions: Sequence[RegionFact]) -> Counter[str]:
    """Regions with their histories: several facts of one code are its names from day to day.

    What is there already is left alone; a fact with the same first day as a known name corrects it; names that nobody
    mentions stay. Gives counts `added`, `changed`, `unchanged`. Raises `Invalid` naming the code.
    """
    by_code: dict[str, list[RegionFact]] = defaultdict(list)
    for fact in regions:
        _check_fact(fact)
        by_code[fact.code].append(fact)
    stored = {region.code: region for region in Region.objects.defer("boundary")}
    levels = {code: region.level for code, region in stored.items()} | {
        code: facts[0].level for code, facts in by_code.items()
    }
    new: list[Region] = []
    altered: set[str] = set()
    for code, facts in by_code.items():
        facts.sort(key=lambda fact: fact.valid_from or FIRST)
        for fact in facts:
            _check_parent(fact, levels)
        first, last = facts[0], facts[-1]
        wanted: dict[str, Any] = {
            "level": last.level,
            "bps_code": last.bps_code,
            "lon": last.lon,
            "lat": last.lat,
            "valid_from": first.valid_from,
        }
        if last.valid_to is not None:
            wanted["valid_to"] = last.valid_to
        region = stored.get(code)
        if region is None:
            new.append(Region(code=code, **wanted))
            continue
        if region.boundary_kind or last.lon is None:  # the boundary has decided where the label stands
            del wanted["lon"], wanted["lat"]
        if not last.bps_code:
            del wanted["bps_code"]
        if any(getattr(region, key) != value for key, value in wanted.items()):
            for key, value in wanted.items():
                setattr(region, key, value)
            region.save(update_fields=list(wanted))
            altered.add(code)
    Region.objects.bulk_create(new)
    ids = dict(Region.objects.values_list("code", "id"))
    altered |= _write_names(by_code, ids)
    added = {region.code for region in new}
    counts = Counter(added=len(added), changed=len(altered - added), unchanged=len(set(by_code) - added - altered))
    if added or altered:
        note("regions", "", counts=dict(counts))
        kept.changed("regions")
    return counts


def _check_fact(fact: RegionFact) -> None:
    if fact.level not in ORDER:
        raise Invalid(
            format_lazy(_("“{level}” is no level of a region."), level=fact.level),
            code="bad_level",
            field="level",
            item=fact.code,
        )
    if not fact.code or not fact.name.strip():
        raise Invalid(_("A region needs a code and a name."), code="no_name", field="name", item=fact.code or fact.name)
    if (fact.lon is None) != (fact.lat is None):
        raise Invalid(
            _("A label point needs both longitude and latitude."), code="bad_point", field="lat", item=fact.code
        )
    if fact.lon is not None and fact.lat is not None and (problem := shapes.check_point(fact.lon, fact.lat)):
        raise Invalid(problem, code="bad_point", field="lat", item=fact.code)
    if fact.valid_from and fact.valid_to and fact.valid_to < fact.valid_from:
        raise Invalid(_("A region cannot end before it begins."), code="bad_dates", field="valid_to", item=fact.code)


def _check_parent(fact: RegionFact, levels: Mapping[str, str]) -> None:
    if not fact.parent:
        return
    if fact.parent not in levels:
        message = format_lazy(_("{code} lies in {parent}, which is not known."), code=fact.code, parent=fact.parent)
        raise Invalid(message, code="no_parent", field="parent", item=fact.code)
    if ORDER.index(levels[fact.parent]) >= ORDER.index(fact.level):
        message = format_lazy(
            _("{code} cannot lie in {parent}: a {level} lies in something larger."),
            code=fact.code,
            parent=fact.parent,
            level=fact.level,
        )
        raise Invalid(message, code="bad_parent", field="parent", item=fact.code)


def _write_names(by_code: Mapping[str, list[RegionFact]], ids: Mapping[str, int]) -> set[str]:
    """Bring the names in line with the facts; the codes whose names changed."""
    row: RegionName | None
    known: dict[int, dict[date | None, RegionName]] = defaultdict(dict)
    for stored in RegionName.objects.all():
        known[stored.region_id][stored.valid_from] = stored
    fresh: list[RegionName] = []
    altered: set[str] = set()
    for code, facts in by_code.items():
        periods = known[ids[code]]
        for fact in facts:
            parent_id = ids[fact.parent] if fact.parent else None
            row = periods.get(fact.valid_from)
            if row is None:
                row = periods[fact.valid_from] = RegionName(
                    region_id=ids[code],
                    name=fact.name,
                    parent_id=parent_id,
                    valid_from=fact.valid_from,
                    valid_to=fact.valid_to,
                    source=fact.source,
                )
                fresh.append(row)
                altered.add(code)
            elif (row.name, row.parent_id, row.source) != (fact.name, parent_id, fact.source):
                row.name, row.parent_id, row.source = fact.name, parent_id, fact.source
                row.save(update_fields=["name", "parent", "source"])
                altered.add(code)
        # A name ends on the day before the next one begins.
        ordered = sorted(periods.values(), key=lambda row: row.valid_from or FIRST)
        ends = [following.valid_from - timedelta(days=1) for following in ordered[1:] if following.valid_from]
        for earlier, end in zip(ordered, [*ends, facts[-1].valid_to or ordered[-1].valid_to], strict=True):
            if earlier.valid_to != end:
                earlier.valid_to = end
                if earlier.pk:
                    earlier.save(update_fields=["valid_to"])
                altered.add(code)
    RegionName.objects.bulk_create(fresh)
    return altered


def alive(code: str, on: date) -> Region:
    region = Region.objects.select_for_update().defer("boundary").filter(code=code).first()
    if region is None:
        raise NotFound(
            format_lazy(_("There is no region with the code {code}."), code=code), code="no_region", item=code
        )
    if region.valid_to is not None and region.valid_to < on:
        message = format_lazy(_("{code} ended on {day}."), code=code, day=region.valid_to.isoformat())
        raise Conflict(message, code="region_ended", item=code)
    if region.valid_from is not None and on < region.valid_from:
        message = format_lazy(_("{code} begins only on {day}."), code=code, day=region.valid_from.isoformat())
        raise Conflict(message, code="region_not_begun", item=code)
    return region


def new_period(
    region: Region, on: date, *, name: str | None = None, parent: Region | None = None, source: str = ""
) -> bool:
    """From `on` another name or parent, up to the next known change. False when it is so already."""
    rows = sorted(RegionName.objects.filter(region=region), key=lambda row: row.valid_from or FIRST)
    row = next((row for row in reversed(rows) if row.valid_from is None or row.valid_from <= on), None)
    if row is None:
        raise Invalid(
            format_lazy(_("Nothing is known of {code} on that day."), code=region.code),
            code="no_period",
            field="on",
            item=region.code,
        )
    wanted = (row.name if name is None else name, row.parent_id if parent is None else parent.pk)
    if wanted == (row.name, row.parent_id):
        return False
    if row.valid_from == on:
        row.name, row.parent_id, row.source = *wanted, source
        row.save(update_fields=["name", "parent", "source"])
        return True
    ends, row.valid_to = row.valid_to, on - timedelta(days=1)
    row.save(update_fields=["valid_to"])
    RegionName.objects.create(
        region=region, name=wanted[0], parent_id=wanted[1], valid_from=on, valid_to=ends, source=source
    )
    return True


@operation("regions.rename", policy=may_keep_regions)
def rename_region(*, actor: Actor, code: str, name: str, on: date, source: str = "") -> None:
    """Another name from a day on; the earlier one stays in the history."""
    if not name.strip():
        raise Invalid(_("A region needs a code and a name."), code="no_name", field="name", item=code)
    note("region", code, name=name, on=on)
    if new_period(alive(code, on), on, name=name.strip(), source=source):
        emit(RegionRenamed(code=code, name=name.strip(), on=on.isoformat()))
        kept.changed("regions")


@operation("regions.set_parent", policy=may_keep_regions)
def set_parent(*, actor: Actor, code: str, parent: str, on: date, source: str = "") -> None:
    """Part of another region from a day on. Its code stays: where the ministry gives a new one, use `merge_regions`."""
    region, above = alive(code, on), alive(parent, on)
    _check_parent(RegionFact(code, region.level, code, parent), {parent: above.level})
    note("region", code, parent=parent, on=on)
    if new_period(region, on, parent=above, source=source):
        kept.changed("regions")
