"""Finding and opening files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, NotFound

from .access import readers_of
from .models import StoredFile


def path_of(sha256: str) -> Path:
    """Where the content of this hash lies."""
    return Path(settings.MEDIA_ROOT) / sha256[:2] / sha256


def files_of(subject_type: str, subject_id: Any) -> QuerySet[StoredFile]:
    """The files of a subject, oldest first."""
    return StoredFile.objects.filter(subject_type=subject_type, subject_id=str(subject_id)).order_by("created_at", "id")


def readable_file(actor: Actor, file_id: UUID) -> StoredFile:
    """The file, if this actor may read it. What the actor may not know of is "not found"."""
    file = StoredFile.objects.filter(pk=file_id).first()
    readers = readers_of(file.subject_type) if file else None
    if file is None or readers is None or not readers.may_read(actor, file):
        raise NotFound(_("There is no such file, or it is not for you."), item=str(file_id))
    return file


def open_file(file: StoredFile) -> BinaryIO:
    """The content, for reading. The caller has checked permission (`readable_file`)."""
    try:
        return path_of(file.sha256).open("rb")
    except FileNotFoundError:
        raise NotFound(
            _("The content of %(name)s is missing from the store. Tell the administrator; a backup may have it.")
            % {"name": file.name},
            code="content_missing",
            item=str(file.pk),
        ) from None


def is_intact(file: StoredFile) -> bool:
    """Does the content still have the hash that it was stored under?"""
    try:
        with path_of(file.sha256).open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256
    except OSError:
        return False
