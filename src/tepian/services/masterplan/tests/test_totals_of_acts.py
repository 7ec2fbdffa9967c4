"""Totals after anything that the plan's people do, in any order, are what a plain recomputation of the records gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tepian.kernel.actors import Conflict, Denied, Invalid

from .. import operations, queries, states
from ..models import Evidence, Part, Plan, Report, Revision, Target
from ..queries import rollup
from ..states import Quarter
from .draft import MACHINE, decide, new_draft, new_plan

pytestmark = pytest.mark.django_db
TODAY, AUTUMN = date(2026, 1, 20), date(2025, 10, 1)
LAST = Quarter(2025, 4)
TITLES = ("Layanan daring", "Loket bersama", "Pusat aduan")
ACTS = ("tell", "send", "planner", "plan_verifier", "return", "reopen")
acts = st.lists(
    st.tuples(
        st.sampled_from((*ACTS, "prove", "prove", "prove", "withdraw", "aim", "weigh", "remove", "hand over")),
        st.integers(0, len(TITLES) - 1),
        st.integers(1, 4),
        st.integers(0, 12).map(lambda quarters: quarters / 4),
    ),
    min_size=6,
    max_size=24,
)


class City:
    """One plan and the people who act on it."""

    def __init__(self, planner: Any, verifier: Any, clerks: dict[str, Any]) -> None:
        self.planner, self.verifier, self.clerks = planner, verifier, clerks
        self.plan = new_plan()
        revision = decide(new_draft(self.plan, *TITLES))
        self.keys = [revision.parts.get(title=title).key for title in TITLES]

    def revise(self, key: Any, **values: Any) -> Revision:
        draft = operations.start_revision(actor=MACHINE, plan=self.plan, reason="Putusan dewan.")
        row = queries.part_by(draft, key)
        if values:
            operations.change_part(actor=MACHINE, part=row, edits=row.edits, values=values)
        else:
            operations.remove_part(actor=MACHINE, part=row, edits=row.edits)
        return decide(draft, AUTUMN + timedelta(days=draft.number))  # each later than the one before

    def act(self, kind: str, key: Any, quarter: Quarter, value: float) -> None:
        report = Report.objects.filter(plan=self.plan, key=key, year=quarter.year, quarter=quarter.number).first()
        clerk = self.clerks[report.agency_code if report else "diskominfo"]
        match kind:
            case "tell":
                row = operations.start_report(actor=clerk, plan=self.plan, key=key, quarter=quarter)
                row = operations.save_report(
                    actor=clerk, report=row, revision=row.revision, value=value, obstacle="Cuaca."
                )
                operations.add_link(actor=clerk, report=row, url=f"https://contoh.example/{uuid4()}")
            case "prove":
                for step in ("tell", "send", "planner", "plan_verifier"):
                    self.act(step, key, quarter, value)
            case "aim":
                self.revise(key, targets={2025: value + 1, 2026: value + 2})
            case "weigh":
                self.revise(key, weight=quarter.number)
            case "remove":
                self.revise(key)
            case "hand over":
                operations.hand_over(
                    actor=self.planner, plan=self.plan, from_agency="diskominfo", to_agency="dishub", on=TODAY,
                    decision="Perda 1/2026", key=key,
                )  # fmt: skip
            case _ if report is not None:
                self.on_report(kind, report, clerk)

    def on_report(self, kind: str, report: Report, clerk: Any) -> None:
        match kind:
            case "send":
                operations.send_report(actor=clerk, report=report, revision=report.revision, confirmed=True)
            case "planner" | "plan_verifier":
                actor = self.planner if kind == "planner" else self.verifier
                operations.verify(
                    actor=actor, report=report, revision=report.revision, office=kind, verdict=states.ACCEPTED
                )
            case "return":
                operations.verify(
                    actor=self.verifier, report=report, revision=report.revision, office="plan_verifier",
                    verdict=states.SENT_BACK, text="Bukti belum cukup.",
                )  # fmt: skip
            case "reopen":
                operations.reopen_report(actor=self.planner, report=report, text="Ternyata belum selesai.")
            case "withdraw":
                if (found := Evidence.objects.filter(report=report, withdrawn_at=None).first()) is not None:
                    operations.withdraw_evidence(actor=clerk, evidence=found, reason="Salah unggah.")


def plainly(plan: Plan, only: tuple[str, ...]) -> tuple[float | None, int]:
    """(percent, actions) of 2025 straight from the records of the revision in force."""
    sums = weights = 0.0
    rows = Part.objects.filter(revision=queries.revision_on(plan, date(2025, 12, 31)), kind=states.ACTION)
    for row in rows:
        target = Target.objects.get(part=row, year=2025).value
        told = Report.objects.filter(plan=plan, key=row.key, year=2025, state__in=only).exclude(value=None)
        newest = told.order_by("quarter").last()
        reached = 100 * newest.value / target if newest is not None else 0
        sums += min(max(reached, 0), 100) * row.weight
        weights += row.weight
    return (sums / weights if weights else None), len(rows)


def test_totals_agree_after_any_acts(
    contoh: Any, actor_with: Callable[..., Any], planner: Any, verifier: Any, the_net: dict[str, str],
    on_day: Callable[[date], None],
) -> None:  # fmt: skip
    on_day(TODAY)
    clerks = {
        agency: actor_with("plan_reporter", scope="agency", code=agency, username=f"lapor-{agency}")
        for agency in ("diskominfo", "dishub")
    }
    done: Counter[str] = Counter()
    proven: list[float] = []

    @example([
        ("prove", 0, 1, 0.5), ("prove", 1, 2, 1.0), ("prove", 1, 4, 2.0), ("reopen", 0, 1, 0), ("withdraw", 1, 2, 0),
        ("aim", 1, 1, 3.0), ("weigh", 0, 3, 0), ("remove", 2, 1, 0), ("hand over", 0, 1, 0), ("prove", 0, 3, 0.75),
    ])  # fmt: skip
    @given(acts)
    @settings(
        max_examples=12, database=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck)
    )
    def whatever_happens(chosen: list[tuple[str, int, int, float]]) -> None:
        with transaction.atomic():
            city = City(planner, verifier, clerks)
            for kind, which, number, value in chosen:
                try:
                    with transaction.atomic():
                        city.act(kind, city.keys[which], Quarter(2025, number), value)
                except (Invalid, Conflict, Denied):
                    continue
                done[kind] += 1
            rows = rollup.standings(city.plan, LAST, on=TODAY)
            whole = rollup.total(rows)
            proven.append(whole.verified or 0)
            for which, only in (("verified", (states.VERIFIED,)), ("claimed", (states.SENT, states.VERIFIED))):
                percent, actions = plainly(city.plan, only)
                assert getattr(whole, which) == (None if percent is None else pytest.approx(percent))
                assert whole.actions == len(rows) == actions
            for level in (rollup.DIMENSION, rollup.PROGRAMME, rollup.AGENCY):
                groups = rollup.by(rows, level).values()
                assert sum(each.actions for each in groups) == whole.actions
                assert sum(each.weight for each in groups) == whole.weight
                mean = states.mean((each.weight, each.verified) for each in groups if each.weight)
                assert mean == (None if whole.verified is None else pytest.approx(whole.verified))
            transaction.set_rollback(True)

    whatever_happens()
    assert not {"prove", "reopen", "withdraw", "aim", "remove", "hand over"} - set(done), done
    assert max(proven) > 0
