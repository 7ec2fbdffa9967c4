"""What readers of the public pages ask for: which edition, which periods and codes, split by what; and the answers.

A question comes from an address, so everything in it is checked against what the edition holds. Only editions that were
published are ever asked, and only their public files, in which small cells have no value."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Invalid, NotFound
from tepian.kernel.catalogue.kept import Kept
from tepian.kernel.regions import queries as regions
from tepian.kernel.regions.folding import fold
from tepian.toolkit import cube
from tepian.ui import words
from tepian.ui.words import in_language

from .. import states
from ..models import Edition, Indicator
from . import data
from .catalogue import TOPIC, TOTAL, Dimension, dimensions_of

FROM, UNTIL, SPLIT, EDITION, ORDER, PAGE = "dari", "sampai", "per", "edisi", "urut", "hal"
RESERVED = {FROM, UNTIL, SPLIT, EDITION, ORDER, PAGE, "tahun", "bom", "q", "tema", "instansi"}
TOGETHER = "-"  # as `per`: add the chosen codes up instead of showing them side by side
LINES = 6
BARS = 30
PAGE_ROWS = 25
CLASSES = 5
BLOCK = 20_000  # rows that a download holds in memory at a time
SHOWN_STATES = (states.PUBLISHED, states.REPLACED)
SHORT_STATUS = {
    states.MISSING: gettext_lazy("not available"),
    states.SUPPRESSED: gettext_lazy("not shown"),
}
Point = tuple[str, float | None, str]
Lines = Mapping[str, list[Point]]


# --- editions ---------------------------------------------------------------------------------------------------------


def public_editions(indicator: Indicator) -> list[Edition]:
    """Every edition of the indicator's dataset that was ever public, newest first."""
    return list(
        Edition.objects.filter(dataset=indicator.dataset, number__isnull=False, published_at__isnull=False).order_by(
            "-number"
        )
    )


def edition_asked(editions: Sequence[Edition], number: str) -> Edition | None:
    """The edition of this number, or the one that is public now when none is named; it may be a withdrawn one, whose
    figures must not be shown. None: nothing is public. Raises `NotFound`."""
    if not number:
        return next((row for row in editions if row.state == states.PUBLISHED), None)
    found = next((row for row in editions if str(row.number) == number), None)
    if found is None:
        raise NotFound(_("There is no such edition."), code="edition_unknown", item=number[:20])
    return found


# --- the question -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Asked:
    """A checked question. `times`: the periods in it, in order. `chosen`: codes by dimension. `split`: the dimension
    that is shown side by side, or ""."""

    indicator: Indicator
    edition: Edition
    dimensions: Sequence[Dimension]
    all_times: Sequence[str]
    times: Sequence[str]
    chosen: Mapping[str, Sequence[str]]
    split: str
    order: str
    page: int
    address: Sequence[tuple[str, str]]

    def codes(self, key: str) -> tuple[str, ...]:
        """The codes of a dimension that the indicator has in this edition."""
        return data.codes_in(self.edition.data_file, self.indicator.code, key)

    def dimension(self, key: str) -> Dimension:
        return next(each for each in self.dimensions if each.key == key)

    @cached_property
    def names(self) -> dict[str, str]:
        """Dimension → the name of its parameter in addresses."""
        return parameters(self.dimensions)

    @property
    def filtered(self) -> bool:
        return any(name not in (ORDER, PAGE, EDITION) for name, _value in self.address)

    def query_string(self, **changes: str) -> str:
        """The question as the query of an address, with some parameters changed; "" takes one away."""
        kept = [(name, value) for name, value in self.address if name not in changes]
        return urlencode([*((name, value) for name, value in changes.items() if value), *kept])


def parameters(dimensions: Sequence[Dimension]) -> dict[str, str]:
    """Dimension → the name of its parameter: `wilayah` for regions, otherwise its own key."""
    found: dict[str, str] = {}
    for each in dimensions:
        name = "wilayah" if each.role == "region" and "wilayah" not in found.values() else each.key
        found[each.key] = f"d_{name}" if name in RESERVED or name in found.values() else name
    return found


def code_name(dimension: Dimension, code: str) -> str:
    """What a code is called: also a region that is no more."""
    if code == TOTAL:
        return str(_("total"))
    return dimension.names.get(code) or (regions.name_of(code) if dimension.role == "region" else code)


def ordered_codes(dimension: Dimension, codes: Sequence[str]) -> list[str]:
    """In the order of the classification or the register."""
    place = {code: number for number, code in enumerate(dimension.names)}
    return sorted(codes, key=lambda code: (code != TOTAL, place.get(code, len(place)), code))


