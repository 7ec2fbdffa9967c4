"""What stands on top of an office's letters: the lines, the address, the city's emblem."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid, checked_text
from tepian.kernel.catalogue.city import current_city
from tepian.kernel.catalogue.rows import too_late
from tepian.kernel.events import note, operation
from tepian.kernel.organisations import queries as organisations
from tepian.toolkit import photos, typeset

from . import policies
from .models import Letterhead

MOST_LINES, LONGEST_LINE = 5, 90
MAX_EMBLEM = 100_000  # bytes of an emblem as it is sent
MOST_PIXELS = 800  # of a side; 22 mm on paper do not show more
TRIAL = Path(__file__).parent / "letters" / "emblem.typ"
TRIAL_S = 10
CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.\-]{0,29}")
NO_EMBLEM = _("The emblem must be a PNG, or an SVG of drawn shapes only. Nothing was saved.")
CITY = ""  # the office that is the whole city


@dataclass(frozen=True, slots=True)
class Head:
    """`lines` from the largest ("PEMERINTAH KOTA …") to the office itself; `emblem` is SVG or ""; `office` and `above` are
    names, `place` where letters are dated."""

    lines: tuple[str, ...]
    address: str = ""
    contact: str = ""
    emblem: str = ""
    office: str = ""
    above: str = ""
    place: str = ""


def head_of(office: str) -> Head:
    """The head of an office's letters: what was set for it, else what the city and the offices above it are called.
    `office` is an agency's code, "" the city. Raises `NotFound` for an unknown one."""
    rows = {row.office: row for row in Letterhead.objects.filter(office__in=[CITY, office])}
    own, city = rows.get(office), rows.get(CITY)
    agency = organisations.agency(office) if office else None
    above = organisations.agency(agency.parent).name if agency and agency.parent else current_city().name
    return Head(
        lines=tuple(own.lines if own and own.lines else default_lines(office)),
        address=own.address if own else "",
        contact=own.contact if own else "",
        emblem=city.emblem if city else "",
        office=agency.name if agency else current_city().name,
        above=above,
        place=current_city().name.removeprefix("Kota ").removeprefix("Kabupaten "),
    )


def default_lines(office: str) -> list[str]:
    """PEMERINTAH KOTA …, then the offices from the top down to this one."""
    lines: list[str] = []
    code = office
    while code and len(lines) < MOST_LINES - 1:
        agency = organisations.agency(code)
        lines.insert(0, agency.name.upper())
        code = agency.parent
    return [f"PEMERINTAH {current_city().name.upper()}", *lines]


def number_code(office: str) -> str:
    """How numbers write the office: as set, else by its region's code without the city's (05.1003), else by its own."""
    row = Letterhead.objects.filter(office=office).only("number_code").first()
    return row.number_code if row and row.number_code else default_code(office)


def default_code(office: str) -> str:
    found = organisations.chart().agencies.get(office)
    city = current_city().code
    if found and found.region.startswith(f"{city}."):
        return found.region.removeprefix(f"{city}.")
    return office.upper()


@operation("documents.keep_letterhead", policy=policies.may_keep_letters)
def keep_head(
    *,
    actor: Actor,
    office: str,
    lines: list[str],
    address: str = "",
    contact: str = "",
    number_code: str = "",
    emblem: bytes | None = None,
    revision: int | None = None,
    trusted: bool = False,
) -> Letterhead:
    """Set an office's head. Empty lines come from the office's name again. `emblem` only for the city: SVG or PNG bytes,
    b"" takes it away, None leaves it; from whoever is not `trusted` (a pack is), it is tried in a process of its own, for a small
    file can be much work. `revision` 0 says that there was none; raises `Conflict` when somebody was faster."""
    if office:
        organisations.agency(office)
    kept = [checked_text(line, "lines", limit=LONGEST_LINE) for line in lines if line.strip()]
    if len(kept) > MOST_LINES:
        raise Invalid(
            format_lazy(_("A letterhead has at most {most} lines. Nothing was saved."), most=MOST_LINES), field="lines"
        )
    code = number_code.strip()
    if code and not CODE.fullmatch(code):
        raise Invalid(
            _("The office's code in numbers has letters, digits, dots and hyphens, at most 30. Nothing was saved."),
            code="number_code",
            field="number_code",
        )
    values: dict[str, Any] = {
        "lines": kept,
        "address": checked_text(address, "address", limit=300, needed=False),
        "contact": checked_text(contact, "contact", limit=300, needed=False),
        "number_code": code,
    }
    if emblem is not None and office == CITY:
        values["emblem"] = checked_emblem(emblem, apart=not trusted) if emblem else ""
    Letterhead.objects.bulk_create([Letterhead(office=office, revision=0)], ignore_conflicts=True)
    row = Letterhead.objects.select_for_update().get(office=office)
    if revision is not None and row.revision != revision:
        raise too_late(office)
    for name, value in values.items():
        setattr(row, name, value)
    row.revision += 1
    row.save()
    note("letterhead", office or "city", emblem="emblem" in values)
    return row


