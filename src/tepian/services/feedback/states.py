"""The survey of public services (IKM) as PermenPANRB 14/2017 has it: nine elements, four answers, one index.

Of each element NRR = Σ answers / n; the index is the mean of the nine, times 25. The weight is 1/9: rounded to 0.11, as
some offices compute, the best index would be 99.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from django.utils.translation import gettext_lazy as _

ELEMENTS = (
    "requirements", "procedure", "time", "cost", "product", "competence", "behaviour", "facilities", "complaints",
)  # fmt: skip
LOWEST, HIGHEST = 1, 4
PER_POINT = 25
BANDS = (("A", Decimal("88.31")), ("B", Decimal("76.61")), ("C", Decimal("65.00")), ("D", Decimal("25.00")))
BAND_LABELS = {"A": _("very good"), "B": _("good"), "C": _("less good"), "D": _("not good")}

SMALL = 10  # fewer answers are not shown: three neighbours would know each other's
ANSWER_DAYS = 60  # after the hand-over, while people still remember
KEPT_DAYS = 400  # invitations; that long nobody is asked twice for one thing
LONGEST_COMMENT = 1000
CODE, CODE_LENGTH = "N", 7

NEW, SEEN, DONE = "new", "seen", "done"
STATES = (NEW, SEEN, DONE)
STATE_LABELS = {NEW: _("new"), SEEN: _("being looked at"), DONE: _("done")}

LABELS = {
    "requirements": _("Requirements"),
    "procedure": _("Procedure"),
    "time": _("Time"),
    "cost": _("Cost"),
    "product": _("What was given"),
    "competence": _("Competence of staff"),
    "behaviour": _("Behaviour of staff"),
    "facilities": _("Facilities"),
    "complaints": _("Handling of complaints"),
}
QUESTIONS = {
    "requirements": _("Did the papers that were asked for fit the service?"),
    "procedure": _("How easy was the way to get it?"),
    "time": _("How fast was it?"),
    "cost": _("What about its cost?"),
    "product": _("Did you get what had been announced?"),
    "competence": _("Did the staff know their work?"),
    "behaviour": _("Were the staff polite and friendly?"),
    "facilities": _("How good were rooms, pages and equipment?"),
    "complaints": _("How are complaints and suggestions handled?"),
}
# From 1 to 4, as the regulation's form words them.
CHOICES = {
    "requirements": (_("Did not fit"), _("Fitted little"), _("Fitted"), _("Fitted very well")),
    "procedure": (_("Not easy"), _("Less easy"), _("Easy"), _("Very easy")),
    "time": (_("Not fast"), _("Less fast"), _("Fast"), _("Very fast")),
    "cost": (_("Very expensive"), _("Rather expensive"), _("Cheap"), _("Free")),
    "product": (_("Not as announced"), _("Less than announced"), _("As announced"), _("Fully as announced")),
    "competence": (_("Not able"), _("Less able"), _("Able"), _("Very able")),
    "behaviour": (_("Not polite"), _("Less polite"), _("Polite and friendly"), _("Very polite and friendly")),
    "facilities": (_("Bad"), _("Sufficient"), _("Good"), _("Very good")),
    "complaints": (
        _("There is no place for them"), _("There is one, it does not work"), _("It works, not fully"), _("Well handled"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Index:
    """`n` answers; `means` the NRR of each element, `value` the index with two decimals, `band` A to D. Of nobody's
    answers there is no index: `value` None."""

    n: int
    means: tuple[Fraction, ...] = ()
    value: Decimal | None = None
    band: str = ""

    @property
    def shown(self) -> bool:
        return self.n >= SMALL


def index(n: int, totals: Sequence[int]) -> Index:
    """The index of `n` answers with these sums by element. Exact until it is rounded, half up, to two decimals."""
    if n == 0:
        return Index(0)
    means = tuple(Fraction(total, n) for total in totals)
    value = _value(sum(means, Fraction(0)) / len(means))
    return Index(n, means, value, band(value))


def _value(mean: Fraction) -> Decimal:
    exact = mean * PER_POINT
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def band(value: Decimal) -> str:
    """Which of the regulation's bands an index of two decimals lies in."""
    return next(name for name, lowest in BANDS if value >= lowest)


def element_band(mean: Fraction) -> str:
    """The band of one element's NRR, by the same bounds."""
    return band(_value(mean))
