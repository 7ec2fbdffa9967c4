"""The applicant's own pages, below a secret address: one question a page, papers, a last look, the receipt, the letter."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import ANONYMOUS, Conflict, Invalid, NotFound
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.events import record_view
from tepian.kernel.identity.access import public_page
from tepian.kernel.residents.numbers import masked
from tepian.ui.templatetags.ui import public_url

from .. import forms, operations, policies, queries, states
from ..models import Request
from ..queries.answers import asked, listed, missing, needed, wanted_papers
from .parts import (
    TAGS,
    download,
    papers,
    private,
    public_address,
    qr,
    refused,
    revision_of,
    see_other,
    sent_file,
    timeline,
    title_of,
)

LAST = "periksa"
FILES = "berkas-"
MINUTES_A_STEP = 0.5


def seen_own(code: str, secret: str) -> Request:
    try:
        return queries.own(code, secret)
    except NotFound as error:
        raise Http404(str(error.message)) from None


def _steps(row: Request) -> list[str]:
    """All pages of this request in order: questions, papers, the last look."""
    return [
        *(str(each["code"]) for each in asked(row.kind, row.answers)),
        *(f"{FILES}{each['code']}" for each in wanted_papers(row.kind, row.answers)),
        LAST,
    ]


def _address(row: Request, step: str) -> str:
    return public_url("ward-letters-step", row.code, row.secret, step)


def _next(row: Request, step: str, back_to_last: bool) -> str:
    """The page behind `step`; straight to the last look for who came from there and misses nothing."""
    steps = _steps(row)
    gaps = missing(row)
    if back_to_last and not gaps:
        return _address(row, LAST)
    place = steps.index(step) + 1 if step in steps else 0
    return _address(row, steps[min(place, len(steps) - 1)])


@public_page
@require_GET
def own(request: HttpRequest, code: str, secret: str) -> HttpResponse:
    """Where somebody comes back to: the next open question, or how it stands."""
    row = seen_own(code, secret)
    if row.state == states.DRAFT:
        gaps = missing(row)
        return see_other(_address(row, gaps[0] if gaps else LAST))
    address = public_address(row.code)
    return private(
        render(
            request,
            "ward_letters/own.html",
            {
                "row": row,
                "title": title_of(row.kind),
                "facts": queries.facts_of(row),
                "tag": TAGS.get(row.state, ""),
                "reason": queries.reason_of(row),
                "answers": listed(row),
                "papers": papers(row),
                "timeline": timeline(row),
                "name": row.resident.name,
                "nik": masked(row.resident.nik),
                "change": _address(row, LAST) if row.state == states.RETURNED else "",
                "letter": public_url("ward-letters-letter", row.code, row.secret) if row.letter else "",
                "survey": queries.survey_link(row),
                "may_cancel": states.may_follow(row.state, states.CANCELLED),
                "cancel": public_url("ward-letters-cancel", row.code, row.secret),
                "address": address,
                "qr": qr(address, _("Address of this request")),
            },
        )
    )


@public_page
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, code: str, secret: str, step: str) -> HttpResponse:
    """One question, one paper, or the last look before sending."""
    row = seen_own(code, secret)
    if row.state not in (states.DRAFT, states.RETURNED):
        return see_other(public_url("ward-letters-own", row.code, row.secret))
    steps = _steps(row)
    if step not in steps:  # an answer took this question away
        gaps = missing(row)
        return see_other(_address(row, gaps[0] if gaps else LAST))
    place = steps.index(step)
    context = {
        "row": row,
        "title": title_of(row.kind),
        "secret": secret,
        "place": place + 1,
        "count": len(steps),
        "minutes": max(1, round((len(steps) - place) * MINUTES_A_STEP)),
        "back": _address(row, steps[place - 1]) if place else public_url("ward-letters-kind", row.kind_code),
        "from_last": "ubah" in request.GET,
        "reason": queries.reason_of(row) if row.state == states.RETURNED else "",
    }
    if step == LAST:
        return _last(request, row, context)
    return _paper(request, row, step, context) if step.startswith(FILES) else _question(request, row, step, context)


def _question(request: HttpRequest, row: Request, step: str, context: dict[str, Any]) -> HttpResponse:
    questions = [each for each in row.kind.questions if each["code"] == step]
    shown: dict[str, Any] = {"questions": questions, "resident": row.resident}
    form, status = forms.AnswerForm(initial=forms.initial(questions, row.answers, row.resident), **shown), 200
    if request.method == "POST":
        form, status = forms.AnswerForm(request.POST, **shown), 422
        if form.is_valid():
            try:
                row = operations.answer(
                    actor=ANONYMOUS, request=row, answers=form.texts(), revision=revision_of(request), secret=row.secret
                )
            except Invalid as error:
                refused(form, error)
                status = 409 if isinstance(error, Conflict) else 422
                row.refresh_from_db()
            else:
                row = seen_own(row.code, row.secret)
                return see_other(_next(row, step, context["from_last"]))
    known = bool(questions[0].get("prefill")) and not row.answers.get(step)
    return private(
        render(
            request, "ward_letters/question.html", context | {"row": row, "form": form, "known": known}, status=status
        )
    )


def _paper(request: HttpRequest, row: Request, step: str, context: dict[str, Any]) -> HttpResponse:
    wanted = next(each for each in papers(row) if f"{FILES}{each['code']}" == step)
    form, status = forms.PaperForm(), 200
    if request.method == "POST":
        given = sent_file(request, "file")
        gone = next((each for each in wanted["files"] if str(each.pk) == request.POST.get("hapus", "")), None)
        try:
            if gone is not None:
                operations.detach(actor=ANONYMOUS, request=row, paper=gone, secret=row.secret)
                return see_other(_address(row, step))
            if given is not None:
                operations.attach(actor=ANONYMOUS, request=row, paper=wanted["code"], secret=row.secret, **given)
                if "lagi" in request.POST:
                    return see_other(_address(row, step))
            elif wanted["needed"] and not wanted["files"]:
                raise Invalid(_("Choose a photo or a PDF to go on."), code="file_missing", field="file")
        except Invalid as error:
            form, status = forms.PaperForm({}, MultiValueDict()), 409 if isinstance(error, Conflict) else 422
            form.is_valid()
            form.errors.clear()
            refused(form, error)
        else:
            row = seen_own(row.code, row.secret)
            return see_other(_next(row, step, context["from_last"]))
    return private(render(request, "ward_letters/paper.html", context | {"paper": wanted, "form": form}, status=status))


def _last(request: HttpRequest, row: Request, context: dict[str, Any]) -> HttpResponse:
    form, status = forms.SendForm(initial={"contact": row.contact}), 200
    if request.method == "POST":
        form, status = forms.SendForm(request.POST), 422
        if form.is_valid():
            try:
                operations.submit(
                    actor=ANONYMOUS,
                    request=row,
                    revision=revision_of(request),
                    contact=form.cleaned_data["contact"],
                    secret=row.secret,
                )
            except Invalid as error:
                refused(form, error)
                status = 409 if isinstance(error, Conflict) else 422
                row = seen_own(row.code, row.secret)
            else:
                return see_other(public_url("ward-letters-own", row.code, row.secret))
    gaps = set(missing(row))
    questions = {each["code"]: each for each in asked(row.kind, row.answers)}
    return private(
        render(
            request,
            "ward_letters/last.html",
            context
            | {
                "row": row,
                "form": form,
                "gaps": bool(gaps),
                "answers": [
                    each | {"url": f"{_address(row, each['code'])}?ubah", "missing": each["code"] in gaps,
                            "optional": not needed(questions[each["code"]])}
                    for each in listed(row)
                ],
                "papers": [
                    each | {"url": f"{_address(row, FILES + each['code'])}?ubah", "missing": FILES + each["code"] in gaps}
                    for each in papers(row)
                ],
                "name": row.resident.name,
                "nik": masked(row.resident.nik),
            },
            status=status,
        )
    )  # fmt: skip


@public_page
@require_POST
def cancel(request: HttpRequest, code: str, secret: str) -> HttpResponse:
    row = seen_own(code, secret)
    if states.may_follow(row.state, states.CANCELLED):
        operations.cancel(actor=ANONYMOUS, request=row, revision=revision_of(request), secret=row.secret)
    return see_other(public_url("ward-letters-own", row.code, row.secret))


@public_page(mirrored=True)
@require_GET
def letter(request: HttpRequest, code: str, secret: str) -> FileResponse:
    """The signed letter. Whoever has the secret address is the applicant, or got it from them."""
    row = seen_own(code, secret)
    file = StoredFile.objects.filter(pk=row.letter).first() if row.letter else None
    if file is None:
        raise Http404(_("This letter is not signed yet."))
    record_view(
        actor=ANONYMOUS, subject_type=policies.SUBJECT, subject_id=row.code, purpose="letter", file=str(file.pk)
    )
    operations.fetch(actor=ANONYMOUS, request=row, secret=row.secret)
    return download(file, f"{row.kind_code}-{row.code}.pdf")
