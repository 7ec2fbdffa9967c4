"""CSV that goes out is read back as it was, and runs nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tepian.toolkit.csvfile import FORMULA, harmless_cell, lines


@pytest.mark.parametrize("text", ["=1+1", "+62", "-cmd", "@x", "\tx", "\rx"])
def test_text_that_would_run_does_not(text: str) -> None:
    assert harmless_cell(text) == f"'{text}"


def test_numbers_stay_numbers_and_nothing_is_empty() -> None:
    assert [harmless_cell(value) for value in (-3, 2.5, None, "a")] == [-3, 2.5, "", "a"]


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0")), min_size=2, max_size=4)
    )
)
def test_what_is_written_is_read(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO("".join(lines(rows)))))
    assert read == [[str(harmless_cell(cell)) for cell in row] for row in rows]
    assert not any(cell.startswith(FORMULA) for row in read for cell in row)


def test_a_line_is_made_only_when_it_is_asked_for() -> None:
    def endless() -> Iterator[list[int]]:
        number = 0
        while True:
            yield [number]
            number += 1

    made = lines(endless())
    assert [next(made), next(made)] == ["0\r\n", "1\r\n"]
