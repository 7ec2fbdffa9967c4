"""The text of a letter: plain lines with fields in braces, written by the city, checked when it is saved.

```
Yang bertanda tangan di bawah ini, {signer_title}, menerangkan bahwa:    a paragraph; an empty line ends it

| Nama | {name}                     a row of two columns
| Pekerjaan | {occupation?}         `?`: may be empty; a line whose fields are all empty is left out
1. …    - …                         points
> **MENERANGKAN**                   centred; two asterisks round what is bold
@ Sifat | Biasa                     a line of the head of a letter, between number and subject
+ Camat {district}                  who gets a copy; they are counted below the signature
{{ }}                               braces themselves
```

What stands in a field is never read as text of this kind: asterisks, braces and bars of a name stay what they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Invalid
from tepian.toolkit.text import plain

PARAGRAPH, CENTRED, ROWS, POINTS, NUMBERED = "paragraph", "centred", "rows", "points", "numbered"
HEAD, COPIES = "head", "copies"  # wherever they stand in the text, they stand in their own place in the letter
STATEMENT, LETTER = "statement", "letter"
LAYOUTS = {
    STATEMENT: _("Statement: title and number in the middle"),
    LETTER: _("Letter: number, subject and recipient at the left"),
}
GENERAL: dict[str, Any] = {
    "number": _("the letter's number"),
    "date": _("the letter's date"),
    "office": _("the office's name"),
    "city": _("the city's name"),
    "office_above": _("the office above it"),
    "signer": _("the signer's name"),
    "signer_title": _("the signer's position"),
}
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
LONGEST_TEXT, LONGEST_TITLE, LONGEST_VALUE, MOST_FIELDS = 12_000, 200, 2_000, 80
_FIELD = re.compile(r"\{\{|\}\}|\*\*|\{([^{}\n]*)\}|[{}]")
_NUMBERED = re.compile(r"(\d{1,2})[.)]\s+")


@dataclass(frozen=True, slots=True)
class Field:
    """What a service gives for its letters. `needed`: no text may leave it out, so that no letter lacks it."""

    name: str
    label: str
    label_en: str = ""
    sample: str = ""
    needed: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Field:
        return cls(
            str(stored["name"]),
            str(stored.get("label", "")),
            str(stored.get("label_en", "")),
            str(stored.get("sample", "")),
            bool(stored.get("needed", False)),
        )

    def stored(self) -> dict[str, Any]:
        return {
            "name": self.name, "label": self.label, "label_en": self.label_en, "sample": self.sample, "needed": self.needed,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line: words, or the name of a field."""

    text: str = ""
    name: str = ""
    optional: bool = False
    bold: bool = False


Line = tuple[Piece, ...]


@dataclass(slots=True)
class Block:
    """`lines` of a paragraph or of points; of rows, each with the two columns' pieces."""

    kind: str
    lines: list[tuple[Line, ...]] = field(default_factory=list)


def parse(text: str) -> list[Block]:
    """The text's blocks. Raises `Invalid` with the number of the line at fault."""
    blocks: list[Block] = []
    fresh = True
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line:
            fresh = True
            continue
        kind, parts = _kind(line, number)
        cells = tuple(_pieces(part, number) for part in parts)
        if fresh or blocks[-1].kind != kind or kind == CENTRED:
            blocks.append(Block(kind))
        blocks[-1].lines.append(cells)
        fresh = False
    return blocks


def _kind(line: str, number: int) -> tuple[str, list[str]]:
    if line.startswith(("|", "@ ")):
        label, bar, value = line[1:].partition("|")
        if not bar or not label.strip() or not value.strip():
            raise _wrong(
                _("Line {number}: a row is written as “| Label | {{field}}”. Nothing was saved."), "text_row", number
            )
        return ROWS if line[0] == "|" else HEAD, [label.strip(), value.strip()]
    if line.startswith("+ "):
        return COPIES, [line[2:].strip()]
    if line.startswith("> "):
        return CENTRED, [line[2:].strip()]
    if line.startswith("- "):
        return POINTS, [line[2:].strip()]
    if found := _NUMBERED.match(line):
        return NUMBERED, [line[found.end() :]]
    return PARAGRAPH, [line]


