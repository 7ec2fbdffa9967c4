"""Final scores of the city, for whoever follows them: a plan's action beside its claim."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.urls import reverse
from rapidfuzz import fuzz

from tepian.kernel.catalogue.contributions import Figure
from tepian.toolkit.text import plain

from .. import states
from ..models import Assessment
from .instruments import instrument_of, instruments, titled
from .results import SCORES, result_of

ENOUGH = 70.0  # of 100: likeness of a title that counts as found


def find(text: str, limit: int) -> Iterable[Figure]:
    """Instruments that can be computed and whose name fits, best first."""
    wanted = plain(text, 100).casefold()
    found: dict[str, tuple[float, Figure]] = {}
    for each in instruments():
        names = [name.casefold() for name in (each.title, each.title_en, each.code.replace("-", " "))]
        score = max(95.0 if wanted in name else fuzz.token_set_ratio(wanted, name) for name in names)
        if each.computable and score >= ENOUGH:
            found[each.code] = (score, Figure(each.code, titled(each), "", "up"))
    return [figure for _score, figure in sorted(found.values(), key=lambda pair: -pair[0])][:limit]


def read(key: str, since: date, until: date) -> Figure | None:
    """The newest closed assessment by this instrument whose year ended in these days, with the assessors' score under the
    weight set that counts. Without a value where none is closed or its score cannot be computed; None for an instrument
    that nobody knows and nothing was assessed by."""
    rows = Assessment.objects.filter(instrument_code=key, state=states.CLOSED).order_by("-year")
    row = next((each for each in rows if since <= date(each.year, 12, 31) <= until), None)
    if row is None:
        known = next((each for each in instruments() if each.code == key), None)
        return Figure(key, titled(known), "", "up") if known else None
    outcome = result_of(row).outcome(SCORES)
    value = None if outcome is None or outcome.value is None else float(states.scoring.shown(outcome.value))
    return Figure(
        key,
        titled(instrument_of(row)),
        "",
        "up",
        value=value,
        period=str(row.year),
        day=date(row.year, 12, 31),
        url=reverse("assessment-result", args=[row.code]),
    )
