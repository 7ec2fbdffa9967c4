"""Writing the register: somebody new, a death, a move."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.city import today

from .. import forms, operations, queries, registry
from ..models import Resident
from ..numbers import mismatches, read_nik
from .parts import actor_of, frame, posted, purpose_of, refused, registrars, with_purpose

_FIELDS = {"region": "ward", "missing": "nik"}


@registrars
@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """A birth, an arrival, or somebody who was missing. With the registry's service, a NIK fills the rest in."""
    form = forms.RegisterForm(posted(request))
    notice, status = "", 200
    if request.method == "POST" and "tanya" in request.POST:
        form, notice, status = _ask(request)
    elif request.method == "POST":
        if form.is_valid():
            try:
                return _register(request, form)
            except Invalid as error:
                refused(form, error, _FIELDS)
        status = 422
    context = frame(request) | {"form": form, "notice": notice, "has_service": registry.civil_registry() is not None}
    return render(request, "residents/register.html", context, status=status)


def _register(request: HttpRequest, form: forms.RegisterForm) -> HttpResponse:
    given = form.cleaned_data
    resident = operations.register_resident(
        actor=actor_of(request),
        facts=form.facts(),
        region=form.region(),
        kk=given["kk"],
        kind=form.civil_event(),
        on=given["on"],
        basis=given["basis"],
    )
    messages.success(request, _("%(name)s is in the register.") % {"name": resident.name})
    odd = mismatches(read_nik(resident.nik, today=today()), sex=resident.sex, born_on=resident.born_on)
    for each in odd:
        messages.warning(request, _odd(each))
    return redirect("residents-person", resident.pk)


def _odd(what: str) -> str:
    if what == "sex":
        return _("The NIK says another sex. A NIK is never issued anew for that; it was kept as you wrote it.")
    return _("The NIK says another day of birth. A NIK is never issued anew for that; it was kept as you wrote it.")


def _ask(request: HttpRequest) -> tuple[forms.RegisterForm, str, int]:
    """The form with what the registry's service knows; what was typed stays where the service says nothing."""
    typed = {key: str(value) for key, value in request.POST.items()}
    try:
        found = registry.ask_registry(actor=actor_of(request), nik=typed.get("nik", ""))
    except Invalid as error:
        form = forms.RegisterForm(initial=typed)
        return form, str(error.message), 200 if isinstance(error, registry.Away) else 422
    if found is None:
        return forms.RegisterForm(initial=typed), _("The civil registry's service knows nobody with this NIK."), 200
    ward, _dot, rt = str(found.get("region", "")).partition(".RT")
    told: dict[str, Any] = {**found, "ward": ward, "rt": rt.lstrip("0")}
    form = forms.RegisterForm(initial=typed | {key: value for key, value in told.items() if value})
    return form, _("Filled in by the civil registry's service. Compare it with the card, then save."), 200


def _open(request: HttpRequest, pk: int) -> Resident:
    """The person of a form, whose name stands above it: a look as well."""
    resident = queries.by_id(actor_of(request), pk)
    operations.show(actor=actor_of(request), resident=resident, purpose=purpose_of(request))
    return resident


@registrars
@require_http_methods(["GET", "POST"])
@with_purpose
def death(request: HttpRequest, pk: int) -> HttpResponse:
    resident = _open(request, pk)
    form = forms.DeathForm(posted(request), initial={"revision": resident.revision})
    if request.method == "POST" and form.is_valid():
        try:
            operations.record_death(actor=actor_of(request), resident=resident, **form.cleaned_data)
        except Invalid as error:
            refused(form, error)
        else:
            messages.success(request, _("The death is in the register. Open requests of this person stop."))
            return redirect("residents-person", pk)
    return _form(request, resident, form, _("Record a death"), _("Record the death"))


@registrars
@require_http_methods(["GET", "POST"])
@with_purpose
def move(request: HttpRequest, pk: int) -> HttpResponse:
    resident = _open(request, pk)
    form = forms.MoveForm(posted(request), initial={"revision": resident.revision})
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        away = given["where"] == "away"
        try:
            operations.record_move(
                actor=actor_of(request),
                resident=resident,
                on=given["on"],
                basis=given["basis"],
                region="" if away else form.region(),
                street="" if away else given["street"],
                elsewhere=given["elsewhere"] if away else "",
                kk="" if away else given["kk"],
                revision=given["revision"],
            )
        except Invalid as error:
            refused(form, error, _FIELDS)
        else:
            messages.success(request, _("The move is in the register. The addresses of before stay readable."))
            return redirect("residents-person", pk)
    return _form(request, resident, form, _("Record a move"), _("Record the move"))


def _form(request: HttpRequest, resident: Resident, form: Any, heading: str, button: str) -> HttpResponse:
    context = frame(request) | {"resident": resident, "form": form, "heading": heading, "button": button}
    return render(request, "residents/form.html", context, status=422 if form.errors else 200)
