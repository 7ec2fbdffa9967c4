"""Revisions that wait for somebody, and parts of the plan that people look for."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import SearchHit, WorkItem
from tepian.kernel.organisations import queries as organisations
from tepian.toolkit.text import plain
from tepian.ui.words import in_language

from .. import policies, states
from ..models import Part, Revision
from .plan import KIND_LABELS, current, revision_on

FOUND = 6


def items(actor: Actor) -> Iterable[WorkItem]:
    """A proposed revision waits for the head or another planner; one that was sent back for the planners."""
    if not actor.has(policies.PLANNER, "head"):
        return
    rows = Revision.objects.filter(state__in=(states.PROPOSED, states.DRAFT)).select_related("plan")
    for row in rows.order_by("proposed_at", "pk"):
        values = {"number": row.number, "plan": in_language(row.plan, "title")}
        address = reverse("masterplan-decision", args=[row.plan.code, row.number])
        if row.state == states.PROPOSED:
            if row.proposed_by_id == actor.id:
                continue
            yield WorkItem(
                key=f"masterplan/proposed/{row.pk}",
                title=_("Decide on revision %(number)s of “%(plan)s”") % values,
                detail=_("proposed by %(who)s") % {"who": row.proposed_by},
                url=address,
                level="notice",
                since=row.proposed_at,
                decision=actor.has("head"),
                icon="check",
            )
        elif row.returned_reason and actor.has(policies.PLANNER):
            yield WorkItem(
                key=f"masterplan/sent-back/{row.pk}",
                title=_("Revision %(number)s of “%(plan)s” was sent back") % values,
                detail=row.returned_reason[:120],
                url=address,
                level="warning",
                icon="undo",
            )


def find(text: str, actor: Actor) -> Iterable[SearchHit]:
    """Actions and programmes of the plan in force: for staff at work, for everybody once the plan is public."""
    text = plain(text, 100)
    if len(text) < 3:
        return
    staff = actor.has(*policies.READERS)
    plan = current(public=not staff)
    revision = revision_on(plan) if plan else None
    if plan is None or revision is None:
        return
    named = [
        each.code for each in organisations.agencies() if text.casefold() in (each.short_name.casefold(), each.code)
    ]
    rows = Part.objects.filter(revision=revision, kind=states.ACTION).filter(
        Q(title__icontains=text)
        | Q(title_en__icontains=text)
        | Q(code=text)
        | Q(indicator__icontains=text)
        | Q(planning_code=text)
        | Q(agency_code__in=named)
    )
    for row in rows.order_by("position")[:FOUND]:
        yield SearchHit(
            title=f"{row.code} {in_language(row, 'title')}",
            url=reverse("masterplan-report" if staff else "masterplan-action", args=[row.key]),
            kind=str(KIND_LABELS[states.ACTION]),
            detail=organisations.agency_name(row.agency_code),
            score=60.0,
        )
