"""A small plan made of rows, for tests of what is reported of it."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

from .. import states
from ..models import Framework, Milestone, Money, Part, Plan, Report, Revision, Target

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def planted(code: str = "kota-2025", first: int = 2025, last: int = 2029, **options: Any) -> tuple[Plan, Revision]:
    """A plan with one revision in force."""
    framework, _new = Framework.objects.get_or_create(
        code="tests",
        defaults={
            "title": "Uji",
            "valid_from": date(2017, 1, 1),
            "dimensions": [
                {"code": "living", "name": "Kehidupan", "name_en": "Living", "parts": [{"code": "a", "name": "A"}]},
                {"code": "economy", "name": "Ekonomi", "name_en": "Economy", "parts": []},
            ],
        },
    )
    plan = Plan.objects.create(
        code=code,
        title="Rencana kota",
        first_year=first,
        last_year=last,
        framework=framework,
        public_since=date(first, 1, 1),
        **options,
    )
    revision = Revision.objects.create(
        plan=plan,
        number=1,
        state=states.IN_FORCE,
        in_force_from=date(first, 1, 1),
        created_by="tests",
        created_at=MOMENT,
    )
    return plan, revision


def part(revision: Revision, code: str, kind: str = states.ACTION, parent: Part | None = None, **values: Any) -> Part:
    values = {"title": f"Aksi {code}", "position": Part.objects.count(), "dimension": "living"} | values
    return Part.objects.create(revision=revision, kind=kind, parent=parent, code=code, **values)


def action(
    revision: Revision,
    code: str,
    *,
    targets: dict[int, float] | None = None,
    money: dict[tuple[int, str], int] | None = None,
    milestones: dict[str, date] | None = None,
    parent: Part | None = None,
    **values: Any,
) -> Part:
    row = part(revision, code, parent=parent, **{"unit": "unit", "direction": "up", "agency_code": "pupr"} | values)
    Target.objects.bulk_create(Target(part=row, year=year, value=value) for year, value in (targets or {}).items())
    Money.objects.bulk_create(
        Money(part=row, year=year, source=source, amount=amount) for (year, source), amount in (money or {}).items()
    )
    Milestone.objects.bulk_create(
        Milestone(part=row, title=title, due_on=on) for title, on in (milestones or {}).items()
    )
    return row


def report(plan: Plan, of: Part | uuid.UUID, year: int, quarter: int, value: float | None, state: str = "sent",
           **values: Any) -> Report:  # fmt: skip
    key = of.key if isinstance(of, Part) else of
    return Report.objects.create(
        plan=plan,
        key=key,
        year=year,
        quarter=quarter,
        value=value,
        state=state,
        created_by="tests",
        created_at=MOMENT,
        sent_at=None if state == "draft" else MOMENT,
        **{"agency_code": "pupr"} | values,
    )
