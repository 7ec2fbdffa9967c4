"""Two revisions of 20 years × 500 actions, of which every tenth differs. Prints medians in milliseconds."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")


def main() -> None:
    import django

    django.setup()
    from django.db import connection

    from bench.harness import interleave
    from bench.peers.plan_of_twenty_years import plant
    from tepian.kernel.actors import system
    from tepian.services.masterplan import operations
    from tepian.services.masterplan.models import Part, Plan, Target
    from tepian.services.masterplan.queries.differences import Difference, as_json, difference, tree_of

    plant(reports=False)
    plan = Plan.objects.get(code="bench")
    first = plan.revisions.get(number=1)
    second = operations.start_revision(actor=system("bench"), plan=plan, reason="bench")
    changed = Part.objects.filter(revision=second, kind="action").order_by("pk").values_list("pk", flat=True)[::10]
    Target.objects.filter(part__in=list(changed)).update(value=120)

    def bare() -> object:
        rows = "JOIN masterplan_part p ON p.id = x.part_id WHERE p.revision_id IN (%s, %s)"
        both = [first.pk, second.pk]
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, weight, title, agency_code FROM masterplan_part WHERE revision_id IN (%s, %s) UNION ALL "
                f"SELECT x.part_id, x.year, CAST(x.value AS TEXT), '' FROM masterplan_target x {rows} UNION ALL "
                f"SELECT x.part_id, x.year, CAST(x.amount AS TEXT), x.source FROM masterplan_money x {rows}",
                [*both, *both, *both],
            )
            return cursor.fetchall()

    def compared() -> Difference:
        return difference(tree_of(first), tree_of(second))

    found = difference(tree_of(first), tree_of(second))
    if len(found.changes) != 50:
        raise AssertionError(len(found.changes))

    def milliseconds(act: Callable[[], object]) -> Callable[[], float]:
        def once() -> float:
            start = time.perf_counter()
            act()
            return 1000 * (time.perf_counter() - start)

        return once

    sides = (compared, lambda: as_json(compared(), plan), bare)
    print(*interleave(*(milliseconds(each) for each in sides)))


if __name__ == "__main__":
    main()
