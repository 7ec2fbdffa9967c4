"""Staff: a programme with its questions, materials and results."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Conflict, Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui.words import in_language

from .. import forms, operations, policies, queries, states
from ..models import Material, Programme, Question
from .desk import controlled
from .parts import do, effect_parts, questions_by_key, reach_parts, refused, revision_of, seen_programme, year_from


def _may(request: HttpRequest, row: Programme) -> bool:
    return bool(request.actor.has(policies.ORGANISER, agency=row.agency_code))  # type: ignore[attr-defined]


@staff_page(*policies.READERS)
@require_GET
def programme(request: HttpRequest, code: str) -> HttpResponse:
    row, year = seen_programme(code), year_from(request)
    questions = questions_by_key(row)
    return render(
        request,
        "literacy/run.html",
        reach_parts(queries.reach(row, year, public=False), year)
        | effect_parts(queries.effect(row, year, public=False), questions, queries.group_names())
        | {
            "programme": row,
            "title": in_language(row, "title"),
            "agency": organisations.agency_name(row.agency_code) or row.agency_code,
            "for_whom": [name for _code, name in queries.groups_of(row)],
            "may": _may(request, row),
            "sessions": [
                controlled(each)
                for each in queries.with_counts(queries.sessions().filter(programme=row)).order_by("-starts_at")[:60]
            ],
            "questions": [
                {
                    "row": each,
                    "text": in_language(each, "text"),
                    "choices": [
                        (queries.choice_text(one), place == each.right) for place, one in enumerate(each.choices)
                    ],
                }
                for each in questions.values()
            ],
            "asked": sum(not each.retired for each in questions.values()),
            "fewest": states.FEWEST_QUESTIONS,
            "most": states.MOST_QUESTIONS,
            "materials": [
                {
                    "row": each,
                    "language": queries.LANGUAGE_LABELS[each.language],
                    "audience": queries.AUDIENCE_LABELS[each.audience],
                }
                for each in queries.materials_of(row)
            ],
            "years": sorted({*queries.years(), today().year}, reverse=True),
        },
    )


@staff_page(policies.ORGANISER)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    form = forms.ProgrammeForm(request.POST or None, actor=actor)
    if request.method == "POST" and form.is_valid():
        try:
            row = operations.add_programme(actor=actor, **form.cleaned_data)
        except Invalid as error:
            refused(form, error)
        else:
            messages.success(request, _("The programme is there. Write its questions and plan a session."))
            return HttpResponseRedirect(reverse("literacy-run", args=[row.code]))
    return _form(request, form, _("New programme"), reverse("literacy-desk"), _("Literacy"))


@staff_page(policies.ORGANISER)
@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, code: str) -> HttpResponse:
    row, actor = seen_programme(code), request.actor  # type: ignore[attr-defined]
    names = ("title", "title_en", "summary", "summary_en", "groups", "dimension", "aim_people", "aim_wards", "active")
    own = {name: getattr(row, name) for name in names}
    form = forms.ProgrammeForm(request.POST or None, actor=actor, programme=row, initial=own)
    back = reverse("literacy-run", args=[row.code])
    if request.method == "POST" and form.is_valid():
        try:
            operations.change_programme(actor=actor, programme=row, revision=revision_of(request), **form.cleaned_data)
        except Invalid as error:
            refused(form, error)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(back)
    return _form(request, form, _("Change the programme"), back, in_language(row, "title"), revision=row.revision)


def _form(
    request: HttpRequest, form: Any, heading: str, back: str, back_name: str, *, revision: int = 0, **more: Any
) -> HttpResponse:
    """One form on a page. After a conflict it holds what was typed, and the newest revision: sending again overrides."""
    context = {"form": form, "heading": heading, "back": back, "back_name": back_name, "revision": revision} | more
    return render(request, "literacy/form.html", context, status=422 if form.errors else 200)


# --- questions --------------------------------------------------------------------------------------------------------


@staff_page(policies.ORGANISER)
@require_http_methods(["GET", "POST"])
def new_question(request: HttpRequest, code: str) -> HttpResponse:
    row = seen_programme(code)
    form, back = forms.QuestionForm(request.POST or None), f"{reverse('literacy-run', args=[row.code])}#soal"
    if request.method == "POST" and form.is_valid():
        try:
            operations.add_question(actor=request.actor, programme=row, **form.values())  # type: ignore[attr-defined]
        except Invalid as error:
            refused(form, error, {"right": "choices"})
        else:
            messages.success(request, _("The question is in the test."))
            return HttpResponseRedirect(back)
    return _form(request, form, _("New question"), back, in_language(row, "title"))


def _question(key: int) -> Question:
    row = Question.objects.select_related("programme").filter(pk=key).first()
    if row is None:
        raise Http404(str(_("There is no such question.")))
    return row


@staff_page(policies.ORGANISER)
@require_http_methods(["GET", "POST"])
def question(request: HttpRequest, key: int) -> HttpResponse:
    row = _question(key)
    form = forms.QuestionForm(request.POST or None, initial=forms.QuestionForm.initial_of(row))
    back = f"{reverse('literacy-run', args=[row.programme.code])}#soal"
    if request.method == "POST" and form.is_valid():
        try:
            operations.change_question(
                actor=request.actor,  # type: ignore[attr-defined]
                question=row,
                revision=revision_of(request),
                **form.values(),
            )
        except (Conflict, Invalid) as error:
            refused(form, error, {"right": "choices"})
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(back)
    return _form(
        request,
        form,
        _("Change the question"),
        back,
        in_language(row.programme, "title"),
        revision=row.revision,
    )


@staff_page(policies.ORGANISER)
@require_POST
def retire(request: HttpRequest, key: int) -> HttpResponse:
    row = _question(key)
    again = bool(request.POST.get("again"))
    return do(
        request,
        lambda: operations.retire_question(actor=request.actor, question=row, retired=not again),  # type: ignore[attr-defined]
        _("The question is asked again.") if again else _("The question is no longer asked. Its answers still count."),
        f"{reverse('literacy-run', args=[row.programme.code])}#soal",
    )


# --- materials --------------------------------------------------------------------------------------------------------


@staff_page(policies.ORGANISER)
@require_http_methods(["GET", "POST"])
def new_material(request: HttpRequest, code: str) -> HttpResponse:
    row = seen_programme(code)
    form = forms.MaterialForm(request.POST or None, request.FILES or None)
    back = f"{reverse('literacy-run', args=[row.code])}#bahan"
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        file = given.pop("file")
        try:
            operations.add_material(
                actor=request.actor,  # type: ignore[attr-defined]
                programme=row,
                content=file,
                name=file.name if file else "",
                **given,
            )
        except Invalid as error:
            refused(form, error)
        else:
            messages.success(request, _("The material is there."))
            return HttpResponseRedirect(back)
    return _form(request, form, _("New material"), back, in_language(row, "title"), files=True)


@staff_page(policies.ORGANISER)
@require_POST
def remove_material(request: HttpRequest, key: int) -> HttpResponse:
    row = Material.objects.select_related("programme").filter(pk=key).first()
    if row is None:
        raise Http404(str(_("There is no such material.")))
    return do(
        request,
        lambda: operations.remove_material(actor=request.actor, material=row),  # type: ignore[attr-defined]
        _("The material was taken away."),
        f"{reverse('literacy-run', args=[row.programme.code])}#bahan",
    )
