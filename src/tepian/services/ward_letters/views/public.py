"""For everybody: which letters there are, what one needs, and how a request stands."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tepian.kernel.actors import Conflict, Invalid, NotFound, system
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page
from tepian.kernel.identity.lockout import address_of
from tepian.ui.templatetags.ui import public_url

from .. import forms, operations, queries
from ..models import LetterKind
from ..queries.kinds import STEP_NAMES, TOPIC, said
from .parts import TAGS, duration, private, refused, see_other, title_of, validity


def _listed(row: LetterKind) -> dict[str, object]:
    return {
        "row": row,
        "title": title_of(row),
        "summary": said({"summary": row.summary, "summary_en": row.summary_en}, "summary"),
        "duration": duration(row),
        "url": public_url("ward-letters-kind", row.code),
    }


@public_page
@require_GET
@cached_page(TOPIC, seconds=300)
def home(request: HttpRequest) -> HttpResponse:
    """All kinds, searched by plain words."""
    wanted = request.GET.get("q", "")[:100]
    rows = queries.kinds()
    found = queries.matching(wanted, rows) if wanted else rows
    return render(
        request,
        "ward_letters/home.html",
        {
            "q": wanted,
            "kinds": [_listed(row) for row in found],
            "elsewhere": [] if found else queries.elsewhere(wanted)[:5],
        },
    )


def seen_kind(code: str) -> LetterKind:
    row = queries.kind(code)
    if row is None:
        raise Http404(_("There is no such letter now. The list of letters shows those that there are."))
    return row


@public_page
@require_GET
@cached_page(TOPIC, seconds=300)
def kind(request: HttpRequest, code: str) -> HttpResponse:
    """One letter: for what, which papers, how long, what it costs, who looks at it."""
    row = seen_kind(code)
    return render(
        request,
        "ward_letters/kind.html",
        _listed(row)
        | {
            "validity": validity(row),
            "papers": [{"name": said(each, "name"), "needed": each.get("required", True)} for each in row.papers],
            "steps": [STEP_NAMES[step] for step in row.steps],
            "questions": len(row.questions),
            "begin": public_url("ward-letters-begin", row.code),
        },
    )


@public_page
@require_http_methods(["GET", "POST"])
def begin(request: HttpRequest, code: str) -> HttpResponse:
    """Who are you? NIK, family card and day of birth; no account. Wrong ones get the same answer, whoever they are of."""
    row = seen_kind(code)
    form, status = forms.IdentityForm(), 200
    if request.method == "POST":
        form, status = forms.IdentityForm(request.POST), 422
        if form.is_valid():
            platform = system("ward_letters", _("the applicant"))
            try:
                resident = operations.prove(actor=platform, address=address_of(request), **form.cleaned_data)
                made = operations.begin(
                    actor=platform, kind=row, resident=resident, language=(get_language() or "id")[:2]
                )
            except Conflict as error:
                if error.code != "already_open":
                    raise
                return private(
                    render(
                        request,
                        "ward_letters/already.html",
                        {"title": title_of(row), "problem": str(error.message), "code": error.item},
                        status=409,
                    )
                )
            except Invalid as error:
                refused(form, error)
                status = 429 if isinstance(error, operations.TooMany) else 422
            else:
                return see_other(public_url("ward-letters-own", made.code, made.secret))
    response = render(
        request,
        "ward_letters/begin.html",
        {"title": title_of(row), "form": form, "back": public_url("ward-letters-kind", row.code)},
        status=status,
    )
    return private(response)


@public_page
@require_GET
def status(request: HttpRequest, code: str) -> HttpResponse:
    """The four facts of a request, for whoever has its number: nothing of the person."""
    try:
        row = queries.public(code)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    if row.code != code:
        return HttpResponseRedirect(public_url("ward-letters-status", row.code))
    return private(
        render(
            request,
            "ward_letters/status.html",
            {"facts": queries.facts_of(row), "tag": TAGS.get(row.state, ""), "document": row.document},
        )
    )
