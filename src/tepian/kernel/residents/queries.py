"""Asking the register. What is shown of a person goes through `operations.look_up` or `search_register`, which record it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, NotFound
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue.city import today
from tepian.kernel.regions import queries as regions

from . import policies, references
from .models import CivilEvent, Correction, DuplicatePair, Resident, Status
from .numbers import masked

MOST_MEMBERS = 60
NOBODY = _("Nobody with this number is registered where you may look.")


@dataclass(frozen=True, slots=True)
class Card:
    """A resident as this actor may see: `facts` holds the permitted fields by name, codes as words, days as dates.
    `nik` is masked where the number is not permitted."""

    resident: int
    nik: str
    name: str
    ward: str
    fictional: bool
    status: str
    facts: dict[str, Any]


def nobody() -> NotFound:
    """The same words for somebody elsewhere as for nobody."""
    return NotFound(NOBODY, code="no_resident")


class Row(NamedTuple):
    """An entry without its objects, for those who ask for thousands a second; `region` is a code."""

    pk: int
    nik: str
    name: str
    sex: str
    born_on: date
    born_in: str
    street: str
    relation: int
    religion: int
    marriage: int
    education: int
    occupation: int
    blood: int
    citizenship: int
    father: str
    mother: str
    ward_code: str
    status: str
    fictional: bool
    merged_into: int | None
    kk: str | None
    region: str


_READ = [{"kk": "family__kk", "region": "region__code"}.get(name, name) for name in Row._fields]


def by_niks(niks: Collection[str]) -> dict[str, Row]:
    """The entries with these numbers. Whom to show them to is the caller's business."""
    if not niks:
        return {}
    return {row[1]: Row(*row) for row in Resident.objects.filter(nik__in=niks).values_list(*_READ)}


def by_pks(pks: Collection[int]) -> dict[int, Row]:
    return {row[0]: Row(*row) for row in Resident.objects.filter(pk__in=pks).values_list(*_READ)}


def by_id(actor: Actor, pk: int) -> Resident:
    """Raises `NotFound`."""
    limit = policies.within(actor)
    rows = Resident.objects.select_related("family", "region", "merged_into")
    found = rows.filter(limit, pk=pk).first() if limit is not None else None
    if found is None:
        raise nobody()
    return found


def members(actor: Actor, kk: str) -> list[Resident]:
    """Who stands on a family card, as far as this actor may know them, the head first."""
    limit = policies.within(actor)
    if limit is None:
        return []
    rows = Resident.objects.select_related("family", "region").filter(limit, family__kk=kk)
    return list(rows.exclude(status=Status.MERGED).order_by("relation", "born_on", "pk")[:MOST_MEMBERS])


@dataclass(frozen=True, slots=True)
class Viewed:
    """A look at a resident: by which office, when and why. `times` counts looks of one office for one purpose that
    followed each other on one day."""

    at: datetime
    who: str
    purpose: Any
    times: int


def viewers(pk: int, *, limit: int = 100) -> list[Viewed]:
    """Who looked at a resident and why, newest first: for the clerk's card, and for the resident."""
    looks = AuditEntry.objects.filter(operation="audit.view", subject_type="resident", subject_id=str(pk))
    found: list[Viewed] = []
    for entry in looks.order_by("-position")[:limit]:
        purpose = policies.PURPOSES.get(entry.purpose, entry.purpose)
        last = found[-1] if found else None
        same_day = last is not None and timezone.localdate(last.at) == timezone.localdate(entry.at)
        if last is not None and same_day and (last.who, last.purpose) == (entry.actor_label, purpose):
            found[-1] = Viewed(last.at, last.who, last.purpose, last.times + 1)
        else:
            found.append(Viewed(entry.at, entry.actor_label, purpose, 1))
    return found


