"""Figures that an action can follow: what the city's rooms compute (`Indicators`) and what they have published
(`Figures`). The key of a followed figure is `room:key`. A source that fails is unknown, never an error of the page."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from tepian.kernel.catalogue.city import city_timezone, today
from tepian.kernel.catalogue.contributions import Figure, Figures, Indicators, offered
from tepian.kernel.catalogue.kept import Kept
from tepian.toolkit.text import plain

from .. import states
from ..states import Quarter

FIGURES_TOPIC = "masterplan.figures"  # touched when a room has published new figures
KNOWN, NONE, UNKNOWN = "known", "none", "unknown"
COMPUTED, PUBLISHED = "computed", "published"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Value:
    """What a followed figure says. `state`: "" nothing is followed, known, none (nothing for this time), unknown (the
    source did not answer). `day` is the last of the period."""

    state: str = ""
    value: float | None = None
    period: str = ""
    day: date | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Followable:
    """A figure that an action may follow, for choosing. `origin` is computed or published."""

    key: str
    title: str
    unit: str
    direction: str
    origin: str
    url: str = ""


NOTHING = Value()
Reader = Callable[[str, date, Quarter, str], Value]


def find(text: str, limit: int = 20) -> list[Followable]:
    """Figures whose name or key fits, the rooms' own first; all of the rooms' own for an empty text."""
    wanted = plain(text or "", 100).casefold().split()
    found: list[Followable] = []
    moment = datetime.now(city_timezone())
    for source in offered(Indicators):
        try:
            rows = list(source.read(moment - timedelta(days=1), moment))
        except Exception:
            log.exception("the figures of %s cannot be listed", source.room)
            continue
        for row in rows:
            name = f"{row['name']} {row['key']}".casefold()
            if all(word in name for word in wanted):
                unit, direction = str(row.get("unit", "")), str(row.get("direction", ""))
                key = f"{source.room}:{row['key']}"
                found.append(Followable(key, str(row["name"]), unit, direction, COMPUTED))
    for publisher in offered(Figures) if wanted else ():
        try:
            published = list(publisher.find(text, limit))
        except Exception:
            log.exception("the figures of %s cannot be listed", publisher.room)
            continue
        found += [
            Followable(f"{publisher.room}:{each.key}", each.title, each.unit, each.direction, PUBLISHED, each.url)
            for each in published
        ]
    return found[:limit]


def values() -> Reader:
    """A reader for one look at many actions: each source is asked once for each period."""
    return _Asked().value


def value_of(key: str, since: date, quarter: Quarter, rule: str) -> Value:
    """What a figure says at the end of a quarter: the newest value of a period since `since`, or for rule `sum` all that
    came together since then."""
    return _Asked().value(key, since, quarter, rule)


class _Asked:
    def __init__(self) -> None:
        self._computed: dict[tuple[str, date, date], dict[str, float | None] | None] = {}

    def value(self, key: str, since: date, quarter: Quarter, rule: str) -> Value:
        if not key:
            return NOTHING
        room, _colon, name = key.partition(":")
        own = [source for source in offered(Indicators) if source.room == room]
        publisher = next((source for source in offered(Figures) if source.room == room), None)
        try:
            if own:
                first = since if rule == states.SUM else quarter.first
                answer = self._own(own, room, name, first, quarter)
                if answer is not None:
                    return answer
            if publisher is not None:
                return _published(publisher, name, since, quarter.last, rule)
        except Exception:
            log.exception("the figure %s cannot be read", key)
        return Value(UNKNOWN)

    def _own(self, sources: list[Indicators], room: str, name: str, first: date, quarter: Quarter) -> Value | None:
        """None: this room has no such figure."""
        if quarter.first > today():
            return Value(NONE)
        asked = (room, first, quarter.last)
        if asked not in self._computed:
            self._computed[asked] = _read_room(sources, first, quarter.last)
        found = self._computed[asked]
        if found is None:
            return Value(UNKNOWN)
        if name not in found:
            return None
        value = found[name]
        if value is None:
            return Value(NONE)
        return Value(KNOWN, value, str(quarter), min(quarter.last, today()))


def _read_room(sources: list[Indicators], first: date, last: date) -> dict[str, float | None] | None:
    """Key → value of what a room computes for these days; None when it cannot."""
    zone = city_timezone()
    since = datetime.combine(first, time(), zone)
    until = min(datetime.combine(last + timedelta(days=1), time(), zone), datetime.now(zone))
    try:
        rows = [row for source in sources for row in source.read(since, until)]
        return {str(row["key"]): None if row["value"] is None else float(row["value"]) for row in rows}
    except Exception:
        log.exception("the figures of a room cannot be read")
        return None


# Publications are costly to open and seldom new: kept until the journey of a publication says so.
_published_kept: Kept[dict[tuple[str, str, date, date], Figure | None]] = Kept(dict, FIGURES_TOPIC)


def _read(publisher: Figures, name: str, since: date, until: date) -> Figure | None:
    kept = _published_kept()
    asked = (publisher.room, name, since, until)
    if asked not in kept:
        kept[asked] = publisher.read(name, since, until)
    return kept[asked]


def _published(publisher: Figures, name: str, since: date, until: date, rule: str) -> Value:
    newest = _read(publisher, name, since, until)
    if newest is None:
        return Value(UNKNOWN)
    if newest.value is None or newest.day is None:
        return Value(NONE, url=newest.url)
    amount, earlier = newest.value, newest
    while rule == states.SUM and earlier.day is not None and earlier.day > since:
        before = _read(publisher, name, since, earlier.day - timedelta(days=1))
        if before is None or before.value is None or before.day is None or before.day >= earlier.day:
            break
        amount, earlier = amount + before.value, before
    return Value(KNOWN, amount, newest.period, newest.day, newest.url)
