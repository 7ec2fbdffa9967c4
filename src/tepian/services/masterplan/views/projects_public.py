"""City projects for everybody: late ones first, what was promised and what came, and what people say of them."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tepian.kernel.actors import Invalid, NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.contributions import MapFeature
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.documents import queries as documents
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.identity.access import public_page
from tepian.kernel.identity.lockout import address_of
from tepian.kernel.organisations import queries as organisations
from tepian.toolkit import csvfile
from tepian.ui import charts, words
from tepian.ui.progress import progress_bar
from tepian.ui.words import english, in_language

from .. import operations, states
from ..forms import CommentForm
from ..models import Comment, Project, ProjectStep, Stage
from ..queries import comments, hall, projects
from ..queries.plan import SOURCE_LABELS, TOPIC
from ..queries.projects import Curve, ProjectStanding

TOPICS = (TOPIC, "organisations")


def _seen(slug: str) -> Project:
    return projects.project_by(slug, public=True)


def _address(name: str, *args: Any) -> str:
    return reverse(f"en:{name}" if english() else name, args=args)


def line(row: ProjectStanding) -> dict[str, Any]:
    """A project in a list."""
    share = 100 * row.spent / row.project.budget if row.spent is not None and row.project.budget else None
    return {
        "row": row,
        "slug": row.project.slug,
        "title": row.title,
        "finding": projects.finding(row),
        "status": projects.STATUS_LABELS[row.status],
        "tag": projects.TAGS.get(row.status, ""),
        "agency": organisations.agency_name(row.project.agency_code),
        "bar": progress_bar(row.physical, row.planned),
        "spent": row.spent,
        "budget": row.project.budget,
        "share": projects.percent(round(share)) if share is not None else "",
    }


# --- all projects -----------------------------------------------------------------------------------------------------


@public_page
@require_GET
@cached_page(*TOPICS)
def listing(request: HttpRequest) -> HttpResponse:
    """/rencana/proyek: late ones first."""
    rows = projects.standings(public=True)
    late = [row for row in rows if row.urgent]
    money = [row for row in rows if row.project.budget and row.status != projects.ENDED]
    return render(
        request,
        "masterplan/projects/list.html",
        {
            "late": [line(row) for row in late],
            "others": [line(row) for row in rows if not row.urgent],
            "count": len(rows),
            "points": list(hall.features_of(rows)),
            "budget": sum(row.project.budget or 0 for row in money),
            "spent": sum(row.spent or 0 for row in money),
            "simulated": any(row.project.simulated for row in rows),
        },
    )


# --- one project ------------------------------------------------------------------------------------------------------


@public_page
@require_GET
@cached_page(*TOPICS)
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """/rencana/proyek/<slug>"""
    found = _seen(slug)
    row = projects.standing(found)
    said = comments.moderation(found)
    return render(
        request,
        "masterplan/projects/project.html",
        describe(found, row)
        | {
            "comments": [comment_view(each) for each in comments.shown(found)[: comments.SHOWN_AT_ONCE]],
            "moderation": said,
            "point": [MapFeature(key="here", label=row.title, lon=found.lon, lat=found.lat)]
            if found.lon is not None
            else [],
        },
    )


def describe(found: Project, row: ProjectStanding) -> dict[str, Any]:
    """What pages of citizens and of staff say of a project."""
    physical, money = projects.curves(found)
    stages = list(found.stages.all())
    return line(row) | {
        "project": found,
        "summary": in_language(found, "summary"),
        "source": SOURCE_LABELS[found.source],
        "month": projects.month_name(row.month) if row.month else "",
        "physical": projects.percent(row.physical),
        "planned": projects.percent(row.planned),
        "forecast": projects.forecast_words(row),
        "apart": row.physical is not None
        and row.stages is not None
        and row.physical > row.stages + _unfinished(stages),
        "stages_percent": projects.percent(round(row.stages) if row.stages is not None else None),
        "missing": [projects.month_name(month) for month in row.missing],
        "stages": [_stage(stage) for stage in stages],
        "pairs": projects.pairs(projects.photos(found)),
        "physical_chart": _physical_chart(row, physical),
        "money_chart": _money_chart(row, money),
        "rows": list(found.points.all())[::-1],
        "steps": [_step(step) for step in projects.steps(found)],
    }


def _unfinished(stages: list[Stage]) -> float:
    """Percent that stages under way can have added at most."""
    whole = sum(stage.weight for stage in stages)
    return 100 * sum(s.weight for s in stages if s.started_on and not s.ended_on) / whole if whole else 0.0


def _stage(stage: Stage) -> dict[str, Any]:
    late = (stage.ended_on - stage.ends_on).days if stage.ended_on else 0
    return {
        "row": stage,
        "title": in_language(stage, "title"),
        "waiting": stage.started_on is None,
        "late": late if late > 0 else 0,
        "overdue": stage.ended_on is None and today() > stage.ends_on,
    }


def _step(step: ProjectStep) -> dict[str, Any]:
    if step.kind == "end":
        text = _("Planned end moved from %(was)s to %(now)s") % {"was": _day(step.was), "now": _day(step.now)}
    elif step.kind == "budget":
        text = _("Budget changed from %(was)s to %(now)s") % {"was": _money(step.was), "now": _money(step.now)}
    elif step.kind == "curve":
        text = _("The planned curve was changed")
    elif step.kind == states.RUNNING and step.was == states.DONE:
        text = _("Opened again")
    else:
        text = {
            states.RUNNING: _("Work goes on") if step.was == states.PAUSED else _("Work began"),
            states.PAUSED: _("Stopped for now"),
            states.DONE: _("Finished"),
            states.CANCELLED: _("Cancelled"),
        }[step.kind]
    return {"text": text, "on": step.on, "reason": step.reason, "by": step.by}


def _day(text: str) -> str:
    return words.day(date.fromisoformat(text)) if text else words.DASH


def _money(text: str) -> str:
    return words.rupiah(float(text), short=True) if text else words.DASH


def _physical_chart(row: ProjectStanding, curve: Curve) -> dict[str, Any]:
    if row.physical is None or row.month is None:
        title = _("What is planned, month by month; nothing was reported yet")
    elif row.planned is None:
        title = _("%(actual)s built at the end of %(month)s") % {
            "actual": projects.percent(row.physical),
            "month": projects.month_name(row.month),
        }
    else:
        title = _("%(actual)s built at the end of %(month)s, %(planned)s were planned") % {
            "actual": projects.percent(row.physical),
            "month": projects.month_name(row.month),
            "planned": projects.percent(row.planned),
        }
    return {"title": title, "svg": _drawn(curve, title, "%", 1.0) if curve.drawable else ""}


def _money_chart(row: ProjectStanding, curve: Curve) -> dict[str, Any]:
    if row.spent is None:
        title = _("No money was reported yet")
    elif row.project.budget:
        title = _("%(spent)s spent of %(budget)s, %(share)s of the budget") % {
            "spent": words.rupiah(row.spent, short=True),
            "budget": words.rupiah(row.project.budget, short=True),
            "share": projects.percent(round(100 * row.spent / row.project.budget)),
        }
    else:
        title = _("%(spent)s spent") % {"spent": words.rupiah(row.spent, short=True)}
    known = [value for value in (*curve.planned, *curve.actual) if value is not None]
    large = max(known, default=0) >= 1e9
    unit = _("billion rupiah") if large else _("million rupiah")
    return {"title": title, "svg": _drawn(curve, title, unit, 1e9 if large else 1e6) if curve.drawable else ""}


def _drawn(curve: Curve, title: str, unit: str, worth: float) -> Any:
    def scaled(values: list[float | None]) -> list[float | None]:
        return [None if value is None else round(value / worth, 2) for value in values]

    return charts.period_chart(
        [f"{month.month}/{month.year % 100:02d}" for month in curve.months],
        [(_("Built") if worth == 1 else _("Spent"), scaled(curve.actual)), (_("Planned"), scaled(curve.planned))],
        unit=unit,
        title=title,
    )


def comment_view(comment: Comment) -> dict[str, Any]:
    return {
        "row": comment,
        "kind": comments.KIND_LABELS[comment.kind],
        "state": comments.COMMENT_LABELS[comment.state],
        "reason": comments.REASON_LABELS.get(comment.reason, ""),
        "findings": [comments.FINDING_LABELS[code] for code in comment.findings if code in comments.FINDING_LABELS],
        "awaits": comment.state == states.SHOWN
        and not comment.answer
        and (comment.kind == states.QUESTION or comment.photo is not None),
    }


# --- files ------------------------------------------------------------------------------------------------------------


@public_page
@require_GET
@cached_page(*TOPICS)
def curve_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """/rencana/proyek/<slug>/kurva.csv"""
    found = _seen(slug)
    heading = [
        _("Month"), _("Planned, percent"), _("Built, percent"), _("Planned, rupiah"), _("Spent, rupiah"), _("Remark"),
    ]  # fmt: skip
    table = [heading, *(each.values() for each in projects.curve_rows(found))]
    response = HttpResponse([csvfile.MARK, *csvfile.lines(table)], content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{found.slug}.csv"'
    return response


@public_page
@require_GET
@cached_page(*TOPICS)
def curve_json(request: HttpRequest, slug: str) -> HttpResponse:
    """/rencana/proyek/<slug>/kurva.json"""
    found = _seen(slug)
    return JsonResponse({"project": found.slug, "budget": found.budget, "points": projects.curve_rows(found)})


@public_page(mirrored=False)
@require_GET
def photo(request: HttpRequest, key: UUID) -> FileResponse:
    """A photo of a public project; withdrawn, it is gone."""
    found = projects.photo_by(key)
    if found.withdrawn_at is not None or not found.project.public:
        raise NotFound(_("There is no such photo."), code="no_photo", item=str(key))
    return picture(found.file)


@public_page(mirrored=False)
@require_GET
def comment_photo(request: HttpRequest, key: UUID) -> FileResponse:
    """A photo of a comment that is shown."""
    found = comments.comment_by(key)
    if found.state != states.SHOWN or found.photo is None or not found.project.public:
        raise NotFound(_("There is no such photo."), code="no_photo", item=str(key))
    return picture(found.photo)


def picture(file_id: UUID, *, private: bool = False) -> FileResponse:
    """Shown in the page, never sniffed, never run. The caller has checked who may see it."""
    file = StoredFile.objects.filter(pk=file_id).first()
    if file is None:
        raise NotFound(_("There is no such photo."), code="no_photo", item=str(file_id))
    response = FileResponse(documents.open_file(file), content_type=file.media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    if private:
        patch_cache_control(response, private=True, no_store=True)
    else:
        response["ETag"] = f'"{file.sha256[:32]}"'
        patch_cache_control(response, public=True, max_age=600)
    return response


# --- writing ----------------------------------------------------------------------------------------------------------


@public_page
@require_http_methods(["GET", "POST"])
def write(request: HttpRequest, slug: str) -> HttpResponse:
    """/rencana/proyek/<slug>/tulis: a fact or a question, without an account."""
    found, status = _seen(slug), 200
    form = CommentForm(
        request.POST or None,
        request.FILES or None,
        initial={"key": uuid4(), "kind": request.GET.get("jenis", "")},
    )
    if request.method == "POST":
        if form.is_valid():
            given, data = request.FILES.get("photo"), form.cleaned_data
            try:
                comment = operations.write_comment(
                    actor=request.actor,  # type: ignore[attr-defined]
                    project=found,
                    kind=data["kind"],
                    text=data["text"],
                    key=data["key"],
                    address=address_of(request),
                    photo=(given.read(), given.name or "", given.content_type or "") if given else None,
                )
            except Invalid as refusal:
                form.refuse(refusal)
                status = 429 if refusal.code == "too_many" else 422
                if refusal.code == "form_used":
                    form.data = form.data.copy()  # type: ignore[attr-defined]
                    form.data["key"] = str(uuid4())  # type: ignore[index]
            else:
                back = HttpResponseRedirect(_address("masterplan-comment-track", comment.code))
                back.status_code = 303
                return back
        else:
            status = 422
    response = render(
        request,
        "masterplan/projects/write.html",
        {"form": form, "project": found, "title": in_language(found, "title"), "errors": bool(form.errors)},
        status=status,
    )
    patch_cache_control(response, private=True, no_store=True)
    return response


@public_page
@require_GET
def track(request: HttpRequest, code: str) -> HttpResponse:
    """/rencana/proyek/komentar/<code>: what became of it, for whoever has the code."""
    comment = comments.comment_by_code(code)
    if comment is None:
        raise NotFound(
            _("There is no comment with this code. Compare it letter by letter."), code="no_comment", item=code
        )
    response = render(
        request,
        "masterplan/projects/track.html",
        comment_view(comment)
        | {
            "project": comment.project,
            "title": in_language(comment.project, "title"),
            "masked": "personal" in comment.findings,
        },
    )
    patch_cache_control(response, private=True, no_store=True)
    return response
