"""A table of the catalogue for staff: structure, forms of BPS, calendar, remembered spellings, history; and new tables."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Conflict, Invalid
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui.words import english, in_language

from .. import operations, policies, queries, states
from ..models import Activity, Classification, Dataset, Indicator, Variable
from .parts import do, listed, seen_dataset

LEVELS = ("city", "district", "ward")
LABELS = {"ms-keg": "MS-Keg", "ms-var": "MS-Var", "ms-ind": "MS-Ind"}
LINE = 30  # characters of an answer that stand in one line on a telephone
FIELDS = {"title": "n-title", "agency": "n-agency", "frequency": "n-freq", "dimensions": "n-level"}


def _forms(dataset: Dataset) -> list[dict[str, Any]]:
    """Every form of a table with how much of it is filled in."""
    today = timezone.localdate()
    rows: list[tuple[str, Any, str]] = []
    if dataset.activity:
        rows.append(("ms-keg", dataset.activity, dataset.activity.title))
        rows += [("ms-var", each, each.title) for each in dataset.activity.variables.all()]
    rows += [("ms-ind", each, in_language(each, "title")) for each in dataset.indicators.all()]
    found = []
    for form, row, title in rows:
        asked = queries.questionnaire(form, today)
        found.append(
            {
                "form": form,
                "label": LABELS[form],
                "code": row.code,
                "title": title,
                "filled": sum(bool(row.form.get(each["key"])) for each in asked),
                "asked": len(asked),
                "answers": [(_text(each), row.form[each["key"]]) for each in asked if row.form.get(each["key"])],
            }
        )
    return found


def _text(question: dict[str, str]) -> str:
    return question["text_en"] if english() else question["text"]


def _spellings(row: Dataset) -> list[dict[str, Any]]:
    """What was remembered, in words."""
    dimensions = {each.key: each for each in queries.dimensions_of(row)}
    asked = {"decimal": _("The point in numbers"), "day_first": _("First in dates")}
    told = {
        ("decimal", ","): _("separates thousands"),
        ("decimal", "."): _("separates decimals"),
        ("day_first", "yes"): _("the day"),
        ("day_first", "no"): _("the month"),
    }
    found = []
    for each in row.spellings.all()[:200]:
        meaning = told.get((each.dimension, each.code), each.code) if each.code else _("left out")
        if each.dimension in dimensions and each.code:
            meaning = dimensions[each.dimension].names.get(each.code, each.code)
        question = asked.get(each.dimension, each.dimension)
        found.append({"row": each, "written": each.written, "question": question, "meaning": meaning})
    return found


@staff_page(*policies.READERS)
@require_GET
def table(request: HttpRequest, code: str) -> HttpResponse:
    return _table_page(request, seen_dataset(request, code))


def _table_page(request: HttpRequest, row: Dataset, refusal: Invalid | None = None) -> HttpResponse:
    """With `refusal` the form of the calendar was sent and keeps what was typed."""
    actor = request.actor  # type: ignore[attr-defined]
    return render(
        request,
        "statistics/table.html",
        {
            "row": row,
            "title": in_language(row, "title"),
            "agency": organisations.agency_name(row.agency_code) or row.agency_code,
            "frequency": queries.FREQUENCY_LABELS[row.frequency],
            "dimensions": [
                {"name": each.name, "count": len(each.names), "first": list(each.names.items())[:8]}
                for each in queries.dimensions_of(row)
            ],
            "indicators": [
                {"row": each, "title": in_language(each, "title"), "unit": in_language(each, "unit")}
                for each in row.indicators.all()
            ],
            "forms": _forms(row),
            "releases": list(row.releases.all()),
            "spellings": _spellings(row),
            "plan_problem": str(refusal.message) if refusal else "",
            "plan_field": refusal.field if refusal else "",
            "typed": request.POST,
            "example": states.period_of(timezone.localdate(), row.frequency),
            "editions": [listed(each) for each in row.editions.select_related("dataset")[:50]]
            if policies.may_see(actor, row)
            else [],
            "may_plan": actor.has(*policies.PLANNERS),
            "may_keep": actor.has(policies.STEWARD, "administrator"),
            "may_produce": actor.has(*policies.STAFF),
        },
        status=422 if refusal else 200,
    )


@staff_page(policies.STEWARD, "administrator")
@require_POST
def forget(request: HttpRequest, code: str, spelling: int) -> HttpResponse:
    row = seen_dataset(request, code)
    return do(
        request,
        lambda: operations.forget_spelling(actor=request.actor, dataset=row, spelling=spelling),  # type: ignore[attr-defined]
        _("Forgotten. It is asked again next time."),
        reverse("statistics-table", args=[row.code]),
    )


@staff_page(*policies.PLANNERS)
@require_POST
def plan(request: HttpRequest, code: str) -> HttpResponse:
    row, post = seen_dataset(request, code), request.POST

    def act() -> None:
        try:
            due = date.fromisoformat(post.get("due", ""))
        except ValueError:
            raise Invalid(_("Choose the day on which it is due."), code="due", field="due") from None
        operations.plan_release(
            actor=request.actor,  # type: ignore[attr-defined]
            dataset=row,
            period=post.get("period", "").strip(),
            due=due,
        )

    def again(error: Conflict | Invalid) -> HttpResponse:
        return _table_page(request, row, error if isinstance(error, Invalid) else None)

    back = reverse("statistics-table", args=[row.code]) + "#kalender"
    return do(request, act, _("Written in the calendar."), back, again)


@staff_page(policies.STEWARD, "administrator")
@require_http_methods(["GET", "POST"])
def form(request: HttpRequest, code: str, form: str, which: str) -> HttpResponse:
    """One form of BPS: MS-Keg of the activity, MS-Var of a variable, MS-Ind of an indicator."""
    dataset = seen_dataset(request, code)
    row: Activity | Variable | Indicator | None = None
    if form == "ms-keg" and dataset.activity and dataset.activity.code == which:
        row = dataset.activity
    elif form == "ms-var" and dataset.activity:
        row = dataset.activity.variables.filter(code=which).first()
    elif form == "ms-ind":
        row = dataset.indicators.filter(code=which).first()
    if row is None:
        raise Http404(str(_("There is no such form.")))
    asked = queries.questionnaire(form, timezone.localdate())
    answers = request.POST if request.method == "POST" else row.form
    problem, field, status, theirs = "", "", 200, {}
    if request.method == "POST":
        try:
            operations.fill_form(
                actor=request.actor,  # type: ignore[attr-defined]
                row=row,
                answers={each["key"]: request.POST.get(each["key"], "") for each in asked},
                before=_shown_before(request),
            )
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("statistics-table", args=[dataset.code]) + "#formulir")
        except Conflict as refusal:
            problem, field, status = str(refusal.message), f"t-{asked[0]['key']}", 409
            row.refresh_from_db()
            theirs = row.form
        except Invalid as refusal:
            problem, field, status = str(refusal.message), f"t-{refusal.field}", 422
    return render(
        request,
        "statistics/form.html",
        {
            "dataset": dataset,
            "title": row.title,
            "label": LABELS[form],
            "problem": problem,
            "field": field,
            "before": json.dumps(row.form, sort_keys=True),
            "questions": [
                {
                    "key": each["key"],
                    "block": each.get("block", ""),
                    "text": _text(each),
                    "value": (value := answers.get(each["key"], "")),
                    "rows": max(2, -(-len(value) // LINE)),
                    "theirs": theirs.get(each["key"], "") if theirs.get(each["key"], "") != value else "",
                }
                for each in asked
            ],
        },
        status=status,
    )


def _shown_before(request: HttpRequest) -> dict[str, str] | None:
    """The answers that the form was drawn with."""
    try:
        found = json.loads(request.POST.get("before", ""))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


@staff_page(policies.STEWARD, "administrator")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """A new table of the catalogue."""
    post, problem, field = request.POST, "", ""
    if request.method == "POST":
        try:
            row = operations.add_dataset(
                actor=request.actor,  # type: ignore[attr-defined]
                title=post.get("title", ""),
                title_en=post.get("title_en", ""),
                agency=post.get("agency", ""),
                frequency=post.get("frequency", ""),
                dimensions=_dimensions(post),
                indicators=_indicators(post.get("indicators", "")),
            )
            messages.success(request, _("The table is in the catalogue. Its agency can send figures now."))
            return HttpResponseRedirect(reverse("statistics-table", args=[row.code]))
        except Invalid as refusal:
            problem, field = str(refusal.message), FIELDS.get(refusal.field, "n-ind")
    return render(
        request,
        "statistics/new_table.html",
        {
            "problem": problem,
            "field": field,
            "post": post,
            "agencies": organisations.agencies(),
            "frequencies": list(queries.FREQUENCY_LABELS.items()),
            "levels": [(level, _level(level)) for level in LEVELS],
            "classifications": _classifications(),
            "chosen": post.getlist("classifications"),
        },
        status=422 if problem else 200,
    )


def _level(level: str) -> str:
    return {"city": _("whole city"), "district": _("by district"), "ward": _("by ward")}[level]


def _classifications() -> list[Classification]:
    """Those in force, one version each."""
    codes = sorted(set(Classification.objects.values_list("code", flat=True)))
    return [row for code in codes if (row := queries.classification_on(code))]


def _dimensions(post: Any) -> list[dict[str, str]]:
    rows = []
    if post.get("level") in LEVELS:
        rows.append({"key": "region", "name": "Wilayah", "name_en": "Region", "role": "region", "level": post["level"]})
    for row in _classifications():
        if row.code in post.getlist("classifications"):
            rows.append(
                {
                    "key": row.code.replace("-", "_"),
                    "name": row.title,
                    "name_en": row.title_en,
                    "role": "category",
                    "classification": row.code,
                }
            )
    return rows


TOTALS = {"jumlah": states.SUM, "rata-rata": states.MEAN, "sum": states.SUM, "mean": states.MEAN}


def _indicators(text: str) -> list[dict[str, Any]]:
    """One a line: title | unit | decimals | sum or mean. All but the title may be left out."""
    rows = []
    for line in text.splitlines():
        parts = [part.strip() for part in line.split("|")]
        if not parts[0]:
            continue
        title, unit, decimals, total = (*parts, "", "", "")[:4]
        if decimals and not (decimals.isdecimal() and int(decimals) < 10):
            raise Invalid(
                _("Decimals are a number from 0 to 9: %(line)s") % {"line": line[:80]},
                code="decimals",
                field="indicators",
            )
        total = TOTALS.get(total.casefold(), total)
        if total not in ("", states.SUM, states.MEAN):
            raise Invalid(
                _("Write sum, mean or nothing: %(line)s") % {"line": line[:80]}, code="total", field="indicators"
            )
        rows.append({"title": title, "unit": unit, "decimals": int(decimals or 0), "total": total})
    return rows
