"""One POST and back to where the person was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect

from tepian.kernel.actors import Denied, Invalid, NotFound

from .. import queries
from ..models import Plan, Revision


def act(
    request: HttpRequest,
    call: Callable[[], Any],
    done: str,
    back: str | Callable[[Any], str],
    again: Callable[[Invalid], HttpResponse] | None = None,
) -> HttpResponse:
    """Do it, and tell what happened in a sentence. Where something was typed, `again` draws the page with it when it is
    refused."""
    try:
        result = call()
    except Denied as refusal:
        messages.warning(request, f"{refusal.reason} {refusal.helper}".strip())
        return HttpResponseRedirect(back if isinstance(back, str) else request.get_full_path())
    except Invalid as refusal:
        if again is not None:
            return again(refusal)
        messages.warning(request, str(refusal.message))
        return HttpResponseRedirect(back if isinstance(back, str) else request.get_full_path())
    messages.success(request, done)
    return HttpResponseRedirect(back if isinstance(back, str) else back(result))


def counter(post: Mapping[str, Any], name: str = "edits") -> int:
    text = str(post.get(name, ""))
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def seen_plan(code: str) -> Plan:
    try:
        return queries.plan_by(code)
    except NotFound as error:
        raise Http404(str(error.message)) from None


def seen_revision(code: str, number: int) -> Revision:
    plan = seen_plan(code)
    try:
        revision = queries.revision_by(plan, number)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    revision.plan = plan
    return revision
