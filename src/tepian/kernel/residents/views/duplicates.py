"""Entries that may be one person: side by side, decided by a person."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tepian.kernel.actors import Invalid

from .. import forms, operations, queries, words
from ..duplicates import REASONS
from ..models import DuplicatePair
from .parts import actor_of, frame, posted, refused, registrars

SHOWN = 50
COMPARED = (
    "nik", "kk", "name", "sex", "born_on", "born_in", "region", "street", "relation", "father", "mother", "religion",
    "marriage", "education", "occupation", "blood", "status",
)  # fmt: skip


def _row(row: DuplicatePair) -> dict[str, Any]:
    return {
        "row": row,
        "url": reverse("residents-pair", args=[row.pk]),
        "percent": round(100 * row.score),
        "reasons": [REASONS[reason] for reason in row.reasons if reason in REASONS],
    }


@registrars
@require_GET
def duplicates(request: HttpRequest) -> HttpResponse:
    rows = operations.read_pairs(actor=actor_of(request), limit=SHOWN)
    context = frame(request) | {
        "waiting": [_row(row) for row in rows],
        "count": queries.open_pairs().count(),
        "decided": [_row(row) for row in queries.decided_pairs()[:20]],
    }
    return render(request, "residents/duplicates.html", context)


@registrars
@require_http_methods(["GET", "POST"])
def pair(request: HttpRequest, pk: int) -> HttpResponse:
    actor = actor_of(request)
    row = operations.read_pair(actor=actor, pair=pk)
    waits = row.state == DuplicatePair.State.OPEN
    kind: Any = forms.PairForm if waits else forms.ReopenForm
    form = kind(posted(request), initial={"revision": row.revision})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            if not waits:
                operations.reopen_duplicate(actor=actor, pair=row, why=given["why"], revision=given["revision"])
                messages.success(request, _("The decision is taken back; the pair waits again."))
                return redirect("residents-pair", pk)
            kept = {"first": row.first_id, "second": row.second_id}.get(given["verdict"])
            operations.decide_duplicate(
                actor=actor, pair=row, same=kept is not None, kept=kept, why=given["why"], revision=given["revision"]
            )
        except Invalid as error:
            refused(form, error, {"kept": "verdict"})
            row = operations.read_pair(actor=actor, pair=pk)
        else:
            messages.success(request, _("Decided. It can be taken back at any time."))
            return redirect("residents-duplicates")
    left, right = queries.card(actor, row.first), queries.card(actor, row.second)
    compared = [
        {
            "label": words.FIELDS[key],
            "left": left.facts.get(key) or "–",
            "right": right.facts.get(key) or "–",
            "differs": left.facts.get(key) != right.facts.get(key),
            "date": key == "born_on",
        }
        for key in COMPARED
    ]
    context = (
        frame(request)
        | _row(row)
        | {
            "form": form,
            "left": left,
            "right": right,
            "left_url": reverse("residents-person", args=[row.first_id]),
            "right_url": reverse("residents-person", args=[row.second_id]),
            "compared": compared,
            "waits": row.state == DuplicatePair.State.OPEN,
            "same": row.state == DuplicatePair.State.SAME,
        }
    )
    return render(request, "residents/pair.html", context, status=422 if form.errors else 200)
