"""An instrument as data: what is asked, on which scale, and how the answers make one figure. Described in the README.

Everything is checked when it is read, so that whoever computes with an `Instrument` need not doubt it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

WEIGHTED, MEAN = "weighted", "mean"
EQUAL = "equal"  # the one weight set of an instrument whose formula is the mean
ROOT = ""
CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
WORDS = (
    "code", "version", "title", "title_en", "valid_from", "valid_to", "source", "source_en", "note", "note_en", "complete",
    "formula", "scale", "band", "weights", "part", "item",
)  # fmt: skip
# Dimension → its sub-dimensions, as the national programme names them; the words are in `instruments/dimensions.toml`.
DIMENSIONS: dict[str, tuple[str, str, str]] = {
    "governance": ("service", "bureaucracy", "policy"),
    "branding": ("tourism", "business", "appearance"),
    "economy": ("industry", "welfare", "transaction"),
    "living": ("harmony", "health", "mobility"),
    "society": ("community", "learning", "security"),
    "environment": ("protection", "waste", "energy"),
}


@dataclass(frozen=True, slots=True)
class Scale:
    """From `low` to `high`; `step` is the distance to the next level. `names`: level → (Indonesian, English)."""

    low: Fraction
    high: Fraction
    step: Fraction
    unit: str = ""
    names: Mapping[int, tuple[str, str]] = field(default_factory=dict)

    @property
    def levels(self) -> list[int]:
        """The levels that a person can choose by one key; none for a scale that is a measure (0 to 100)."""
        if self.step != 1 or self.high - self.low > 8 or self.low.denominator != 1:
            return []
        return list(range(int(self.low), int(self.high) + 1))


@dataclass(frozen=True, slots=True)
class Band:
    """A grade that begins at a score."""

    begin: Fraction
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Weights:
    """One published way of weighing. `values`: part or item → percent of what it belongs to."""

    code: str
    title: str
    title_en: str
    source: str
    valid_from: date | None
    valid_to: date | None
    values: Mapping[str, Fraction]

    def valid_in(self, year: int) -> bool:
        begins = self.valid_from is None or self.valid_from <= date(year, 12, 31)
        return begins and (self.valid_to is None or self.valid_to >= date(year, 1, 1))


@dataclass(frozen=True, slots=True)
class Node:
    """A part (with children) or an item (which is answered). `dimension` is `governance` or `governance.service`."""

    code: str
    title: str
    title_en: str
    parent: str
    is_item: bool
    dimension: str = ""
    evidence: str = ""
    evidence_en: str = ""


@dataclass(frozen=True)
class Instrument:
    """`children`: part → its children, in order; the whole is the part `ROOT`."""

    code: str
    version: str
    title: str
    title_en: str
    source: str
    source_en: str
    note: str
    note_en: str
    valid_from: date
    valid_to: date | None
    complete: bool
    formula: str
    scale: Scale | None
    bands: Sequence[Band]
    weight_sets: Mapping[str, Weights]
    nodes: Mapping[str, Node]
    children: Mapping[str, Sequence[str]]

    @property
    def computable(self) -> bool:
        """Is everything known that a score needs?"""
        return self.complete and self.scale is not None and bool(self.weight_sets)

    @property
    def items(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.is_item]

    @property
    def parts(self) -> list[Node]:
        return [node for node in self.nodes.values() if not node.is_item]

    def valid_in(self, year: int) -> bool:
        return self.valid_from <= date(year, 12, 31) and (self.valid_to is None or self.valid_to >= date(year, 1, 1))

    def level(self, value: Decimal) -> bool:
        """Does this value stand on the scale? Levels are whole; a measure has at most two decimals."""
        if self.scale is None or not value.is_finite():
            return False
        found = Fraction(value)
        whole = not self.scale.levels or found.denominator == 1
        return whole and (found * 100).denominator == 1 and self.scale.low <= found <= self.scale.high


# --- checking ---------------------------------------------------------------------------------------------------------


def problems(given: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """(what is wrong, the code at fault) of a document; nothing for a right one."""
    yield from _head(given)
    for word in given:
        if word not in WORDS:
            yield format_lazy(_("unknown word “{word}”"), word=word), str(given.get("code", ""))
    complete = given.get("complete", True)
    seen: set[str] = set()
    parts = {str(each.get("code", "")) for each in _tables(given, "part")}
    for kind in ("part", "item"):
        for each in _tables(given, kind):
            yield from _node(each, parts, seen)
    if not _tables(given, "item"):
        yield _("an instrument needs at least one item"), str(given.get("code", ""))
    yield from _circles(given)
    children = _children(given)
    for part in parts:
        if complete and not children.get(part):
            yield _("this part has no items"), part
    yield from _scale(given, complete=complete)
    yield from _weights(given, children, complete=complete)


def _tables(given: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    rows = given.get(key, [])
    return [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []


def _head(given: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    code = str(given.get("code", ""))
    if not CODE.fullmatch(code):
        yield _("code: small letters, digits and dashes, at most 60"), code
    for word in ("version", "title", "title_en", "source"):
        if not str(given.get(word, "")).strip():
            yield format_lazy(_("“{word}” is missing"), word=word), code
    for word in ("valid_from", "valid_to"):
        if (word in given or word == "valid_from") and _day(given.get(word)) is None:
            yield format_lazy(_("“{word}” must be a date"), word=word), code
    begin, end = _day(given.get("valid_from")), _day(given.get("valid_to"))
    if begin and end and end < begin:
        yield _("it ends before it begins"), code
    if given.get("formula") not in (WEIGHTED, MEAN):
        yield _("formula: weighted or mean"), code
    for key in ("band", "weights", "part", "item"):
        if key in given and not (isinstance(given[key], list) and all(isinstance(row, Mapping) for row in given[key])):
            yield format_lazy(_("“{word}” must be a list of tables"), word=key), code


def _node(each: Mapping[str, Any], parts: set[str], seen: set[str]) -> Iterator[tuple[Any, str]]:
    code = str(each.get("code", ""))
    if not CODE.fullmatch(code):
        yield _("code: small letters, digits and dashes, at most 60"), code
    if code in seen:
        yield _("this code stands here twice"), code
    seen.add(code)
    for word in ("title", "title_en"):
        if not str(each.get(word, "")).strip():
            yield format_lazy(_("“{word}” is missing"), word=word), code
    if each.get("part") and each["part"] not in parts:
        yield format_lazy(_("unknown part “{word}”"), word=str(each["part"])), code
    dimension = str(each.get("dimension", ""))
    whole, _dot, part = dimension.partition(".")
    if dimension and (whole not in DIMENSIONS or (_dot and part not in DIMENSIONS[whole])):
        yield format_lazy(_("unknown dimension “{word}”"), word=dimension), code


def _circles(given: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    parent = {str(each.get("code", "")): str(each.get("part", "")) for each in _tables(given, "part")}
    for code in parent:
        here, steps = code, 0
        while here in parent and steps <= len(parent):
            here, steps = parent[here], steps + 1
        if steps > len(parent):
            yield _("this part lies inside itself"), code


def _children(given: Mapping[str, Any]) -> dict[str, list[str]]:
    """In the order in which the first weight set names them; without one parts come before items."""
    found: dict[str, list[str]] = {ROOT: []}
    for kind in ("part", "item"):
        for each in _tables(given, kind):
            found.setdefault(str(each.get("part", ROOT)), []).append(str(each.get("code", "")))
    sets = _tables(given, "weights")
    named = list(sets[0].get("values", ())) if sets and isinstance(sets[0].get("values"), Mapping) else []
    order = {code: place for place, code in enumerate(named)}
    return {part: sorted(codes, key=lambda code: order.get(code, -1)) for part, codes in found.items()}


def _scale(given: Mapping[str, Any], *, complete: bool) -> Iterator[tuple[Any, str]]:
    code, scale = str(given.get("code", "")), given.get("scale")
    if scale is None:
        if complete:
            yield format_lazy(_("“{word}” is missing"), word="scale"), code
        return
    numbers = [_number(scale.get(word)) for word in ("min", "max", "step")] if isinstance(scale, Mapping) else [None]
    if None in numbers or numbers[0] >= numbers[1] or numbers[2] <= 0:  # type: ignore[operator]
        yield _("scale: min below max, and a step above 0"), code
        return
    for level in scale.get("levels", []):
        value = _number(level.get("value")) if isinstance(level, Mapping) else None
        if value is None or not numbers[0] <= value <= numbers[1]:  # type: ignore[operator]
            yield _("a level lies outside the scale"), code
    for band in _tables(given, "band"):
        if _number(band.get("from")) is None or not band.get("name") or not band.get("name_en"):
            yield _("a band needs from, name and name_en"), code


def _weights(
    given: Mapping[str, Any], children: Mapping[str, Sequence[str]], *, complete: bool
) -> Iterator[tuple[Any, str]]:
    sets = _tables(given, "weights")
    if given.get("formula") == MEAN and sets:
        yield _("a mean has no weights"), str(given.get("code", ""))
    if given.get("formula") == WEIGHTED and complete and not sets:
        yield _("weights are missing; without them nothing is computed (complete = false)"), str(given.get("code", ""))
    known = {code for codes in children.values() for code in codes}
    seen: set[str] = set()
    for each in sets:
        name = str(each.get("code", ""))
        if not CODE.fullmatch(name) or name in seen:
            yield _("a weight set needs a code of its own"), name
        seen.add(name)
        for word in ("title", "title_en", "source"):
            if not str(each.get(word, "")).strip():
                yield format_lazy(_("“{word}” is missing"), word=word), name
        for word in ("valid_from", "valid_to"):
            if word in each and _day(each[word]) is None:
                yield format_lazy(_("“{word}” must be a date"), word=word), name
        values = each.get("values", {})
        if not isinstance(values, Mapping) or any((_number(value) or 0) <= 0 for value in values.values()):
            yield _("weights are numbers above 0"), name
            continue
        for code in values:
            if code not in known:
                yield format_lazy(_("a weight for “{word}”, which is not there"), word=code), name
        for part, codes in children.items():
            named = [code for code in codes if code in values]
            if not named:
                if part == ROOT:
                    yield _("the weights of the whole are missing"), name
                continue
            if len(named) < len(codes):
                yield format_lazy(_("some of “{word}” have weights and some have none"), word=part or name), name
            elif sum(_number(values[code]) or 0 for code in named) != 100:
                yield format_lazy(_("the weights of “{word}” do not sum to 100"), word=part or name), name


def _day(value: Any) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _number(value: Any) -> Fraction | None:
    """16.5 as sixteen and a half, exactly: by its decimal digits, not by the float's."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return None


