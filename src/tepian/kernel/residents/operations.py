"""Looking somebody up, and writing the register. Every look is recorded before anything is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.rows import held
from tepian.kernel.events import emit, look, note, operation, record_view, record_views
from tepian.kernel.regions import queries as regions

from . import names, pace, policies, queries, references, search
from .events import ResidentBorn, ResidentCorrected, ResidentDied, ResidentMoved
from .models import CivilEvent, Correction, Family, Residence, Resident, ResidentKey, Status
from .numbers import read_kk, read_nik

CORRECT_WITHIN = timedelta(hours=72)  # UU 27/2022 art. 30: three times 24 hours
MOST_FOUND = 20
CODES: dict[str, Mapping[int, Any]] = {
    "relation": references.RELATIONS, "religion": references.RELIGIONS, "marriage": references.MARRIAGES,
    "education": references.EDUCATIONS, "blood": references.BLOOD, "citizenship": references.CITIZENSHIPS,
}  # fmt: skip
CORRECTABLE = ("name", "sex", "born_on", "born_in", "street", "father", "mother", "occupation", *CODES)


# --- looking ----------------------------------------------------------------------------------------------------------


def checked_purpose(purpose: str) -> str:
    if purpose not in policies.PURPOSES:
        raise Invalid(
            format_lazy(_("Say why you look somebody up: {purposes}."), purposes=", ".join(policies.PURPOSES)),
            code="purpose_missing",
            field="purpose",
        )
    return purpose


def look_up(*, actor: Actor, nik: str, purpose: str) -> queries.Card:
    """A resident by NIK, recorded. Raises `Invalid`, `NotFound`, `Denied`, `TooMany`. A search that finds nobody is
    recorded too, for whoever tries numbers one after the other."""
    return looked_up([Asked(actor, nik, purpose)])[0].card()


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody wants to see the resident with this NIK."""

    actor: Actor
    nik: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What an `Asked` gets: a resident, or why not."""

    asked: Asked
    resident: Resident | None = None
    refused: Exception | None = None

    def card(self) -> queries.Card:
        if self.resident is None:
            raise self.refused or queries.nobody()
        return queries.card(self.asked.actor, self.resident)


def looked_up(asked: Sequence[Asked]) -> list[Seen]:
    """Answers to several people who ask at the same time, in their order: one question to the database, and one record
    of all looks before any of them is given out."""
    day = today()
    numbers: list[str | Exception] = []
    for each in asked:
        try:
            policies.may_look(each.actor)
            checked_purpose(each.purpose)
            pace.before_look(each.actor)
            numbers.append(read_nik(each.nik, today=day).text)
        except (Denied, Invalid) as refused:
            numbers.append(refused)
    wanted = {number for number in numbers if isinstance(number, str)}
    rows = queries.by_niks(wanted)
    answers, looks = [], []
    for each, number in zip(asked, numbers, strict=True):
        if isinstance(number, Exception):
            answers.append(Seen(each, refused=number))
            continue
        row = rows.get(number)
        if row is None or not policies.knows(each.actor, ward=row.ward_code, region=row.region.code):
            pace.missed(each.actor)
            looks.append(look(each.actor, "resident", "", each.purpose, found=0))
            answers.append(Seen(each, refused=queries.nobody()))
        else:
            looks.append(look(each.actor, "resident", row.pk, each.purpose))
            answers.append(Seen(each, resident=row))
    if looks:
        record_views(looks)
    return answers


def show(*, actor: Actor, resident: Resident, purpose: str) -> queries.Card:
    """A resident whom a query has found, recorded."""
    policies.may_look(actor)
    shown = queries.card(actor, resident)
    record_view(actor=actor, subject_type="resident", subject_id=resident.pk, purpose=checked_purpose(purpose))
    return shown


def search_register(
    *, actor: Actor, name: str, born_on: date | None = None, purpose: str, limit: int = MOST_FOUND
) -> list[tuple[search.Match, queries.Card]]:
    """Residents by name, best first. Everybody who is shown was looked at, and can see that later."""
    policies.may_look(actor)
    checked_purpose(purpose)
    pace.before_look(actor)
    wanted = checked_text(name, "name", limit=120)
    found = search.find(wanted, born_on, among=policies.within(actor), limit=max(1, min(limit, MOST_FOUND)))
    shown = _shown(actor, [match.resident for match in found], purpose)
    return [(match, shown[match.resident]) for match in found if match.resident in shown]


def search_address(
    *, actor: Actor, address: str, region: str = "", purpose: str, limit: int = MOST_FOUND
) -> list[queries.Card]:
    """Who lives at an address: each word of it, within `region`. Whoever may look in the whole city names a region, for
    there is a Jalan Melati in every ward."""
    policies.may_look(actor)
    checked_purpose(purpose)
    pace.before_look(actor)
    words = checked_text(address, "address", limit=200).split()
    if region:
        home(region)
    elif policies.whole_city(actor):
        raise Invalid(_("Say in which ward, too."), code="region_missing", field="region")
    found = search.at_address(words, region, among=policies.within(actor), limit=max(1, min(limit, MOST_FOUND)))
    return list(_shown(actor, found, purpose).values())


def family(*, actor: Actor, kk: str, purpose: str) -> list[queries.Card]:
    """The members of a family card whom this actor may know, the head first. Raises `NotFound` where there are none."""
    policies.may_look(actor)
    checked_purpose(purpose)
    pace.before_look(actor)
    number = read_kk(kk, today=today()).text
    found = queries.members(actor, number)
    if not found:
        pace.missed(actor)
    shown = _shown(actor, [row.pk for row in found], purpose)
    if not shown:
        raise queries.nobody()
    return list(shown.values())


def _shown(actor: Actor, found: Sequence[int], purpose: str) -> dict[int, queries.Card]:
    """Cards of several people in this order, each look recorded."""
    rows = Resident.objects.select_related("family", "region").in_bulk(found)
    looks = [look(actor, "resident", pk, purpose, search=len(found)) for pk in found if pk in rows]
    record_views(looks or [look(actor, "resident", "", purpose, found=0)])
    return {pk: queries.card(actor, rows[pk]) for pk in found if pk in rows}


# --- writing ----------------------------------------------------------------------------------------------------------


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
        _happened(actor, resident, kind, since, basis, {})
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


def _happened(actor: Actor, resident: Resident, kind: str, on: date, basis: str, details: Mapping[str, Any]) -> None:
    CivilEvent.objects.create(
        resident=resident, kind=kind, on=on, basis=basis, details=dict(details), recorded_by=actor.label[:200],
        recorded_at=timezone.now(),
    )  # fmt: skip


@operation("residents.record_death", policy=policies.may_register)
def record_death(*, actor: Actor, resident: Resident, on: date, basis: str, revision: int | None = None) -> Resident:
    """A resident has died; other rooms hear it."""
    row = held(resident, revision=revision)
    if row.status == Status.DEAD:
        raise Conflict(_("This death is in the register already."), code="already")
    if on > today() or on < row.born_on:
        raise Invalid(_("This day cannot be: it lies in the future or before the birth."), code="on", field="on")
    row.status, row.status_on, row.revision = Status.DEAD, on, row.revision + 1
    row.save(update_fields=["status", "status_on", "revision"])
    Residence.objects.filter(resident=row, until=None).update(until=on)
    _happened(actor, row, CivilEvent.Kind.DEATH, on, checked_text(basis, "basis", limit=120), {})
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
    row = held(resident, revision=revision)
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
    _happened(actor, row, kind, on, basis, {"from": before, "to": after})
    note("resident", row.pk, before=before, after=after)
    emit(ResidentMoved(resident=row.pk, ward=before, to_ward=after, on=on.isoformat()))
    return row


# --- corrections ------------------------------------------------------------------------------------------------------


@operation("residents.ask_correction", policy=policies.may_ask_correction)
def ask_correction(
    *, actor: Actor, resident: Resident, field: str, wanted: str, reason: str, evidence: Any = None
) -> Correction:
    """Somebody says that a field is wrong. The law's clock starts now."""
    if field not in CORRECTABLE:
        raise Invalid(_("This cannot be corrected here. The civil registry can help."), code="field", field="field")
    queries.by_id(actor, resident.pk)
    now = timezone.now()
    row = Correction.objects.create(
        resident=resident, field=field, was=str(getattr(resident, field))[:200], wanted=checked_text(wanted, "wanted", limit=200),
        reason=checked_text(reason, "reason"), evidence=evidence, asked_by=actor.label[:200], asked_at=now,
        due_at=now + CORRECT_WITHIN,
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
    row.answer = checked_text(answer, "answer", needed=not accept)
    row.state = Correction.State.CORRECTED if accept else Correction.State.REFUSED
    row.decided_by, row.decided_at, row.revision = actor.label[:200], timezone.now(), row.revision + 1
    row.save()
    note("resident", row.resident_id, purpose="correction", field=row.field, accepted=accept)
    if accept:
        resident = held(row.resident)
        values = checked({row.field: _typed(row.field, row.wanted)}, on=today())
        for name, value in values.items():
            setattr(resident, name, value)
        resident.revision += 1
        resident.save()
        index(resident)
        _happened(actor, resident, CivilEvent.Kind.CORRECTION, today(), "", {"field": row.field})
        emit(
            ResidentCorrected(
                resident=resident.pk, ward=resident.ward_code, on=today().isoformat(), fields=(row.field,)
            )
        )
    return row


def _typed(field: str, text: str) -> Any:
    try:
        if field == "born_on":
            return date.fromisoformat(text)
        return int(text) if field in CODES or field == "occupation" else text
    except ValueError:
        raise Invalid(_("This value does not fit the field."), code="wanted", field="wanted") from None
