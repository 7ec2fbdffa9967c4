"""What time and the register do to requests and letters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import today
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.operations import remove_file
from tepian.kernel.events import emit, note, operation
from tepian.kernel.residents.models import Resident

from .. import policies, states
from ..events import LetterExpired, LetterRevoked, RequestStopped
from ..models import Request, Tries
from .parts import locked, moved

BATCH = 200


@operation("ward_letters.stop_for", policy=policies.only_the_system)
def stop_for(*, actor: Actor, resident: int, reason: str, ward: str = "") -> int:
    """The resident died, or moved to `ward` ("" out of the city): open requests end and say why. Letters that were given
    stay what they are. Returns how many were stopped."""
    rows = Request.objects.filter(resident_id=resident, state__in=states.OPEN)
    if reason == states.MOVED_AWAY and ward:  # within the ward only the RT changes
        rows.filter(ward_code=ward).update(
            region_code=Resident.objects.select_related("region").get(pk=resident).region.code
        )
        rows = rows.exclude(ward_code=ward)
    stopped = 0
    for row in rows.order_by("pk"):
        row = locked(row)
        if row.state not in states.OPEN:
            continue
        row.reason, row.due_at = reason, None
        moved(actor, row, "stopped", state=states.STOPPED, words=row.reason)
        emit(RequestStopped(code=row.code, kind=row.kind_code, region=row.ward_code, resident=resident, reason=reason))
        stopped += 1
    note("resident", resident, stopped=stopped, reason=reason)
    return stopped


@operation("ward_letters.expire", policy=policies.only_the_system)
def expire(*, actor: Actor) -> int:
    """Close what nobody sent or answered, and end letters whose last day is over. Some at a time; the rest comes next."""
    now, ended = timezone.now(), 0
    for state, days in ((states.DRAFT, states.DRAFT_DAYS), (states.RETURNED, states.RETURNED_DAYS)):
        old = Request.objects.filter(state=state, state_since__lt=now - timedelta(days=days))
        for row in old.order_by("pk")[:BATCH]:
            row = locked(row)
            if row.state == state:
                moved(actor, row, "expired", state=states.EXPIRED)
                ended += 1
    for row in Request.objects.filter(state__in=states.VALID, valid_until__lt=today()).order_by("pk")[:BATCH]:
        row = locked(row)
        if row.state in states.VALID:
            moved(actor, row, "lapsed", state=states.LAPSED)
            emit(LetterExpired(**_letter(row)))
            ended += 1
    note("letter_requests", "", ended=ended)
    return ended


def _letter(row: Request) -> dict[str, Any]:
    return {
        "code": row.code, "kind": row.kind_code, "region": row.ward_code, "resident": row.about_id or row.resident_id,
        "document": row.document,
    }  # fmt: skip


def _old_ones() -> QuerySet[Request]:
    old = timezone.now() - timedelta(days=states.FORGET_DAYS)
    return Request.objects.filter(state__in=states.ENDED, state_since__lt=old, forgotten_at=None)


@operation("ward_letters.forget", policy=policies.only_the_system)
def forget(*, actor: Actor) -> int:
    """Of what ended long enough ago the papers and the number for messages go; of what led to no letter the answers too.
    The letter itself and what happened stay: they are the office's archive. Some at a time."""
    rows = list(_old_ones().select_for_update(of=("self",)).order_by("pk")[:BATCH])
    for row in rows:
        for paper in row.papers.all():
            file = StoredFile.objects.filter(pk=paper.file).first()
            if file is not None:
                remove_file(actor=actor, file=file, reason="kept long enough")
            paper.delete()
        row.contact, row.forgotten_at = "", timezone.now()
        if row.letter is None:
            row.answers = {}
        row.save(update_fields=["contact", "forgotten_at", "answers"])
    note("letter_requests", "", forgotten=len(rows))
    return len(rows)


def due_to_forget() -> bool:
    return _old_ones().exists()


def due_to_expire() -> bool:
    """Is there anything for `expire`? A quiet hour writes nothing in the record."""
    now = timezone.now()
    return (
        Request.objects.filter(state=states.DRAFT, state_since__lt=now - timedelta(days=states.DRAFT_DAYS)).exists()
        or Request.objects.filter(
            state=states.RETURNED, state_since__lt=now - timedelta(days=states.RETURNED_DAYS)
        ).exists()
        or Request.objects.filter(state__in=states.VALID, valid_until__lt=today()).exists()
    )


@operation("ward_letters.revoke", policy=policies.only_the_system)
def revoke(*, actor: Actor, document: str, reason: str = "") -> bool:
    """The signed document was revoked where it was signed: the letter does not count any more, and others hear it. False
    where it is none of ours, or known already."""
    row = Request.objects.filter(document=document).first()
    if row is None:
        return False
    row = locked(row)
    if not states.may_follow(row.state, states.REVOKED):
        return False
    row.reason = reason[:500]
    moved(actor, row, "revoked", state=states.REVOKED, words=row.reason)
    emit(LetterRevoked(**_letter(row)))
    return True


def forget_tries() -> int:
    """Job: counts of wrong identities whose hour is over."""
    gone, _each = Tries.objects.filter(since__lt=timezone.now() - timedelta(hours=2)).delete()
    return gone
