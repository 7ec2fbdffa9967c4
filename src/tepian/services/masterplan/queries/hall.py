"""What this room hangs in the hall of its projects and meetings: work, map, search."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.contributions import MapFeature, SearchHit, WorkItem
from tepian.toolkit.text import plain
from tepian.ui.words import in_language

from .. import policies, states
from ..models import Comment, Project
from . import comments, meetings, projects

SHOWN = 20
SOON = timedelta(days=14)  # before its day, a decision appears on the desk of the agency that does it


def _day(day: object) -> datetime | None:
    return timezone.make_aware(datetime.combine(day, time(23, 59))) if hasattr(day, "year") else None  # type: ignore[arg-type]


def work(actor: Actor) -> Iterable[WorkItem]:
    """Missing months of projects, comments to judge and to answer, decisions that are due."""
    if not actor.has(*policies.STAFF):
        return
    yield from _missing(actor)
    yield from _comments(actor)
    yield from _decisions(actor)


def _missing(actor: Actor) -> Iterable[WorkItem]:
    running = Project.objects.filter(state__in=(states.RUNNING, states.PAUSED))
    codes = [
        code for code in set(running.values_list("agency_code", flat=True)) if actor.has(policies.REPORTER, agency=code)
    ]
    for project in projects.projects().filter(pk__in=running, agency_code__in=codes)[:100]:
        row = projects.standing(project)
        if row.missing:
            yield WorkItem(
                key=f"plan/project/{project.slug}",
                title=_("%(title)s: report for %(month)s is missing")
                % {"title": row.title, "month": projects.month_name(row.missing[-1])},
                url=reverse("masterplan-project-desk", args=[project.slug]),
                level="warning",
                icon="building",
            )


def _comments(actor: Actor) -> Iterable[WorkItem]:
    if actor.has(policies.PLANNER, policies.VERIFIER):
        waiting = [each for each in comments.to_judge()[:500] if _may_judge(actor, each)]
        if waiting:
            yield WorkItem(
                key="plan/comments",
                title=ngettext(
                    "%(n)d comment waits to be looked at", "%(n)d comments wait to be looked at", len(waiting)
                )
                % {"n": len(waiting)},
                url=reverse("masterplan-comments"),
                level="notice",
                since=waiting[0].at,
                icon="message",
            )
    for comment in comments.to_answer()[: 5 * SHOWN]:
        if actor.has(policies.REPORTER, agency=comment.project.agency_code):
            yield WorkItem(
                key=f"plan/comment/{comment.key}",
                title=_("Somebody waits for your answer: %(title)s") % {"title": in_language(comment.project, "title")},
                detail=comment.text[:120],
                url=reverse("masterplan-comment", args=[comment.key]),
                level="warning" if comments.waits_too_long(comment) else "notice",
                since=comment.at,
                icon="message",
            )


def _may_judge(actor: Actor, comment: Comment) -> bool:
    return not actor.has(policies.REPORTER, agency=comment.project.agency_code)


def _decisions(actor: Actor) -> Iterable[WorkItem]:
    keeper, day = actor.has(policies.PLANNER, policies.VERIFIER), today()
    for row in meetings.open_resolutions().filter(due_on__lte=day + SOON)[: 5 * SHOWN]:
        late = row.due_on < day
        if actor.has(policies.REPORTER, agency=row.agency_code) or (keeper and late):
            yield WorkItem(
                key=f"plan/resolution/{row.key}",
                title=_("Decision %(number)s of %(meeting)s") % {"number": row.number, "meeting": row.meeting.title},
                detail=row.text[:120],
                url=f"{reverse('masterplan-meeting', args=[row.meeting.key])}#k-{row.number}",
                level="warning" if late else "notice",
                due=_day(row.due_on),
                icon="check",
            )


# --- map and search ---------------------------------------------------------------------------------------------------


def map_features(actor: Actor) -> Iterable[MapFeature]:
    """Public projects with a place."""
    return features_of(projects.standings(public=True))


def features_of(rows: Iterable[projects.ProjectStanding]) -> Iterable[MapFeature]:
    for row in rows:
        project = row.project
        if project.lon is None or row.status == projects.ENDED:
            continue
        yield MapFeature(
            key=f"project/{project.slug}",
            label=row.title,
            lon=project.lon,
            lat=project.lat,
            value=_short(row),
            url=reverse("masterplan-project", args=[project.slug]),
            symbol="building",
            detail=projects.finding(row),
        )


def _short(row: projects.ProjectStanding) -> str:
    """Beside the sign: how late, else how far. Levels are words for dangers, and a late park is none."""
    if row.days_late and row.urgent:
        return ngettext("%(n)d day late", "%(n)d days late", row.days_late) % {"n": row.days_late}
    return projects.percent(row.physical) if row.physical is not None else ""


def find(text: str, actor: Actor) -> Iterable[SearchHit]:
    """Projects by name, firm and contract; a comment by its code, which leads its author to what became of it."""
    text = plain(text, 100)
    code = comments.read_code(text)
    if code and Comment.objects.filter(code=code).exists():
        yield SearchHit(
            title=_("Your comment %(code)s") % {"code": code},
            url=reverse("masterplan-comment-track", args=[code]),
            kind=str(_("Comment")),
            score=100.0,
        )
    if len(text) < 3:
        return
    staff = actor.has(*policies.READERS)
    rows = Project.objects.filter(
        Q(title__icontains=text)
        | Q(title_en__icontains=text)
        | Q(contractor__icontains=text)
        | Q(contract__iexact=text)
    )
    for project in (rows if staff else rows.filter(public=True))[:5]:
        yield SearchHit(
            title=in_language(project, "title"),
            url=reverse("masterplan-project" if project.public else "masterplan-project-desk", args=[project.slug]),
            kind=str(_("City project")),
            detail=project.place,
            score=70.0,
        )
