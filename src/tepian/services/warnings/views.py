"""HTML and XML: one query or operation each."""

from __future__ import annotations

import io
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from lxml import etree

from tepian.kernel.actors import Invalid, NotFound
from tepian.kernel.catalogue.city import current_city
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page, staff_page
from tepian.kernel.regions import queries as regions
from tepian.ui.words import in_language

from . import forms, operations, policies, queries, states
from .models import PublicWarning

ATOM = "http://www.w3.org/2005/Atom"


# --- for citizens -----------------------------------------------------------------------------------------------------


def told(warning: PublicWarning) -> dict[str, Any]:
    """A warning as the pages show it, in the reader's language."""
    english = queries.english()
    return {
        "row": warning,
        "number": warning.number,
        "kind": warning.kind.name_en if english else warning.kind.name,
        "level": warning.level if warning.in_force else "normal",
        "level_label": queries.LEVEL_LABELS[warning.level],
        "meaning": queries.LEVEL_MEANINGS.get(warning.level, ""),
        "headline": in_language(warning, "headline"),
        "description": in_language(warning, "description"),
        "instruction": in_language(warning, "instruction"),
        "certainty": queries.CERTAINTY_LABELS.get(warning.certainty, warning.certainty),
        "state_label": queries.STATE_LABELS[warning.state if not warning.in_force else states.ACTIVE]
        if warning.in_force or warning.state != states.ACTIVE
        else queries.STATE_LABELS[states.EXPIRED],
        "in_force": warning.in_force,
        "areas": queries.area_names(warning.areas),
        "sources": [
            {
                "label": (english and source.get("label_en")) or source.get("label", ""),
                "value": queries.measured(source),
                "level": source.get("level", "unknown"),
                "level_label": queries.LEVEL_LABELS.get(source.get("level", ""), ""),
            }
            for source in queries.strongest_first(warning.sources)
        ],
        "url": f"{settings.BASE_URL}{queries.public_path('warnings-warning', warning.number)}",
    }


@public_page
@require_GET
@cached_page("warnings", "sensors", "city", seconds=30)
def now(request: HttpRequest) -> HttpResponse:
    """Is there a warning now? Where, how serious, since when, how sure, what to do."""
    rows = [told(warning) for warning in queries.in_force()]
    return render(
        request,
        "warnings/now.html",
        {
            "warnings": rows,
            "real": [row for row in rows if not row["row"].simulated],
            "now": timezone.now(),
            "worst": rows[0] if rows else None,
            "city": current_city(),
        },
    )


@public_page
@require_GET
@cached_page("warnings", "city", seconds=60)
def history(request: HttpRequest) -> HttpResponse:
    """Warnings that are over, by year."""
    years = [moment.year for moment in PublicWarning.objects.dates("published_at", "year", order="DESC")]
    wanted = request.GET.get("tahun", "")
    year = int(wanted) if wanted.isdecimal() and len(wanted) == 4 else None
    page = Paginator(queries.past(year=year), 30).get_page(request.GET.get("hal"))
    return render(
        request,
        "warnings/history.html",
        {
            "page": page,
            "warnings": [told(warning) for warning in page],
            "years": years,
            "year": year,
        },
    )


@public_page
@require_GET
@cached_page("warnings", "emergency", "city", seconds=300)
def how(request: HttpRequest) -> HttpResponse:
    """How a warning comes about, and how often it was right."""
    return render(
        request,
        "warnings/how.html",
        {
            "kinds": queries.kinds(),
            "levels": [
                (level, queries.LEVEL_LABELS[level], queries.LEVEL_MEANINGS[level]) for level in states.LEVELS[1:]
            ],
            "automatic": [kind for kind in queries.kinds() if queries.automatic(kind.hazard)],
            "city": current_city(),
        },
    )


def _wanted(number: str) -> PublicWarning:
    try:
        return queries.warning_by(number)
    except NotFound as error:
        raise Http404(str(error.message)) from None


@public_page
@require_GET
@cached_page("warnings", "city", seconds=30)
def warning(request: HttpRequest, number: str) -> HttpResponse:
    """The permanent page of one warning."""
    row = _wanted(number)
    if row.number != number:
        return HttpResponseRedirect(queries.public_path("warnings-warning", row.number))
    return render(
        request,
        "warnings/warning.html",
        {
            "warning": told(row),
            "messages_sent": list(row.messages.all()),
            "qr": qr_svg(row),
            "city": current_city(),
        },
    )


def qr_svg(row: PublicWarning) -> str:
    """A QR code to the warning's page, as SVG without fixed size or styles."""
    buffer = io.BytesIO()
    code = segno.make(f"{settings.BASE_URL}{reverse('warnings-warning', args=[row.number])}", error="m", micro=False)
    code.save(
        buffer,
        kind="svg",
        xmldecl=False,
        svgns=True,
        omitsize=True,
        svgclass="qr",
        lineclass=None,
        border=4,
        light="#fff",
        title=row.number,
    )
    return buffer.getvalue().decode()


@public_page(mirrored=False)
@require_GET
def qr(request: HttpRequest, number: str) -> HttpResponse:
    response = HttpResponse(qr_svg(_wanted(number)), content_type="image/svg+xml")
    response["Cache-Control"] = "public, max-age=86400"
    return response


# --- CAP --------------------------------------------------------------------------------------------------------------


