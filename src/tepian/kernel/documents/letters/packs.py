"""Texts of letters in files: `<code>.toml` in a room's folder, for every city, and in `letters/` of a city's pack.

```
name = "Surat keterangan domisili"
name_en = "Domicile letter"
include = ["_resident"]         # fields of a file beside it, whose name begins with _ and which is no letter

[[field]]                       # what the service gives; `needed`: every text must use it
name = "name"
label = "Nama"
label_en = "Name"
sample = "Contoh Warga"
needed = true

[[version]]                     # one that has been in force is never changed: write another with its own valid_from
valid_from = 2026-01-01
layout = "statement"            # or "letter", which may have a recipient
title = "SURAT KETERANGAN DOMISILI"
text = \"\"\"…\"\"\"               # as letters/texts.py says
```

`emblem.svg` or `emblem.png` of the pack is the city's emblem; `letterheads.toml` may set heads of offices: `[[head]]` with
office ("" the city), lines, address, contact, number_code. What was set in the running city stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Actor, Conflict, Invalid
from tepian.kernel.catalogue.contributions import LetterTexts, offered
from tepian.kernel.catalogue.packs import CityPack, Problem
from tepian.kernel.events import operation

from .. import letterheads, policies
from ..models import Letterhead, LetterTemplate, LetterVersion
from . import texts
from .keeping import CODE_RULE, begun, may_be_code
from .texts import Field

EMBLEMS = ("emblem.svg", "emblem.png")
VERSION_KEYS = ("valid_from", "layout", "title", "recipient", "text")


@dataclass(frozen=True, slots=True)
class Wording:
    valid_from: date
    layout: str
    title: str
    recipient: str
    text: str


@dataclass(frozen=True, slots=True)
class LetterFact:
    """A letter as a file says it."""

    code: str
    name: str
    name_en: str
    fields: tuple[Field, ...]
    versions: tuple[Wording, ...]


def facts(pack: CityPack) -> list[LetterFact]:
    """All letters of this city: what rooms bring, with the pack's own in their place. Raises `PackError`."""
    found: dict[str, tuple[CityPack, str]] = {}
    for given in offered(LetterTexts):
        found |= {code: (CityPack(given.folder), code) for code in _codes(given.folder)}
    found |= {code: (pack, f"letters/{code}") for code in _codes(pack.folder / "letters")}
    return [_fact(code, where, name) for code, (where, name) in sorted(found.items())]


def _codes(folder: Path) -> list[str]:
    return [path.stem for path in sorted(folder.glob("*.toml")) if not path.stem.startswith("_")]


def _fact(code: str, where: CityPack, name: str) -> LetterFact:
    data = where.toml(name)
    versions = where.tables(name, "version", required=("valid_from", "title", "text"))
    shared = [f"{name.rpartition(code)[0]}{each}" for each in data.get("include", [])]
    fields = [each for file in (*shared, name) for each in where.tables(file, "field", required=("name", "label"))]
    return LetterFact(
        code=code,
        name=str(data.get("name", "")),
        name_en=str(data.get("name_en", "")),
        fields=tuple(Field.of(each) for each in fields),
        versions=tuple(
            Wording(
                valid_from=each["valid_from"],
                layout=str(each.get("layout", texts.STATEMENT)),
                title=str(each["title"]),
                recipient=str(each.get("recipient", "")),
                text=str(each["text"]).strip(),
            )
            for each in versions
        ),
    )


def check(pack: CityPack) -> Iterator[Problem]:
    for fact in facts(pack):
        file = f"letters/{fact.code}.toml"
        try:
            if not may_be_code(fact.code):
                raise Invalid(CODE_RULE)
            if not fact.name:
                raise Invalid(gettext_lazy("the letter has no name"))
            if not fact.versions:
                raise Invalid(gettext_lazy("the letter has no text: write [[version]]"))
            fields = texts.check_fields(fact.fields)
            for version in fact.versions:
                if not isinstance(version.valid_from, date):
                    raise Invalid(gettext_lazy("valid_from is a day, written like 2026-01-01"), item="valid_from")
                texts.check_text(
                    layout=version.layout,
                    title=version.title,
                    recipient=version.recipient,
                    text=version.text,
                    fields=fields,
                )
        except Invalid as error:
            yield Problem(str(error.message), file=file, item=error.item or fact.code)


