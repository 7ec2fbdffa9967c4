"""Commands for whoever looks after an installation."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from .shared import (
    ROOT,
    account,
    app,
    audit,
    city,
    console,
    events,
    fail,
    new,
    prepare_tables,
    system_actor,
    wake_django,
)


@app.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    wake_django()
    from django.core.management import call_command

    call_command("migrate", interactive=False)


@app.command()
def check() -> None:
    """Check the installation: settings, database, city data, record; say what is missing and what to do."""
    wake_django()
    from django.core.checks import run_checks
    from django.db import connection

    from tepian.kernel.catalogue import contributions
    from tepian.kernel.catalogue.contributions import ConfigurationCheck

    bad = 0
    table = Table("", "what", "to do", show_header=True)
    for problem in run_checks():
        bad += problem.level >= 40
        table.add_row("[yellow]![/yellow]", problem.msg, problem.hint or "")
    try:
        connection.ensure_connection()
        from django.db.migrations.executor import MigrationExecutor

        executor = MigrationExecutor(connection)
        behind = executor.migration_plan(executor.loader.graph.leaf_nodes())
        table.add_row(
            "[red]✕[/red]" if behind else "[green]✓[/green]",
            f"Database ({connection.vendor})",
            "tepian migrate" if behind else "",
        )
        bad += bool(behind)
        if not behind:
            for item in contributions.offered(ConfigurationCheck):
                ok, sentence, advice = item.run()
                bad += not ok
                table.add_row("[green]✓[/green]" if ok else "[red]✕[/red]", sentence, advice)
    except Exception as error:
        bad += 1
        table.add_row("[red]✕[/red]", f"Database: {error}", "Check TEPIAN_DATABASE_URL and that the database runs.")
    console.print(table)
    raise typer.Exit(1 if bad else 0)


@city.command("load")
def city_load(
    path: Annotated[str, typer.Argument(help="Folder of the pack, or its name under cities/.")],
    boundaries: Annotated[Path | None, typer.Option(help="GeoJSON with the official boundaries.")] = None,
    swap: Annotated[bool, typer.Option(help="The GeoJSON gives latitude first: turn it round.")] = False,
) -> None:
    """Load a city pack. Loading twice changes nothing; a pack with an error is not loaded at all."""
    prepare_tables()
    wake_django()
    from tepian.kernel.actors import Invalid
    from tepian.kernel.catalogue import packs

    try:
        with _bar() as progress:
            task = progress.add_task("loading", total=None)
            result = packs.load_pack(
                path,
                system_actor("city.load"),
                boundaries=boundaries,
                swap=swap,
                progress=lambda name, done, total: progress.update(task, description=name, completed=done, total=total),
            )
    except packs.PackError as error:
        for problem in error.problems:
            console.print(str(problem), markup=False)
        fail("Nothing was loaded.")
    except Invalid as error:
        fail(str(error.message))
    console.print(str(result), markup=False)


@city.command("check")
def city_check(path: Annotated[str, typer.Argument(help="Folder of the pack, or its name under cities/.")]) -> None:
    """Check a city pack without loading it: errors, and what is missing."""
    wake_django()
    from tepian.kernel.actors import Invalid
    from tepian.kernel.catalogue import packs

    try:
        problems = packs.check_pack(path)
    except Invalid as error:
        fail(str(error.message))
    for problem in problems:
        console.print(str(problem), markup=False)
    errors = [problem for problem in problems if problem.is_error]
    console.print(f"{len(errors)} error(s), {len(problems) - len(errors)} notice(s)")
    raise typer.Exit(1 if errors else 0)


@account.command("new")
def account_new(
    username: Annotated[str, typer.Argument(help="Name to sign in with.")],
    name: Annotated[str, typer.Argument(help="Name that people see.")],
    position: Annotated[
        str, typer.Option(help="Code of the post, from the pack's positions.toml.")
    ] = "diskominfo.administrator",
) -> None:
    """Make an account that holds a post. The password is shown once and is changed at the first sign-in."""
    wake_django()
    from tepian.kernel.actors import Invalid
    from tepian.kernel.identity.operations import create_account
    from tepian.kernel.organisations.models import Position

    post = Position.objects.filter(code=position).first()
    if post is None:
        codes = (
            ", ".join(Position.objects.order_by("code").values_list("code", flat=True)[:30]) or "none: load a city pack"
        )
        fail(f"There is no position {position}. Nothing was changed. Positions: {codes}")
    try:
        _made, password = create_account(
            actor=system_actor("account.new"), username=username, display_name=name, position=post
        )
    except Invalid as error:
        fail(str(error.message))
    console.print(f"{username} holds {position}. Password, shown once: {password}", markup=False)


@audit.command("verify")
def audit_verify() -> None:
    """Walk the whole chain of the record; name every changed, missing or reordered entry."""
    wake_django()
    from django.conf import settings

    from tepian.kernel.audit.chain import verify, write_anchor
    from tepian.kernel.audit.models import AuditEntry

    anchors = settings.HOME / "audit-anchors.jsonl"
    broken = list(verify(anchors))
    for item in broken:
        console.print(f"[red]✕ {item.kind} at {item.position}[/red]: {item.message}")
    if broken:
        raise typer.Exit(1)
    head = write_anchor(anchors)
    console.print(f"✓ {AuditEntry.objects.count()} entries, unbroken. Head: {head[0]} {head[1]}" if head else "✓ empty")


@events.command("dead")
def events_dead() -> None:
    """List events that a consumer gave up."""
    wake_django()
    from tepian.kernel.events.delivery import dead_letters

    table = Table("id", "consumer", "type", "subject", "attempts", "last error")
    for item in dead_letters():
        table.add_row(
            str(item.pk),
            item.consumer,
            item.event.type,
            item.subject,
            str(item.attempts),
            item.error.strip().splitlines()[-1] if item.error else "",
        )
    console.print(table)


@events.command("replay")
def events_replay(ids: Annotated[list[int], typer.Argument(help="Ids from `tepian events dead`.")]) -> None:
    """Give dead letters to their consumers again."""
    wake_django()
    from tepian.kernel.events.replay import replay_delivery

    for number in ids:
        replay_delivery(actor=system_actor("cli"), delivery_id=number)
    console.print(f"{len(ids)} event(s) go out again with the worker's next round")


@app.command()
def replay(
    path: Annotated[Path, typer.Argument(help="CSV with recorded series, or with recorded calls (--as calls).")],
    kind: Annotated[
        str, typer.Option("--as", help="What is recorded: series, or calls (112 calls, played as a simulation).")
    ] = "series",
    columns: Annotated[
        str,
        typer.Option(
            help="Which columns hold station, datastream, time and value: "
            "station=…,datastream=…,time=…,value=…[,unit=…]"
        ),
    ] = "",
    speed: Annotated[float, typer.Option(help="Times real time; 0 plays as fast as it goes.")] = 0.0,
    door: Annotated[str, typer.Option(help="Through which door: http, mqtt or direct.")] = "http",
    key: Annotated[str, typer.Option(help="Device key for http and mqtt.", envvar="TEPIAN_DEVICE_KEY")] = "",
    shift: Annotated[bool, typer.Option(help="Move times so that the last value is now.")] = False,
    desks: Annotated[int, typer.Option(help="Calls: how many call-takers.")] = 6,
    units: Annotated[int, typer.Option(help="Calls: how many simulated units.")] = 25,
    day: Annotated[datetime | None, typer.Option(help="Calls: only this day.", formats=["%Y-%m-%d"])] = None,
) -> None:
    """Play recorded series through the same doors as live data, or recorded calls through the desk's own verbs."""
    if kind not in ("series", "calls"):
        fail(f"--as is series or calls, not {kind}. Nothing was played.")
    wake_django()
    if kind == "calls":
        _replay_calls(path, desks=desks, units=units, day=day)
        return
    from tepian.kernel.actors import Invalid
    from tepian.services.sensors.adapters import replay as player

    try:
        with _bar() as progress:
            task = progress.add_task(path.name, total=None)
            summary = player.play_file(
                path,
                columns=columns,
                speed=speed,
                door=door,
                key=key,
                shift=shift,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    except Invalid as error:
        fail(str(error.message))
    console.print(str(summary), markup=False)


def _replay_calls(path: Path, *, desks: int, units: int, day: datetime | None) -> None:
    from tepian.kernel.actors import Invalid
    from tepian.services.dispatch.adapters import replay as player

    try:
        with _bar() as progress:
            task = progress.add_task(path.name, total=None)
            summary = player.play_calls(
                path,
                desks=desks,
                units=units,
                day=day.date() if day else None,
                progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    except Invalid as error:
        fail(str(error.message))
    console.print(str(summary), markup=False)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(help="File to write, e.g. tepian-backup.tar.gz.")],
    with_secrets: Annotated[bool, typer.Option(help="Also the signing key (keep such a file locked away).")] = False,
) -> None:
    """Write database and files into one file, while the system runs."""
    wake_django()
    from tepian import backup as module

    console.print(module.backup(path, with_secrets=with_secrets))


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A file written by `tepian backup`.")],
    force: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
) -> None:
    """Bring a backup back. Stop the system first."""
    wake_django()
    from tepian import backup as module
    from tepian.kernel.actors import Invalid

    try:
        console.print(module.restore(path, force=force))
    except Invalid as error:
        fail(str(error.message))


@new.command("room")
def new_room(
    name: Annotated[str, typer.Argument(help="The room's name: a noun, lower case, e.g. street_lights.")],
) -> None:
    """Scaffold a room that passes every check, as a place to start."""
    from tepian.new_room import new_room as scaffold

    for file in scaffold(name, ROOT):
        console.print(f"  {file}")
