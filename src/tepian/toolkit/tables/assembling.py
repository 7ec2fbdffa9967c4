"""From the places of a table to the table: names, units, rows with their roles, typed cells, and what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from . import totals
from .columns import Meaning, Remark, Survey, typed
from .grids import Grid
from .layout import Block, Sheet, is_numbering
from .parts import Cell, Column, Finding, Limits, Row, Table, Value, address, letters
from .values import Raw, clean, heading_period, looks_numeric, text_of
from .words import CODE, DATE, INDEX, SNAKE_UNITS, YEAR, bracketed, is_note, is_unit, row_role, split_unit, title_unit

STRAY = 0.3  # a column without a heading needs more of its rows filled than this
JOINED = " – "
NUMERIC = {"number", "percent"}


@dataclass(slots=True)
class Told:
    """What a person has said about a file that cannot prove it itself: the decimal mark, whether dates are day first."""

    decimal: str = ""
    day_first: bool | None = None


@dataclass(slots=True)
class _Making:
    """One table while it is made."""

    sheet: Sheet
    block: Block
    limits: Limits
    told: Told
    findings: list[Finding] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)  # columns of the sheet
    labels: list[tuple[str, ...]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    fields: int = 0  # of the heading, where rows come as fields

    @property
    def grid(self) -> Grid:
        return self.sheet.grid

    def note(self, level: str, code: str, where: str = "", **params: object) -> None:
        self.findings.append(Finding(level, code, where, self.grid.sheet, params))


def table_of(sheet: Sheet, block: Block, limits: Limits, told: Told) -> Table | None:
    """The table at these places; None when nothing is left of it."""
    making = _Making(sheet, block, limits, told)
    _settle_lines(making)
    _settle_columns(making)
    if not making.lines or not making.numbers:
        return None
    surveys, raws = _survey(making)
    _settle_notation(making, surveys, raws)
    by_column = _cells(making, surveys, raws)
    columns = tuple(
        Column(
            number, name, labels, survey.kind, survey.unit,
            survey.decimal if survey.kind in NUMERIC else "", _period_of(labels),
        )
        for number, name, labels, survey in zip(making.numbers, making.names, making.labels, surveys, strict=True)
    )  # fmt: skip
    summed = [
        totals.Summed(index, column.number, column.name)
        for index, column in enumerate(columns)
        if totals.may_be_summed(column.kind, column.name, column.unit)
    ]
    names = [_first_text(making, line) for line in making.lines]
    making.findings += totals.check(making.grid.sheet, summed, making.lines, names, making.roles, by_column)
    top = min(block.header + making.lines)
    area = f"{address(top, min(making.numbers))}:{address(max(block.header + making.lines), max(making.numbers))}"
    titles = tuple(block.titles)
    return Table(
        making.grid.sheet, area, titles, columns, _rows(making, by_column), tuple(block.notes),
        _bounded(making.findings, limits), title_unit(titles),
    )  # fmt: skip


# --- lines -----------------------------------------------------------------------------------------------------------


def _settle_lines(making: _Making) -> None:
    """Which lines are rows, and of what role; repetitions of the heading are left out, rows with too many fields rejected."""
    sheet, block, grid = making.sheet, making.block, making.grid
    strip = block.columns
    if grid.is_text and block.header:
        making.fields = max(grid.fields.get(line, 0) for line in block.header)
    headings = {tuple(grid.rows[line]) for line in block.header}
    roles: dict[str, str] = {}
    short: list[int] = []
    for line in block.lines:
        row = grid.rows[line]
        filled = len(row) - row.count("") if len(strip) == len(row) else len(sheet.filled(line, strip))
        if filled > 1 and headings and tuple(row) in headings:
            making.note("info", "repeated_header", f"{address(line, strip[0])}:{address(line, strip[-1])}")
            continue
        role = ""
        for column in strip[:3]:
            cell = row[column - 1]
            if cell.__class__ is str and cell:
                text = str(cell)
                if (role := roles.get(text, "?")) == "?":
                    role = roles[text] = row_role(text)
                if role:
                    break
        fields = grid.fields.get(line, 0)
        if making.fields and fields > making.fields and any(cell != "" for cell in row[making.fields :]):
            where = f"{address(line, 1)}:{address(line, fields)}"
            making.note("error", "too_many_fields", where, count=fields, expected=making.fields)
            role = "rejected"
        elif not role and filled == 1 and len(strip) > 2:
            if is_numbering(sheet, line, strip):
                continue
            role = _role_of_single(sheet, line, strip)
            if role == "note":
                block.notes.append(sheet.text(line, strip))
                continue
        elif not role and filled > 2 and _is_repeated_numbering(making, line):
            making.note("info", "repeated_header", f"{address(line, strip[0])}:{address(line, strip[-1])}")
            continue
        if making.fields and 1 < fields < making.fields and role != "rejected":
            short.append(line)
        making.lines.append(line)
        making.roles.append(role or "data")
    if short:
        making.note("info", "too_few_fields", address(short[0], 1), count=len(short))
    for line in block.stray:
        places = sheet.filled(line, strip)
        where = address(line, places[0]) + (f":{address(line, places[-1])}" if len(places) > 1 else "")
        making.note("warning", "stray_cell", where, text=sheet.text(line, strip)[:80])
    if not block.header:
        making.note("warning", "no_header", address(min(block.lines, default=1), strip[0]))


def _is_repeated_numbering(making: _Making, line: int) -> bool:
    """Is it the line "(1) (2) (3)" again, on a later page? Not the first row: there it would be numbers in brackets."""
    strip = making.block.columns
    first = making.grid.rows[line][strip[0] - 1]
    return bool(making.lines) and str(first).startswith("(") and is_numbering(making.sheet, line, strip)


def _role_of_single(sheet: Sheet, line: int, strip: Sequence[int]) -> str:
    """A line with one filled cell: a heading among the rows, a note, or a row whose other cells are empty."""
    column = sheet.filled(line, strip)[0]
    raw = sheet.raw(line, column)
    if any((line, other) in sheet.covered and sheet.covered[line, other][0] != line for other in strip):
        return "data"  # it shares a merged cell with the rows above
    if not isinstance(raw, str) or looks_numeric(raw) or column not in strip[:2]:
        return "data"
    return "note" if is_note(raw) else "section"


def _first_text(making: _Making, line: int) -> str:
    filled = making.sheet.filled(line, making.numbers[:3])
    texts = [clean(raw) for column in filled if isinstance(raw := making.sheet.raw(line, column), str)]
    return texts[0] if texts else ""


# --- columns ---------------------------------------------------------------------------------------------------------


def _settle_columns(making: _Making) -> None:
    sheet, block = making.sheet, making.block
    header = [line for line in block.header if not is_numbering(sheet, line, block.columns)]
    unit_lines = {
        line
        for line in header
        if len(header) > 1 and line != header[0] and all(
            bracketed(text) or is_unit(text)
            for column in sheet.filled(line, block.columns)
            if (text := clean(text_of(sheet.raw(line, column))))
        )
    }  # fmt: skip
    grid_labels = [_labels_of_line(sheet, block.columns, header, n) for n in range(len(header))]
    fallback = title_unit(tuple(block.titles))
    kept = [line for line, role in zip(making.lines, making.roles, strict=True) if role not in {"rejected", "section"}]
    given: Counter[str] = Counter()
    for place, number in enumerate(block.columns):
        texts: list[str] = []
        unit = ""
        for line, labels in zip(header, grid_labels, strict=True):
            text = labels[place]
            if line in unit_lines:
                unit = bracketed(text) or text or unit
            if text and (not texts or texts[-1] != text):
                texts.append(text)
        if not texts and block.header:
            filled = [line for line in kept if making.grid.rows[line][number - 1] != ""]
            if not filled or (making.fields and number > making.fields):
                continue
            if len(filled) <= max(1, STRAY * len(kept)):
                for line in filled:
                    text = clean(text_of(sheet.raw(line, number)))[:80]
                    making.note("warning", "stray_cell", address(line, number), text=text)
                continue
            making.note("warning", "unnamed_column", letters(number))
        elif not texts and not any(making.grid.rows[line][number - 1] != "" for line in kept):
            continue
        name, found = _name_and_unit([text for text in texts if not (unit and (bracketed(text) or text) == unit)])
        name = name or letters(number)
        given[name] += 1
        if given[name] > 1:
            again = f"{name} ({given[name]})"
            making.note("info", "same_name", letters(number), name=name, given=again)
            name = again
        making.numbers.append(number)
        making.labels.append(tuple(texts))
        making.names.append(name)
        making.units.append(unit or found or fallback)


def _labels_of_line(sheet: Sheet, columns: list[int], header: list[int], n: int) -> list[str]:
    """The texts of one header line for all columns: merged cells filled, and gaps right of a group's name too, where the
    file knows no merged cells."""
    line = header[n]
    labels = [_shown(sheet.seen(line, column)) for column in columns]
    if n + 1 < len(header) and not any(sheet.across.get((line, column), 1) > 1 for column in columns):
        below = [_shown(sheet.raw(header[n + 1], column)) for column in columns]
        for place in range(1, len(columns)):
            if not labels[place] and below[place] and below[place - 1] and labels[place - 1]:
                labels[place] = labels[place - 1]
    return labels


def _shown(raw: Raw) -> str:
    return " ".join(text_of(raw).split())


def _name_and_unit(texts: list[str]) -> tuple[str, str]:
    unit = ""
    parts = []
    for text in texts:
        bare, found = split_unit(text)
        unit = found or unit
        parts.append(bare or text)
    if not unit and parts and "_" in parts[-1]:
        *before, last = parts[-1].lower().split("_")
        if unit := SNAKE_UNITS.get(last, ""):
            unit = f"per {unit}" if before[-1] == "per" else unit
    return JOINED.join(dict.fromkeys(parts)), unit


def _period_of(labels: tuple[str, ...]) -> str:
    return next((found for label in reversed(labels) if (found := heading_period(label))), "")


# --- cells -----------------------------------------------------------------------------------------------------------


def _survey(making: _Making) -> tuple[list[Survey], list[list[Raw]]]:
    grid, sheet = making.grid, making.sheet
    counted = [role not in {"section", "rejected"} for role in making.roles]
    labelled = [n for n, role in enumerate(making.roles) if counted[n] and role != "data"]
    texts_only = grid.is_text
    surveys, raws = [], []
    for number, name, unit in zip(making.numbers, making.names, making.units, strict=True):
        column: list[Raw] = [typed(grid.rows[line][number - 1]) for line in making.lines]
        if sheet.covered:
            _fill_merged(making, number, name, column)
        # "Jumlah" under the years names its row; it is no year that was not understood.
        labels = {n for n in labelled if isinstance(raw := column[n], str) and row_role(raw)}
        kept = [raw for n, raw in enumerate(column) if counted[n] and n not in labels]
        survey = Survey(name, unit, kept, texts_only, day_first=making.told.day_first)
        formats = grid.facts.formats
        if formats:
            found = [formats.get((line, number)) for line in making.lines]
            survey.percent_cells = sum(one is not None and one.percent for one in found)
            if not unit and (said := Counter(one.unit for one in found if one and one.unit)):
                survey.unit = said.most_common(1)[0][0]
            if survey.percent_cells * 2 >= max(1, len(kept) - kept.count("")) and survey.kind == "number":
                survey.kind, survey.unit = "percent", "%"
        if survey.kind not in NUMERIC and survey.unit == title_unit(tuple(making.block.titles)):
            survey.unit = ""  # said for the table's numbers
        surveys.append(survey)
        raws.append(column)
    return surveys, raws


def _fill_merged(making: _Making, number: int, name: str, column: list[Raw]) -> None:
    """Give the cells of a merge that reaches down the text of its first one; a number counts once only."""
    sheet = making.sheet
    names_rows = bool(YEAR.match(name) or CODE.match(name) or DATE.match(name) or INDEX.fullmatch(name))
    filled = 0
    for place, line in enumerate(making.lines):
        first = sheet.covered.get((line, number))
        if not first or column[place] != "" or first[0] == line or first[0] not in making.grid.rows:
            continue
        raw = typed(sheet.raw(*first))
        if (isinstance(raw, (str, date)) and not (isinstance(raw, str) and looks_numeric(raw))) or names_rows:
            column[place] = raw
            filled += raw != ""
        elif raw != "":
            making.note("warning", "merged_number", address(line, number))
    if filled:
        making.note("info", "filled_from_merge", letters(number), count=filled)


def _settle_notation(making: _Making, surveys: list[Survey], raws: list[list[Raw]]) -> None:
    """Decide columns such as "1.234" by what was told, by the totals, by the other columns, by the unit; only where the
    proofs do not contradict each other. What a total proves for one column is a proof for the others too."""
    numeric = [(survey, column) for survey, column in zip(surveys, raws, strict=True) if survey.kind in NUMERIC]
    proofs = {next(iter(one.proves)): one for one, _column in numeric if len(one.proves) == 1}
    undecided = [(survey, column) for survey, column in numeric if survey.undecided and len(survey.proves) < 2]
    if making.told.decimal:
        for survey, _column in undecided:
            survey.decimal = making.told.decimal
        return
    by_total = [_mark_by_total(making.roles, survey, column) for survey, column in undecided]
    for mark, (survey, _column) in zip(by_total, undecided, strict=True):
        if mark:
            proofs.setdefault(mark, survey)
    by_table = next(iter(proofs)) if len(proofs) == 1 else ""
    for total, (survey, _column) in zip(by_total, undecided, strict=True):
        by_unit = survey.whole_mark() if survey.counted() else ""
        said = {mark for mark in (by_unit, by_table, total) if mark}
        if len(said) != 1:
            continue
        survey.decimal = said.pop()
        params: dict[str, object] = {"text": survey.example(), "mark": survey.decimal, "unit": survey.unit}
        if total:
            code = "notation_from_total"
        elif by_table:
            code, params["proof"] = "notation_from_elsewhere", proofs[by_table].name
        else:
            code = "notation_from_unit"
        survey.remarks.append(Remark("info", code, survey.is_doubtful, params))


def _mark_by_total(roles: list[str], survey: Survey, column: list[Raw]) -> str:
    """The only decimal mark with which the totals agree, or ""."""
    if not totals.TOTALS & set(roles):
        return ""
    agrees = []
    for mark in ",.":
        values: list[Value] = [survey.value_with(raw, mark) if raw in survey.seen else None for raw in column]
        if totals.column_agrees(roles, values):
            agrees.append(mark)
    return agrees[0] if len(agrees) == 1 else ""


def _cells(making: _Making, surveys: list[Survey], raws: list[list[Raw]]) -> list[list[Cell]]:
    grid, lines = making.grid, making.lines
    rejected = {n for n, role in enumerate(making.roles) if role == "rejected"}
    found = []
    new = tuple.__new__
    for survey, number, column in zip(surveys, making.numbers, raws, strict=True):
        meanings = survey.meanings(since_1904=grid.since_1904)
        for raw in set(column) - meanings.keys():  # of sections and rejected rows
            text = text_of(raw)
            meanings[raw] = Meaning(text, clean(text) or None, "" if clean(text) else "empty")
        # Past the named constructor: there may be millions.
        cells = [new(Cell, (line, number, *meanings[raw])) for line, raw in zip(lines, column, strict=True)]
        for n in rejected:
            cells[n] = Cell(lines[n], number, cells[n].raw, None, "rejected" if cells[n].raw else "empty")
        if survey.kind in NUMERIC and survey.percent_cells:
            _scale_percent(making, survey, cells)
        if grid.unvalued or making.sheet.covered:
            _mark_special(making, number, cells)
        _place_remarks(making, survey, number, cells, column)
        found.append(cells)
    return found


def _scale_percent(making: _Making, survey: Survey, cells: list[Cell]) -> None:
    """A cell formatted as per cent holds 0.125 and shows 12.5%: the value is what it shows. Among plain numbers it is not
    understood, for it would be a hundredth of what people see."""
    grid = making.grid
    bare = []
    for n, cell in enumerate(cells):
        if cell.missing or not isinstance(cell.value, Decimal):
            continue
        said = grid.facts.formats.get((cell.row, cell.column))
        number = survey.seen[raw].number if (raw := grid.rows[cell.row][cell.column - 1]) in survey.seen else None
        if number is None:
            continue
        if not (said and said.percent):
            bare.append(cell.address)
            continue
        value = number.scaleb(2).normalize()
        value = value.quantize(Decimal(1)) if value == value.to_integral_value() else value
        text = f"{value:f}%"
        if survey.kind == "percent":
            cells[n] = cell._replace(raw=text, value=value)
        else:
            cells[n] = cell._replace(raw=text, value=None, missing="not_understood")
            params = {"name": survey.name, "kind": survey.kind, "text": text}
            making.note("warning", "not_understood", cell.address, **params)
    if bare and survey.kind == "percent":
        making.note("warning", "percent_mixed", bare[0], name=survey.name, count=len(bare), cells=bare[:20])


def _mark_special(making: _Making, number: int, cells: list[Cell]) -> None:
    """Cells that are empty for a reason of their own."""
    for n, cell in enumerate(cells):
        at = cell.row, number
        if at in making.grid.unvalued:
            cells[n] = cell._replace(value=None, missing="formula_without_value")
            making.note("warning", "formula_without_value", cell.address)
        elif cell.missing == "empty" and at in making.sheet.covered:
            cells[n] = cell._replace(missing="merged")


def _place_remarks(making: _Making, survey: Survey, number: int, cells: list[Cell], column: list[Raw]) -> None:
    for remark in survey.remarks:
        about: Callable[[Raw], bool] | None = remark.about
        if about is None:
            making.note(remark.level, remark.code, letters(number), **{"name": survey.name} | remark.params)
            continue
        concerned = {raw for raw in survey.counts if about(raw)}
        places = [
            cell
            for cell, raw, role in zip(cells, column, making.roles, strict=True)
            if raw in concerned and role not in {"section", "rejected"}
        ]
        if remark.each:
            for cell in places:
                if cell.missing not in {"formula_without_value", "merged"}:
                    making.note(
                        remark.level,
                        remark.code,
                        cell.address,
                        **{"name": survey.name} | remark.params | {"text": clean(cell.raw)[:60]},
                    )
        elif places:
            where = [cell.address for cell in places[:20]]
            making.note(remark.level, remark.code, where[0], **{"name": survey.name} | remark.params | {"cells": where})


def _rows(making: _Making, by_column: list[list[Cell]]) -> tuple[Row, ...]:
    rows = []
    section = ""
    for line, role, cells in zip(making.lines, making.roles, zip(*by_column, strict=True), strict=True):
        if role == "section":
            # From the sheet: it may stand in a column that the table does not have.
            section = making.sheet.text(line, making.block.columns)
        rows.append(Row(line, role, cells, section))
    return tuple(rows)


def _bounded(findings: list[Finding], limits: Limits) -> tuple[Finding, ...]:
    """Not more of one kind than the limits say; what is left out is counted."""
    counts: Counter[tuple[str, str]] = Counter()
    kept = []
    for finding in findings:
        key = finding.level, finding.code
        counts[key] += 1
        if counts[key] <= limits.findings:
            kept.append(finding)
    for (level, code), count in counts.items():
        if count > limits.findings:
            sheet = findings[0].sheet
            kept.append(Finding(level, "more", "", sheet, {"count": count - limits.findings, "of": code}))
    return tuple(kept)
