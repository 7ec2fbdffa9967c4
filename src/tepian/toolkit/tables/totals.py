"""Total rows: recognised by word, proved by sum."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from .parts import Cell, Finding, Value, address, letters, plain_value
from .words import NOT_SUMMED

NOTHING = {"empty", "dash", "ellipsis", "not_available", "nil", "merged"}  # counts as none of it in a sum
TOTALS = {"total", "subtotal"}


class Summed(NamedTuple):
    """A column that may be added up."""

    place: int  # among the table's columns
    number: int
    name: str


def may_be_summed(kind: str, name: str, unit: str) -> bool:
    return kind == "number" and not NOT_SUMMED.search(name) and "/" not in unit and unit != "%"


def candidates(roles: Sequence[str], at: int) -> list[list[int]]:
    """Rows that a total in row `at` may stand for: all before it, those since the last total or heading, or all after."""
    before_total = _since(roles, at, {"total"})
    since_marker = _since(roles, at, {"total", "subtotal", "section"})
    everything = [n for n in range(at) if roles[n] == "data"]
    found = []
    for rows in (before_total, since_marker, everything):
        if rows and rows not in found:
            found.append(rows)
    if not found:
        after = []
        for n in range(at + 1, len(roles)):
            if roles[n] == "total":
                break
            if roles[n] == "data":
                after.append(n)
        found = [after] if after else []
    return found


def _since(roles: Sequence[str], at: int, ends: set[str]) -> list[int]:
    rows: list[int] = []
    for n in range(at - 1, -1, -1):
        if roles[n] in ends:
            if roles[n] == "section" and not rows:
                continue
            break
        if roles[n] == "data":
            rows.append(n)
    return rows[::-1]


def difference(values: Sequence[Value], rows: Sequence[int], said: Decimal) -> Decimal | None:
    """The sum of the rows when it differs from what the total says by more than rounding, else None."""
    parts = [value for n in rows if isinstance(value := values[n], Decimal)]
    total = sum(parts, Decimal(0))
    places = max((-int(value.as_tuple().exponent) for value in (*parts, said)), default=0)
    allowed = Decimal(5).scaleb(-places - 1) * (len(parts) + 1) if places > 0 else Decimal(0)
    return total if abs(total - said) > allowed else None


def column_agrees(roles: Sequence[str], values: Sequence[Value]) -> bool | None:
    """Do all totals of one column agree with their rows? None when it has none that could be checked."""
    checked = False
    for at, role in enumerate(roles):
        said = values[at]
        if role not in TOTALS or not isinstance(said, Decimal):
            continue
        choices = [rows for rows in candidates(roles, at) if len(rows) > 1]
        if not choices:
            continue
        checked = True
        if all(difference(values, rows, said) is not None for rows in choices):
            return False
    return True if checked else None


def check(
    sheet: str,
    columns: Sequence[Summed],
    lines: Sequence[int],
    names: Sequence[str],
    roles: list[str],
    cells: Sequence[Sequence[Cell]],
) -> list[Finding]:
    """Settle what "perhaps" a total is (`roles` is changed) and report totals that do not agree. `cells` by column."""
    findings: list[Finding] = []
    values = [[cell.value for cell in cells[column.place]] for column in columns]
    proved: dict[int, int] = {}  # totals that agree, with the number of their rows
    for at, role in enumerate(roles):
        if role not in TOTALS | {"perhaps"}:
            continue
        choices = candidates(roles, at)
        told = [(place, column) for place, column in enumerate(columns) if isinstance(values[place][at], Decimal)]
        best: tuple[list[int], list[tuple[Summed, Decimal]], list[tuple[Summed, int]]] | None = None
        for rows in choices:
            wrong, unknown = [], []
            for place, column in told:
                said = values[place][at]
                assert isinstance(said, Decimal)
                if blind := sum(
                    values[place][n] is None and cells[column.place][n].missing not in NOTHING for n in rows
                ):
                    unknown.append((column, blind))
                elif (right := difference(values[place], rows, said)) is not None:
                    wrong.append((column, right))
            if best is None or len(wrong) < len(best[1]):
                best = rows, wrong, unknown
        if role == "perhaps":
            if best is None or best[1] or len(told) == len(best[2]) or len(best[0]) < 2:
                roles[at] = "data"
                continue
            roles[at] = "total"
            findings.append(Finding("info", "total_by_sum", address(lines[at], 1), sheet, {"text": names[at]}))
        if best is None:
            continue
        rows, wrong, unknown = best
        if roles[at] == "total" and not wrong and len(told) > len(unknown):
            proved[at] = len(rows)
        for column, right in wrong:
            where = address(lines[at], column.number)
            said = cells[column.place][at].value
            params = {
                "name": column.name,
                "found": plain_value(said),
                "expected": plain_value(right),
                "rows": len(rows),
            }
            findings.append(Finding("warning", "total_disagrees", where, sheet, params))
        for column, blind in unknown:
            where = address(lines[at], column.number)
            findings.append(
                Finding("warning", "total_not_checked", where, sheet, {"name": column.name, "count": blind})
            )
    everything = roles.count("data")
    for at, count in proved.items():
        if count < everything:
            roles[at] = "subtotal"  # the word says total, the sums say of a part only
    findings += _unmarked(sheet, columns, lines, names, roles, cells, values)
    return findings


def _unmarked(
    sheet: str,
    columns: Sequence[Summed],
    lines: Sequence[int],
    names: Sequence[str],
    roles: Sequence[str],
    cells: Sequence[Sequence[Cell]],
    values: Sequence[Sequence[Value]],
) -> list[Finding]:
    """A first or last row that is the sum of all others without saying so."""
    data = [n for n, role in enumerate(roles) if role == "data"]
    if len(data) < 4 or not columns or TOTALS & set(roles):
        return []
    for at in (data[-1], data[0]):
        others = [n for n in data if n != at]
        checked = 0
        for column, given in zip(columns, values, strict=True):
            said = given[at]
            whole = all(given[n] is not None or cells[column.place][n].missing in NOTHING for n in others)
            if not isinstance(said, Decimal) or not said or not whole:
                continue
            if difference(given, others, said) is not None:
                break
            checked += 1
        else:
            if checked:
                where = f"{address(lines[at], columns[0].number)}:{letters(columns[-1].number)}{lines[at]}"
                return [Finding("warning", "unmarked_total", where, sheet, {"text": names[at]})]
    return []
