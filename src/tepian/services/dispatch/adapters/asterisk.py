"""From an Asterisk exchange to our call events, over its manager interface (AMI); events of ARI are understood too.

`Translator` only translates. `Client` keeps a connection to the exchange, puts every event into a file first, and sends
from there: when the city's server restarts, or the line to it breaks, nothing is lost and nothing counts twice.

For a call's moments to be the exchange's own, set `timestampevents = yes` in manager.conf. For ARI, set
`channelvars = CHANNEL(linkedid)` in ari.conf, so that an agent's leg is told from the caller's.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
import sqlite3
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Event = dict[str, Any]
BATCH = 200  # events in one request
MOST_CALLS = 5000  # calls that the translator remembers
PING_S, SILENCE_S = 20.0, 65.0
LONGEST_WAIT_S = 30.0
BLOCK_LIMIT = 256 * 1024
LINKED = "CHANNEL(linkedid)"
EXTENSION = re.compile(r"^[^/]+/(?:agent-)?([^@/;-]+)")
EPOCH = re.compile(r"(\d{9,10})\.\d+$", re.ASCII)


# --- translation ------------------------------------------------------------------------------------------------------


def parse(block: str) -> dict[str, str]:
    """The fields of one AMI block. A repeated field keeps its first value."""
    found: dict[str, str] = {}
    for line in block.splitlines():
        key, sep, value = line.partition(":")
        if sep:
            found.setdefault(key.strip(), value.strip())
    return found


def extension_of(channel: str) -> str:
    """`PJSIP/601-0000002a` and `Local/601@queue-0001;1` are both 601."""
    found = EXTENSION.match(channel)
    return found.group(1)[:30] if found else ""


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _number(text: str) -> str:
    return "" if text.lower() in ("", "<unknown>", "unknown", "anonymous", "restricted", "unavailable") else text[:40]


@dataclass(slots=True)
class _Known:
    """What the translator remembers of a call: where a caller who hangs up now would be lost."""

    stage: str = "menu"
    answered: bool = False
    lost: bool = False


@dataclass(slots=True)
class Translator:
    """`contexts`: only calls that enter in one of these dialplan contexts; empty: all. `clock` is asked where an event
    bears no time. Of a call whose beginning was not seen, the end is told as `ended`; the server knows what it was."""

    contexts: frozenset[str] = frozenset()
    simulated: bool = False
    clock: Callable[[], float] = time.time
    calls: dict[str, _Known] = field(default_factory=dict)
    foreign: dict[str, None] = field(default_factory=dict)

    def translate(self, given: str | Mapping[str, Any]) -> list[Event]:
        """Our events for one of the exchange's: an AMI block, its fields, or an ARI object. Most say nothing to us."""
        fields = parse(given) if isinstance(given, str) else given
        told = (
            self._ari(fields) if isinstance(fields.get("channel") or fields.get("peer"), Mapping) else self._ami(fields)
        )
        return [told] if told else []

    # AMI

    def _ami(self, raw: Mapping[str, Any]) -> Event | None:
        given = {key: str(value) for key, value in raw.items()}
        name, own = given.get("Event", ""), given.get("Uniqueid", "")
        call = given.get("Linkedid") or own
        if not call:
            return None
        at = self._moment(given.get("Timestamp", ""), own if name == "Newchannel" else "")
        mark = given.get("Timestamp", "")
        number = _number(given.get("CallerIDNum", ""))
        if name == "Newchannel":
            if own != call or not self._enters(call, given.get("Context", "")):
                return None
            return self._tell(call, "ringing", own, name, mark, at, number=number, line=given.get("Exten", "")[:30])
        if call in self.foreign:
            if name == "Hangup" and own == call:
                self.foreign.pop(call)
            return None
        if name == "QueueCallerJoin":
            self._remember(call).stage = "queue"
            return self._tell(call, "ringing", own, name, mark, at, number=number)
        if name == "DialBegin":
            self._remember(call).stage = "ring"
            return self._tell(call, "ringing", given.get("DestUniqueid") or own, name, mark, at, number=number)
        if name == "AgentConnect":
            self._remember(call).answered = True
            agent = extension_of(given.get("Interface", "")) or given.get("MemberName", "")[:30]
            return self._tell(call, "answered", own, name, mark, at, agent=agent, number=number)
        if name == "DialEnd" and given.get("DialStatus") == "ANSWER":
            self._remember(call).answered = True
            agent = extension_of(given.get("DestChannel", ""))
            return self._tell(call, "answered", given.get("DestUniqueid") or own, name, mark, at, agent=agent)
        if name == "QueueCallerAbandon":
            known = self._remember(call)
            if known.lost:
                return None  # the caller's own leg ended first, which said where
            known.lost = True
            stage = "ring" if known.stage == "ring" else "queue"
            return self._tell(call, "lost", own, name, mark, at, stage=stage, number=number)
        if name == "Hangup" and own == call:
            return self._end(call, own, name, mark, at)
        return None

    # ARI

    def _ari(self, given: Mapping[str, Any]) -> Event | None:
        name, mark = str(given.get("type", "")), str(given.get("timestamp", ""))
        channel = given.get("channel") or given.get("caller") or given.get("peer") or {}
        own = str(channel.get("id", ""))
        call = str((channel.get("channelvars") or {}).get(LINKED) or own)
        if not call:
            return None
        at = self._ari_moment(mark)
        number = _number(str((channel.get("caller") or {}).get("number", "")))
        plan = channel.get("dialplan") or {}
        state = str(channel.get("state", ""))
        if name == "StasisStart":
            if own != call or not self._enters(call, str(plan.get("context", ""))):
                return None
            return self._tell(call, "ringing", own, name, mark, at, number=number, line=str(plan.get("exten", ""))[:30])
        if call in self.foreign:
            if name == "ChannelDestroyed" and own == call:
                self.foreign.pop(call)
            return None
        if name == "ChannelStateChange" and state in ("Ring", "Ringing"):
            self._remember(call).stage = "menu" if own == call else "ring"
            return self._tell(call, "ringing", own, name, mark, at, number=number if own == call else "")
        if name == "ChannelStateChange" and state == "Up" and own != call:
            self._remember(call).answered = True
            return self._tell(call, "answered", own, name, mark, at, agent=extension_of(str(channel.get("name", ""))))
        if name == "Dial" and given.get("dialstatus") == "ANSWER" and given.get("caller"):
            self._remember(call).answered = True
            peer = given.get("peer") or {}
            return self._tell(
                call,
                "answered",
                str(peer.get("id", own)),
                name,
                mark,
                at,
                agent=extension_of(str(peer.get("name", ""))),
            )
        if name == "ChannelDestroyed" and own == call:
            return self._end(call, own, name, mark, at)
        return None

    # both

    def _enters(self, call: str, context: str) -> bool:
        if self.contexts and context not in self.contexts:
            self.foreign[call] = None
            while len(self.foreign) > MOST_CALLS:
                self.foreign.pop(next(iter(self.foreign)))
            return False
        self._remember(call)
        return True

    def _remember(self, call: str) -> _Known:
        known = self.calls.get(call)
        if known is None:
            known = self.calls[call] = _Known()
            while len(self.calls) > MOST_CALLS:
                self.calls.pop(next(iter(self.calls)))
        return known

    def _end(self, call: str, own: str, name: str, mark: str, at: str) -> Event | None:
        """Still remembered afterwards: a waiting line may report the same loss a little later."""
        known = self.calls.get(call)
        if known is not None and not known.answered:
            told, known.lost = known.lost, True
            return None if told else self._tell(call, "lost", own, name, mark, at, stage=known.stage)
        return self._tell(call, "ended", own, name, mark, at)

    def _moment(self, stamp: str, unique: str) -> str:
        with contextlib.suppress(ValueError, OverflowError, OSError):
            if stamp:
                return _iso(float(stamp))
            if found := EPOCH.search(unique):
                return _iso(float(found.group(1)))
        return _iso(self.clock())

    def _ari_moment(self, stamp: str) -> str:
        with contextlib.suppress(ValueError, OverflowError):
            found = datetime.fromisoformat(stamp)
            if found.tzinfo is not None:
                return found.astimezone(UTC).isoformat()
        return _iso(self.clock())

    def _tell(self, call: str, kind: str, own: str, name: str, mark: str, at: str, **more: str) -> Event:
        key = f"{own}-{name}-{mark}" if mark else f"{own}-{name}"
        event: Event = {
            "id": key if len(key) <= 100 else hashlib.sha256(key.encode()).hexdigest(),
            "type": kind,
            "call": call if len(call) <= 100 else hashlib.sha256(call.encode()).hexdigest(),
            "at": at,
        }
        return (
            event
            | {key: value for key, value in more.items() if value}
            | ({"simulated": True} if self.simulated else {})
        )


