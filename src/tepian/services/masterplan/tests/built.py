"""A park that is being built, for tests of projects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tepian.kernel.actors import Actor, Invalid, system
from tepian.ui.pictures import png

from .. import operations, states
from ..models import Project
from ..queries import projects as queries

SYSTEM = system("tests")
START, END = date(2025, 1, 6), date(2025, 10, 31)
BUDGET = 2_000_000_000
DAY = date(2025, 7, 20)  # on which the tests look at it; the report of June is due


def park(actor: Actor = SYSTEM, *, running: bool = True, public: bool = True, **values: Any) -> Project:
    """Budget 2 billion, ten months, two stages (weight 3 and 1), planned by 10 % a month. `running` begins the work."""
    given: dict[str, Any] = {
        "title": "Taman tepi sungai",
        "title_en": "Riverside park",
        "summary": "Taman di tepi sungai.",
        "place": "Riverside",
        "lon": 118.47,
        "lat": -0.48,
        "contractor": "CV O'Neil & Sons",
        "contract": "600/01",
        "budget": BUDGET,
        "starts_on": START,
        "ends_on": END,
    }
    row = operations.open_project(actor=actor, agency="pupr", values=given | values)
    row = operations.set_stages(
        actor=actor,
        project=row,
        revision=row.revision,
        stages=[
            {"title": "Tanggul", "weight": 3, "starts_on": START, "ends_on": date(2025, 8, 31)},
            {"title": "Taman", "weight": 1, "starts_on": date(2025, 9, 1), "ends_on": END},
        ],
    )
    row = operations.plan_progress(
        actor=actor,
        project=row,
        revision=row.revision,
        points=[(date(2025, number, 1), 10.0 * number, 200_000_000 * number) for number in range(1, 11)],
    )
    if public:
        row = operations.publish_project(actor=actor, project=row, revision=row.revision, public=True)
    if running:
        row = operations.move_project(actor=actor, project=row, revision=row.revision, to=states.RUNNING, on=START)
    return row


def told(row: Project, *values: float, money: int | None = None, actor: Actor = SYSTEM) -> Project:
    """Report months from January on."""
    for number, physical in enumerate(values):
        row = operations.report_month(
            actor=actor,
            project=row,
            revision=row.revision,
            month=queries.month_after(date(2025, 1, 1), number),
            physical=physical,
            money=money,
            text="Turun setelah diukur ulang." if number and physical < values[number - 1] else "",
        )
    return row


def picture(colour: str = "#336699", width: int = 80, height: int = 60) -> bytes:
    return png(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">'
        f'<rect width="{width}" height="{height}" fill="{colour}"/></svg>',
        zoom=1,
    )


def fails(code: str, act: Callable[[], Any], kind: type[Exception] = Invalid) -> Any:
    """The refusal, which has this code."""
    with pytest.raises(kind) as found:
        act()
    assert getattr(found.value, "code", "") == code, found.value
    return found.value
