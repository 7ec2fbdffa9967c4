"""An Asterisk exchange: its events translated, and a real connection that breaks, to a server that restarts."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tepian.kernel.actors import system
from tepian.kernel.identity import operations as identity
from tepian.services.dispatch.adapters import asterisk
from tepian.services.dispatch.models import Call

CALL = "1795443575.41"


def block(name: str, at: float, **fields: str) -> str:
    given = {"Event": name, "Privilege": "call,all", "Timestamp": f"{at:.6f}", "Linkedid": CALL} | fields
    return "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in given.items()) + "\r\n"


RING = block("Newchannel", 1795443575.2, Uniqueid=CALL, CallerIDNum="08123456789", Context="from-112", Exten="112")
JOIN = block("QueueCallerJoin", 1795443580.0, Uniqueid=CALL, Queue="desk", CallerIDNum="08123456789")
DIAL = block("DialBegin", 1795443580.5, Uniqueid=CALL, DestUniqueid="1795443580.42", CallerIDNum="08123456789")
CONNECT = block("AgentConnect", 1795443585.0, Uniqueid=CALL, Interface="PJSIP/601", MemberName="Desk 1", HoldTime="5")
ABANDON = block("QueueCallerAbandon", 1795443590.0, Uniqueid=CALL, Queue="desk", HoldTime="10")
LEG = block("Hangup", 1795443599.0, Uniqueid="1795443580.42")
HANGUP = block("Hangup", 1795443600.0, Uniqueid=CALL, Cause="16", Cause_txt="Normal Clearing")


def told(*blocks: Any, **options: Any) -> list[dict[str, Any]]:
    translator = asterisk.Translator(**options)
    return [event for each in blocks for event in translator.translate(each)]


def test_an_answered_call():
    events = told(RING, JOIN, DIAL, CONNECT, LEG, HANGUP)
    assert [event["type"] for event in events] == ["ringing", "ringing", "ringing", "answered", "ended"]
    assert {event["call"] for event in events} == {CALL} and len({event["id"] for event in events}) == 5
    assert events[0]["number"] == "08123456789" and events[0]["line"] == "112" and events[3]["agent"] == "601"
    assert events[0]["at"] == "2026-11-23T15:39:35.200000+00:00" or events[0]["at"].endswith("35.200000+00:00")
    assert told(RING, JOIN, DIAL, CONNECT, LEG, HANGUP) == events, "the same events have the same ids"


@pytest.mark.parametrize(
    ("blocks", "stage"),
    [((RING, HANGUP), "menu"), ((RING, JOIN, HANGUP), "queue"), ((RING, JOIN, DIAL, HANGUP), "ring")],
)
def test_a_lost_call_says_where(blocks, stage):
    events = told(*blocks)
    assert (events[-1]["type"], events[-1]["stage"]) == ("lost", stage)


def test_an_abandoned_call_is_lost_once_and_an_unknown_one_ends():
    events = told(RING, JOIN, ABANDON, HANGUP)
    assert [event["type"] for event in events] == ["ringing", "ringing", "lost"] and events[-1]["stage"] == "queue"
    assert [event["type"] for event in told(HANGUP)] == ["ended"]


def test_a_line_that_reports_the_loss_after_the_hangup_changes_nothing():
    events = told(RING, JOIN, DIAL, HANGUP, ABANDON)
    assert [event["type"] for event in events] == ["ringing", "ringing", "ringing", "lost"]
    assert events[-1]["stage"] == "ring"


def test_dial_without_a_queue_and_odd_channels():
    end = block(
        "DialEnd", 1795443585.0, Uniqueid=CALL, DestUniqueid="x.1", DestChannel="SIP/602-0000002a", DialStatus="ANSWER"
    )
    assert told(RING, DIAL, end)[-1]["agent"] == "602"
    assert not told(end.replace("ANSWER", "NOANSWER"))
    for channel, extension in (
        ("PJSIP/601", "601"), ("PJSIP/601-0000002a", "601"), ("Local/603@queue-0001;1", "603"),
        ("Agent/604", "604"), ("", ""), ("odd", ""),
    ):  # fmt: skip
        assert asterisk.extension_of(channel) == extension


def test_only_calls_of_the_wanted_contexts():
    out = {"Uniqueid": "1.9", "Linkedid": "1.9"}
    foreign = [
        block("Newchannel", 1795443575.0, Context="from-desk", **out),
        block("DialBegin", 1795443576.0, **out),
        block("Hangup", 1795443577.0, **out),
    ]
    assert not told(*foreign, contexts=frozenset({"from-112"}))
    assert len(told(RING, contexts=frozenset({"from-112"}))) == 1


def test_hidden_numbers_long_ids_missing_times_and_noise():
    hidden = told(RING.replace("08123456789", "<unknown>"))[0]
    assert "number" not in hidden
    long = told(RING.replace(CALL, "x" * 200))[0]
    assert len(long["id"]) == 64 and len(long["call"]) == 64
    bare = told({"Event": "Newchannel", "Uniqueid": CALL, "Linkedid": CALL}, simulated=True)[0]
    assert bare["at"].endswith("+00:00") and "35" in bare["at"] and bare["simulated"]
    odd = told({"Event": "Hangup", "Uniqueid": "a", "Timestamp": "yesterday"}, clock=lambda: 0.0)[0]
    assert odd["at"] == "1970-01-01T00:00:00+00:00"
    for noise in ("", ":", "Event: VarSet\r\nUniqueid: 1", {}, {"Event": "Newchannel"}, {"type": "X", "channel": {}}):
        assert told(noise) == []


def test_the_memory_has_an_end():
    translator = asterisk.Translator()
    for number in range(asterisk.MOST_CALLS + 10):
        translator.translate({"Event": "Newchannel", "Uniqueid": f"{number}", "Linkedid": f"{number}"})
    assert len(translator.calls) == asterisk.MOST_CALLS


def ari(kind: str, own: str, state: str = "Ring", **more: Any) -> dict[str, Any]:
    return {
        "type": kind, "timestamp": "2026-11-22T14:19:35.123+0800", "application": "112", "asterisk_id": "a",
        "channel": {
            "id": own, "name": f"PJSIP/{601 if own != CALL else 'trunk'}-0001", "state": state,
            "caller": {"name": "", "number": "0811"}, "connected": {"name": "", "number": ""},
            "dialplan": {"context": "from-112", "exten": "112", "priority": 1},
            "channelvars": {"CHANNEL(linkedid)": CALL},
        },
    } | more  # fmt: skip


def test_ari():
    leg = "1795443580.42"
    events = told(
        ari("StasisStart", CALL), ari("ChannelStateChange", CALL, "Up"), ari("ChannelStateChange", leg, "Ringing"),
        ari("ChannelStateChange", leg, "Up"), ari("ChannelDestroyed", leg), ari("ChannelDestroyed", CALL, cause=16),
    )  # fmt: skip
    assert [event["type"] for event in events] == ["ringing", "ringing", "answered", "ended"]
    assert events[0]["at"] == "2026-11-22T06:19:35.123000+00:00" and events[0]["number"] == "0811"
    assert events[2]["agent"] == "601" and {event["call"] for event in events} == {CALL}
    assert told(ari("StasisStart", CALL), ari("ChannelDestroyed", CALL))[-1] == {
        "id": f"{CALL}-ChannelDestroyed-2026-11-22T14:19:35.123+0800", "type": "lost", "call": CALL,
        "at": "2026-11-22T06:19:35.123000+00:00", "stage": "menu",
    }  # fmt: skip
    dial = {
        "type": "Dial", "timestamp": "bad", "dialstatus": "ANSWER", "caller": {"id": CALL, "name": "PJSIP/trunk-1"},
        "peer": {"id": leg, "name": "PJSIP/605-0002"},
    }  # fmt: skip
    assert told(dial)[0]["agent"] == "605"
    assert not told(ari("StasisStart", CALL), contexts=frozenset({"other"}))


def test_the_outbox_keeps_order_and_forgets_only_what_was_taken(tmp_path: Path):
    box = asterisk.Outbox(tmp_path / "x" / "box.sqlite3")
    box.add([{"id": str(number)} for number in range(5)])
    box.add([{"id": "0"}])
    box.drop([number for number, _event in box.oldest(2)])
    box.close()
    again = asterisk.Outbox(tmp_path / "x" / "box.sqlite3")
    assert [event["id"] for _n, event in again.oldest()] == ["2", "3", "4"] and len(again) == 3
    assert (tmp_path / "x" / "box.sqlite3").stat().st_mode & 0o077 == 0


# --- a real connection ------------------------------------------------------------------------------------------------


class Exchange:
    """Speaks AMI on a real port: banner, sign-in, then what `scripts` says, one entry a connection."""

    def __init__(self, scripts: list[list[str]]) -> None:
        self.scripts, self.logins, self.pings = scripts, [], 0
        self.server: asyncio.Server | None = None

    async def start(self) -> int:
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"Asterisk Call Manager/9.0.0\r\n")
            login = asterisk.parse((await reader.readuntil(b"\r\n\r\n")).decode())
            self.logins.append(login)
            good = login["Secret"] == "rahasia"
            writer.write(
                f"Response: {'Success' if good else 'Error'}\r\nActionID: {login['ActionID']}\r\n"
                f"Message: {'Authentication accepted' if good else 'Authentication failed'}\r\n\r\n".encode()
            )
            if not good or not self.scripts:
                await reader.readuntil(b"\r\n\r\n")
                self.pings += 1
                return
            for piece in self.scripts.pop(0):
                writer.write(piece.encode())
                await writer.drain()
                await asyncio.sleep(0.01)
            if not self.scripts:
                await reader.readuntil(b"\r\n\r\n")  # stays, and hears a ping
                self.pings += 1
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class City:
    """The city's server, seen from outside: keeps what is posted, fails as often as told."""

    def __init__(self) -> None:
        self.taken: dict[str, dict[str, Any]] = {}
        self.failures: list[int] = []
        self.keys: set[str] = set()
        city = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                city.keys.add(self.headers["Authorization"])
                status = city.failures.pop(0) if city.failures else 200
                answer = []
                if status == 200:
                    for event in events:
                        city.taken[event["id"]] = event
                        answer.append({"id": event["id"], "call": 1, "problem": None})
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *given: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def town():
    city = City()
    yield city
    city.server.shutdown()
    city.server.server_close()


