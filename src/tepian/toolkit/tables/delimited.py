"""CSV and its kin: encoding, delimiter and quotes found from the bytes."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field

from .grids import Grid
from .parts import Limits, Unreadable

DELIMITERS = "\t;|,"  # the rarer a mark is inside texts, the earlier it stands: that decides a tie
NAMES = {"\t": "TAB"}
SAMPLE = 200


def decode(data: bytes) -> tuple[str, str]:
    """The text and the name of its encoding: by its mark, else UTF-16 by its zeros, UTF-8 if it is, else cp1252.

    Raises `Unreadable`: undecodable, wrong_type (bytes that are no text).
    """
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            try:
                return data.decode(encoding), encoding
            except UnicodeDecodeError:
                raise Unreadable("undecodable") from None
    head = data[:4096]
    if b"\0" in head:
        evens, odds = head[0::2].count(0), head[1::2].count(0)
        encoding = "utf-16-le" if odds > evens else "utf-16-be"
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            raise Unreadable("wrong_type", found="binary") from None
        if max(evens, odds) < len(head) // 4 or "\0" in text:
            raise Unreadable("wrong_type", found="binary")
        return _prose(text), encoding
    for encoding in ("utf-8", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return _prose(text), encoding
    raise Unreadable("undecodable")


def _prose(text: str) -> str:
    """The text, unless its beginning is full of signs that no text has. Raises `Unreadable`."""
    head = text[:4096]
    odd = sum(not character.isprintable() and character not in "\t\n\r\f\ufeff\u00a0" for character in head)
    if odd > 4 + len(head) // 50:
        raise Unreadable("wrong_type", found="binary")
    return text


@dataclass(slots=True)
class Split:
    """The rows of a text and how they were found."""

    rows: list[list[str]] = field(default_factory=list)
    delimiter: str = ""
    doubtful: bool = False
    broken_line: int = 0


def split(text: str) -> Split:
    """Rows of fields. A first line `sep=;`, as spreadsheets write, settles the delimiter and is left empty."""
    told = re.match(r"\ufeff?sep=(.)\r?\n", text)
    if told:
        text = "\n" + text[told.end() :]  # keeps the numbers of the lines
    delimiter, doubtful = (told[1], False) if told else find_delimiter(text)
    found = Split(delimiter=delimiter, doubtful=doubtful)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        found.rows = list(reader)
    except csv.Error:
        found.broken_line = reader.line_num
        try:
            found.rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except csv.Error as error:
            raise Unreadable("broken", detail=str(error)) from None
    return found


def find_delimiter(text: str) -> tuple[str, bool]:
    """The mark that gives most lines the same number of fields; True when another one does so nearly as well."""
    sample = text[:200_000]
    scores: list[tuple[float, str]] = []
    for delimiter in DELIMITERS:
        if delimiter not in sample:
            continue
        rows = []
        try:
            for row in csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter):
                if any(field.strip() for field in row):
                    rows.append(row)
                if len(rows) >= SAMPLE:
                    break
        except csv.Error:
            continue
        widths = Counter(len(row) for row in rows if len(row) > 1)
        if not widths:
            continue
        times = max(widths.values())
        scores.append((times / len(rows), delimiter))
    if not scores:
        return ",", False
    if len(scores) > 1 and not re.search(r"(?<!\d),|,(?!\d)", sample):
        scores = [(score, delimiter) for score, delimiter in scores if delimiter != ","]  # decimal marks, all of them
    best = max(score for score, _delimiter in scores)
    near = [delimiter for score, delimiter in scores if score >= best - 1e-9]
    return near[0], sum(score > best - 0.02 for score, _delimiter in scores) > 1


def grid_of(data: bytes, name: str, limits: Limits) -> tuple[Grid, str, str]:
    """The grid, the encoding and the delimiter. Findings that concern the whole file are in the grid."""
    text, encoding = decode(data)
    if not text.strip("\ufeff \t\r\n"):
        raise Unreadable("empty_file")
    found = split(text)
    widest = max(map(len, found.rows), default=0)
    if widest > limits.columns:
        raise Unreadable("too_many_columns", sheet=name, count=widest, limit=limits.columns)
    grid = Grid("", is_text=True)
    grid.fields = {line: len(row) for line, row in enumerate(found.rows, 1) if row}
    grid.fill(found.rows, limits)  # type: ignore[arg-type]
    if encoding == "cp1252":
        grid.note("warning", "encoding_guessed", encoding=encoding)
    if found.broken_line:
        grid.note("warning", "quotes_broken", line=found.broken_line)
    if found.doubtful:
        grid.note("warning", "delimiter_doubtful", delimiter=NAMES.get(found.delimiter, found.delimiter))
    for line, row in grid.rows.items():
        for column, cell in enumerate(row, 1):
            if isinstance(cell, str) and cell[:1] == "=" and len(cell) > 1:
                grid.facts.computed += 1
                grid.unvalued.add((line, column))
    return grid, encoding, found.delimiter
