"""Another city's structure made a draft of one's own: dimensions and texts come along, agencies are matched by name, and
every figure is still to be written."""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.utils.text import format_lazy, slugify
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.events import note, operation

from .. import policies, states
from ..models import Framework, Plan, Revision
from ..queries.blueprint import FORMAT, OF_ACTIONS, VERSION, WORDS
from ..queries.given import Given
from ..queries.importing import values as lookups
from . import packs, tree
from .plan import create_plan, start_revision

MAX_BYTES = 10 * 1024 * 1024
MOST_PARTS = 20_000


@dataclass(slots=True)
class Blueprint:
    """What a file says. `years`: how many; `agencies`: id → (name, short name). Parts name agencies and one another by
    the file's ids until `draft_of` fits them to a city."""

    years: int
    framework: Mapping[str, Any]
    agencies: dict[str, tuple[str, str]]
    goals: list[Mapping[str, Any]]


@dataclass(slots=True)
class Fitted:
    """A blueprint fitted to this city. `agencies`: the name there → the code here, "" where a person is to choose, with
    suggestions as (code, name)."""

    blueprint: Blueprint
    goals: list[Given]
    agencies: dict[str, str] = field(default_factory=dict)
    suggestions: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def unmatched(self) -> list[str]:
        return [name for name, code in self.agencies.items() if not code]


def _refuse(where: str = "") -> Invalid:
    return Invalid(
        format_lazy(
            _(
                "This is no blueprint of a plan that can be read here{where}. Nothing was changed. Ask for the file again."
            ),
            where=f" ({where})" if where else "",
        ),
        code="blueprint",
        field="file",
        item=where,
    )


def read_blueprint(content: bytes) -> Blueprint:
    """Raises `Invalid`, whose `item` says where it went wrong. What the format does not know is refused, so that no figure
    and no name of a person slips in."""
    if len(content) > MAX_BYTES:
        raise Invalid(
            _("This file is larger than a blueprint can be. Nothing was changed."), code="too_large", field="file"
        )
    try:
        document = json.loads(content.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):
        raise _refuse() from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise _refuse()
    if document.get("version") != VERSION:
        raise Invalid(
            format_lazy(
                _(
                    "This blueprint has version {version}; version {known} is read here. Update the platform, or ask for "
                    "the older version."
                ),
                version=str(document.get("version"))[:20],
                known=VERSION,
            ),
            code="version",
            field="file",
        )
    _only(document, {"format", "version", "years", "framework", "agencies", "goals"}, "$")
    years, framework = document.get("years"), document.get("framework")
    if not isinstance(years, int) or isinstance(years, bool) or not 1 <= years <= 25:
        raise _refuse("years")
    if not isinstance(framework, dict):
        raise _refuse("framework")
    agencies: dict[str, tuple[str, str]] = {}
    for each in _list(document, "agencies", "$"):
        _only(each, {"id", "name", "short_name"}, "agencies")
        agencies[_text(each, "id", "agencies")] = (
            _text(each, "name", "agencies"),
            str(each.get("short_name") or "")[:100],
        )
    goals = _list(document, "goals", "$")
    if sum(1 for _part in _walk(goals)) > MOST_PARTS:
        raise _refuse("goals")
    return Blueprint(years, _framework(framework), agencies, goals)


def _list(given: Mapping[str, Any], name: str, where: str) -> list[Mapping[str, Any]]:
    rows = given.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(each, dict) for each in rows):
        raise _refuse(f"{where}.{name}")
    return rows


def _only(given: Mapping[str, Any], names: set[str], where: str) -> None:
    if extra := sorted(set(given) - names):
        raise _refuse(f"{where}: {extra[0]}"[:80])


