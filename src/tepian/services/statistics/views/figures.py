"""What the page of a figure draws: its chart, its filters, its table and its map."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from tepian.kernel.maps import queries as maps
from tepian.ui import charts, words
from tepian.ui.templatetags.ui import public_url
from tepian.ui.words import in_language

from .. import queries, states
from ..queries import public

MOST_CHOICES = 120  # periods in a list to choose from; more are typed
MOST_BOXES = 200  # codes to tick; of more one is typed
MOST_POINTS = 366  # periods of the chart where nobody asked for more
PIVOT_ROWS, PIVOT_COLUMNS = 40, 12
FILES = ("csv", "xlsx", "json", "svg", "png")


def page_of(indicator: Any) -> str:
    """The address of a figure's page in the reader's language."""
    return public_url("statistics-indicator", indicator.code)


def figures(asked: public.Asked) -> dict[str, Any]:
    found = public.lines(asked)
    whole = found.get("") or public.unsplit(asked)
    rows, total = public.table(asked)
    pages = max(1, -(-total // public.PAGE_ROWS))
    path = page_of(asked.indicator)
    query = asked.query_string()
    point = whole[-1] if whole else None
    return {
        "asked": asked,
        "story": public.finding(asked, found),
        "chart": drawing(asked, found),
        "cut": len(asked.times) > MOST_POINTS and not asked.filtered,
        "most_points": MOST_POINTS,
        "newest": {
            "value": public.amount(point[1], asked.indicator, point[2]),
            "period": public.period_name(point[0]),
            "status": queries.STATUS_LABELS.get(point[2], ""),
            "subject": public.subject(asked, whole=True),
        }
        if point
        else None,
        "pivot": _pivot(asked, found) if asked.split and len(asked.times) > 1 else None,
        "left_out": max(0, len(found) - room(asked)),
        "chips": _chips(asked),
        "filters": [_filter(asked, each) for each in asked.dimensions],
        "periods": [(time, public.period_name(time)) for time in reversed(asked.all_times)]
        if len(asked.all_times) <= MOST_CHOICES
        else [],
        "period_input": {states.DAY: "date", states.MONTH: "month"}.get(asked.edition.dataset.frequency, "text"),
        "given": dict(asked.address),
        "splits": [(asked.names[each.key], each.name) for each in asked.dimensions if len(asked.codes(each.key)) > 1],
        "together": public.TOGETHER,
        "alone": any(each.level == "city" and len(asked.codes(each.key)) == 1 for each in asked.dimensions),
        "map": _map(asked),
        "head": [_heading(asked, name, label) for name, label in _columns(asked)],
        "rows": [_row(asked, row) for row in rows],
        "total": total,
        "pages": pages,
        "older": f"{path}?{asked.query_string(hal=str(asked.page + 1))}#angka" if asked.page < pages else "",
        "newer": f"{path}?{asked.query_string(hal=str(asked.page - 1))}#angka" if asked.page > 1 else "",
        "files": [
            (kind.upper(), public_url(f"statistics-{kind}", asked.indicator.code) + (f"?{query}" if query else ""))
            for kind in FILES
        ],
    }


def drawing(asked: public.Asked, everything: public.Lines, width: int = 480) -> Any:
    """The chart of what is asked: lines over time, or bars where there is one period only; of many codes the largest."""
    found = {code: everything[code] for code in list(everything)[: room(asked)]}
    story, unit = public.finding(asked, everything), in_language(asked.indicator, "unit")
    decimals = asked.indicator.decimals
    if not found or not asked.times:
        return charts.bar_chart([], title=story, width=width)
    dimension = asked.dimension(asked.split) if asked.split else None
    names = {code: public.code_name(dimension, code) if dimension else "" for code in found}
    if len(asked.times) == 1:
        missing = {
            names[code]: public.amount(None, asked.indicator, points[-1][2])
            for code, points in found.items()
            if points[-1][1] is None
        }
        bars = [(names[code] or public.subject(asked), points[-1][1]) for code, points in found.items()]
        return charts.bar_chart(bars, missing=missing, decimals=decimals, unit=unit, title=story, width=width, bar=22)
    times = asked.times if asked.filtered else asked.times[-MOST_POINTS:]
    by_time = {code: {time: (value, status) for time, value, status in points} for code, points in found.items()}
    unsure = (states.PROVISIONAL, states.ESTIMATED)
    open_from: int | None = None
    for number in range(len(times) - 1, -1, -1):
        if not any(values.get(times[number], (None, ""))[1] in unsure for values in by_time.values()):
            break
        open_from = number
    return charts.period_chart(
        [public.period_name(time, short=True) for time in times],
        [(names[code], [values.get(time, (None, ""))[0] for time in times]) for code, values in by_time.items()],
        open_from=open_from,
        decimals=decimals,
        unit=unit,
        title=story,
        description=_("The table has the same figures."),
        width=width,
        height=260 if width < 600 else 320,
    )


def room(asked: public.Asked) -> int:
    """How many codes a chart can show."""
    return public.BARS if len(asked.times) == 1 else public.LINES


def _pivot(asked: public.Asked, found: public.Lines) -> dict[str, Any]:
    dimension = asked.dimension(asked.split)
    found = {code: found[code] for code in list(found)[:PIVOT_COLUMNS]}
    by_time = {code: {time: (value, status) for time, value, status in points} for code, points in found.items()}
    times = list(reversed(asked.times))[:PIVOT_ROWS]
    return {
        "names": [public.code_name(dimension, code) for code in found],
        "rows": [
            (
                public.period_name(time),
                [_cell(asked, *by_time[code].get(time, (None, states.MISSING))) for code in found],
            )
            for time in times
        ],
    }


def _cell(asked: public.Asked, value: float | None, status: str) -> dict[str, Any]:
    if value is None:
        return {"text": public.amount(None, asked.indicator, status), "there": False, "mark": ""}
    text = words.number(value, asked.indicator.decimals)
    return {"text": text, "there": True, "mark": queries.STATUS_LABELS.get(status, "")}


def _chips(asked: public.Asked) -> list[tuple[str, str]]:
    """(what was chosen, the address without it)."""
    by_name = {name: each for each in asked.dimensions for name in (asked.names[each.key],)}
    found = []
    for place, (name, text) in enumerate(asked.address):
        if name in (public.FROM, public.UNTIL):
            label = f"{_('From') if name == public.FROM else _('Until')} {public.period_name(text, short=True)}"
        elif name in by_name:
            label = public.code_name(by_name[name], text)
        else:
            continue
        rest = [one for number, one in enumerate(asked.address) if number != place]
        found.append((label, f"{page_of(asked.indicator)}?{urlencode(rest)}"))
    return found


def _filter(asked: public.Asked, dimension: Any) -> dict[str, Any]:
    chosen = set(asked.chosen.get(dimension.key, ()))
    codes = public.ordered_codes(dimension, asked.codes(dimension.key))
    return {
        "name": asked.names[dimension.key],
        "label": dimension.name,
        "codes": [
            (code, public.code_name(dimension, code), code in chosen)
            for code in codes
            if code in chosen or len(codes) <= MOST_BOXES
        ],
        "typed": len(codes) > MOST_BOXES,
        "many": 12 < len(codes) <= MOST_BOXES,
        "chosen": len(chosen),
        "any": len(codes) > 1,
    }


def _columns(asked: public.Asked) -> list[tuple[str, str]]:
    return [
        ("waktu", _("Period")),
        *((asked.names[each.key], each.name) for each in asked.dimensions),
        ("nilai", _("Value")),
    ]


def _heading(asked: public.Asked, name: str, label: str) -> dict[str, Any]:
    way = {name: "ascending", f"-{name}": "descending"}.get(asked.order or "-waktu", "")
    wanted = name if way == "descending" else f"-{name}"
    return {
        "label": label,
        "sorted": way,
        "number": name == "nilai",
        "url": f"{page_of(asked.indicator)}?{asked.query_string(urut=wanted)}#angka",
    }


def _row(asked: public.Asked, row: Sequence[Any]) -> dict[str, Any]:
    places = [public.code_name(each, code) for each, code in zip(asked.dimensions, row[1:-2], strict=True)]
    return {"time": public.period_name(row[0]), "places": places} | _cell(asked, row[-2], row[-1])


# --- the map ----------------------------------------------------------------------------------------------------------


def _map(asked: public.Asked) -> dict[str, Any] | None:
    found = public.areas(asked)
    base = maps.base_map()
    if found is None or base.empty:
        return None
    chosen = set(asked.chosen.get(found.dimension.key, ()))
    drawn: list[dict[str, Any]] = []
    for code, (value, status) in found.values.items():
        wards = maps.wards_of([code], base.wards)
        text = f"{public.code_name(found.dimension, code)}: {public.amount(value, asked.indicator, status)}"
        shade = str(found.shade_of[code] + 5 - len(found.shades)) if code in found.shade_of else "x"
        drawn.append(
            {"shade": shade, "text": text, "ids": [maps.ward_id(ward) for ward in wards], "focus": code in chosen}
        )
    decimals = asked.indicator.decimals
    return {
        "period": public.period_name(found.period),
        "label": _("Map: %(title)s %(period)s by %(dimension)s")
        % {
            "title": public.subject(asked),
            "period": public.period_name(found.period),
            "dimension": found.dimension.name.lower(),
        },
        "width": round(base.projection.width),
        "height": round(base.projection.height),
        "base": base.svg,
        "names": base.names,
        "schematic": base.schematic,
        "sources": list(dict.fromkeys(base.sources)),
        "areas": drawn,
        "legend": [
            (
                str(number + 5 - len(found.shades)),
                words.number(shade.low, decimals)
                if shade.low == shade.high
                else f"{words.number(shade.low, decimals)} – {words.number(shade.high, decimals)}",
            )
            for number, shade in enumerate(found.shades)
        ],
        "unit": in_language(asked.indicator, "unit"),
        "holes": any(value is None for value, _status in found.values.values())
        or not {ward for each in drawn for ward in each["ids"]} >= {maps.ward_id(code) for code in base.wards},
    }
