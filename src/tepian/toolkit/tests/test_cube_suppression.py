"""Nothing hidden can be worked out again from what is published."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tepian.toolkit.cube import RowsRefused, suppress

COLUMNS = ("indicator", "time", "a", "b", "c", "value", "status")
DIMENSIONS = ("a", "b", "c")
TOTALS = dict.fromkeys(DIMENSIONS, "T")
THRESHOLD = 5


def hide(cells, totals=TOTALS, threshold=THRESHOLD):
    """Cells {(a, b, c): value or None} → the same after suppression, and which are hidden."""
    rows = [("i", "2024", *key, value, "" if value is not None else "m") for key, value in cells.items()]
    found = suppress(rows, COLUMNS, dimensions=DIMENSIONS, threshold=threshold, totals=totals)
    assert [row[:5] for row in found] == [row[:5] for row in rows]
    for row, before in zip(found, rows, strict=True):
        assert row == before or row[5:] == (None, "s")
    return {row[2:5] for row in found if row[6] == "s"}


def sums(cells, parts_of, dropped=()):
    """Every sum that anybody could take for true: each figure that stands for others, over each set of dimensions.

    Parts that were never there count as nothing; of the totals in `dropped` everybody knows that they are missing.
    """
    for key in cells:
        for size in (1, 2, 3):
            for over in itertools.combinations(range(3), size):
                lists = [parts_of(n, key[n]) if n in over else [key[n]] for n in range(3)]
                if all(lists):
                    parts = [one for one in itertools.product(*lists) if one in cells or one in dropped]
                    if parts:
                        yield key, parts


def worked_out(cells, hidden, parts_of, dropped=()):
    """Hidden figures that are fixed by all the sums together: putting one more equation about it adds no rank."""
    unknown = sorted({*hidden, *dropped})
    rows = []
    for total, parts in sums(cells, parts_of, dropped):
        row = np.zeros(len(unknown))
        for key, sign in [(total, -1), *((key, 1) for key in parts)]:
            if key in hidden or key in dropped:
                row[unknown.index(key)] += sign
        if row.any():
            rows.append(row)
    if not rows:
        return []
    matrix = np.array(rows)
    rank = np.linalg.matrix_rank(matrix)
    one = np.eye(len(unknown))
    fixed = [key for n, key in enumerate(unknown) if np.linalg.matrix_rank(np.vstack((matrix, one[n]))) == rank]
    return [key for key in fixed if key in hidden]


def plain_parts(sizes):
    codes = [[f"{n}" for n in range(size)] for size in sizes]
    return lambda dimension, code: codes[dimension] if code == "T" else []


@st.composite
def published(draw):
    """A table with totals, of which some figures and some totals are not there."""
    sizes = draw(st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)))
    inner = list(itertools.product(*([f"{n}" for n in range(size)] for size in sizes)))
    numbers = st.one_of(st.integers(0, 8), st.integers(0, 200), st.just(0))
    cells = {key: float(draw(numbers)) for key in inner}
    for key in draw(st.lists(st.sampled_from(inner), max_size=4)):
        cells.pop(key, None)
    whole = dict(cells)
    for over in [s for size in (1, 2, 3) for s in itertools.combinations(range(3), size)]:
        for key, value in cells.items():
            total = tuple("T" if n in over else code for n, code in enumerate(key))
            whole[total] = whole.get(total, 0.0) + value
    dropped = set()
    for key in draw(st.lists(st.sampled_from(sorted(whole)), max_size=6)) if whole else []:
        if "T" in key:
            whole.pop(key, None)
            dropped.add(key)
        elif whole.get(key) == 0:
            whole[key] = None
    return sizes, whole, dropped


@settings(max_examples=300, deadline=None)
@given(published())
def test_nothing_hidden_follows_from_the_rest(table):
    sizes, cells, dropped = table
    hidden = hide(cells)
    there = {key: value for key, value in cells.items() if value is not None}
    assert {key for key, value in there.items() if 0 < value < THRESHOLD} <= hidden
    parts_of = plain_parts(sizes)
    assert [key for key in worked_out(there, hidden, parts_of, dropped) if there[key]] == []
    for total, parts in sums(there, parts_of, dropped):
        secret = [key for key in parts if key in hidden]
        if total not in hidden and secret and not dropped & set(parts):
            rest = there[total] - sum(there[key] for key in parts if key not in hidden)
            assert rest == 0 or (rest >= THRESHOLD and len(secret) > 1)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=6, max_size=6), st.lists(st.integers(0, 30), min_size=6, max_size=6))
def test_codes_with_levels(one, other):
    levels = {"city": ["north", "south"], "north": ["n1", "n2", "n3"], "south": ["s1", "s2", "s3"]}
    cells = {}
    for sex, values in (("f", one), ("m", other)):
        for code, value in zip([*levels["north"], *levels["south"]], values, strict=True):
            for parent in (code, "north" if code[0] == "n" else "south", "city"):
                for shown in (sex, "T"):
                    key = (parent, shown, "x")
                    cells[key] = cells.get(key, 0.0) + value
    hidden = hide(cells, {"a": levels, "b": "T"})

    def parts_of(dimension, code):
        return levels.get(code, []) if dimension == 0 else ["f", "m"] if dimension == 1 and code == "T" else []

    assert {key for key, value in cells.items() if 0 < value < THRESHOLD} <= hidden
    assert [key for key in worked_out(cells, hidden, parts_of) if cells[key]] == []


def test_one_small_figure_takes_the_next_smallest_with_it():
    cells = {("0", "x", "x"): 3.0, ("1", "x", "x"): 40.0, ("2", "x", "x"): 9.0, ("T", "x", "x"): 52.0}
    assert hide(cells) == {("0", "x", "x"), ("2", "x", "x")}


def test_a_nought_protects_nobody_so_the_total_goes():
    cells = {("0", "x", "x"): 3.0, ("1", "x", "x"): 0.0, ("T", "x", "x"): 3.0}
    assert hide(cells) == {("0", "x", "x"), ("T", "x", "x")}


def test_a_chain_over_two_dimensions_is_broken():
    """Two squares of hidden figures joined by one: each line hides two, and yet the joint follows from all together."""
    small = {("0", "0"), ("0", "1"), ("1", "0"), ("1", "1"), ("1", "2"), ("2", "2"), ("2", "3"), ("3", "2"), ("3", "3")}
    cells = {}
    for a, b in itertools.product("0123", "0123"):
        value = 4.0 if (a, b) in small else 100.0
        for key in itertools.product((a, "T"), (b, "T"), "x"):
            cells[key] = cells.get(key, 0.0) + value
    primary = {(a, b, "x") for a, b in small}
    assert worked_out(cells, primary, plain_parts((4, 4, 1))) == [("1", "2", "x")]
    hidden = hide(cells)
    assert primary < hidden
    assert worked_out(cells, hidden, plain_parts((4, 4, 1))) == []


def test_indicators_and_periods_are_apart_and_what_is_hidden_stays_so():
    rows = [
        ("i", "2023", "0", "x", "x", 2.0, ""),
        ("i", "2023", "1", "x", "x", 20.0, "p"),
        ("i", "2023", "T", "x", "x", 22.0, ""),
        ("i", "2024", "0", "x", "x", 12.0, ""),
        ("j", "2023", "1", "x", "x", 20.0, ""),
        ("k", "2023", "0", "x", "x", None, "s"),
        ("k", "2023", "1", "x", "x", 20.0, "e"),
        ("k", "2023", "T", "x", "x", 22.0, ""),
        ("l", "2023", "0", "x", "x", None, "m"),
    ]
    found = suppress(rows, COLUMNS, dimensions=DIMENSIONS, threshold=THRESHOLD, totals=TOTALS)
    assert [row[6] for row in found] == ["s", "s", "", "", "", "s", "s", "", "m"]
    assert suppress(found, COLUMNS, dimensions=DIMENSIONS, threshold=THRESHOLD, totals=TOTALS) == found
    assert suppress(rows[:5], COLUMNS, dimensions=DIMENSIONS, threshold=0, totals=TOTALS) == rows[:5]
    without_totals = suppress(rows[:3], COLUMNS, dimensions=DIMENSIONS, threshold=THRESHOLD)
    assert [row[6] for row in without_totals] == ["s", "p", ""]


def test_totals_that_do_not_add_up_end_all_the_same():
    cells = {("0", "x", "x"): 3.0, ("T", "x", "x"): 1.0, ("T", "T", "x"): 900.0, ("T", "x", "T"): 0.0}
    assert ("0", "x", "x") in hide(cells)


def test_what_is_refused():
    row = ("i", "2024", "0", "x", "x", 1.0, "")
    with pytest.raises(RowsRefused, match="duplicate"):
        suppress([row, row], COLUMNS, dimensions=DIMENSIONS, threshold=5)
    with pytest.raises(RowsRefused, match="columns"):
        suppress([row], COLUMNS, dimensions=("d",), threshold=5)
    with pytest.raises(RowsRefused, match="columns"):
        suppress([row], COLUMNS, dimensions=DIMENSIONS, threshold=5, totals={"d": "T"})


def test_a_real_size_takes_seconds_at_most():
    dice = np.random.default_rng(3)
    cells = {}
    for key in itertools.product(map(str, range(60)), map(str, range(18)), "fm"):
        value = float(dice.poisson(12))
        for total in itertools.product(*((code, "T") for code in key)):
            cells[total] = cells.get(total, 0.0) + value
    started = time.monotonic()
    hidden = hide(cells)
    assert len(hidden) < len(cells) / 2
    assert time.monotonic() - started < 60, "elimination has become cubic"
