"""One request at the desk: papers left, what to decide right, one key each."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid, NotFound
from tepian.kernel.catalogue.rows import too_late
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.events import record_view
from tepian.kernel.identity.access import staff_page
from tepian.kernel.residents.queries import age
from tepian.ui.words import in_language

from .. import forms, operations, policies, queries, states
from ..models import Request
from ..queries.answers import listed, subject
from .desk import SIGN
from .parts import TAGS, download, papers, public_address, qr, revision_of, timeline, title_of


def seen(request: HttpRequest, code: str) -> Request:
    """The request, recorded as looked at. 404 for another ward's as for none."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    try:
        row = queries.by_code(actor, code)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    record_view(
        actor=actor, subject_type=policies.SUBJECT, subject_id=row.code, purpose="letter", resident=row.resident_id
    )
    return row


def _person(actor: Actor, row: Request) -> list[tuple[str, str]]:
    """What the register says of whom the letter is about; a chair of a neighbourhood sees no numbers."""
    try:
        person = subject(row)
    except Invalid:
        person = row.resident
    facts = [(_("Name"), person.name), (_("Age"), str(age(person.born_on))), (_("Address"), person.street)]
    if actor.has(policies.CLERK, policies.HEAD):
        facts[1:1] = [(_("NIK"), person.nik), (_("Family card"), person.family.kk if person.family else "–")]
    if person.pk != row.resident_id:
        facts.append((_("Asked for by"), row.resident.name))
    return facts


