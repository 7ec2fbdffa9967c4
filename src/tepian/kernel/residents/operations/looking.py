"""Looking somebody up. Every look is recorded before anything is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Denied, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.events import look, record_view, record_views

from .. import pace, policies, queries, search
from ..models import CivilEvent, Correction, Residence, Resident
from ..numbers import read_kk, read_nik
from .writing import home

MOST_FOUND = 20


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
    seen = looked_up([Asked(actor, nik, purpose)])[0]
    if seen.row is None:
        raise seen.refused or queries.nobody()
    return queries.card(actor, queries.by_id(actor, seen.row.pk))


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
    row: queries.Row | None = None
    refused: Exception | None = None


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
        if row is None or not policies.knows(each.actor, ward=row.ward_code, region=row.region):
            pace.missed(each.actor)
            looks.append(look(each.actor, "resident", "", each.purpose, found=0))
            answers.append(Seen(each, refused=queries.nobody()))
        else:
            looks.append(look(each.actor, "resident", row.pk, each.purpose))
            answers.append(Seen(each, row=row))
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


@dataclass(frozen=True, slots=True)
class Person:
    """Everything that a card shows of one person, as far as the actor may see it."""

    resident: Resident
    card: queries.Card
    family: list[queries.Card]
    residences: list[Residence]
    events: list[CivilEvent]
    corrections: list[Correction]
    viewers: list[queries.Viewed]


def open_card(*, actor: Actor, resident: int, purpose: str) -> Person:
    """One person with the family, the addresses, what happened, and who looked. The person's look and those at the
    family are recorded. Raises `NotFound`."""
    policies.may_look(actor)
    checked_purpose(purpose)
    pace.before_look(actor)
    row = queries.by_id(actor, resident)
    members = queries.members(actor, row.family.kk) if row.family else []
    members = [member for member in members if member.pk != row.pk]
    viewers = queries.viewers(row.pk)
    record_views(
        [
            look(actor, "resident", row.pk, purpose),
            *(look(actor, "resident", member.pk, purpose, family=True) for member in members),
        ]
    )
    full = "kk" in policies.fields_for(actor)
    return Person(
        resident=row,
        card=queries.card(actor, row),
        family=[queries.card(actor, member) for member in members],
        residences=list(row.residences.select_related("region").order_by("-since", "-id")) if full else [],
        events=queries.events_of(row) if full else [],
        corrections=list(row.corrections.order_by("-asked_at")[:20]) if full else [],
        viewers=viewers,
    )


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
