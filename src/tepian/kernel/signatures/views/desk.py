"""The desk of those who sign: what waits, reading it, signing many with one passphrase, what was signed."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Actor, Denied, Invalid, NotFound
from tepian.kernel.catalogue.contributions import SignableItem
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.identity.access import staff_page

from .. import operations, policies, queries
from ..forms import RevokeForm

READ = "signatures-read"  # of the session: what was opened, so that it is chosen already on the list
MOST_READ = 200
SOON_DAYS = 30


def _actor(request: Any) -> Actor:
    actor: Actor = request.actor
    return actor


def _mark(kind: str, key: str) -> str:
    return f"{kind}|{key}"


def _opened(request: HttpRequest) -> list[str]:
    kept = request.session.get(READ, [])
    return [str(one) for one in kept] if isinstance(kept, list) else []


def _key_state(actor: Actor) -> dict[str, Any]:
    """What to say of the own key: none, offered, active, ending within 30 days, ended."""
    key = queries.active_key(actor.account_id or 0)
    now = timezone.now()
    if key is None:
        return {"state": "offered" if queries.offered_key(actor.account_id or 0) else "none"}
    days = (key.expires_at - now).days if key.expires_at else None
    state = (
        "active"
        if days is None or days >= SOON_DAYS
        else "ended"
        if key.expires_at and key.expires_at <= now
        else "ending"
    )
    return {
        "state": state,
        "key": key,
        "until": key.expires_at,
        "locked": bool(key.locked_until and key.locked_until > now),
    }


def _row(item: SignableItem, opened: list[str], chosen: list[str]) -> dict[str, Any]:
    mark = _mark(item.kind, item.key)
    room = queries.signable(item.kind)
    return {
        "item": item,
        "mark": mark,
        "kind": room.label if room else item.kind,
        "opened": mark in opened,
        "chosen": mark in chosen,
        "late": bool(item.due and item.due < timezone.now()),
    }


def _desk(
    request: HttpRequest, *, error: str = "", field: str = "", chosen: list[str] | None = None, status: int = 200
) -> HttpResponse:
    actor, opened = _actor(request), _opened(request)
    rows = [_row(item, opened, opened if chosen is None else chosen) for item in queries.waiting(actor)]
    context = {
        "rows": rows,
        "next_unread": next((row for row in rows if not row["opened"]), None),
        "read": sum(row["opened"] for row in rows),
        "signs": bool(queries.signatories(actor)),
        "key": _key_state(actor),
        "error": error,
        "field": field,
        "most": operations.MOST,
    }
    return render(request, "signatures/desk.html", context, status=status)


@staff_page
@sensitive_post_parameters("passphrase")
@sensitive_variables("passphrase")
@require_http_methods(["GET", "POST"])
def desk(request: HttpRequest) -> HttpResponse:
    """What waits, the nearest deadline first; POST signs what was chosen."""
    if request.method == "GET":
        return _desk(request)
    chosen = [mark for mark in request.POST.getlist("pilih") if "|" in mark][: operations.MOST + 1]
    passphrase = request.POST.get("passphrase", "")
    items = [(kind, key) for kind, _bar, key in (mark.partition("|") for mark in chosen)]
    try:
        outcomes = operations.sign_many(actor=_actor(request), items=items, passphrase=passphrase)
    except Invalid as error:
        return _desk(request, error=str(error.message), field=error.field, chosen=chosen, status=422)
    except Denied as error:
        return _desk(request, error=f"{error.reason} {error.helper}".strip(), chosen=chosen, status=403)
    signed = {_mark(one.kind, one.key) for one in outcomes if one.state == "signed"}
    request.session[READ] = [mark for mark in _opened(request) if mark not in signed]
    left = queries.waiting(_actor(request))
    return render(
        request,
        "signatures/outcome.html",
        {"outcomes": outcomes, "signed": len(signed), "left": len(left), "whole": len(signed) == len(outcomes)},
    )


def _item(request: HttpRequest, kind: str, key: str) -> SignableItem:
    try:
        return operations.item_for(_actor(request), kind, key)
    except NotFound as error:
        raise Http404(str(error.message)) from None


def _reading(
    request: HttpRequest, item: SignableItem, *, error: str = "", reason: str = "", status: int = 200
) -> HttpResponse:
    actor, mark = _actor(request), _mark(item.kind, item.key)
    opened = [one for one in _opened(request) if one != mark]
    request.session[READ] = [*opened, mark][-MOST_READ:]
    waiting = queries.waiting(actor)
    marks = [_mark(one.kind, one.key) for one in waiting]
    place = marks.index(mark) if mark in marks else 0
    unread = [one for one in [*waiting[place + 1 :], *waiting[:place]] if _mark(one.kind, one.key) not in opened]
    room = queries.signable(item.kind)
    context = {
        "row": _row(item, [], []),
        "item": item,
        "whom": queries.signatory_for(actor, item.position, kind=item.kind),
        "next": unread[0] if unread else None,
        "place": place + 1,
        "count": len(waiting),
        "returnable": bool(room and room.send_back),
        "error": error,
        "reason": reason,
    }
    return render(request, "signatures/read.html", context, status=status)


@staff_page
@require_GET
def read(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """One document with its PDF; opened ones are chosen already when the list comes back."""
    return _reading(request, _item(request, kind, key))


@staff_page
@require_GET
def file(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """The PDF as it would be signed now, in the page: only this city's own pages may frame it."""
    try:
        content = operations.preview(actor=_actor(request), kind=kind, key=key)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    return _pdf(content, "inline; filename=konsep.pdf")


