"""The made-up city is plausible, the same for the same seed, and obeys the rules of its own numbers."""

from __future__ import annotations

from collections import Counter
from datetime import date

from ..generator import city
from ..numbers import mismatches, read_kk, read_nik
from ..references import BLOOD, EDUCATIONS, HEAD, MARRIAGES, OCCUPATIONS, RELATIONS, RELIGIONS, WIFE

TODAY = date(2026, 11, 27)
REGIONS = ["99.01.01.1001.RT001", "99.01.01.1002.RT001", "99.01.02.1001.RT003"]


def people(count: int = 6000, seed: int = 7) -> list:
    return list(city(count, seed, REGIONS, town="Kota Contoh", today=TODAY))


def test_the_same_seed_makes_the_same_city_and_another_seed_another() -> None:
    assert people(500) == people(500)
    assert people(500) != people(500, seed=8)
    assert people(100) == people(500)[:100], "a smaller city is the beginning of a larger one"


def test_numbers_are_unique_and_agree_with_the_person() -> None:
    found = people()
    assert len({person.nik for person in found}) == len(found) == 6000
    for person in found:
        nik = read_nik(person.nik, today=TODAY)
        assert mismatches(nik, sex=person.sex, born_on=person.born_on) == []
        read_kk(person.kk, today=TODAY)
    assert len({person.kk for person in found}) == sum(person.relation == HEAD for person in found)


def test_ages_families_and_names_are_plausible() -> None:
    found = people()
    ages = [TODAY.year - person.born_on.year for person in found]
    assert 0.18 < sum(age < 15 for age in ages) / len(ages) < 0.35
    assert 0.03 < sum(age >= 65 for age in ages) / len(ages) < 0.12
    sizes = Counter(person.kk for person in found).values()
    assert 2.8 < sum(sizes) / len(sizes) < 4.2
    assert 0.45 < sum(person.sex == "L" for person in found) / len(found) < 0.55
    assert 0.05 < sum(len(person.name.split()) == 1 for person in found) / len(found) < 0.15
    heads = {person.kk: person for person in found if person.relation == HEAD}
    for person in found:
        if person.relation == WIFE:
            assert TODAY.year - person.born_on.year >= 17 and heads[person.kk].marriage == 2


def test_every_code_is_one_of_the_registry() -> None:
    for person in people(2000):
        assert person.relation in RELATIONS and person.religion in RELIGIONS and person.marriage in MARRIAGES
        assert person.education in EDUCATIONS and person.occupation in OCCUPATIONS and person.blood in BLOOD
