"""The arithmetic of a score, exact to the last digit (fractions), from the items up. Nothing here is stored: every look
computes it anew from the records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from .instruments import ROOT, Band, Instrument, Weights

DECIMALS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a part. `value` is None while an item below it is not scored; `low` and `high` are what is still
    possible; `known` of `count` items have a value."""

    value: Fraction | None
    low: Fraction
    high: Fraction
    known: int
    count: int


@dataclass(frozen=True, slots=True)
class Gain:
    """One step up on one item, and what the whole would gain by it."""

    code: str
    value: Fraction
    following: Fraction
    share: Fraction
    gain: Fraction


def shares(instrument: Instrument, weights: Weights, part: str = ROOT) -> list[tuple[str, Fraction]]:
    """(child, its share of the part): by the weight set where it names the children, equal otherwise. Sums to 1."""
    codes = instrument.children.get(part, ())
    if any(code in weights.values for code in codes):
        return [(code, weights.values[code] / 100) for code in codes]
    return [(code, Fraction(1, len(codes))) for code in codes]


def share_of(instrument: Instrument, weights: Weights, code: str) -> Fraction:
    """The share of a part or item in the whole."""
    share = Fraction(1)
    while code != ROOT:
        parent = instrument.nodes[code].parent
        share *= dict(shares(instrument, weights, parent))[code]
        code = parent
    return share


def evaluate(
    instrument: Instrument, weights: Weights, values: Mapping[str, Fraction | Decimal | None]
) -> dict[str, Outcome]:
    """The outcome of the whole (`ROOT`), every part and every item. `values`: item → value; a part may be given too,
    where only its value was published."""
    if instrument.scale is None:
        raise ValueError("an instrument without a scale has no score")
    scale = instrument.scale
    found: dict[str, Outcome] = {}

    def look(code: str) -> Outcome:
        given = values.get(code)
        below = [(look(child), share) for child, share in shares(instrument, weights, code)]
        count = sum(each.count for each, _share in below) or 1
        if given is not None:
            value = Fraction(given)
            outcome = Outcome(value, value, value, count, count)
        elif not below:
            outcome = Outcome(None, scale.low, scale.high, 0, 1)
        else:
            whole = all(each.value is not None for each, _share in below)
            outcome = Outcome(
                value=sum((share * (each.value or 0) for each, share in below), Fraction(0)) if whole else None,
                low=sum((share * each.low for each, share in below), Fraction(0)),
                high=sum((share * each.high for each, share in below), Fraction(0)),
                known=sum(each.known for each, _share in below),
                count=count,
            )
        found[code] = outcome
        return outcome

    look(ROOT)
    return found


def gains(instrument: Instrument, weights: Weights, values: Mapping[str, Fraction | Decimal | None]) -> list[Gain]:
    """What would raise the score most: share × (next level − level) of every item that is below the top, best first."""
    if instrument.scale is None:
        return []
    scale, found = instrument.scale, []
    for node in instrument.items:
        given = values.get(node.code)
        if given is None:
            continue
        value = Fraction(given)
        following = min(scale.high, scale.low + ((value - scale.low) // scale.step + 1) * scale.step)
        if following > value:
            share = share_of(instrument, weights, node.code)
            found.append(Gain(node.code, value, following, share, share * (following - value)))
    return sorted(found, key=lambda gain: (-gain.gain, gain.code))


def mean(values: Sequence[Fraction | Decimal]) -> Fraction | None:
    return sum((Fraction(value) for value in values), Fraction(0)) / len(values) if values else None


def band_of(instrument: Instrument, value: Fraction) -> Band | None:
    """The grade that this score has; None where the instrument knows none."""
    return next((band for band in instrument.bands if value >= band.begin), None)


def shown(value: Fraction, decimals: int = DECIMALS) -> Decimal:
    """Rounded as people do, half away from zero: 2.0005 → 2.001."""
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
