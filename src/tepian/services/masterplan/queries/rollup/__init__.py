"""How far the plan is, computed from its records at each look; nothing of it is stored.

`standings(plan, quarter)` gives one `Standing` an action, in the plan's order, as of the end of the quarter or of today
when the quarter still runs. `total(rows)` adds any of them up, `by(rows, "dimension")` splits them (dimension,
subdimension, programme, goal, agency): every level adds the same rows, so totals agree. `history(plan, quarters)` gives
a `Total` a quarter for a line. `shown_quarter()` is the quarter that public pages tell of.

Three values are told apart, in the action's unit and as percent of the target: `verified` (both offices accepted),
`claimed` (sent by the agency, not refused) and `computed` (the platform's own figure). Where the action's years are over,
its last year's target still holds, so that what was never finished stays in sight. In means an action counts 0 to 100
with its weight; one without a value counts 0; one that has not begun, or has no target in that year, is not in the mean
but is counted and named."""

from __future__ import annotations

from .reading import COUNTED_STATES, report_days, shown_quarter, stale_quarters
from .standing import (
    BEHIND,
    FINISHED,
    LATE,
    LEVELS,
    NO_TARGET,
    NOT_BEGUN,
    ON_TRACK,
    OVERDUE,
    STALE,
    STATUS_LABELS,
    STATUSES,
    Standing,
)
from .totals import (
    AGENCY,
    DIMENSION,
    GOAL,
    PROGRAMME,
    SUBDIMENSION,
    Total,
    by,
    code_of,
    grouped,
    history,
    quarters_of,
    revision_at,
    standings,
    total,
)

__all__ = [
    "AGENCY",
    "BEHIND",
    "COUNTED_STATES",
    "DIMENSION",
    "FINISHED",
    "GOAL",
    "LATE",
    "LEVELS",
    "NOT_BEGUN",
    "NO_TARGET",
    "ON_TRACK",
    "OVERDUE",
    "PROGRAMME",
    "STALE",
    "STATUSES",
    "STATUS_LABELS",
    "SUBDIMENSION",
    "Standing",
    "Total",
    "by",
    "code_of",
    "grouped",
    "history",
    "quarters_of",
    "report_days",
    "revision_at",
    "shown_quarter",
    "stale_quarters",
    "standings",
    "total",
]