def page(
    request: HttpRequest,
    row: Request,
    *,
    typed: dict[str, str] | None = None,
    form: Any = None,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    mine = policies.may_take(actor, row)
    office = actor.has(policies.CLERK, policies.HEAD, region=row.ward_code)
    clerk = actor.has(policies.CLERK, region=row.ward_code)
    here = (actor.label or actor.id)[:200]
    other = ""
    if row.state == states.WAITING and row.seen_at and row.seen_by != here:
        other = row.seen_by if timezone.now() - row.seen_at < operations.LOOKED_FOR else ""
    if mine and status == 200:
        operations.see(actor=actor, request=row)
    typed = typed or {}
    context = {
        "row": row,
        "title": title_of(row.kind),
        "facts": queries.facts_of(row),
        "state": queries.STATE_NAMES[row.state],
        "tag": TAGS.get(row.state, ""),
        "reason": queries.reason_of(row),
        "person": _person(actor, row),
        "answers": listed(row),
        "papers": papers(row) if office else [],
        "site": [each for each in queries.papers_of(row) if each.code == operations.FIELD_PAPER] if office else [],
        "checks": queries.checks.run(row) if row.state in states.OPEN else [],
        "timeline": timeline(row),
        "other": other,
        "mine": mine,
        "clerk": clerk,
        "sign": mine and row.signs_next,
        "sign_url": SIGN,
        "inspect": mine and row.step == states.FIELD,
        "returns": [(each.code, in_language(each, "text"), "") for each in queries.sentences(states.RETURN)]
        if mine
        else [],
        "refusals": [(each.code, in_language(each, "text"), each.basis) for each in queries.sentences(states.REFUSE)]
        if mine
        else [],
        "on_paper": clerk and row.state == states.WAITING and row.step in (states.RT, states.RW),
        "hand": clerk and row.state == states.ISSUED,
        "ways": [(states.PRINT, _("Printed and given")), (states.PAPER, _("Given on stamped paper"))],
        "letter": reverse("ward-letters-staff-letter", args=[row.code]) if office and row.letter else "",
        "receipt": clerk and reverse("ward-letters-receipt", args=[row.code]),
        "edit": clerk and row.state == states.RETURNED and reverse("ward-letters-counter-case", args=[row.code]),
        "may_cancel": clerk and states.may_follow(row.state, states.CANCELLED),
        "form": form or forms.InspectionForm(),
        "typed": typed,
        "problem": problem,
        "act": reverse("ward-letters-act", args=[row.code]),
    }
    return render(request, "ward_letters/case.html", context, status=status)


@staff_page(*policies.STAFF)
@require_GET
def case(request: HttpRequest, code: str) -> HttpResponse:
    row = seen(request, code)
    if row.state == states.DRAFT:
        return HttpResponseRedirect(reverse("ward-letters-counter-case", args=[row.code]))
    return page(request, row)


def _words(request: HttpRequest, use: str) -> dict[str, Any]:
    """The reason: what was typed, else the chosen ready sentence."""
    text, basis = request.POST.get("reason", "").strip(), request.POST.get("basis", "").strip()
    chosen = next((each for each in queries.sentences(use) if each.code == request.POST.get("sentence", "")), None)
    if chosen is not None:
        text, basis = text or in_language(chosen, "text"), basis or chosen.basis
    return {"reason": text} | ({"basis": basis} if use == states.REFUSE else {})


@staff_page(*policies.STAFF)
@require_POST
def act(request: HttpRequest, code: str) -> HttpResponse:
    """One decision; then the next request that waits. Who was slower keeps what was typed."""
    row = seen(request, code)
    actor: Actor = request.actor  # type: ignore[attr-defined]
    verb = request.POST.get("act", "")
    common: dict[str, Any] = {"actor": actor, "request": row, "revision": revision_of(request)}
    form = None
    try:
        if verb == "setuju":
            operations.approve(**common)
            done = _("Passed on.")
        elif verb == "perbaiki":
            operations.send_back(**common, **_words(request, states.RETURN))
            done = _("Returned.")
        elif verb == "tolak":
            operations.refuse(**common, **_words(request, states.REFUSE))
            done = _("Refused.")
        elif verb == "kertas":
            operations.accept_paper(**common, words=request.POST.get("reason", ""))
            done = _("Passed on.")
        elif verb == "serahkan":
            operations.hand_over(**common, how=request.POST.get("how", ""))
            done = _("Handed over.")
        elif verb == "batal":
            operations.cancel(**common, reason=request.POST.get("reason", ""))
            done = _("Cancelled.")
        elif verb == "periksa":
            form = forms.InspectionForm(request.POST, request.FILES)
            if not form.is_valid():
                return page(request, row, form=form, status=422)
            given = form.cleaned_data
            photo = given["photo"]
            operations.inspect(
                **common,
                on=given["on"],
                found=given["found"],
                fits=given["fits"] == states.YES,
                photo=(photo.read(), photo.name or "", photo.content_type or "") if photo else None,
            )
            done = _("The inspection is written down.")
        else:
            raise Invalid(_("Nothing was chosen. Nothing was changed."), code="act")
    except (Denied, Invalid) as caught:
        # Whose turn it was a moment ago and is not now was slower than a colleague: what was typed stays.
        error = too_late(row.code) if isinstance(caught, Denied) else caught
        typed = {"reason": request.POST.get("reason", ""), "basis": request.POST.get("basis", ""), "act": verb}
        again = queries.by_code(actor, code)
        if form is not None and error.field:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
        return page(
            request, again, typed=typed, form=form, problem=str(error.message), status=409 if isinstance(error, Conflict) else 422
        )  # fmt: skip
    messages.success(request, f"{row.code}: {done}")
    following = (
        queries.next_on_desk(actor, besides=row.pk) if verb in ("setuju", "perbaiki", "tolak", "periksa") else None
    )
    if verb in ("serahkan", "batal"):
        return HttpResponseRedirect(reverse("ward-letters-desk"))
    return HttpResponseRedirect(
        reverse("ward-letters-case", args=[following.code]) if following else reverse("ward-letters-desk")
    )


@staff_page(policies.CLERK, policies.HEAD)
@require_GET
def letter(request: HttpRequest, code: str) -> FileResponse:
    """The signed letter, to print."""
    row = seen(request, code)
    file = StoredFile.objects.filter(pk=row.letter).first() if row.letter else None
    if file is None:
        raise Http404(_("This letter is not signed yet."))
    return download(file, f"{row.kind_code}-{row.code}.pdf", inline=True)


@staff_page(policies.CLERK)
@require_GET
def receipt(request: HttpRequest, code: str) -> HttpResponse:
    """A slip for somebody without a phone: number, address, deadline."""
    row = seen(request, code)
    address = public_address(row.code)
    return render(
        request,
        "ward_letters/receipt.html",
        {
            "row": row,
            "title": title_of(row.kind),
            "facts": queries.facts_of(row),
            "tag": TAGS.get(row.state, ""),
            "address": address,
            "qr": qr(address, _("Address of this request")),
        },
    )
