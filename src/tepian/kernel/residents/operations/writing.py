"""Writing the register: who is new in it, who died, who moved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.rows import held
from tepian.kernel.events import emit, note, operation
from tepian.kernel.regions import queries as regions

from .. import names, policies, references
from ..events import ResidentBorn, ResidentDied, ResidentMoved
from ..models import CivilEvent, Family, Residence, Resident, ResidentKey, Status
from ..numbers import read_kk, read_nik

CODES: dict[str, Mapping[int, Any]] = {
    "relation": references.RELATIONS, "religion": references.RELIGIONS, "marriage": references.MARRIAGES,
    "education": references.EDUCATIONS, "blood": references.BLOOD, "citizenship": references.CITIZENSHIPS,
}  # fmt: skip


def checked(facts: Mapping[str, Any], *, on: date) -> dict[str, Any]:
    """The register's fields of one person, checked; what is left out is left out. Raises `Invalid` with the field."""
    values: dict[str, Any] = {}
    if "nik" in facts:
        values["nik"] = read_nik(str(facts["nik"]), today=on).text
    for field, limit in (("name", 120), ("born_in", 80), ("street", 200), ("father", 120), ("mother", 120)):
        if field in facts:
            values[field] = checked_text(str(facts[field]), field, limit=limit, needed=field == "name")
    if "name" in values:
        values["folded"] = names.folded(values["name"])[:120]
    if "sex" in facts:
        if facts["sex"] not in references.SEXES:
            raise Invalid(_("Sex is L or P, as on the identity card."), code="sex", field="sex")
        values["sex"] = facts["sex"]
    if "born_on" in facts:
        born = facts["born_on"]
        if not isinstance(born, date) or born > on or born.year < 1890:
            raise Invalid(_("This day of birth cannot be. Write day, month and year."), code="born_on", field="born_on")
        values["born_on"] = born
    for field, known in CODES.items():
        if field in facts:
            if facts[field] != references.UNKNOWN and facts[field] not in known:
                raise Invalid(
                    format_lazy(_("The registry has no code {code} here."), code=facts[field]), code="code", field=field
                )
            values[field] = int(facts[field])
    if "occupation" in facts:
        values["occupation"] = int(facts["occupation"])
    return values


def home(code: str, *, field: str = "region") -> tuple[int, str]:
    """A region's key and the ward that it lies in. Raises `Invalid` for what is no ward or RT of this city."""
    known = regions.atlas().regions.get(code)
    if known is None or known.level not in ("ward", "neighbourhood"):
        raise Invalid(
            format_lazy(_("There is no ward or RT with the code {code}."), code=code), code="no_ward", field=field
        )
    return known.id, code if known.level == "ward" else code.rsplit(".", 1)[0]


@operation("residents.register_resident", policy=policies.may_register)
def register_resident(
    *,
    actor: Actor,
    facts: Mapping[str, Any],
    region: str,
    kk: str = "",
    kind: str = "",
    on: date | None = None,
    basis: str = "",
) -> Resident:
    """A person new in the register. `kind` is birth or move_in where that is why, on the day `on`."""
    day = today()
    values = checked(facts, on=day)
    for field in ("nik", "name", "sex", "born_on"):
        if field not in values:
            raise Invalid(_("This is needed."), code="missing", field=field)
    region_id, ward = home(region)
    family = family_for(kk, region_id, values.get("street", "")) if kk else None
    try:
        with transaction.atomic():
            resident = Resident.objects.create(
                **values, family=family, region_id=region_id, ward_code=ward, recorded_at=timezone.now()
            )
    except IntegrityError:
        raise Conflict(_("Somebody with this NIK is in the register already."), code="nik_taken", field="nik") from None
    index(resident)
    since = on or (values["born_on"] if kind == CivilEvent.Kind.BIRTH else day)
    Residence.objects.create(resident=resident, region_id=region_id, street=resident.street, since=since, basis=basis)
    note("resident", resident.pk, ward=ward, kind=kind)
    if kind:
        happened(actor, resident, kind, since, basis, {})
        if kind == CivilEvent.Kind.BIRTH:
            emit(ResidentBorn(resident=resident.pk, ward=ward, on=since.isoformat()))
        elif kind == CivilEvent.Kind.MOVE_IN:
            emit(ResidentMoved(resident=resident.pk, ward="", to_ward=ward, on=since.isoformat()))
    return resident


