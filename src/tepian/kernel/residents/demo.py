"""For trying out: a few hundred people of the generator in the wards that somebody looks after, some of them registered
twice, and a correction that waits. Nobody in it exists, and pages say so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import islice

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import current_city, today
from tepian.kernel.organisations.models import Position
from tepian.kernel.regions import queries as regions

from . import duplicates, generator, loading, operations, policies
from .models import Resident
from .numbers import compose_nik
from .references import CHILD

SEED = 7
TWICE = 4


def make_residents(*, actor: Actor, count: int = 360) -> int:
    """Make them once; a register that has somebody in it is left alone. Returns how many."""
    places = _places()
    if Resident.objects.exists() or not places:
        return 0
    people = list(generator.city(count, SEED, places, town=current_city().name, today=today()))
    people += list(islice(_again(people), TWICE))
    done = loading.load(actor=actor, rows=enumerate(map(asdict, people), 2), fictional=True)
    operations.note_duplicates(actor=actor, pairs=duplicates.recent())
    if (child := Resident.objects.filter(relation=CHILD).order_by("pk").first()) is not None:
        operations.ask_correction(
            actor=actor, resident=child, field="mother", wanted="Siti Aminatun", reason="Akta kelahiran 0001"
        )
    return done.created


def _places() -> list[str]:
    """RTs of the wards that positions look after, else of the first three wards; wards where no RT is known."""
    day = today()
    known = {region.code for region in regions.of_level("ward", day)}
    grants = [grant for position in Position.objects.order_by("code") for grant in position.grants or []]
    looked_after = {str(grant.get("code", "")) for grant in grants if grant.get("role") in policies.READERS}
    wards = sorted(known & looked_after) or sorted(known)[:3]
    units = [region.code for region in regions.of_level("neighbourhood", day)]
    return [code for ward in wards for code in ([unit for unit in units if unit.startswith(f"{ward}.")] or [ward])]


def _again(people: list[generator.Person]) -> Iterator[generator.Person]:
    """Some of them once more as another office wrote them: the name as it sounds, day and month swapped."""
    for serial, person in enumerate(people, 9001):
        first, *rest = person.name.split()
        if not rest or not person.mother or person.born_on.day > 12 or person.born_on.day == person.born_on.month:
            continue
        born = person.born_on.replace(month=person.born_on.day, day=person.born_on.month)
        if born <= today():
            nik = compose_nik(generator.ELSEWHERE[0], person.sex, born, serial)
            yield replace(person, nik=nik, kk="", name=" ".join([*rest, first]), born_on=born)
