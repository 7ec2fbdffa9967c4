"""One sender: its packets in, its acknowledgements out."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .packets import (
    BAD_CREDENTIALS,
    BAD_TOPIC,
    BAD_VERSION,
    BUSY,
    CONNACK,
    CONNECT,
    DISCONNECT,
    MAX_IN_FLIGHT,
    MAX_PACKET,
    NO_ALIAS,
    NOT_AUTHORIZED,
    NOT_FOUND_SUBSCRIPTION,
    PINGREQ,
    PINGRESP,
    PROTOCOL_ERROR,
    PUBACK,
    PUBCOMP,
    PUBLISH,
    PUBREC,
    PUBREL,
    SUBACK,
    SUBSCRIBE,
    SUCCESS,
    TOO_LARGE,
    UNSUBACK,
    UNSUBSCRIBE,
    Broken,
    Reader,
    Refused,
    Wait,
    variable,
)

if TYPE_CHECKING:
    from . import MqttListener

log = logging.getLogger("tepian.mqtt")
RETRY_SECONDS = 0.1


@dataclass(slots=True)
class Doors:
    """What the listener asks of the house.

    `sign_in(username, password)` gives the sender or None; `read(topic, payload, sender, now_ms)` gives a row or raises
    `Refused`; `commit(rows)` gives an awaitable that is done when they are stored, and raises `Wait` at once when full.
    """

    sign_in: Callable[[str, str], Awaitable[Any]]
    read: Callable[[bytes, bytes, Any, int], Any]
    commit: Callable[[list[Any]], Awaitable[Any]]


@dataclass(slots=True)
class Counts:
    connections: int = 0
    received: int = 0
    stored: int = 0
    refused: int = 0
    broken: int = 0
    lost: int = 0
    last_refusal: str = ""


@dataclass(slots=True)
class Answers:
    """Acknowledgements for one read, in order; they go out when the rows of the read are committed."""

    rows: list[Any] = field(default_factory=list)
    acknowledgements: list[tuple[int, int, int]] = field(default_factory=list)  # (packet type, packet id, reason)


class Connection(asyncio.Protocol):
    """One sender."""

    def __init__(self, listener: MqttListener) -> None:
        self.listener = listener
        self.transport: asyncio.Transport | None = None
        self.buffer = bytearray()
        self.version = 0
        self.sender: Any = None
        self.signing_in = False
        self.keepalive = 0
        self.last_heard = time.monotonic()
        self.half_done: set[int] = set()
        self.in_flight = 0
        self.paused = False
        self.closing = False
        self.waiting: list[Answers] = []

    # --- transport ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.listener.join(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closing = True
        self.transport = None
        self.listener.leave(self)

    def data_received(self, data: bytes) -> None:
        if self.closing:
            return
        self.last_heard = time.monotonic()
        self.buffer += data
        if not self.signing_in:
            self._work()

    def _work(self) -> None:
        """Handle every whole packet in the buffer, then commit what they brought."""
        answers = Answers()
        buffer, place, end = self.buffer, 0, len(self.buffer)
        try:
            while end - place >= 2 and not self.signing_in and not self.closing:
                # Fixed header: type and flags, then up to four bytes of remaining length.
                if not self.version and buffer[place] != CONNECT << 4:
                    raise Broken(PROTOCOL_ERROR)
                length = shift = 0
                at = place + 1
                while True:
                    if at >= end:
                        length = -1
                        break
                    byte = buffer[at]
                    at += 1
                    length |= (byte & 0x7F) << shift
                    if not byte & 0x80:
                        break
                    shift += 7
                    if shift > 21:
                        raise Broken
                if length > MAX_PACKET:
                    raise Broken(TOO_LARGE)
                if length < 0 or end - at < length:
                    break
                first = buffer[place]
                body = bytes(buffer[at : at + length])
                place = at + length
                if first >> 4 == PUBLISH:
                    self._publish(first, body, answers)
                else:
                    self._packet(first, body, answers)
        except Broken as error:
            self.listener.counts.broken += 1
            del buffer[:]
            self._commit(answers)
            self.end(error.reason)
            return
        del buffer[:place]
        self._commit(answers)

    # --- packets ---

    def _packet(self, first: int, body: bytes, answers: Answers) -> None:
        kind, flags = first >> 4, first & 0x0F
        if kind == CONNECT:
            if self.version or flags:
                raise Broken(PROTOCOL_ERROR)
            self._connect(body)
            return
        if not self.version:
            raise Broken(PROTOCOL_ERROR)
        if (kind in {PUBREL, SUBSCRIBE, UNSUBSCRIBE} and flags != 2) or (kind in {PINGREQ, DISCONNECT} and flags):
            raise Broken
        if kind == PINGREQ:
            self.write(bytes((PINGRESP << 4, 0)))
        elif kind == PUBREL:
            number = Reader(body).number(2)
            self.half_done.discard(number)
            self.write(bytes((PUBCOMP << 4, 2)) + number.to_bytes(2, "big"))
        elif kind in {SUBSCRIBE, UNSUBSCRIBE}:
            self._subscribe(kind, body)
        elif kind == DISCONNECT:
            self._commit(answers)
            answers.rows, answers.acknowledgements = [], []
            self.closing = True
            if self.transport:
                self.transport.close()
        elif kind not in {PUBACK, PUBREC, PUBCOMP}:  # nothing is ever published to a sender
            raise Broken(PROTOCOL_ERROR)

    def _connect(self, body: bytes) -> None:
        reader = Reader(body)
        protocol, level = reader.blob(), reader.number(1)
        if (protocol, level) not in {(b"MQTT", 4), (b"MQTT", 5), (b"MQIsdp", 3)}:
            self.write(bytes((CONNACK << 4, 2, 0, 1)))  # 3.1.1: unacceptable protocol version
            raise Broken(BAD_VERSION)
        flags = reader.number(1)
        self.keepalive = reader.number(2)
        if flags & 1 or (flags & 0x18) == 0x18 or (not flags & 4 and flags & 0x38):
            raise Broken
        properties = reader.properties() if level == 5 else {}
        client = reader.text()
        if flags & 4:  # a will is read and forgotten: nobody subscribes here
            if level == 5:
                reader.properties()
            reader.text()
            reader.blob()
        username = reader.text() if flags & 0x80 else ""
        try:
            password = reader.blob().decode() if flags & 0x40 else ""
        except UnicodeDecodeError:
            password = ""
        if reader.rest:
            raise Broken
        self.version = level
        if 0x15 in properties:
            self._refuse_connection(0x8C)  # bad authentication method
            return
        assigned = b""
        if not client:
            if level < 5 and not flags & 2:
                self.write(bytes((CONNACK << 4, 2, 0, 2)))
                raise Broken
            assigned = f"t-{secrets.token_hex(8)}".encode()
        self.signing_in = True
        self.listener.spawn(self._sign_in(username, password, assigned))

    async def _sign_in(self, username: str, password: str, assigned: bytes) -> None:
        try:
            sender = await self.listener.doors.sign_in(username, password)
        except Exception:
            log.exception("sign-in failed")
            self._refuse_connection(BUSY)
            return
        if self.closing:
            return
        if sender is None:
            self._refuse_connection(BAD_CREDENTIALS)
            return
        self.sender = sender
        if self.version == 5:
            properties = (
                b"\x21"
                + MAX_IN_FLIGHT.to_bytes(2, "big")
                + b"\x27"
                + MAX_PACKET.to_bytes(4, "big")
                + b"\x2a\x00\x28\x00"
            )
            if assigned:
                properties += b"\x12" + len(assigned).to_bytes(2, "big") + assigned
            body = b"\x00\x00" + variable(len(properties)) + properties
            self.write(bytes((CONNACK << 4,)) + variable(len(body)) + body)
        else:
            self.write(bytes((CONNACK << 4, 2, 0, 0)))
        self.signing_in = False
        self._work()

    def _refuse_connection(self, reason: int) -> None:
        if self.version == 5:
            self.write(bytes((CONNACK << 4, 3, 0, reason, 0)))
        else:
            self.write(bytes((CONNACK << 4, 2, 0, 3 if reason == BUSY else 4)))
        self.closing = True
        if self.transport:
            self.transport.close()

    def _publish(self, first: int, body: bytes, answers: Answers) -> None:
        if self.sender is None:
            raise Broken(PROTOCOL_ERROR)
        qos = (first >> 1) & 3
        if qos == 3 or len(body) < 2:
            raise Broken
        place = 2 + (body[0] << 8 | body[1])
        topic = body[2:place]
        number = 0
        if qos:
            if len(body) < place + 2:
                raise Broken
            number = body[place] << 8 | body[place + 1]
            place += 2
            if not number:
                raise Broken(PROTOCOL_ERROR)
        elif place > len(body) or first & 8:
            raise Broken
        if self.version == 5:
            if body[place : place + 1] == b"\x00":  # the usual case: no properties
                place += 1
            else:
                reader = Reader(body)
                reader.place = place
                if 0x23 in reader.properties():
                    raise Broken(NO_ALIAS)
                place = reader.place
        if not topic or b"+" in topic or b"#" in topic or b"\x00" in topic:
            raise Broken(BAD_TOPIC)
        counts = self.listener.counts
        counts.received += 1
        acknowledgement = PUBREC if qos == 2 else PUBACK
        if qos == 2 and number in self.half_done:
            answers.acknowledgements.append((PUBREC, number, SUCCESS))
            return
        try:
            row = self.listener.doors.read(topic, body[place:], self.sender, self.listener.now_ms())
        except Refused as refusal:
            counts.refused += 1
            counts.last_refusal = f"{topic[:100].decode(errors='replace')}: {refusal}"
            if qos:
                answers.acknowledgements.append((acknowledgement, number, refusal.reason))
            return
        answers.rows.append(row)
        if qos:
            answers.acknowledgements.append((acknowledgement, number, SUCCESS))
        if qos == 2:
            if len(self.half_done) >= MAX_IN_FLIGHT:
                raise Broken(PROTOCOL_ERROR)
            self.half_done.add(number)

    def _subscribe(self, kind: int, body: bytes) -> None:
        """Refuse each wish by its code, in the order in which they came."""
        reader = Reader(body)
        number = reader.number(2)
        if self.version == 5:
            reader.properties()
        wishes = 0
        while reader.rest:
            reader.text()
            if kind == SUBSCRIBE and reader.number(1) & 0xC0 and self.version < 5:
                raise Broken
            wishes += 1
        if not wishes:
            raise Broken(PROTOCOL_ERROR)
        codes = b""
        if kind == SUBSCRIBE:
            codes = bytes((NOT_AUTHORIZED if self.version == 5 else 0x80,)) * wishes
        elif self.version == 5:
            codes = bytes((NOT_FOUND_SUBSCRIPTION,)) * wishes
        answer = number.to_bytes(2, "big") + (b"\x00" if self.version == 5 else b"") + codes
        self.write(bytes(((SUBACK if kind == SUBSCRIBE else UNSUBACK) << 4,)) + variable(len(answer)) + answer)

    # --- storing ---

    def _commit(self, answers: Answers) -> None:
        if self.waiting:  # keep the order behind what still waits for room
            if answers.rows or answers.acknowledgements:
                self.waiting.append(answers)
            return
        if not answers.rows:
            if answers.acknowledgements and not self.in_flight:
                self._acknowledge(answers)
            elif answers.acknowledgements:
                # Acknowledgements keep the order of the messages: these go out behind the rows still being stored.
                self._send(answers)
            return
        self._send(answers)

    def _send(self, answers: Answers) -> None:
        try:
            awaitable = self.listener.doors.commit(answers.rows)
        except Wait:
            self.waiting.append(answers)
            self._pause()
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._retry)
            return
        except Exception:
            self.end(BUSY)
            return
        self.in_flight += len(answers.rows) or 1
        if self.in_flight > MAX_IN_FLIGHT:
            self._pause()
        future = asyncio.ensure_future(awaitable)
        future.add_done_callback(lambda done: self._committed(done, answers))

    def _retry(self) -> None:
        waiting, self.waiting = self.waiting, []
        for answers in waiting:
            self._commit(answers)
        if not self.waiting:
            self._resume()

    def _committed(self, done: asyncio.Future[Any], answers: Answers) -> None:
        self.in_flight -= len(answers.rows) or 1
        counts = self.listener.counts
        if done.cancelled() or done.exception() is not None:
            # Without an acknowledgement the sender keeps its messages and sends them again after it reconnects.
            counts.lost += len(answers.rows) - len(answers.acknowledgements)
            self.end(BUSY)
            return
        counts.stored += len(answers.rows)
        if answers.acknowledgements:
            self._acknowledge(answers)
        if self.paused and self.in_flight < MAX_IN_FLIGHT // 2 and not self.waiting:
            self._resume()

    def _acknowledge(self, answers: Answers) -> None:
        out = bytearray()
        for kind, number, reason in answers.acknowledgements:
            if reason and self.version == 5:
                out += bytes((kind << 4, 3, number >> 8, number & 255, reason))
            else:
                out += bytes((kind << 4, 2, number >> 8, number & 255))
        self.write(bytes(out))

    # --- ends ---

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def end(self, reason: int) -> None:
        """Close; a sender that speaks version 5 is told why."""
        self.closing = True
        if self.transport is not None:
            if self.version == 5 and not self.signing_in:
                self.write(bytes((DISCONNECT << 4, 2, reason, 0)))
            self.transport.close()

    def _pause(self) -> None:
        if not self.paused and self.transport is not None:
            self.paused = True
            self.transport.pause_reading()

    def _resume(self) -> None:
        if self.paused and self.transport is not None and not self.transport.is_closing():
            self.paused = False
            self.transport.resume_reading()
