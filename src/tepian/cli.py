"""The `tepian` command line."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="One system that runs a city's digital services together.",
)
city = typer.Typer(no_args_is_help=True, help="City packs: the data that makes this system a certain city's.")
audit = typer.Typer(no_args_is_help=True, help="The record of everything that was done.")
events = typer.Typer(no_args_is_help=True, help="Events that could not be delivered.")
account = typer.Typer(no_args_is_help=True, help="Accounts: the first one is made here, all others in the browser.")
new = typer.Typer(no_args_is_help=True, help="Start something new in the house.")
for name, group in (("city", city), ("account", account), ("audit", audit), ("events", events), ("new", new)):
    app.add_typer(group, name=name)
console = Console(highlight=False)
ROOT = Path(__file__).resolve().parents[2]
_held: list[Any] = []  # open files whose locks end with the process


def _django() -> None:
    import django
    from django.utils import translation

    django.setup()
    # The operator's language, not the city's.
    translation.activate("id" if os.environ.get("LANG", "").startswith("id") else "en")


def _system(part: str) -> Any:
    from tepian.kernel.actors import system

    return system(part)


def _fail(message: str) -> NoReturn:
    console.print(message, style="red", markup=False)
    raise typer.Exit(1)


# --- running ---------------------------------------------------------------------------------------------------------


def _prepare() -> None:
    """Bring the database to this version's tables. Skipped when nothing changed since the last start."""
    import hashlib

    from tepian.settings.knobs import Knobs

    knobs = Knobs()
    package = Path(__file__).parent
    files = sorted(package.glob("**/migrations/0*.py"))
    state = hashlib.sha256(
        "".join(f"{file}{file.stat().st_mtime_ns}" for file in files).encode() + knobs.database_url.encode()
    ).hexdigest()
    stamp = knobs.home / "prepared"
    embedded = not knobs.database_url
    if stamp.exists() and stamp.read_text() == state and (not embedded or (knobs.home / "tepian.sqlite3").exists()):
        return
    _django()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    stamp.write_text(state)


@app.command()
def run() -> None:
    """Run the whole system: server, listeners and worker, under one supervisor."""
    from tepian.settings.knobs import Knobs
    from tepian.supervisor import Child, Supervisor, wait_until_ready

    knobs = Knobs()
    _alone(knobs.home)
    _in_child("prepare")
    supervisor = Supervisor([Child(["gateway"]), Child(["worker"])], say=console.print)

    def announce() -> None:
        if wait_until_ready(f"http://{_local(knobs.host)}:{knobs.port}/healthz", 60, supervisor.stopping):
            console.print(f"Tepian listens on [bold]{knobs.base_url}[/bold]")

    threading.Thread(target=announce, daemon=True).start()
    raise typer.Exit(supervisor.run())


def _local(host: str) -> str:
    return "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared, not bound


def _alone(home: Path) -> None:
    """One system a state folder: hold its lock for as long as this process lives, or say who holds it."""
    import fcntl

    home.mkdir(parents=True, exist_ok=True)
    lock = (home / "running.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        _fail(f"Tepian already runs with the state folder {home.resolve()} (process {lock.read().strip() or 'unknown'}). "
              "Stop it first, or choose another folder with TEPIAN_HOME or --home.")
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    _held.append(lock)


def _in_child(*command: str) -> None:
    """Run one command in a process of its own, so that this one stays small."""
    import subprocess

    result = subprocess.run([sys.executable, "-m", "tepian", *command])  # noqa: S603 - our own module
    if result.returncode:
        raise typer.Exit(result.returncode)


@app.command()
def demo(
    home: Annotated[Path, typer.Option(help="Folder for the demonstration's state.")] = Path(".tepian/demo"),
    port: Annotated[int, typer.Option(help="HTTP port.")] = 0,
    speed: Annotated[float, typer.Option(help="How fast the storm plays: 1 takes ten minutes.")] = 1.0,
    pack: Annotated[str, typer.Option(help="City pack: a folder, or a name under cities/.")] = "samarinda",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the first page in a browser.")] = True,
) -> None:
    """Show a living city: load a pack, make sign-ins, and play a storm (simulated and labelled as such)."""
    from tepian.settings.knobs import Knobs
    from tepian.supervisor import Child, Supervisor, wait_until_ready

    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(TEPIAN_HOME=str(home.resolve()), TEPIAN_DEMO="1")
    knobs = Knobs()
    port = port or _free_port(knobs.port)
    os.environ["TEPIAN_PORT"] = str(port)
    if "TEPIAN_MQTT_PORT" not in os.environ:
        os.environ["TEPIAN_MQTT_PORT"] = str(_free_port(knobs.mqtt_port))
    url = Knobs().base_url
    _alone(home)
    _in_child("prepare", "--pack", pack, "--speed", str(speed))
    supervisor = Supervisor([Child(["gateway"]), Child(["worker"]), Child(["simulate"])], say=console.print)

    def announce() -> None:
        if not wait_until_ready(f"{url}/readyz", 60, supervisor.stopping):
            return
        table = Table(title=f"Tepian: {url}", title_style="bold", title_justify="left")
        for column in ("role", "username", "password", "start page"):
            table.add_column(column)
        for account in json.loads((home / "demo-accounts.json").read_text()):
            table.add_row(account["role"], account["username"], account["password"], url + account["start_url"])
        console.print(table)
        console.print("A simulated storm is playing. Ctrl-C stops everything; what was recorded stays.")
        if browser and sys.stdout.isatty():
            webbrowser.open(url)

    threading.Thread(target=announce, daemon=True).start()
    raise typer.Exit(supervisor.run())


