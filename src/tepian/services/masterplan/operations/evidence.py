"""Evidence: a file or photo kept here, or a link that everybody can open.

A link is opened from outside before the operation begins, so that no transaction waits for a stranger's server."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.rows import held
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.operations import remove_file, store_file
from tepian.kernel.events import note, operation
from tepian.toolkit import links, photos

from .. import policies, states
from ..events import EvidenceWithdrawn
from ..models import Evidence, Report
from ..queries import reporting as queries
from ..queries.plan import TOPIC
from .reporting import CLOSED, give_back, tell

SUBJECT = "plan_evidence"
MOST = 30  # of one report
PHOTOS = ("image/jpeg", "image/png", "image/webp")
AGAIN = timedelta(days=7)  # between two looks at a link
AT_ONCE = 40  # links looked at in one run of the job
CAMERA_IS_WRONG = timedelta(days=365 * 15)


def add_file(
    *,
    actor: Actor,
    report: Report,
    content: bytes,
    name: str,
    title: str = "",
    public: bool = True,
    taken_on: date | None = None,
) -> Evidence:
    """A file kept with the report; a photo brings its day and place along when the camera wrote them."""
    return keep_file(
        actor=actor, report=report, content=content, name=name, title=title, public=public, taken_on=taken_on
    )


@operation("masterplan.add_evidence_file", policy=policies.may_change_report)
def keep_file(
    *, actor: Actor, report: Report, content: bytes, name: str, title: str, public: bool, taken_on: date | None
) -> Evidence:
    row = _open_report(report)
    note("plan_action", row.key, quarter=str(queries.quarter_of(row)), file=name[:160])
    file = store_file(actor=actor, content=content, name=name, subject_type=SUBJECT, subject_id=row.pk)
    seen = photos.facts(content) if file.media_type in PHOTOS else photos.Facts()
    taken = taken_on or (seen.taken.date() if seen.taken else None)
    if taken_on is not None and taken_on > today():
        raise Invalid(_("A photo cannot be taken on a day that has not come."), code="taken_on", field="taken_on")
    if taken is not None and not today() - CAMERA_IS_WRONG < taken <= today():
        taken = None
    evidence = Evidence.objects.create(
        report=row,
        kind=states.PHOTO if file.media_type in PHOTOS else states.FILE,
        title=checked_text(title or file.name, "title", limit=200),
        file=file.pk,
        taken_on=taken,
        lon=seen.lon,
        lat=seen.lat,
        public=public,
        added_by=actor.label[:200],
        added_at=timezone.now(),
    )
    touch(TOPIC)
    return evidence


def _open_report(report: Report) -> Report:
    row = held(report, among=states.WITH_REPORTER, labels=queries.REPORT_LABELS)
    if Evidence.objects.filter(report=row, withdrawn_at=None).count() >= MOST:
        raise Invalid(
            format_lazy(_("A report holds at most {number} pieces of evidence. Put several in one file."), number=MOST),
            code="too_many",
            field="file",
        )
    return row


def add_link(*, actor: Actor, report: Report, url: str, title: str = "", public: bool = True) -> Evidence:
    """A link, looked at from outside at once. One that does not open is kept with its finding, so that it can be mended;
    it proves nothing until then. Raises `Invalid` for what is no address."""
    if not actor.is_system:
        policies.may_change_report(actor, report)
    address = links.well_formed(url)
    if address is None:
        raise Invalid(
            _("This is no address of a page. Copy it from the browser; it begins with https://"),
            code="malformed",
            field="url",
        )
    finding = links.check(address)
    return keep_link(
        actor=actor, report=report, url=address, title=title or address, public=public, finding=finding.code
    )


@operation("masterplan.add_evidence_link", policy=policies.may_change_report)
def keep_link(*, actor: Actor, report: Report, url: str, title: str, public: bool, finding: str) -> Evidence:
    row = _open_report(report)
    note("plan_action", row.key, quarter=str(queries.quarter_of(row)), finding=finding)
    if Evidence.objects.filter(report=row, url=url, withdrawn_at=None).exists():
        raise Conflict(_("This link is already there."), code="there_already", field="url")
    evidence = Evidence.objects.create(
        report=row,
        kind=states.LINK,
        title=checked_text(title[:200], "title", limit=200),
        url=url,
        public=public,
        reachable=_reachable(None, finding),
        finding="" if finding == links.OPEN else finding,
        checked_at=timezone.now(),
        added_by=actor.label[:200],
        added_at=timezone.now(),
    )
    touch(TOPIC)
    return evidence


def _reachable(before: Evidence | None, finding: str) -> bool | None:
    """A server that does not answer may be down for an hour; one that was silent the last time too is gone."""
    if finding == links.NO_ANSWER and (before is None or before.finding != links.NO_ANSWER):
        return None
    return finding == links.OPEN


def check_link(*, actor: Actor, evidence: Evidence) -> Evidence:
    """Look again, because somebody has changed who may see it."""
    if not actor.is_system:
        policies.may_look_again(actor, evidence)
    finding = links.check(evidence.url)
    return record_check(actor=actor, evidence=evidence, finding=finding.code)


@operation("masterplan.check_link", policy=policies.may_look_again, recorded=False)
def record_check(*, actor: Actor, evidence: Evidence, finding: str) -> Evidence:
    row = held(evidence)
    was = (row.reachable, row.finding)
    row.reachable, row.finding = _reachable(row, finding), "" if finding == links.OPEN else finding
    row.checked_at = timezone.now()
    row.save(update_fields=["reachable", "finding", "checked_at"])
    if was != (row.reachable, row.finding):
        touch(TOPIC)
    return row


def check_links(*, actor: Actor, most: int = AT_ONCE) -> int:
    """Look at links that nobody has looked at for a week; returns how many do not open now."""
    old = timezone.now() - AGAIN
    due = (
        Evidence.objects.filter(kind=states.LINK, withdrawn_at=None)
        .filter(Q(checked_at=None) | Q(checked_at__lt=old))
        .order_by("checked_at", "id")
    )
    return sum(check_link(actor=actor, evidence=row).reachable is False for row in due[:most])


@operation("masterplan.withdraw_evidence", policy=policies.may_withdraw)
def withdraw_evidence(*, actor: Actor, evidence: Evidence, reason: str = "") -> Evidence | None:
    """Take evidence back. Of a report that was never sent it is gone (returns None); otherwise it stays readable with the
    reason, and a report that was sent or verified goes back to its agency."""
    row = held(evidence.report)
    found: Any = held(evidence)
    note("plan_action", row.key, quarter=str(queries.quarter_of(row)), evidence=str(found.key))
    if found.withdrawn_at is not None:
        raise Conflict(_("This evidence has been withdrawn already. Nothing was changed."), code="moved_on")
    if row.sent_at is None:
        file = StoredFile.objects.filter(pk=found.file).first() if found.file else None
        found.delete()
        if file is not None:
            remove_file(actor=actor, file=file, reason="draft")
        touch(TOPIC)
        return None
    found.withdrawn_reason = checked_text(reason, "reason", limit=500)
    found.withdrawn_by, found.withdrawn_at = actor.label[:200], timezone.now()
    found.save(update_fields=["withdrawn_reason", "withdrawn_by", "withdrawn_at"])
    tell(EvidenceWithdrawn, row, evidence=str(found.key), reason=found.withdrawn_reason)
    if row.state not in states.WITH_REPORTER:
        give_back(row, found.withdrawn_reason)
    return found  # type: ignore[no-any-return]


FINDING_WORDS = {
    links.PRIVATE: CLOSED,
    links.SIGN_IN: CLOSED,
    links.MALFORMED: _("This is no address of a page. Copy it from the browser; it begins with https://"),
    links.MISSING: _("There is nothing under this link any more. Upload the file or correct the link."),
    links.NO_ANSWER: _("The server of this link did not answer. It is looked at again by itself; a file is safer."),
}