@public_page(mirrored=False)
@require_GET
@cached_page("warnings", "city", seconds=60)
def feed(request: HttpRequest) -> HttpResponse:
    """Atom 1.0 (RFC 4287) with one entry for each warning's newest CAP message."""
    city = current_city()
    own = f"{settings.BASE_URL}{reverse('warnings-feed')}"
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})
    rows = queries.feed()
    newest = (
        max((row.sent_at for row in rows), default=None)
        or PublicWarning.objects.order_by("-changed_at").values_list("changed_at", flat=True).first()
    )
    _atom(root, "id", own)
    _atom(root, "title", _("Warnings of %(city)s") % {"city": city.name})
    _atom(
        root,
        "updated",
        (newest or timezone.now().replace(hour=0, minute=0, second=0)).replace(microsecond=0).isoformat(),
    )
    author = etree.SubElement(root, f"{{{ATOM}}}author")
    _atom(author, "name", city.name)
    etree.SubElement(root, f"{{{ATOM}}}link", rel="self", type="application/atom+xml", href=own)
    for row in rows:
        address = queries.message_url(row.identifier)
        entry = etree.SubElement(root, f"{{{ATOM}}}entry")
        _atom(entry, "id", address)
        prefix = f"[{_('SIMULATION')}] " if row.warning.simulated else ""
        ended = f"{_('Ended')}: " if row.kind == "Cancel" else ""
        _atom(entry, "title", f"{prefix}{ended}{row.headline}")
        _atom(entry, "updated", row.sent_at.isoformat())
        _atom(entry, "published", row.warning.published_at.replace(microsecond=0).isoformat())
        _atom(entry, "summary", row.warning.instruction)
        etree.SubElement(entry, f"{{{ATOM}}}category", term=row.warning.kind.hazard)
        etree.SubElement(entry, f"{{{ATOM}}}link", rel="alternate", type="application/cap+xml", href=address)
    body = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    response = HttpResponse(body, content_type="application/atom+xml; charset=utf-8")
    response["Cache-Control"] = "public, max-age=30"
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _atom(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{ATOM}}}{name}").text = operations.cap.clean(str(text))


@public_page(mirrored=False)
@require_GET
@cached_page("warnings", seconds=3600)
def message(request: HttpRequest, identifier: str) -> HttpResponse:
    """One CAP message, byte for byte as it was sent."""
    try:
        row = queries.message_by(identifier)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    response = HttpResponse(row.xml.encode(), content_type="application/cap+xml; charset=utf-8")
    response["Cache-Control"] = "public, max-age=86400, immutable"
    response["Access-Control-Allow-Origin"] = "*"
    return response


# --- subscriptions ----------------------------------------------------------------------------------------------------


@public_page
@require_http_methods(["GET", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask for warnings by e-mail. After sending, the page never says whether the address was known."""
    form = forms.SubscribeForm(request.POST or None, initial={"region": request.GET.get("wilayah", "")})
    sent = False
    if request.method == "POST" and form.is_valid():
        try:
            operations.subscribe(
                actor=request.actor,  # type: ignore[attr-defined]
                email=form.cleaned_data["email"],
                region_code=form.cleaned_data["region"],
                language="en" if queries.english() else "id",
            )
            sent = True
        except Invalid as error:
            form.add_error(error.field if error.field in form.fields else None, str(error.message))
    status = 422 if request.method == "POST" and not sent else 200
    return render(request, "warnings/subscribe.html", {"form": form, "sent": sent}, status=status)


@public_page
@require_http_methods(["GET", "POST"])
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link in the letter. Mail filters open links too, so only the button on the page counts."""
    row = queries.by_confirm_token(token)
    if request.method == "POST" and row is not None:
        row = operations.confirm_subscription(actor=request.actor, token=token)  # type: ignore[attr-defined]
    return render(
        request,
        "warnings/confirm.html",
        {
            "subscription": row,
            "done": bool(row and row.confirmed_at),
            "region": regions.name_of(row.region_code) if row else "",
            "leave": queries.public_path("warnings-leave", queries.leave_token(row)) if row else "",
        },
        status=200 if row else 404,
    )


@csrf_exempt  # RFC 8058: mail programs post here without our page; the token is the proof
@public_page
@require_http_methods(["GET", "POST"])
def leave(request: HttpRequest, token: str) -> HttpResponse:
    row = queries.by_leave_token(token)
    done = request.method == "POST" or row is None
    if request.method == "POST":
        operations.unsubscribe(actor=request.actor, token=token)  # type: ignore[attr-defined]
    return render(
        request,
        "warnings/leave.html",
        {
            "done": done,
            "region": regions.name_of(row.region_code) if row else "",
        },
    )


# --- the desk ---------------------------------------------------------------------------------------------------------


@staff_page(*policies.READERS)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    page = Paginator(queries.past(), 20).get_page(request.GET.get("hal"))
    return render(
        request,
        "warnings/desk.html",
        {
            "warnings": [told(row) for row in queries.in_force()],
            "page": page,
            "past": [told(row) for row in page],
            "may_end": request.actor.has("duty_officer"),  # type: ignore[attr-defined]
            "kinds": [(kind, queries.automatic(kind.hazard)) for kind in queries.kinds()],
        },
    )


@staff_page("duty_officer")
@require_POST
def end(request: HttpRequest, number: str) -> HttpResponse:
    """End a warning before its time."""
    row = _wanted(number)
    operations.cancel_warning(actor=request.actor, number=row.number, reason=request.POST.get("reason", ""))  # type: ignore[attr-defined]
    messages.success(request, _("Warning %(number)s has ended. The public has been told.") % {"number": row.number})
    return HttpResponseRedirect(reverse("warnings-desk"))