def _pieces(text: str, number: int) -> Line:
    pieces: list[Piece] = []
    at, bold, words = 0, False, ""

    def close() -> None:
        nonlocal words
        if words:
            pieces.append(Piece(words, bold=bold))
            words = ""

    for found in _FIELD.finditer(text):
        words += text[at : found.start()]
        at, mark = found.end(), found[0]
        if mark in ("{{", "}}"):
            words += mark[0]
        elif mark == "**":
            close()
            bold = not bold
        elif found[1] is None:
            raise _wrong(
                _("Line {number}: a brace is not closed, or stands alone. Nothing was saved."), "text_brace", number
            )
        else:
            close()
            name, optional = found[1].strip().removesuffix("?"), found[1].strip().endswith("?")
            if not NAME.fullmatch(name):
                raise _wrong(
                    _("Line {number}: “{name}” is no name of a field. Nothing was saved."), "text_name", number, name
                )
            pieces.append(Piece(name=name, optional=optional, bold=bold))
    words += text[at:]
    close()
    if bold:
        raise _wrong(
            _("Line {number}: bold text is not closed by two asterisks. Nothing was saved."), "text_bold", number
        )
    return tuple(pieces)


def _wrong(message: Any, code: str, number: int, name: str = "") -> Invalid:
    return Invalid(format_lazy(message, number=number, name=name), code=code, field="text", item=name or str(number))


def names_in(text: str) -> list[str]:
    """The names of the fields that stand in a text, in their order."""
    return _names(line for block in parse(text) for cells in block.lines for line in cells)


def names_in_plain(text: str) -> list[str]:
    """The same of a title or recipient, whose lines have no marks at their beginning."""
    return _names(_plain(text))


def _names(lines: Iterable[Line]) -> list[str]:
    return list(dict.fromkeys(piece.name for line in lines for piece in line if piece.name))


