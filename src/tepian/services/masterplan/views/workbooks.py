"""A workbook on its way into a draft: uploaded, understood, answered, compared, applied."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Invalid
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui.words import english

from .. import operations, policies, queries, states
from ..models import Revision, Workbook
from ..operations.importing import Reading
from ..queries import importing
from ..queries.importing.columns import MONEY, TARGET
from ..queries.importing.matching import NEW
from .acting import act, counter, seen_revision
from .drafts import difference_context, head
from .plans import draft_address

SHOWN = 40  # remarks and troubles that are shown at once; all are counted
QUESTIONS = {
    "agency": gettext_lazy("Which agency is “%(written)s”?"),
    "dimension": gettext_lazy("Which dimension is “%(written)s”?"),
    "subdimension": gettext_lazy("Which sub-dimension is “%(written)s”?"),
    "source": gettext_lazy("Where does the money come from: “%(written)s”?"),
    "number": gettext_lazy("Which number is “%(written)s”?"),
    "money": gettext_lazy("How many rupiah is “%(written)s”?"),
    "planning_code": gettext_lazy("“%(written)s” is no planning code. Which one is meant?"),
    "twice": gettext_lazy("“%(written)s” has several lines. What are they?"),
    "same": gettext_lazy("Is “%(written)s” an action that the draft has already?"),
    "table": gettext_lazy("More than one table looks like a plan. Which one is it?"),
}
PLAIN = {
    "no_action_column": gettext_lazy("No column names the actions. Say below which column it is."),
    "no_rows": gettext_lazy("This table has no line with an action."),
    "too_long": gettext_lazy("“%(written)s” is longer than fits. Shorten it in the workbook and send it again."),
}


@staff_page(policies.PLANNER)
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """A workbook for this draft; those that wait."""
    revision = seen_revision(code, number)

    def page(status: int = 200, **more: Any) -> HttpResponse:
        context = head(request, revision) | {"workbooks": revision.workbooks.all()[:20], "limit": operations.MAX_MB}
        return render(request, "masterplan/plans/upload.html", context | more, status=status)

    if request.method != "POST":
        return page()
    file = request.FILES.get("file")

    def call() -> Workbook:
        if file is None:
            raise Invalid(_("Choose the workbook."), code="file", field="file")
        return operations.start_workbook(
            actor=request.actor,  # type: ignore[attr-defined]
            revision=revision,
            content=file.read(operations.MAX_MB * 1024 * 1024 + 1),
            name=file.name or "rencana.xlsx",
        )

    return act(
        request,
        call,
        _("Read. Nothing is in the draft yet."),
        lambda made: reverse("masterplan-workbook", args=[made.key]),
        lambda refusal: page(422, problem=refusal.message),
    )


def _seen(key: UUID) -> Workbook:
    found = Workbook.objects.select_related("revision__plan__framework").filter(key=key).first()
    if found is None:
        raise Http404(_("There is no such workbook."))
    return found


@staff_page(policies.PLANNER)
@require_GET
def workbook(request: HttpRequest, key: UUID) -> HttpResponse:
    """What was understood, what is asked, and what would change."""
    row = _seen(key)
    context = head(request, row.revision) | {"workbook": row}
    if row.applied_at is None:
        try:
            reading = operations.reading_of(row)
        except Invalid as refusal:
            context["problem"] = refusal.message
        else:
            context |= _reading(request, row, reading)
    return render(request, "masterplan/plans/workbook.html", context)


def _reading(request: HttpRequest, row: Workbook, reading: Reading) -> dict[str, Any]:
    language = "en" if english() else "id"
    table = reading.book.tables[reading.table]
    context: dict[str, Any] = {
        "tables": [
            (number, f"{each.sheet} {each.area} {' '.join(each.titles)[:80]}".strip(), len(each.data()))
            for number, each in enumerate(reading.book.tables)
        ],
        "table": reading.table,
        "columns": [
            {"at": at, "name": column.name, "value": role.text, "choices": _choices(row, role)}
            for at, (column, role) in enumerate(zip(table.columns, reading.roles, strict=True))
        ],
        "notes": reading.understood.notes,
        "totals": reading.understood.totals[:SHOWN],
        "remarks": [
            (each.level, f"{each.sheet} {each.address}".strip(), each.sentence(language))
            for each in (*reading.book.findings, *table.findings)
            if each.code != "nothing_tabular"
        ][:SHOWN],
        "troubles": [_trouble(row, each, reading) for each in reading.troubles[:SHOWN]],
        "trouble_count": len(reading.troubles),
        "actions": reading.understood.actions,
        "ready": reading.ready,
        "refusal": operations.unready(reading).message if reading.refusal else "",
        "remove_missing": operations.Choices.of(row.choices).remove_missing,
        "seen_edits": reading.base_edits,
    }
    if reading.difference is not None:
        context |= difference_context(request, row.revision, reading.difference)
    return context


def _choices(row: Workbook, role: importing.Role) -> list[tuple[str, str]]:
    plan = row.revision.plan
    found = [(name, str(label)) for name, label in importing.ROLE_LABELS.items() if name not in (TARGET, MONEY)]
    for name in (TARGET, MONEY):
        label = importing.ROLE_LABELS[name]
        found += [(f"{name}:{year}", f"{label} {year}") for year in range(plan.first_year, plan.last_year + 1)]
    if all(value != role.text for value, _label in found):
        found.insert(0, (role.text, f"{importing.ROLE_LABELS[role.name]} {role.year or ''} {role.source}".strip()))
    return found


def _trouble(row: Workbook, trouble: importing.Trouble, reading: Reading) -> dict[str, Any]:
    values = {"written": trouble.written}
    sentence = PLAIN.get(trouble.code) or QUESTIONS.get(trouble.of)
    told = trouble.as_json() | {"question": str(sentence) % values, "asked": trouble.code not in PLAIN, "more": []}
    told["suggestions"] = list(trouble.suggestions)
    told["cells"] = trouble.cells[:6]
    told["rest"] = max(0, trouble.count - 6)
    suggested = {code for code, _label in trouble.suggestions}
    if trouble.of == "agency":
        told["more"] = [(each.code, each.label) for each in organisations.agencies() if each.code not in suggested]
    elif trouble.of in ("dimension", "subdimension"):
        rows = queries.dimensions(row.revision.plan.framework)
        pairs = [(each.code, each.name) for each in rows] if trouble.of == "dimension" else [
            pair for each in rows for pair in each.parts
        ]  # fmt: skip
        told["more"] = [pair for pair in pairs if pair[0] not in suggested]
    elif trouble.of == "source":
        told["more"] = [(code, str(label)) for code, label in queries.SOURCE_LABELS.items() if code not in suggested]
    elif trouble.of == "same":
        told["suggestions"].append((NEW, _("No, it is a new one")))
    elif trouble.code == "which_table":
        told["suggestions"] = [
            (str(number), f"{reading.book.tables[number].sheet} {reading.book.tables[number].area}")
            for number in reading.candidates
        ]
    told["free"] = trouble.of in ("number", "money", "planning_code")
    told["leave_out"] = trouble.of not in ("twice", "same", "table")
    return told


@staff_page(policies.PLANNER)
@require_POST
def answer(request: HttpRequest, key: UUID) -> HttpResponse:
    row, post = _seen(key), request.POST
    actor, back = request.actor, reverse("masterplan-workbook", args=[key])  # type: ignore[attr-defined]
    of, code = post.get("of", ""), post.get("code", "")
    leave_out = bool(post.get("leave_out"))

    def call() -> Workbook:
        if of == "table" and code.isascii() and code.isdecimal():
            return operations.choose_workbook(actor=actor, workbook=row, edits=counter(post), table=int(code))
        if not code.strip() and not leave_out:
            raise Invalid(_("Choose what is meant, or leave it empty on purpose."), code="code", field="code")
        return operations.answer_workbook(
            actor=actor,
            workbook=row,
            edits=counter(post),
            of=of,
            written=post.get("written", ""),
            code="" if leave_out else code.strip(),
        )

    return act(request, call, _("Understood, for all cells that say the same."), f"{back}#tanya")


@staff_page(policies.PLANNER)
@require_POST
def choose(request: HttpRequest, key: UUID) -> HttpResponse:
    """The table, what its columns are, and whether what the workbook lacks goes."""
    row, post = _seen(key), request.POST
    table = post.get("table", "")
    columns = {
        int(at): str(value)
        for name, value in post.items()
        if name.startswith("column-")
        and (at := name.removeprefix("column-")).isascii()
        and at.isdecimal()
        and len(at) < 4
    }
    return act(
        request,
        lambda: operations.choose_workbook(
            actor=request.actor,  # type: ignore[attr-defined]
            workbook=row,
            edits=counter(post),
            table=int(table) if table.isascii() and table.isdecimal() and len(table) < 4 else None,
            columns=columns if columns and table == post.get("table_before", "") else None,
            remove_missing=bool(post.get("remove_missing")),
        ),
        _("Read again with your choice."),
        reverse("masterplan-workbook", args=[key]),
    )


@staff_page(policies.PLANNER)
@require_POST
def apply(request: HttpRequest, key: UUID) -> HttpResponse:
    row, post = _seen(key), request.POST

    def call() -> Revision:
        return operations.apply_workbook(
            actor=request.actor,  # type: ignore[attr-defined]
            workbook=row,
            edits=counter(post),
            seen_edits=counter(post, "seen_edits"),
        )

    return act(
        request,
        call,
        _("The draft is as the workbook says."),
        lambda revision: draft_address(revision) if revision.state == states.DRAFT else reverse("masterplan-plans"),
    )
