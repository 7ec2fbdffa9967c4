"""Commands beside a telephone exchange."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated

import typer

from tepian.settings.knobs import Knobs

from .shared import app, console, fail

telephone = typer.Typer(no_args_is_help=True, help="Telephone exchanges that tell the 112 desk of calls.")
app.add_typer(telephone, name="telephone")


@telephone.callback()
def exchanges() -> None:
    """Telephone exchanges that tell the 112 desk of calls."""


@telephone.command("asterisk")
def asterisk(
    host: Annotated[str, typer.Option(help="Where Asterisk's manager interface listens.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Its port.")] = 5038,
    user: Annotated[str, typer.Option(help="Name in Asterisk's manager.conf.")] = "tepian",
    url: Annotated[str, typer.Option(help="The city's server; default: this installation's.")] = "",
    context: Annotated[
        list[str] | None, typer.Option(help="Only calls that enter in this dialplan context; may be repeated.")
    ] = None,
    outbox: Annotated[Path | None, typer.Option(help="File for events that the server has not acknowledged.")] = None,
) -> None:
    """Keep a line to an Asterisk exchange and tell its calls to the 112 desk, without losing one.

    The exchange's password comes from TEPIAN_ASTERISK_PASSWORD, the device key from TEPIAN_DEVICE_KEY; what is not set
    is asked for. Neither is ever an argument, which other people on the machine could read.
    """
    from tepian.services.dispatch.adapters import asterisk as exchange

    knobs = Knobs()
    address = url or knobs.base_url
    if not address.startswith(("http://", "https://")):
        fail("The server's address begins with http:// or https://.")
    password = os.environ.get("TEPIAN_ASTERISK_PASSWORD") or typer.prompt("Password of the exchange", hide_input=True)
    key = os.environ.get("TEPIAN_DEVICE_KEY") or typer.prompt("Device key", hide_input=True)
    file = exchange.Outbox(outbox or knobs.home / "telephone-outbox.sqlite3")

    async def keep() -> None:
        client = exchange.Client(
            host=host, port=port, user=user, password=password, url=address, key=key, outbox=file,
            translator=exchange.Translator(contexts=frozenset(context or ())),
            say=lambda words: console.print(words, markup=False),
        )  # fmt: skip
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, client.stopping.set)
        await client.run()

    asyncio.run(keep())
    left = len(file)
    file.close()
    console.print(f"Stopped. {left} event(s) wait in the outbox for the next start." if left else "Stopped.")
