"""Commands that run the system."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from .shared import (
    ROOT,
    app,
    console,
    fail,
    is_written,
    prepare_tables,
    state_of,
    tables_are_ready,
    wake_django,
)

_held: list[Any] = []  # open files whose locks end with the process


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
        fail(
            f"Tepian already runs with the state folder {home.resolve()} (process {lock.read().strip() or 'unknown'}). "
            "Stop it first, or choose another folder with TEPIAN_HOME or --home."
        )
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
    pack: Annotated[
        str,
        typer.Option(help="City pack: a folder, or a name under cities/; default: the one named in cities/default."),
    ] = "",
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
    folder = _pack_folder(pack or (ROOT / "cities" / "default").read_text().strip())
    if not (tables_are_ready(Knobs()) and is_written(home / "pack", _pack_state(folder))):
        _in_child("prepare", "--pack", str(folder))
    storm = ["simulate", "--pack", str(folder), "--speed", str(speed)]
    supervisor = Supervisor([Child(["gateway"]), Child(["worker"]), Child(storm)], say=console.print)

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


def _pack_folder(name: str) -> Path:
    for folder in (Path(name), ROOT / "cities" / name):
        if (folder / "city.toml").is_file():
            return folder.resolve()
    fail(f"There is no city pack {name}: give a folder with a city.toml, or a name under cities/.")


def _pack_state(folder: Path) -> str:
    return state_of((file for file in folder.rglob("*") if file.is_file()), str(folder))


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
def prepare(pack: str = "") -> None:
    """Bring the tables up to date; with a pack, load it and make the demonstration's sign-ins."""
    prepare_tables()
    if not pack:
        return
    wake_django()
    from django.conf import settings

    from tepian import demonstration

    folder = _pack_folder(pack)
    demonstration.prepare(folder, settings.HOME)
    (settings.HOME / "pack").write_text(_pack_state(folder))


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
def simulate(pack: Annotated[str, typer.Option()], speed: float = 1.0) -> None:
    """The demonstration's storm, from its beginning."""
    wake_django()
    from tepian import demonstration

    demonstration.simulate(Path(pack), speed=speed)