def family_for(kk: str, region_id: int, street: str) -> Family:
    """The family card with this number, made when it is new."""
    number = read_kk(kk, today=today()).text
    family, _new = Family.objects.get_or_create(kk=number, defaults={"region_id": region_id, "street": street})
    return family


def index(resident: Resident) -> None:
    """Write a resident's entries in the index of names anew."""
    ResidentKey.objects.filter(resident=resident).delete()
    ResidentKey.objects.bulk_create(ResidentKey(key=key, resident=resident) for key in names.keys(resident.folded))


def happened(actor: Actor, resident: Resident, kind: str, on: date, basis: str, details: Mapping[str, Any]) -> None:
    CivilEvent.objects.create(
        resident=resident, kind=kind, on=on, basis=basis, details=dict(details), recorded_by=actor.label[:200],
        recorded_at=timezone.now(),
    )  # fmt: skip


def _entry(resident: Resident, revision: int | None) -> Resident:
    """The entry, locked; nothing happens to one that leads to another."""
    row = held(resident, revision=revision)
    if row.status == Status.MERGED:
        raise Conflict(
            _("This person was registered twice, and another entry counts. Nothing was changed: write it there."),
            code="merged",
        )
    return row


@operation("residents.record_death", policy=policies.may_register)
def record_death(*, actor: Actor, resident: Resident, on: date, basis: str, revision: int | None = None) -> Resident:
    """A resident has died; other rooms hear it."""
    row = _entry(resident, revision)
    if row.status == Status.DEAD:
        raise Conflict(_("This death is in the register already."), code="already")
    if on > today() or on < row.born_on:
        raise Invalid(_("This day cannot be: it lies in the future or before the birth."), code="on", field="on")
    row.status, row.status_on, row.revision = Status.DEAD, on, row.revision + 1
    row.save(update_fields=["status", "status_on", "revision"])
    Residence.objects.filter(resident=row, until=None).update(until=on)
    happened(actor, row, CivilEvent.Kind.DEATH, on, checked_text(basis, "basis", limit=120), {})
    note("resident", row.pk, ward=row.ward_code)
    emit(ResidentDied(resident=row.pk, ward=row.ward_code, on=on.isoformat()))
    return row


@operation("residents.record_move", policy=policies.may_register)
def record_move(
    *, actor: Actor, resident: Resident, on: date, basis: str, region: str = "", street: str = "", elsewhere: str = "",
    kk: str = "", revision: int | None = None,
) -> Resident:  # fmt: skip
    """To another ward or RT of the city (`region`), or away (`elsewhere`). Somebody who moved away and comes back moves
    in again."""
    row = _entry(resident, revision)
    if row.status == Status.DEAD:
        raise Conflict(_("This person has died; the register knows no move after that."), code="dead")
    if bool(region) == bool(elsewhere):
        raise Invalid(_("Say where to: a ward of this city, or a place elsewhere."), code="where", field="region")
    if on > today():
        raise Invalid(_("A move is written when it has happened."), code="on", field="on")
    before = row.ward_code if row.status == Status.LIVING else ""
    Residence.objects.filter(resident=row, until=None).update(until=on - timedelta(days=1))
    basis = checked_text(basis, "basis", limit=120)
    if elsewhere:
        row.status, row.status_on = Status.MOVED, on
        Residence.objects.create(
            resident=row, elsewhere=checked_text(elsewhere, "elsewhere", limit=200), since=on, basis=basis
        )
        kind, after = CivilEvent.Kind.MOVE_OUT, ""
    else:
        kind = CivilEvent.Kind.MOVE_WITHIN if row.status == Status.LIVING else CivilEvent.Kind.MOVE_IN
        row.region_id, row.ward_code = home(region)
        row.street, row.status, row.status_on = checked_text(street, "street", limit=200), Status.LIVING, None
        if kk:
            row.family = family_for(kk, row.region_id, row.street)
        Residence.objects.create(resident=row, region_id=row.region_id, street=row.street, since=on, basis=basis)
        after = row.ward_code
    row.revision += 1
    row.save()
    happened(actor, row, kind, on, basis, {"from": before, "to": after})
    note("resident", row.pk, before=before, after=after)
    emit(ResidentMoved(resident=row.pk, ward=before, to_ward=after, on=on.isoformat()))
    return row
