"""The difference of two states of a plan, readable: what came, what went, what moved, what changed from what to what.

Both states are read as plain rows (six queries each, however large the plan is) and compared by the parts' lasting keys;
sentences are made only for what is shown."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from tepian.ui import words

from .. import states
from ..models import Dependency, Milestone, Money, Part, Plan, Revision, Risk, Target
from .fields import FIELD_LABELS, LONG, Names
from .plan import KIND_LABELS, SOURCE_LABELS

ADDED, REMOVED, MOVED, CHANGED = "added", "removed", "moved", "changed"
HOWS = (ADDED, REMOVED, MOVED, CHANGED)
COMPARED = tuple(FIELD_LABELS)
_AT = {name: number for number, name in enumerate(COMPARED)}


@dataclass(slots=True)
class State:
    """A part as plain values. `fields` in the order of `COMPARED`; `parent` is a key."""

    key: UUID
    kind: str
    parent: UUID | None
    fields: tuple[Any, ...]
    targets: dict[int, float] = field(default_factory=dict)
    money: dict[tuple[int, str], int] = field(default_factory=dict)
    milestones: dict[UUID, tuple[str, date, int]] = field(default_factory=dict)
    risks: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    dependencies: dict[UUID, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.fields[_AT[name]]

    @property
    def label(self) -> str:
        return f"{self['code']} {self['title']}"


Tree = dict[UUID, State]  # in the plan's order


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing that differs. `of`: a field's name, targets, money, milestones, risks, dependencies or parent; `item`:
    the year, (year, source), milestone's or other action's name."""

    of: str
    item: Any
    before: Any
    after: Any


@dataclass(slots=True)
class Change:
    """A part that differs. Of added and removed parts no details are told: everything came or went."""

    how: str
    before: State | None
    after: State | None
    details: list[Detail] = field(default_factory=list)

    @property
    def part(self) -> State:
        found = self.after or self.before
        assert found is not None
        return found


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """Rupiah of a year from a source, over all actions."""

    year: int
    source: str
    before: int
    after: int


@dataclass(slots=True)
class Difference:
    """`counts`: kind → (before, after)."""

    before: Tree
    after: Tree
    changes: list[Change]
    money: list[MoneyLine]
    counts: dict[str, tuple[int, int]]

    def how_many(self) -> dict[str, int]:
        return {how: sum(change.how == how for change in self.changes) for how in HOWS}


# --- reading ----------------------------------------------------------------------------------------------------------


def tree_of(revision: Revision | None) -> Tree:
    """All parts of a revision as plain values; nothing for None."""
    if revision is None:
        return {}
    found: Tree = {}
    of_id: dict[int, State] = {}
    rows = Part.objects.filter(revision=revision).order_by("position", "code", "id")
    for pk, key, kind, parent, *fields in rows.values_list("id", "key", "kind", "parent__key", *COMPARED):
        of_id[pk] = found[key] = State(key, kind, parent, tuple(fields))
    inside = {"part__revision": revision}
    for part, year, value in Target.objects.filter(**inside).order_by().values_list("part_id", "year", "value"):
        of_id[part].targets[year] = value
    for part, year, source, amount in (
        Money.objects.filter(**inside).order_by().values_list("part_id", "year", "source", "amount")
    ):
        of_id[part].money[year, source] = amount
    for part, key, title, due, weight in (
        Milestone.objects.filter(**inside).order_by("due_on").values_list("part_id", "key", "title", "due_on", "weight")
    ):
        of_id[part].milestones[key] = title, due, weight
    for part, text, likelihood, severity, response in (
        Risk.objects.filter(**inside)
        .order_by("id")
        .values_list("part_id", "text", "likelihood", "severity", "response")
    ):
        of_id[part].risks[text] = likelihood, severity, response
    for part, on_key, note in (
        Dependency.objects.filter(**inside).order_by("id").values_list("part_id", "on_key", "note")
    ):
        of_id[part].dependencies[on_key] = note
    return found


# --- comparing --------------------------------------------------------------------------------------------------------


def difference(before: Tree, after: Tree) -> Difference:
    """Changes in the plan's new order; what went comes last."""
    changes = []
    for key, new in after.items():
        old = before.get(key)
        if old is None:
            changes.append(Change(ADDED, None, new))
        elif found := details(old, new, before, after):
            how = MOVED if any(each.of == "parent" for each in found) else CHANGED
            changes.append(Change(how, old, new, found))
    changes += [Change(REMOVED, old, None) for key, old in before.items() if key not in after]
    kinds = {kind: (_count(before, kind), _count(after, kind)) for kind in states.KINDS}
    return Difference(before, after, changes, _money(before, after), kinds)


def _count(tree: Tree, kind: str) -> int:
    return sum(each.kind == kind for each in tree.values())


def _money(before: Tree, after: Tree) -> list[MoneyLine]:
    sums: dict[tuple[int, str], list[int]] = defaultdict(lambda: [0, 0])
    for at, tree in enumerate((before, after)):
        for state in tree.values():
            for line, amount in state.money.items():
                sums[line][at] += amount
    order = {source: number for number, source in enumerate(states.SOURCES)}
    return [
        MoneyLine(year, source, *sums[year, source])
        for year, source in sorted(sums, key=lambda line: (line[0], order[line[1]]))
    ]


def details(old: State, new: State, before: Tree, after: Tree) -> list[Detail]:
    """Everything in which two states of a part differ."""
    return list(_details(old, new, before, after))


