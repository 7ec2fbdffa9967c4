"""A document of blocks made into a PDF: the template's data, widths of columns, pictures without their makers' traces."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from tepian.toolkit import photos

from .glyphs import printable
from .parts import (
    Block,
    Chart,
    Column,
    Document,
    Facts,
    Heading,
    Note,
    PageBreak,
    Paragraph,
    Picture,
    Points,
    Table,
    TooLong,
    TypesetError,
)
from .rendering import render
from .words import words

STANDARD = ("a-2a", "ua-1")  # kept for long, and read aloud well
SECONDS = 120
LINE = 96  # letters of a table that stand side by side on a page
LONGEST_WORD, LONGEST_IN_HEADING, LONGEST_IN_TEXT = 24, 24, 70  # a longer word gets places where it may break
BROKEN_EVERY = 12
ZERO_WIDTH = "\u200b"
SUFFIXES = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"RIFF": "webp"}


def pdf(document: Document, *, created: datetime | None = None, seconds: int | None = SECONDS) -> bytes:
    """PDF/A-2a and PDF/UA-1: searchable, with bookmarks, and tags for screen readers. `created` and `seconds` as in `render`.

    A damaged picture does not cost the document: a note says that it belongs there. A document with pictures always gets
    a process of its own, for a small file can be a huge picture. Raises `TypesetError`.
    """
    files: dict[str, bytes] = {}
    blocks = _headed(_data(block, files, document.language) for block in document.blocks)
    if files and seconds is None:
        seconds = SECONDS
    try:
        return _render(document, blocks, files, created, seconds)
    except TooLong:
        raise
    except TypesetError:
        broken = _broken(list(files), files) if files else set()
        if not broken:
            raise
    blocks = [
        _unreadable(block["alt"], document.language) if block.get("file") in broken else block for block in blocks
    ]
    kept = {name: content for name, content in files.items() if name not in broken}
    return _render(document, blocks, kept, created, seconds)


def _render(
    document: Document,
    blocks: Sequence[dict[str, Any]],
    files: dict[str, bytes],
    created: datetime | None,
    seconds: int | None,
) -> bytes:
    data = {
        "organisation": document.organisation,
        "subtitle": document.subtitle,
        "date_text": document.date_text,
        "heading": breakable(document.title, most=LONGEST_IN_HEADING),
        "running": [_short(document.organisation, 60), _short(document.title, 70)],
        "foot": _short(document.date_text, 80),
        "contents": document.contents,
        "numbered": document.numbered,
        "blocks": blocks,
    }
    return render(
        "document", data, files=files, title=document.title, language=document.language, standard=STANDARD, packed=True,
        created=created, seconds=seconds,
    )  # fmt: skip


def _data(block: Block, files: dict[str, bytes], language: str) -> dict[str, Any]:
    match block:
        case Heading(text, level):
            return {"kind": "heading", "text": breakable(text, most=LONGEST_IN_HEADING), "level": level}
        case Paragraph(text, small):
            return {"kind": "paragraph", "text": breakable(text, most=LONGEST_IN_TEXT), "small": small}
        case Points(items, numbered):
            return {
                "kind": "points",
                "items": [breakable(item, most=LONGEST_IN_TEXT) for item in items],
                "numbered": numbered,
            }
        case Facts(rows):
            return {"kind": "facts", "rows": [[breakable(text) for text in row] for row in rows]}
        case Table():
            return _table(block)
        case Picture(content, alt, caption, source, width):
            try:
                clean = photos.without_traces(content)
            except photos.NotAPhoto:
                return _unreadable(alt, language)
            suffix = next(suffix for start, suffix in SUFFIXES.items() if clean.startswith(start))
            return _image(clean, suffix, alt, caption, source, width, files)
        case Chart(svg, alt, caption, source, width):
            clean = printable(svg.decode("utf-8", "replace")).encode()
            return _image(clean, "svg", alt, caption, source, width, files)
        case Note(text, title, warning):
            return {"kind": "note", "text": breakable(text, most=LONGEST_IN_TEXT), "title": title, "warning": warning}
        case PageBreak():
            return {"kind": "break"}


def _image(
    content: bytes, suffix: str, alt: str, caption: str, source: str, width: float, files: dict[str, bytes]
) -> dict[str, Any]:
    name = f"{hashlib.sha256(content).hexdigest()[:24]}.{suffix}"
    files[name] = content
    said = {
        "caption": breakable(caption, most=LONGEST_IN_TEXT),
        "source": breakable(source, most=LONGEST_IN_TEXT),
    }
    return {"kind": "image", "file": name, "alt": alt, "width": width, **said}


def _unreadable(alt: str, language: str) -> dict[str, Any]:
    return {"kind": "note", "text": words(language)["unreadable"], "title": alt, "warning": True}


def _broken(names: Sequence[str], files: Mapping[str, bytes]) -> set[str]:
    """Those that cannot be set, found by halves. Raises `TooLong`: a picture is not damaged because others are at work."""
    try:
        given = {name: files[name] for name in names}
        data = {"files": list(names)}
        render("pictures", data, files=given, title="-", language="en", standard=STANDARD, seconds=SECONDS)
    except TooLong:
        raise
    except TypesetError:
        if len(names) == 1:
            return set(names)
        middle = len(names) // 2
        return _broken(names[:middle], files) | _broken(names[middle:], files)
    return set()


def _headed(blocks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """No empty heading, and none more than one level below the one before it: who hears the document would seek what
    lies between. PDF/UA-1 demands both."""
    kept, before = [], 0
    for block in blocks:
        if block["kind"] == "heading":
            if not printable(block["text"]).strip():
                continue
            before = block["level"] = min(block["level"], before + 1)
        kept.append(block)
    return kept


# --- texts and tables -------------------------------------------------------------------------------------------------


def _table(table: Table) -> dict[str, Any]:
    heads = [breakable(column.title) for column in table.columns]
    rows = [[breakable(cell) for cell in row] for row in table.rows]
    return {
        "kind": "table",
        "heads": heads,
        "aligns": [column.align for column in table.columns],
        "widths": widths(table.columns, [heads, *rows], round(LINE * 1.5) if table.wide else LINE),
        "rows": rows,
        "caption": breakable(table.caption, most=LONGEST_IN_TEXT),
        "source": breakable(table.source, most=LONGEST_IN_TEXT),
        "totals": min(table.totals, len(rows)),
        "wide": table.wide,
    }


def widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], line: int) -> list[float]:
    """Shares of the table's width, together 1: no word is broken while there is room, and long texts get what is left."""
    least, wish = [], []
    for place in range(len(columns)):
        cells = [row[place] for row in rows]
        least.append(3 + max(len(part) for cell in cells for part in (*_words(cell), "")))
        lengths = sorted(max(len(text) for text in cell.split("\n")) for cell in cells)
        wish.append(max(least[-1], 2 + lengths[int(0.95 * (len(lengths) - 1))]))
    spare = max(0, line - sum(least))
    wanted = sum(wish) - sum(least)
    share = min(1.0, spare / wanted) if wanted else 0.0
    found = [low + (high - low) * share for low, high in zip(least, wish, strict=True)]
    free = sum(width for column, width in zip(columns, found, strict=True) if column.width is None)
    left = 1 - sum(column.width or 0 for column in columns)
    return [
        left * width / free if column.width is None else column.width
        for column, width in zip(columns, found, strict=True)
    ]


def _words(text: str) -> Iterable[str]:
    return text.replace(ZERO_WIDTH, " ").split()


def breakable(text: str, most: int = LONGEST_WORD) -> str:
    """Words that would leave their column get places where they may break."""
    if len(text) <= most:
        return text
    return re.sub(rf"\S{{{most + 1},}}", _with_breaks, text)


def _short(text: str, most: int) -> str:
    """In one line of at most `most` letters."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _with_breaks(found: re.Match[str]) -> str:
    word = found[0]
    return ZERO_WIDTH.join(word[at : at + BROKEN_EVERY] for at in range(0, len(word), BROKEN_EVERY))
