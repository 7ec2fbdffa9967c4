"""The plan's way: a draft of the whole, proposed, put in force by decision, superseded by the next.

Of a plan one revision is open at a time. Locks are taken in one order, plan before revision before part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy, slugify
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.rows import held
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation

from .. import policies, states
from ..events import RevisionInForce
from ..models import Framework, Plan, Revision
from ..queries.missing import Problem, obstacles
from ..queries.plan import REVISION_LABELS, TOPIC, open_revision
from . import tree

LONGEST_PLAN = 25  # years; RPJPD, the longest plan of a city, holds for 20
SLOWEST_START = timedelta(days=366)  # a decision may set a later first day, within a year
TAKEN = {"baru", "cetak-biru", "impor"}  # words of the desk's own addresses
NAMED = 5  # obstacles that the refusal itself names; the page lists all


class Incomplete(Invalid):
    """The draft cannot be proposed yet; `problems` says what is missing, part by part."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        def words() -> str:
            missing = ngettext(
                "%(n)s thing is missing before this can be proposed. Nothing was changed.",
                "%(n)s things are missing before this can be proposed. Nothing was changed.",
                len(problems),
            ) % {"n": len(problems)}
            return f"{missing} {'; '.join(str(each) for each in problems[:NAMED])}"

        super().__init__(
            lazy(words, str)(),
            code="incomplete",
            item=str(problems[0].key or ""),
        )
        self.problems = list(problems)


def open_draft(revision: Revision, edits: int | None = None) -> Revision:
    """Inside an operation: the draft, locked. Raises `Conflict` when it is no draft any more or others changed it."""
    return held(revision, revision=edits, counter="edits", among=(states.DRAFT,), labels=REVISION_LABELS)


# --- the plan ---------------------------------------------------------------------------------------------------------


def _plan_values(given: Mapping[str, Any], first: int, last: int) -> dict[str, Any]:
    values = {
        name: checked_text(str(given.get(name) or ""), name, limit=limit, needed=name == "title")
        for name, limit in (("title", 200), ("title_en", 200), ("vision", 2000), ("vision_en", 2000), ("basis", 300))
        if name in given
    }
    if not 1990 <= first <= 2200:
        raise Invalid(_("Write the plan's first year with four digits."), code="year", field="first_year")
    if not first <= last < first + LONGEST_PLAN:
        raise Invalid(
            format_lazy(_("A plan holds for 1 to {limit} years. Look at the last year again."), limit=LONGEST_PLAN),
            code="years",
            field="last_year",
        )
    return values


@operation("masterplan.create_plan", policy=policies.may_keep_plan)
def create_plan(
    *,
    actor: Actor,
    code: str,
    title: str,
    first_year: int,
    last_year: int,
    framework: str = "smart-city-2017",
    title_en: str = "",
    vision: str = "",
    vision_en: str = "",
    basis: str = "",
    simulated: bool = False,
) -> Plan:
    """A plan without content; `start_revision` begins its first draft. Raises `Invalid`, `Conflict` for a code that is
    taken."""
    note("plan", code, years=f"{first_year}-{last_year}", simulated=simulated)
    if slugify(code) != code or not 1 <= len(code) <= 60:
        raise Invalid(
            _("The plan's code has small letters, digits and hyphens only, as in smart-city-2025."),
            code="code",
            field="code",
        )
    if code in TAKEN or Plan.objects.filter(code=code).exists():
        raise Conflict(
            _("There is a plan with this code already. Choose another code."), code="code_taken", field="code"
        )
    chosen = Framework.objects.filter(code=framework).first()
    if chosen is None:
        raise Invalid(_("Choose the dimensions that the plan is sorted by."), code="framework", field="framework")
    values = _plan_values(
        {"title": title, "title_en": title_en, "vision": vision, "vision_en": vision_en, "basis": basis},
        first_year,
        last_year,
    )
    plan = Plan.objects.create(
        code=code, first_year=first_year, last_year=last_year, framework=chosen, simulated=simulated, **values
    )
    touch(TOPIC)
    return plan


@operation("masterplan.change_plan", policy=policies.may_keep_plan)
def change_plan(*, actor: Actor, plan: Plan, values: Mapping[str, str]) -> Plan:
    """Its title, vision and basis in both languages. Years, dimensions and code stay: with others it is another plan."""
    row = held(plan)
    checked = _plan_values(values, row.first_year, row.last_year)
    changed = [name for name, value in checked.items() if getattr(row, name) != value]
    if changed:
        for name in changed:
            setattr(row, name, checked[name])
        row.save(update_fields=changed)
        note("plan", row.code, changed=changed)
        touch(TOPIC)
    return row


@operation("masterplan.publish_plan", policy=policies.may_edit)
def publish_plan(*, actor: Actor, plan: Plan, since: date | None, reason: str = "") -> Plan:
    """Show the plan to everybody from a day on, or (None) take it away again, with a reason for the record."""
    row = held(plan)
    if since is not None and not row.revisions.filter(state=states.IN_FORCE).exists():
        raise Invalid(
            _("No revision of this plan is in force yet, so there is nothing to show. Decide on one first."),
            code="not_in_force",
            field="since",
        )
    words = checked_text(reason, "reason", limit=500, needed=since is None and row.public_since is not None)
    note("plan", row.code, public_since=since.isoformat() if since else "", reason=words)
    row.public_since = since
    row.save(update_fields=["public_since"])
    touch(TOPIC)
    return row


