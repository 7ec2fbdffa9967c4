"""A real Asterisk with a waiting line and a desk: callers come in, and its events become the right ones of ours."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from tepian.kernel.actors import system
from tepian.kernel.identity import operations as identity
from tepian.services.dispatch import states
from tepian.services.dispatch.adapters import asterisk
from tepian.services.dispatch.models import Call, Desk

pytestmark = pytest.mark.process

BINARY = os.environ.get("TEPIAN_ASTERISK") or shutil.which("asterisk") or shutil.which("asterisk", path="/usr/sbin")
WANTED = ("app_queue.so", "app_dial.so", "pbx_config.so", "bridge_simple.so", "res_timing_timerfd.so", "app_stack.so")
ALSO = ("bridge_holding.so", "bridge_builtin_features.so", "bridge_builtin_interval_features.so", "res_musiconhold.so")
SECRET = "rahasia"
DIALPLAN = """[from-112]
; the city's line: announcement, then the desks
exten => 112,1,Answer()
 same => n,Wait(0.5)
 same => n,Queue(desk)
 same => n,Hangup()
exten => 113,1,Answer()
 same => n,Wait(60)
exten => 114,1,Dial(Local/602@telephones/n,30)
exten => 115,1,Answer()
 same => n,Queue(empty)
exten => 116,1,Answer()
 same => n,Queue(busy)
[telephones]
exten => 601,1,Wait(0.5)
 same => n,Answer()
 same => n,Wait(60)
exten => 602,1,Answer()
 same => n,Wait(60)
exten => 609,1,Wait(60)
[elsewhere]
exten => 500,1,Answer()
 same => n,Wait(1)
"""


def modules_of(binary: str) -> Path | None:
    """Where this Asterisk keeps its modules: Debian puts them beside the architecture's libraries, others do not."""
    prefix = Path(binary).resolve().parent.parent
    found = [*prefix.glob("lib/asterisk/modules"), *prefix.glob("lib/*/asterisk/modules")]
    return found[0] if found else None


def data_of(binary: str, modules: Path) -> Path:
    """Where its documentation lies, without which it does not start."""
    beside = Path(binary).resolve().parent.parent / "share" / "asterisk"
    return beside if (beside / "documentation").is_dir() else modules.parent


@dataclass
class Exchange:
    """A running Asterisk, seen by its manager interface."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    def do(self, action: str, **fields: str) -> str:
        """One action of the manager interface; returns the answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as line:
            file = line.makefile("rwb")
            file.readline()
            for name, given in (
                ("Login", {"Username": "driver", "Secret": SECRET, "Events": "off"}), (action, fields), ("Logoff", {}),
            ):  # fmt: skip
                body = "".join(f"{key}: {value}\r\n" for key, value in given.items())
                file.write(f"Action: {name}\r\nActionID: {name}\r\n{body}\r\n".encode())
            file.flush()
            text = file.read().decode()
        assert f"ActionID: {action}" in text, text
        return text.split(f"ActionID: {action}")[1].split("\r\n\r\n")[0]

    def ring(self, line: str, number: str, context: str = "from-112", seconds: int = 60) -> None:
        """Somebody calls: one leg enters the dialplan, the other is the caller, who holds on for `seconds`."""
        self.do(
            "Originate", Channel=f"Local/{line}@{context}/n", Application="Wait", Data=str(seconds),
            CallerID=f'"" <{number}>', Async="true", Timeout="30000",
        )  # fmt: skip

    def hang_up(self) -> None:
        """Every caller hangs up."""
        self.do("Hangup", Channel="/^Local\\/11[0-9]@from-112.*;1$/")


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    if not BINARY:
        pytest.skip(
            "no Asterisk on this machine (apt-get install asterisk where it is packaged, or set TEPIAN_ASTERISK)"
        )
    modules = modules_of(BINARY)
    if modules is None or not all((modules / name).exists() for name in WANTED):
        pytest.skip(f"this Asterisk has not the modules that are needed: {BINARY}")
    home = tmp_path_factory.mktemp("asterisk")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    for name in ("etc", "lib", "spool", "run", "log"):
        (home / name).mkdir()
    config = home / "etc"
    folders = {"astetcdir": config, "astmoddir": modules, "astspooldir": home / "spool", "astrundir": home / "run"}
    folders |= dict.fromkeys(("astvarlibdir", "astdbdir", "astkeydir", "astagidir"), home / "lib")
    folders |= {"astlogdir": home / "log", "astdatadir": data_of(BINARY, modules)}
    lines = "".join(f"{key} => {folder}\n" for key, folder in folders.items())
    (config / "asterisk.conf").write_text(f"[directories]\n{lines}[options]\nhideconnect = yes\n")
    loaded = "".join(f"load = {name}\n" for name in (*WANTED, *ALSO) if (modules / name).exists())
    (config / "modules.conf").write_text(f"[modules]\nautoload = no\n{loaded}")
    (config / "logger.conf").write_text("[general]\n[logfiles]\nconsole = notice,warning,error\n")
    (config / "manager.conf").write_text(
        f"[general]\nenabled = yes\nbindaddr = 127.0.0.1\nport = {port}\ntimestampevents = yes\n"
        f"[tepian]\nsecret = {SECRET}\nread = call,agent\nwrite =\n"
        f"[driver]\nsecret = {SECRET}\nread = call\nwrite = call,originate,command,system\n"
    )
    (config / "extensions.conf").write_text(DIALPLAN)
    (config / "queues.conf").write_text(
        "[general]\n[desk]\nmember => Local/601@telephones/n,0,Desk 1\n[empty]\njoinempty = yes\n"
        "[busy]\nmember => Local/609@telephones/n,0,Desk 9\n"
    )
    log = (home / "console").open("wb")
    command = [BINARY, "-f", "-C", str(config / "asterisk.conf")]
    process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    made = Exchange(port, home, process)
    try:
        until = time.monotonic() + 30
        while True:
            try:
                made.do("Ping")
                if "desk" in made.do("Command", Command="queue show desk"):
                    break
            except OSError:
                pass
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"Asterisk did not start\n{(home / 'console').read_text()[-3000:]}")
            time.sleep(0.1)
        yield made
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        log.close()


