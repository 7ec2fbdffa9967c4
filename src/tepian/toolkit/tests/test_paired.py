"""The paired effect, against a plain recomputation and against published tables."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tepian.toolkit.paired import paired, student_quantile

SCORES = st.integers(0, 10).map(lambda right: right / 10)


@pytest.mark.parametrize(
    ("degrees", "published"),  # two-sided 95 %, from the printed tables of Student's t
    [(9, 2.262157), (10, 2.228139), (15, 2.131450), (29, 2.045230), (59, 2.000995), (120, 1.979930), (1000, 1.962339)],
)
def test_quantiles_agree_with_the_printed_tables(degrees, published):
    assert student_quantile(0.975, degrees) == pytest.approx(published, abs=3e-5)


def test_few_degrees_are_near_enough_and_the_other_side_mirrors():
    assert student_quantile(0.975, 3) == pytest.approx(3.182446, abs=0.005)
    assert student_quantile(0.025, 20) == pytest.approx(-student_quantile(0.975, 20))


@given(st.lists(st.tuples(SCORES, SCORES), min_size=4, max_size=200))
def test_the_effect_is_what_a_plain_recomputation_gives(pairs):
    found = paired(pairs)
    n = len(pairs)
    changes = [after - before for before, after in pairs]
    mean = sum(changes) / n
    variance = sum((change - mean) ** 2 for change in changes) / (n - 1)
    half = student_quantile(0.975, n - 1) * math.sqrt(variance / n)
    assert found is not None
    assert found.n == n
    assert found.change == pytest.approx(mean, abs=1e-9)
    assert found.change == pytest.approx(found.after - found.before, abs=1e-9)
    assert (found.low, found.high) == (pytest.approx(mean - half, abs=1e-9), pytest.approx(mean + half, abs=1e-9))
    assert found.shown == (mean - half > 0 or mean + half < 0) or abs(abs(mean) - half) < 1e-9


def test_a_worked_example():
    """Ten persons whose differences are 0 … 9 tenths: mean 0.45, s = 0.302765, half = 2.262157 · s / √10 = 0.216585."""
    found = paired([(0.0, step / 10) for step in range(10)])
    assert found is not None
    assert found.change == pytest.approx(0.45)
    assert found.high - found.change == pytest.approx(0.216585, abs=5e-6)


@pytest.mark.parametrize("pairs", [[], [(0.1, 0.2)], [(0.1, 0.2)] * 3])
def test_too_few_give_nothing(pairs):
    assert paired(pairs) is None


def test_everybody_changes_alike():
    found = paired([(0.2, 0.6)] * 12)
    assert found is not None
    assert found.low == pytest.approx(found.high)
    assert found.shown