# --- a revision's way -------------------------------------------------------------------------------------------------


@operation("masterplan.start_revision", policy=policies.may_keep_plan)
def start_revision(*, actor: Actor, plan: Plan, title: str = "", reason: str = "") -> Revision:
    """A draft: a copy of what is in force, every key kept, or empty for the first. A change needs its reason. Raises
    `Conflict` (`open_revision`) when one is open already."""
    row = held(plan)
    if (present := open_revision(row)) is not None:
        raise Conflict(
            format_lazy(
                _("Revision {number} of this plan is open already ({state}). Go on with it, or drop it first."),
                number=present.number,
                state=REVISION_LABELS[present.state],
            ),
            code="open_revision",
            item=str(present.number),
        )
    base = row.revisions.filter(state=states.IN_FORCE).first()
    last = row.revisions.order_by("-number").values_list("number", flat=True).first()
    revision = Revision.objects.create(
        plan=row,
        number=(last or 0) + 1,
        title=checked_text(title, "title", limit=200, needed=False),
        reason=checked_text(reason, "reason", needed=base is not None),
        created_by=actor.label[:200],
        created_at=timezone.now(),
    )
    copied = tree.copy_tree(base, revision) if base else 0
    note("plan_revision", f"{row.code}/{revision.number}", parts=copied)
    return revision


@operation("masterplan.propose_revision", policy=policies.may_edit)
def propose_revision(*, actor: Actor, revision: Revision, edits: int) -> Revision:
    """Ready for a decision; nobody changes it from now on. `edits` is what the proposer has seen. Raises `Incomplete`
    with everything that is missing, `Conflict`."""
    row = open_draft(revision, edits)
    if found := obstacles(row):
        raise Incomplete(found)
    row.state, row.proposed_by, row.proposed_by_id = states.PROPOSED, actor.label[:200], actor.id[:100]
    row.proposed_at = timezone.now()
    row.save(update_fields=["state", "proposed_by", "proposed_by_id", "proposed_at"])
    note("plan_revision", f"{row.plan.code}/{row.number}", edits=row.edits)
    return row


@operation("masterplan.put_in_force", policy=policies.may_decide)
def put_in_force(
    *, actor: Actor, revision: Revision, decision: str, decided_on: date, in_force_from: date | None = None
) -> Revision:
    """Decided: `decision` is the number of the regulation or decree. The revision before it ends the day before. Of two
    deciders one wins. Raises `Invalid`, `Conflict`."""
    plan = held(revision.plan)
    row = held(revision, next_states=states.REVISION_NEXT, to=states.IN_FORCE, labels=REVISION_LABELS)
    number = checked_text(decision, "decision", limit=200)
    since = in_force_from or max(decided_on, date(plan.first_year, 1, 1))
    if decided_on > today():
        raise Invalid(_("A decision is not made in the future."), code="future", field="decided_on")
    if since > today() + SLOWEST_START or since.year > plan.last_year or since.year < plan.first_year:
        raise Invalid(
            _("The first day lies within the plan's years and at most a year ahead."), code="far", field="in_force_from"
        )
    before = plan.revisions.filter(state=states.IN_FORCE).first()
    if before is not None:
        if before.in_force_from and since <= before.in_force_from:
            raise Invalid(
                format_lazy(
                    _("It follows revision {number}, in force since {day}, and begins after that day."),
                    number=before.number,
                    day=before.in_force_from.isoformat(),
                ),
                code="overlap",
                field="in_force_from",
            )
        before.state, before.in_force_to = states.SUPERSEDED, since - timedelta(days=1)
        before.save(update_fields=["state", "in_force_to"])
    row.state, row.decision, row.decided_on = states.IN_FORCE, number, decided_on
    row.in_force_from, row.decided_by = since, actor.label[:200]
    row.save(update_fields=["state", "decision", "decided_on", "in_force_from", "decided_by"])
    parts = row.parts.count()
    note("plan_revision", f"{plan.code}/{row.number}", decision=number, in_force_from=since.isoformat())
    emit(RevisionInForce(plan=plan.code, number=row.number, decision=number, parts=parts))
    touch(TOPIC)
    return row


@operation("masterplan.return_revision", policy=policies.may_return)
def return_revision(*, actor: Actor, revision: Revision, reason: str) -> Revision:
    """Back to the draft, with what is to be changed."""
    row = held(revision, among=(states.PROPOSED,), labels=REVISION_LABELS)
    words = checked_text(reason, "reason", limit=2000)
    row.state, row.returned_by, row.returned_reason = states.DRAFT, actor.label[:200], words
    row.proposed_by = row.proposed_by_id = ""
    row.proposed_at = None
    row.save(update_fields=["state", "returned_by", "returned_reason", "proposed_by", "proposed_by_id", "proposed_at"])
    note("plan_revision", f"{row.plan.code}/{row.number}", reason=words)
    return row


@operation("masterplan.drop_revision", policy=policies.may_return)
def drop_revision(*, actor: Actor, revision: Revision, reason: str) -> Revision:
    """Given up; it stays readable. What is in force does not change."""
    row = held(revision, next_states=states.REVISION_NEXT, to=states.DROPPED, labels=REVISION_LABELS)
    words = checked_text(reason, "reason", limit=2000)
    row.state, row.returned_by, row.returned_reason = states.DROPPED, actor.label[:200], words
    row.save(update_fields=["state", "returned_by", "returned_reason"])
    note("plan_revision", f"{row.plan.code}/{row.number}", reason=words)
    return row