@pytest.fixture
def listen(exchange, live_server, tmp_path) -> Callable[[Callable[[], None]], list[str]]:
    """`listen(act)`: our client hears the exchange and tells the server while `act` is done; returns what was told."""
    key = identity.issue_device_key(actor=system("tests"), name="pbx")[1]

    def hear(act: Callable[[], None]) -> list[str]:
        told: list[str] = []

        class Ear(asterisk.Translator):
            def translate(self, given):
                events = super().translate(given)
                told.extend(event["type"] for event in events)
                return events

        async def whole() -> None:
            client = asterisk.Client(
                host="127.0.0.1", port=exchange.port, user="tepian", password=SECRET, url=live_server.url, key=key,
                outbox=asterisk.Outbox(tmp_path / "box.sqlite3"), translator=Ear(contexts=frozenset({"from-112"})),
                say=said.append, longest_wait=0.2,
            )  # fmt: skip
            running = asyncio.create_task(client.run())
            try:
                async with asyncio.timeout(60):
                    while not any("Connected" in words for words in said):
                        await asyncio.sleep(0.02)
                    await asyncio.to_thread(act)
                    while len(client.outbox):
                        await asyncio.sleep(0.02)
            finally:
                client.stopping.set()
                await running

        said: list[str] = []
        asyncio.run(whole())
        return told

    return hear


def until(state: str, seconds: float = 20) -> Call:
    """The only call, as soon as the desk knows it in this state."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = Call.objects.filter(state=state).first()
        if found is not None:
            connection.close()
            return found
        time.sleep(0.05)
    raise AssertionError(f"no call became {state}: {list(Call.objects.values())}")


def wait_for(check: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_an_answered_call_comes_to_the_desk_whose_telephone_was_picked_up(exchange, listen):
    Desk.objects.create(actor_id="meja1", label="Meja 1", extension="601", state="available", since=timezone.now())

    def act() -> None:
        exchange.ring("112", "081234567890")
        call = until(states.ANSWERED)
        assert (call.desk, call.line) == ("meja1", "112")
        exchange.hang_up()
        until(states.ENDED)

    told = listen(act)
    call = Call.objects.get()
    assert told[0] == "ringing" and told[-2:] == ["answered", "ended"] and told.count("ended") == 1
    assert call.number == "+6281234567890" and call.kind == "" and call.desk == "meja1"
    assert call.ringing_at < call.answered_at < call.ended_at
    assert 0.5 <= (call.answered_at - call.ringing_at).total_seconds() < 10, (
        "announcement and ringing, by its own clock"
    )
    assert abs((timezone.now() - call.ended_at).total_seconds()) < 30


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("line", "stage"), [("113", "menu"), ("115", "queue"), ("116", "ring")])
def test_a_caller_who_hangs_up_is_lost_where_it_happened(exchange, listen, line, stage):
    def act() -> None:
        exchange.ring(line, "081234567890")
        until(states.RINGING)
        words = {"menu": "Wait", "queue": "Queue", "ring": "Queue"}[stage]
        wait_for(lambda: words in exchange.do("Command", Command="core show channels"))
        if stage == "ring":
            wait_for(lambda: "609@telephones" in exchange.do("Command", Command="core show channels"))
        time.sleep(0.5)
        exchange.hang_up()
        until(states.LOST)

    told = listen(act)
    call = Call.objects.get()
    assert (call.state, call.lost_stage) == (states.LOST, stage) and call.answered_at is None and call.desk == ""
    assert told.count("lost") == 1 and "answered" not in told


@pytest.mark.django_db(transaction=True)
def test_a_desk_that_is_dialled_without_a_line_and_calls_that_are_none_of_ours(exchange, listen):
    Desk.objects.create(actor_id="meja2", label="Meja 2", extension="602", state="available", since=timezone.now())

    def act() -> None:
        exchange.ring("500", "0811", context="elsewhere", seconds=2)
        exchange.ring("114", "081234567890")
        assert until(states.ANSWERED).desk == "meja2"
        exchange.hang_up()
        until(states.ENDED)

    listen(act)
    assert Call.objects.get().line == "114"
