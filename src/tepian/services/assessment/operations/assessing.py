"""The way of an assessment: opened, assigned, sent to the assessors, scored, closed; and which weights count."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation
from tepian.kernel.organisations import queries as organisations

from .. import policies, queries, states
from ..events import Closed, Opened, Returned, Scored, Submitted, WeightsChanged
from ..models import Answer, Assessment, WeightDecision
from .parts import held, tell

FIRST_YEAR, LAST_YEAR = 2010, 2100


@operation("assessment.open_assessment", policy=policies.may_keep)
def open_assessment(
    *,
    actor: Actor,
    instrument: str,
    version: str,
    year: int,
    agency: str,
    weights: str = "",
    due_on: date | None = None,
    demonstration: bool = False,
) -> Assessment:
    """One assessment for each instrument and year. `agency` answers every item until it is assigned to another.
    `weights` is the set that counts, the first one when none is named. Only the platform's own demonstration may say that
    it is one."""
    document = queries.document_by(instrument, version)
    found = queries.parsed(document)
    if not FIRST_YEAR <= year <= LAST_YEAR or not found.valid_in(year):
        raise Invalid(
            format_lazy(_("This instrument does not apply to {year}. Nothing was opened. Choose another."), year=year),
            code="not_in_force",
            field="year",
        )
    usable = [each.code for each in found.weight_sets.values() if each.valid_in(year)]
    if weights and weights not in usable:
        raise Invalid(
            _("This weight set does not exist or does not apply to this year. Choose one from the list."),
            code="weights",
            field="weights",
        )
    if demonstration and not actor.is_system:
        raise Invalid(_("Only the platform itself does this."), code="demonstration", field="demonstration")
    code = f"{instrument}-{year}"
    note("assessment", code, version=version, demonstration=demonstration)
    organisations.agency(agency)
    now = timezone.now()
    try:
        with transaction.atomic():
            row = Assessment.objects.create(
                code=code,
                instrument_code=instrument,
                instrument_version=version,
                document=document,
                year=year,
                agency_code=agency,
                due_on=due_on,
                demonstration=demonstration,
                opened_by=actor.label[:200],
                opened_at=now,
            )
    except IntegrityError:
        raise Conflict(
            _("This instrument has an assessment in this year already. Nothing was opened. Go on with that one."),
            code="exists",
            item=code,
        ) from None
    Answer.objects.bulk_create(
        Answer(assessment=row, item=node.code, agency_code=agency, position=place)
        for place, node in enumerate(_in_order(found))
    )
    if usable:
        WeightDecision.objects.create(
            assessment=row,
            weights=weights or usable[0],
            reason="",
            decided_by=actor.label[:200],
            decided_at=now,
        )
    tell(Opened, row, agencies=[agency])
    return row


def _in_order(instrument: states.instruments.Instrument) -> list[states.instruments.Node]:
    """The items as the instrument's tree has them, from the top."""
    found: list[states.instruments.Node] = []

    def walk(part: str) -> None:
        for code in instrument.children.get(part, ()):
            node = instrument.nodes[code]
            if node.is_item:
                found.append(node)
            else:
                walk(code)

    walk(states.instruments.ROOT)
    return found


@operation("assessment.discard_assessment", policy=policies.may_keep)
def discard_assessment(*, actor: Actor, assessment: Assessment) -> None:
    """Opened by mistake: gone, as long as nobody wrote anything."""
    row = held(assessment, among=(states.OPEN,))
    used = row.answers.exclude(changed_at=None) | row.answers.exclude(evidence=None)
    if used.exists() or row.interviews.exists() or hasattr(row, "survey"):
        raise Invalid(
            _("Somebody has written in this assessment already. It stays. Nothing was changed."), code="in_use"
        )
    row.delete()
    touch(queries.TOPIC)


@operation("assessment.assign", policy=policies.may_keep)
def assign(*, actor: Actor, assessment: Assessment, agencies: Mapping[str, str], revision: int) -> int:
    """Item → agency, for the items that change. Returns how many did. What was answered stays with the item."""
    row = held(assessment, revision=revision, among=(states.OPEN,))
    for code in sorted(set(agencies.values())):
        organisations.agency(code)
    changed: dict[str, str] = {}
    for answer in row.answers.select_for_update(of=("self",)).filter(item__in=agencies):
        if answer.agency_code != agencies[answer.item]:
            answer.agency_code = agencies[answer.item]
            answer.save(update_fields=["agency_code"])
            changed[answer.item] = answer.agency_code
    if changed:
        note("assessment", row.code, assigned=changed)
        _count(row)
        touch(queries.TOPIC)
    return len(changed)


def _count(row: Assessment, *fields: str) -> None:
    row.revision += 1
    row.save(update_fields=["revision", *fields])


def _refuse_gaps(count: int, *, accepted: bool) -> None:
    if count and not accepted:
        raise Invalid(
            ngettext_lazy(
                "%(n)s item is still empty. Nothing was sent. Fill it in, or tick that it stays empty.",
                "%(n)s items are still empty. Nothing was sent. Fill them in, or tick that they stay empty.",
                count,
            )
            % {"n": count},
            code="gaps",
            field="with_gaps",
        )


@operation("assessment.submit", policy=policies.may_keep)
def submit(*, actor: Actor, assessment: Assessment, revision: int, with_gaps: bool = False) -> Assessment:
    """The self-assessment is finished: agencies' words are fixed now, assessors begin."""
    row = held(assessment, revision=revision, to=states.SUBMITTED, among=(states.OPEN,))
    if not queries.instrument_of(row).computable:
        raise Invalid(
            _("This instrument is not complete yet. What was gathered is safe. Add its scale and weights first."),
            code="incomplete",
        )
    gaps = queries.unanswered(row, scaled=True).count()
    _refuse_gaps(gaps, accepted=with_gaps)
    row.state, row.submitted_at, row.return_reason = states.SUBMITTED, timezone.now(), ""
    _count(row, "state", "submitted_at", "return_reason")
    tell(Submitted, row, missing=gaps)
    return row