def read_question(indicator: Indicator, edition: Edition, given: Any) -> Asked:
    """Check the parameters of an address (a QueryDict). Raises `Invalid` with the parameter's name."""
    dimensions = dimensions_of(edition.dataset)
    all_times = data.codes_in(edition.data_file, indicator.code, "time")
    year = given.get("tahun", "")
    first, last = given.get(FROM, "") or year, given.get(UNTIL, "") or year
    for name, text in ((FROM, first), (UNTIL, last)):
        if text and not (states.is_period(text, edition.dataset.frequency) or states.is_period(text, states.YEAR)):
            raise _refused(text, name)
    times = [time for time in all_times if (not first or time >= first) and (not last or time[: len(last)] <= last)]
    address = [(name, text) for name, text in ((FROM, first), (UNTIL, last)) if text]
    chosen: dict[str, list[str]] = {}
    for key, name in parameters(dimensions).items():
        known = set(data.codes_in(edition.data_file, indicator.code, key))
        spellings = next(each.spellings for each in dimensions if each.key == key)
        wanted: list[str] = []
        for text in dict.fromkeys(filter(None, given.getlist(name))):
            code = (
                text if text in known else spellings.get(fold(text[:100]), "")
            )  # a name is typed where codes are many
            if code not in known:
                raise _refused(text, name)
            if code not in wanted:
                wanted.append(code)
        if wanted:
            chosen[key] = wanted
            address += [(name, code) for code in wanted]
    split = given.get(SPLIT, "")
    if split and split != TOGETHER and split not in parameters(dimensions).values():
        raise _refused(split, SPLIT)
    if split:
        address.append((SPLIT, split))
    by_name = {name: key for key, name in parameters(dimensions).items()}
    several = [key for key, codes in chosen.items() if len(codes) > 1]
    side = by_name.get(split, "") or (several[0] if len(several) == 1 and not split else "")
    if not side and not split and len(times) == 1:  # nothing over time to show: show the parts
        parts = (each for each in dimensions if each.key not in chosen)
        side = next((each.key for each in parts if len(_parts(each, edition, indicator)) > 1), "")
    order = given.get(ORDER, "")
    if order and order.removeprefix("-") not in ("waktu", "nilai", *by_name):
        raise _refused(order, ORDER)
    page = given.get(PAGE, "") or "1"
    if not (page.isascii() and page.isdigit() and 0 < len(page) < 7 and int(page)):
        raise _refused(page, PAGE)
    address += [(name, text) for name, text in ((ORDER, order), (EDITION, given.get(EDITION, ""))) if text]
    return Asked(indicator, edition, dimensions, all_times, times, chosen, side, order, int(page), address)


def _parts(dimension: Dimension, edition: Edition, indicator: Indicator) -> list[str]:
    return lowest(dimension, data.codes_in(edition.data_file, indicator.code, dimension.key))


def _refused(text: str, name: str) -> Invalid:
    return Invalid(
        _("“%(code)s” does not exist here. Choose a period or code from the list.") % {"code": text[:40]},
        code="filter",
        field=name,
    )


# --- lines and bars ---------------------------------------------------------------------------------------------------


def lines(asked: Asked) -> dict[str, list[Point]]:
    """(period, value, status) of the whole under "", or of each code of the split dimension, the largest in the newest
    period first."""
    if not asked.times:
        return {}
    chosen = dict(asked.chosen)
    if asked.split and asked.split not in chosen:
        chosen[asked.split] = lowest(asked.dimension(asked.split), asked.codes(asked.split))
    sliced = data.slice_of(asked.edition, asked.indicator, chosen)
    found = data.series(asked.edition, sliced, by=asked.split, times=asked.times)
    return {code: found[code] for code in _by_size(found)}


def unsplit(asked: Asked) -> list[Point]:
    """The figure for all that was chosen together, also where the chart shows its parts."""
    chosen = {key: codes for key, codes in asked.chosen.items() if key != asked.split or asked.indicator.total}
    found = data.series(asked.edition, data.slice_of(asked.edition, asked.indicator, chosen), times=asked.times[-1:])
    return found.get("", [])


def _by_size(found: Lines) -> list[str]:
    def size(code: str) -> tuple[bool, float, str]:
        value = found[code][-1][1]
        return (value is None, -(value or 0.0), code)

    return sorted(found, key=size)


def lowest(dimension: Dimension, codes: Sequence[str]) -> list[str]:
    """The codes of which none contains another: wards, not the city; men and women, not all."""
    above = {dimension.parents.get(code) for code in codes}
    found = [code for code in codes if code != TOTAL and code not in above]
    return found or list(codes)


# --- sentences --------------------------------------------------------------------------------------------------------


