"""The bar of proven and claimed."""

from __future__ import annotations

import re

from tepian.ui.progress import progress_bar


def widths(svg: str) -> dict[str, float]:
    return {name: float(width) for name, width in re.findall(r'<rect class="(\w+)" width="([\d.]+)"', svg)}


def test_what_is_proven_lies_over_what_is_claimed() -> None:
    bar = progress_bar(41.5, 58, title="proven 41.5 of 100, claimed 58")
    assert widths(bar) == {"alas": 100, "klaim": 58, "bukti": 41.5}
    assert bar.index("klaim") < bar.index("bukti"), "the proven part is drawn last, on top"
    assert 'aria-label="proven 41.5 of 100, claimed 58"' in bar


def test_nothing_known_draws_no_part_and_too_much_ends_at_the_edge() -> None:
    assert widths(progress_bar(None)) == {"alas": 100}
    assert widths(progress_bar(0, 0)) == {"alas": 100}
    assert widths(progress_bar(140, -5)) == {"alas": 100, "bukti": 100}
    assert 'aria-hidden="true"' in progress_bar(3)


def test_a_title_cannot_break_out() -> None:
    assert "<script" not in progress_bar(1, title='"><script>')
