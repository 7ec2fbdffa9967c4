"""Templates and their versions: which is in force, and the verbs by which the city changes them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.rows import held, too_late
from tepian.kernel.events import note, operation

from .. import policies
from ..models import LetterTemplate, LetterVersion
from . import texts
from .texts import Field

CODE_RULE = _("A code has small letters, digits and hyphens, at most 60, like domicile. Nothing was saved.")

RESERVED = ("baru", "kop", "nomor")  # addresses of their own below /kerja/kelola/surat


def may_be_code(code: str) -> bool:
    return bool(re.fullmatch(r"[a-z0-9-]{1,60}", code)) and code not in RESERVED


# --- asking -----------------------------------------------------------------------------------------------------------


def template_by(code: str) -> LetterTemplate:
    """A template by its code. Raises `NotFound`."""
    row = LetterTemplate.objects.filter(code=code).first()
    if row is None:
        raise NotFound(
            format_lazy(_("There is no letter with the code {code}."), code=code), code="no_letter", item=code
        )
    return row


def template_on(code: str, day: date) -> LetterVersion:
    """The version of a letter that is in force on a day: the one that came into force last. Raises `NotFound`."""
    found = (
        LetterVersion.objects.filter(template__code=code, valid_from__lte=day)
        .select_related("template")
        .order_by("-valid_from", "-number")
        .first()
    )
    if found is None:
        template_by(code)
        raise NotFound(
            format_lazy(_("No text of the letter {code} is in force on that day. Put one in force first."), code=code),
            code="none_in_force",
            item=code,
        )
    return found


def versions_of(template: LetterTemplate) -> QuerySet[LetterVersion]:
    """All of them, newest first."""
    return template.versions.order_by("-number")


def fields_of(template: LetterTemplate) -> list[Field]:
    return [Field.of(stored) for stored in template.fields]


def begun(version: LetterVersion, day: date | None = None) -> bool:
    """Has it been in force? Then nothing of it changes any more."""
    return version.valid_from is not None and version.valid_from <= (day or today())


# --- changing ---------------------------------------------------------------------------------------------------------


@operation("documents.add_letter", policy=policies.may_keep_letters)
def add_template(
    *, actor: Actor, code: str, name: str, name_en: str = "", fields: Iterable[Field] = ()
) -> LetterTemplate:
    """A letter of the city's own. It has no text yet; `save_draft` gives it one."""
    code = code.strip()
    if not may_be_code(code):
        raise Invalid(CODE_RULE, code="code", field="code")
    kept = [each.stored() for each in texts.check_fields(fields)]
    names = {
        "name": checked_text(name, "name", limit=200),
        "name_en": checked_text(name_en, "name_en", limit=200, needed=False),
    }
    row, created = LetterTemplate.objects.get_or_create(code=code, defaults={**names, "fields": kept})
    if not created:
        raise Conflict(
            format_lazy(
                _("There is a letter with the code {code} already. Nothing was saved; choose another."), code=code
            ),
            code="code_taken",
            item=code,
        )
    note("letter_template", code)
    return row


@operation("documents.change_letter", policy=policies.may_keep_letters)
def change_template(
    *, actor: Actor, template: LetterTemplate, revision: int, name: str, name_en: str = "", fields: Iterable[Field]
) -> LetterTemplate:
    """Change what it is called and what its service gives. A field that a living text uses cannot be taken away."""
    row = held(template, revision=revision, item=template.code)
    kept = texts.check_fields(fields)
    for version in living(row):
        texts.check_text(
            layout=version.layout, title=version.title, recipient=version.recipient, text=version.text, fields=kept
        )
    row.name = checked_text(name, "name", limit=200)
    row.name_en = checked_text(name_en, "name_en", limit=200, needed=False)
    row.fields = [each.stored() for each in kept]
    row.revision += 1
    row.save()
    note("letter_template", row.code)
    return row


def living(template: LetterTemplate, day: date | None = None) -> list[LetterVersion]:
    """The versions that letters are or will be made of: the one in force, later ones and the draft."""
    day = day or today()
    past = [version for version in versions_of(template) if begun(version, day)]
    now = max(past, key=lambda version: (version.valid_from, version.number), default=None)
    return [version for version in versions_of(template) if not begun(version, day) or version == now]