# --- reading ----------------------------------------------------------------------------------------------------------


def read(given: Mapping[str, Any]) -> Instrument:
    """The instrument of a document. Raises `ValueError` with everything that is wrong."""
    wrong = [f"{item}: {message}" for message, item in problems(given)]
    if wrong:
        raise ValueError("; ".join(wrong))
    nodes = {
        str(each["code"]): Node(
            code=str(each["code"]),
            title=str(each["title"]),
            title_en=str(each["title_en"]),
            parent=str(each.get("part", ROOT)),
            is_item=kind == "item",
            dimension=str(each.get("dimension", "")),
            evidence=str(each.get("evidence", "")),
            evidence_en=str(each.get("evidence_en", "")),
        )
        for kind in ("part", "item")
        for each in _tables(given, kind)
    }
    sets = {
        str(each["code"]): Weights(
            code=str(each["code"]),
            title=str(each["title"]),
            title_en=str(each["title_en"]),
            source=str(each["source"]),
            valid_from=_day(each.get("valid_from")),
            valid_to=_day(each.get("valid_to")),
            values={code: _number(value) or Fraction(0) for code, value in each["values"].items()},
        )
        for each in _tables(given, "weights")
    }
    if given["formula"] == MEAN:
        sets = {EQUAL: Weights(EQUAL, "Rata-rata", "Mean", str(given["source"]), None, None, {})}
    return Instrument(
        code=str(given["code"]),
        version=str(given["version"]),
        title=str(given["title"]),
        title_en=str(given["title_en"]),
        source=str(given["source"]),
        source_en=str(given.get("source_en", "")),
        note=str(given.get("note", "")),
        note_en=str(given.get("note_en", "")),
        valid_from=_day(given["valid_from"]) or date.min,
        valid_to=_day(given.get("valid_to")),
        complete=bool(given.get("complete", True)),
        formula=str(given["formula"]),
        scale=_read_scale(given.get("scale")),
        bands=sorted(
            (
                Band(_number(each["from"]) or Fraction(0), str(each["name"]), str(each["name_en"]))
                for each in _tables(given, "band")
            ),
            key=lambda band: -band.begin,
        ),
        weight_sets=sets,
        nodes=nodes,
        children=_children(given),
    )


def _read_scale(given: Mapping[str, Any] | None) -> Scale | None:
    if given is None:
        return None
    low, high, step = (_number(given[word]) or Fraction(0) for word in ("min", "max", "step"))
    names = {int(each["value"]): (str(each["name"]), str(each["name_en"])) for each in given.get("levels", [])}
    return Scale(low, high, step, str(given.get("unit", "")), names)


def plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """The document as JSON keeps it: dates as text."""

    def kept(value: Any) -> Any:
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Mapping):
            return {key: kept(each) for key, each in value.items()}
        return [kept(each) for each in value] if isinstance(value, list) else value

    return {key: kept(value) for key, value in given.items()}
