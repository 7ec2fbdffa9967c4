"""A project's life: opened, started, stopped, finished, reopened; its stages, what was planned and what came each month.

Every verb takes the `revision` that the person saw; of two the slower gets `Conflict` and keeps what was typed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.text import format_lazy, slugify
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.rows import held
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation
from tepian.kernel.organisations import queries as organisations

from .. import policies, states
from ..events import ProjectChanged
from ..models import ProgressPoint, Project, ProjectStep, Stage
from ..queries import projects as queries
from ..queries.plan import TOPIC

MOST_MONEY = 10**15
MOST_STAGES, MOST_MONTHS = 40, 120
NO_STATE = "-"  # nothing was chosen: it follows nothing
FIELDS = (
    "title", "title_en", "summary", "summary_en", "agency_code", "dimension", "region_code", "place", "lon", "lat",
    "contractor", "contract", "contract_amount", "budget", "source", "starts_on", "ends_on", "plan", "part_key",
)  # fmt: skip
TEXTS = {
    "title": 200, "title_en": 200, "summary": 4000, "summary_en": 4000, "dimension": 40, "region_code": 30, "place": 200,
    "contractor": 200, "contract": 120,
}  # fmt: skip
ADDRESS_TAKEN = ("baru", "foto", "komentar")  # words of our own addresses below /proyek


def _project(project: Project, revision: int | None, **options: Any) -> Project:
    row = held(project, revision=revision, next_states=states.PROJECT_NEXT, labels=queries.PROJECT_LABELS, **options)
    note("project", row.slug)
    return row


def _told(row: Project, physical: float | None = None) -> None:
    """Saved one revision further, what shows it is stale, and the public hears of what is public."""
    row.revision += 1
    row.save()
    if row.public:
        emit(ProjectChanged(project=row.slug, state=row.state, physical=physical))
    touch(TOPIC)


def _step(actor: Actor, row: Project, kind: str, on: date, *, was: Any = "", now: Any = "", reason: str = "") -> None:
    ProjectStep.objects.create(
        project=row,
        kind=kind,
        on=on,
        was=str(was),
        now=str(now),
        reason=reason,
        by=actor.label[:200],
        at=timezone.now(),
    )


# --- what it is -------------------------------------------------------------------------------------------------------


def _checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """The values fit to store. Raises `Invalid` naming the field."""
    values = {name: given[name] for name in FIELDS if name in given}
    for name in TEXTS.keys() & values.keys():
        values[name] = checked_text(values[name] or "", name, limit=TEXTS[name], needed=name == "title")
    for name in {"budget", "contract_amount"} & values.keys():
        if values[name] is not None and not 0 <= values[name] < MOST_MONEY:
            raise Invalid(_("Money is 0 or more, in rupiah."), code="money", field=name)
    if "source" in values and values["source"] not in states.SOURCES:
        raise Invalid(_("Choose where the money comes from."), code="source", field="source")
    if "agency_code" in values and not _agency_exists(values["agency_code"]):
        raise Invalid(_("Choose an agency that exists."), code="agency", field="agency_code")
    lon, lat = values.get("lon"), values.get("lat")
    if (lon is None) != (lat is None) or (
        lon is not None and lat is not None and not (-180 <= lon <= 180 and -90 <= lat <= 90)
    ):
        raise Invalid(
            _("A place on the map needs a longitude and a latitude, as in 117.1537 and -0.5021."),
            code="place",
            field="lon",
        )
    first, last = values.get("starts_on"), values.get("ends_on")
    if first and last and last < first:
        raise Invalid(_("The planned end lies before the planned start."), code="dates", field="ends_on")
    return values


def _agency_exists(code: str) -> bool:
    return any(each.code == code for each in organisations.agencies())


def _free_slug(title: str, wanted: str = "") -> str:
    base = slugify(wanted or title)[:70].strip("-") or "proyek"
    slug, number = base, 1
    while slug in ADDRESS_TAKEN or Project.objects.filter(slug=slug).exists():
        number += 1
        slug = f"{base}-{number}"
    return slug


@operation("masterplan.open_project", policy=policies.may_open_project)
def open_project(
    *, actor: Actor, agency: str, values: Mapping[str, Any], slug: str = "", simulated: bool = False
) -> Project:
    """A new project, planned and not public yet. `values` are those of `FIELDS`; the address is made of the title."""
    checked = _checked({**values, "agency_code": agency})
    if not checked.get("title"):
        raise Invalid(_("Give the project a name."), code="title", field="title")
    row = Project.objects.create(slug=_free_slug(checked["title"], slug), simulated=simulated, **checked)
    note("project", row.slug, agency=agency)
    touch(TOPIC)
    return row


@operation("masterplan.change_project", policy=policies.may_keep_project)
def change_project(
    *, actor: Actor, project: Project, revision: int, values: Mapping[str, Any], reason: str = ""
) -> Project:
    """Change what a project is. Once work has begun, another end or another budget needs a reason, and everybody reads
    it. Another agency is a planner's word."""
    row = _project(project, revision)
    present = {name: getattr(row, name) for name in FIELDS}
    checked = _checked({**present, **values})
    changed = {name: value for name, value in checked.items() if value != present[name]}
    if not changed:
        return row
    if "agency_code" in changed and not (actor.is_system or actor.has(policies.PLANNER)):
        raise Denied(_("Only a planner gives a project to another agency."), policies.HELPER)
    words = checked_text(reason, "reason", limit=500, needed=False)
    moved = [("end", "ends_on"), ("budget", "budget")] if row.promised_on else []
    for kind, name in moved:
        if name not in changed:
            continue
        if not words:
            raise Invalid(
                _("Work has begun: write why its end or its budget changes. Everybody reads it."),
                code="reason",
                field="reason",
            )
        if changed[name] is None:
            raise Invalid(_("Work has begun: its end and its budget cannot be emptied."), code="empty", field=name)
        _step(actor, row, kind, today(), was=present[name] or "", now=changed[name], reason=words)
    for name, value in changed.items():
        setattr(row, name, value)
    note("project", row.slug, changed=sorted(changed))
    _told(row)
    return row


