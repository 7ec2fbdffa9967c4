"""A made-up city: families with plausible ages, sizes, names and numbers. Nobody in it exists.

Shares by age follow the shape of Indonesian cities (a quarter under fifteen, about seven in a hundred over sixty-five);
families have three or four members in the mean; every tenth name has one word; NIKs name the district of the first
registration, which for a quarter is another city's. The same seed makes the same city."""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from .numbers import FEMALE, MALE, compose_nik
from .references import CHILD, HEAD, PARENT, WIFE

ELSEWHERE = ("99.91.01", "99.91.02", "99.92.01", "99.93.04")  # districts of cities that do not exist

WORDS: dict[str, list[str]] = tomllib.loads((Path(__file__).parent / "made_up.toml").read_text(encoding="utf-8"))
MEN, WOMEN, LAST, STREETS = (WORDS[key] for key in ("men", "women", "last", "streets"))


@dataclass(frozen=True, slots=True)
class Person:
    """One row of the register; `region` is a code, the rest as in `models.Resident`."""

    kk: str
    nik: str
    name: str
    sex: str
    born_on: date
    born_in: str
    relation: int
    religion: int
    marriage: int
    education: int
    occupation: int
    blood: int
    father: str
    mother: str
    region: str
    street: str


def city(count: int, seed: int, regions: Sequence[str], *, town: str, today: date) -> Iterator[Person]:
    """`count` people in families, spread over `regions` (codes of wards or RTs). `town` is what most give as their place
    of birth."""
    chance = random.Random(seed)  # noqa: S311 - the same seed makes the same city; nothing secret hangs on it
    serials, cards, made = Counter[tuple[str, str, date]](), Counter[tuple[str, date]](), 0
    if not regions:
        raise ValueError("a city needs regions to live in")
    while made < count:
        for person in _family(chance, chance.choice(regions), serials, cards, town, today):
            if made == count:
                return
            made += 1
            yield person


def _family(chance: random.Random, region: str, serials: Counter[tuple[str, str, date]],
            cards: Counter[tuple[str, date]], town: str, today: date) -> Iterator[Person]:  # fmt: skip
    district = ".".join(region.split(".")[:3])
    recorded = today - timedelta(days=chance.randrange(1, 20 * 365))
    cards[district, recorded] += 1
    kk = f"{district.replace('.', '')}{recorded:%d%m%y}{cards[district, recorded]:04d}"
    street = f"Jl. {chance.choice(STREETS)} No. {chance.randrange(1, 180)}"
    religion = chance.choices((1, 2, 3, 4, 5, 6, 7), (860, 80, 35, 10, 12, 2, 1))[0]
    grown = int(min(88.0, 22 + chance.gammavariate(2.6, 9.5)))
    father_name, mother_name = _name(chance, MALE), _name(chance, FEMALE)
    single = chance.random() < 0.13
    head_sex = chance.choice((MALE, FEMALE)) if single else MALE
    parents = (_name(chance, MALE), _name(chance, FEMALE))

    def person(name: str, sex: str, age: int, relation: int, father: str, mother: str, married: int) -> Person:
        born_on = _born(chance, age, today)
        home = district if chance.random() < 0.75 else chance.choice(ELSEWHERE)
        serials[home, sex, born_on] += 1
        return Person(
            kk=kk, nik=compose_nik(home, sex, born_on, serials[home, sex, born_on]), name=name, sex=sex, born_on=born_on,
            born_in=town if home == district else "Kota Lain", relation=relation, religion=religion, marriage=married,
            education=_education(chance, age), occupation=_occupation(chance, age, sex), blood=chance.choices(
                (1, 2, 3, 4, 13), (24, 27, 7, 37, 5))[0], father=father, mother=mother, region=region, street=street,
        )  # fmt: skip

    head_name = mother_name if head_sex == FEMALE else father_name
    head_married = chance.choice((1, 3, 4)) if single else 2
    yield person(head_name, head_sex, grown, HEAD, *parents, head_married)
    if not single:
        wife_age = max(18, grown - chance.randrange(0, 8))
        yield person(mother_name, FEMALE, wife_age, WIFE, _name(chance, MALE), _name(chance, FEMALE), 2)
        eldest = min(wife_age - 19, 27)
        for _child in range(chance.choices((0, 1, 2, 3, 4, 5), (12, 27, 32, 19, 7, 3))[0] if eldest >= 0 else 0):
            sex = chance.choice((MALE, FEMALE))
            yield person(_name(chance, sex), sex, chance.randint(0, eldest), CHILD, father_name, mother_name, 1)
    if chance.random() < 0.07:
        sex = chance.choice((MALE, FEMALE))
        yield person(_name(chance, sex), sex, min(99, grown + chance.randrange(20, 32)), PARENT, _name(chance, MALE),
                     _name(chance, FEMALE), chance.choice((2, 4)))  # fmt: skip


def _born(chance: random.Random, age: int, today: date) -> date:
    return today - timedelta(days=int(365.25 * age) + chance.randrange(1, 365))


def _name(chance: random.Random, sex: str) -> str:
    first = chance.choice(MEN if sex == MALE else WOMEN)
    length = chance.choices((1, 2, 3), (10, 62, 28))[0]
    if length == 1:
        return first
    if length == 2:
        return f"{first} {chance.choice(LAST)}"
    return f"{first} {chance.choice(MEN if sex == MALE else WOMEN)} {chance.choice(LAST)}"


def _education(chance: random.Random, age: int) -> int:
    if age < 7:
        return 1
    if age < 13:
        return 2
    if age < 16:
        return 3
    if age < 19:
        return 4
    return chance.choices((2, 3, 4, 5, 6, 7, 8, 9, 10), (5, 14, 15, 42, 1, 6, 15, 2, 0.2))[0]


def _occupation(chance: random.Random, age: int, sex: str) -> int:
    if age < 6:
        return 1
    if age < 20:
        return 3
    if age > 60:
        return chance.choice((4, 1, 2 if sex == FEMALE else 88))
    if sex == FEMALE and chance.random() < 0.45:
        return 2
    return chance.choice((1, 5, 8, 9, 11, 15, 15, 15, 19, 65, 81, 84, 88, 88))
