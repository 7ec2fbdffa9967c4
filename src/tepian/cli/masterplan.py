"""Commands for a city's plan: read it from a workbook, take a structure home."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table as Screen

from .shared import app, console, fail, system_actor, wake_django

masterplan = typer.Typer(no_args_is_help=True, help="The city's plan: workbooks that become drafts, and blueprints.")
blueprint = typer.Typer(no_args_is_help=True, help="A plan's structure without its figures.")
masterplan.add_typer(blueprint, name="blueprint")
app.add_typer(masterplan, name="masterplan")
PlanOption = Annotated[str, typer.Option("--plan", help="The plan's code; default: the plan of this year.")]
SHOWN = 40


@masterplan.callback()
def plans() -> None:
    """The city's plan: workbooks that become drafts, and blueprints."""


@blueprint.callback()
def blueprints() -> None:
    """A plan's structure without its figures."""


def _plan(code: str) -> Any:
    from tepian.kernel.actors import NotFound
    from tepian.services.masterplan import queries

    try:
        plan = queries.plan_by(code) if code else queries.current()
    except NotFound as error:
        fail(str(error.message))
    if plan is None:
        fail("No plan holds this year. Name one with --plan.")
    return plan


def _meaning(text: str) -> tuple[tuple[str, str], str]:
    of, colon, rest = text.partition(":")
    written, equals, code = rest.rpartition("=")
    if not colon or not equals:
        raise typer.BadParameter("Write it as agency:Dinas Kominfo=diskominfo.", param_hint="--meaning")
    return (of.strip(), written.strip()), code.strip()


@masterplan.command("import")
def import_workbook(
    file: Annotated[Path, typer.Argument(help="XLSX, XLS, ODS or CSV.", exists=True, dir_okay=False)],
    plan: PlanOption = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for a program.")] = False,
    table: Annotated[int | None, typer.Option(help="Which table of the workbook, from 0.")] = None,
    meaning: Annotated[
        list[str] | None, typer.Option(help="What something written means: agency:Dinas Kominfo=diskominfo.")
    ] = None,
    remove_missing: Annotated[bool, typer.Option(help="Take out of the draft what the workbook lacks.")] = False,
) -> None:
    """Read a workbook into the plan's open draft. Everything is applied or nothing.

    Ends with 0 when it was applied (or, with --dry-run, could be), with 1 when something is open, with 2 when the file
    is refused.
    """
    wake_django()
    from tepian.kernel.actors import Invalid
    from tepian.services.masterplan import operations, queries

    found = _plan(plan)
    revision = queries.open_revision(found)
    if revision is None:
        fail(f"The plan {found.code} has no open draft. Begin one at /kerja/rencana/susun/{found.code}.")
    choices = operations.Choices(
        table=table, meanings=dict(_meaning(each) for each in meaning or []), remove_missing=remove_missing
    )
    try:
        reading = operations.read_workbook(file.read_bytes(), file.name, revision, choices)
    except Invalid as refusal:
        _refused(refusal, as_json)
    told = _told(reading, found)
    if not dry_run and reading.ready:
        try:
            operations.import_plan(actor=system_actor("import"), revision=revision, reading=reading)
        except Invalid as refusal:
            _refused(refusal, as_json)
    told["applied"] = reading.ready and not dry_run
    if as_json:
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show(told)
    if not reading.ready:
        raise typer.Exit(1)


def _refused(refusal: Any, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"refused": refusal.code, "sentence": str(refusal.message)}, ensure_ascii=False))
    else:
        console.print(str(refusal.message), style="red", markup=False)
    raise typer.Exit(2)


def _told(reading: Any, plan: Any) -> dict[str, Any]:
    from tepian.services.masterplan import operations
    from tepian.services.masterplan.queries import differences

    return {
        "plan": plan.code,
        "file": reading.book.name,
        "table": reading.table,
        "actions": reading.understood.actions,
        "columns": [
            {"name": column.name, "role": role.text}
            for column, role in zip(reading.book.tables[reading.table].columns, reading.roles, strict=True)
        ],
        "open": [each.as_json() for each in reading.troubles],
        "notes": reading.understood.notes,
        "totals": reading.understood.totals,
        "refused": str(operations.unready(reading).message) if reading.refusal else "",
        "difference": differences.as_json(reading.difference, plan) if reading.difference else None,
    }