def _free_port(wanted: int) -> int:
    """`wanted`, or the next free port behind it."""
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise typer.BadParameter(f"no free port from {wanted} to {wanted + 49}")


@app.command(hidden=True)
def prepare(pack: str = "", speed: float = 1.0) -> None:
    """Bring the tables up to date; with a pack, load it and make the demonstration's sign-ins."""
    _prepare()
    if not pack:
        return
    _django()
    from django.conf import settings

    from tepian import demonstration
    from tepian.kernel.catalogue import packs

    demonstration.prepare(packs.find_pack(pack), settings.HOME, speed=speed)


@app.command(hidden=True)
def gateway() -> None:
    """The server process."""
    from tepian.gateway import main as serve

    serve()


@app.command()
def worker() -> None:
    """Only the worker: delivers events and runs periodic jobs. `tepian run` starts one by itself."""
    from tepian.worker import main as work

    work()


@app.command(hidden=True)
def simulate() -> None:
    """The demonstration's storm."""
    _django()
    from tepian import demonstration

    demonstration.simulate()


# --- looking after it ------------------------------------------------------------------------------------------------


@app.command()
def migrate() -> None:
    """Bring the database to this version's tables."""
    _django()
    from django.core.management import call_command

    call_command("migrate", interactive=False)


@app.command()
def check() -> None:
    """Check the installation: settings, database, city data, record; say what is missing and what to do."""
    _django()
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
    _prepare()
    _django()
    from tepian.kernel.actors import Invalid
    from tepian.kernel.catalogue import packs

    try:
        with _bar() as progress:
            task = progress.add_task("loading", total=None)
            result = packs.load_pack(
                path,
                _system("city.load"),
                boundaries=boundaries,
                swap=swap,
                progress=lambda name, done, total: progress.update(task, description=name, completed=done, total=total),
            )
    except packs.PackError as error:
        for problem in error.problems:
            console.print(str(problem), markup=False)
        _fail("Nothing was loaded.")
    except Invalid as error:
        _fail(str(error.message))
    console.print(str(result), markup=False)


@city.command("check")
def city_check(path: Annotated[str, typer.Argument(help="Folder of the pack, or its name under cities/.")]) -> None:
    """Check a city pack without loading it: errors, and what is missing."""
    _django()
    from tepian.kernel.actors import Invalid
    from tepian.kernel.catalogue import packs

    try:
        problems = packs.check_pack(path)
    except Invalid as error:
        _fail(str(error.message))
    for problem in problems:
        console.print(str(problem), markup=False)
    errors = [problem for problem in problems if problem.is_error]
    console.print(f"{len(errors)} error(s), {len(problems) - len(errors)} notice(s)")
    raise typer.Exit(1 if errors else 0)


@account.command("new")
def account_new(
    username: Annotated[str, typer.Argument(help="Name to sign in with.")],
    name: Annotated[str, typer.Argument(help="Name that people see.")],
    position: Annotated[str, typer.Option(help="Code of the post, from the pack's positions.toml.")] = "diskominfo.administrator",
) -> None:
    """Make an account that holds a post. The password is shown once and is changed at the first sign-in."""
    _django()
    from tepian.kernel.actors import Invalid
    from tepian.kernel.identity.operations import create_account
    from tepian.kernel.organisations.models import Position

    post = Position.objects.filter(code=position).first()
    if post is None:
        codes = ", ".join(Position.objects.order_by("code").values_list("code", flat=True)[:30]) or "none: load a city pack"
        _fail(f"There is no position {position}. Nothing was changed. Positions: {codes}")
    try:
        _made, password = create_account(actor=_system("account.new"), username=username, display_name=name, position=post)
    except Invalid as error:
        _fail(str(error.message))
    console.print(f"{username} holds {position}. Password, shown once: {password}", markup=False)


@audit.command("verify")
def audit_verify() -> None:
    """Walk the whole chain of the record; name every changed, missing or reordered entry."""
    _django()
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
    _django()
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
    _django()
    from tepian.kernel.events.replay import replay_delivery

    for number in ids:
        replay_delivery(actor=_system("cli"), delivery_id=number)
    console.print(f"{len(ids)} event(s) go out again with the worker's next round")


@app.command()
def replay(
    path: Annotated[Path, typer.Argument(help="CSV with recorded series.")],
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
) -> None:
    """Play recorded series through the same doors as live data."""
    _django()
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
        _fail(str(error.message))
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
    _django()
    from tepian import backup as module

    console.print(module.backup(path, with_secrets=with_secrets))


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A file written by `tepian backup`.")],
    force: Annotated[bool, typer.Option(help="Replace what is there.")] = False,
) -> None:
    """Bring a backup back. Stop the system first."""
    _django()
    from tepian import backup as module
    from tepian.kernel.actors import Invalid

    try:
        console.print(module.restore(path, force=force))
    except Invalid as error:
        _fail(str(error.message))


@new.command("room")
def new_room(
    name: Annotated[str, typer.Argument(help="The room's name: a noun, lower case, e.g. street_lights.")],
) -> None:
    """Scaffold a room that passes every check, as a place to start."""
    from tepian.new_room import new_room as scaffold

    for file in scaffold(name, ROOT):
        console.print(f"  {file}")


def main() -> None:
    try:
        app()
    except Exception as error:
        # By name, so that the supervisor need not load the database layer.
        if type(error).__name__ not in {"OperationalError", "InterfaceError"}:
            raise
        console.print(f"The database cannot be used: {error}\nNothing was changed. Check that it runs, TEPIAN_DATABASE_URL, "
                      "and that `tepian migrate` has been run.", style="red", markup=False)  # fmt: skip
        sys.exit(1)
