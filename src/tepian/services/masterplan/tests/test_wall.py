"""The plan's numbers on the wall."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import translation

from tepian.kernel.catalogue.versions import touch

from .. import states
from ..models import Plan
from ..queries import rollup, wall
from ..queries.plan import TOPIC
from ..states import Quarter
from . import planted

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]


@pytest.fixture
def quarter() -> Quarter:
    return rollup.shown_quarter()


@pytest.fixture
def plan(quarter: Quarter) -> Plan:
    found, revision = planted.planted(first=quarter.year, last=quarter.year + 4)
    year, rows = quarter.year, []
    for code, agency in (("1", "pupr"), ("2", "dinkes"), ("3", "dinkes")):
        rows.append(
            planted.action(
                revision, code, targets={year: 10}, agency_code=agency, money={(year, states.APBD): 2_000_000_000},
                milestones={"Mulai": date(year, 1, 2)} if code == "1" else {},
            )
        )  # fmt: skip
    planted.report(found, rows[0], year, quarter.number, 10, "verified", spent=1_000_000_000)
    touch(TOPIC)
    return found


def test_the_wall_tells_proven_late_missing_and_money(plan: Plan) -> None:
    with translation.override("id"):
        proven, late, missing, money = wall.proven_tile(), wall.late_tile(), wall.missing_tile(), wall.money_tile()
    assert (proven.value, proven.unit) == ("33", "%")
    assert (late.value, late.level) == ("1", "siaga"), "a milestone has passed its day"
    assert missing.value == "2" and missing.detail == "Dinkes: 2", "the agency that owes most is named"
    assert (money.value, money.detail) == ("17", "dari Rp6 miliar")


def test_a_plan_that_is_a_demonstration_says_so(plan: Plan) -> None:
    Plan.objects.update(simulated=True)
    touch(TOPIC)
    with translation.override("id"):
        assert wall.late_tile().detail.startswith("PERAGAAN")


def test_without_a_plan_every_number_is_unknown_never_0() -> None:
    Plan.objects.all().delete()
    touch(TOPIC)
    tiles = [wall.proven_tile(), wall.late_tile(), wall.disagreeing_tile(), wall.money_tile()]
    assert [(tile.value, tile.level) for tile in tiles] == [(None, "unknown")] * 4


def test_a_changed_report_reaches_the_wall(plan: Plan, quarter: Quarter) -> None:
    assert wall.proven_tile().value == "33"
    planted.report(plan, plan.revisions.get().parts.get(code="2"), quarter.year, quarter.number, 10, "verified")
    touch(TOPIC)
    assert wall.proven_tile().value == "67"


def test_the_wall_of_the_plan_has_at_most_seven_numbers(as_role: Any, plan: Plan) -> None:
    page = as_role("planner").get("/dinding/rencana").content.decode()
    assert "Target terbukti" in page and "Aksi terlambat" in page
    assert 1 < page.count('class="tile ') <= 7
