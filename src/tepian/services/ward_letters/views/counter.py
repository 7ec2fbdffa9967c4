"""The counter: a clerk asks for somebody who has no phone, all questions on one page."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound
from tepian.kernel.identity.access import staff_page
from tepian.kernel.residents import operations as register
from tepian.kernel.residents.models import Resident

from .. import forms, operations, policies, queries, states
from .case import seen
from .parts import papers, refused, revision_of, sent_file, title_of


@staff_page(policies.CLERK)
@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """Which letter, and for whom: the NIK is enough, the person stands here with the card."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    form, status = forms.CounterForm(), 200
    if request.method == "POST":
        form, status = forms.CounterForm(request.POST), 422
        if form.is_valid():
            kind = queries.kind(form.cleaned_data["kind"])
            assert kind is not None  # the form offers what there is
            try:
                card = register.look_up(actor=actor, nik=form.cleaned_data["nik"], purpose="counter")
                resident = Resident.objects.select_related("region").get(pk=card.resident)
                made = operations.begin_at_counter(actor=actor, kind=kind, resident=resident, ward=resident.ward_code)
            except Conflict as error:
                form.add_error(None, str(error.message))
                status = 409
            except (NotFound, Invalid) as error:
                form.add_error(
                    "nik" if error.field == "nik" or isinstance(error, NotFound) else None, str(error.message)
                )
            else:
                return HttpResponseRedirect(reverse("ward-letters-counter-case", args=[made.code]))
    return render(request, "ward_letters/counter.html", {"form": form}, status=status)


@staff_page(policies.CLERK)
@require_http_methods(["GET", "POST"])
def case(request: HttpRequest, code: str) -> HttpResponse:
    """All questions and papers of a request that is not sent yet, or was returned."""
    row = seen(request, code)
    if row.state not in (states.DRAFT, states.RETURNED):
        return HttpResponseRedirect(reverse("ward-letters-case", args=[row.code]))
    questions: list[dict[str, Any]] = list(row.kind.questions)
    shown: dict[str, Any] = {"questions": questions, "resident": row.resident, "counter": True}
    form, status = forms.AnswerForm(initial=forms.initial(questions, row.answers, row.resident), **shown), 200
    if request.method == "POST":
        form, status = forms.AnswerForm(request.POST, **shown), 422
        if form.is_valid():
            try:
                _save(request, row, form)
            except Invalid as error:
                refused(form, error)
                status = 409 if isinstance(error, Conflict) else 422
                row = queries.by_code(request.actor, code)  # type: ignore[attr-defined]
            else:
                messages.success(request, _("Sent: %(code)s") % {"code": row.code})
                return HttpResponseRedirect(reverse("ward-letters-receipt", args=[row.code]))
    return render(
        request,
        "ward_letters/counter_case.html",
        {
            "row": row,
            "title": title_of(row.kind),
            "name": row.resident.name,
            "nik": row.resident.nik,
            "street": row.resident.street,
            "form": form,
            "papers": papers(row),
        },
        status=status,
    )


def _save(request: HttpRequest, row: Any, form: forms.AnswerForm) -> None:
    """Answers, then papers, then off: what is kept stays kept when a later part is refused."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    row = operations.answer(actor=actor, request=row, answers=form.texts(), revision=revision_of(request))
    for paper in row.kind.papers:
        if given := sent_file(request, f"berkas-{paper['code']}"):
            operations.attach(actor=actor, request=row, paper=paper["code"], **given)
    row.refresh_from_db()
    operations.submit(actor=actor, request=row, revision=row.revision)