def _details(old: State, new: State, before: Tree, after: Tree) -> Iterator[Detail]:
    if old.parent != new.parent:
        yield Detail("parent", "", _label(before, old.parent), _label(after, new.parent))
    if old.fields != new.fields:
        for name, was, now in zip(COMPARED, old.fields, new.fields, strict=True):
            if was != now:
                yield Detail(name, "", was, now)
    for name in ("targets", "money", "milestones", "risks"):
        yield from _items(name, getattr(old, name), getattr(new, name))
    if old.dependencies != new.dependencies:
        for each in _items("dependencies", old.dependencies, new.dependencies):
            yield Detail(each.of, _label(after, each.item) or _label(before, each.item), each.before, each.after)


def _items(of: str, old: Mapping[Any, Any], new: Mapping[Any, Any]) -> Iterator[Detail]:
    if old == new:
        return
    keys: Iterable[Any] = dict.fromkeys((*old, *new))
    for key in sorted(keys) if of in ("targets", "money") else keys:
        if (was := old.get(key)) != (now := new.get(key)):
            yield Detail(of, key, was, now)


def _label(tree: Tree, key: UUID | None) -> str:
    found = tree.get(key) if key else None
    return found.label if found else ""


# --- saying -----------------------------------------------------------------------------------------------------------


class Sentences:
    """Says details in the reader's language."""

    def __init__(self, plan: Plan) -> None:
        self.names = Names(plan.framework)

    def all(self, change: Change) -> list[str]:
        return [self.one(each, change.part) for each in change.details]

    def one(self, detail: Detail, part: State) -> str:
        say = getattr(self, f"_{detail.of}", None)
        return str(say(detail, part)) if say else self._field(detail)

    def _field(self, detail: Detail) -> str:
        label = str(FIELD_LABELS[detail.of])
        if detail.of in LONG and detail.before and detail.after:
            return _("%(label)s was written anew.") % {"label": label}
        old, new = (self.names.said(detail.of, value) for value in (detail.before, detail.after))
        return _told(label, old, new)

    def _parent(self, detail: Detail, part: State) -> str:
        return _("It moves from “%(old)s” to “%(new)s”.") % {"old": detail.before, "new": detail.after}

    def _targets(self, detail: Detail, part: State) -> str:
        label = _("The target for %(year)s") % {"year": detail.item}
        return _number(
            label, detail.before, detail.after, lambda value: f"{words.number(value)} {part['unit']}".strip()
        )

    def _money(self, detail: Detail, part: State) -> str:
        year, source = detail.item
        label = _("Money of %(year)s, %(source)s,") % {"year": year, "source": SOURCE_LABELS[source]}
        return _number(label, detail.before, detail.after, words.rupiah)

    def _milestones(self, detail: Detail, part: State) -> str:
        if not detail.before:
            return _("Milestone “%(title)s” is new, for %(day)s.") % _milestone(detail.after)
        if not detail.after:
            return _("Milestone “%(title)s” was taken out.") % _milestone(detail.before)
        old, new = _milestone(detail.before), _milestone(detail.after)
        if old["day"] != new["day"]:
            return _("Milestone “%(title)s” moves from %(old)s to %(day)s.") % {**new, "old": old["day"]}
        if old["title"] != new["title"]:
            return _told(_("The milestone"), old["title"], new["title"])
        return _told(
            _("The weight of milestone “%(title)s”") % new,
            words.number(detail.before[2]),
            words.number(detail.after[2]),
        )

    def _risks(self, detail: Detail, part: State) -> str:
        if detail.before and detail.after:
            return _("Risk “%(text)s” is judged or answered differently.") % {"text": detail.item}
        if detail.after:
            return _("Risk “%(text)s” is new.") % {"text": detail.item}
        return _("Risk “%(text)s” was taken out.") % {"text": detail.item}

    def _dependencies(self, detail: Detail, part: State) -> str:
        name = {"name": detail.item or _("an action that is no longer there")}
        if detail.before is None:
            return _("It now waits for “%(name)s”.") % name
        if detail.after is None:
            return _("It no longer waits for “%(name)s”.") % name
        return _("Why it waits for “%(name)s” is said differently.") % name


def _told(label: str, old: str, new: str) -> str:
    values = {"label": label, "old": old, "new": new}
    if not old:
        return _("%(label)s is new: “%(new)s”.") % values
    if not new:
        return _("%(label)s “%(old)s” was taken out.") % values
    return _("%(label)s was “%(old)s” and is now “%(new)s”.") % values


def _number(label: str, old: float | None, new: float | None, said: Any) -> str:
    values = {"label": label, "old": said(old), "new": said(new)}
    if old is None:
        return _("%(label)s is new: %(new)s.") % values
    if new is None:
        return _("%(label)s was taken out; it was %(old)s.") % values
    if new > old:
        return _("%(label)s rises from %(old)s to %(new)s.") % values
    return _("%(label)s falls from %(old)s to %(new)s.") % values


def _milestone(given: tuple[str, date, int]) -> dict[str, str]:
    return {"title": given[0], "day": words.day(given[1])}


def as_json(found: Difference, plan: Plan) -> dict[str, Any]:
    """Everything, for programs: raw values beside the sentences."""
    sentences = Sentences(plan)
    return {
        "counts": {kind: {"before": pair[0], "after": pair[1]} for kind, pair in found.counts.items()},
        "changes": [
            {
                "how": change.how,
                "kind": change.part.kind,
                "kind_name": str(KIND_LABELS[change.part.kind]),
                "key": str(change.part.key),
                "code": change.part["code"],
                "title": change.part["title"],
                "details": [
                    {
                        "of": each.of,
                        "item": _plain(each.item),
                        "before": _plain(each.before),
                        "after": _plain(each.after),
                        "sentence": sentences.one(each, change.part),
                    }
                    for each in change.details
                ],
            }
            for change in found.changes
        ],
        "money": [
            {"year": each.year, "source": each.source, "before": each.before, "after": each.after}
            for each in found.money
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (UUID, date)):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value
