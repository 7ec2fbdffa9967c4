"""A workbook read into a draft: kept as it came, understood with people's answers, compared, applied as one.

Reading touches no row, so that a large workbook keeps nobody waiting; `apply_workbook` writes everything or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy, ngettext

from tepian.kernel.actors import Actor, Conflict, Invalid
from tepian.kernel.catalogue.rows import held
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.operations import store_file
from tepian.kernel.documents.queries import open_file
from tepian.kernel.events import note, operation
from tepian.toolkit import tables
from tepian.ui.words import english

from .. import policies
from ..models import Revision, Workbook
from ..queries import importing as understanding
from ..queries.differences import COMPARED, Difference, State, Tree, difference, tree_of
from ..queries.importing import Role, Trouble, Understood
from . import tree
from .plan import open_draft

MAX_MB = 10
SUBJECT = "plan_workbook"
LIMITS = tables.Limits(size=MAX_MB * 1024 * 1024, unpacked=120_000_000, cells=400_000, area=4_000_000, columns=300)
MOST_ANSWERS = 3_000


@dataclass(slots=True)
class Choices:
    """What people have said of a workbook. `meanings`: (what it is of, what is written) → code."""

    table: int | None = None
    columns: dict[int, str] = field(default_factory=dict)
    meanings: dict[tuple[str, str], str] = field(default_factory=dict)
    remove_missing: bool = False

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Choices:
        return cls(
            stored.get("table"),
            {int(at): text for at, text in stored.get("columns", {}).items()},
            {(of, written): code for of, written, code in stored.get("meanings", [])},
            bool(stored.get("remove_missing")),
        )

    def stored(self) -> dict[str, Any]:
        return {
            "table": self.table,
            "columns": {str(at): text for at, text in self.columns.items()},
            "meanings": [[of, written, code] for (of, written), code in self.meanings.items()],
            "remove_missing": self.remove_missing,
        }


@dataclass(slots=True)
class Reading:
    """What a workbook says of a draft. `built` is ready to be written, None while something is open; `refusal` says why
    the understood parts cannot be built."""

    book: tables.Book
    candidates: list[int]  # tables that look like a plan
    table: int
    roles: list[Role]
    understood: Understood
    troubles: list[Trouble]
    base_edits: int
    built: tree.Built | None = None
    difference: Difference | None = None
    refusal: Invalid | None = None

    @property
    def ready(self) -> bool:
        return self.built is not None and not self.troubles


def open_book(content: bytes, name: str) -> tables.Book:
    """Raises `Invalid` with what to do."""
    try:
        return tables.read(content, name, limits=LIMITS)
    except tables.Unreadable as refusal:
        raise Invalid(refusal.sentence("en" if english() else "id"), code=refusal.code, field="file") from None


def read_workbook(content: bytes, name: str, revision: Revision, choices: Choices) -> Reading:
    """Understand a workbook against a draft. Raises `Invalid` when it cannot be read or has no such table."""
    return understood(open_book(content, name), revision, choices)


def understood(book: tables.Book, revision: Revision, choices: Choices) -> Reading:
    candidates = understanding.plan_tables(book)
    number = choices.table if choices.table is not None else (candidates[0] if candidates else 0)
    if not 0 <= number < len(book.tables):
        raise Invalid(gettext_lazy("There is no such table in this workbook."), code="table_unknown", field="table")
    table = book.tables[number]
    guessed = understanding.guess(table)
    roles = [role.told(choices.columns[at]) if at in choices.columns else role for at, role in enumerate(guessed)]
    result = understanding.understand(table, revision.plan, roles, choices.meanings)
    troubles = list(result.troubles)
    if choices.table is None and len(candidates) > 1:
        troubles.insert(0, Trouble("which_table", "table", "", len(candidates)))
    present = tree_of(revision)
    reading = Reading(book, candidates, number, roles, result, troubles, revision.edits)
    if result.goals:
        troubles += understanding.matched(
            result.goals, present, choices.meanings, remove_missing=choices.remove_missing
        )
        try:
            reading.built = tree.build_tree(revision, result.goals)
        except Invalid as refusal:
            reading.refusal = refusal
        else:
            reading.difference = difference(present, tree_before_writing(reading.built))
    return reading


def tree_before_writing(built: tree.Built) -> Tree:
    """As `tree_of` would read it, once written."""
    found: Tree = {}
    for part, parent, lists in built.rows():
        found[part.key] = State(
            part.key,
            part.kind,
            parent.key if parent else None,
            tuple(getattr(part, name) for name in COMPARED),
            {each.year: each.value for each in lists.targets or ()},
            {(each.year, each.source): each.amount for each in lists.money or ()},
            {each.key: (each.title, each.due_on, each.weight) for each in lists.milestones or ()},
            {each.text: (each.likelihood, each.severity, each.response) for each in lists.risks or ()},
            {each.on_key: each.note for each in lists.dependencies or ()},
        )
    return found


# --- the workbook as it is kept ---------------------------------------------------------------------------------------


def start_workbook(*, actor: Actor, revision: Revision, content: bytes, name: str) -> Workbook:
    """Read first, so that what cannot be read is never kept. Answers given for the plan's earlier workbooks count."""
    if not actor.is_system:
        policies.may_edit(actor, revision)
    open_book(content, name)
    return keep_workbook(actor=actor, revision=revision, content=content, name=name)


