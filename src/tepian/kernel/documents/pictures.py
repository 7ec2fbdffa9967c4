"""Photos as they are kept: real, not too large for a cheap telephone, and without where and by whom they were taken."""

from __future__ import annotations

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid
from tepian.toolkit import photos

from .content import KINDS
from .models import StoredFile
from .operations import MAX_BYTES, store_file

PHOTO_KINDS = ("jpeg", "png", "webp")
MOST_MEGAPIXELS = 25


def keep_photo(
    *, actor: Actor, content: bytes, name: str, media_type: str, subject_type: str, subject_id: Any
) -> tuple[StoredFile, photos.Facts]:
    """Inside an operation: store the picture alone, and tell what its camera had written. Raises `Invalid`
    (`type_not_allowed`, `not_a_photo`, `too_many_pixels`, `too_large` …), and nothing is stored."""
    if not name.lower().endswith(tuple(ending for kind in PHOTO_KINDS for ending in KINDS[kind].endings)):
        raise Invalid(
            _("A photo is a JPEG, PNG or WebP file. Nothing was stored. Choose another file."),
            code="type_not_allowed",
            field="photo",
        )
    if len(content) > MAX_BYTES:
        raise Invalid(
            format_lazy(
                _("This photo is larger than {limit} MB. Nothing was stored. Choose a smaller one."),
                limit=MAX_BYTES // 1024**2,
            ),
            code="too_large",
            field="photo",
        )
    try:
        width, height = photos.size(content)
        facts, clean = photos.facts(content), photos.without_traces(content)
    except photos.NotAPhoto:
        raise Invalid(
            _("This file is not a photo, or it is damaged. Nothing was stored. Take it again or choose another one."),
            code="not_a_photo",
            field="photo",
        ) from None
    if width * height > MOST_MEGAPIXELS * 1_000_000:
        raise Invalid(
            format_lazy(
                _(
                    "This photo has {pixels} megapixels; telephones open at most {most}. Nothing was stored. Choose a "
                    "smaller one."
                ),
                pixels=round(width * height / 1_000_000),
                most=MOST_MEGAPIXELS,
            ),
            code="too_many_pixels",
            field="photo",
        )
    try:
        file = store_file(
            actor=actor,
            content=clean,
            name=name,
            media_type=media_type,
            subject_type=subject_type,
            subject_id=subject_id,
            kinds=PHOTO_KINDS,
        )
    except Invalid as refusal:
        raise Invalid(refusal.message, code=refusal.code, field="photo", item=refusal.item) from None
    return file, facts