@operation("masterplan.publish_project", policy=policies.may_keep_project)
def publish_project(*, actor: Actor, project: Project, revision: int, public: bool, reason: str = "") -> Project:
    """Show it to everybody. Only a planner takes it away again, with a reason: what people said of it goes too."""
    row = _project(project, revision)
    if row.public == public:
        return row
    if public:
        missing = [
            name
            for name, there in (
                ("summary", row.summary),
                ("place", row.place or row.lon is not None),
                ("ends_on", row.ends_on),
            )
            if not there
        ]
        if missing:
            raise Invalid(
                _("Before everybody sees it, write what it is, where, and when it is to end."),
                code="incomplete",
                field=missing[0],
            )
    elif not (actor.is_system or actor.has(policies.PLANNER)):
        raise Denied(_("Only a planner takes a project off the public pages."), policies.HELPER)
    words = checked_text(reason, "reason", limit=500, needed=not public)
    row.public = public
    note("project", row.slug, public=public, reason=words)
    _told(row)
    return row


# --- its life ---------------------------------------------------------------------------------------------------------


@operation("masterplan.move_project", policy=policies.may_keep_project)
def move_project(
    *, actor: Actor, project: Project, revision: int, to: str, on: date | None = None, reason: str = ""
) -> Project:
    """Start, stop, go on, finish, cancel or reopen. What was promised is kept when work begins. It is finished when all
    stages are, 100 % was reported and a photo shows it: nobody calls a thing finished that is not."""
    row = _project(project, revision, to=to or NO_STATE)
    day, before = on or today(), row.state
    if day > today() or (row.started_on and day < row.started_on):
        raise Invalid(_("Choose a day between the start of the work and today."), code="day", field="on")
    needs_reason = to in (states.PAUSED, states.CANCELLED) or before == states.DONE
    words = checked_text(reason, "reason", limit=500, needed=needs_reason)
    if before == states.PLANNED and to == states.RUNNING:
        if row.ends_on is None:
            raise Invalid(
                _("Write first when it is to end: people hold the city to it."), code="no_end", field="ends_on"
            )
        row.started_on, row.promised_on, row.first_budget = day, row.ends_on, row.budget
    if to == states.DONE:
        _really_finished(row)
        row.ended_on = day
    elif before == states.DONE:
        row.ended_on = None
    row.state, row.reason = to, words
    note("project", row.slug, state=to, was=before, reason=words)
    _step(actor, row, to, day, was=before, reason=words)
    _told(row)
    return row