def _plain(text: str) -> list[Line]:
    return [_pieces(line.strip(), number) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def check_fields(fields: Iterable[Field]) -> list[Field]:
    """What a service gives. Raises `Invalid` naming the field at fault."""
    kept = list(fields)
    if len(kept) > MOST_FIELDS:
        raise Invalid(format_lazy(_("At most {most} fields fit. Nothing was saved."), most=MOST_FIELDS), field="fields")
    seen: set[str] = set()
    for each in kept:
        if not NAME.fullmatch(each.name) or each.name in GENERAL or each.name in seen:
            raise Invalid(
                format_lazy(
                    _(
                        "“{name}” cannot name a field: use small letters, digits and _, each name once, none of: {general}. "
                        "Nothing was saved."
                    ),
                    name=each.name,
                    general=", ".join(GENERAL),
                ),
                code="field_name",
                field="fields",
                item=each.name,
            )
        if not each.label.strip():
            raise Invalid(
                format_lazy(_("The field {name} has no label. Nothing was saved."), name=each.name),
                code="field_label",
                field="fields",
                item=each.name,
            )
        seen.add(each.name)
    return kept


def read_fields(text: str) -> list[Field]:
    """Fields as people write them, one a line: `name | Label | Label in English | sample`, with * behind a needed name."""
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        name, label, label_en, sample, *more = [*(part.strip() for part in line.split("|")), "", "", ""]
        if any(more):
            raise Invalid(
                format_lazy(_("The field {name} has more than four parts. Nothing was saved."), name=name),
                code="field_parts",
                field="fields",
                item=name,
            )
        found.append(Field(name.removesuffix("*").strip(), label, label_en, sample, name.endswith("*")))
    return check_fields(found)


def written_fields(fields: Iterable[Field]) -> str:
    """The same lines again."""
    return "\n".join(
        " | ".join((f"{each.name}{'*' if each.needed else ''}", each.label, each.label_en, each.sample)).rstrip(" |")
        for each in fields
    )


def check_text(*, layout: str, title: str, recipient: str, text: str, fields: Iterable[Field]) -> None:
    """Whether letters can be made of this. Raises `Invalid` naming the part, the line and the field at fault."""
    known = {each.name: each for each in fields}
    if layout not in LAYOUTS:
        raise Invalid(_("There is no layout of this name. Nothing was saved."), code="layout", field="layout")
    if not text.strip():
        raise Invalid(_("The letter has no text. Nothing was saved."), code="text_missing", field="text")
    for part, value, most in (
        ("title", title, LONGEST_TITLE),
        ("text", text, LONGEST_TEXT),
        ("recipient", recipient, 300),
    ):
        if len(value) > most:
            raise Invalid(
                format_lazy(
                    _("This text has {length} characters; at most {most} fit. Shorten it."),
                    length=len(value),
                    most=most,
                ),
                code="text_too_long",
                field=part,
            )
    if not title.strip():
        raise Invalid(_("The letter has no title. Nothing was saved."), code="title_missing", field="title")
    names = {"title": names_in_plain(title), "recipient": names_in_plain(recipient), "text": names_in(text)}
    for part, found in names.items():
        for name in found:
            if name not in known and name not in GENERAL:
                raise Invalid(
                    format_lazy(
                        _("There is no field “{name}” for this letter. Nothing was saved. Known are: {known}."),
                        name=name,
                        known=", ".join([*known, *GENERAL]),
                    ),
                    code="unknown_field",
                    field=part,
                    item=name,
                )
    if layout != LETTER and any(block.kind == HEAD for block in parse(text)):
        raise Invalid(
            _("Lines that begin with @ stand in the head of the layout “letter” only. Nothing was saved."),
            code="head_line",
            field="text",
        )
    used = {name for found in names.values() for name in found}
    for each in known.values():
        if each.needed and each.name not in used:
            raise Invalid(
                format_lazy(
                    _("The field “{name}” ({label}) must stand in every text of this letter. Nothing was saved."),
                    name=each.name,
                    label=each.label,
                ),
                code="missing_field",
                field="text",
                item=each.name,
            )


# --- with values ------------------------------------------------------------------------------------------------------

Run = tuple[str, bool]  # words, bold


def filled(text: str, values: Mapping[str, str]) -> list[dict[str, Any]]:
    """The blocks with values in the fields, as data to be set. Raises `Invalid` naming a field without a value."""
    found: list[dict[str, Any]] = []
    for block in parse(text):
        lines = [
            [[_run(piece, values) for piece in line] for line in cells]
            for cells in block.lines
            if _stays(cells, values)
        ]
        if lines:
            found.append({"kind": block.kind, "lines": lines})
    return found


def in_line(text: str, values: Mapping[str, str]) -> str:
    """A title or recipient with its values, as plain words; a line whose fields are all empty is left out."""
    lines = (line for line in _plain(text) if _stays((line,), values))
    return "\n".join("".join(_run(piece, values)[0] for piece in line) for line in lines)


def _stays(cells: tuple[Line, ...], values: Mapping[str, str]) -> bool:
    fields = [piece for line in cells for piece in line if piece.name]
    return not fields or any(not piece.optional or values.get(piece.name, "").strip() for piece in fields)


def _run(piece: Piece, values: Mapping[str, str]) -> Run:
    if not piece.name:
        return piece.text, piece.bold
    value = plain(values.get(piece.name, ""))
    if not value and not piece.optional:
        raise Invalid(
            format_lazy(
                _("The letter needs “{name}”, and nothing was given for it. No letter was made."), name=piece.name
            ),
            code="missing_value",
            field=piece.name,
            item=piece.name,
        )
    if len(value) > LONGEST_VALUE:
        raise Invalid(
            format_lazy(
                _("“{name}” has {length} characters; at most {most} fit in a letter. No letter was made."),
                name=piece.name,
                length=len(value),
                most=LONGEST_VALUE,
            ),
            code="value_too_long",
            field=piece.name,
            item=piece.name,
        )
    return value, piece.bold
