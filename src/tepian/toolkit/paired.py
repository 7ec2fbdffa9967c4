"""How much did the same people change? The mean of paired differences with its interval."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist, fmean, stdev


@dataclass(frozen=True, slots=True)
class Paired:
    """`n` pairs with their means `before` and `after`, the mean `change` and the two-sided interval `low` … `high` of that
    mean. In the unit of what was given."""

    n: int
    before: float
    after: float
    change: float
    low: float
    high: float

    @property
    def shown(self) -> bool:
        """Does the interval leave out nought, so that chance alone is a poor explanation?"""
        return self.low > 0 or self.high < 0


def student_quantile(probability: float, degrees: int) -> float:
    """The quantile of Student's t for `degrees` ≥ 3, by the expansion in 1/degrees of Abramowitz and Stegun 26.7.5. For
    0.975 it is off by 0.002 at three degrees and by less than 0.00002 from nine on."""
    z = NormalDist().inv_cdf(probability)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / degrees**power for power, term in enumerate(terms, 1))


def paired(pairs: Iterable[tuple[float, float]], *, confidence: float = 0.95) -> Paired | None:
    """The effect over (before, after) of the same persons; None for fewer than four. The interval is mean ± t·s/√n of the
    differences (Student 1908), which supposes that the persons are independent of each other, not that scores are normal
    when there are many."""
    rows = list(pairs)
    if len(rows) < 4:
        return None
    changes = [after - before for before, after in rows]
    change = fmean(changes)
    half = student_quantile((1 + confidence) / 2, len(rows) - 1) * stdev(changes) / math.sqrt(len(rows))
    return Paired(
        n=len(rows),
        before=fmean(before for before, _ in rows),
        after=fmean(after for _, after in rows),
        change=change,
        low=change - half,
        high=change + half,
    )
