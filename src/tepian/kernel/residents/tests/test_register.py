"""The register: what a clerk may know, what happens to people, and what is recorded of every look."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tepian.kernel.actors import Conflict, Denied, Invalid, NotFound, system
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue.city import today
from tepian.kernel.events.models import OutboxEvent

from .. import operations, queries
from ..models import CivilEvent, Resident
from ..numbers import compose_nik

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]
RIVERSIDE, HILLTOP = "99.01.01.1001.RT001", "99.01.01.1002.RT001"
REGISTRY = system("tests")


def somebody(serial: int = 1, region: str = RIVERSIDE, **facts: Any) -> Resident:
    born = facts.pop("born_on", date(1990, 1, 5))
    given = {"name": "Siti Aminah", "sex": "P", "born_on": born, "street": "Jl. Anggrek 1", "religion": 1} | facts
    given["nik"] = compose_nik("99.01.01", given["sex"], born, serial)
    return operations.register_resident(actor=REGISTRY, facts=given, region=region, kk=f"990101010120{serial:04d}")


def test_a_clerk_finds_residents_of_the_own_ward_with_a_purpose(actor_with: Any) -> None:
    found = somebody()
    clerk = actor_with("ward_clerk", scope="region", code="99.01.01.1001")
    card = operations.look_up(actor=clerk, nik=found.nik, purpose="letter")
    assert card.name == "Siti Aminah" and card.facts["kk"] == "9901010101200001" and card.nik == found.nik
    entry = AuditEntry.objects.order_by("-position").first()
    assert entry is not None and (entry.subject_type, entry.subject_id, entry.purpose) == (
        "resident",
        str(found.pk),
        "letter",
    )
    assert found.nik not in str(entry.details), "the record of looks holds no NIK"


def test_another_ward_is_as_if_it_did_not_exist(actor_with: Any) -> None:
    found = somebody(region=HILLTOP)
    clerk = actor_with("ward_clerk", scope="region", code="99.01.01.1001")
    with pytest.raises(NotFound) as elsewhere:
        operations.look_up(actor=clerk, nik=found.nik, purpose="letter")
    with pytest.raises(NotFound) as nobody:
        operations.look_up(actor=clerk, nik=compose_nik("99.01.01", "P", date(1990, 1, 5), 99), purpose="letter")
    assert str(elsewhere.value.message) == str(nobody.value.message)
    assert operations.search_register(actor=clerk, name="Siti Aminah", purpose="letter") == []
    assert operations.search_register(actor=clerk, name="Siti Aminah", born_on=date(1990, 1, 5), purpose="letter") == []
    with pytest.raises(NotFound):
        queries.by_id(clerk, found.pk)


def test_looks_that_find_nobody_are_recorded_too(actor_with: Any) -> None:
    clerk = actor_with("ward_clerk", scope="region", code="99.01.01.1001")
    before = AuditEntry.objects.filter(operation="audit.view").count()
    with pytest.raises(NotFound):
        operations.look_up(actor=clerk, nik="9901014501900042", purpose="letter")
    assert AuditEntry.objects.filter(operation="audit.view").count() == before + 1


@pytest.mark.parametrize("purpose", ["", "because", "letter'--"])
def test_without_a_purpose_nothing_is_shown(actor_with: Any, purpose: str) -> None:
    found = somebody()
    with pytest.raises(Invalid) as refused:
        operations.look_up(actor=actor_with("registrar"), nik=found.nik, purpose=purpose)
    assert refused.value.code == "purpose_missing"


def test_who_has_no_such_task_sees_nobody(actor_with: Any) -> None:
    found = somebody()
    for actor in (actor_with("viewer"), actor_with("call_taker"), actor_with("administrator")):
        with pytest.raises(Denied):
            operations.look_up(actor=actor, nik=found.nik, purpose="letter")


def test_the_chair_of_a_neighbourhood_sees_no_numbers(actor_with: Any) -> None:
    found = somebody()
    chair = actor_with("neighbourhood_head", scope="region", code=RIVERSIDE)
    card = operations.look_up(actor=chair, nik=found.nik, purpose="letter")
    assert card.nik == "990101••••••0001" and "kk" not in card.facts and "religion" not in card.facts
    assert card.facts["age"] == queries.age(date(1990, 1, 5))
    with pytest.raises(NotFound):
        operations.look_up(actor=chair, nik=somebody(2, "99.01.01.1001.RT002").nik, purpose="letter")


@pytest.mark.parametrize(
    ("name", "born_on", "day"),
    [
        ("Siti Aminah", date(1990, 1, 5), "same"),
        ("Aminah Siti", date(1990, 1, 5), "same"),
        ("St. Aminah", date(1990, 5, 1), "swapped"),
        ("siti aminnah", date(1991, 1, 5), "digit"),
        ("SITI AMINAH", None, ""),
    ],
)
def test_a_name_is_found_however_it_is_written(name: str, born_on: date | None, day: str) -> None:
    wanted = somebody()
    somebody(2, name="Budi Santoso", sex="L", born_on=date(1971, 7, 7))
    found = operations.search_register(actor=REGISTRY, name=name, born_on=born_on, purpose="registry")
    assert found and found[0][0].resident == wanted.pk and found[0][0].day == day


def test_names_of_one_word_and_of_eighty_letters() -> None:
    one = somebody(1, name="Suharto", sex="L")
    long = somebody(2, name="Raden " + "Aji" * 24 + " Kusuma", sex="L")
    quoted = somebody(3, name="O'Neil", sex="L")
    for name, who in (("soeharto", one), (long.name, long), ("ONeil", quoted)):
        assert operations.search_register(actor=REGISTRY, name=name, purpose="registry")[0][0].resident == who.pk


def test_a_nik_is_registered_once() -> None:
    somebody()
    with pytest.raises(Conflict) as refused:
        somebody()
    assert refused.value.code == "nik_taken"


def test_only_the_registry_writes(actor_with: Any) -> None:
    clerk = actor_with("ward_clerk", scope="region", code="99.01.01.1001")
    with pytest.raises(Denied):
        operations.register_resident(actor=clerk, facts={}, region=RIVERSIDE)
    with pytest.raises(Denied):
        operations.record_death(actor=clerk, resident=somebody(), on=today(), basis="x")


def test_a_death_is_written_once_and_told() -> None:
    found = somebody()
    operations.record_death(actor=REGISTRY, resident=found, on=today(), basis="474.3/12/2026")
    told = OutboxEvent.objects.filter(type="residents.resident_died.v1").get()
    assert told.data["ward"] == "99.01.01.1001" and found.nik not in str(told.data)
    with pytest.raises(Conflict):
        operations.record_death(actor=REGISTRY, resident=found, on=today(), basis="again")
    with pytest.raises(Conflict):
        operations.record_move(actor=REGISTRY, resident=found, on=today(), basis="x", elsewhere="Kota Lain")
    with pytest.raises(Invalid):
        operations.record_death(actor=REGISTRY, resident=somebody(2), on=today() + timedelta(days=1), basis="x")


def test_a_move_keeps_the_addresses_of_before() -> None:
    found = somebody()
    moved = operations.record_move(
        actor=REGISTRY, resident=found, on=today(), basis="475/1", region=HILLTOP, street="Jl. Mawar 2"
    )
    assert (moved.ward_code, moved.street) == ("99.01.01.1002", "Jl. Mawar 2")
    assert [(row.street, row.until) for row in moved.residences.all()] == [
        ("Jl. Anggrek 1", today() - timedelta(days=1)),
        ("Jl. Mawar 2", None),
    ]
    gone = operations.record_move(actor=REGISTRY, resident=moved, on=today(), basis="475/2", elsewhere="Kota Lain")
    assert gone.status == "moved"
    back = operations.record_move(
        actor=REGISTRY, resident=gone, on=today(), basis="475/3", region=RIVERSIDE, street="Jl. 3"
    )
    assert back.status == "living" and [each.kind for each in queries.events_of(back)] == [
        "move_in",
        "move_out",
        "move_within",
    ]


def test_two_people_write_one_person_and_the_slower_is_told() -> None:
    found = somebody()
    operations.record_move(
        actor=REGISTRY, resident=found, on=today(), basis="1", region=HILLTOP, street="Jl. 2", revision=found.revision
    )
    with pytest.raises(Conflict):
        operations.record_death(actor=REGISTRY, resident=found, on=today(), basis="2", revision=found.revision)


def test_a_correction_has_the_laws_clock_and_is_found_under_the_new_name(actor_with: Any) -> None:
    found = somebody()
    clerk = actor_with("ward_clerk", scope="region", code="99.01.01.1001")
    asked = operations.ask_correction(
        actor=clerk, resident=found, field="name", wanted="Siti Aminatun", reason="Salah ketik"
    )
    assert asked.due_at - asked.asked_at == timedelta(hours=72)
    assert list(queries.open_corrections(clerk)) == [asked]
    assert list(queries.open_corrections(actor_with("ward_clerk", scope="region", code="99.01.01.1002"))) == []
    with pytest.raises(Denied):
        operations.decide_correction(actor=clerk, correction=asked, accept=True, answer="")
    operations.decide_correction(actor=actor_with("registrar"), correction=asked, accept=True, answer="")
    assert operations.search_register(actor=REGISTRY, name="siti aminatun", purpose="registry")[0][0].score == 1.0
    assert CivilEvent.objects.filter(resident=found, kind="correction").count() == 1
    with pytest.raises(Conflict):
        operations.decide_correction(actor=actor_with("registrar"), correction=asked, accept=False, answer="x")


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"sex": "X"}, "sex"),
        ({"born_on": date(2999, 1, 1)}, "born_on"),
        ({"religion": 99}, "religion"),
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field(facts: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        operations.checked(facts, on=today())
    assert refused.value.field == field