def period_name(text: str, *, short: bool = False) -> str:
    """2025, quarter 2 of 2025, March 2025, 5 March 2025."""
    start, frequency = states.period_start(text), states.frequency_of(text)
    if frequency == states.SEMESTER:
        if short:
            return f"S{text[-1]} {text[:4]}"
        return _("half %(number)s of %(year)s") % {"number": text[-1], "year": text[:4]}
    if frequency == states.QUARTER:
        if short:
            return _("Q%(number)s %(year)s") % {"number": text[-1], "year": text[:4]}
        return _("quarter %(number)s of %(year)s") % {"number": text[-1], "year": text[:4]}
    if frequency == states.MONTH:
        return formats.date_format(start, "M Y" if short else "F Y")
    if frequency == states.DAY:
        return formats.date_format(start, "j M Y") if short else words.day(start)
    return text


def amount(value: float | None, indicator: Indicator, status: str = "") -> str:
    """The value with its unit, or why there is none."""
    if value is None:
        return str(SHORT_STATUS.get(status, SHORT_STATUS[states.MISSING]))
    unit = in_language(indicator, "unit")
    text = words.number(value, indicator.decimals)
    if unit.startswith("Rp"):
        return f"Rp{text}{unit[2:]}"
    return f"{text} {unit}".strip()


def change(before: float, now: float, indicator: Indicator) -> tuple[str, str]:
    """("up" | "down" | "same", how much): percent of the earlier value, or points where the unit is percent."""
    if round(now, indicator.decimals) == round(before, indicator.decimals):
        return "same", ""
    way = "up" if now > before else "down"
    if indicator.unit == "%":
        return way, _("%(number)s points") % {"number": words.number(abs(now - before), max(1, indicator.decimals))}
    percent = states.jump(before, now)
    if percent is None:
        return way, words.number(abs(now - before), indicator.decimals)
    return (
        way,
        f"{words.number(abs(percent), 1)} %" if words.english() is False else f"{words.number(abs(percent), 1)}%",
    )


def subject(asked: Asked, *, whole: bool = False) -> str:
    """The indicator's name with what was chosen of it; `whole`: of the figure that is not split."""
    sliced = data.slice_of(asked.edition, asked.indicator, asked.chosen)
    parts = [in_language(asked.indicator, "title")]
    for each in asked.dimensions:
        if each.key == asked.split and not whole:
            continue
        codes = asked.chosen.get(each.key) or (sliced.where[each.key] if each.key in sliced.forced else ())
        if codes:
            parts.append(" + ".join(code_name(each, code) for code in codes[:3]) + (" + …" if len(codes) > 3 else ""))
    return ", ".join(parts)


def finding(asked: Asked, found: Lines) -> str:
    """What the chart shows, in one sentence."""
    title = subject(asked)
    if not asked.times or not found:
        return _("%(title)s: no figures for this choice") % {"title": title}
    period = max(points[-1][0] for points in found.values())
    if asked.split:
        return _split_finding(asked, found, title, period)
    points = found[""]
    _time, value, status = points[-1]
    head = {"title": title, "period": period_name(period), "value": amount(value, asked.indicator, status)}
    earlier = next((point for point in reversed(points[:-1]) if point[1] is not None), None)
    if value is None or earlier is None or earlier[1] is None:
        return _("%(title)s %(period)s: %(value)s") % head
    way, how_much = change(earlier[1], value, asked.indicator)
    head |= {"change": how_much, "before": period_name(earlier[0])}
    if way == "same":
        return _("%(title)s %(period)s: %(value)s, the same as in %(before)s") % head
    if way == "up":
        return _("%(title)s %(period)s: %(value)s, up %(change)s from %(before)s") % head
    return _("%(title)s %(period)s: %(value)s, down %(change)s from %(before)s") % head


def _split_finding(asked: Asked, found: Lines, title: str, period: str) -> str:
    dimension = asked.dimension(asked.split)
    there = {
        code: value
        for code, points in found.items()
        for time, value, _status in points[-1:]
        if value is not None and time == period
    }
    head = {"title": title, "period": period_name(period), "dimension": dimension.name.lower()}
    if len(there) < 2:
        return _("%(title)s %(period)s by %(dimension)s") % head
    most, least = max(there, key=lambda code: there[code]), min(there, key=lambda code: there[code])
    head |= {
        "most": code_name(dimension, most),
        "most_value": amount(there[most], asked.indicator),
        "least": code_name(dimension, least),
        "least_value": amount(there[least], asked.indicator),
    }
    return _("%(title)s %(period)s: most in %(most)s, %(most_value)s; least in %(least)s, %(least_value)s") % head


# --- the table --------------------------------------------------------------------------------------------------------


def columns(asked: Asked) -> tuple[str, ...]:
    return ("time", *(each.key for each in asked.dimensions), "value", "status")


