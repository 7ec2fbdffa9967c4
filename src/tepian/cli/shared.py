"""What all commands share: the groups, the screen, and how Django is woken."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console

from tepian.settings.knobs import Knobs

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
ROOT = Path(__file__).resolve().parents[3]


def wake_django() -> None:
    import django
    from django.utils import translation

    django.setup()
    # The operator's language, not the city's.
    translation.activate("id" if os.environ.get("LANG", "").startswith("id") else "en")


def system_actor(part: str) -> Any:
    from tepian.kernel.actors import system

    return system(part)


def fail(message: str) -> NoReturn:
    console.print(message, style="red", markup=False)
    raise typer.Exit(1)


def state_of(files: Iterable[Path], *more: str) -> str:
    """One hash over names, sizes and times of files: whether anything changed since it was last written down."""
    described = (f"{file}:{stat.st_size}:{stat.st_mtime_ns}" for file in sorted(files) if (stat := file.stat()))
    return hashlib.sha256("\n".join((*described, *more)).encode()).hexdigest()


def is_written(stamp: Path, state: str) -> bool:
    return stamp.exists() and stamp.read_text() == state


def tables_state(knobs: Knobs) -> str:
    return state_of((ROOT / "src" / "tepian").glob("**/migrations/0*.py"), knobs.database_url)


def tables_are_ready(knobs: Knobs) -> bool:
    """Were this version's tables made in this state folder's database?"""
    database_is_there = bool(knobs.database_url) or (knobs.home / "tepian.sqlite3").exists()
    return database_is_there and is_written(knobs.home / "prepared", tables_state(knobs))


def prepare_tables() -> None:
    """Bring the database to this version's tables. Skipped when nothing changed since the last start."""
    knobs = Knobs()
    if tables_are_ready(knobs):
        return
    wake_django()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    (knobs.home / "prepared").write_text(tables_state(knobs))