def age(born_on: date, on: date | None = None) -> int:
    """Whole years."""
    day = on or today()
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def card(actor: Actor, resident: Resident) -> Card:
    """What this actor may see of a resident. Recording the view is the caller's business."""
    permitted = policies.fields_for(actor)
    facts = {
        "name": resident.name,
        "sex": references.SEXES.get(resident.sex, resident.sex),
        "age": age(resident.born_on),
        "street": resident.street,
        "region": regions.label(resident.region.code),
        "relation": references.RELATIONS.get(resident.relation, ""),
        "status": STATUS_LABELS[resident.status],
        "nik": resident.nik,
        "kk": resident.family.kk if resident.family else "",
        "born_on": resident.born_on,
        "born_in": resident.born_in,
        "religion": references.RELIGIONS.get(resident.religion, ""),
        "marriage": references.MARRIAGES.get(resident.marriage, ""),
        "education": references.EDUCATIONS.get(resident.education, ""),
        "occupation": references.OCCUPATIONS.get(resident.occupation, ""),
        "blood": references.BLOOD.get(resident.blood, ""),
        "citizenship": references.CITIZENSHIPS.get(resident.citizenship, ""),
        "father": resident.father,
        "mother": resident.mother,
    }
    return Card(
        resident=resident.pk,
        nik=resident.nik if "nik" in permitted else masked(resident.nik),
        name=resident.name,
        ward=resident.ward_code,
        fictional=resident.fictional,
        status=resident.status,
        facts={key: value for key, value in facts.items() if key in permitted},
    )


_PERSONAL = (
    "kk", "born_on", "born_in", "religion", "marriage", "education", "occupation", "blood", "citizenship", "father", "mother",
)  # fmt: skip


def plain(actor: Actor, row: Row, *, on: date) -> dict[str, Any]:
    """The same for programs: codes as numbers, days as dates, regions as codes; what is not permitted is None. `on` is
    today in the city."""
    permitted = policies.fields_for(actor)
    told: dict[str, Any] = {
        "id": row.pk,
        "nik": row.nik if "nik" in permitted else masked(row.nik),
        "name": row.name,
        "sex": row.sex,
        "age": age(row.born_on, on),
        "region": row.region,
        "ward": row.ward_code,
        "street": row.street,
        "relation": row.relation,
        "status": row.status,
        "fictional": row.fictional,
        "merged_into": row.merged_into,
    }
    for field in _PERSONAL:
        told[field] = getattr(row, field) if field in permitted else None
    return told


def events_of(resident: Resident) -> list[CivilEvent]:
    return list(resident.events.order_by("-on", "-id"))


def open_corrections(actor: Actor) -> QuerySet[Correction]:
    """Those that wait, by the law's deadline, among residents whom this actor may know of."""
    limit = policies.within(actor)
    if limit is None:
        return Correction.objects.none()
    seen = Resident.objects.filter(limit)
    return Correction.objects.select_related("resident").filter(state=Correction.State.ASKED, resident__in=seen)


def decided_corrections(actor: Actor) -> QuerySet[Correction]:
    """Those that were answered, the last first."""
    limit = policies.within(actor)
    if limit is None:
        return Correction.objects.none()
    rows = Correction.objects.select_related("resident").exclude(state=Correction.State.ASKED)
    return rows.filter(resident__in=Resident.objects.filter(limit)).order_by("-decided_at")


def pairs() -> QuerySet[DuplicatePair]:
    related = [f"{side}__{name}" for side in ("first", "second") for name in ("family", "region")]
    return DuplicatePair.objects.select_related("first", "second", *related)


def open_pairs() -> QuerySet[DuplicatePair]:
    """Those to decide, the most alike first; none of an entry that leads to another already."""
    open_ones = pairs().filter(state=DuplicatePair.State.OPEN)
    return open_ones.exclude(first__status=Status.MERGED).exclude(second__status=Status.MERGED)


def decided_pairs() -> QuerySet[DuplicatePair]:
    return pairs().exclude(state=DuplicatePair.State.OPEN).order_by("-decided_at")


STATUS_LABELS = {
    "living": _("lives here"),
    "dead": _("has died"),
    "moved": _("has moved away"),
    "merged": _("registered twice; another entry counts"),
}
