"""A draft's parts: added, changed, moved, removed.

Two counters keep two people apart. `Part.edits` is what a person who changes a part has seen: whoever is slower on the
same part is told, and two planners on two actions never meet. `Revision.edits` counts everything: whoever proposes or
imports has seen the whole. The draft's row is locked for the length of a change, so that order and numbers stay whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid
from tepian.kernel.catalogue.rows import held
from tepian.kernel.events import note, operation

from .. import policies, states
from ..models import Part, Revision
from ..queries.missing import LEVELS
from ..queries.plan import part_by
from . import tree
from .plan import open_draft
from .values import checked_fields, checked_lists


def _parent(revision: Revision, kind: str, key: UUID | str | None) -> Part | None:
    """The part that one of this kind hangs on. Raises `NotFound`, `Invalid` for one of another kind."""
    parent = part_by(revision, key) if key else None
    if (parent.kind if parent else None) != LEVELS[kind]:
        raise Invalid(
            _("It hangs on the wrong part: a goal holds programmes, a programme actions."),
            code="wrong_parent",
            field="parent",
        )
    return parent


def _code_is_free(revision: Revision, code: str, but: Part | None = None) -> None:
    rows = revision.parts.filter(code=code)
    if (rows.exclude(pk=but.pk) if but else rows).exists():
        raise Invalid(_("This number is taken in this revision. Choose another."), code="code_taken", field="code")


def _subject(revision: Revision, part: Part, **details: Any) -> None:
    note("plan_part", part.key, plan=revision.plan.code, revision=revision.number, code=part.code, **details)


@operation("masterplan.add_part", policy=policies.may_edit)
def add_part(
    *, actor: Actor, revision: Revision, kind: str, values: Mapping[str, Any], parent: UUID | str | None = None
) -> Part:
    """A goal, or a programme below a goal, or an action below a programme, at the end of its siblings. `values` as in
    `values.FIELDS` and `values.LISTS`; without a `code` the next number is taken."""
    row = open_draft(revision)
    if kind not in states.KINDS:
        raise Invalid(_("Choose a goal, a programme or an action."), code="kind", field="kind")
    above = _parent(row, kind, parent)
    if kind == states.ACTION and above is not None:
        values = {"dimension": above.dimension, "agency_code": above.agency_code, **values}
    fields = checked_fields(row.plan, kind, {"title": "", **values})
    if fields.get("code"):
        _code_is_free(row, fields["code"])
    siblings = row.parts.filter(parent=above)
    fields["code"] = fields.get("code") or tree.next_code(above, siblings.values_list("code", flat=True), kind)
    last = row.parts.aggregate(last=Max("position"))["last"] or 0
    part = Part(revision=row, kind=kind, parent=above, position=last + 1, **fields)
    lists = checked_lists(row.plan, kind, part.key, values)
    part.save()
    tree.write_lists([(part, lists)])
    tree.put_in_order(row)
    tree.count(row)
    _subject(row, part, kind=kind)
    part.refresh_from_db()
    return part


@operation("masterplan.change_part", policy=policies.may_edit)
def change_part(*, actor: Actor, part: Part, edits: int, values: Mapping[str, Any]) -> Part:
    """Other fields or lists; what is not given stays. Raises `Conflict` when somebody changed this part meanwhile."""
    revision = open_draft(part.revision)
    row = held(part, revision=edits, counter="edits")
    fields = checked_fields(revision.plan, row.kind, values, row)
    if "code" in fields:
        fields["code"] = fields["code"] or row.code
        _code_is_free(revision, fields["code"], row)
    lists = checked_lists(revision.plan, row.kind, row.key, values)
    changed = [name for name, value in fields.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, fields[name])
    changed += tree.replace_lists(row, lists)
    if not changed:
        return row
    row.edits += 1
    row.save()
    tree.count(revision)
    _subject(revision, row, changed=sorted(changed))
    return row


@operation("masterplan.move_part", policy=policies.may_edit)
def move_part(
    *, actor: Actor, part: Part, edits: int, parent: UUID | str | None = None, before: UUID | str | None = None
) -> Part:
    """Below another part, and before one of its children or at their end. Numbers that begin with the old parent's
    number are taken anew; within one parent they stay."""
    revision = open_draft(part.revision)
    row = held(part, revision=edits, counter="edits")
    above = _parent(revision, row.kind, parent)
    siblings = list(revision.parts.filter(parent=above).exclude(pk=row.pk).order_by("position", "code", "id"))
    at = len(siblings)
    if before is not None:
        found = [number for number, each in enumerate(siblings) if str(each.key) == str(before)]
        if not found:
            raise Conflict(
                _("The part that it should stand before is not there any more. Nothing was moved."), code="too_late"
            )
        at = found[0]
    moved = row.parent_id != (above.pk if above else None)
    if moved:
        old = row.code
        row.parent = above
        row.code = tree.next_code(above, [each.code for each in siblings], row.kind)
        for child in row.children.all():
            if child.code.startswith(f"{old}."):
                child.code = f"{row.code}.{child.code.removeprefix(f'{old}.')}"
                child.save(update_fields=["code"])
    row.edits += 1
    row.save(update_fields=["parent", "code", "edits"])
    siblings.insert(at, row)
    for number, each in enumerate(siblings):
        Part.objects.filter(pk=each.pk).update(position=number)
    tree.put_in_order(revision)
    tree.count(revision)
    _subject(revision, row, moved=moved)
    row.refresh_from_db()
    return row


@operation("masterplan.remove_part", policy=policies.may_edit)
def remove_part(*, actor: Actor, part: Part, edits: int, with_parts: int = 0) -> int:
    """Out of the draft, with everything below it; `with_parts` is how many that are, as the person has seen. Reports of
    its actions stay readable. Returns how many parts are gone."""
    revision = open_draft(part.revision)
    row = held(part, revision=edits, counter="edits")
    children = list(row.children.values_list("pk", flat=True))
    below = len(children) + Part.objects.filter(parent__in=children).count()
    if below != with_parts:
        raise Conflict(
            _("What hangs on this part has changed. Nothing was removed: look at it again."), code="too_late"
        )
    _subject(revision, row, kind=row.kind, below=below)
    row.delete()
    tree.put_in_order(revision)
    tree.count(revision)
    return below + 1
