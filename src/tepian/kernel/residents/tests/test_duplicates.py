"""Who may be in the register twice, why, and what becomes of a decision; and what is forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tepian.kernel.actors import Conflict, Denied, Invalid
from tepian.kernel.catalogue.models import CitySetting
from tepian.kernel.events.models import OutboxEvent

from .. import duplicates, jobs, operations, queries
from ..duplicates import Entry, compare
from ..models import Correction, DuplicatePair, Resident
from .test_register import REGISTRY, somebody

BORN = date(1990, 1, 5)
ONE = Entry(1, "siti aminah", "P", BORN, "Aminah", "Budi", 7, "Jl. Anggrek 1", "99.01.01.1001")
TWO = replace(ONE, pk=2, family=8, street="Jl. Mawar 9", father="")


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({}, {"same_name", "same_birth", "mother"}),
        ({"folded": "aminah siti"}, {"similar_name", "same_birth", "mother"}),
        ({"folded": "sti aminnah", "born_on": date(1990, 5, 1)}, {"similar_name", "swapped_birth", "mother"}),
        ({"born_on": date(1991, 1, 5), "mother": "", "father": "Budi"}, {"same_name", "digit_birth", "father"}),
        ({"mother": "", "street": "jl. anggrek 1"}, {"same_name", "same_birth", "street"}),
        ({"family": 7}, {"same_name", "same_birth", "mother", "family", "twins"}),
        ({"mother": ""}, {"same_name", "same_birth"}),
        ({"mother": "Fatimah"}, None),
        ({"sex": "L"}, None),
        ({"folded": "dewi lestari"}, None),
        ({"born_on": date(1960, 7, 9)}, None),
        ({"mother": "", "born_on": date(1990, 5, 1)}, None),
    ],
)
def test_why_two_look_alike(changes: dict[str, Any], reasons: set[str] | None) -> None:
    other = replace(TWO, **changes)
    pair = compare(ONE, other)
    assert (set(pair.reasons) if pair else None) == reasons
    assert pair == compare(other, ONE), "whoever comes first"
    if pair:
        assert 0.5 < pair.score <= 1 and set(pair.reasons) <= set(duplicates.REASONS)


@pytest.mark.django_db
@pytest.mark.usefixtures("contoh")
class TestRegister:
    def pair(self) -> DuplicatePair:
        somebody(1, mother="Aminah")
        somebody(2, name="Sti Aminah", mother="Aminah")
        somebody(3, name="Budi Santoso", mother="Aminah")
        assert jobs.compare() == 1
        return DuplicatePair.objects.get()

    def test_the_whole_register_and_the_night_find_the_same_once(self) -> None:
        pair = self.pair()
        assert jobs.compare() == 0
        assert [(pair.first_id, pair.second_id)] == [
            (each.first, each.second) for some in duplicates.everywhere() for each in some
        ]
        assert [row.pk for row in queries.open_pairs()] == [pair.pk]

    def test_one_person_is_told_to_others_and_can_be_taken_back(self, actor_with: Any) -> None:
        pair = self.pair()
        with pytest.raises(Denied):
            operations.decide_duplicate(
                actor=actor_with("ward_clerk"), pair=pair, same=True, kept=pair.first_id, why="x"
            )
        with pytest.raises(Invalid):
            operations.decide_duplicate(actor=REGISTRY, pair=pair, same=True, kept=Resident.objects.last().pk, why="x")  # type: ignore[union-attr]
        decided = operations.decide_duplicate(
            actor=actor_with("registrar"), pair=pair, same=True, kept=pair.first_id, why="Akta sama"
        )
        event = OutboxEvent.objects.get(type="residents.resident_merged.v1")
        assert (event.subject, event.data["into"]) == (f"resident/{pair.second_id}", pair.first_id)
        other = Resident.objects.get(pk=pair.second_id)
        assert [row.kind for row in queries.events_of(other)] == ["merge"] and other.residences.count() == 1
        with pytest.raises(Conflict):
            operations.decide_duplicate(actor=REGISTRY, pair=pair, same=False, why="x")
        with pytest.raises(Conflict) as refused:
            operations.record_death(actor=REGISTRY, resident=other, on=BORN, basis="x")
        assert refused.value.code == "merged"
        operations.reopen_duplicate(actor=REGISTRY, pair=decided, why="Kembar", revision=decided.revision)
        assert OutboxEvent.objects.filter(type="residents.resident_parted.v1").count() == 1
        assert Resident.objects.filter(status="living", merged_into=None).count() == 3

    def test_an_entry_leads_to_one_other_only(self) -> None:
        self.pair()
        somebody(4, name="Siti Aminah", mother="Aminah")
        jobs.compare()
        first, *others = sorted(queries.open_pairs(), key=lambda row: row.pk)
        operations.decide_duplicate(actor=REGISTRY, pair=first, same=True, kept=first.first_id, why="x")
        left = list(queries.open_pairs())
        assert len(others) == 2 and len(left) == 1, "pairs with an entry that leads elsewhere are no question any more"
        (gone,) = [row for row in others if row not in left]
        with pytest.raises(Conflict) as refused:
            operations.decide_duplicate(actor=REGISTRY, pair=gone, same=True, kept=gone.second_id, why="x")
        assert refused.value.code == "merged"

    def test_words_of_old_decisions_are_forgotten_after_the_city_s_days(self) -> None:
        pair = self.pair()
        operations.decide_duplicate(actor=REGISTRY, pair=pair, same=False, why="Kembar")
        for field, wanted in (("mother", "Siti"), ("father", "Adi")):
            operations.ask_correction(actor=REGISTRY, resident=pair.first, field=field, wanted=wanted, reason="Akta 12")
        decided, waits = Correction.objects.order_by("pk")
        operations.decide_correction(actor=REGISTRY, correction=decided, accept=False, answer="Bukti kurang")
        assert jobs.forget() == (0, 0)
        CitySetting.objects.create(key="resident_correction_days", value=30)
        CitySetting.objects.create(key="resident_pair_days", value=30)
        from tepian.kernel.catalogue.versions import touch

        touch("city")
        ago = timezone.now() - timedelta(days=31)
        Correction.objects.update(decided_at=ago)
        DuplicatePair.objects.update(decided_at=ago)
        assert jobs.forget() == (1, 1) and jobs.forget() == (0, 0)
        decided.refresh_from_db()
        waits.refresh_from_db()
        assert (decided.wanted, decided.reason, decided.answer, decided.state) == ("", "", "", "refused")
        assert waits.reason == "Akta 12", "what waits is not forgotten"
        assert DuplicatePair.objects.get().why == ""
