"""Deciding whether two entries are one person. The register never decides by itself, and never throws an entry away."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.rows import too_late
from tepian.kernel.events import emit, look, note, operation, record_views

from .. import policies, queries
from ..duplicates import Pair
from ..events import ResidentMerged, ResidentParted
from ..models import CivilEvent, DuplicatePair, Resident, Status
from .writing import happened


@operation("residents.note_duplicates", policy=policies.may_register)
def note_duplicates(*, actor: Actor, pairs: Iterable[Pair]) -> int:
    """Keep pairs for a person to decide; a pair that is known stays as it was decided. Returns how many are new."""
    now = timezone.now()
    found = {(pair.first, pair.second): pair for pair in pairs}
    firsts = {first for first, _second in found}
    known = set(DuplicatePair.objects.filter(first__in=firsts).values_list("first_id", "second_id"))
    new = [
        DuplicatePair(
            first_id=pair.first, second_id=pair.second, score=pair.score, reasons=list(pair.reasons), found_at=now
        )
        for key, pair in found.items()
        if key not in known
    ]
    DuplicatePair.objects.bulk_create(new, ignore_conflicts=True, batch_size=1000)
    note("residents_duplicates", "", found=len(new))
    return len(new)


def read_pairs(*, actor: Actor, limit: int = 50) -> list[DuplicatePair]:
    """Pairs that wait for a decision, the most alike first, recorded as looks at both."""
    policies.may_register(actor)
    rows = list(queries.open_pairs()[:limit])
    if rows:
        people = dict.fromkeys(pk for row in rows for pk in (row.first_id, row.second_id))
        record_views(look(actor, "resident", pk, "registry", list=len(people)) for pk in people)
    return rows


def read_pair(*, actor: Actor, pair: int) -> DuplicatePair:
    """One pair, recorded as a look at both. Raises `NotFound`."""
    policies.may_register(actor)
    row = queries.pairs().filter(pk=pair).first()
    if row is None:
        raise NotFound(_("There is no such pair."), code="no_pair")
    record_views(look(actor, "resident", pk, "registry") for pk in (row.first_id, row.second_id))
    return row


def _held(pair: DuplicatePair, revision: int | None) -> DuplicatePair:
    row = DuplicatePair.objects.select_for_update(of=("self",)).get(pk=pair.pk)
    if revision is not None and row.revision != revision:
        raise too_late(str(row.pk))
    return row


def _entries(row: DuplicatePair) -> dict[int, Resident]:
    """Both entries, locked in one order for all."""
    held = Resident.objects.select_for_update(of=("self",)).filter(pk__in=(row.first_id, row.second_id)).order_by("pk")
    return {entry.pk: entry for entry in held}


@operation("residents.decide_duplicate", policy=policies.may_register)
def decide_duplicate(
    *,
    actor: Actor,
    pair: DuplicatePair,
    same: bool,
    kept: int | None = None,
    why: str = "",
    revision: int | None = None,
) -> DuplicatePair:
    """One person or two. For one, `kept` is the entry that counts from now on: the other keeps its number and history and
    leads to it. It can be taken back."""
    row = _held(pair, revision)
    if row.state != DuplicatePair.State.OPEN:
        raise Conflict(_("This was decided a moment ago. Nothing was changed."), code="moved_on")
    row.why = checked_text(why, "why", limit=1000)
    row.decided_by, row.decided_at, row.revision = actor.label[:200], timezone.now(), row.revision + 1
    note("residents_pair", row.pk, same=same, first=row.first_id, second=row.second_id)
    if not same:
        row.state = DuplicatePair.State.DIFFERENT
        row.save()
        return row
    entries = _entries(row)
    if kept not in entries:
        raise Invalid(_("Say which entry counts from now on."), code="kept", field="kept")
    stays = entries.pop(kept)
    (other,) = entries.values()
    if Status.MERGED in (stays.status, other.status):
        raise Conflict(
            _("One of the two leads to another entry already. Nothing was changed: look at that one first."),
            code="merged",
        )
    row.state, row.kept, row.before = DuplicatePair.State.SAME, stays, other.status
    row.save()
    other.status, other.merged_into, other.revision = Status.MERGED, stays, other.revision + 1
    other.save(update_fields=["status", "merged_into", "revision"])
    happened(actor, other, CivilEvent.Kind.MERGE, today(), "", {"into": stays.pk})
    happened(actor, stays, CivilEvent.Kind.MERGE, today(), "", {"from": other.pk})
    emit(ResidentMerged(resident=other.pk, ward=other.ward_code, on=today().isoformat(), into=stays.pk))
    return row


@operation("residents.reopen_duplicate", policy=policies.may_register)
def reopen_duplicate(*, actor: Actor, pair: DuplicatePair, why: str, revision: int | None = None) -> DuplicatePair:
    """A decision was wrong: the pair waits again, and an entry that led to the other counts again."""
    row = _held(pair, revision)
    if row.state == DuplicatePair.State.OPEN:
        raise Conflict(_("This waits for a decision already. Nothing was changed."), code="moved_on")
    reason = checked_text(why, "why", limit=1000)
    if row.state == DuplicatePair.State.SAME:
        other = next(entry for pk, entry in _entries(row).items() if pk != row.kept_id)
        other.status, other.merged_into, other.revision = row.before, None, other.revision + 1
        other.save(update_fields=["status", "merged_into", "revision"])
        happened(actor, other, CivilEvent.Kind.MERGE, today(), "", {"parted": row.kept_id})
        emit(ResidentParted(resident=other.pk, ward=other.ward_code, on=today().isoformat(), other=row.kept_id or 0))
    row.state, row.kept, row.before, row.why = DuplicatePair.State.OPEN, None, "", reason
    row.decided_by, row.decided_at, row.revision = actor.label[:200], timezone.now(), row.revision + 1
    row.save()
    note("residents_pair", row.pk, first=row.first_id, second=row.second_id)
    return row
