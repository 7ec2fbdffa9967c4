"""What pages share: facts in words, the QR code, files that somebody sent, refusals beside their field."""

from __future__ import annotations

import io
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from tepian.kernel.actors import Invalid
from tepian.kernel.documents import queries as documents
from tepian.kernel.documents.models import StoredFile
from tepian.ui import words

from .. import queries, states
from ..models import LetterKind, Request
from ..queries.answers import wanted_papers
from ..queries.kinds import said

TAGS = {
    states.WAITING: "info", states.RETURNED: "warn", states.ISSUED: "ok", states.HANDED: "ok", states.REFUSED: "danger",
    states.STOPPED: "warn", states.REVOKED: "danger",
}  # fmt: skip


def title_of(kind: LetterKind) -> str:
    return said({"title": kind.title, "title_en": kind.title_en}, "title")


def verb_words(verb: str) -> str:
    """What happened, as a line of the history."""
    return {
        "sent": _("Sent"),
        "sent_again": _("Sent again"),
        "approved": _("Checked and passed on"),
        "on_paper": _("Passed on with a letter on paper"),
        "inspected": _("Inspected on site"),
        "returned": _("Returned to you"),
        "sent_back": _("Sent back to the clerk"),
        "refused": _("Refused"),
        "cancelled": _("Cancelled"),
        "expired": _("Closed, nobody answered"),
        "stopped": _("Stopped"),
        "signed": _("Signed"),
        "handed": _("Handed over"),
        "revoked": _("Revoked"),
        "lapsed": _("Not valid any more"),
    }.get(verb, verb)


def timeline(request: Request) -> list[dict[str, Any]]:
    return [
        {
            "what": verb_words(step.verb),
            "by": _("the applicant") if step.by == "applicant" else step.by,
            "words": queries.words_of(step.words),
            "at": step.at,
        }
        for step in queries.history(request)
    ]


def duration(kind: LetterKind) -> str:
    """How long it takes, in the office's hours or days."""
    if kind.days:
        return _("within %(days)s working days") % {"days": words.number(kind.days)}
    return _("within %(hours)s working hours") % {"hours": words.number(round(kind.minutes / 60))}


def validity(kind: LetterKind) -> str:
    return (
        _("valid %(days)s days") % {"days": words.number(kind.valid_days)}
        if kind.valid_days
        else _("valid without an end")
    )


def card(request: Request) -> dict[str, Any]:
    """A request as lists show it."""
    facts = queries.facts_of(request)
    return {"row": request, "facts": facts, "tag": TAGS.get(request.state, ""), "kind": facts.kind}


def papers(request: Request) -> list[dict[str, Any]]:
    """What should come with it, and what came."""
    there = queries.papers_of(request)
    return [
        {
            "code": row["code"],
            "name": said(row, "name"),
            "hint": said(row, "hint"),
            "needed": bool(row.get("required", True)),
            "files": [each for each in there if each.code == row["code"]],
        }
        for row in wanted_papers(request.kind, request.answers)
    ]


def sent_file(request: HttpRequest, name: str) -> dict[str, Any] | None:
    """What somebody sent in a field, as `operations.attach` takes it; None for an empty field."""
    given = request.FILES.get(name)
    if given is None or not given.name:
        return None
    return {"content": given.read(), "name": given.name, "media_type": given.content_type or ""}


def qr(text: str, title: str) -> str:
    """A QR code as SVG, small enough for a slip."""
    buffer = io.BytesIO()
    code = segno.make(text, error="m", micro=False)
    look = {"svgclass": "qr", "lineclass": None, "border": 4, "light": "#fff", "title": title, "scale": 4}
    code.save(buffer, kind="svg", xmldecl=False, svgns=True, **look)
    return buffer.getvalue().decode()


def public_address(code: str) -> str:
    """The permanent address of a case, for paper and QR."""
    return f"{settings.BASE_URL}{reverse('portal-track-code', args=[code])}"


def refused(form: forms.Form, error: Invalid) -> None:
    """What the operation refused, beside the field at fault."""
    form.add_error(error.field if error.field in form.fields else None, str(error.message))


def revision_of(request: HttpRequest) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def private(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, private=True, no_store=True)
    # The address itself is the applicant's secret: no other site learns it. Own pages must, or their forms are refused.
    response["Referrer-Policy"] = "same-origin"
    return response


def see_other(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address)
    response.status_code = 303
    return private(response)


def download(file: StoredFile, name: str, *, inline: bool = False) -> FileResponse:
    """A stored file, never run, whatever it is."""
    response = FileResponse(
        documents.open_file(file), as_attachment=not inline, filename=name, content_type=file.media_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    patch_cache_control(response, private=True, no_store=True)
    return response
