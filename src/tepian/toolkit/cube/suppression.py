"""Small figures are hidden, and others beside them, so that none can be worked out again from what stays published.

A figure below the threshold could point to a person (primary suppression). Alone in its line it would be the total minus
the others, so more figures of the line are hidden (complementary suppression; Hundepool et al., Statistical Disclosure
Control, Wiley 2012, chapter 4). What is promised, for the figures and totals of one indicator and period:

- No hidden figure, noughts apart, follows from the published ones by adding and subtracting, over however many lines.
- The sum of the hidden parts of a line whose total is published is not itself below the threshold.

It is not promised that the fewest figures are hidden, that a hidden figure cannot be narrowed down to a range, or anything
about what other tables or earlier editions publish.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from .parts import STATUS, SUPPRESSED, VALUE, Row, RowsRefused

Key = tuple[str, ...]
Totals = Mapping[str, str | Mapping[str, Collection[str]]]
PRIME = 2**61 - 1  # elimination over whole numbers modulo a prime: exact enough, and no number grows


class _Line(NamedTuple):
    """total = the sum of the parts."""

    total: Key
    parts: tuple[Key, ...]


def suppress(
    rows: Iterable[Row],
    columns: Sequence[str],
    *,
    dimensions: Sequence[str],
    threshold: float,
    totals: Totals | None = None,
) -> list[Row]:
    """The same rows in the same order; hidden ones have no value and status "s".

    columns: names of the cells of a row. Rows that agree in all columns but the dimensions, value and status belong
    together. threshold: values above 0 and below it are hidden. totals: dimension → the code that stands for all its
    other codes, or, where codes have levels, code → the codes it is the sum of. A figure without a value that has
    another status than "s" counts as nothing, which is the careful way: who reads the table may well count it so.

    Raises RowsRefused: columns, duplicate (two rows for one cell).
    """
    if not {*dimensions, VALUE, STATUS} <= set(columns) or not set(totals or {}) <= set(dimensions):
        raise RowsRefused("columns", columns=tuple(columns), expected=(*dimensions, VALUE, STATUS))
    places = [columns.index(one) for one in dimensions]
    value, status = columns.index(VALUE), columns.index(STATUS)
    others = [n for n in range(len(columns)) if n not in (*places, value, status)]
    answer = [tuple(row) for row in rows]
    groups: dict[Row, dict[Key, int]] = {}
    for number, row in enumerate(answer):
        cells = groups.setdefault(tuple(row[n] for n in others), {})
        if cells.setdefault(tuple(row[n] for n in places), number) != number:
            raise RowsRefused("duplicate", key={columns[n]: row[n] for n in (*others, *places)})
    for cells in groups.values():
        figures: dict[Key, float] = {}
        hidden: set[Key] = set()
        for key, number in cells.items():
            figure = answer[number][value]
            if figure is None and answer[number][status] == SUPPRESSED:
                hidden.add(key)
                figure = 0.0  # hidden by somebody before us; what is not known is not used either
            elif figure is not None and 0 < figure < threshold:
                hidden.add(key)
            if figure is not None:
                figures[key] = float(figure)
        if hidden:
            levels = [
                _levels(dict(totals or {}).get(one), {key[n] for key in figures}) for n, one in enumerate(dimensions)
            ]
            for key in _protected(figures, hidden, _lines(figures, levels), threshold):
                changed = list(answer[cells[key]])
                changed[value], changed[status] = None, SUPPRESSED
                answer[cells[key]] = tuple(changed)
    return answer


def _levels(total: str | Mapping[str, Collection[str]] | None, codes: set[str]) -> dict[str, frozenset[str]]:
    if total is None:
        return {}
    if isinstance(total, str):
        return {total: frozenset(codes - {total})} if total in codes else {}
    return {code: frozenset(parts) - {code} for code, parts in total.items() if code in codes}


def _lines(figures: Mapping[Key, float], levels: Sequence[Mapping[str, frozenset[str]]]) -> list[_Line]:
    """Every sum that the table shows: over one dimension, and over several at once, for a table may show the grand total
    and not the totals between."""
    lines = []
    summed = [n for n, level in enumerate(levels) if level]
    for size in range(1, len(summed) + 1):
        for over in itertools.combinations(summed, size):
            fixed = [n for n in range(len(levels)) if n not in over]
            beside: dict[Key, list[Key]] = {}
            for key in figures:
                beside.setdefault(tuple(key[n] for n in fixed), []).append(key)
            for same in beside.values():
                for total in same:
                    wanted = [(n, levels[n].get(total[n])) for n in over]
                    if any(parts is None for _, parts in wanted):
                        continue
                    parts = tuple(
                        key for key in same if all(key[n] in codes for n, codes in wanted if codes is not None)
                    )
                    if parts:
                        lines.append(_Line(total, parts))
    return lines


def _protected(figures: Mapping[Key, float], hidden: set[Key], lines: list[_Line], threshold: float) -> set[Key]:
    """All that must be hidden. Each turn hides more, so it ends."""
    secret = frozenset(hidden)
    of: dict[Key, list[_Line]] = {}
    for line in lines:
        for key in (line.total, *line.parts):
            of.setdefault(key, []).append(line)
    open_lines = {id(line): line for key in hidden for line in of.get(key, ())}
    while True:
        while open_lines:
            _, line = open_lines.popitem()
            chosen = _one_more(line, figures, hidden, threshold)
            if chosen is not None:
                hidden.add(chosen)
                open_lines.update((id(one), one) for one in of[chosen])
        more: set[Key] = set()
        known = set(_derivable(hidden, lines))
        for key in sorted(known):
            chosen = _smallest(of[key], figures, hidden | more)
            if chosen is None and (key in secret or figures[key]):
                # All its own lines are hidden already; it follows from lines further off.
                chosen = _smallest([line for one in hidden for line in of.get(one, ())], figures, hidden | more)
            if chosen is not None:
                more.add(chosen)
        if not more:
            # A nought among noughts follows in spite of everything; it was hidden for nothing and can be shown. Anything
            # else follows only when no line with a hidden figure shows one: then the lines that say so are not true.
            noughts = {key for key in known if not figures[key] and key not in secret}
            return hidden - noughts if noughts == known else hidden
        hidden |= more
        open_lines = {id(line): line for key in more for line in of[key]}


def _one_more(line: _Line, figures: Mapping[Key, float], hidden: set[Key], threshold: float) -> Key | None:
    """A figure to hide as well, or None when the line gives nothing away."""
    parts = [key for key in line.parts if key in hidden]
    if line.total in hidden:
        if parts:
            return None
        free = list(line.parts)
    elif not parts or (len(parts) > 1 and _rest(line, figures, hidden) >= threshold):
        return None
    else:
        # A nought protects nothing where everybody can guess it; then the total goes.
        free = [key for key in line.parts if key not in hidden and figures[key] > 0] or [line.total]
    return min(free, key=lambda key: _rank(key, figures))


def _smallest(lines: Iterable[_Line], figures: Mapping[Key, float], hidden: set[Key]) -> Key | None:
    free = {key for line in lines for key in (line.total, *line.parts) if key not in hidden}
    return min(free, key=lambda key: _rank(key, figures), default=None)


def _rest(line: _Line, figures: Mapping[Key, float], hidden: set[Key]) -> float:
    """The sum of the hidden parts, as every reader can tell it."""
    return figures[line.total] - sum(figures[key] for key in line.parts if key not in hidden)


def _rank(key: Key, figures: Mapping[Key, float]) -> tuple[bool, float, Key]:
    return figures[key] <= 0, figures[key], key


def _derivable(hidden: set[Key], lines: list[_Line]) -> list[Key]:
    """The hidden figures that follow from the published ones: those that the lines, as equations, leave no choice.

    By elimination (Gauss and Jordan): a reduced equation with one unknown gives it away.
    """
    reduced: dict[Key, dict[Key, int]] = {}  # pivot → its equation, in which no other pivot is left
    uses: dict[Key, set[Key]] = {}  # unknown → pivots of the equations that have it
    for line in lines:
        row = {key: 1 for key in line.parts if key in hidden}
        if line.total in hidden:
            row[line.total] = PRIME - 1
        for pivot in [key for key in row if key in reduced]:
            _subtract(row, reduced[pivot], row[pivot])
        if not row:
            continue
        pivot = min(row)
        inverse = pow(row[pivot], -1, PRIME)
        row = {key: factor * inverse % PRIME for key, factor in row.items()}
        for other in list(uses.get(pivot, ())):
            before = set(reduced[other])
            _subtract(reduced[other], row, reduced[other][pivot])
            for key in before - set(reduced[other]):
                uses[key].discard(other)
            for key in set(reduced[other]) - before:
                uses.setdefault(key, set()).add(other)
        reduced[pivot] = row
        for key in row:
            uses.setdefault(key, set()).add(pivot)
    return sorted(pivot for pivot, row in reduced.items() if len(row) == 1)


def _subtract(row: dict[Key, int], other: Mapping[Key, int], times: int) -> None:
    for key, factor in other.items():
        left = (row.get(key, 0) - factor * times) % PRIME
        if left:
            row[key] = left
        else:
            row.pop(key, None)


__all__ = ["Totals", "suppress"]
