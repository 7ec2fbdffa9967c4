"""The tree of a revision as rows: written whole, copied whole, kept in order. Inside operations only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID, uuid4

from django.db.models import F, Model

from tepian.kernel.actors import Invalid

from .. import states
from ..models import Dependency, Milestone, Money, Part, Revision, Risk, Target
from ..queries.given import Given
from ..queries.plan import parts
from .values import Lists, checked_fields, checked_lists

MODELS: dict[str, type[Model]] = {
    "targets": Target, "money": Money, "milestones": Milestone, "risks": Risk, "dependencies": Dependency,
}  # fmt: skip
BATCH = 500


def next_code(parent: Part | None, siblings: Iterable[str], kind: str) -> str:
    """The number after the highest one there: 3, 1.4, 1.2.07."""
    prefix = f"{parent.code}." if parent else ""
    used = [
        int(last)
        for code in siblings
        if code.startswith(prefix) and (last := code.removeprefix(prefix)).isascii() and last.isdecimal()
    ]
    number = max(used, default=0) + 1
    return f"{prefix}{number:02d}" if kind == states.ACTION else f"{prefix}{number}"


@dataclass(slots=True)
class Built:
    """A tree that is checked and not written yet, level by level."""

    revision: Revision
    levels: dict[str, list[tuple[Part, Part | None, Lists]]]

    def rows(self) -> list[tuple[Part, Part | None, Lists]]:
        """In the plan's order."""
        return sorted((row for rows in self.levels.values() for row in rows), key=lambda row: row[0].position)


def build_tree(revision: Revision, goals: Sequence[Given]) -> Built:
    """Keys and codes that are given stay; the rest is made. Raises `Invalid`, whose `item` says which part."""
    plan, position = revision.plan, 0
    built = Built(revision, {kind: [] for kind in states.KINDS})
    keys: set[UUID] = set()

    def take(given: Given, parent: Part | None, siblings: list[str]) -> None:
        nonlocal position
        position += 1
        key = given.key if given.key and given.key not in keys else uuid4()
        keys.add(key)
        try:
            fields = checked_fields(plan, given.kind, {"title": "", **given.values})
            lists = checked_lists(plan, given.kind, key, given.values)
        except Invalid as refusal:
            refusal.item = f"{given.where} {given.values.get('title', '')}".strip()
            raise
        part = Part(revision=revision, key=key, kind=given.kind, position=position, **fields)
        part.code = part.code or next_code(parent, siblings, given.kind)
        siblings.append(part.code)
        built.levels[given.kind].append((part, parent, lists))
        below = [str(each.values["code"]) for each in given.below if each.values.get("code")]
        for each in given.below:
            take(each, part, below)

    top = [str(each.values["code"]) for each in goals if each.values.get("code")]
    for goal in goals:
        take(goal, None, top)
    return built


def write_tree(built: Built) -> list[Part]:
    """In the place of everything that was there. Whoever has one of its parts open meets a higher counter."""
    edits = dict(built.revision.parts.values_list("key", "edits"))
    built.revision.parts.all().delete()
    for rows in built.levels.values():
        for part, parent, _lists in rows:
            part.parent = parent  # has its id now
            part.edits = edits.get(part.key, 0) + 1
        Part.objects.bulk_create([part for part, _parent, _lists in rows], batch_size=BATCH)
    written = built.rows()
    write_lists((part, lists) for part, _parent, lists in written)
    return [part for part, _parent, _lists in written]


def write_lists(written: Iterable[tuple[Part, Lists]]) -> None:
    rows: dict[str, list[Any]] = defaultdict(list)
    for part, lists in written:
        for name, each in lists.given().items():
            for row in each:
                row.part = part
            rows[name] += each
    for name, each in rows.items():
        MODELS[name]._default_manager.bulk_create(each, batch_size=BATCH)


def copy_tree(source: Revision, target: Revision) -> int:
    """Every part with all that hangs on it; keys are kept."""
    rows = list(parts(source))
    kept = [
        each.attname for each in Part._meta.concrete_fields if each.name not in ("id", "revision", "parent", "edits")
    ]
    made: dict[int, Part] = {}
    for kind in states.KINDS:
        level = []
        for row in rows:
            if row.kind == kind:
                made[row.pk] = Part(
                    revision=target, parent=made.get(row.parent_id or 0), **{each: getattr(row, each) for each in kept}
                )
                level.append(made[row.pk])
        Part.objects.bulk_create(level, batch_size=BATCH)
    for name, model in MODELS.items():
        fields = _content(model)
        model._default_manager.bulk_create(
            [
                model(part=made[row.pk], **{each: getattr(one, each) for each in fields})
                for row in rows
                for one in getattr(row, name).all()
            ],
            batch_size=BATCH,
        )
    return len(rows)


def _content(model: type[Model]) -> list[str]:
    return [each.attname for each in model._meta.concrete_fields if each.name not in ("id", "part")]


def replace_lists(part: Part, lists: Lists) -> list[str]:
    """Put what was given in the place of what was there; names of the lists that differ."""
    changed = []
    for name, rows in lists.given().items():
        model = MODELS[name]
        content, present = attrgetter(*_content(model)), getattr(part, name)
        if sorted(map(repr, map(content, present.all()))) == sorted(map(repr, map(content, rows))):
            continue
        present.all().delete()
        for row in rows:
            row.part = part
        model._default_manager.bulk_create(rows)
        changed.append(name)
    return changed


def put_in_order(revision: Revision) -> None:
    """Positions as the tree is read from top to bottom; only rows that moved are written."""
    rows = list(revision.parts.order_by("position", "code", "id"))
    below: Mapping[int | None, list[Part]] = defaultdict(list)
    for row in rows:
        below[row.parent_id].append(row)
    moved, position = [], 0
    waiting = list(reversed(below[None]))
    while waiting:
        row = waiting.pop()
        position += 1
        if row.position != position:
            row.position = position
            moved.append(row)
        waiting += reversed(below[row.pk])
    Part.objects.bulk_update(moved, ["position"], batch_size=BATCH)


def count(revision: Revision, by: int = 1) -> None:
    """A change of the draft."""
    Revision.objects.filter(pk=revision.pk).update(edits=F("edits") + by)
    revision.refresh_from_db(fields=["edits"])
