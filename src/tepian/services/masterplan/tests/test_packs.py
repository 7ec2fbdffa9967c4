"""The plan that a city pack brings."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tepian.kernel.catalogue.packs import CityPack, find_pack, load_pack
from tepian.kernel.events.models import OutboxEvent

from .. import operations, queries, states
from ..contributions import PLAN_KEYS, check_plans
from ..models import Plan
from ..queries.differences import tree_of
from ..queries.missing import problems
from .draft import MACHINE

pytestmark = pytest.mark.django_db


@pytest.fixture
def pack() -> CityPack:
    return CityPack(find_pack("contoh"))


@pytest.fixture(autouse=True)
def loaded(contoh: Any) -> None:
    load_pack(find_pack("contoh"), MACHINE)


def test_it_is_loaded_through_the_verbs_and_says_that_it_is_made_up() -> None:
    plan = Plan.objects.get(code="contoh-2021")
    revision = plan.revisions.get()
    assert (plan.simulated, revision.state) == (True, states.IN_FORCE)
    assert revision.parts.filter(kind=states.ACTION).count() == 31
    assert len(set(revision.parts.filter(kind=states.ACTION).values_list("dimension", flat=True))) == 6
    assert [each for each in problems(revision) if not each.hint] == []
    warning = next(part for part in queries.parts(revision) if part.title == "Peringatan lewat telepon genggam")
    sensor = revision.parts.get(title="Sensor muka air")
    assert warning.dependencies.get().on_key == sensor.key
    assert warning.agency_code == "diskominfo" and warning.parent.agency_code == "bpbd"
    assert revision.parts.get(title="Penataan pasar lama").money.get(year=2022, source="APBN").amount == 2_000_000_000
    assert OutboxEvent.objects.filter(type="masterplan.revision_in_force.v1", subject="plan/contoh-2021").exists()


def test_loaded_twice_it_is_the_same_and_what_people_changed_stays() -> None:
    plan = Plan.objects.get(code="contoh-2021")
    before = tree_of(plan.revisions.get())
    operations.change_plan(actor=MACHINE, plan=plan, values={"title": "Nama yang diubah orang"})
    assert load_pack(find_pack("contoh"), MACHINE).changes == 0
    plan.refresh_from_db()
    assert plan.title == "Nama yang diubah orang"
    assert tree_of(plan.revisions.get()) == before


def test_a_bad_plan_is_told_before_it_is_loaded(pack: CityPack, monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(check_plans(pack)) == []
    bad = copy.deepcopy(pack.tables("masterplan", "plan", PLAN_KEYS))
    action = bad[0]["goal"][0]["programme"][0]["action"][0]
    action |= {"agency": "nobody", "subdimension": "moon", "targets": [1] * 9, "waits_for": ["Sesuatu"]}
    real = CityPack.tables
    monkeypatch.setattr(
        CityPack,
        "tables",
        lambda self, name, key, required=(): bad if key == "plan" else real(self, name, key, required),
    )
    assert len(list(check_plans(pack))) == 4
    bad[0]["framework"] = "moon"
    assert len(list(check_plans(pack))) == 1