def changes(before: str, after: str) -> list[tuple[str, str]]:
    """Two texts as stretches that stayed (same), came in (added) or went (removed), word by word, in their order."""
    old, new = (re.findall(r"\s+|\S+", text) for text in (before, after))
    found: list[tuple[str, str]] = []
    for how, old_from, old_to, new_from, new_to in difflib.SequenceMatcher(
        None, old, new, autojunk=False
    ).get_opcodes():
        if how == "equal":
            found.append(("same", "".join(new[new_from:new_to])))
            continue
        if old_to > old_from:
            found.append(("removed", "".join(old[old_from:old_to])))
        if new_to > new_from:
            found.append(("added", "".join(new[new_from:new_to])))
    return found


def draft_of(template: LetterTemplate) -> LetterVersion | None:
    return template.versions.filter(valid_from=None).first()


@operation("documents.draft_letter", policy=policies.may_keep_letters)
def save_draft(
    *, actor: Actor, template: LetterTemplate, revision: int, layout: str, title: str, recipient: str = "", text: str
) -> LetterVersion:
    """Write the draft of a letter. `revision` is the draft's that the writer began with, 0 where there was none; raises
    `Conflict` when somebody else has written since."""
    row = held(template, item=template.code)
    values = {
        "layout": layout,
        "title": checked_text(title, "title", limit=texts.LONGEST_TITLE),
        "recipient": checked_text(recipient, "recipient", limit=300, needed=False),
        "text": checked_text(text, "text", limit=texts.LONGEST_TEXT),
    }
    texts.check_text(**values, fields=fields_of(row))
    draft = draft_of(row)
    if (draft.revision if draft else 0) != revision:
        raise too_late(row.code)
    if draft is None:
        newest = versions_of(row).first()
        draft = LetterVersion(template=row, number=newest.number + 1 if newest else 1, revision=0)
    for name, value in values.items():
        setattr(draft, name, value)
    draft.revision += 1
    draft.changed_by = actor.label or actor.id
    draft.save()
    note("letter_template", row.code, version=draft.number)
    return draft


@operation("documents.drop_letter_draft", policy=policies.may_keep_letters)
def drop_draft(*, actor: Actor, template: LetterTemplate, revision: int) -> None:
    """Throw the draft away. Its number is given to the next one, for no letter was ever made of it."""
    row = held(template, item=template.code)
    draft = draft_of(row)
    if draft is None or draft.revision != revision:
        raise too_late(row.code)
    note("letter_template", row.code, version=draft.number)
    draft.delete()


@operation("documents.put_letter_in_force", policy=policies.may_keep_letters)
def put_in_force(*, actor: Actor, template: LetterTemplate, revision: int, day: date) -> LetterVersion:
    """Let the draft be the letter's text from a day on, today at the earliest: letters of yesterday are written."""
    row = held(template, item=template.code)
    draft = draft_of(row)
    if draft is None or draft.revision != revision:
        raise too_late(row.code)
    if day < today():
        raise Invalid(
            _(
                "A text comes into force today or later, for the letters of earlier days are written. Nothing was changed."
            ),
            code="day_past",
            field="day",
        )
    later = row.versions.filter(valid_from__gt=day).order_by("valid_from").first()
    if later is not None:
        raise Conflict(
            format_lazy(
                _("Version {number} comes into force after that day already. Nothing was changed; take it back first."),
                number=later.number,
            ),
            code="later_version",
            item=row.code,
        )
    texts.check_text(
        layout=draft.layout, title=draft.title, recipient=draft.recipient, text=draft.text, fields=fields_of(row)
    )
    draft.valid_from, draft.changed_by = day, actor.label or actor.id
    draft.revision += 1
    draft.save()
    note("letter_template", row.code, version=draft.number, valid_from=day.isoformat())
    return draft


@operation("documents.take_letter_back", policy=policies.may_keep_letters)
def take_back(*, actor: Actor, version: LetterVersion, revision: int) -> LetterVersion:
    """A version whose day has not come becomes a draft again."""
    row = held(version.template, item=version.template.code)
    kept: Any = held(version, revision=revision, item=row.code)
    if kept.valid_from is None or begun(kept):
        raise Conflict(
            _("This text is in force, or was. Letters were made of it, so it is not changed; write a new version."),
            code="in_force",
            item=row.code,
        )
    if draft_of(row) is not None:
        raise Conflict(
            _("There is another draft. Nothing was changed; put that one in force or throw it away first."),
            code="other_draft",
            item=row.code,
        )
    kept.valid_from = None
    kept.revision += 1
    kept.save()
    note("letter_template", row.code, version=kept.number)
    return kept  # type: ignore[no-any-return]
