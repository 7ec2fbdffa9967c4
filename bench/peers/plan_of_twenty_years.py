"""A plan of 20 years × 500 actions × quarterly reports, and what is asked of it. Prints medians in milliseconds."""

from __future__ import annotations

import os
import random
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")
FIRST, LAST, ACTIONS, ROUNDS = 2006, 2025, 500, 7
AGENCIES = [f"dinas-{number}" for number in range(30)]


def plant(*, reports: bool = True) -> None:
    from tepian.services.masterplan import states
    from tepian.services.masterplan.models import Framework, Milestone, Money, Part, Plan, Report, Revision, Target

    chance, now = random.Random(7), datetime(2026, 1, 1, tzinfo=UTC)
    framework = Framework.objects.create(code="bench", title="b", valid_from=date(2000, 1, 1))
    plan = Plan.objects.create(code="bench", title="b", first_year=FIRST, last_year=LAST, framework=framework)
    revision = Revision.objects.create(
        plan=plan, number=1, state=states.IN_FORCE, in_force_from=date(FIRST, 1, 1), created_by="b", created_at=now
    )

    def part(kind: str, code: str, parent: Part | None) -> Part:
        return Part(
            revision=revision, kind=kind, parent=parent, code=code, title=code, unit="unit", direction="up",
            dimension=f"d{chance.randrange(6)}", subdimension=f"s{chance.randrange(3)}",
            agency_code=chance.choice(AGENCIES), weight=1 + chance.randrange(3), rule=chance.choice(("last", "sum")),
        )  # fmt: skip

    goals = Part.objects.bulk_create(part(states.GOAL, f"{number}", None) for number in range(10))
    programmes = Part.objects.bulk_create(
        part(states.PROGRAMME, f"1.{number}", goals[number % 10]) for number in range(90)
    )
    actions = Part.objects.bulk_create(
        part(states.ACTION, f"1.1.{number}", programmes[number % 90]) for number in range(ACTIONS)
    )
    years = range(FIRST, LAST + 1)
    Target.objects.bulk_create((Target(part=each, year=year, value=100) for each in actions for year in years), 2000)
    Money.objects.bulk_create((Money(part=each, year=year, amount=10**9) for each in actions for year in years), 2000)
    Milestone.objects.bulk_create(
        (Milestone(part=each, key=uuid.uuid4(), title="m", due_on=date(2015, 6, 1)) for each in actions), 2000
    )
    if not reports:
        return
    Report.objects.bulk_create(
        (
            Report(
                plan=plan, key=each.key, agency_code=each.agency_code, year=year, quarter=quarter, state=states.VERIFIED,
                value=chance.random() * 100, spent=10**8, created_by="b", created_at=now, sent_at=now,
            )
            for each in actions for year in years for quarter in (1, 2, 3, 4)
        ),
        2000,
    )  # fmt: skip


def median(act: Callable[[], object]) -> float:
    act()
    times = []
    for _round in range(ROUNDS):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def main() -> None:
    import django

    django.setup()
    from django.db import connection

    from tepian.services.masterplan.models import Plan
    from tepian.services.masterplan.queries import rollup
    from tepian.services.masterplan.states import Quarter

    plant()
    plan, quarter, day = Plan.objects.get(code="bench"), Quarter(LAST, 4), date(2026, 1, 20)
    quarters = rollup.quarters_of(plan, quarter)
    bare_of_all = """
        SELECT r.year, r.quarter, p.dimension, COUNT(*), SUM(p.weight * r.value / t.value), SUM(p.weight), SUM(r.spent)
        FROM masterplan_report r JOIN masterplan_part p ON p.key = r.key
        JOIN masterplan_target t ON t.part_id = p.id AND t.year = r.year
        WHERE r.plan_id = %s AND p.kind = 'action' AND r.state = 'verified' {only} GROUP BY 1, 2, 3"""

    def bare(only: str) -> list[tuple[object, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(bare_of_all.format(only=only), [plan.pk])
            return cursor.fetchall()

    def levels() -> object:
        rows = rollup.standings(plan, quarter, on=day, computed=False)
        return rollup.total(rows), [
            rollup.by(rows, level) for level in ("dimension", "subdimension", "programme", "goal", "agency")
        ]

    print(
        median(levels),
        median(lambda: bare(f"AND r.year = {LAST} AND r.quarter <= 4")),
        median(lambda: rollup.history(plan, quarters, on=day)),
        median(lambda: bare("")),
    )


if __name__ == "__main__":
    main()
