"""Somebody says that the register is wrong about a person. The law's clock runs until the registry has answered."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.rows import held
from tepian.kernel.events import emit, look, note, operation, record_view, record_views

from .. import policies, queries
from ..events import ResidentCorrected
from ..models import CivilEvent, Correction, Resident
from .writing import CODES, checked, happened, index

CORRECT_WITHIN = timedelta(hours=72)  # UU 27/2022 art. 30: three times 24 hours
MOST_LISTED = 200
CORRECTABLE = ("name", "sex", "born_on", "born_in", "street", "father", "mother", "occupation", *CODES)


@operation("residents.ask_correction", policy=policies.may_ask_correction)
def ask_correction(
    *, actor: Actor, resident: Resident, field: str, wanted: str, reason: str, evidence: Any = None
) -> Correction:
    """Somebody says that a field is wrong. The law's clock starts now."""
    if field not in CORRECTABLE:
        raise Invalid(_("This cannot be corrected here. The civil registry can help."), code="field", field="field")
    known = queries.by_id(actor, resident.pk)
    wanted = checked_text(wanted, "wanted", limit=200)
    value = _value(field, wanted)
    if value == getattr(known, field):
        raise Invalid(_("The register has it like this already."), code="same", field="wanted")
    reason = checked_text(reason, "reason")
    if Correction.objects.filter(resident=known, field=field, state=Correction.State.ASKED).exists():
        raise Conflict(
            _("A correction of this is asked already, and waits for its answer."), code="already", field="wanted"
        )
    now = timezone.now()
    row = Correction.objects.create(
        resident=known, field=field, was=str(getattr(known, field))[:200], wanted=str(value), reason=reason,
        evidence=evidence, asked_by=actor.label[:200], asked_at=now, due_at=now + CORRECT_WITHIN,
    )  # fmt: skip
    note("resident", resident.pk, purpose="correction", field=field)
    return row


@operation("residents.decide_correction", policy=policies.may_register)
def decide_correction(
    *, actor: Actor, correction: Correction, accept: bool, answer: str, revision: int | None = None
) -> Correction:
    """The registry corrects, or says why not."""
    row = Correction.objects.select_for_update(of=("self",)).select_related("resident").get(pk=correction.pk)
    if row.state != Correction.State.ASKED or (revision is not None and row.revision != revision):
        raise Conflict(_("This was decided a moment ago. Nothing was changed."), code="moved_on")
    row.answer = checked_text(answer, "answer", limit=1000, needed=not accept)
    row.state = Correction.State.CORRECTED if accept else Correction.State.REFUSED
    row.decided_by, row.decided_at, row.revision = actor.label[:200], timezone.now(), row.revision + 1
    row.save()
    note("resident", row.resident_id, purpose="correction", field=row.field, accepted=accept)
    if accept:
        resident = held(row.resident)
        values = checked({row.field: typed(row.field, row.wanted)}, on=today())
        for name, value in values.items():
            setattr(resident, name, value)
        resident.revision += 1
        resident.save()
        index(resident)
        happened(actor, resident, CivilEvent.Kind.CORRECTION, today(), "", {"field": row.field})
        emit(
            ResidentCorrected(
                resident=resident.pk, ward=resident.ward_code, on=today().isoformat(), fields=(row.field,)
            )
        )
    return row


def typed(field: str, text: str) -> Any:
    """What somebody wrote as the register keeps it. Raises `Invalid`."""
    try:
        if field == "born_on":
            return date.fromisoformat(text)
        return int(text) if field in CODES or field == "occupation" else text
    except ValueError:
        raise Invalid(_("This value does not fit the field."), code="wanted", field="wanted") from None


def _value(field: str, text: str) -> Any:
    try:
        return checked({field: typed(field, text)}, on=today())[field]
    except Invalid as refused:
        raise Invalid(refused.message, code=refused.code, field="wanted") from None


def read_corrections(*, actor: Actor) -> tuple[list[Correction], list[Correction]]:
    """Those that wait, by the law's deadline, and those decided last. Names stand in the list, so each is a look."""
    policies.may_look(actor)
    waiting, decided = (
        list(queries.open_corrections(actor)[:MOST_LISTED]),
        list(queries.decided_corrections(actor)[:20]),
    )
    if waiting or decided:
        people = dict.fromkeys(row.resident_id for row in (*waiting, *decided))
        record_views(look(actor, "resident", pk, "correction", list=len(people)) for pk in people)
    return waiting, decided


def read_correction(*, actor: Actor, key: UUID) -> Correction:
    """One correction and its person, recorded. Raises `NotFound`."""
    policies.may_look(actor)
    row = Correction.objects.filter(key=key).first()
    if row is None:
        raise NotFound(_("There is no such correction here."), code="no_correction")
    row.resident = queries.by_id(actor, row.resident_id)
    record_view(actor=actor, subject_type="resident", subject_id=row.resident_id, purpose="correction")
    return row