async def until(check: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not check():
            await asyncio.sleep(0.02)


def play(
    exchange: Exchange, url: str, box: asterisk.Outbox, act: Callable[[asterisk.Client], Awaitable[None]],
    key: str = "kunci", password: str = "rahasia",
) -> list[str]:  # fmt: skip
    said: list[str] = []

    async def whole() -> None:
        port = await exchange.start()
        client = asterisk.Client(
            host="127.0.0.1", port=port, user="tepian", password=password, url=url, key=key, outbox=box,
            say=said.append, longest_wait=0.05, ping_s=0.05, silence_s=2,
        )  # fmt: skip
        running = asyncio.create_task(client.run())
        try:
            await act(client)
        finally:
            client.stopping.set()
            await running
            exchange.server.close()

    asyncio.run(whole())
    return said


def patient(monkeypatch) -> None:
    monkeypatch.setattr(asterisk, "backoff", lambda longest=0.05: iter(lambda: 0.05, None))


def test_the_line_breaks_in_the_middle_of_a_call(town, tmp_path, monkeypatch):
    patient(monkeypatch)
    box = asterisk.Outbox(tmp_path / "box.sqlite3")
    half = CONNECT[: len(CONNECT) // 2]
    exchange = Exchange([[RING[:20], RING[20:] + JOIN, half], [CONNECT, HANGUP]])

    async def act(client: asterisk.Client) -> None:
        await until(lambda: any(event["type"] == "ended" for event in town.taken.values()))
        await until(lambda: exchange.pings > 0)

    said = play(exchange, town.url, box, act)
    assert [event["type"] for event in town.taken.values()] == ["ringing", "ringing", "answered", "ended"]
    assert len(exchange.logins) == 2 and exchange.logins[0]["Username"] == "tepian" and len(box) == 0
    assert town.keys == {"Bearer kunci"}
    assert any("cannot be reached" in words for words in said) and not any("rahasia" in words for words in said)


def test_the_server_restarts_and_nothing_is_lost(town, tmp_path, monkeypatch):
    patient(monkeypatch)
    town.failures = [503, 500, 401, 503]
    box = asterisk.Outbox(tmp_path / "box.sqlite3")

    async def act(client: asterisk.Client) -> None:
        await until(lambda: len(town.taken) == 5)

    said = play(Exchange([[RING, JOIN, DIAL, CONNECT, HANGUP]]), town.url, box, act)
    assert len(box) == 0 and any("event(s) wait" in words for words in said)


def test_events_survive_the_client_itself(town, tmp_path, monkeypatch):
    patient(monkeypatch)
    box = asterisk.Outbox(tmp_path / "box.sqlite3")

    async def act(client: asterisk.Client) -> None:
        await until(lambda: len(box) == 2)

    play(Exchange([[RING, JOIN]]), "http://127.0.0.1:9", box, act)
    assert len(box) == 2
    box.close()
    again = asterisk.Outbox(tmp_path / "box.sqlite3")

    async def sent(client: asterisk.Client) -> None:
        await until(lambda: len(town.taken) == 2)

    play(Exchange([[]]), town.url, again, sent)
    assert len(again) == 0


def test_a_wrong_password_is_told(town, tmp_path, monkeypatch):
    patient(monkeypatch)
    box, exchange = asterisk.Outbox(tmp_path / "box.sqlite3"), Exchange([])

    async def act(client: asterisk.Client) -> None:
        await until(lambda: len(exchange.logins) >= 2)

    said = play(exchange, town.url, box, act, password="salah\r\nAction: Originate")
    assert any("Authentication failed" in words for words in said)
    assert exchange.logins[0]["Secret"] == "salahAction: Originate"


@pytest.mark.django_db(transaction=True)
def test_from_the_exchange_to_the_desk(live_server, tmp_path, monkeypatch):
    patient(monkeypatch)
    secret = identity.issue_device_key(actor=system("tests"), name="pbx")[1]
    box = asterisk.Outbox(tmp_path / "box.sqlite3")
    now = __import__("time").time()
    moved = [each.replace("17954435", f"{int(now) - 100:010d}"[:8]) for each in (RING, JOIN, CONNECT, HANGUP)]

    async def act(client: asterisk.Client) -> None:
        await asyncio.sleep(0.2)
        await until(lambda: len(box) == 0)

    play(Exchange([moved]), live_server.url, box, act, key=secret)
    call = Call.objects.get()
    assert call.state == "ended" and call.number == "+628123456789" and call.events.count() == 4
