"""Downloading a file."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, HttpRequest
from django.views.decorators.http import require_GET

from tepian.kernel.actors import Actor
from tepian.kernel.events import record_view
from tepian.kernel.identity.access import public_page

from .. import queries
from ..access import readers_of


@public_page(mirrored=False)  # who may read which file is said by the file's subject
@require_GET
def download(request: HttpRequest, file_id: UUID) -> FileResponse:
    """Always as an attachment, never sniffed, never run: even a bad file stays a file."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    file = queries.readable_file(actor, file_id)
    readers = readers_of(file.subject_type)
    content = queries.open_file(file)
    if readers is not None and readers.personal:
        record_view(
            actor=actor,
            subject_type=file.subject_type,
            subject_id=file.subject_id,
            purpose=readers.purpose,
            file=str(file.pk),
        )
    response = FileResponse(content, as_attachment=True, filename=file.name, content_type=file.media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response
