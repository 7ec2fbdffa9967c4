"""What the pages of this room share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from tepian.kernel.actors import Denied, Invalid, NotFound
from tepian.kernel.organisations import queries as organisations
from tepian.ui.words import in_language

from .. import queries, states
from ..models import Answer, Assessment
from ..states import instruments, scoring
from ..states.instruments import ROOT, Instrument, Weights

TONES = {states.OPEN: "info", states.SUBMITTED: "warn", states.SCORED: "warn", states.CLOSED: "ok"}


def seen(code: str) -> Assessment:
    try:
        return queries.assessment_by(code)
    except NotFound as error:
        raise Http404(str(error.message)) from None


def seen_answer(row: Assessment, item: str) -> Answer:
    try:
        return queries.answer_by(row, item)
    except NotFound as error:
        raise Http404(str(error.message)) from None


def name_of(row: Assessment) -> str:
    return f"{queries.titled(queries.instrument_of(row))} {row.year}"


def listed(row: Assessment) -> dict[str, Any]:
    return {
        "row": row,
        "name": name_of(row),
        "state": queries.STATE_LABELS[row.state],
        "tone": TONES[row.state],
        "agency": organisations.agency_name(row.agency_code),
    }


def do(request: HttpRequest, act: Callable[[], Any], done: str, back: str) -> HttpResponseRedirect:
    """One POST and back to where the person was, with what happened in a sentence."""
    try:
        act()
    except Invalid as error:
        messages.warning(request, str(error.message))
    except Denied as error:
        messages.warning(request, f"{error.reason} {error.helper}".strip())
    else:
        messages.success(request, done)
    return HttpResponseRedirect(back)


def whole(text: str) -> int:
    """A number that somebody sent in a form; 0 for anything else."""
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def level_of(text: str) -> Decimal | None:
    """The level in a form: “3” or “86,5”; None of nothing. Raises `Invalid`."""
    text = text.strip().replace(",", ".")
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if len(text) > 8 or not value.is_finite():
        raise Invalid(_("Write the value as a number, for instance 86,5."), code="level", field="level")
    return value


def day_of(text: str, field: str) -> date:
    try:
        found = parse_date(text.strip())
    except ValueError:
        found = None
    if found is None:
        raise Invalid(_("Write the day as day, month and year."), code="day", field=field)
    return found


def moment_of(text: str, field: str) -> datetime:
    try:
        found = parse_datetime(text.strip())
    except ValueError:
        found = None
    if found is None:
        raise Invalid(_("This is no date and time."), code="moment", field=field)
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def agencies() -> list[tuple[str, str]]:
    return sorted(((each.code, each.label) for each in organisations.agencies()), key=lambda one: one[1].casefold())


def text_of(level: Decimal | Fraction | None) -> str:
    """A level as people write it: 3, 86,5, 2,67."""
    if level is None:
        return "–"
    value = Fraction(level)
    return queries.number(value, 0 if value.denominator == 1 else 1 if (value * 10).denominator == 1 else 2)


def choices(instrument: Instrument, chosen: Decimal | Fraction | None) -> list[dict[str, Any]]:
    """The levels to choose from: `value`, `name`, `chosen`."""
    if instrument.scale is None:
        return []
    return [
        {
            "value": level,
            "name": queries.level_name(instrument, level),
            "chosen": chosen is not None and chosen == level,
        }
        for level in instrument.scale.levels
    ]


@dataclass(frozen=True)
class Way:
    """One weight set's result, as pages show it."""

    weights: Weights
    title: str
    counts: bool
    known: bool
    score: str
    low: str
    high: str
    formula: str
    parts: Sequence[tuple[str, str, str]]
    band: str


def ways(result: queries.Result, basis: str) -> list[Way]:
    """The result under every weight set of the instrument, the one that counts first."""
    instrument = result.instrument
    if not instrument.computable:
        return []
    found = []
    for weights in instrument.weight_sets.values():
        outcomes = result.outcomes(weights, basis)
        outcome = outcomes[ROOT]
        band = scoring.band_of(instrument, outcome.value) if outcome.value is not None else None
        found.append(
            Way(
                weights=weights,
                title=_("Mean") if weights.code == instruments.EQUAL else queries.titled(weights),
                counts=result.weights is not None and weights.code == result.weights.code,
                known=outcome.value is not None,
                score=queries.score_text(outcome.value),
                low=queries.number(outcome.low),
                high=queries.number(outcome.high),
                formula=queries.formula(instrument, weights, outcomes),
                parts=[
                    (
                        queries.titled(part),
                        queries.score_text(outcomes[part.code].value),
                        queries.formula(instrument, weights, outcomes, part.code),
                    )
                    for part in instrument.parts
                    if instrument.children.get(part.code)
                ],
                band=in_language(band, "name") if band else "",
            )
        )
    return sorted(found, key=lambda way: not way.counts)


def rows_of(result: queries.Result) -> list[dict[str, Any]]:
    """The items as tables show them, with a heading where a new part begins."""
    found, heading = [], ""
    for number, line in enumerate(result.lines, 1):
        part = queries.path_of(result.instrument, line.node)
        found.append(
            {
                "line": line,
                "number": number,
                "title": queries.titled(line.node),
                "heading": part if part != heading else "",
                "dimension": queries.dimension_name(line.node.dimension),
                "own": text_of(line.answer.level),
                "score": text_of(line.mean),
                "count": len(line.scores),
                "apart": line.spread
                >= states.DISAGREE * (result.instrument.scale.step if result.instrument.scale else 1),
                "spread": text_of(line.spread),
            }
        )
        heading = part
    return found


def gain_rows(result: queries.Result, limit: int = 8) -> list[dict[str, Any]]:
    return [
        {
            "title": queries.titled(line.node),
            "agency": line.agency,
            "now": text_of(gain.value),
            "following": text_of(gain.following),
            "share": queries.number(gain.share * 100, 2),
            "gain": queries.score_text(gain.gain) if gain.gain >= Fraction(1, 200) else queries.number(gain.gain, 3),
            "sum": f"{queries.number(gain.share, 3)} × ({text_of(gain.following)} − {text_of(gain.value)})",
            "item": gain.code,
        }
        for gain, line in result.gains(limit)
    ]


def comparison(result: queries.Result) -> dict[str, Any] | None:
    """Last year beside this one."""
    found = queries.year_before(result)
    if found is None:
        return None
    outcome = found.before.outcome(found.before.basis)
    difference = found.difference
    return {
        "row": found.before.row,
        "name": name_of(found.before.row),
        "score": queries.score_text(outcome.value if outcome else None),
        "known": difference is not None,
        "same": found.same_way,
        "up": difference is not None and difference > 0,
        "difference": ("+" if difference is not None and difference > 0 else "") + queries.score_text(difference),
    }


def elsewhere(instrument_code: str = "") -> list[dict[str, Any]]:
    """Other cities' published results, each beside what its components give."""
    return [
        {
            "row": each.row,
            "score": queries.score_text(Fraction(each.row.score)),
            "computed": [(title, queries.score_text(value)) for title, value in each.computed],
            "differs": each.counted is not None and abs(each.counted - Fraction(each.row.score)) > Fraction(1, 100),
            "note": each.note,
        }
        for each in queries.elsewhere(instrument_code)
    ]
