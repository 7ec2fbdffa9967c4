"""Commands for the register of residents."""

from __future__ import annotations

import csv
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .shared import app, console, wake_django

residents = typer.Typer(no_args_is_help=True, help="The register of residents.")
app.add_typer(residents, name="residents")


@residents.callback()
def register() -> None:
    """The register of residents."""


@residents.command("generate")
def generate(
    count: Annotated[int, typer.Option(help="How many people.", min=1, max=5_000_000)],
    seed: Annotated[int, typer.Option(help="The same seed makes the same city.")] = 1,
    out: Annotated[Path | None, typer.Option(help="A CSV file; without it the lines are printed.")] = None,
) -> None:
    """Make a fictional city: people who do not exist, spread over this city's neighbourhoods. Load it with
    `tepian residents load FILE --fictional`."""
    wake_django()
    from tepian.kernel.catalogue.city import current_city, today
    from tepian.kernel.regions import queries as regions
    from tepian.kernel.residents.generator import city
    from tepian.kernel.residents.loading import COLUMNS

    places = [region.code for level in ("neighbourhood", "ward") for region in regions.of_level(level, today())]
    if not places:
        console.print("No city is loaded: first `tepian city load <pack>`.", style="red")
        raise typer.Exit(1)
    file = out.open("w", encoding="utf-8", newline="") if out else sys.stdout
    try:
        writer = csv.DictWriter(file, [*COLUMNS], extrasaction="ignore")
        writer.writeheader()
        for person in city(count, seed, places, town=current_city().name, today=today()):
            writer.writerow(asdict(person) | {"born_on": person.born_on.isoformat()})
    finally:
        if out:
            file.close()
    if out:
        console.print(f"{count} fictional people in {out}. Nobody in it exists.")


@residents.command("load")
def load(
    file: Annotated[Path, typer.Argument(help="CSV with a heading.", exists=True, dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    fictional: Annotated[bool, typer.Option("--fictional", help="These people do not exist; pages say so.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For a program.")] = False,
) -> None:
    """Load a register. The same file twice changes nothing; a wrong line is told and left out.

    Ends with 0 when every line was good, with 2 when some were refused.
    """
    wake_django()
    from tepian.kernel.actors import Invalid, system
    from tepian.kernel.residents import loading

    try:
        done = loading.load(
            actor=system("cli.residents"),
            rows=loading.read_file(file),
            dry_run=dry_run,
            fictional=fictional,
            sha256=loading.digest(file),
        )
    except Invalid as problem:
        console.print(str(problem.message), style="red", markup=False)
        raise typer.Exit(2) from None
    if as_json:
        told = asdict(done) | {"warnings": dict(done.warnings), "dry_run": dry_run}
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        for line, field, sentence in done.refused[:20]:
            console.print(f"line {line}, {field}: {sentence}", style="red", markup=False)
        for odd, times in sorted(done.warnings.items()):
            console.print(
                f"{times} NIK say another {odd} than their line: only a warning.", style="yellow", markup=False
            )
        word = "would be " if dry_run else ""
        console.print(
            f"{word}created {done.created}, {word}changed {done.changed}, unchanged {done.unchanged}, "
            f"refused {done.refused_count}",
            markup=False,
        )
    if done.refused_count:
        raise typer.Exit(2)


@residents.command("fetch")
def fetch(
    file: Annotated[Path, typer.Argument(help="One NIK a line.", exists=True, dir_okay=False)],
    begin: Annotated[int, typer.Option("--from", help="The line to begin with.", min=1)] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Ask, and only say what would happen.")] = False,
) -> None:
    """Ask the civil registry's web service for people, and load what it answers.

    Ends with 0 when every number was answered, with 2 when some were not. When the service stops answering, what came
    before is kept and the line to go on from is said.
    """
    wake_django()
    from tepian.kernel.actors import system
    from tepian.kernel.residents import loading, registry

    service = registry.civil_registry()
    if service is None:
        console.print("No service is set: TEPIAN_CIVIL_REGISTRY_URL is empty.", style="red", markup=False)
        raise typer.Exit(1)
    so_far = registry.Fetching()
    with file.open(encoding="utf-8-sig") as lines:
        done = loading.load(
            actor=system("cli.residents"),
            rows=registry.rows_of(service, lines, so_far, begin=begin),
            dry_run=dry_run,
            sha256=loading.digest(file),
        )
    word = "would be " if dry_run else ""
    console.print(
        f"{word}created {done.created}, {word}changed {done.changed}, unchanged {done.unchanged}, "
        f"refused {done.refused_count}, unknown to the service {len(so_far.unknown)}, no NIK {len(so_far.wrong)}",
        markup=False,
    )
    for line, field, sentence in done.refused[:20]:
        console.print(f"line {line}, {field}: {sentence}", style="red", markup=False)
    for label, numbers in (("unknown", so_far.unknown), ("no NIK", so_far.wrong)):
        if numbers:
            console.print(f"{label}: lines {', '.join(map(str, numbers[:50]))}", style="yellow", markup=False)
    if so_far.away:
        console.print(str(so_far.away.message), style="red", markup=False)
        console.print(f"Go on later with --from {max(begin, so_far.line + 1)}", style="red", markup=False)
    if so_far.away or so_far.unknown or so_far.wrong or done.refused_count:
        raise typer.Exit(2)


@residents.command("duplicates")
def find_duplicates() -> None:
    """Compare the whole register for people who are in it twice. Nothing is put together: pairs wait on the desk.

    New entries are compared every night by themselves; this is for after a load.
    """
    wake_django()
    from tepian.kernel.actors import system
    from tepian.kernel.residents import duplicates, operations

    seen = new = 0
    for pairs in duplicates.everywhere():
        seen += len(pairs)
        if pairs:
            new += operations.note_duplicates(actor=system("cli.residents"), pairs=pairs)
    console.print(f"{seen} pairs look alike, {new} of them are new: /kerja/kelurahan/warga/ganda", markup=False)
