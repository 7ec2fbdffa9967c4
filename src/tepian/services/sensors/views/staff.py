"""The steward's desk: which stations are well, their thresholds, and files to import."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tepian.kernel.actors import Invalid, NotFound
from tepian.kernel.identity.access import staff_page

from .. import operations, queries
from ..forms import MappingForm, ThresholdForm, UploadForm
from ..operations import imports
from ..queries.series import find_datastream
from .public import chart_of, mark_names

READERS = ("sensor_steward", "duty_officer", "administrator", "head", "viewer")
KEEPERS = ("sensor_steward",)


def ail(r: queries.Reading) -> int:
    """What is wrong first: silent, then marked, then stale."""
    return 3 if r.silent else 2 if r.stale else 1 if set(r.marks) & {"stuck", "spike", "impossible", "late"} else 0


@staff_page(*READERS)
def health(request: HttpRequest) -> HttpResponse:
    """/kerja/sensor: all stations, the ailing ones first."""
    names = mark_names()
    readings = sorted(queries.latest(main=None, inactive=True), key=lambda r: (-ail(r), r.name, r.slug))
    context = {
        "rows": [{"r": r, "ail": ail(r), "marks": [names.get(m, m) for m in r.marks if m != "ok"]} for r in readings],
        "silent": sum(ail(r) >= 2 for r in readings if r.main),
        "may_keep": request.actor.has(*KEEPERS),  # type: ignore[attr-defined]
    }
    return render(request, "sensors/health.html", context)


@staff_page(*READERS)
@require_http_methods(["GET", "POST"])
def station(request: HttpRequest, code: str) -> HttpResponse:
    """/kerja/sensor/<station>: its state, its thresholds through time, and new ones."""
    readings = queries.of_station(code)
    row = find_datastream(code)
    if not readings or row is None:
        raise Http404
    may_keep = request.actor.has(*KEEPERS)  # type: ignore[attr-defined]
    status = 200
    form: ThresholdForm | None = None
    if request.method == "POST":
        form = ThresholdForm(request.POST, station=code)
        if form.is_valid() and _saved(request, form):
            return HttpResponseRedirect(reverse("sensors-edit", args=[code]))
        status = 422
    elif may_keep:
        current = next(iter(queries.thresholds(row.pk)), None)
        initial: dict[str, Any] = {"datastream": row.key}
        if current:
            initial |= {
                "scale": current.code,
                "name": current.name,
                "waspada": current.waspada,
                "siaga": current.siaga,
                "awas": current.awas,
                "hysteresis": current.hysteresis,
                "alerting": current.alerting,
            }
        form = ThresholdForm(initial=initial, station=code)
    drawn, _found = chart_of(readings[0], row, "day", height=220)
    names = mark_names()
    context = {
        "reading": readings[0],
        "readings": readings,
        "row": row,
        "chart": drawn,
        "form": form,
        "may_keep": may_keep,
        "marks": [names.get(m, m) for m in readings[0].marks if m != "ok"],
        "scales": [scale for r in readings for scale in _history(code, r.slug)],
    }
    return render(request, "sensors/edit.html", context, status=status)


def _history(code: str, slug: str) -> list[Any]:
    row = find_datastream(code, slug)
    return queries.thresholds(row.pk, history=True) if row else []


def _saved(request: HttpRequest, form: ThresholdForm) -> bool:
    """Save, or put the refusal beside its field."""
    try:
        operations.set_thresholds(actor=request.actor, **form.cleaned_data)  # type: ignore[attr-defined]
    except Invalid as error:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return False
    messages.success(request, _("The thresholds are saved. They hold from the day that you gave."))
    return True


@staff_page(*KEEPERS)
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """/kerja/sensor/impor: choose a file; nothing is stored before the dry run is confirmed."""
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            text = imports.decode(form.cleaned_data["file"].read())
            columns, _rows = imports.read_table(text)
            mapping = imports.guess_mapping(columns) | {"fixed": form.cleaned_data["datastream"]}
            draft = imports.prepare_import(
                actor=request.actor,  # type: ignore[attr-defined]
                file_name=form.cleaned_data["file"].name,
                content=text,
                mapping=mapping,
            )
            return HttpResponseRedirect(reverse("sensors-import-confirm", args=[draft.token]))
        except Invalid as error:
            form.add_error("file", str(error.message))
    return render(request, "sensors/import.html", {"form": form}, status=422 if form.errors else 200)


@staff_page(*KEEPERS)
@require_http_methods(["GET", "POST"])
def confirm_import(request: HttpRequest, token: str) -> HttpResponse:
    """/kerja/sensor/impor/<token>: what each row would become; change the columns, or import."""
    actor = request.actor  # type: ignore[attr-defined]
    try:
        draft = imports.find_draft(actor, token)
    except NotFound as error:
        messages.error(request, str(error.message))
        return HttpResponseRedirect(reverse("sensors-import"))
    columns, _rows = imports.read_table(draft.content)
    guess = draft.mapping
    initial = {
        "time": guess.get("time", ""),
        "value": guess.get("value", ""),
        "station": guess.get("station", ""),
        "unit": guess.get("unit", ""),
        "datastream_column": guess.get("datastream", ""),
        "datastream": guess.get("fixed", ""),
    }
    data = request.POST if request.method == "POST" else initial
    form = MappingForm(data, columns=columns)
    report = None
    if form.is_valid():
        asked = {"mapping": form.mapping(), "datastream": form.cleaned_data["datastream"]}
        try:
            if request.method == "POST" and "import" in request.POST:
                done = imports.import_csv(actor=actor, content=draft.content, file_name=draft.file_name, **asked)
                messages.success(
                    request,
                    _("%(ok)d readings are stored. %(duplicate)d were there already, %(bad)d rows were left out.")
                    % {
                        "ok": done.counts["ok"],
                        "duplicate": done.counts["duplicate"],
                        "bad": done.counts["bad"] + done.counts["conflict"],
                    },
                )
                return HttpResponseRedirect(reverse("sensors-health"))
            report = imports.inspect(draft.content, **asked)
        except Invalid as error:
            field = {"datastream": "datastream", "time": "time", "value": "value"}.get(error.field)
            form.add_error(field, str(error.message))
    context = {"form": form, "report": report, "draft": draft, "columns": columns, "states": state_names()}
    return render(request, "sensors/import_confirm.html", context, status=422 if form.errors else 200)


def state_names() -> dict[str, str]:
    return {
        "ok": _("ready"),
        "duplicate": _("there already"),
        "conflict": _("another value stands"),
        "bad": _("cannot be stored"),
    }