def _really_finished(row: Project) -> None:
    missing: list[Any] = []
    if (open_stages := row.stages.filter(ended_on=None).count()) > 0:
        missing.append(format_lazy(_("{n} stages have no day on which they ended."), n=open_stages))
    last = row.points.exclude(physical=None).order_by("-month").first()
    if last is None or (last.physical or 0) < 100:
        missing.append(_("The last report says less than 100 %."))
    if not row.photos.filter(phase=states.AFTER, withdrawn_at=None).exists():
        missing.append(_("No photo shows it finished."))
    if missing:
        raise Invalid(
            format_lazy(" ".join(["{}"] * (len(missing) + 1)), _("It is not finished yet:"), *missing),
            code="unfinished",
            field="to",
        )


# --- stages -----------------------------------------------------------------------------------------------------------


@operation("masterplan.set_stages", policy=policies.may_keep_project)
def set_stages(*, actor: Actor, project: Project, revision: int, stages: Sequence[Mapping[str, Any]]) -> Project:
    """All stages in order, each `{"id"?, "title", "title_en"?, "weight"?, "starts_on", "ends_on", "started_on"?,
    "ended_on"?}`. A stage that is left out is gone; its photos stay with the project."""
    row = _project(project, revision)
    if len(stages) > MOST_STAGES:
        raise Invalid(
            format_lazy(_("A project has at most {most} stages."), most=MOST_STAGES), code="stages", field="stages"
        )
    wanted = [_checked_stage(given, number) for number, given in enumerate(stages, 1)]
    present = {stage.pk: stage for stage in row.stages.all()}
    ids = [int(given.get("id") or 0) for given in stages]
    kept = [pk for pk in ids if pk in present]
    row.stages.exclude(pk__in=kept).delete()
    for number, pk in enumerate(kept):  # out of the way first: a position is taken once
        Stage.objects.filter(pk=pk).update(position=MOST_STAGES + number + 1)
    for position, (pk, values) in enumerate(zip(ids, wanted, strict=True), 1):
        stage = present.pop(pk, None) or Stage(project=row)
        for name, value in {**values, "position": position}.items():
            setattr(stage, name, value)
        stage.save()
    note("project", row.slug, stages=len(stages))
    _told(row)
    return row


def _checked_stage(given: Mapping[str, Any], number: int) -> dict[str, Any]:
    field = f"stage-{number}"
    title = checked_text(given.get("title") or "", f"{field}-title", limit=200)
    first, last = given.get("starts_on"), given.get("ends_on")
    if first is None or last is None or last < first:
        raise Invalid(
            format_lazy(_("“{title}” needs a planned start and, not before it, a planned end."), title=title),
            code="stage_dates",
            field=f"{field}-ends_on",
        )
    started, ended = given.get("started_on"), given.get("ended_on")
    if (started and started > today()) or (ended and (ended > today() or started is None or ended < started)):
        raise Invalid(
            format_lazy(
                _("“{title}”: the days that came lie between the start and today, the start first."), title=title
            ),
            code="stage_days",
            field=f"{field}-ended_on",
        )
    weight = given.get("weight") or 1
    if not 1 <= weight <= 1000:
        raise Invalid(_("A weight is a number from 1 to 1000."), code="weight", field=f"{field}-weight")
    return {
        "title": title,
        "title_en": checked_text(given.get("title_en") or "", f"{field}-title_en", limit=200, needed=False),
        "weight": weight,
        "starts_on": first,
        "ends_on": last,
        "started_on": started,
        "ended_on": ended,
    }


# --- curves -----------------------------------------------------------------------------------------------------------


