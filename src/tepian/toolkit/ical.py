"""Calendar files (RFC 5545) that every phone's calendar reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from .text import plain


@dataclass(frozen=True, slots=True)
class Entry:
    """One VEVENT. `uid` stays the same through all its changes, `sequence` grows with each."""

    uid: str
    title: str
    starts_at: datetime
    ends_at: datetime
    changed_at: datetime
    sequence: int = 0
    place: str = ""
    text: str = ""
    url: str = ""
    cancelled: bool = False


def calendar(entries: Iterable[Entry], *, maker: str, name: str = "") -> str:
    """A VCALENDAR. `maker` names the program (PRODID), `name` is shown by calendars that subscribe."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{_text(maker)}", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    if name:
        lines.append(f"X-WR-CALNAME:{_text(name)}")
    for entry in entries:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(entry.uid)}",
            f"DTSTAMP:{_utc(entry.changed_at)}",
            f"LAST-MODIFIED:{_utc(entry.changed_at)}",
            f"SEQUENCE:{entry.sequence}",
            f"DTSTART:{_utc(entry.starts_at)}",
            f"DTEND:{_utc(entry.ends_at)}",
            f"SUMMARY:{_text(entry.title)}",
            f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}",
        ]
        lines += [
            f"{key}:{_text(value)}" for key, value in (("LOCATION", entry.place), ("DESCRIPTION", entry.text)) if value
        ]
        if entry.url:
            lines.append(f"URL:{entry.url}")
        lines.append("END:VEVENT")
    lines.append("END:VCALENDAR")
    return "".join(f"{folded}\r\n" for line in lines for folded in _fold(line))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(value: str) -> str:
    escaped = plain(value).replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return escaped.replace("\n", "\\n")


def _fold(line: str) -> Iterable[str]:
    """Lines of at most 75 octets, never cut inside a character; the rest goes on after a space (3.1)."""
    piece, size = "", 0
    for character in line:
        width = len(character.encode())
        if size + width > 75:
            yield piece
            piece, size = " ", 1
        piece, size = piece + character, size + width
    yield piece
