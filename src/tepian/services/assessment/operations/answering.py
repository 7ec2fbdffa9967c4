"""What agencies say of themselves, and the evidence for it."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.rows import too_late
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.documents.operations import store_file
from tepian.kernel.events import note, operation
from tepian.toolkit import links

from .. import policies, queries, states
from ..events import EvidenceWithdrawn
from ..models import Answer, Evidence
from .parts import held_answer, tell

MOST_EVIDENCE = 30
MAX_MB = 20
LONGEST = 4000  # characters of an explanation


@operation("assessment.answer_item", policy=policies.may_answer)
def answer_item(*, actor: Actor, answer: Answer, revision: int, level: Decimal | None, explanation: str) -> Answer:
    """The level that the city gives itself and why. Of two people on one item the slower gets `Conflict`."""
    row = held_answer(answer, among=(states.OPEN,))
    text = checked_text(explanation, "explanation", limit=LONGEST, needed=False)
    if (row.level, row.explanation) == (level, text) and row.changed_at is not None:
        return row  # what is wanted stands there already: a form that was sent twice
    if row.revision != revision:
        raise too_late(f"{row.assessment.code}/{row.item}")
    instrument = queries.instrument_of(row.assessment)
    if level is not None and not instrument.level(level):
        raise Invalid(
            _("This value does not stand on the scale. Nothing was stored. Choose one of the levels."),
            code="level",
            field="level",
        )
    row.level, row.explanation = level, text
    row.changed_by, row.changed_by_id, row.changed_at = actor.label[:200], actor.id[:100], timezone.now()
    row.revision += 1
    row.save()
    note("assessment", row.assessment.code, item=row.item, level=None if level is None else str(level))
    touch(queries.TOPIC)
    return row


def look_at_link(url: str, *, look: Any = links.check) -> links.Finding:
    """Open a link as a stranger would. Raises `Invalid` for one that no stranger can open; one that did not answer is kept
    with that remark, for its server may be resting."""
    found: links.Finding = look(url)
    if found.code in (links.MALFORMED, links.PRIVATE):
        raise Invalid(
            _("This is no address that the public can open. Nothing was stored. Copy it from the browser."),
            code=found.code,
            field="url",
        )
    if found.code in (links.SIGN_IN, links.MISSING):
        raise Invalid(
            _(
                "The public cannot open this evidence. Nothing was stored. Upload the file, or change who may see the link."
            ),
            code=found.code,
            field="url",
        )
    return found


def add_link(*, actor: Actor, answer: Answer, url: str, title: str = "", look: Any = links.check) -> Evidence:
    """A link, looked at first: a slow site must not hold the database."""
    if not actor.is_system:
        policies.may_answer(actor, answer)
    found = look_at_link(url, look=look)
    return add_evidence(actor=actor, answer=answer, kind=states.LINK, url=url.strip(), title=title, finding=found.code)


@operation("assessment.add_evidence", policy=policies.may_answer)
def add_evidence(
    *,
    actor: Actor,
    answer: Answer,
    kind: str,
    title: str = "",
    url: str = "",
    finding: str = "",
    content: Any = None,
    name: str = "",
) -> Evidence:
    """A file (`content`, `name`), a link or a page of the platform (`url`). Also while assessors score: they may ask for
    more."""
    row = held_answer(answer, among=(states.OPEN, states.SUBMITTED))
    if row.evidence.filter(withdrawn_at=None).count() >= MOST_EVIDENCE:
        raise Invalid(
            format_lazy(_("An item takes at most {n} pieces of evidence. Nothing was stored."), n=MOST_EVIDENCE),
            code="too_many",
            field="file",
        )
    if kind not in states.KINDS or (kind != states.FILE and not url):
        raise Invalid(_("Choose a file, or write an address."), code="kind", field="url")
    key, file = uuid.uuid4(), None
    if kind == states.FILE:
        file = store_file(
            actor=actor,
            content=content,
            name=name,
            subject_type="assessment_evidence",
            subject_id=key,
            max_bytes=MAX_MB * 1024 * 1024,
        )
    elif kind == states.LINK:
        if links.well_formed(url) is None:
            raise Invalid(_("This is no web address."), code="url", field="url")
    elif (
        not url.startswith("/") or url.startswith(("//", "/kerja", "/akun")) or "\\" in url or len(url) > links.LONGEST
    ):
        raise Invalid(_("Choose a public page of this platform."), code="url", field="url")
    now = timezone.now()
    evidence = Evidence.objects.create(
        key=key,
        answer=row,
        kind=kind,
        title=checked_text(title or (file.name if file else url)[:200], "title", limit=200),
        file=file.pk if file else None,
        url="" if file else url,
        finding=finding,
        checked_at=now if finding else None,
        added_by=actor.label[:200],
        added_at=now,
    )
    note("assessment", row.assessment.code, item=row.item, evidence=str(key), kind=kind, url=evidence.url)
    touch(queries.TOPIC)
    return evidence


def check_again(*, actor: Actor, evidence: Evidence, look: Any = links.check) -> Evidence:
    """Look at a link once more; its finding may have become better or worse."""
    if not actor.is_system:
        policies.may_answer(actor, evidence.answer)
    found: links.Finding = look(evidence.url)
    return keep_finding(actor=actor, evidence=evidence, finding=found.code)


@operation("assessment.keep_finding", policy=policies.may_withdraw)
def keep_finding(*, actor: Actor, evidence: Evidence, finding: str) -> Evidence:
    """What came of looking at a link."""
    row = Evidence.objects.select_for_update(of=("self",)).select_related("answer__assessment").get(pk=evidence.pk)
    note("assessment", row.answer.assessment.code, evidence=str(row.key), finding=finding)
    row.finding, row.checked_at = finding, timezone.now()
    row.save(update_fields=["finding", "checked_at"])
    touch(queries.TOPIC)
    return row


@operation("assessment.withdraw_evidence", policy=policies.may_withdraw)
def withdraw_evidence(*, actor: Actor, evidence: Evidence, reason: str) -> Evidence:
    """It stays in the list with its reason; scores given while it was there are marked until they are looked at again.
    After closing only those who keep the assessment may, and the public page says so."""
    among: tuple[str, ...] = states.UNFINISHED
    if actor.is_system or actor.has(*policies.KEEPERS):
        among = (*among, states.CLOSED)
    answer = held_answer(evidence.answer, among=among)
    row = Evidence.objects.select_for_update(of=("self",)).get(pk=evidence.pk)
    if row.withdrawn_at is not None:
        raise Conflict(
            _("This evidence was withdrawn already. Nothing was changed."), code="moved_on", item=str(row.key)
        )
    row.withdrawn_reason = checked_text(reason, "reason", limit=500)
    row.withdrawn_by, row.withdrawn_at = actor.label[:200], timezone.now()
    row.save(update_fields=["withdrawn_reason", "withdrawn_by", "withdrawn_at"])
    scores = answer.scores.filter(scored_at__gte=row.added_at).count()
    note("assessment", answer.assessment.code, item=answer.item, evidence=str(row.key), reason=row.withdrawn_reason)
    tell(EvidenceWithdrawn, answer.assessment, item=answer.item, scores=scores, reason=row.withdrawn_reason)
    return row