@operation("masterplan.plan_progress", policy=policies.may_keep_project)
def plan_progress(
    *,
    actor: Actor,
    project: Project,
    revision: int,
    points: Sequence[tuple[date, float, int | None]],
    reason: str = "",
) -> Project:
    """The planned curve: (month, percent built, money spent) since the start, at the end of each month. Once work has
    begun another curve needs a reason, and everybody reads it."""
    row = _project(project, revision)
    rows = [(queries.month_of(month), physical, money) for month, physical, money in points]
    _check_curve(rows)
    present = {(p.month, p.planned_physical, p.planned_money) for p in row.points.exclude(planned_physical=None)}
    if present == set(rows):
        return row
    words = checked_text(reason, "reason", limit=500, needed=bool(present) and row.promised_on is not None)
    months = [month for month, _physical, _money in rows]
    row.points.exclude(month__in=months).filter(physical=None).delete()
    row.points.exclude(month__in=months).update(planned_physical=None, planned_money=None)
    for month, physical, money in rows:
        ProgressPoint.objects.update_or_create(
            project=row, month=month, defaults={"planned_physical": physical, "planned_money": money}
        )
    if words and present:
        _step(actor, row, "curve", today(), reason=words)
    note("project", row.slug, months=len(rows))
    _told(row)
    return row


def _check_curve(rows: Sequence[tuple[date, float, int | None]]) -> None:
    if not 1 <= len(rows) <= MOST_MONTHS or len({month for month, _p, _m in rows}) != len(rows):
        raise Invalid(
            format_lazy(_("Give each month once, at most {most} of them."), most=MOST_MONTHS),
            code="months",
            field="curve",
        )
    before, before_money = 0.0, 0
    for month, physical, money in sorted(rows):
        if not math.isfinite(physical) or not before <= physical <= 100:
            raise Invalid(
                format_lazy(
                    _("{month}: what is planned lies between 0 and 100 % and never falls."),
                    month=f"{month:%Y-%m}",
                ),
                code="curve",
                field="curve",
            )
        if money is not None and not before_money <= money < MOST_MONEY:
            raise Invalid(
                format_lazy(_("{month}: planned money is 0 or more and never falls."), month=f"{month:%Y-%m}"),
                code="curve_money",
                field="curve",
            )
        before, before_money = physical, money if money is not None else before_money
    if before < 100:
        raise Invalid(_("The plan must end at 100 %."), code="curve_end", field="curve")


@operation("masterplan.report_month", policy=policies.may_keep_project)
def report_month(
    *,
    actor: Actor,
    project: Project,
    revision: int,
    month: date,
    physical: float,
    money: int | None = None,
    text: str = "",
) -> Project:
    """Where a project stands at the end of a month, all since its start. The same again changes nothing. A value below
    an earlier one asks for a reason; 100 % while stages are open is refused; money above the budget is told to
    everybody, not refused, for that is how it is."""
    row = _project(project, None, among=(states.RUNNING, states.PAUSED))
    month = queries.month_of(month)
    words = checked_text(text, "text", limit=500, needed=False)
    points = list(row.points.order_by("month"))
    present = next((point for point in points if point.month == month), None)
    if present is not None and (present.physical, present.money, present.note) == (physical, money, words):
        return row
    if row.revision != revision:
        raise Conflict(
            _("Somebody else changed this project a moment ago. Nothing of yours was applied: look at it again."),
            code="too_late",
            item=row.slug,
        )
    _check_month(row, month, physical, money)
    if not words and queries.changes_reason_needed(points, month, physical, money):
        raise Invalid(
            _("This is less than was told for a month before, or more than for a month after. Write why."),
            code="fell",
            field="text",
        )
    if physical >= 100 and row.stages.filter(ended_on=None).exists():
        raise Invalid(
            _("100 % cannot be while stages have not ended. Write the days on which they ended first."),
            code="stages_open",
            field="physical",
        )
    ProgressPoint.objects.update_or_create(
        project=row,
        month=month,
        defaults={
            "physical": physical,
            "money": money,
            "note": words,
            "reported_by": actor.label[:200],
            "reported_at": timezone.now(),
        },
    )
    note("project", row.slug, month=f"{month:%Y-%m}", physical=physical, money=money)
    _told(row, physical)
    return row


def _check_month(row: Project, month: date, physical: float, money: int | None) -> None:
    if not math.isfinite(physical) or not 0 <= physical <= 100:
        raise Invalid(_("What is built lies between 0 and 100 %."), code="physical", field="physical")
    if money is not None and not 0 <= money < MOST_MONEY:
        raise Invalid(_("Money is 0 or more, in rupiah."), code="money", field="money")
    if month > queries.month_of(today()):
        raise Invalid(_("This month has not come. Choose one that has."), code="future", field="month")
    if row.started_on and month < queries.month_of(row.started_on):
        raise Invalid(_("Work had not begun in this month."), code="before_start", field="month")
