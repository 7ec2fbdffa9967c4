"""The offices' side: their own figures, and what citizens wrote."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from tepian.kernel.actors import Denied, Invalid, NotFound
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui import words
from tepian.ui.words import in_language

from .. import operations, policies, queries, states
from ..models import Answer, Service
from .public import elements, listed, year_from

PAGE = 50
TAGS = {states.NEW: "warn", states.SEEN: "info", states.DONE: "ok"}


class HandleForm(forms.Form):
    state = forms.ChoiceField(
        label=gettext_lazy("What about it?"),
        choices=[(each, states.STATE_LABELS[each]) for each in (states.SEEN, states.DONE)],
        widget=forms.RadioSelect,
    )
    reply = forms.CharField(
        label=gettext_lazy("What was done"),
        max_length=states.LONGEST_COMMENT,
        required=False,
        widget=forms.Textarea({"rows": 4}),
    )


def shown(row: Answer) -> dict[str, Any]:
    mean = sum(getattr(row, element) for element in states.ELEMENTS) / len(states.ELEMENTS)
    return {
        "row": row,
        "service": in_language(row.service, "title"),
        "office": organisations.agency_name(row.office) if row.office else "",
        "month": formats.date_format(row.answered_on, "F Y"),  # the day would tell an office of few visitors who it was
        "mean": words.number(mean, 1),
        "state": states.STATE_LABELS[row.state],
        "tag": TAGS[row.state],
    }


@staff_page(*policies.READERS)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """Figures of the actor's own reach to this day, and the comments."""
    actor, year = request.actor, year_from(request)  # type: ignore[attr-defined]
    rows = queries.readable(actor).filter(answered_on__year=year)
    whole, services = queries.index_of(rows), queries.by(rows, "service_id")
    titles = {row.pk: in_language(row, "title") for row in Service.objects.filter(pk__in=services)}
    wanted = request.GET.get("keadaan", "")
    wanted = wanted if wanted in states.STATES else ""
    page = Paginator(queries.comments(actor, state=wanted), PAGE).get_page(request.GET.get("halaman"))
    asked, answered = queries.asked_and_answered(actor, year)
    return render(
        request,
        "feedback/desk.html",
        {
            "year": year,
            "whole": listed(queries.Line("", "", whole)),
            "elements": elements(whole),
            "lines": [listed(queries.Line("", titles[key], found)) for key, found in services.items()],
            "comments": [shown(row) for row in page],
            "page": page,
            "wanted": wanted,
            "filters": [("", _("all")), *states.STATE_LABELS.items()],
            "few": states.SMALL,
            "asked": words.number(asked),
            "answered": words.number(answered),
        },
    )


@staff_page(*policies.READERS)
@require_http_methods(["GET", "POST"])
def comment(request: HttpRequest, key: UUID) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    try:
        row = queries.comment_by(actor, key)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    form = HandleForm(
        request.POST or None, initial={"state": row.state if row.state != states.NEW else "", "reply": row.reply}
    )
    if request.method == "POST" and form.is_valid():
        text = request.POST.get("revision", "")
        revision = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0
        try:
            operations.handle(actor=actor, answer=row, revision=revision, **form.cleaned_data)
        except Invalid as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
            row = queries.comment_by(actor, key)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(reverse("feedback-desk"))
    try:
        policies.may_handle(actor=actor, answer=row)
        may = True
    except Denied:
        may = False
    answers = [
        (states.LABELS[element], states.CHOICES[element][getattr(row, element) - 1]) for element in states.ELEMENTS
    ]
    context = {"each": shown(row), "answers": answers, "form": form, "may": may}
    return render(request, "feedback/comment.html", context, status=422 if form.errors else 200)
