"""The public check of signed documents, by code and by the file itself; the city's root and its list of revoked keys."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page
from tepian.ui.templatetags.ui import public_url

from .. import certifying, pace, policies, queries
from ..models import SigningRoot

MOST_MB = 8
NOTICES = {"valid": "ok", "revoked": "danger", "superseded": "warn", "expired": "warn"}


def _slow_down(request: HttpRequest) -> HttpResponse:
    page = _form(
        request, _("Too many checks from your network in one minute. Wait a minute, then try again."), status=429
    )
    page["Retry-After"] = str(pace.wait())
    return page


def _form(
    request: HttpRequest, error: str = "", *, field: str = "kode", typed: str = "", status: int = 200
) -> HttpResponse:
    context = {"error": error, "field": field, "typed": typed, "most": MOST_MB}
    return render(request, "signatures/check.html", context, status=status)


@public_page
@require_http_methods(["GET", "POST"])
def check(request: HttpRequest) -> HttpResponse:
    """By the code typed or the file sent. Files are looked at and forgotten."""
    if request.method == "POST":
        return _file(request)
    typed = request.GET.get("kode", "").strip()[:200]
    if not typed:
        return _form(request)
    if pace.too_many(request, "codes", pace.CODES):
        return _slow_down(request)
    code = queries.read(typed)
    if code is None:
        words = _("This is no code of a signed document. It looks like S-7K4MQ2X-3 and stands beside the QR code.")
        return _form(request, words, typed=typed, status=422)
    return HttpResponseRedirect(public_url("signatures-checked", code))


def _file(request: HttpRequest) -> HttpResponse:
    if pace.too_many(request, "files", pace.FILES):
        return _slow_down(request)
    sent = request.FILES.get("berkas")
    if sent is None or not sent.size:
        return _form(request, _("Choose the PDF first. Nothing was sent."), field="berkas", status=422)
    if sent.size > MOST_MB * 1024 * 1024:
        words = _("The file is larger than %(most)d MB. Signed letters are far smaller. It was not looked at.")
        return _form(request, words % {"most": MOST_MB}, field="berkas", status=413)
    found = queries.check_file(sent.read())
    page = _result(request, found.document, found)
    page["Cache-Control"] = "no-store"
    return page


@public_page
@require_GET
def checked(request: HttpRequest, code: str) -> HttpResponse:
    """What the QR code of a letter opens."""
    if pace.too_many(request, "codes", pace.CODES):
        return _slow_down(request)
    found = queries.check(code)
    if found is None:
        words = _("No document has this code. Compare it with the paper, letter by letter.")
        return _form(request, words, typed=code[:40], status=404)
    if code != found.code:
        return HttpResponseRedirect(public_url("signatures-checked", found.code))
    page = _result(request, found)
    page["Cache-Control"] = "no-store"  # it may be revoked in the next minute
    return page


def _result(
    request: HttpRequest, found: queries.Checked | None, file: queries.CheckedFile | None = None
) -> HttpResponse:
    context: dict[str, Any] = {
        "found": found,
        "file": file,
        "tone": NOTICES[found.state] if found and (file is None or file.verdict == "same") else "warn",
        "reason": policies.REASONS.get(found.reason, "") if found else "",
    }
    return render(request, "signatures/checked.html", context)


@public_page(mirrored=False)
@cached_page("signatures", seconds=3600)
@require_GET
def root_certificate(request: HttpRequest) -> HttpResponse:
    """The city's roots, the newest first (PEM), for whoever checks signatures without asking us."""
    roots = "".join(SigningRoot.objects.values_list("certificate", flat=True))
    if not roots:
        raise Http404(_("The city has no root yet."))
    return HttpResponse(roots, content_type="application/x-pem-file")


@public_page(mirrored=False)
@cached_page("signatures", seconds=3600)
@require_GET
def revocation_list(request: HttpRequest, root_id: int) -> HttpResponse:
    """The keys of a root that sign no more (CRL); valid for a week, made anew every hour and after each change."""
    root = SigningRoot.objects.filter(pk=root_id).first()
    if root is None:
        raise Http404(_("The city has no root yet."))
    return HttpResponse(certifying.revocation_list(root), content_type="application/pkix-crl")
