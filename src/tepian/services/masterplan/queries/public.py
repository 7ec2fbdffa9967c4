"""What the public pages say of the plan, in words: the finding first, then why an action is late and where two figures of
one action disagree."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tepian.kernel.actors import NotFound
from tepian.ui import words

from .. import states
from ..models import Framework, Plan
from ..states import Quarter
from . import rollup
from .plan import Dimension, dimensions
from .rollup import Standing, Total

URGENT = (rollup.LATE, rollup.STALE, rollup.OVERDUE, rollup.BEHIND)


def percent(value: float | None) -> str:
    """41 %; unknown is the dash, never 0."""
    return words.DASH if value is None else f"{words.number(round(value), 0)}%"


def quarter_name(quarter: Quarter) -> str:
    return _("quarter %(number)s of %(year)s") % {"number": quarter.number, "year": quarter.year}


def finding(total: Total) -> str:
    """The plan in one sentence: what is proven, and beside it what is claimed."""
    if total.verified is None:
        return _("Nothing can be measured yet")
    if round(total.claimed or 0) <= round(total.verified):
        return _("%(verified)s of the targets are proven") % {"verified": percent(total.verified)}
    return _("%(verified)s of the targets are proven, the agencies say %(claimed)s") % {
        "verified": percent(total.verified),
        "claimed": percent(total.claimed),
    }


def urgent(rows: Iterable[Standing]) -> list[Standing]:
    """What needs attention, the worst first: late, silent, report missing, behind; among equals the least attained."""
    return sorted(
        (row for row in rows if row.status in URGENT),
        key=lambda row: (rollup.STATUSES.index(row.status), states.counted(row.verified_percent), row.code),
    )


def disagreeing(rows: Iterable[Standing]) -> list[Standing]:
    """Actions whose claim is further from the platform's own figure than their tolerance."""
    return [row for row in rows if row.differs]


def why(row: Standing) -> str:
    """Why an action has its status, in one sentence."""
    if row.status == rollup.LATE and row.late_milestones:
        return ngettext(
            "%(n)d milestone has passed its day.", "%(n)d milestones have passed their day.", row.late_milestones
        ) % {"n": row.late_milestones}
    if row.status in (rollup.LATE, rollup.BEHIND):
        if row.reported is None:
            return _("It has never been reported.")
        return _("Target of %(year)s: %(target)s. Proven: %(verified)s. Claimed: %(claimed)s.") % {
            "year": row.year,
            "target": amount(row.target, row.unit),
            "verified": amount(row.verified, row.unit),
            "claimed": amount(row.claimed, row.unit),
        }
    if row.status in (rollup.STALE, rollup.OVERDUE):
        if row.reported is None:
            return _("It has never been reported.")
        return _("Last reported for %(quarter)s.") % {"quarter": quarter_name(row.reported)}
    if row.status == rollup.NO_TARGET:
        return _("No target is written for %(year)s, so nobody can tell how far it is.") % {"year": row.year}
    if row.status == rollup.NOT_BEGUN:
        return _("Begins in %(year)s.") % {"year": row.first_year}
    return ""


def amount(value: float | None, unit: str) -> str:
    return f"{words.number(value)} {unit}".strip()


def formula(parts: Sequence[tuple[str, Total]], whole: Total) -> str:
    """How the city's mean comes from its parts, with the numbers put in: (6 × 41,5 + 4 × 20) ÷ 10 = 32,9."""
    measured = [(name, total) for name, total in parts if total.weight and total.verified is not None]
    if not measured or whole.verified is None:
        return ""
    terms = " + ".join(f"{total.weight} × {words.number(total.verified, 1)}" for _name, total in measured)
    return f"({terms}) ÷ {whole.weight} = {words.number(whole.verified, 1)}"


def slug_of(framework: Framework, code: str) -> str:
    """A dimension's word in addresses: its Indonesian name (tata-kelola), whatever the reader's language."""
    return next((slugify(each["name"]) for each in framework.dimensions if each["code"] == code), code)


def dimension_by(plan: Plan, slug: str) -> Dimension:
    """By its word in addresses or its code. Raises `NotFound`."""
    for each in dimensions(plan.framework):
        if slug in (each.code, slug_of(plan.framework, each.code)):
            return each
    raise NotFound(_("This plan has no such dimension."), code="no_dimension", item=slug)
