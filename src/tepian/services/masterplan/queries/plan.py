"""The plan and its revisions: which counts on a day, its tree, its words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import today
from tepian.ui.words import english

from .. import states
from ..models import Framework, Part, Plan, Revision

TOPIC = "masterplan"

REVISION_LABELS = {
    states.DRAFT: _("draft"),
    states.PROPOSED: _("proposed"),
    states.IN_FORCE: _("in force"),
    states.SUPERSEDED: _("superseded"),
    states.DROPPED: _("dropped"),
}
KIND_LABELS = {states.GOAL: _("Goal"), states.PROGRAMME: _("Programme"), states.ACTION: _("Action")}
SOURCE_LABELS = {
    states.APBD: _("City budget (APBD)"),
    states.APBN: _("State budget (APBN)"),
    states.CSR: _("Companies (CSR)"),
    states.OTHER: _("Other"),
}


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension of a framework with its sub-dimensions as (code, name)."""

    code: str
    name: str
    parts: tuple[tuple[str, str], ...]


def dimensions(framework: Framework) -> list[Dimension]:
    """In the framework's order, in the reader's language."""

    def name(given: dict[str, Any]) -> str:
        return (english() and given.get("name_en")) or given["name"]

    return [
        Dimension(each["code"], name(each), tuple((part["code"], name(part)) for part in each.get("parts", [])))
        for each in framework.dimensions
    ]


def plans() -> QuerySet[Plan]:
    return Plan.objects.select_related("framework")


def plan_by(code: str) -> Plan:
    """Raises `NotFound`."""
    found = plans().filter(code=code).first()
    if found is None:
        raise NotFound(_("There is no such plan."), code="no_plan", item=code)
    return found


def current(on: date | None = None, *, public: bool = False) -> Plan | None:
    """The plan whose years hold the day; of several the one that began last. `public`: only what citizens may see."""
    day = on or today()
    rows = plans().filter(first_year__lte=day.year, last_year__gte=day.year)
    if public:
        rows = rows.filter(public_since__lte=day, revisions__state=states.IN_FORCE)
    return rows.order_by("-first_year", "code").first()


def shown(on: date | None = None) -> Plan | None:
    """What citizens see: the plan that runs, else the public one that ended last: what it promised stays readable."""
    day = on or today()
    ended = plans().filter(last_year__lt=day.year, public_since__lte=day, revisions__state=states.IN_FORCE)
    return current(day, public=True) or ended.order_by("-last_year", "-first_year", "code").first()


def revision_on(plan: Plan, on: date | None = None) -> Revision | None:
    """The revision that counts on a day; none before the first came in force."""
    day = on or today()
    return (
        plan.revisions.filter(state__in=(states.IN_FORCE, states.SUPERSEDED), in_force_from__lte=day)
        .filter(Q(in_force_to=None) | Q(in_force_to__gte=day))
        .order_by("-in_force_from", "-number")
        .first()
    )


def open_revision(plan: Plan) -> Revision | None:
    """The draft or proposal, of which there is at most one."""
    return plan.revisions.filter(state__in=(states.DRAFT, states.PROPOSED)).first()


def revision_by(plan: Plan, number: int) -> Revision:
    """Raises `NotFound`."""
    found = plan.revisions.filter(number=number).first()
    if found is None:
        raise NotFound(_("There is no such revision of the plan."), code="no_revision", item=str(number))
    return found


def parts(revision: Revision) -> QuerySet[Part]:
    """All parts in order, with targets, money, milestones, risks and dependencies."""
    return revision.parts.prefetch_related(
        "targets", "money", "milestones", "risks", "dependencies", Prefetch("parent")
    ).order_by("position", "code", "id")


def part_by(revision: Revision, key: UUID | str) -> Part:
    """A part of a revision by its lasting key. Raises `NotFound`."""
    found = parts(revision).filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no such part of the plan."), code="no_part", item=str(key))
    return found
