"""Codes that survive being read aloud, and text that survives being typed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tepian.toolkit.identifiers import ALPHABET, check_character, new_code, read_code
from tepian.toolkit.text import plain

BODIES = st.text(alphabet=ALPHABET, min_size=4, max_size=4)


def code(body: str) -> str:
    return f"K-{body}-{check_character(body)}"


@given(BODIES, st.integers(0, 4), st.sampled_from(ALPHABET))
def test_every_single_slip_is_caught(body: str, place: int, other: str):
    whole = body + check_character(body)
    slipped = whole[:place] + other + whole[place + 1 :]
    if slipped != whole:
        assert read_code(f"K-{slipped[:4]}-{slipped[4]}", "K") is None


@given(BODIES, st.integers(0, 3))
def test_every_swap_of_neighbours_is_caught(body: str, place: int):
    whole = body + check_character(body)
    swapped = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]
    if swapped != whole:
        assert read_code(f"K-{swapped[:4]}-{swapped[4]}", "K") is None


@given(BODIES)
def test_codes_are_read_as_people_type_them(body: str):
    right = code(body)
    for typed in (
        right,
        right.lower(),
        right.replace("-", ""),
        right.replace("-", " "),
        f" {right} ",
        right.replace("-", "–"),
    ):
        assert read_code(typed, "K") == right
    assert read_code(right, "P") is None


@given(st.text(max_size=30))
def test_anything_else_is_nothing(text: str):
    found = read_code(text, "K")
    assert found is None or found == read_code(found, "K")


def test_new_codes_are_right_and_have_no_look_alikes():
    for _time in range(200):
        made = new_code("K")
        assert read_code(made, "K") == made
        assert not set(made[2:]) & set("IO01")


@given(st.text())
def test_plain_text_can_be_stored(text: str):
    kept = plain(text, 50)
    assert len(kept) <= 50 and "\x00" not in kept
    kept.encode()
    assert plain("  a\x00b\x07\nc\ud800 ") == "ab\nc"
