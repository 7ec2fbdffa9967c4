"""From the plan's own verbs to its totals: decided, reported for four quarters, revised, handed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tepian.kernel.actors import Invalid

from .. import operations, queries, states
from ..queries import reporting as reports
from ..queries import rollup
from ..states import Quarter
from .draft import MACHINE, decide, new_draft, new_plan

pytestmark = pytest.mark.django_db


def test_a_year_of_a_plan(
    contoh: Any, actor_with: Callable[..., Any], planner: Any, verifier: Any, the_net: dict[str, str],
    on_day: Callable[[date], None],
) -> None:  # fmt: skip
    on_day(date(2025, 1, 2))
    plan = new_plan()
    first = decide(new_draft(plan, "Layanan daring", "Loket bersama"))
    online, counter = (first.parts.get(title=title).key for title in ("Layanan daring", "Loket bersama"))
    clerk = actor_with("plan_reporter", scope="agency", code="diskominfo", username="lapor")

    def tell(key: Any, quarter: Quarter, value: float) -> None:
        row = operations.start_report(actor=clerk, plan=plan, key=key, quarter=quarter)
        row = operations.save_report(actor=clerk, report=row, revision=row.revision, value=value)
        operations.add_link(actor=clerk, report=row, url=f"https://contoh.id/{quarter}")
        row = operations.send_report(actor=clerk, report=row, revision=row.revision)
        for actor, office in ((planner, "planner"), (verifier, "plan_verifier")):
            operations.verify(actor=actor, report=row, revision=row.revision, office=office, verdict="accepted")

    for number, day in ((1, date(2025, 4, 5)), (2, date(2025, 7, 5)), (3, date(2025, 10, 5)), (4, date(2026, 1, 5))):
        on_day(day)
        tell(online, Quarter(2025, number), number / 4)
    on_day(date(2026, 1, 20))
    rows = rollup.standings(plan, Quarter(2025, 4))
    assert {row.key: (row.verified_percent, row.status) for row in rows} == {
        online: (100, rollup.ON_TRACK), counter: (None, rollup.LATE),
    }  # fmt: skip
    assert rollup.total(rows).verified == 50  # the one that never reported counts 0
    line = rollup.history(plan, rollup.quarters_of(plan, Quarter(2025, 4)))
    assert [total.verified for _quarter, total in line] == [12.5, 25, 37.5, 50]

    second = operations.start_revision(actor=MACHINE, plan=plan, reason="Layanan pindah ke pusat.")
    gone = queries.part_by(second, online)
    operations.remove_part(actor=MACHINE, part=gone, edits=gone.edits)
    decide(second, date(2026, 1, 20))
    assert [row.key for row in rollup.standings(plan, Quarter(2026, 1))] == [counter]
    assert [row.key for row in rollup.standings(plan, Quarter(2025, 4))] == [online, counter]  # as it was
    assert reports.reports_of(plan, online).count() == 4 and reports.action_of(plan, online).title == "Layanan daring"
    with pytest.raises(Invalid):
        operations.start_report(actor=clerk, plan=plan, key=online, quarter=Quarter(2026, 1))

    operations.hand_over(
        actor=planner,
        plan=plan,
        from_agency="diskominfo",
        to_agency="dishub",
        on=date(2026, 1, 20),
        decision="Perda 1/2026",
    )
    (row,) = rollup.standings(plan, Quarter(2026, 1))
    assert row.agency == "dishub" and row.status in (rollup.STALE, rollup.LATE)
    assert set(reports.reports_of(plan, online).values_list("agency_code", "state")) == {
        ("diskominfo", states.VERIFIED)
    }
