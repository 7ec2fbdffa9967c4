"""Charts as SVG, made on the server. Pure functions: data in, markup out.

A chart says its finding in its title, names its lines where they end, shows a gap as a gap, and needs no script. The
table with the same numbers stands beside it and is the caller's. Colours come from the stylesheet (`s1` … `s6`, with
different dashes, so that six lines stay apart without colour).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Any, TypeGuard

from django.utils import formats, timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from . import levels, words

Point = tuple[datetime, float | None]
WIDTH, HEIGHT = 480, 260
SERIES = 6
LETTER, BESIDE = 11.2, 0.42  # a letter's width on a phone; the share of a chart that names beside their lines may take
MINUTE, HOUR, DAY = 60, 3600, 86400
STEPS = [
    MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
    DAY, 2 * DAY, 7 * DAY, 14 * DAY,
]  # fmt: skip


def line_chart(
    series: Iterable[tuple[Any, Iterable[Point]]],
    *,
    thresholds: Iterable[tuple[Any, float, str]] = (),
    unit: str = "",
    title: Any = "",
    description: Any = "",
    width: int = WIDTH,
    height: int = HEIGHT,
    zone: tzinfo | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    gap: timedelta | None = None,
) -> SafeString:
    """Lines over time. Moments are aware; values are numbers, and None, NaN and infinities are gaps. `thresholds` are
    (label, value, level). Points further apart than `gap` are not joined (None: three times the usual distance).
    `start` and `end` fix the time axis. At most six series; more are left out, for nobody could tell them apart."""
    zone = zone or timezone.get_current_timezone()
    lines = [(str(label), _ordered(points)) for label, points in series][:SERIES]
    known = [(at, value) for _label, points in lines for at, value in points if value is not None]
    limits = sorted(
        (float(value), str(label), levels.known(level)) for label, value, level in thresholds if _is_number(value)
    )
    if not known:
        return _frame(_nothing(width, height), width, height, title, description)
    first, last = start or min(at for at, _value in known), end or max(at for at, _value in known)
    if last <= first:
        first, last = first - timedelta(minutes=30), first + timedelta(minutes=30)
    marks = _marks([value for _at, value in known], [value for value, _label, _level in limits])
    left, right, top, bottom = 56.0, width - 10.0, 26.0, height - 30.0
    lowest, highest = marks[0], marks[-1]
    seconds = (last - first).total_seconds()

    def x_of(at: datetime) -> float:
        return left + (right - left) * (at - first).total_seconds() / seconds

    def y_of(value: float) -> float:
        return bottom - (bottom - top) * (value - lowest) / (highest - lowest)

    parts = [format_html('<text x="{}" y="14">{}</text>', 0, unit)] if unit else []
    parts += _grid(marks, y_of, left, right)
    for at, text in _ticks(first, last, zone):
        x = x_of(at)
        anchor = "start" if x < left + 24 else "end" if x > right - 24 else "middle"
        parts.append(
            format_html(
                '<path class="sumbu" d="M{} {}v6"/><text x="{}" y="{}" text-anchor="{}">{}</text>',
                _n(x),
                _n(bottom),
                _n(x),
                height - 6,
                anchor,
                text,
            )
        )
    parts.append(format_html('<path class="sumbu" d="M{} {}H{}"/>', _n(left), _n(bottom), _n(right)))
    for value, label, level in limits:
        if lowest <= value <= highest:
            parts.append(
                format_html(
                    '<path class="ambang a-{}" d="M{} {}H{}"/><text class="label" x="{}" y="{}">{}</text>',
                    level,
                    _n(left),
                    _n(y_of(value)),
                    _n(right),
                    _n(left + 6),
                    _n(y_of(value) - 5),
                    label,
                )
            )
    ends = []
    for number, (label, points) in enumerate(lines, 1):
        inside = [(at, value) for at, value in points if first <= at <= last]
        for run in _runs(inside, gap):
            drawn = _thin([(x_of(at), y_of(value)) for at, value in run], right - left)
            if len(drawn) == 1:
                parts.append(
                    format_html('<circle class="f{}" cx="{}" cy="{}" r="3"/>', number, _n(drawn[0][0]), _n(drawn[0][1]))
                )
            else:
                path = " ".join(f"{_n(x)} {_n(y)}" for x, y in drawn)
                parts.append(
                    format_html(
                        '<path class="garis s{}{}" d="M{}"/>', number, f" d{number}" if number > 1 else "", path
                    )
                )
        seen = [(at, value) for at, value in inside if value is not None]
        if seen:
            at, value = seen[-1]
            parts.append(
                format_html('<circle class="f{}" cx="{}" cy="{}" r="4.5"/>', number, _n(x_of(at)), _n(y_of(value)))
            )
            text = (
                f"{label} {words.number(value, _decimals(value))}".strip()
                if len(lines) > 1 or label
                else words.number(value, _decimals(value))
            )
            ends.append([y_of(value) - 10, number, min(x_of(at), right), text])
    parts += _labels(ends, top, bottom, left)
    return _frame(mark_safe("".join(parts)), width, height, title, description)


def period_chart(
    periods: Sequence[Any],
    series: Iterable[tuple[Any, Sequence[float | None]]],
    *,
    open_from: int | None = None,
    decimals: int | None = None,
    unit: str = "",
    title: Any = "",
    description: Any = "",
    width: int = WIDTH,
    height: int = HEIGHT,
) -> SafeString:
    """Lines over periods that stand at equal distances; `periods` are their names, and each series has a value (or None,
    a gap) for each. Points from `open_from` on are provisional: drawn hollow. At most six series."""
    lines = [(str(label), [float(v) if _is_number(v) else None for v in values]) for label, values in series][:SERIES]
    known = [value for _label, values in lines for value in values if value is not None]
    if not known:
        return _frame(_nothing(width, height), width, height, title, description)
    marks = _marks(known, ())
    widest = max(len(_value(mark, marks[1] - marks[0])) for mark in marks)
    naming, beside = [f"{label} {_last(values, decimals)}".strip() for label, values in lines], len(lines) > 1
    most = int((BESIDE * width - 10) / LETTER)
    if beside and max(map(len, naming)) > most:
        naming = [label if len(label) <= most else f"{label[: most - 1].rstrip()}…" for label, _values in lines]
    longest = LETTER * max(map(len, naming)) + 10
    left, right = max(40.0, 10.0 + 10.5 * widest), width - (longest if beside else 14.0)
    top, bottom = 26.0, height - 30.0

    def x_of(number: int) -> float:
        return (left + right) / 2 if len(periods) == 1 else left + 8 + (right - left - 16) * number / (len(periods) - 1)

    def y_of(value: float) -> float:
        return bottom - (bottom - top) * (value - marks[0]) / (marks[-1] - marks[0])

    parts = [format_html('<text x="0" y="14">{}</text>', unit)] if unit else []
    parts += _grid(marks, y_of, left, right)
    parts.append(format_html('<path class="sumbu" d="M{} {}H{}"/>', _n(left), _n(bottom), _n(right)))
    room = int((right - left) / (26.0 + 10.0 * max(len(str(period)) for period in periods)))
    step = max(1, math.ceil((len(periods) - 1) / room)) if room > 1 else len(periods)
    for number in range((len(periods) - 1) % step, len(periods), step):  # the newest is always named
        x = x_of(number)
        anchor = "start" if x < left + 24 else "end" if x > right - 24 else "middle"
        parts.append(
            format_html(
                '<path class="sumbu" d="M{0} {1}v6"/><text x="{0}" y="{2}" text-anchor="{3}">{4}</text>',
                _n(x),
                _n(bottom),
                height - 6,
                anchor,
                periods[number],
            )
        )
    dots = len(periods) <= 40
    ends = []
    for number, (_label, values) in enumerate(lines, 1):
        run: list[tuple[float, float]] = []
        for place, value in enumerate([*values, None]):
            if value is not None:
                run.append((x_of(place) / 3, y_of(value)))
            elif run:
                dash = f" d{number}" if number > 1 else ""
                path = " ".join(f"{_n(3 * x)} {_n(y)}" for x, y in _thin(run, (right - left) / 3))
                if len(run) > 1:
                    parts.append(format_html('<path class="garis s{}{}" d="M{}"/>', number, dash, path))
                run = []
        seen = [(place, value) for place, value in enumerate(values) if value is not None]
        alone = {p for p, _v in seen if {p - 1, p + 1}.isdisjoint(q for q, _w in seen)} if not dots else set()
        for place, value in seen:
            provisional = open_from is not None and place >= open_from
            if dots or provisional or place in alone or place == seen[-1][0]:
                style = f"s{number} hampa" if provisional else f"f{number}"
                size = 4.5 if place == seen[-1][0] else 3.5 if provisional else 3
                parts.append(
                    format_html(
                        '<circle class="{}" cx="{}" cy="{}" r="{}"/>', style, _n(x_of(place)), _n(y_of(value)), size
                    )
                )
        if seen:
            place, value = seen[-1]
            ends.append(
                [y_of(value) + (5 if beside else -10), number, x_of(place) + (9 if beside else 4), naming[number - 1]]
            )
    parts += _labels(ends, top, bottom, left, beside=beside)
    return _frame(mark_safe("".join(parts)), width, height, title, description)


def bar_chart(
    items: Iterable[tuple[Any, float | None]],
    *,
    missing: Mapping[Any, Any] | None = None,
    decimals: int | None = None,
    unit: str = "",
    title: Any = "",
    description: Any = "",
    width: int = WIDTH,
    bar: int = 26,
) -> SafeString:
    """Lying bars, one for each (label, value), from zero; the value stands at the end. None and NaN give a dash, or what
    `missing` says of their label. The same `decimals` for all, or as many as each needs."""
    rows = [(str(label), float(value) if _is_number(value) else None) for label, value in items]
    values = [value for _label, value in rows if value is not None]
    if not rows:
        return _frame(_nothing(width, 60), width, 60, title, description)
    low, high = min([0.0, *values]), max([0.0, *values])
    spread = (high - low) or 1.0
    height = len(rows) * (bar + 26) + 6
    longest = max(len(words.number(value, decimals)) for value in values or [0.0]) + len(f" {unit}")
    left, right = (60.0 if low < 0 else 0.0), width - max(76.0, 12 + 10.5 * longest)
    zero = left + (right - left) * (0 - low) / spread
    parts = []
    for number, (label, value) in enumerate(rows):
        y = number * (bar + 26) + 18
        places = _decimals(value) if decimals is None else decimals
        text = words.number(value, places) + (f" {unit}" if unit and value is not None else "")
        parts.append(format_html('<text x="0" y="{}">{}</text>', y - 3, label))
        if value is None:
            reason = (missing or {}).get(label, words.DASH)
            parts.append(
                format_html('<text class="label" x="{}" y="{}">{}</text>', _n(zero + 4), _n(y + bar * 0.7), reason)
            )
            continue
        edge = left + (right - left) * (value - low) / spread
        parts.append(
            format_html(
                '<rect class="f1" x="{}" y="{}" width="{}" height="{}" rx="3"/>',
                _n(min(zero, edge)),
                y + 2,
                _n(max(1.0, abs(edge - zero))),
                bar - 4,
            )
        )
        parts.append(
            format_html(
                '<text class="label" x="{}" y="{}" text-anchor="{}">{}</text>',
                _n(edge + (6 if value >= 0 else -6)),
                _n(y + bar * 0.7),
                "start" if value >= 0 else "end",
                text,
            )
        )
    parts.append(format_html('<path class="sumbu" d="M{} 14V{}"/>', _n(zero), height - 4))
    return _frame(mark_safe("".join(parts)), width, height, title, description)


def sparkline(values: Iterable[float | None], *, title: Any = "", width: int = 120, height: int = 32) -> SafeString:
    """The shape of a series at a glance, its last value marked. Evenly spaced; gaps stay gaps."""
    row = [float(value) if _is_number(value) else None for value in values]
    seen = [value for value in row if value is not None]
    if not seen:
        return SafeString("")
    low, spread = min(seen), (max(seen) - min(seen)) or 1.0
    flat = max(seen) == min(seen)
    step = (width - 8) / max(1, len(row) - 1)
    spots = [
        None
        if value is None
        else (4 + index * step, height / 2 if flat else height - 4 - (height - 8) * (value - low) / spread)
        for index, value in enumerate(row)
    ]
    parts: list[str] = []
    run: list[str] = []
    for spot in [*spots, None]:
        if spot is not None:
            run.append(f"{_n(spot[0])},{_n(spot[1])}")
        elif run:
            parts.append(f'<polyline points="{" ".join(run if len(run) > 1 else run * 2)}"/>')
            run = []
    last = next(spot for spot in reversed(spots) if spot is not None)
    parts.append(f'<circle cx="{_n(last[0])}" cy="{_n(last[1])}" r="3"/>')
    label = format_html(' role="img" aria-label="{}"', title) if title else SafeString(' aria-hidden="true"')
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}"{}>{}</svg>', width, height, label, mark_safe("".join(parts))
    )


# --- parts ------------------------------------------------------------------------------------------------------------


def _grid(marks: Sequence[float], y_of: Callable[[float], float], left: float, right: float) -> list[SafeString]:
    """The lying lines of the upright axis with their values."""
    return [
        format_html(
            '<path class="kisi" d="M{} {}H{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
            _n(left),
            _n(y_of(mark)),
            _n(right),
            _n(left - 6),
            _n(y_of(mark) + 5),
            _value(mark, marks[1] - marks[0]),
        )
        for mark in marks
    ]


def _frame(inside: SafeString, width: int, height: int, title: Any, description: Any) -> SafeString:
    spoken = ". ".join(text for text in (str(title).rstrip("."), str(description)) if text)
    return format_html(
        '<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}</svg>',
        width,
        height,
        spoken or "–",
        title,
        inside,
    )


def _nothing(width: int, height: int) -> SafeString:
    return format_html('<text x="{}" y="{}" text-anchor="middle">{}</text>', width / 2, height / 2, words.DASH)


def _is_number(value: Any) -> TypeGuard[float]:
    try:
        return value is not None and not isinstance(value, bool) and math.isfinite(value) and abs(value) < 1e15
    except (TypeError, OverflowError):
        return False


def _ordered(points: Iterable[Point]) -> list[tuple[datetime, float | None]]:
    return sorted(
        ((at, float(value) if value is not None and _is_number(value) else None) for at, value in points),
        key=lambda point: point[0],
    )


def _runs(points: Sequence[Point], gap: timedelta | None) -> Iterable[list[tuple[datetime, float]]]:
    """The stretches without a gap."""
    if gap is None:
        steps = sorted(b[0] - a[0] for a, b in pairwise(points))
        gap = 3 * steps[len(steps) // 2] if steps else timedelta(0)
    run: list[tuple[datetime, float]] = []
    for at, value in points:
        if value is None or (run and gap and at - run[-1][0] > gap):
            if run:
                yield run
            run = []
        if value is not None:
            run.append((at, value))
    if run:
        yield run


def _thin(spots: list[tuple[float, float]], width: float) -> list[tuple[float, float]]:
    """At most four points for each unit of width: the first, lowest, highest and last, so that no peak gets lost."""
    if len(spots) <= 2 * width:
        return spots
    columns: dict[int, list[tuple[float, float]]] = {}
    for spot in spots:
        columns.setdefault(int(spot[0]), []).append(spot)
    kept: list[tuple[float, float]] = []
    for column in columns.values():
        chosen = {
            0,
            len(column) - 1,
            min(range(len(column)), key=lambda i: column[i][1]),
            max(range(len(column)), key=lambda i: column[i][1]),
        }
        kept += [column[index] for index in sorted(chosen)]
    return kept


def _marks(values: Sequence[float], limits: Sequence[float]) -> list[float]:
    """Round values for the upright axis, three to six of them, holding all values and the next limit above them."""
    low, high = min(values), max(values)
    within = [limit for limit in limits if limit <= high]
    above = [limit for limit in limits if limit > high]
    low, high = min([low, *within]), max([high, *within, *above[:1]])
    spread = high - low
    if spread <= abs(high) * 1e-9:
        spread = max(abs(high) * 0.2, 1.0)
        low, high = low - spread / 2, high + spread / 2
    power = 10.0 ** math.floor(math.log10(spread / 4))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= spread / 4 * 0.999)
    begin = math.floor(low / step + 1e-9)
    count = max(2, math.ceil(high / step - 1e-9) - begin + 1)
    return [(begin + index) * step for index in range(count)]


def _ticks(first: datetime, last: datetime, zone: tzinfo) -> list[tuple[datetime, str]]:
    """At most six moments on the time axis that people would name: full hours, midnights, first days of months."""
    seconds = (last - first).total_seconds()
    step = next((step for step in STEPS if seconds / step <= 5), None)
    here = first.astimezone(zone)
    found: list[tuple[datetime, str]] = []
    if step is None:  # months or years
        months = max(1, math.ceil(seconds / (30.4 * DAY) / 5))
        months = next((size for size in (1, 2, 3, 4, 6, 12) if size >= months), 12 * math.ceil(months / 12))
        number = here.year * 12 + here.month - 1
        number += -number % months
        while len(found) < 8 and 12 <= number < 12 * 9999:
            at = datetime(number // 12, number % 12 + 1, 1, tzinfo=zone)
            if at > last:
                break
            if at >= first:
                found.append((at, formats.date_format(at, "Y" if months % 12 == 0 else "M Y")))
            number += months
        return found
    midnight = datetime(here.year, here.month, here.day, tzinfo=zone)
    if step >= DAY:
        days = step // DAY
        day = date.fromordinal(midnight.toordinal() - midnight.toordinal() % days)
        while len(found) < 8:
            at = datetime(day.year, day.month, day.day, tzinfo=zone)
            if at > last:
                break
            if at >= first:
                found.append((at, formats.date_format(at, "j M")))
            day += timedelta(days=days)
        return found
    at = midnight + timedelta(seconds=math.ceil((here - midnight).total_seconds() / step) * step)
    while at <= last and len(found) < 8:
        local = at.astimezone(UTC).astimezone(zone)
        is_midnight = (local.hour, local.minute) == (0, 0)
        found.append((at, formats.date_format(local, "j M" if is_midnight else "TIME_FORMAT")))
        at += timedelta(seconds=step)
    return found


def _labels(ends: list[list[Any]], top: float, bottom: float, left: float, *, beside: bool = False) -> list[SafeString]:
    """The lines' names where they end, moved apart where they would overlap; `beside`: to the right of the ends."""
    ends.sort()
    for before, now in pairwise(ends):
        now[0] = max(now[0], before[0] + 18)
    if ends and (over := ends[-1][0] - (bottom - 4)) > 0:
        for end in ends:
            end[0] -= over
    parts = []
    for y, number, x, text in ends:
        near = x > left + 120 and not beside
        parts.append(
            format_html(
                '<text class="label f{}" x="{}" y="{}" text-anchor="{}">{}</text>',
                number,
                _n(x if near or beside else x + 8),
                _n(max(y, top - 8)),
                "end" if near else "start",
                text,
            )
        )
    return parts


def _last(values: Sequence[float | None], decimals: int | None) -> str:
    found = next((value for value in reversed(values) if value is not None), None)
    return "" if found is None else words.number(found, _decimals(found) if decimals is None else decimals)


def _value(value: float, step: float) -> str:
    return words.number(
        value,
        max(0, min(6, -math.floor(math.log10(step) + 1e-9)))
        + (1 if f"{step:e}".startswith("2.5") and step < 10 else 0),
    )


def _decimals(value: float | None) -> int:
    """As many as say something: 3 → 3, 15.3 → 15.3, 20.674 → 20.67, 412.68 → 412.7."""
    if value is None or float(value).is_integer() or abs(value) >= 1000:
        return 0
    return 1 if abs(value) >= 100 or round(value, 1) == round(value, 2) else 2


def _n(value: float) -> str:
    return escape(f"{value:.1f}".rstrip("0").rstrip("."))
