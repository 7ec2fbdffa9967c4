"""The instruments that are there: shipped ones as files, the city's own from its pack, and the words for their parts."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.kept import Kept
from tepian.toolkit import links
from tepian.ui.words import english

from .. import states
from ..models import Assessment, CityInstrument
from ..states.instruments import Instrument, Node, plain, read

TOPIC = "assessment"
FOLDER = Path(__file__).parents[1] / "instruments"
BESIDE = {"dimensions", "survey"}  # files of the folder that are no instruments
STATE_LABELS = {
    states.OPEN: gettext_lazy("agencies answer"),
    states.SUBMITTED: gettext_lazy("assessors score"),
    states.SCORED: gettext_lazy("scored, not final"),
    states.CLOSED: gettext_lazy("final"),
}
KIND_LABELS = {
    states.FILE: gettext_lazy("file"),
    states.LINK: gettext_lazy("link"),
    states.PAGE: gettext_lazy("page of this platform"),
}
FINDING_LABELS = {
    links.OPEN: gettext_lazy("opens for everybody"),
    links.NO_ANSWER: gettext_lazy("did not answer when it was checked"),
    links.MALFORMED: gettext_lazy("is no web address"),
    links.PRIVATE: gettext_lazy("lies in a closed network"),
    links.SIGN_IN: gettext_lazy("asks for a sign-in"),
    links.MISSING: gettext_lazy("is not there"),
}
Key = tuple[str, str]


@lru_cache(maxsize=64)
def parsed(document: str) -> Instrument:
    """The instrument of a document that was checked before it was kept."""
    return read(json.loads(document))


@cache
def shipped() -> Mapping[Key, str]:
    """(code, version) → document of the instruments that come with the room. Raises `ValueError` for a broken file."""
    found = {}
    for path in sorted(FOLDER.glob("*.toml")):
        if path.stem not in BESIDE:
            document = json.dumps(plain(tomllib.loads(path.read_text(encoding="utf-8"))), ensure_ascii=False)
            instrument = parsed(document)
            found[instrument.code, instrument.version] = document
    return found


def _documents() -> dict[Key, str]:
    own = {(row.code, row.version): row.document for row in CityInstrument.objects.all()}
    return {**shipped(), **own}


_kept = Kept(_documents, TOPIC)


def documents() -> Mapping[Key, str]:
    """All instruments; the city's complete form of a shipped frame takes the frame's place."""
    return _kept()


def instruments() -> list[Instrument]:
    """All instruments, newest first within a code."""
    found = [parsed(document) for document in documents().values()]
    return sorted(found, key=lambda each: (each.code, -each.valid_from.toordinal(), each.version))


def document_by(code: str, version: str) -> str:
    found = documents().get((code, version))
    if found is None:
        raise NotFound(
            gettext_lazy("There is no instrument with this code and version."),
            code="instrument_unknown",
            item=code[:80],
        )
    return found


def instrument_of(row: Assessment) -> Instrument:
    """The instrument as it was when this assessment opened."""
    return parsed(row.document)


def completed(row: Assessment) -> str | None:
    """The complete form of the frame that this assessment was opened with, once the city has it."""
    if instrument_of(row).complete:
        return None
    found = documents().get((row.instrument_code, row.instrument_version))
    return found if found is not None and parsed(found).complete else None


def titled(thing: Any) -> str:
    """The title in the reader's language."""
    return thing.title_en if english() and thing.title_en else str(thing.title)


@cache
def _dimension_names() -> Mapping[str, tuple[str, str]]:
    """Dimension or sub-dimension → (Indonesian, English)."""
    found = {}
    for each in tomllib.loads((FOLDER / "dimensions.toml").read_text(encoding="utf-8"))["dimension"]:
        found[each["code"]] = (each["name"], each["name_en"])
        for part in each["part"]:
            found[f"{each['code']}.{part['code']}"] = (part["name"], part["name_en"])
    return found


def dimension_name(code: str) -> str:
    """“Governance: Public service” of `governance.service`; "" of nothing."""
    names = _dimension_names()
    whole = code.partition(".")[0]
    texts = [names[each][english()] for each in dict.fromkeys((whole, code)) if each in names]
    return ": ".join(texts)


def level_name(instrument: Instrument, level: int) -> str:
    names = instrument.scale.names.get(level) if instrument.scale else None
    return names[english()] if names else ""


@cache
def survey_questions() -> tuple[Mapping[str, Any], ...]:
    """The questions that a survey begins with: one a dimension."""
    return tuple(tomllib.loads((FOLDER / "survey.toml").read_text(encoding="utf-8"))["question"])


@cache
def survey_bounds() -> tuple[int, int]:
    given = tomllib.loads((FOLDER / "survey.toml").read_text(encoding="utf-8"))
    return int(given["lowest"]), int(given["highest"])


def path_of(instrument: Instrument, node: Node) -> str:
    """The titles of the parts that an item lies in."""
    texts, here = [], node.parent
    while here:
        part = instrument.nodes[here]
        texts.append(titled(part))
        here = part.parent
    return " · ".join(reversed(texts))
