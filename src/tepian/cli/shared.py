"""What all commands share: the groups, the screen, and how Django is woken."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NoReturn

import typer
from rich.console import Console

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


def prepare_tables() -> None:
    """Bring the database to this version's tables. Skipped when nothing changed since the last start."""
    import hashlib

    from tepian.settings.knobs import Knobs

    knobs = Knobs()
    package = Path(__file__).resolve().parent.parent
    files = sorted(package.glob("**/migrations/0*.py"))
    state = hashlib.sha256(
        "".join(f"{file}{file.stat().st_mtime_ns}" for file in files).encode() + knobs.database_url.encode()
    ).hexdigest()
    stamp = knobs.home / "prepared"
    embedded = not knobs.database_url
    if stamp.exists() and stamp.read_text() == state and (not embedded or (knobs.home / "tepian.sqlite3").exists()):
        return
    wake_django()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    stamp.write_text(state)
