"""Calendar files, read back line by line as RFC 5545 says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from tepian.toolkit.ical import Entry, calendar
from tepian.toolkit.text import plain

WITA = timezone(timedelta(hours=8))
AT = datetime(2026, 11, 22, 19, 0, tzinfo=WITA)


def read(text):
    """(name, value) of each content line, unfolded and unescaped."""
    lines = text.removesuffix("\r\n").replace("\r\n ", "").split("\r\n")
    found = []
    for line in lines:
        name, _colon, value = line.partition(":")
        kept, escaped = "", False
        for letter in value:
            if escaped:
                kept, escaped = kept + ("\n" if letter == "n" else letter), False
            elif letter == "\\":
                escaped = True
            else:
                kept += letter
        found.append((name, kept))
    return found


def entry(**more):
    return Entry(
        **{"uid": "a@b", "title": "T", "starts_at": AT, "ends_at": AT + timedelta(hours=2), "changed_at": AT} | more
    )


def test_an_entry_says_when_where_and_in_which_state():
    lines = dict(
        read(calendar([entry(place="Balai; ruang 2, lantai 1", sequence=3, url="https://x/y")], maker="-//A//B//ID"))
    )
    assert lines["DTSTART"] == "20261122T110000Z"
    assert lines["DTEND"] == "20261122T130000Z"
    assert lines["LOCATION"] == "Balai; ruang 2, lantai 1"
    assert (lines["STATUS"], lines["SEQUENCE"], lines["URL"]) == ("CONFIRMED", "3", "https://x/y")
    assert dict(read(calendar([entry(cancelled=True)], maker="m")))["STATUS"] == "CANCELLED"


@given(st.text(max_size=300), st.text(max_size=300))
def test_any_text_comes_back_whole_and_no_line_is_too_long(title, text):
    written = calendar([entry(title=title, text=text)], maker="m", name=title)
    assert all(len(line.encode()) <= 75 for line in written.split("\r\n"))
    found = read(written)
    assert ("SUMMARY", plain(title)) in found
    if plain(text):
        assert ("DESCRIPTION", plain(text)) in found
    assert [value for name, value in found if name == "BEGIN"] == ["VCALENDAR", "VEVENT"]


def test_an_empty_calendar_is_one():
    assert read(calendar([], maker="m"))[-1] == ("END", "VCALENDAR")
    assert entry().starts_at.astimezone(UTC).hour == 11
