"""Corrections: asked at the counter, decided by the registry before the law's clock runs out."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tepian.kernel.actors import Invalid

from .. import forms, operations, policies, queries, words
from ..models import Correction
from .parts import actor_of, frame, page, posted, purpose_of, refused, registrars, with_purpose


@page
@require_http_methods(["GET", "POST"])
@with_purpose
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """First which field, then how it should be."""
    actor = actor_of(request)
    resident = queries.by_id(actor, pk)
    operations.show(actor=actor, resident=resident, purpose=purpose_of(request))
    field = request.GET.get("isian", "")
    if not field:
        fields = [
            (f"?isian={name}", words.FIELDS[name], words.said(name, getattr(resident, name)))
            for name in operations.CORRECTABLE
        ]
        return render(request, "residents/ask.html", frame(request) | {"resident": resident, "fields": fields})
    if field not in operations.CORRECTABLE:
        raise Http404(str(_("This cannot be corrected here. The civil registry can help.")))
    form = forms.CorrectionForm(posted(request), field=field)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            asked = operations.ask_correction(
                actor=actor, resident=resident, field=field, wanted=str(given["wanted"]), reason=given["reason"]
            )
        except Invalid as error:
            refused(form, error)
        else:
            messages.success(request, _("The correction is asked. The civil registry has three days to answer."))
            return redirect(reverse("residents-person", args=[pk]) + f"#koreksi-{asked.pk}")
    context = frame(request) | {
        "resident": resident,
        "form": form,
        "field": words.FIELDS[field],
        "now": words.said(field, getattr(resident, field)) or "–",
    }
    return render(request, "residents/ask_field.html", context, status=422 if form.errors else 200)


def _row(row: Correction) -> dict[str, Any]:
    return {
        "row": row,
        "url": reverse("residents-decide", args=[row.key]),
        "field": words.FIELDS[row.field],
        "was": words.said(row.field, row.was) or "–",
        "wanted": words.said(row.field, row.wanted),
        "late": row.state == Correction.State.ASKED and row.due_at < timezone.now(),
    }


@page
@require_GET
def corrections(request: HttpRequest) -> HttpResponse:
    """What waits, by the law's deadline."""
    waiting, decided = operations.read_corrections(actor=actor_of(request))
    context = frame(request) | {
        "waiting": [_row(row) for row in waiting],
        "decided": [_row(row) for row in decided],
    }
    return render(request, "residents/corrections.html", context)


@registrars
@require_http_methods(["GET", "POST"])
def decide(request: HttpRequest, key: UUID) -> HttpResponse:
    """Correct it, or say why not. A decision of a colleague in between is shown and keeps what was typed."""
    actor = actor_of(request)
    row = operations.read_correction(actor=actor, key=key)
    form = forms.DecideForm(posted(request), initial={"revision": row.revision})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        accept = given["accept"] == "yes"
        try:
            operations.decide_correction(
                actor=actor, correction=row, accept=accept, answer=form.words(), revision=given["revision"]
            )
        except Invalid as error:
            refused(form, error)
            row = operations.read_correction(actor=actor, key=key)
        else:
            messages.success(
                request, _("The register is corrected.") if accept else _("The answer is kept; nothing was corrected.")
            )
            return redirect("residents-corrections")
    present = getattr(row.resident, row.field)
    context = (
        frame(request)
        | _row(row)
        | {
            "form": form,
            "resident": row.resident,
            "open": row.state == Correction.State.ASKED,
            "present": words.said(row.field, present) or "–",
            "moved_on": row.state == Correction.State.ASKED and str(present) != row.was,
            "may_decide": actor.has(policies.REGISTRAR),
        }
    )
    return render(request, "residents/decide.html", context, status=422 if form.errors else 200)
