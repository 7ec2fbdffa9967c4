"""What a request of SDMX asks for: which flow, which codes, which periods, and how observations are laid out."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from tepian.toolkit import cube

from ... import states
from ...queries import standards
from ...queries.standards import Flow, Part
from ..answers import TOO_LARGE, Refused

MOST = 100_000  # observations in one answer
MOST_KEYS = 20
ALL_DIMENSIONS = "AllDimensions"
TIME = "TIME_PERIOD"
VERSION = re.compile(r"(\d{1,9})(?:\.0){0,2}")
BAD_TIME = _("“%(text)s” is no period. Write 2024, 2024-S1, 2024-Q1, 2024-03 or 2024-03-31.")
NO_DATA = _("There are no figures for this question.")
NO_FLOW = _("There is no table “%(text)s” here.")

Where = dict[str, Collection[str] | cube.Range]


@dataclass(frozen=True, slots=True)
class Asked:
    """`where`: alternatives; an observation that meets one of them is in the answer."""

    flow: Flow
    where: tuple[Where, ...]
    first: int | None = None
    last: int | None = None
    at_observation: str = TIME
    values: bool = True
    attributes: bool = True
    series_only: bool = False


# --- flows ------------------------------------------------------------------------------------------------------------


def flow_of(agency: str, ident: str, version: str) -> Flow:
    """The newest edition, or the one that the version names."""
    if agency not in ("", "all", "*", standards.agency()[0]):
        raise Refused(404, NO_FLOW, text=f"{agency}:{ident}"[:100])
    found = standards.flows(ident, number=number_of(version))
    if not found:
        raise Refused(404, NO_FLOW, text=f"{ident} {version}".strip()[:100])
    return found[0]


def number_of(version: str) -> int | None:
    """The number of an edition, or None for the newest."""
    if version in ("", "latest", "+", "*", "all", "~"):
        return None
    match = VERSION.fullmatch(version.removesuffix("+"))
    if match is None:
        raise Refused(400, _("“%(text)s” is no version of a table: write 3.0, or leave it out."), text=version[:40])
    return int(match.group(1))


def flow_ref(text: str) -> Flow:
    """`agency,flow,version` of REST 2.1, from the right side shortened: `flow`, `agency,flow`."""
    parts = text.split(",")
    if len(parts) > 3 or not parts[-1 if len(parts) == 1 else 1]:
        raise Refused(400, _("A table is named as agency,table,version or by the table alone."))
    agency, ident, version = ("", *parts, "") if len(parts) == 1 else (*parts, "")[:3]
    return flow_of(agency, ident, version)


# --- periods ----------------------------------------------------------------------------------------------------------

_FORMS = {"A": 1, "S": 2, "T": 3, "Q": 4, "M": 12}


def bounds_of(text: str) -> tuple[date, date]:
    """First and last day of any period that SDMX knows."""
    try:
        found = _bounds(text.strip())
        if 1800 <= found[0].year <= 2300:
            return found
    except (ValueError, OverflowError):
        pass
    raise Refused(400, BAD_TIME, text=text[:40])


def _bounds(text: str) -> tuple[date, date]:
    if "T" in text and len(text) >= 16:
        day = datetime.fromisoformat(text).date()
        return day, day
    if match := re.fullmatch(r"(\d{4})-([ASTQM])(\d{1,2})", text):
        year, parts, number = int(match[1]), _FORMS[match[2]], int(match[3])
        if not 1 <= number <= parts:
            raise ValueError(text)
        months = 12 // parts
        first = date(year, (number - 1) * months + 1, 1)
        last = number * months
        return first, (date(year + last // 12, last % 12 + 1, 1) - timedelta(days=1))
    if match := re.fullmatch(r"(\d{4})-W(\d{2})", text):
        first = date.fromisocalendar(int(match[1]), int(match[2]), 1)
        return first, first + timedelta(days=6)
    if match := re.fullmatch(r"(\d{4})-D(\d{3})", text):
        day = date(int(match[1]), 1, 1) + timedelta(days=int(match[2]) - 1)
        if day.year != int(match[1]):
            raise ValueError(text)
        return day, day
    frequency = states.frequency_of(text) if any(form.fullmatch(text) for form in states.PERIODS.values()) else ""
    if not frequency:
        raise ValueError(text)
    return states.period_start(text), standards.last_day(text)


def within(periods: Collection[str], first: date | None, last: date | None) -> list[str]:
    """The periods that lie wholly between two days."""
    return [
        one
        for one in periods
        if (first is None or states.period_start(one) >= first) and (last is None or standards.last_day(one) <= last)
    ]


# --- keys and filters -------------------------------------------------------------------------------------------------


def key_of(flow: Flow, text: str, *, either: str, any_code: str) -> dict[str, list[str]]:
    """Codes by component of a key such as `A..L+P`. Time is never part of it."""
    parts = [part for part in flow.parts if part.id != TIME]
    if text in ("", "all", "*"):
        return {}
    given = text.split(".")
    if len(given) != len(parts):
        raise Refused(
            400,
            _("The key has %(given)s parts; this table has %(wanted)s: %(names)s."),
            given=len(given),
            wanted=len(parts),
            names=".".join(part.id for part in parts),
        )
    found = {}
    for part, codes in zip(parts, given, strict=True):
        wanted = [code for code in codes.split(either) if code] if either else [codes]
        if codes not in ("", any_code):
            found[part.id] = wanted
    return found


def conditions(flow: Flow, chosen: Mapping[str, Collection[str]], periods: Collection[str] | None) -> Where | None:
    """Identifiers as conditions on the figures; None where nothing can meet them."""
    if "FREQ" in chosen and flow.dataset.frequency not in chosen["FREQ"]:
        return None
    where: Where = standards.keys_of(flow, chosen)
    if periods is not None:
        if not periods:
            return None
        every = standards.codes_used(flow, "time")
        wanted, start = sorted(periods), every.index(min(periods))
        if wanted == every:
            return where
        if wanted == every[start : start + len(wanted)] and flow.dataset.frequency != states.SEMESTER:
            where["time"] = cube.Range(wanted[0], wanted[-1])  # thousands of days are two days
        else:
            where["time"] = wanted
    return where


def _not(test: Callable[[str, str], bool]) -> Callable[[str, str], bool]:
    return lambda code, wanted: not test(code, wanted)


OPERATORS: dict[str, Callable[[str, str], bool]] = {
    "eq": str.__eq__,
    "ne": str.__ne__,
    "co": str.__contains__,
    "nc": _not(str.__contains__),
    "sw": str.startswith,
    "ew": str.endswith,
}
TIMES = ("eq", "ne", "lt", "le", "gt", "ge")


def filters_of(flow: Flow, query: QueryDict) -> tuple[dict[str, list[str]], list[str] | None]:
    """The filters `c[COMPONENT]=…` of REST 3.0: codes by component, and periods (None: all)."""
    chosen: dict[str, list[str]] = {}
    periods: list[str] | None = None
    parts = {part.id: part for part in flow.parts}
    for name in query:
        if not name.startswith("c["):
            continue
        ident = name[2:].removesuffix("]")
        part = parts.get(ident)
        if part is None or not name.endswith("]"):
            raise Refused(
                501 if ident in ("OBS_VALUE", "OBS_STATUS", "CONF_STATUS", "UNIT_MEASURE", "DECIMALS") else 400,
                _("“%(text)s” is no dimension of this table; only dimensions can be filtered."),
                text=ident[:60],
            )
        for given in query.getlist(name):
            # A plus means "and"; in a query string it may have become a space.
            for term in re.split(r"[+ ]", given):
                if ident == TIME:
                    left = periods if periods is not None else standards.codes_used(flow, "time")
                    periods = [one for one in left if any(_time_meets(one, each) for each in term.split(","))]
                else:
                    left = chosen[ident] if ident in chosen else _codes_of(flow, part)
                    chosen[ident] = [code for code in left if any(_meets(code, each) for each in term.split(","))]
    return chosen, periods


def _codes_of(flow: Flow, part: Part) -> list[str]:
    if not part.column:
        return [flow.dataset.frequency]
    assert part.codelist is not None
    return [part.codelist.id_of(code) for code in standards.codes_used(flow, part.column)]


def _split(text: str, known: Collection[str]) -> tuple[str, str]:
    operator, mark, rest = text.partition(":")
    if mark and operator in known:
        return operator, rest
    if mark and operator.isalpha() and len(operator) == 2:
        raise Refused(501, _("The operator “%(text)s” is not known here."), text=operator)
    return "eq", text


def _meets(code: str, text: str) -> bool:
    operator, wanted = _split(text, OPERATORS)
    return OPERATORS[operator](code, wanted)


def _time_meets(period: str, text: str) -> bool:
    operator, wanted = _split(text, TIMES)
    first, last = bounds_of(wanted)
    starts, ends = states.period_start(period), standards.last_day(period)
    return {
        "eq": starts >= first and ends <= last,
        "ne": starts < first or ends > last,
        "lt": ends < first,
        "le": ends <= last,
        "gt": starts > last,
        "ge": starts >= first,
    }[operator]


# --- the whole request ------------------------------------------------------------------------------------------------


def _count(query: QueryDict, name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or not 1 <= len(text) <= 9 or int(text) == 0:
        raise Refused(400, _("%(name)s is a whole number from 1."), name=name)
    return int(text)


def _common(flow: Flow, query: QueryDict) -> dict[str, Any]:
    wanted = query.get("dimensionAtObservation", "") or TIME
    if wanted != ALL_DIMENSIONS and wanted not in [part.id for part in flow.parts]:
        raise Refused(400, _("“%(text)s” is no dimension of this table."), text=wanted[:60])
    if query.get("includeHistory", "false").lower() == "true":
        raise Refused(501, _("Earlier editions are asked for by their version, one at a time."))
    if since := query.get("updatedAfter", ""):
        published = flow.edition.published_at
        if published is None or published <= _moment(since):
            raise Refused(404, _("Nothing was published after this moment."))
    return {
        "first": _count(query, "firstNObservations"),
        "last": _count(query, "lastNObservations"),
        "at_observation": wanted,
    }


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Refused(400, _("“%(text)s” is no moment. Write 2024-12-31T08:00:00Z."), text=text[:40]) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _periods(flow: Flow, query: QueryDict) -> list[str] | None:
    first, last = query.get("startPeriod", ""), query.get("endPeriod", "")
    if not first and not last:
        return None
    begin = bounds_of(first)[0] if first else None
    end = bounds_of(last)[1] if last else None
    return within(standards.codes_used(flow, "time"), begin, end)


def asked_v1(flow: Flow, key: str, query: QueryDict) -> Asked:
    """REST 2.1."""
    detail = query.get("detail", "") or "full"
    if detail not in ("full", "dataonly", "serieskeysonly", "nodata"):
        raise Refused(400, _("detail is full, dataonly, serieskeysonly or nodata."))
    where = conditions(flow, key_of(flow, key, either="+", any_code=""), _periods(flow, query))
    return Asked(
        flow,
        (where,) if where is not None else (),
        values=detail in ("full", "dataonly"),
        attributes=detail in ("full", "nodata"),
        series_only=detail in ("serieskeysonly", "nodata"),
        **_common(flow, query),
    )


def asked_v2(flow: Flow, key: str, query: QueryDict) -> Asked:
    """REST 3.0: several keys with commas, `*` for any code, filters, attributes and measures."""
    keys = key.split(",")
    if len(keys) > MOST_KEYS:
        raise Refused(413, _("Ask for at most %(most)s keys at a time."), most=MOST_KEYS)
    chosen, periods = filters_of(flow, query)
    if query.get("startPeriod") or query.get("endPeriod"):
        within_ends = _periods(flow, query) or []
        periods = within_ends if periods is None else [one for one in periods if one in within_ends]
    where = []
    for one in keys:
        wanted: dict[str, list[str]] = dict(key_of(flow, one, either="", any_code="*"))
        for ident, codes in chosen.items():
            wanted[ident] = [code for code in wanted[ident] if code in codes] if ident in wanted else codes
        if all(wanted.values()):
            found = conditions(flow, wanted, periods)
            if found is not None:
                where.append(found)
    attributes = query.get("attributes", "") or "dsd"
    measures = query.get("measures", "") or "all"
    if attributes not in ("dsd", "none", "all") or measures not in ("all", "none", "OBS_VALUE"):
        raise Refused(501, _("attributes is dsd, all or none; measures is all or none."))
    return Asked(
        flow,
        tuple(where),
        values=measures != "none",
        attributes=attributes != "none",
        **_common(flow, query),
    )


# --- observations -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Observation:
    """`key`: identifiers in the order of the flow's parts, FREQ first and the period last."""

    key: tuple[str, ...]
    value: float | None
    status: str
    indicator: str


