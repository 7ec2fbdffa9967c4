"""Materials: a file in the documents' store, or a link."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.operations import remove_file, store_file
from tepian.kernel.events import note, operation

from .. import policies, states
from ..models import Material, Programme
from ..queries import TOPIC

KINDS = ("pdf", "png", "jpeg", "webp", "docx", "txt")
MOST_MATERIALS = 60


@operation("literacy.add_material", policy=policies.may_organise)
def add_material(
    *,
    actor: Actor,
    programme: Programme,
    title: str,
    link: str = "",
    content: Any = None,
    name: str = "",
    language: str = "id",
    audience: str = states.PUBLIC,
) -> Material:
    """Either a file (`content` with its `name`) or a `link` (https)."""
    title = checked_text(title, "title", limit=200)
    link = checked_text(link, "link", limit=500, needed=False)
    if language not in states.LANGUAGES or audience not in states.AUDIENCES:
        raise Invalid(_("Choose language and readers from the lists."), code="choice_unknown", field="audience")
    if bool(link) == (content is not None):
        raise Invalid(_("Choose a file or write a link: one of both."), code="file_or_link", field="file")
    if Material.objects.filter(programme=programme).count() >= MOST_MATERIALS:
        raise Invalid(
            _("This programme has very many materials. Remove old ones first."), code="too_many", field="title"
        )
    if link:
        try:
            URLValidator(schemes=("https", "http"))(link)
        except ValidationError:
            raise Invalid(
                _("This is not an address. Example: https://contoh.id/materi."), code="link_invalid", field="link"
            ) from None
    row = Material.objects.create(
        programme=programme, title=title, link=link, language=language, audience=audience, added_at=timezone.now()
    )
    if content is not None:
        file = store_file(
            actor=actor, content=content, name=name, subject_type="literacy", subject_id=row.pk, kinds=KINDS
        )
        row.file, row.file_name, row.size = file.pk, file.name, file.size
        row.save(update_fields=["file", "file_name", "size"])
    note("material", row.pk, programme=programme.code, audience=audience)
    touch(TOPIC)
    return row


@operation("literacy.remove_material", policy=policies.may_keep_material)
def remove_material(*, actor: Actor, material: Material) -> None:
    """Taken away, with its file. Repeating changes nothing."""
    note("material", material.pk, programme=material.programme.code, title=material.title)
    file = StoredFile.objects.filter(pk=material.file).first() if material.file else None
    if file is not None:
        remove_file(actor=actor, file=file, reason="material removed")
    Material.objects.filter(pk=material.pk).delete()
    touch(TOPIC)