def _text(given: Mapping[str, Any], name: str, where: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _refuse(f"{where}.{name}")
    return value


def _walk(goals: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for goal in goals:
        yield goal
        for programme in _list(goal, "programmes", "goals"):
            yield programme
            yield from _list(programme, "actions", "programmes")


def _framework(given: Mapping[str, Any]) -> dict[str, Any]:
    """As `load_frameworks` takes it."""
    _only(given, {"code", "title", "title_en", "source", "valid_from", "dimensions"}, "framework")
    dimensions = []
    for each in _list(given, "dimensions", "framework"):
        parts = [
            {name: str(part.get(name) or "")[:200] for name in ("code", "name", "name_en")}
            for part in _list(each, "parts", "dimensions")
        ]
        dimensions.append(
            {
                "code": _text(each, "code", "dimensions")[:40],
                "name": _text(each, "name", "dimensions")[:200],
                "name_en": str(each.get("name_en") or "")[:200],
                "part": parts,
            }
        )
    code = _text(given, "code", "framework")
    if not dimensions or slugify(code) != code or len(code) > 60:
        raise _refuse("framework")
    try:
        valid_from = date.fromisoformat(_text(given, "valid_from", "framework"))
    except ValueError:
        raise _refuse("framework.valid_from") from None
    return {
        "code": code,
        "title": _text(given, "title", "framework")[:200],
        "title_en": str(given.get("title_en") or "")[:200],
        "source": str(given.get("source") or "")[:300],
        "valid_from": valid_from,
        "dimension": dimensions,
    }


# --- fitted to this city ----------------------------------------------------------------------------------------------


def fit(blueprint: Blueprint, first_year: int, chosen: Mapping[str, str] | None = None) -> Fitted:
    """The parts with this city's agencies and years. `chosen`: the name of an agency there → the code of ours, said by a
    person. Raises `Invalid`."""
    lookup = lookups.agencies()
    fitted = Fitted(blueprint, [])
    codes: dict[str, str] = {}
    for id_, (name, short) in blueprint.agencies.items():
        given = (chosen or {}).get(name)
        codes[id_] = given if given is not None else lookup.code(name) or (lookup.code(short) if short else "")
        fitted.agencies[name] = codes[id_]
        if not codes[id_]:
            fitted.suggestions[name] = lookup.suggestions(f"{name} {short}".strip())
    keys: dict[str, UUID] = {}
    for part in _walk(blueprint.goals):
        id_ = _text(part, "id", "parts")
        if id_ in keys:
            raise _refuse(id_)
        keys[id_] = uuid4()
    fitted.goals = [_given(states.GOAL, row, keys, codes, first_year) for row in blueprint.goals]
    fitted.counts = dict.fromkeys(states.KINDS, 0)
    for each in _each(fitted.goals):
        fitted.counts[each.kind] += 1
    return fitted


def _each(rows: list[Given]) -> Iterator[Given]:
    for row in rows:
        yield row
        yield from _each(row.below)


_BELOW = {states.GOAL: (states.PROGRAMME, "programmes"), states.PROGRAMME: (states.ACTION, "actions")}
_PART = {"id", *WORDS, "agency", "from_year", "to_year"}
_ACTION = {*_PART, *OF_ACTIONS, "quick_win", "weight", "milestones", "risks", "waits_for"}


def _given(kind: str, part: Mapping[str, Any], keys: dict[str, UUID], codes: dict[str, str], first_year: int) -> Given:
    id_ = _text(part, "id", "parts")
    below = _BELOW.get(kind)
    _only(part, _ACTION if kind == states.ACTION else {*_PART, below[1] if below else ""}, id_)
    values: dict[str, Any] = {
        name: part[name] for name in (*WORDS, *OF_ACTIONS) if isinstance(part.get(name), str) and part[name]
    }
    if agency := part.get("agency"):
        if agency not in codes:
            raise _refuse(f"{id_}.agency")
        values["agency_code"] = codes[agency]
    for name, field_name in (("from_year", "first_year"), ("to_year", "last_year")):
        if part.get(name) is not None:
            values[field_name] = first_year + _number(part, name, id_, 1, 25) - 1
    if kind == states.ACTION:
        start = values.get("first_year") or first_year
        values |= {
            "quick_win": bool(part.get("quick_win")),
            "weight": part.get("weight", 1),
            "milestones": [
                {
                    "title": each.get("title"),
                    "due_on": _end_of_month(start, _number(each, "month", id_, 0, 300)),
                    "weight": each.get("weight", 1),
                }
                for each in _list(part, "milestones", id_)
            ],
            "risks": _list(part, "risks", id_),
            "dependencies": [
                {"on_key": keys[each["id"]], "note": each.get("note", "")}
                for each in _list(part, "waits_for", id_)
                if each.get("id") in keys
            ],
        }
    made = Given(kind, values, keys[id_], where=id_)
    if below:
        made.below = [_given(below[0], each, keys, codes, first_year) for each in _list(part, below[1], id_)]
    return made


def _number(given: Mapping[str, Any], name: str, where: str, low: int, high: int) -> int:
    value = given.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _refuse(f"{where}.{name}")
    return value


def _end_of_month(start: int, month: int) -> date:
    year, month = start + month // 12, month % 12 + 1
    return date(year, month, calendar.monthrange(year, month)[1])


@operation("masterplan.import_blueprint", policy=policies.may_keep_plan)
def import_blueprint(
    *, actor: Actor, fitted: Fitted, code: str, title: str, first_year: int, simulated: bool = False
) -> Revision:
    """A new plan whose first draft has the structure; all of it or nothing. Raises `Invalid`, `Conflict`."""
    given = fitted.blueprint.framework
    present = Framework.objects.filter(code=given["code"]).first()
    if present is None:
        packs.load_frameworks(actor=actor, frameworks=[given])
    elif [each["code"] for each in present.dimensions] != [each["code"] for each in given["dimension"]]:
        raise Invalid(
            format_lazy(
                _(
                    "The dimensions “{code}” are others here than in the blueprint. Ask the other city for a blueprint "
                    "with a code of its own for them."
                ),
                code=given["code"],
            ),
            code="framework",
            field="file",
        )
    plan: Plan = create_plan(
        actor=actor,
        code=code,
        title=title,
        first_year=first_year,
        last_year=first_year + fitted.blueprint.years - 1,
        framework=given["code"],
        simulated=simulated,
    )
    revision = start_revision(actor=actor, plan=plan)
    tree.write_tree(tree.build_tree(revision, fitted.goals))
    tree.count(revision)
    note("plan", plan.code, parts=sum(fitted.counts.values()), unmatched=len(fitted.unmatched))
    return revision