# --- the outbox -------------------------------------------------------------------------------------------------------


class Outbox:
    """Events that the server has not acknowledged, in a file, oldest first."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file = sqlite3.connect(path, isolation_level=None)
        path.chmod(0o600)  # callers' numbers wait here
        self.file.execute("PRAGMA secure_delete = ON")
        self.file.execute(
            "CREATE TABLE IF NOT EXISTS event (n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE, body TEXT NOT NULL)"
        )

    def add(self, events: Iterable[Event]) -> None:
        self.file.execute("BEGIN IMMEDIATE")
        for event in events:
            self.file.execute("INSERT OR IGNORE INTO event (id, body) VALUES (?, ?)", (event["id"], json.dumps(event)))
        self.file.execute("COMMIT")

    def oldest(self, count: int = BATCH) -> list[tuple[int, Event]]:
        rows = self.file.execute("SELECT n, body FROM event ORDER BY n LIMIT ?", (count,))
        return [(number, json.loads(body)) for number, body in rows]

    def drop(self, numbers: Iterable[int]) -> None:
        self.file.executemany("DELETE FROM event WHERE n = ?", [(number,) for number in numbers])

    def __len__(self) -> int:
        return int(self.file.execute("SELECT count(*) FROM event").fetchone()[0])

    def close(self) -> None:
        self.file.close()


# --- the client -------------------------------------------------------------------------------------------------------


class Refused(Exception):
    """The other side answered and does not want us."""


def post(url: str, key: str, events: list[Event], timeout: float = 20.0) -> list[str]:
    """Send; returns what was refused, in words. Raises `OSError` when the server cannot take it now."""
    request = urllib.request.Request(  # noqa: S310 - the operator names the address; checked to be http(s)
        f"{url.rstrip('/')}/api/v1/emergency/call-events",
        data=json.dumps(events).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            told = json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            raise OSError(f"the server answered {error.code}: {error.read(300).decode(errors='replace')}") from None
    except ValueError as error:
        raise OSError(f"the server's answer could not be read: {error}") from None
    return [f"{row.get('id')}: {row['problem']['message_en']}" for row in told if row.get("problem")]


def backoff(longest: float = LONGEST_WAIT_S) -> Iterator[float]:
    wait = 1.0
    while True:
        yield wait
        wait = min(longest, wait * 2)


@dataclass(slots=True)
class Client:
    """Keeps the line to the exchange and empties the outbox to the server, each with its own patience."""

    host: str
    port: int
    user: str
    password: str
    url: str
    key: str
    outbox: Outbox
    translator: Translator = field(default_factory=Translator)
    say: Callable[[str], None] = print
    longest_wait: float = LONGEST_WAIT_S
    ping_s: float = PING_S
    silence_s: float = SILENCE_S
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    due: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Until `stopping` is set; then what is left is sent once more, and stays in the file if that fails."""
        tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._send())]
        await self.stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(OSError):
            await self._flush()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.stopping.wait(), seconds)

    async def _listen(self) -> None:
        waits = backoff(self.longest_wait)
        while not self.stopping.is_set():
            try:
                async for event in self._events():
                    waits = backoff(self.longest_wait)
                    self.outbox.add(self.translator.translate(event))
                    self.due.set()
            except (OSError, EOFError, Refused, TimeoutError, asyncio.LimitOverrunError) as error:
                wait = next(waits)
                self.say(
                    f"The exchange cannot be reached ({error or 'connection lost'}). Trying again in {wait:.0f} s."
                )
                await self._pause(wait)

    async def _events(self) -> Any:
        """Blocks of one connection, after signing in. Ends by an exception."""
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(self.host, self.port, limit=BLOCK_LIMIT), self.silence_s
        )
        pinging: asyncio.Task[None] | None = None
        try:
            banner = await asyncio.wait_for(reader.readline(), self.silence_s)
            if not banner.startswith(b"Asterisk Call Manager"):
                raise Refused("this is no Asterisk manager interface")
            writer.write(
                f"Action: Login\r\nActionID: tepian\r\nUsername: {_clean(self.user)}\r\nSecret: {_clean(self.password)}\r\n"
                "Events: call,agent\r\n\r\n".encode()
            )
            await writer.drain()
            pinging = asyncio.create_task(self._ping(writer))
            while True:
                block = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), self.silence_s)
                fields = parse(block.decode("utf-8", errors="replace"))
                if fields.get("Response") == "Error" and fields.get("ActionID") == "tepian":
                    raise Refused(f"sign-in refused: {fields.get('Message', '')}")
                if fields.get("Response") == "Success" and fields.get("ActionID") == "tepian":
                    self.say(f"Connected to the exchange at {self.host}:{self.port}.")
                if "Event" in fields:
                    yield fields
        finally:
            if pinging is not None:
                pinging.cancel()
            writer.close()

    async def _ping(self, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(self.ping_s)
            writer.write(b"Action: Ping\r\n\r\n")
            with contextlib.suppress(OSError):
                await writer.drain()

    async def _send(self) -> None:
        waits = backoff(self.longest_wait)
        while True:
            self.due.clear()
            try:
                await self._flush()
                waits = backoff(self.longest_wait)
            except OSError as error:
                wait = next(waits)
                self.say(f"{len(self.outbox)} event(s) wait: {error}. Trying again in {wait:.0f} s.")
                await asyncio.sleep(wait)
                continue
            await self.due.wait()

    async def _flush(self) -> None:
        while rows := self.outbox.oldest():
            refused = await asyncio.to_thread(post, self.url, self.key, [event for _n, event in rows])
            for why in refused:
                self.say(f"Not accepted: {why}")
            self.outbox.drop(number for number, _event in rows)


def _clean(text: str) -> str:
    return text.replace("\r", "").replace("\n", "")