# --- the emblem -------------------------------------------------------------------------------------------------------

_REACHING = re.compile(r"<!|<\?(?!xml\s)|\bon[a-z]+\s*=|javascript:|@import|url\(\s*['\"]?(?!#)", re.I)
_REMARKS = re.compile(r"<!--.*?-->|<!DOCTYPE[^\[>]*>", re.S)  # what drawing programs write round a picture
_SVG_REFUSED = {"script", "foreignObject", "image", "use", "iframe", "animate", "set", "text"}


def checked_emblem(content: bytes, *, apart: bool) -> str:
    """The emblem as an SVG that shows itself and nothing else, a PNG wrapped into one. It was set once, for a letter that
    cannot be made because of it would be every letter."""
    text = _drawn(content)
    try:
        typeset.render(
            TRIAL, {"emblem": text}, title="-", language="id", standard="a-2a", seconds=TRIAL_S if apart else None
        )
    except typeset.TypesetError:
        raise _no_emblem(_("The emblem cannot be printed. Nothing was saved; try a PNG of it.")) from None
    return text


def _drawn(content: bytes) -> str:
    if len(content) > MAX_EMBLEM:
        raise _no_emblem(_("The emblem is larger than 100 kB. Nothing was saved; send a smaller one."))
    if content.startswith(b"\x89PNG"):
        return _wrapped(content)
    try:
        text = _REMARKS.sub("", content.decode("utf-8-sig")).strip()
        root = ElementTree.fromstring(text) if not _REACHING.search(text) else None  # noqa: S314  no entities: "<!" is refused
    except (UnicodeDecodeError, ElementTree.ParseError):
        root = None
    if root is None or root.tag != "{http://www.w3.org/2000/svg}svg":
        raise _no_emblem(NO_EMBLEM)
    for element in root.iter():
        name = str(element.tag).rpartition("}")[2]
        reaching = any(
            key.rpartition("}")[2] == "href" and not value.startswith("#") for key, value in element.attrib.items()
        )
        if name in _SVG_REFUSED or reaching:
            raise _no_emblem(
                format_lazy(
                    _(
                        "The emblem's SVG contains “{part}”, which may not stand in it. Nothing was saved; draw it as shapes only."
                    ),
                    part=name,
                )
            )
    if not ({"viewBox"} <= set(root.attrib) or {"width", "height"} <= set(root.attrib)):
        raise _no_emblem(_("The emblem's SVG does not say how large it is (viewBox). Nothing was saved."))
    return text


def _wrapped(content: bytes) -> str:
    try:
        width, height = photos.size(content)
        clean = photos.without_traces(content)
    except photos.NotAPhoto:
        raise _no_emblem(NO_EMBLEM) from None
    if max(width, height) > MOST_PIXELS:
        raise _no_emblem(
            format_lazy(
                _("The emblem is more than {most} pixels wide or high. Nothing was saved; make it smaller."),
                most=MOST_PIXELS,
            )
        )
    data = base64.b64encode(clean).decode()
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<image width="{width}" height="{height}" href="data:image/png;base64,{data}"/></svg>'
    )


def _no_emblem(message: Any) -> Invalid:
    return Invalid(message, code="emblem", field="emblem")