def _pdf(content: bytes, disposition: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = disposition
    response["X-Content-Type-Options"] = "nosniff"
    response["X-Frame-Options"] = "SAMEORIGIN"
    response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    response["Cache-Control"] = "private, no-store"
    return response


@staff_page
@require_POST
def send_back(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    item, reason = _item(request, kind, key), request.POST.get("reason", "")
    try:
        operations.send_back(actor=_actor(request), kind=kind, key=key, reason=reason)
    except (Invalid, Denied) as error:
        words = str(error.message) if isinstance(error, Invalid) else f"{error.reason} {error.helper}".strip()
        return _reading(request, item, error=words, reason=reason[:500], status=422)
    messages.success(request, _("Returned with your reason. Whoever wrote it sees it now."))
    return redirect("signatures-desk")


@staff_page
@require_GET
def done(request: HttpRequest) -> HttpResponse:
    """What this person has signed, newest first; a code or number leads to it."""
    actor, text = _actor(request), request.GET.get("cari", "").strip()[:100]
    rows = queries.find_signed(actor, text)
    return render(request, "signatures/done.html", {"rows": [queries.checked(row) for row in rows], "text": text})


@staff_page
@require_http_methods(["GET", "POST"])
def document(request: HttpRequest, code: str) -> HttpResponse:
    """One signed document; POST revokes it, `?berkas` is the file."""
    actor, found = _actor(request), queries.document(code)
    stored = StoredFile.objects.filter(pk=found.file).first() if found else None
    if found is None or stored is None or not policies.may_read_file(actor, stored):
        raise Http404(_("No document has this code."))
    form = RevokeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operations.revoke(actor=actor, code=code, **form.cleaned_data)
        except (Invalid, Denied) as error:
            form.add_error(
                None, str(error.message) if isinstance(error, Invalid) else f"{error.reason} {error.helper}".strip()
            )
        else:
            messages.success(request, _("Revoked. The public check says so from now on."))
            return redirect("signatures-document", code)
    context = {
        "found": queries.checked(found),
        "document": found,
        "file": stored,
        "reason": policies.REASONS.get(found.revoke_reason, ""),
        "may_revoke": found.position in {one.position for one in queries.signatories(actor, kind=found.kind)},
        "form": form,
    }
    return render(request, "signatures/document.html", context, status=422 if form.errors else 200)
