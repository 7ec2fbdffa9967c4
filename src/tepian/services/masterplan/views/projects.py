"""Projects at work: opened, planned, reported month by month, shown in photos, moved through their life."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Conflict, Denied, Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.access import staff_page

from .. import forms, operations, policies, states
from ..models import Project
from ..queries import comments, projects
from . import projects_public
from .typed import revision

KEEPERS = (policies.PLANNER, policies.REPORTER)
MOST_MONTHS = 120  # of those that can be chosen


def attempt(form: Any, act: Callable[[], Any]) -> bool:
    """Did it work? What is refused stands beside the field at fault, and what was typed stays."""
    if not form.is_valid():
        return False
    try:
        act()
    except (Invalid, Denied) as refusal:
        form.refuse(refusal)
        return False
    return True


def status_of(form: Any) -> int:
    return 422 if form.is_bound and form.errors else 200


def _back(slug: str, part: str = "") -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("masterplan-project-desk", args=[slug]) + part)


def _actor(request: HttpRequest) -> Any:
    return request.actor  # type: ignore[attr-defined]


@staff_page(*policies.READERS)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """/kerja/rencana/proyek: all of them, late ones first; one's own agency's are marked."""
    actor = _actor(request)
    rows = projects.standings()
    mine = {row.project.slug for row in rows if policies.reports_for(actor, row.project.agency_code)}
    return render(
        request,
        "masterplan/projects/desk.html",
        {
            "rows": [
                projects_public.line(row) | {"mine": row.project.slug in mine, "missing": len(row.missing)}
                for row in rows
            ],
            "may_open": actor.has(*KEEPERS),
            "waiting": comments.to_judge().count(),
            "may_judge": actor.has(policies.PLANNER, policies.VERIFIER),
        },
    )


@staff_page(*KEEPERS)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = forms.ProjectForm(request.POST or None, actor=_actor(request))
    made: list[Project] = []

    def act() -> None:
        values = form.values()
        made.append(operations.open_project(actor=_actor(request), agency=values.pop("agency_code"), values=values))

    if request.method == "POST" and attempt(form, act):
        messages.success(request, _("The project is in the list. Now its stages and what is planned each month."))
        return _back(made[0].slug)
    return render(
        request,
        "masterplan/projects/form.html",
        {"form": form, "heading": _("New project"), "back": reverse("masterplan-projects-desk")},
        status=status_of(form),
    )


@staff_page(*policies.READERS)
@require_GET
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """/kerja/rencana/proyek/<slug>: everything of a project, with what this person may do."""
    return _show(request, projects.project_by(slug))


def _show(request: HttpRequest, found: Project, status: int = 200, **bound: Any) -> HttpResponse:
    """The page; `bound` are forms that were refused and keep what was typed."""
    actor, row = _actor(request), projects.standing(found)
    keeps = policies.reports_for(actor, found.agency_code)
    reportable = keeps and found.state in (states.RUNNING, states.PAUSED)
    context = projects_public.describe(found, row) | {
        "keeps": keeps,
        "withdraws": keeps or actor.has(policies.VERIFIER),
        "photos": projects.photos(found),
        "spots": sorted({photo.spot for photo in found.photos.all()}),
        "withdrawn": list(found.photos.exclude(withdrawn_at=None)),
        "month_form": _month_form(found) if reportable else None,
        "photo_form": forms.PhotoForm(initial={"phase": _phase(found)}) if keeps else None,
        "move_form": forms.MoveForm(project=found, initial={"on": today()})
        if keeps and states.PROJECT_NEXT[found.state]
        else None,
        "moderation": comments.moderation(found),
        "said": [projects_public.comment_view(each) for each in found.comments.all()[:30]],
        "is_planner": actor.has(policies.PLANNER),
    }
    return render(request, "masterplan/projects/desk_project.html", context | bound, status=status)


def _phase(found: Project) -> str:
    return {states.PLANNED: states.BEFORE, states.DONE: states.AFTER}.get(found.state, states.DURING)


def months_of(found: Project) -> list[date]:
    """Months that can be reported, the newest first."""
    last, first = projects.month_of(today()), projects.month_of(found.started_on or today())
    count = min(projects.months_between(first, last) + 1, MOST_MONTHS)
    return [projects.month_after(last, -number) for number in range(count)]


def _month_form(found: Project, data: Any = None) -> forms.MonthForm:
    known = projects.told(found.points.all())
    missing = projects.missing_months(found, list(found.points.all()), today())
    last = known[-1] if known else None
    wanted = missing[0] if missing else projects.month_after(projects.month_of(today()), -1)
    return forms.MonthForm(
        data,
        months=months_of(found),
        initial={
            "month": f"{wanted:%Y-%m}",
            "physical": last.physical if last else None,
            "money": last.money if last else None,
        },
    )


@staff_page(*KEEPERS)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, slug: str) -> HttpResponse:
    found = projects.project_by(slug)
    policies.may_keep_project(_actor(request), found)
    form = forms.ProjectForm(
        request.POST or None, actor=_actor(request), project=found, initial=forms.ProjectForm.of(found)
    )

    def act() -> None:
        operations.change_project(
            actor=_actor(request),
            project=found,
            revision=revision(request.POST),
            values=form.values(),
            reason=form.cleaned_data.get("reason", ""),
        )

    if request.method == "POST" and attempt(form, act):
        messages.success(request, _("Saved."))
        return _back(slug)
    found.refresh_from_db()
    return render(
        request,
        "masterplan/projects/form.html",
        {
            "form": form,
            "heading": found.title,
            "revision": found.revision,
            "back": reverse("masterplan-project-desk", args=[slug]),
        },
        status=status_of(form),
    )


@staff_page(*KEEPERS)
@require_http_methods(["GET", "POST"])
def stages(request: HttpRequest, slug: str) -> HttpResponse:
    found, problem = projects.project_by(slug), ""
    policies.may_keep_project(_actor(request), found)
    formset = forms.Stages(
        request.POST or None, prefix="s", initial=[forms.StageForm.of(stage) for stage in found.stages.all()]
    )
    if request.method == "POST" and formset.is_valid():
        rows = [
            {name: value for name, value in form.cleaned_data.items() if name != "DELETE"}
            for form in formset
            if form.cleaned_data.get("title") and not form.cleaned_data.get("DELETE")
        ]
        try:
            operations.set_stages(actor=_actor(request), project=found, revision=revision(request.POST), stages=rows)
        except Invalid as refusal:
            problem = str(refusal.message)
            found.refresh_from_db()
        else:
            messages.success(request, _("Saved."))
            return _back(slug, "#tahap")
    bad = bool(problem) or (formset.is_bound and not formset.is_valid())
    return render(
        request,
        "masterplan/projects/stages.html",
        {
            "formset": formset,
            "problem": problem or (_("Some stages need to be corrected below.") if bad else ""),
            "project": found,
            "revision": found.revision,
        },
        status=422 if bad else 200,
    )


@staff_page(*KEEPERS)
@require_http_methods(["GET", "POST"])
def curve(request: HttpRequest, slug: str) -> HttpResponse:
    found = projects.project_by(slug)
    policies.may_keep_project(_actor(request), found)
    form = forms.CurveForm(request.POST or None, initial=forms.CurveForm.of(found))

    def act() -> None:
        operations.plan_progress(
            actor=_actor(request),
            project=found,
            revision=revision(request.POST),
            points=form.cleaned_data["curve"],
            reason=form.cleaned_data["reason"],
        )

    if request.method == "POST" and attempt(form, act):
        messages.success(request, _("Saved."))
        return _back(slug, "#kurva")
    found.refresh_from_db()
    return render(
        request,
        "masterplan/projects/form.html",
        {
            "form": form,
            "heading": _("What is planned each month: %(title)s") % {"title": found.title},
            "revision": found.revision,
            "back": reverse("masterplan-project-desk", args=[slug]),
        },
        status=status_of(form),
    )


@staff_page(*KEEPERS)
@require_POST
def report(request: HttpRequest, slug: str) -> HttpResponse:
    found = projects.project_by(slug)
    form = _month_form(found, request.POST)
    done: list[Project] = []

    def act() -> None:
        data = form.cleaned_data
        done.append(
            operations.report_month(
                actor=_actor(request),
                project=found,
                revision=revision(request.POST),
                month=projects.month_by(data["month"]) or today(),
                physical=data["physical"],
                money=data["money"],
                text=data["text"],
            )
        )

    if attempt(form, act):
        row = projects.standing(projects.project_by(slug))
        messages.success(request, _("The month is reported."))
        if row.over_budget:
            messages.warning(
                request, _("More money is spent than the budget has. Everybody sees it on the project's page.")
            )
        return _back(slug)
    found = projects.project_by(slug)
    return _show(request, found, 422, month_form=form)


@staff_page(*KEEPERS)
@require_POST
def add_photo(request: HttpRequest, slug: str) -> HttpResponse:
    found = projects.project_by(slug)
    form = forms.PhotoForm(request.POST, request.FILES)

    def act() -> None:
        data, file = form.cleaned_data, form.cleaned_data["photo"]
        operations.add_photo(
            actor=_actor(request),
            project=found,
            content=file.read(),
            name=file.name or "",
            media_type=file.content_type or "",
            phase=data["phase"],
            spot=data["spot"],
            caption=data["caption"],
            taken_on=data["taken_on"],
        )

    if attempt(form, act):
        messages.success(request, _("The photo is kept. Where it was taken is no longer in the file."))
        return _back(slug, "#foto")
    return _show(request, found, 422, photo_form=form)


@staff_page(*policies.STAFF)
@require_POST
def withdraw_photo(request: HttpRequest, key: UUID) -> HttpResponse:
    photo = projects.photo_by(key)
    try:
        operations.withdraw_photo(actor=_actor(request), photo=photo, reason=request.POST.get("reason", ""))
    except (Conflict, Invalid) as refusal:
        messages.warning(request, str(refusal.message))
    else:
        messages.success(request, _("Withdrawn. The public no longer sees it."))
    return _back(photo.project.slug, "#foto")


@staff_page(*policies.READERS)
@require_GET
def photo(request: HttpRequest, key: UUID) -> FileResponse:
    """A photo for staff, also of a project that is not public."""
    return projects_public.picture(projects.photo_by(key).file, private=True)


@staff_page(*KEEPERS)
@require_POST
def move(request: HttpRequest, slug: str) -> HttpResponse:
    found = projects.project_by(slug)
    form = forms.MoveForm(request.POST, project=found)

    def act() -> None:
        data = form.cleaned_data
        operations.move_project(
            actor=_actor(request),
            project=found,
            revision=revision(request.POST),
            to=data["to"],
            on=data["on"],
            reason=data["reason"],
        )

    if attempt(form, act):
        messages.success(request, _("Written down. Everybody reads it on the project's page."))
        return _back(slug)
    return _show(request, projects.project_by(slug), 422, move_form=form)


@staff_page(*KEEPERS)
@require_POST
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    found, public = projects.project_by(slug), request.POST.get("public") == "1"
    try:
        operations.publish_project(
            actor=_actor(request),
            project=found,
            revision=revision(request.POST),
            public=public,
            reason=request.POST.get("reason", ""),
        )
    except (Invalid, Denied) as refusal:
        messages.warning(request, str(getattr(refusal, "message", refusal)))
    else:
        messages.success(request, _("Everybody sees it now.") if public else _("It is off the public pages."))
    return _back(slug)
