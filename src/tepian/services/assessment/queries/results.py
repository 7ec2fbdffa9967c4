"""The result of an assessment, computed from its records at every look: by assessors and by the city itself, under every
weight set, with the formula, what is missing, what is doubtful, and what would raise it most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from django.utils.translation import gettext as _

from tepian.kernel.organisations import queries as organisations
from tepian.ui import words
from tepian.ui.words import in_language

from .. import states
from ..models import Answer, Assessment, PublishedResult, Score, WeightDecision
from ..states import scoring
from ..states.instruments import ROOT, Instrument, Node, Weights
from ..states.scoring import Gain, Outcome
from .instruments import documents, instrument_of, parsed, titled

SCORES, SELF = "scores", "self"


@dataclass(frozen=True)
class Line:
    """An item with everything said about it. `withdrawn` and `changed` name scores that were given before evidence was
    withdrawn or the answer changed, and were not looked at again."""

    node: Node
    answer: Answer
    agency: str
    scores: Sequence[Score]
    evidence_count: int
    withdrawn: bool
    changed: bool

    @property
    def levels(self) -> list[Decimal]:
        return [score.level for score in self.scores]

    @property
    def mean(self) -> Fraction | None:
        return scoring.mean(self.levels)

    @property
    def spread(self) -> Decimal:
        return max(self.levels) - min(self.levels) if self.levels else Decimal(0)

    @property
    def doubtful(self) -> bool:
        return self.withdrawn or self.changed


@dataclass(frozen=True)
class Result:
    """`decision` is the weight set that counts; `outcomes(weights, basis)` gives what it makes of the records."""

    row: Assessment
    instrument: Instrument
    lines: Sequence[Line]
    decisions: Sequence[WeightDecision]
    _outcomes: dict[tuple[str, str], dict[str, Outcome]] = field(default_factory=dict)

    @property
    def decision(self) -> WeightDecision | None:
        return self.decisions[-1] if self.decisions else None

    @property
    def weights(self) -> Weights | None:
        """The weight set that counts; None while nothing can be computed."""
        if not self.instrument.computable or self.decision is None:
            return None
        return self.instrument.weight_sets[self.decision.weights]

    def values(self, basis: str = SCORES) -> dict[str, Fraction | Decimal | None]:
        if basis == SELF:
            return {line.node.code: line.answer.level for line in self.lines}
        return {line.node.code: line.mean for line in self.lines}

    def outcomes(self, weights: Weights, basis: str = SCORES) -> Mapping[str, Outcome]:
        key = (weights.code, basis)
        if key not in self._outcomes:
            self._outcomes[key] = scoring.evaluate(self.instrument, weights, self.values(basis))
        return self._outcomes[key]

    def outcome(self, basis: str = SCORES) -> Outcome | None:
        """Of the whole, under the weight set that counts."""
        return None if self.weights is None else self.outcomes(self.weights, basis)[ROOT]

    @cached_property
    def basis(self) -> str:
        """What is shown: the assessors' scores, and the city's own opinion as long as there are none."""
        return SCORES if any(line.scores for line in self.lines) else SELF

    @property
    def doubtful(self) -> list[Line]:
        return [line for line in self.lines if line.doubtful]

    def gains(self, limit: int = 10) -> list[tuple[Gain, Line]]:
        """What would raise the score most, with the line (and so the agency) of each."""
        if self.weights is None:
            return []
        by_code = {line.node.code: line for line in self.lines}
        found = scoring.gains(self.instrument, self.weights, self.values(self.basis))
        return [(gain, by_code[gain.code]) for gain in found[:limit]]


def result_of(row: Assessment) -> Result:
    return results_of([row])[0]


def results_of(rows: Sequence[Assessment]) -> list[Result]:
    """In the order given. Four questions, however many assessments and items there are."""
    answers: dict[int, list[Answer]] = {row.pk: [] for row in rows}
    decisions: dict[int, list[WeightDecision]] = {row.pk: [] for row in rows}
    for answer in Answer.objects.filter(assessment__in=rows).prefetch_related("scores", "evidence"):
        answers[answer.assessment_id].append(answer)
    for decision in WeightDecision.objects.filter(assessment__in=rows):
        decisions[decision.assessment_id].append(decision)
    found = []
    for row in rows:
        instrument = instrument_of(row)
        found.append(Result(row, instrument, [_line(instrument, each) for each in answers[row.pk]], decisions[row.pk]))
    return found


def _line(instrument: Instrument, answer: Answer) -> Line:
    scores, evidence = list(answer.scores.all()), list(answer.evidence.all())
    return Line(
        node=instrument.nodes[answer.item],
        answer=answer,
        agency=organisations.agency_name(answer.agency_code),
        scores=scores,
        evidence_count=sum(each.withdrawn_at is None for each in evidence),
        withdrawn=any(
            each.withdrawn_at is not None and each.added_at <= score.scored_at < each.withdrawn_at
            for score in scores
            for each in evidence
        ),
        changed=any(_later(answer.changed_at, score.scored_at) for score in scores),
    )


def _later(moment: datetime | None, than: datetime) -> bool:
    return moment is not None and moment > than


# --- in words ---------------------------------------------------------------------------------------------------------


def number(value: Fraction | Decimal | None, decimals: int = 2) -> str:
    """3,60; “–” where nothing is known."""
    return words.number(None if value is None else float(scoring.shown(Fraction(value), decimals)), decimals)


def score_text(value: Fraction | Decimal | None) -> str:
    """Two decimals, or three where the third says something: 3,00 and 3,315."""
    if value is None:
        return words.DASH
    exact = scoring.shown(Fraction(value), 3)
    return number(value, 2 if exact == round(exact, 2) else 3)


def formula(instrument: Instrument, weights: Weights, outcomes: Mapping[str, Outcome], part: str = ROOT) -> str:
    """The formula of a part with its numbers put in: “0,10 × 3,60 + 0,20 × 3,21 + … = 3,315”. What is not scored is “?”,
    and then the range that is still possible stands at the end."""
    found = scoring.shares(instrument, weights, part)
    texts = ["?" if (value := outcomes[code].value) is None else number(value) for code, _share in found]
    if any(code in weights.values for code, _share in found):
        left = " + ".join(f"{_weight(share)} × {text}" for (_code, share), text in zip(found, texts, strict=True))
    else:
        left = f"({' + '.join(texts)}) ÷ {len(texts)}"
    outcome = outcomes[part]
    if outcome.value is None:
        between = _("between %(low)s and %(high)s") % {"low": number(outcome.low), "high": number(outcome.high)}
        return f"{left} = {between}"
    return f"{left} = {score_text(outcome.value)}"


def _weight(share: Fraction) -> str:
    return number(share, 2 if (share * 100).denominator == 1 else 3)


# --- last year and other cities ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Comparison:
    """The same instrument a year before. `difference` is None where one of the two has no score, or where other weights
    or another version of the instrument counted then: such scores are not put side by side without a word."""

    before: Result
    difference: Fraction | None
    same_way: bool


def year_before(result: Result) -> Comparison | None:
    row = (
        Assessment.objects.filter(
            instrument_code=result.row.instrument_code, year__lt=result.row.year, state=states.CLOSED
        )
        .order_by("-year")
        .first()
    )
    if row is None:
        return None
    before = result_of(row)
    now, then = result.outcome(result.basis), before.outcome(before.basis)
    same = (
        before.row.instrument_version == result.row.instrument_version
        and before.weights is not None
        and result.weights is not None
        and before.weights.code == result.weights.code
    )
    known = now is not None and then is not None and now.value is not None and then.value is not None
    difference = now.value - then.value if known and same else None  # type: ignore[union-attr,operator]
    return Comparison(before, difference, same)


@dataclass(frozen=True)
class Elsewhere:
    """A city's published result. `computed`: weight set's title → what its published components give, for all of the
    instrument's weight sets that can be computed; `counted` is the set that the publication used."""

    row: PublishedResult
    computed: Sequence[tuple[str, Fraction]]
    counted: Fraction | None
    note: str


def elsewhere(instrument_code: str = "") -> list[Elsewhere]:
    rows = PublishedResult.objects.all()
    if instrument_code:
        rows = rows.filter(instrument_code=instrument_code)
    found = []
    known = documents()
    for row in rows:
        document = known.get((row.instrument_code, row.instrument_version))
        computed: list[tuple[str, Fraction]] = []
        counted = None
        if document is not None and row.values:
            instrument = parsed(document)
            for weights in instrument.weight_sets.values():
                value = published_value(row, instrument, weights)
                if value is not None:
                    computed.append((titled(weights), value))
                    if weights.code == row.weights or len(instrument.weight_sets) == 1:
                        counted = value
        found.append(Elsewhere(row, computed, counted, in_language(row, "note")))
    return found


def published_value(row: PublishedResult, instrument: Instrument, weights: Weights) -> Fraction | None:
    """What a publication's components give under one weight set."""
    values: dict[str, Fraction | Decimal | None] = {code: Fraction(str(value)) for code, value in row.values.items()}
    return scoring.evaluate(instrument, weights, values)[ROOT].value
