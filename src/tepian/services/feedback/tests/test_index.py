"""The index, figure by figure."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .. import states

PUBLISHED = (105, 101, 100, 116, 102, 105, 106, 105, 115)  # an office's 29 answers, sums of the nine elements


def test_an_office_s_published_sums():
    found = states.index(29, PUBLISHED)
    assert [round(float(mean), 4) for mean in found.means] == [
        3.6207, 3.4828, 3.4483, 4.0, 3.5172, 3.6207, 3.6552, 3.6207, 3.9655,
    ]  # fmt: skip
    assert (found.value, found.band) == (Decimal("91.48"), "A")
    rounded_weights = sum(Fraction(total, 29) for total in PUBLISHED) * Fraction(11, 100) * 25
    assert round(float(rounded_weights), 2) == 90.56, "what the office printed, with the weight rounded to 0.11"


def test_the_ends_of_the_scale():
    assert states.index(7, [28] * 9).value == 100 and states.index(7, [28] * 9).band == "A"
    assert states.index(7, [7] * 9).value == 25 and states.index(7, [7] * 9).band == "D"
    assert states.index(0, [0] * 9).value is None and not states.index(0, []).shown


@pytest.mark.parametrize(
    ("value", "band"),
    [
        ("100", "A"), ("88.31", "A"), ("88.30", "B"), ("76.61", "B"), ("76.60", "C"), ("65.00", "C"), ("64.99", "D"),
        ("25.00", "D"),
    ],
)  # fmt: skip
def test_bands_meet_where_the_regulation_says(value, band):
    assert states.band(Decimal(value)) == band


def test_rounding_is_half_up_and_comes_last():
    # 88.305 lies between the bands: rounded half up it is an A.
    assert states.index(2000, [7064, 7065, 7064, 7064, 7064, 7065, 7064, 7064, 7064]).value == Decimal("88.30")
    assert states.index(1000, [3532] * 8 + [3534]).value == Decimal("88.31")
    assert states.element_band(Fraction(35324, 10000)) == "A" and states.element_band(Fraction(3532, 1000)) == "B"


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(1, 4), min_size=9, max_size=9), min_size=1, max_size=40))
def test_the_index_is_the_mean_of_all_answers(people):
    totals = [sum(each[place] for each in people) for place in range(9)]
    exact = Fraction(sum(map(sum, people)), 9 * len(people)) * 25
    found = states.index(len(people), totals)
    assert found.value is not None and abs(Fraction(found.value) - exact) <= Fraction(1, 200)
    assert 25 <= found.value <= 100 and found.shown == (len(people) >= 10)