def load(pack: CityPack, actor: Actor) -> dict[str, int]:
    source = f"cities/{pack.name}"
    counts = Counter(load_letters(actor=actor, letters=facts(pack), source=source))
    emblem = next((path for path in EMBLEMS if pack.has(path)), "")
    known = dict(Letterhead.objects.values_list("office", "emblem"))
    wanted = {str(each["office"]): each for each in pack.tables("letterheads", "head", required=("office",))}
    if emblem:
        wanted.setdefault(letterheads.CITY, {})
    for office, each in wanted.items():
        picture = emblem and office == letterheads.CITY and not known.get(office)
        if office in known and not picture:
            counts["unchanged"] += 1  # the city's own words stay
            continue
        letterheads.keep_head(
            actor=actor,
            office=office,
            lines=[str(line) for line in each.get("lines", [])],
            address=str(each.get("address", "")),
            contact=str(each.get("contact", "")),
            number_code=str(each.get("number_code", "")),
            emblem=(pack.folder / emblem).read_bytes() if picture else None,
            trusted=True,
        )
        counts["created"] += 1
    return dict(counts)


@operation("documents.load_letters", policy=policies.may_keep_letters)
def load_letters(*, actor: Actor, letters: Iterable[LetterFact], source: str) -> dict[str, int]:
    """Bring letters and their versions. What the city wrote itself stays: a name or field changed here is kept, and a
    field that is new comes in. Raises `Conflict` for another text under a day that has come."""
    counts: Counter[str] = Counter(unchanged=0)
    rows = {row.code: row for row in LetterTemplate.objects.all()}
    kept: dict[tuple[str, date], LetterVersion] = {}
    numbers: Counter[str] = Counter()
    for version in LetterVersion.objects.select_related("template").order_by("number"):
        numbers[version.template.code] = max(numbers[version.template.code], version.number)
        if version.source and version.valid_from:
            kept[version.template.code, version.valid_from] = version
    for fact in letters:
        row = rows.get(fact.code)
        stored = [each.stored() for each in fact.fields]
        if row is None:
            row = LetterTemplate.objects.create(code=fact.code, name=fact.name, name_en=fact.name_en, fields=stored)
            counts["created"] += 1
        elif _freshened(row, fact, stored):
            row.save()
            counts["changed"] += 1
        for wording in fact.versions:
            earlier = kept.get((fact.code, wording.valid_from))
            values = {name: getattr(wording, name) for name in VERSION_KEYS}
            if earlier is None:
                numbers[fact.code] += 1
                LetterVersion.objects.create(
                    template=row, number=numbers[fact.code], source=source, changed_by=actor.label, **values
                )
                counts["created"] += 1
            elif all(getattr(earlier, name) == value for name, value in values.items()):
                counts["unchanged"] += 1
            elif begun(earlier):
                raise Conflict(
                    format_lazy(
                        gettext_lazy(
                            "{code}: the text of {day} has been in force and is not changed; give the new one its own day"
                        ),
                        code=fact.code,
                        day=wording.valid_from,
                    ),
                    code="in_force",
                    item=fact.code,
                )
            else:
                LetterVersion.objects.filter(pk=earlier.pk).update(**values)
                counts["changed"] += 1
    return dict(counts)


def _freshened(row: LetterTemplate, fact: LetterFact, stored: list[dict[str, Any]]) -> bool:
    """Bring the row up to date with the file; was there a difference?"""
    before = row.name, row.name_en, row.fields
    if row.revision == 1:
        row.name, row.name_en, row.fields = fact.name, fact.name_en, stored
    else:
        known = {each["name"] for each in row.fields}
        row.fields = [*row.fields, *(each for each in stored if each["name"] not in known)]
    return before != (row.name, row.name_en, row.fields)