@dataclass(frozen=True)
class Series:
    """Observations that share all but the dimensions at the observation."""

    key: tuple[str, ...]
    indicator: str
    observations: list[Observation] = field(default_factory=list)


def observations(asked: Asked) -> list[Observation]:
    """In the order of the key. Raises Refused with 404 for none and 413 for too many."""
    flow = asked.flow
    columns = (*flow.columns, "value", "status")
    size = sum(standards.count_of(flow, where) for where in asked.where)
    if size > MOST:
        raise Refused(413, TOO_LARGE)
    lists = [part.codelist for part in flow.parts[1:]]
    frequency = flow.dataset.frequency
    found: dict[tuple[str, ...], Observation] = {}
    for where in asked.where:
        for row in standards.rows_of(flow, where, columns).rows:
            codes = [each.id_of(code) if each else code for each, code in zip(lists, row[:-2], strict=True)]
            key = (frequency, *codes)
            found[key] = Observation(key, row[-2], row[-1], row[0])
    if not found:
        raise Refused(404, NO_DATA)
    rows = [found[key] for key in sorted(found)] if len(asked.where) > 1 else list(found.values())
    return _cut(rows, asked) if asked.first or asked.last else rows


def _cut(rows: list[Observation], asked: Asked) -> list[Observation]:
    """Only the first or last observations of each series in time, or both ends."""
    groups: dict[tuple[str, ...], list[Observation]] = {}
    for row in rows:
        groups.setdefault(row.key[:-1], []).append(row)
    kept = []
    for group in groups.values():
        group.sort(key=lambda row: row.key[-1])
        first, last = asked.first or 0, asked.last or 0
        kept += group if first + last >= len(group) else [*group[:first], *(group[-last:] if last else [])]
    return kept


def series_of(asked: Asked, rows: list[Observation]) -> list[Series]:
    """The observations in series, for a layout with one dimension at the observation."""
    place = [part.id for part in asked.flow.parts].index(asked.at_observation)
    groups: dict[tuple[str, ...], Series] = {}
    for row in rows:
        key = (*row.key[:place], *row.key[place + 1 :])
        groups.setdefault(key, Series(key, row.indicator)).observations.append(row)
    return list(groups.values())


def number(value: float) -> str:
    """The shortest text that is this number, without an exponent for whole numbers."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
