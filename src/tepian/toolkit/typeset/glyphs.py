"""Which letters can be printed. PDF/A refuses a document with a letter that no font has, so such a letter becomes □.

`letters.txt` lists, in ranges, what typst's own fonts have (Latin, Greek, Cyrillic, Hebrew, Arabic, signs); a test prints
every one. Chinese, Lontara and the picture letters of chats are not among them: a document must not be lost by them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from pathlib import Path

MISSING = "\N{WHITE SQUARE}"
LETTERS = Path(__file__).with_name("letters.txt")
JOINERS = "\u200b-\u200f\ufe0e\ufe0f"
# Control characters, and the invisible letters that turn the direction of what follows: no name turns a line around.
_SILENT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u202a-\u202e\u2060-\u206f\ufeff]")
_BREAKS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
# Marks that hang on a letter of another script, which no one font has together; and Hebrew points, likewise.
_STRAY = re.compile(
    "(?<![A-Za-z\u00c0-\u058f\u1e00-\u1fff])[\u0300-\u036f]+"
    "|[\u0591-\u05bd\u05bf-\u05c7]+"
    "|(?<![\u0600-\u06ff])[\u064b-\u0655]+"
)


def printable(text: str) -> str:
    """The text in composed letters (NFC), with □ for each letter that no font has, without control characters; newlines
    stay, in one way of writing."""
    if text.isascii() and text.isprintable():
        return text
    text = _SILENT.sub("", _BREAKS.sub("\n", text).replace("\t", " "))
    return _STRAY.sub("", _unprintable().sub(MISSING, unicodedata.normalize("NFC", text)))


@cache
def _unprintable() -> re.Pattern[str]:
    """A letter without a glyph, with the joiners and variants that hang on it."""
    ranges = (part.partition("-") for part in LETTERS.read_text(encoding="ascii").split())
    inside = "".join(f"\\U{int(first, 16):08x}-\\U{int(last or first, 16):08x}" for first, _to, last in ranges)
    return re.compile(f"[^\n{JOINERS}{inside}][{JOINERS}]*")
