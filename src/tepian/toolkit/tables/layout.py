"""Where the tables of a sheet lie: titles, header lines, rows, notes, beside and below one another."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby
from statistics import median

from .grids import Grid, Place
from .parts import Limits, Unreadable
from .values import Raw, clean, heading_period, looks_numeric, missing_reason, text_of
from .words import bracketed, is_note, is_unit

_NUMBERING = re.compile(r"\(\s*(\d{1,3}|[a-z])\s*\)(\s*=.*)?|\(\s*\d{1,3}\s*=.*\)", re.I)
_TITLE = re.compile(r"(tabel|table|lampiran|daftar|gambar|grafik)\b", re.I)
MOST_HEADER_LINES = 8
LOOK_AHEAD = 40  # lines that are enough to know what a table is like


@dataclass(slots=True)
class Block:
    """One table in a grid, as line and column numbers."""

    columns: list[int]
    header: list[int]
    lines: list[int]
    titles: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    above: list[int] = field(default_factory=list)  # lines of the titles
    stray: list[int] = field(default_factory=list)  # lines with a lone number that belongs to no row


class Sheet:
    """A grid with its merged cells resolved, and what can be asked of its lines."""

    def __init__(self, grid: Grid, limits: Limits) -> None:
        self.grid = grid
        self.lines = list(grid.rows)
        self.covered: dict[Place, Place] = {}
        self.across: dict[Place, int] = {}  # first cell of a merge → its width
        self.left_over: list[tuple[int, list[int]]] = []  # lines and columns that no table took
        for first, left, last, right in grid.facts.merges:
            right = min(right, grid.width)
            inside = self.lines[bisect_left(self.lines, first) : bisect_right(self.lines, last)]
            if len(self.covered) + len(inside) * max(0, right - left + 1) > limits.cells:
                raise Unreadable("area_too_large", sheet=grid.sheet, count=len(self.covered), limit=limits.cells)
            self.across[first, left] = right - left + 1
            for line in inside:
                for column in range(left, right + 1):
                    if (line, column) != (first, left):
                        self.covered[line, column] = first, left

    def raw(self, line: int, column: int) -> Raw:
        return self.grid.rows[line][column - 1]

    def seen(self, line: int, column: int) -> Raw:
        """The cell, or the first cell of the merge that covers it."""
        if (raw := self.raw(line, column)) == "" and (first := self.covered.get((line, column))):
            return self.raw(*first) if first[0] in self.grid.rows else ""
        return raw

    def filled(self, line: int, columns: Iterable[int]) -> list[int]:
        row = self.grid.rows[line]
        return [column for column in columns if row[column - 1] != ""]

    def counts(self, columns: list[int]) -> dict[int, int]:
        """How many cells of these columns are filled in each line that has any."""
        first, last = columns[0] - 1, columns[-1]
        if last - first == len(columns):  # side by side: counted without looking at each
            found = {line: len(columns) - row[first:last].count("") for line, row in self.grid.rows.items()}
        else:
            found = {line: len(self.filled(line, columns)) for line in self.lines}
        return {line: count for line, count in found.items() if count}

    def text(self, line: int, columns: Iterable[int]) -> str:
        """All texts of a line, as one."""
        return " ".join(clean(text_of(self.raw(line, column))) for column in self.filled(line, columns))


def blocks(sheet: Sheet) -> list[Block]:
    """The tables of a sheet from left to right, then from top to bottom."""
    found: list[Block] = []
    for strip in _strips(sheet):
        found += _tables_of(sheet, strip)
    return found


# --- beside one another ----------------------------------------------------------------------------------------------


def _strips(sheet: Sheet) -> list[list[int]]:
    """Columns between wholly empty ones; an empty column inside one table does not part it."""
    rows = sheet.grid.rows.values()
    used = [column for column, cells in enumerate(zip(*rows, strict=True), 1) if any(cell != "" for cell in cells)]
    runs = [[column for _n, column in run] for _key, run in groupby(enumerate(used), lambda item: item[1] - item[0])]
    strips = [runs[0]]
    for run in runs[1:]:
        if _stands_alone(sheet, strips[-1], run):
            strips.append(run)
        else:
            strips[-1] = strips[-1] + run
    return strips


def _stands_alone(sheet: Sheet, left: list[int], right: list[int]) -> bool:
    """Is `right` a table of its own, and not the rest of the one on its left?

    It must have a heading and texts that name its rows, and differ from its neighbour in where it begins or ends, or
    begin with the same heading.
    """
    if len(left) < 2 or len(right) < 2:
        return False
    wide = [[line for line in sheet.lines if len(sheet.filled(line, side)) >= 2] for side in (left, right)]
    if not wide[0] or len(wide[1]) < 2:
        return False
    head, *rest = wide[1][: LOOK_AHEAD + 1]
    labels = [sheet.raw(head, column) for column in sheet.filled(head, right)]
    if any(looks_numeric(label) and not _names_period(label) for label in labels):
        return False
    names = [raw for line in rest if (raw := sheet.raw(line, right[0])) != ""]
    if not names or sum(looks_numeric(raw) for raw in names) > len(names) / 2:
        return False
    same_label = sheet.raw(wide[0][0], left[0]) == sheet.raw(head, right[0])
    own_title = any(
        line < head and sheet.filled(line, right) and (line, right[0]) not in sheet.covered for line in sheet.lines
    )
    return same_label or own_title or wide[0][0] != head or wide[0][-1] != wide[1][-1]


# --- below one another -----------------------------------------------------------------------------------------------


def _tables_of(sheet: Sheet, strip: list[int]) -> list[Block]:
    counts = sheet.counts(strip)
    if len(strip) == 1:
        return _single_column(sheet, strip, list(counts))
    found: list[Block] = []
    current: Block | None = None
    pending: list[int] = []  # lines of one text that may belong to what is above or below
    for group in _groups(sheet, strip, counts):
        wide = next((n for n, line in enumerate(group) if counts[line] >= 2), None)
        if wide is None:
            pending += group
        elif current and not _begins_anew(sheet, strip, current, group[wide:], pending + group[:wide]):
            # What only interrupts the rows is a heading among them, unless it is a note.
            for line in pending + group:
                if counts[line] == 1 and is_note(sheet.text(line, strip)):
                    current.notes.append(sheet.text(line, strip))
                else:
                    current.lines.append(line)
            pending = []
        else:
            above = pending + group[:wide]
            if current:
                above = _leave_notes(sheet, strip, current, above)
            if block := _block(sheet, strip, above, group[wide:], counts):
                current, pending = block, []
                found.append(block)
            else:
                pending = above + group[wide:]  # a letterhead of several cells: it stands above what comes
    if current:
        _leave_notes(sheet, strip, current, pending, last=len(pending) - 1)
    else:
        sheet.left_over += [(line, strip) for line in pending]
    return found


def _groups(sheet: Sheet, strip: list[int], counts: dict[int, int]) -> list[list[int]]:
    """Lines without an empty one between them; a note or the title of a table also ends what stands above it."""
    groups: list[list[int]] = []
    before = -1
    single_before = False
    for line, count in counts.items():
        single = count == 1
        parts = False
        if single and not single_before:
            text = sheet.text(line, strip)
            parts = is_note(text) or bool(_TITLE.match(text))
        if line != before + 1 or parts:
            groups.append([])
        groups[-1].append(line)
        before, single_before = line, single
    return groups


def _leave_notes(
    sheet: Sheet, strip: list[int], current: Block, lines: list[int], last: int | None = None
) -> list[int]:
    """Give the lines up to the last note to the table above; the rest are titles of the one below."""
    if last is None:
        last = max((n for n, line in enumerate(lines) if is_note(sheet.text(line, strip))), default=-1)
    for line in lines[: last + 1]:
        if looks_numeric(sheet.raw(line, sheet.filled(line, strip)[0])):
            current.stray.append(line)
        else:
            current.notes.append(sheet.text(line, strip))
    return lines[last + 1 :]


def _begins_anew(sheet: Sheet, strip: list[int], current: Block, group: list[int], above: list[int]) -> bool:
    """Does a group of lines begin with a heading of its own, or go on with the rows of the table above?"""
    head = group[0]
    if not is_heading(sheet, head, strip):
        return False
    if any(_same(sheet, head, line, strip) for line in current.header):
        return False
    numeric = _numeric(sheet, current.lines[:LOOK_AHEAD], strip)
    if any(column not in numeric for column in _numeric(sheet, group[1:LOOK_AHEAD], sheet.filled(head, strip))):
        return True  # numbers begin under texts of this line where the table above has none
    if numeric:
        return any(
            (isinstance(raw := sheet.seen(head, column), str) and raw and not missing_reason(raw)) or _names_period(raw)
            for column in numeric
        )
    return any(_TITLE.match(sheet.text(line, strip)) for line in above)


def _numeric(sheet: Sheet, lines: list[int], columns: Iterable[int]) -> set[int]:
    """Columns in which most of the filled cells of these lines are numbers."""
    return {
        column
        for column in columns
        if (cells := [raw for line in lines if (raw := sheet.raw(line, column)) != ""])
        and sum(looks_numeric(raw) for raw in cells) * 2 > len(cells)
    }


def _same(sheet: Sheet, line: int, other: int, strip: list[int]) -> bool:
    return all(sheet.raw(line, column) == sheet.raw(other, column) for column in strip)


def _block(sheet: Sheet, strip: list[int], above: list[int], group: list[int], counts: dict[int, int]) -> Block | None:
    """A table from its first wide line on. Wide lines that are too narrow for a heading are titles."""
    ahead = [_breadth(sheet, line, strip) for line in group[: 2 * LOOK_AHEAD] if counts[line] >= 2]
    enough = max(2, median(ahead[1:] or ahead) / 2)
    start = next((n for n, line in enumerate(group) if _breadth(sheet, line, strip) >= enough), 0)
    titles = above + group[:start]
    rest = group[start:]
    header = _header(sheet, strip, rest)
    # A merged label over some of the columns, with nothing beside it, is the uppermost header line.
    while header and titles and titles[-1] == header[0] - 1 and _labels_some(sheet, titles[-1], strip):
        header.insert(0, titles.pop())
    lines = [line for line in rest if line not in header]
    if not lines and len(header) < 2:
        return None
    trailing: list[str] = []
    while lines and counts[lines[-1]] == 1 and is_note(sheet.text(lines[-1], strip)):
        trailing.insert(0, sheet.text(lines.pop(), strip))
    return Block(list(strip), header, lines, [sheet.text(line, strip) for line in titles], trailing, titles)


def _single_column(sheet: Sheet, strip: list[int], lines: list[int]) -> list[Block]:
    """One column is a table when numbers stand under a text; otherwise it is prose."""
    first = next((n for n, line in enumerate(lines) if looks_numeric(sheet.raw(line, strip[0]))), 0)
    if first < 1:
        sheet.left_over += [(line, strip) for line in lines]
        return []
    header, rows = lines[first - 1], lines[first:]
    notes: list[str] = []
    while rows and is_note(sheet.text(rows[-1], strip)):
        notes.insert(0, sheet.text(rows.pop(), strip))
    if sum(looks_numeric(sheet.raw(line, strip[0])) for line in rows) * 2 < len(rows):
        sheet.left_over += [(line, strip) for line in lines]
        return []
    return [Block(strip, [header], rows, [sheet.text(line, strip) for line in lines[: first - 1]], notes)]


# --- header lines ----------------------------------------------------------------------------------------------------


def _names_period(raw: Raw) -> bool:
    return bool(heading_period(text_of(raw)))


def _breadth(sheet: Sheet, line: int, strip: list[int]) -> int:
    """How many columns the line speaks for, merged cells with their width."""
    return sum(sheet.across.get((line, column), 1) for column in sheet.filled(line, strip))


def _labels_some(sheet: Sheet, line: int, strip: list[int]) -> bool:
    filled = sheet.filled(line, strip)
    width = sheet.across.get((line, filled[0]), 1) if len(filled) == 1 else 0
    return width > 1 and filled[0] != strip[0] and filled[0] + width - 1 <= strip[-1]


def is_heading(sheet: Sheet, line: int, strip: list[int]) -> bool:
    """Are all cells of the line texts that are no numbers, or years, periods, or a row of counting numbers?"""
    cells = [sheet.raw(line, column) for column in sheet.filled(line, strip)]
    texts = [raw for raw in cells if isinstance(raw, str) and not looks_numeric(raw)]
    others = [raw for raw in cells if not (isinstance(raw, str) and not looks_numeric(raw))]
    if sum(bool(missing_reason(text)) for text in texts) > len(texts) / 3:
        return False
    if all(_names_period(raw) for raw in others):
        return True
    numbers = [clean(text_of(raw)) for raw in others]
    first = int(numbers[0]) if numbers[0] in {"0", "1"} else 1
    return bool(texts) and len(numbers) > 2 and numbers == [str(first + n) for n in range(len(numbers))]


def is_numbering(sheet: Sheet, line: int, strip: list[int]) -> bool:
    """Is it the line "(1) (2) (3)" under a heading?"""
    texts = [clean(text_of(sheet.raw(line, column))) for column in sheet.filled(line, strip)]
    if len(texts) < 2:
        return False
    if all(_NUMBERING.fullmatch(text) for text in texts):
        return True
    return len(texts) >= max(3, len(strip) - 1) and texts == [str(n) for n in range(1, len(texts) + 1)]


def _header(sheet: Sheet, strip: list[int], lines: list[int]) -> list[int]:
    """The header lines at the beginning of a table; [] when it begins with data."""
    if not lines or not is_heading(sheet, lines[0], strip):
        return []
    header = [lines[0]]
    for line in lines[1:MOST_HEADER_LINES]:
        if line != header[-1] + 1:
            # Hidden behind an empty line there is no header line, only the line of column numbers sometimes.
            if is_numbering(sheet, line, strip):
                header.append(line)
            break
        if is_numbering(sheet, line, strip):
            header.append(line)
            break
        if not _goes_on(sheet, strip, header, line):
            break
        header.append(line)
    return header


def _goes_on(sheet: Sheet, strip: list[int], header: list[int], line: int) -> bool:
    """Is the line a further header line?"""
    filled = sheet.filled(line, strip)
    texts = [clean(text_of(sheet.raw(line, column))) for column in filled]
    if all(bracketed(text) or is_unit(text) for text in texts) and not any(text.isdigit() for text in texts):
        return True
    if any(sheet.covered.get((line, column), (0, 0))[0] in header for column in strip):
        return True  # a cell of the header reaches down into it
    if not is_heading(sheet, line, strip):
        return False
    before = header[-1]
    merged = [column for column in sheet.filled(before, strip) if sheet.across.get((before, column), 1) > 1]
    if merged:
        return (
            any(column + offset in filled for column in merged for offset in range(sheet.across[before, column]))
            # Years above, and below them the name of the first column, or nothing.
            and "" in (sheet.raw(line, strip[0]), sheet.seen(before, strip[0]))
        )
    gaps = [column for column in strip if sheet.seen(before, column) == ""]
    return any(column in filled for column in gaps) and sheet.raw(line, strip[0]) == ""
