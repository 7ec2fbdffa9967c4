"""Commands for those who work with figures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table as Screen

from .shared import app, console, wake_django

if TYPE_CHECKING:
    from tepian.toolkit.tables import Book, Table

statistics = typer.Typer(no_args_is_help=True, help="Figures: what the city's tables say.")
app.add_typer(statistics, name="statistics")
SHOWN_ROWS = 8
LOOKS = {"info": "dim", "warning": "yellow", "error": "red"}


@statistics.callback()
def figures() -> None:
    """Figures: what the city's tables say."""


@statistics.command("read")
def read(
    file: Annotated[Path, typer.Argument(help="XLSX, XLS, ODS, CSV or TSV.", exists=True, dir_okay=False)],
    as_json: Annotated[bool, typer.Option("--json", help="Everything, for a program.")] = False,
    decimal: Annotated[str, typer.Option(help="Decimal mark of numbers that can be read two ways: , or .")] = "",
) -> None:
    """Show what a file's tables are understood to be, and everything that was not understood. Nothing is stored.

    Ends with 0 when the file was read, with 2 when it is refused.
    """
    from tepian.toolkit import tables

    language = "id" if os.environ.get("LANG", "").startswith("id") else "en"
    if decimal not in {"", ",", "."}:
        raise typer.BadParameter("The decimal mark is a comma or a point.", param_hint="--decimal")
    try:
        book = tables.read(file, file.name, decimal=decimal)
    except tables.Unreadable as refusal:
        if as_json:
            told = {"refused": refusal.code, "params": refusal.params, "sentence": refusal.sentence(language)}
            typer.echo(json.dumps(told, ensure_ascii=False))
        else:
            console.print(refusal.sentence(language), style="red", markup=False)
        raise typer.Exit(2) from None
    if as_json:
        typer.echo(json.dumps(book.as_json(), ensure_ascii=False))
    else:
        _show(book, language)


@statistics.command("read-waiting", hidden=True)
def read_waiting() -> None:
    """Read the large workbooks that wait, then end. The worker starts this by itself."""
    wake_django()
    from tepian.services.statistics.operations import Reader

    os.nice(10)  # pages go first
    parent = os.getppid()
    Reader().work(lambda: os.getppid() != parent)


def _show(book: Book, language: str) -> None:
    about = ", ".join(
        part for part in (book.kind, book.encoding, repr(book.delimiter) if book.delimiter else "") if part
    )
    console.print(f"{escape(book.name)} ({escape(about)}): {len(book.tables)} table(s)", style="bold")
    for finding in book.findings:
        where = f"{finding.sheet} {finding.address}".strip()
        console.print(f"  {where} {finding.sentence(language)}".rstrip(), style=LOOKS[finding.level], markup=False)
    for table in book.tables:
        _show_table(table, language)


def _show_table(table: Table, language: str) -> None:
    console.print(f"\n{escape(table.sheet)} {table.area}".rstrip(), style="bold")
    for title in table.titles:
        console.print(f"  {title}", markup=False)
    columns = Screen("column", "heading", "kind", "unit", "decimal", "heading's period")
    for column in table.columns:
        told = column.as_json()
        columns.add_row(*(escape(str(told[key])) for key in ("column", "name", "kind", "unit", "decimal", "period")))
    console.print(columns)
    roles: dict[str, int] = {}
    for row in table.rows:
        roles[row.role] = roles.get(row.role, 0) + 1
    console.print("  rows: " + ", ".join(f"{count} {role}" for role, count in roles.items()))
    rows = Screen("line", "role", *(escape(column.name) for column in table.columns))
    for row in table.rows[:SHOWN_ROWS]:
        rows.add_row(
            str(row.line),
            row.role,
            *(
                f"[dim]{escape(cell.raw)} ({cell.missing})[/dim]" if cell.missing else escape(str(cell.value))
                for cell in row.cells
            ),
        )
    console.print(rows)
    if len(table.rows) > SHOWN_ROWS:
        console.print(f"  … {len(table.rows) - SHOWN_ROWS} more rows; --json gives all of them", style="dim")
    for finding in table.findings:
        console.print(f"  {finding.address} {finding.sentence(language)}", style=LOOKS[finding.level], markup=False)
    for note in table.notes:
        console.print(f"  {note}", style="italic", markup=False)