def _where(asked: Asked) -> dict[str, Sequence[str]]:
    where: dict[str, Sequence[str]] = {"indicator": [asked.indicator.code], **asked.chosen}
    if len(asked.times) < len(asked.all_times):
        where["time"] = asked.times
    return where


def _order(asked: Asked) -> tuple[str, ...]:
    name = asked.order.removeprefix("-")
    if not name:
        return ("-time",)
    by_name = {"waktu": "time", "nilai": "value"} | {name: key for key, name in asked.names.items()}
    return (("-" if asked.order.startswith("-") else "") + by_name[name],)


def table(asked: Asked) -> tuple[list[tuple[Any, ...]], int]:
    """(the rows of this page, how many there are in all)."""
    query = cube.Query(
        where=_where(asked),
        columns=columns(asked),
        order_by=_order(asked),
        limit=PAGE_ROWS,
        offset=PAGE_ROWS * (asked.page - 1),
    )
    found = data.engine().run([_file(asked)], query, total=True)
    return found.rows, found.total or 0


def count(asked: Asked) -> int:
    return data.engine().count([_file(asked)], cube.Query(where=_where(asked), columns=columns(asked)))


def every_row(asked: Asked) -> Iterator[tuple[Any, ...]]:
    """All rows of the question in order of time, some periods at a time: the file is sorted by period, so that each
    block reads its own part of it only."""
    per_period = max(1.0, count(asked) / max(1, len(asked.times)))
    together = max(1, int(BLOCK / per_period))
    for start in range(0, len(asked.times), together):
        where = {**_where(asked), "time": asked.times[start : start + together]}
        yield from data.engine().run([_file(asked)], cube.Query(where, columns=columns(asked), order_by=("time",))).rows


def _file(asked: Asked) -> Any:
    """The public file. Raises rather than fall back on the draft, in which small cells still have their value."""
    if asked.edition.state not in SHOWN_STATES or not asked.edition.data_file:
        raise NotFound(_("There is no such edition."), code="edition_unknown", item=str(asked.edition.number))
    return data.path(asked.edition)


# --- the map ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shade:
    """A class of the map: the smallest and the largest value in it."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Areas:
    """What the map shows: region → (value, status), and the class that each value falls in."""

    period: str
    dimension: Dimension
    values: Mapping[str, tuple[float | None, str]]
    shades: Sequence[Shade]
    shade_of: Mapping[str, int]


def areas(asked: Asked) -> Areas | None:
    """The newest period of the question by ward or district; None where the indicator has no such regions."""
    dimension = next(
        (each for each in asked.dimensions if each.role == "region" and each.level in ("ward", "district")), None
    )
    if dimension is None or not asked.times:
        return None
    inside = {row.code for row in regions.of_level(dimension.level)}
    codes = [code for code in asked.codes(dimension.key) if code in inside]
    if len(codes) < 2:
        return None
    chosen = {key: value for key, value in asked.chosen.items() if key != dimension.key} | {dimension.key: codes}
    sliced = data.slice_of(asked.edition, asked.indicator, chosen)
    period = asked.times[-1]
    found = data.series(asked.edition, sliced, by=dimension.key, times=[period])
    values = {code: (points[-1][1], points[-1][2]) for code, points in found.items()}
    shades = classes([value for value, _status in values.values() if value is not None])
    lows = [shade.low for shade in shades]
    shade_of = {code: bisect_right(lows, value) - 1 for code, (value, _s) in values.items() if value is not None}
    return Areas(period, dimension, values, shades, shade_of)


def classes(values: Sequence[float], most: int = CLASSES) -> list[Shade]:
    """Classes with about equally many regions each, none empty, equal values together."""
    row = sorted(values)
    if not row:
        return []
    starts = sorted({row[len(row) * number // most] for number in range(most)})
    return [
        Shade(low, max(value for value in row if number + 1 == len(starts) or value < starts[number + 1]))
        for number, low in enumerate(starts)
    ]


# --- the catalogue ----------------------------------------------------------------------------------------------------

_newest = Kept(dict[tuple[str, str], tuple[list[Point], tuple[tuple[str, str], ...]]], TOPIC, "regions")


def whole_series(edition: Edition, indicator: Indicator) -> tuple[list[Point], list[str]]:
    """(the whole city over all periods, the names of the codes that had to be taken because no total can be made);
    remembered while no catalogue or edition changes."""
    kept, place = _newest(), (edition.data_file, indicator.code)
    if place not in kept:
        sliced = data.slice_of(edition, indicator)
        found = data.series(edition, sliced)
        kept[place] = found.get("", []), tuple((key, sliced.where[key][0]) for key in sliced.forced)
    points, forced = kept[place]
    if not forced:
        return points, []
    dimensions = {each.key: each for each in dimensions_of(edition.dataset)}
    return points, [code_name(dimensions[key], code) for key, code in forced]
