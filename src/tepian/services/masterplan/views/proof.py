"""Evidence for everybody: only of verified reports, only what its agency made public, photos without their traces."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_cache_control
from django.utils.http import content_disposition_header, parse_etags, quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.queries import open_file
from tepian.kernel.identity.access import public_page
from tepian.toolkit import photos

from .. import states
from ..models import Evidence
from ..operations.evidence import PHOTOS

SECONDS = 300  # what was withdrawn is gone from caches after this


@public_page(mirrored=False)
@require_safe
def file(request: HttpRequest, key: UUID) -> HttpResponse:
    """A photo is shown, everything else is a download; nothing is sniffed, nothing runs."""
    row = (
        Evidence.objects.filter(
            key=key,
            public=True,
            withdrawn_at=None,
            report__state=states.VERIFIED,
            report__plan__public_since__lte=today(),
        )
        .exclude(file=None)
        .first()
    )
    stored = StoredFile.objects.filter(pk=row.file).first() if row and row.file else None
    if stored is None:
        raise NotFound(_("This evidence is not public, or not any more."), code="no_evidence")
    etag = quote_etag(stored.sha256)
    response: Any
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response = HttpResponseNotModified()
    elif stored.media_type in PHOTOS:
        with open_file(stored) as content:
            try:
                clean = photos.without_traces(content.read())
            except photos.NotAPhoto:
                raise NotFound(_("This photo cannot be shown."), code="no_photo") from None
        response = HttpResponse(clean, content_type=stored.media_type)
        response["Content-Disposition"] = content_disposition_header(False, stored.name) or "inline"
    else:
        response = FileResponse(
            open_file(stored), as_attachment=True, filename=stored.name, content_type=stored.media_type
        )
    response["ETag"] = etag
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"
    patch_cache_control(response, public=True, max_age=SECONDS)
    return response  # type: ignore[no-any-return]