@operation("assessment.give_back", policy=policies.may_keep)
def give_back(*, actor: Actor, assessment: Assessment, revision: int, reason: str) -> Assessment:
    """One step back: to the agencies, or to the assessors. Scores stay, and those whose answer changes are marked."""
    row = held(assessment, revision=revision, among=(states.SUBMITTED, states.SCORED))
    row.return_reason = checked_text(reason, "reason", limit=500)
    row.state = states.OPEN if row.state == states.SUBMITTED else states.SUBMITTED
    _count(row, "state", "return_reason")
    note("assessment", row.code, reason=row.return_reason)
    tell(Returned, row, state=row.state, reason=row.return_reason)
    return row


@operation("assessment.finish_scoring", policy=policies.may_score)
def finish_scoring(*, actor: Actor, assessment: Assessment, revision: int, with_gaps: bool = False) -> Assessment:
    """The assessors are done."""
    row = held(assessment, revision=revision, to=states.SCORED)
    result = queries.result_of(row)
    gaps = sum(not line.scores for line in result.lines)
    _refuse_gaps(gaps, accepted=with_gaps)
    _refuse_doubt(result)
    row.state, row.scored_at, row.return_reason = states.SCORED, timezone.now(), ""
    _count(row, "state", "scored_at", "return_reason")
    tell(Scored, row, missing=gaps)
    return row


def _refuse_doubt(result: queries.Result) -> None:
    """No score counts in silence whose ground is gone."""
    doubtful = [queries.titled(line.node) for line in result.doubtful]
    if doubtful:
        raise Invalid(
            format_lazy(
                _(
                    "Evidence was withdrawn or an answer changed after it was scored: {items}. Look at these scores again."
                ),
                items=", ".join(doubtful[:5]) + (" …" if len(doubtful) > 5 else ""),
            ),
            code="doubtful",
        )


@operation("assessment.close", policy=policies.may_decide)
def close(*, actor: Actor, assessment: Assessment, revision: int) -> Assessment:
    """Final and public. What was not scored stays “not scored”, and the result is then a range."""
    row = held(assessment, revision=revision, to=states.CLOSED)
    result = queries.result_of(row)
    _refuse_doubt(result)
    row.state, row.closed_at, row.closed_by = states.CLOSED, timezone.now(), actor.label[:200]
    _count(row, "state", "closed_at", "closed_by")
    outcome, weights = result.outcome(), result.weights
    score = "" if outcome is None or outcome.value is None else str(states.scoring.shown(outcome.value))
    note("assessment", row.code, score=score)
    tell(Closed, row, score=score, weights=weights.code if weights else "")
    return row


@operation("assessment.change_weights", policy=policies.may_decide)
def change_weights(*, actor: Actor, assessment: Assessment, revision: int, weights: str, reason: str) -> WeightDecision:
    """Another weight set counts from now on. Scores are untouched; the result under the old set stays readable."""
    row = held(assessment, revision=revision, among=states.UNFINISHED)
    chosen = queries.instrument_of(row).weight_sets.get(weights)
    if chosen is None or not chosen.valid_in(row.year):
        raise Invalid(
            _("This weight set does not exist or does not apply to this year. Choose one from the list."),
            code="weights",
            field="weights",
        )
    before = row.weight_decisions.last()
    if before is not None and before.weights == weights:
        raise Invalid(_("This weight set counts already. Nothing was changed."), code="same", field="weights")
    decision = WeightDecision.objects.create(
        assessment=row,
        weights=weights,
        reason=checked_text(reason, "reason", limit=500),
        decided_by=actor.label[:200],
        decided_at=timezone.now(),
    )
    _count(row)
    note("assessment", row.code, weights=weights, before=before.weights if before else "", reason=decision.reason)
    tell(WeightsChanged, row, before=before.weights if before else "", now=weights, reason=decision.reason)
    return decision


@operation("assessment.complete_instrument", policy=policies.may_keep)
def complete_instrument(*, actor: Actor, assessment: Assessment, revision: int) -> Assessment:
    """An assessment opened with a frame takes the complete instrument that the city's pack has brought since. Answers and
    evidence stay with the items of the same code."""
    row = held(assessment, revision=revision, among=(states.OPEN,))
    document = queries.completed(row)
    if document is None:
        raise Invalid(_("There is no complete form of this instrument yet. Nothing was changed."), code="incomplete")
    found = queries.parsed(document)
    kept: dict[str, Any] = {answer.item: answer for answer in row.answers.select_for_update(of=("self",))}
    items = {node.code: place for place, node in enumerate(_in_order(found))}
    lost = [
        code for code, answer in kept.items() if code not in items and (answer.changed_at or answer.evidence.exists())
    ]
    if lost:
        raise Invalid(
            format_lazy(
                _("The complete instrument lacks items that were answered: {items}. Nothing was changed."),
                items=", ".join(sorted(lost)[:10]),
            ),
            code="items_lost",
        )
    row.answers.exclude(item__in=items).delete()
    for code, place in items.items():
        Answer.objects.update_or_create(
            assessment=row, item=code, defaults={"position": place}, create_defaults={
                "position": place, "agency_code": row.agency_code,
            },
        )  # fmt: skip
    row.document = document
    _count(row, "document")
    WeightDecision.objects.create(
        assessment=row,
        weights=next(iter(found.weight_sets)),
        reason="",
        decided_by=actor.label[:200],
        decided_at=timezone.now(),
    )
    touch(queries.TOPIC)
    return row
