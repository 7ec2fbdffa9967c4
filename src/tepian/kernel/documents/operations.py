"""Storing and removing files."""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.events import note, operation

from .content import DEFAULT_KINDS, clean_name, inspect
from .models import StoredFile
from .queries import path_of

MAX_BYTES = 10 * 1024 * 1024
ORPHAN_AGE = 24 * 3600  # seconds; younger content may belong to a transaction that has not ended


@operation("documents.store_file", policy=None)
def store_file(
    *,
    actor: Actor,
    content: bytes | File[Any] | Any,
    name: str,
    subject_type: str,
    subject_id: Any,
    media_type: str = "",
    kinds: Iterable[str] = DEFAULT_KINDS,
    max_bytes: int = MAX_BYTES,
) -> StoredFile:
    """Check a file and keep it. Permission is the business of the operation that calls this one.

    `content` is bytes, an uploaded file or anything with `read(n)`; `media_type` is the sender's claim; `kinds` are
    names in `content.KINDS`. The content is on disk, synced, before the row commits; if the transaction fails, the
    content without a row is swept away a day later."""
    name = clean_name(name)
    temporary, digest, size = _receive(content, name, max_bytes)
    try:
        kind = inspect(temporary, name, media_type, kinds)
        _keep(temporary, path_of(digest))
    finally:
        temporary.unlink(missing_ok=True)
    file = StoredFile.objects.create(
        sha256=digest,
        size=size,
        media_type=kind.media_type,
        name=name,
        subject_type=subject_type,
        subject_id=str(subject_id),
        stored_by=actor.label or actor.id,
    )
    note(subject_type, subject_id, file=str(file.pk), sha256=digest, size=size, media_type=kind.media_type)
    return file


def _blocks(content: Any) -> Iterator[bytes]:
    if isinstance(content, bytes):
        yield content
    elif hasattr(content, "chunks"):
        yield from content.chunks()
    else:
        while block := content.read(256 * 1024):
            yield block


def _receive(content: Any, name: str, max_bytes: int) -> tuple[Path, str, int]:
    """Write the content to a temporary file in the store while counting and hashing it."""
    incoming = Path(settings.MEDIA_ROOT) / ".incoming"
    incoming.mkdir(parents=True, exist_ok=True, mode=0o750)
    handle, temporary_name = tempfile.mkstemp(dir=incoming)
    temporary, digest, size = Path(temporary_name), hashlib.sha256(), 0
    try:
        with os.fdopen(handle, "wb") as file:
            for block in _blocks(content):
                size += len(block)
                if size > max_bytes:
                    raise Invalid(
                        _("The file %(name)s is larger than %(limit)d MB. Nothing was stored. Send a smaller one.")
                        % {"name": name, "limit": max_bytes // (1024 * 1024) or 1},
                        code="too_large",
                        field="file",
                        item=name,
                    )
                digest.update(block)
                file.write(block)
            if not size:
                raise Invalid(
                    _("The file %(name)s is empty. Nothing was stored.") % {"name": name},
                    code="empty",
                    field="file",
                    item=name,
                )
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary, digest.hexdigest(), size


def _keep(temporary: Path, final: Path) -> None:
    """Put the content in its place, once. The folder is synced too, so that a power cut cannot forget the name."""
    if final.exists():
        os.utime(final)  # young again: the sweep leaves it alone until this row commits
        return
    final.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    temporary.chmod(0o440)
    temporary.replace(final)
    for folder in (final.parent, final.parent.parent):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@operation("documents.remove_file", policy=None)
def remove_file(*, actor: Actor, file: StoredFile, reason: str) -> None:
    """Take a file away from its subject. The content goes with the last row naming it. Permission is the caller's."""
    note(file.subject_type, file.subject_id, file=str(file.pk), sha256=file.sha256, reason=reason)
    file.delete()


def sweep(now: float | None = None) -> int:
    """Job: delete content that no row names and that is older than a day, and temporary files left by a crash."""
    root, moment, removed = Path(settings.MEDIA_ROOT), now or time.time(), 0
    for folder in root.glob("[0-9a-f][0-9a-f]") if root.exists() else []:
        old = [path for path in folder.iterdir() if moment - path.stat().st_mtime > ORPHAN_AGE]
        for start in range(0, len(old), 500):
            batch = old[start : start + 500]
            named = set(
                StoredFile.objects.filter(sha256__in=[path.name for path in batch]).values_list("sha256", flat=True)
            )
            for path in batch:
                if path.name not in named and moment - path.stat().st_mtime > ORPHAN_AGE:
                    path.unlink(missing_ok=True)
                    removed += 1
    for path in (root / ".incoming").glob("*"):
        if moment - path.stat().st_mtime > ORPHAN_AGE:
            path.unlink(missing_ok=True)
    return removed