@operation("masterplan.keep_workbook", policy=policies.may_edit)
def keep_workbook(*, actor: Actor, revision: Revision, content: bytes, name: str) -> Workbook:
    """Keep it as it came, beside the draft."""
    row = open_draft(revision)
    file = store_file(
        actor=actor,
        content=content,
        name=name,
        subject_type=SUBJECT,
        subject_id=f"{row.plan.code}/{row.number}",
        kinds=("table",),
        max_bytes=MAX_MB * 1024 * 1024,
    )
    last = Workbook.objects.filter(revision__plan=row.plan).order_by("-created_at").first()
    known = Choices.of(last.choices).meanings if last else {}
    lasting = {key: code for key, code in known.items() if key[0] in ("agency", "dimension", "subdimension", "source")}
    workbook = Workbook.objects.create(
        revision=row,
        file=file.pk,
        name=file.name,
        choices=Choices(meanings=lasting).stored(),
        created_by=actor.label[:200],
        created_at=timezone.now(),
    )
    note(SUBJECT, workbook.key, plan=row.plan.code, revision=row.number, file=file.name)
    return workbook


def reading_of(workbook: Workbook) -> Reading:
    """The workbook as it is understood now."""
    with open_file(StoredFile.objects.get(pk=workbook.file)) as file:
        content = file.read()
    return read_workbook(content, workbook.name, workbook.revision, Choices.of(workbook.choices))


def _workbook(workbook: Workbook, edits: int) -> Workbook:
    open_draft(workbook.revision)
    row = held(workbook, revision=edits, counter="edits")
    if row.applied_at is not None:
        raise Conflict(gettext_lazy("This workbook is in the draft already. Nothing was changed."), code="applied")
    return row


def _keep(row: Workbook, choices: Choices) -> Workbook:
    row.choices = choices.stored()
    row.edits += 1
    row.save(update_fields=["choices", "edits"])
    return row


@operation("masterplan.answer_workbook", policy=policies.may_import)
def answer_workbook(*, actor: Actor, workbook: Workbook, edits: int, of: str, written: str, code: str) -> Workbook:
    """What something written means, for all its cells; an empty code leaves it out."""
    row = _workbook(workbook, edits)
    choices = Choices.of(row.choices)
    if len(choices.meanings) >= MOST_ANSWERS:
        raise Invalid(
            gettext_lazy("These are too many answers for one workbook. Repair it in the spreadsheet."), code="too_many"
        )
    choices.meanings[of[:40], written[:6000]] = code[:300]
    note(SUBJECT, row.key, of=of[:40], written=written[:200], code=code[:100])
    return _keep(row, choices)


@operation("masterplan.choose_workbook", policy=policies.may_import)
def choose_workbook(
    *,
    actor: Actor,
    workbook: Workbook,
    edits: int,
    table: int | None = None,
    columns: Mapping[int, str] | None = None,
    remove_missing: bool | None = None,
) -> Workbook:
    """Another table, other meanings of its columns, or whether what the workbook lacks goes."""
    row = _workbook(workbook, edits)
    choices = Choices.of(row.choices)
    if table is not None:
        if table != choices.table:
            choices.columns = {}
        choices.table = table
    if columns is not None:
        choices.columns = {at: text[:60] for at, text in columns.items() if 0 <= at < LIMITS.columns}
    if remove_missing is not None:
        choices.remove_missing = remove_missing
    note(SUBJECT, row.key, table=choices.table, columns=len(choices.columns))
    return _keep(row, choices)


def apply_workbook(*, actor: Actor, workbook: Workbook, edits: int, seen_edits: int) -> Revision:
    """Everything that the workbook says becomes the draft, or nothing does. `seen_edits`: the draft's counter when its
    difference was read. Raises `Invalid` while something is open, `Conflict` when the draft or the answers changed."""
    if not actor.is_system:
        policies.may_import(actor, workbook)
    reading = reading_of(workbook)
    return write_workbook(actor=actor, workbook=workbook, edits=edits, seen_edits=seen_edits, reading=reading)


@operation("masterplan.apply_workbook", policy=policies.may_import)
def write_workbook(*, actor: Actor, workbook: Workbook, edits: int, seen_edits: int, reading: Reading) -> Revision:
    """The draft becomes what was read."""
    row = _workbook(workbook, edits)
    revision = _write(row.revision, reading, seen_edits)
    row.applied_by, row.applied_at = actor.label[:200], timezone.now()
    row.edits += 1
    row.save(update_fields=["applied_by", "applied_at", "edits"])
    note(SUBJECT, row.key, plan=revision.plan.code, revision=revision.number, actions=reading.understood.actions)
    return revision


@operation("masterplan.import_plan", policy=policies.may_edit)
def import_plan(*, actor: Actor, revision: Revision, reading: Reading) -> Revision:
    """As `apply_workbook`, for what was read from a file at the command line."""
    row = _write(revision, reading, reading.base_edits)
    note("plan_revision", f"{row.plan.code}/{row.number}", file=reading.book.name, actions=reading.understood.actions)
    return row


def _write(revision: Revision, reading: Reading, seen_edits: int) -> Revision:
    row = open_draft(revision, seen_edits)
    if reading.base_edits != seen_edits or reading.built is None or reading.troubles:
        raise unready(reading)
    reading.built.revision = row
    tree.write_tree(reading.built)
    tree.count(row)
    return row


def unready(reading: Reading) -> Invalid:
    """Why it cannot be applied yet."""
    if reading.refusal is not None:
        return Invalid(
            format_lazy(gettext_lazy("{where}: {why}"), where=reading.refusal.item, why=reading.refusal.message),
            code=reading.refusal.code,
            field="file",
        )
    count = sum(each.count for each in reading.troubles)

    def words() -> str:
        return ngettext(
            "%(n)s cell is not understood yet. Nothing was changed. Answer what is asked first.",
            "%(n)s cells are not understood yet. Nothing was changed. Answer what is asked first.",
            count,
        ) % {"n": count}

    return Invalid(lazy(words, str)(), code="open_troubles", field="file")