def _show(told: dict[str, Any]) -> None:
    console.print(f"{told['file']}: {told['actions']} actions", style="bold", markup=False)
    for each in (*told["totals"], *told["notes"]):
        console.print(f"  {each}", markup=False)
    if told["refused"]:
        console.print(told["refused"], style="red", markup=False)
    if told["open"]:
        screen = Screen("open", "written", "cells", "perhaps")
        for each in told["open"][:SHOWN]:
            cells = ", ".join(each["cells"][:4]) + (" …" if each["count"] > 4 else "")
            screen.add_row(
                each["of"] or each["code"],
                each["written"],
                cells,
                ", ".join(code for code, _name in each["suggestions"]),
            )
        console.print(screen)
        console.print("Answer with --meaning, as in --meaning 'agency:Dinas Kominfo=diskominfo'.", markup=False)
    if difference := told["difference"]:
        counts: dict[str, int] = {}
        for change in difference["changes"]:
            counts[change["how"]] = counts.get(change["how"], 0) + 1
        console.print(", ".join(f"{count} {how}" for how, count in counts.items()) or "nothing differs")
        for change in difference["changes"][:SHOWN]:
            console.print(f"  {change['how']}: {change['code']} {change['title']}", markup=False)
            for detail in change["details"][:SHOWN]:
                console.print(f"    {detail['sentence']}", style="dim", markup=False)
    console.print("Applied to the draft." if told["applied"] else "Nothing was changed.", style="bold")


@blueprint.command("export")
def export(
    plan: PlanOption = "",
    out: Annotated[Path | None, typer.Option(help="File to write; default: the screen.")] = None,
) -> None:
    """The structure of the plan in force, else of its open draft, as JSON."""
    wake_django()
    from tepian.services.masterplan import queries
    from tepian.services.masterplan.queries import blueprint as blueprints

    found = _plan(plan)
    revision = queries.revision_on(found) or queries.open_revision(found)
    if revision is None:
        fail(f"The plan {found.code} has no content yet.")
    text = json.dumps(blueprints.blueprint(revision), ensure_ascii=False, indent=1)
    if out is None:
        typer.echo(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
        console.print(f"Written: {out}", markup=False)


@blueprint.command("import")
def take(
    file: Annotated[Path, typer.Argument(help="The blueprint's JSON.", exists=True, dir_okay=False)],
    plan: Annotated[str, typer.Option("--plan", help="Code of the new plan.")],
    title: Annotated[str, typer.Option(help="Title of the new plan.")],
    first_year: Annotated[int, typer.Option(help="Its first year.")],
    agency: Annotated[
        list[str] | None, typer.Option(help="Which agency of ours one of theirs is: Health Agency=dinkes.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be made.")] = False,
) -> None:
    """Begin a plan from another city's structure.

    Ends with 0 when it was made (or, with --dry-run, could be), with 2 when the file is refused.
    """
    wake_django()
    from tepian.kernel.actors import Invalid
    from tepian.services.masterplan import operations

    chosen = {}
    for each in agency or []:
        name, equals, code = each.rpartition("=")
        if not equals:
            raise typer.BadParameter("Write it as Health Agency=dinkes.", param_hint="--agency")
        chosen[name.strip()] = code.strip()
    try:
        fitted = operations.fit(operations.read_blueprint(file.read_bytes()), first_year, chosen)
        console.print(", ".join(f"{count} {kind}" for kind, count in fitted.counts.items()))
        for name, code in fitted.agencies.items():
            perhaps = ", ".join(each for each, _label in fitted.suggestions.get(name, []))
            console.print(f"  {name} → {code or '?'}{f'  (perhaps {perhaps})' if perhaps else ''}", markup=False)
        if not dry_run:
            revision = operations.import_blueprint(
                actor=system_actor("import"), fitted=fitted, code=plan, title=title, first_year=first_year
            )
            console.print(f"Draft {revision.number} of {plan} is there: /kerja/rencana/susun/{plan}", markup=False)
    except Invalid as refusal:
        _refused(refusal, False)
