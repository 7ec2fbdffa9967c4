"""The fields of MQTT packets: numbers, texts, properties, and the reason codes that are used here."""

from __future__ import annotations

from typing import Any

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = 1, 2, 3, 4, 5, 6, 7
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = 8, 9, 10, 11, 12, 13, 14
MAX_PACKET = 256 * 1024
MAX_IN_FLIGHT = 4000

# Reason codes of MQTT 5 that are used here.
SUCCESS, NOT_AUTHORIZED, BAD_TOPIC, BAD_PAYLOAD, BUSY, MALFORMED, PROTOCOL_ERROR, TOO_LARGE = (
    0,
    0x87,
    0x90,
    0x99,
    0x89,
    0x81,
    0x82,
    0x95,
)
KEEPALIVE_TIMEOUT, BAD_CREDENTIALS, BAD_VERSION, SHUTTING_DOWN, NO_ALIAS, NOT_FOUND_SUBSCRIPTION = (
    0x8D,
    0x86,
    0x84,
    0x8B,
    0x94,
    0x11,
)

# Length of each property's value: 1, 2, 4 bytes, "v" variable integer, "s" text or bytes, "p" a pair of texts.
PROPERTIES: dict[int, Any] = {
    0x01: 1,
    0x02: 4,
    0x03: "s",
    0x08: "s",
    0x09: "s",
    0x0B: "v",
    0x11: 4,
    0x12: "s",
    0x13: 2,
    0x15: "s",
    0x16: "s",
    0x17: 1,
    0x18: 4,
    0x19: 1,
    0x1A: "s",
    0x1C: "s",
    0x1F: "s",
    0x21: 2,
    0x22: 2,
    0x23: 2,
    0x24: 1,
    0x25: 1,
    0x26: "p",
    0x27: 4,
    0x28: 1,
    0x29: 1,
    0x2A: 1,
}


class Refused(Exception):
    """This message will never be stored; `reason` is the MQTT 5 code, `topic` what it was sent to."""

    def __init__(self, reason: int, message: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class Wait(Exception):
    """The store is full of waiting readings: try the same rows again in a moment."""


class Broken(Exception):
    """The packet breaks the protocol: the connection ends with this reason."""

    def __init__(self, reason: int = MALFORMED, message: str = "") -> None:
        super().__init__(message)
        self.reason = reason


def variable(number: int) -> bytes:
    """A variable byte integer."""
    out = bytearray()
    while True:
        number, digit = number >> 7, number & 0x7F
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


class Reader:
    """Reads the fields of one packet; whatever does not fit is `Broken`."""

    __slots__ = ("data", "place")

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def take(self, count: int) -> bytes:
        end = self.place + count
        if end > len(self.data):
            raise Broken
        part = self.data[self.place : end]
        self.place = end
        return part

    def number(self, count: int) -> int:
        return int.from_bytes(self.take(count), "big")

    def blob(self) -> bytes:
        return self.take(self.number(2))

    def text(self) -> str:
        try:
            text = self.blob().decode()
        except UnicodeDecodeError:
            raise Broken from None
        if "\x00" in text:
            raise Broken
        return text

    def variable(self) -> int:
        value = shift = 0
        for _count in range(4):
            byte = self.number(1)
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
            shift += 7
        raise Broken

    def properties(self) -> dict[int, Any]:
        length = self.variable()
        end = self.place + length
        if end > len(self.data):
            raise Broken
        found: dict[int, Any] = {}
        while self.place < end:
            name = self.variable()
            kind = PROPERTIES.get(name)
            if kind is None:
                raise Broken
            if name in found and name not in {0x26, 0x0B}:
                raise Broken(PROTOCOL_ERROR)
            if kind == "s":
                found[name] = self.blob()
            elif kind == "p":
                found[name] = (self.blob(), self.blob())
            elif kind == "v":
                found[name] = self.variable()
            else:
                found[name] = self.number(kind)
        if self.place != end:
            raise Broken
        return found

    @property
    def rest(self) -> bytes:
        return self.data[self.place :]
