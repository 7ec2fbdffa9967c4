"""A letter made into a PDF/A: small, searchable, the same bytes for the same input and moment."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import segno
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.city import current_city, today
from tepian.toolkit import typeset
from tepian.ui import words

from .. import numbering
from ..letterheads import Head
from ..models import LetterVersion
from ..numbering import Number
from . import texts

TEMPLATE = Path(__file__).with_name("letter.typ")
STANDARD = "a-2a"
LANGUAGE = "id"  # the language of the office; labels that this module adds are in it


class Signer(Protocol):
    """Who signs, as `catalogue.contributions.Signatory` says it: printed lines above the name, and the name."""

    @property
    def lines(self) -> tuple[str, ...]: ...
    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...


def render_letter(
    *,
    template: LetterVersion,
    values: Mapping[str, str],
    head: Head,
    number: Number | str,
    on: date,
    signer: Signer,
    qr: str = "",
    below: tuple[str, ...] = (),
    created: datetime | None = None,
) -> bytes:
    """The letter as PDF/A-2a. `values` by the names of the template's fields; more than it uses does no harm, one that
    is missing raises `Invalid` naming it. `qr` is the official address to check the letter at; without it there is room
    for ink. `below` are lines under the signer's name (rank, NIP). With the same `created`, the same bytes."""
    with override(LANGUAGE):
        title, data = _data(template, values, head, number, on, signer, qr, below)
    with _told():
        return typeset.render(
            TEMPLATE, data, title=title, language=LANGUAGE, standard=STANDARD, created=created, packed=True
        )


def specimen(version: LetterVersion, head: Head) -> bytes:
    """A letter of invented values to look at, as PDF; it says on every page that it is none."""
    title, data = _specimen(version, head)
    with _told():
        return typeset.render(TEMPLATE, data, title=title, language=LANGUAGE, standard=STANDARD, packed=True)


def specimen_pages(version: LetterVersion, head: Head) -> list[bytes]:
    """The same as one PNG a page."""
    title, data = _specimen(version, head)
    with _told():
        return typeset.pictures(TEMPLATE, data, title=title, language=LANGUAGE)


@dataclass(frozen=True, slots=True)
class _Nobody:
    lines: tuple[str, ...]
    name: str
    title: str


def _specimen(version: LetterVersion, head: Head) -> tuple[str, dict[str, Any]]:
    with override(LANGUAGE):
        title = _("Head of %(office)s") % {"office": head.office}
        given = {each.name: each.sample or f"[{each.label}]" for each in map(texts.Field.of, version.template.fields)}
        said, data = _data(
            version,
            given,
            head,
            numbering.sample("{number:03d}/{classification}/{office}/{month_roman}/{year}"),
            today(),
            _Nobody((title,), _("Name of the official"), title),
            f"{settings.BASE_URL}/surat/cek/CONTOH",
            (),
        )
        return said, data | {"specimen": _("EXAMPLE, NOT A LETTER")}


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except typeset.TypesetError as error:
        raise Invalid(
            format_lazy(
                gettext_lazy("The letter could not be made: {reason}. Nothing was sent; tell the administrator."),
                reason=str(error),
            ),
            code="not_set",
        ) from error


def _data(
    template: LetterVersion,
    values: Mapping[str, str],
    head: Head,
    number: Number | str,
    on: date,
    signer: Signer,
    qr: str,
    below: tuple[str, ...],
) -> tuple[str, dict[str, Any]]:
    """The title of the file and what `letter.typ` reads."""
    numbered = number.text if isinstance(number, Number) else number
    dated = words.day(on)
    given = dict(values) | {
        "number": numbered,
        "date": dated,
        "office": head.office,
        "city": current_city().name,
        "office_above": head.above,
        "signer": signer.name,
        "signer_title": signer.title,
    }
    title = texts.in_line(template.title, given)
    blocks = [_block(block) for block in texts.filled(template.text, given)]
    data = {
        "layout": template.layout,
        "office": head.office,
        "head": {
            "lines": [_wide(line) for line in head.lines],
            "address": head.address,
            "contact": head.contact,
            "emblem": head.emblem,
        },
        "emblem_alt": _("Emblem of %(city)s") % {"city": current_city().name},
        "heading": _wide(title),
        "number_line": _("Number: %(number)s") % {"number": numbered},
        "number": [_("Number"), numbered],
        "subject": [_("Subject"), _wide(title)],
        "recipient": _wide(texts.in_line(template.recipient, given)) if template.recipient else "",
        "place_date": ", ".join(part for part in (head.place, dated) if part),
        "blocks": [block for block in blocks if block["kind"] not in (texts.HEAD, texts.COPIES)],
        "between": [line for block in blocks if block["kind"] == texts.HEAD for line in block["lines"]],
        "copies": [line for block in blocks if block["kind"] == texts.COPIES for line in block["lines"]],
        "copies_label": _("Copies to:"),
        "signer": {
            "lines": [_wide(line) for line in _closed(signer.lines)],
            "name": _wide(signer.name),
            "below": list(below),
        },
        "qr": _code(qr) if qr else "",
        "qr_alt": _("Code for the phone: %(address)s") % {"address": qr},
        "signed": _("Signed electronically. Check it with your phone's camera, or at the address below."),
        "specimen": "",
        "foot": typeset.breakable(_("Check this letter: %(address)s") % {"address": qr}) if qr else "",
    }  # fmt: skip
    return f"{title} {numbered}", data


def _closed(lines: tuple[str, ...]) -> list[str]:
    """The lines above a signature; the last ends with a comma, as official letters have it."""
    return [line if place < len(lines) - 1 or line.endswith(",") else f"{line}," for place, line in enumerate(lines)]


def _block(block: dict[str, Any]) -> dict[str, Any]:
    """With places to break in long words. A paragraph that begins small goes on with a sentence, so it is not indented."""
    lines = [[[(_wide(said), bold) for said, bold in line] for line in cells] for cells in block["lines"]]
    begins = "".join(said for said, _bold in lines[0][0])
    return {"kind": block["kind"], "lines": lines, "goes_on": begins[:1].islower()}


def _wide(text: str) -> str:
    return typeset.breakable(text, most=typeset.LONGEST_IN_TEXT // 2)


CODE_LETTERS = 12  # the end of an address, which is another for each letter


def _code(address: str) -> str:
    """The QR code of an address as SVG."""
    out = io.BytesIO()
    mask = _mask(address[:-CODE_LETTERS], len(address))
    code = segno.make(address, error="m", micro=False, mask=mask)
    code.save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, svgclass=None, lineclass=None, border=4, light="#fff"
    )
    return out.getvalue().decode()


@cache
def _mask(start: str, length: int) -> int:
    """The pattern under a code that is best read. Weighing all eight takes three quarters of the time, and addresses
    that differ in their last letters only are read as well with one as with the other: weighed once for all of them."""
    mask: int = segno.make(start.ljust(length, "7"), error="m", micro=False).mask
    return mask
