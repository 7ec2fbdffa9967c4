"""Numbers of persons go, numbers of projects stay."""

from __future__ import annotations

import pytest

from tepian.toolkit.personal import MASK, has_link, masked


@pytest.mark.parametrize(
    "number",
    [
        "081234567890", "0812-3456-7890", "0812 3456 7890", "+62 812 3456 7890", "62812.3456.7890", "(0541) 123456",
        "+6281234567890", "6472011234567890", "64 72 01 123456 7890", "6472.0112.3456.7890", "budi@example.org",
        "+60 12 345 6789", "021-7203165",
    ],
)  # fmt: skip
def test_numbers_of_persons_are_masked(number: str) -> None:
    text, count = masked(f"Hubungi mandor di {number}, ya")
    assert count == 1 and MASK in text and not any(part in text for part in ("812", "123456", "7890", "@", "7203165"))
    assert text.startswith("Hubungi mandor di ") and text.endswith(", ya")


@pytest.mark.parametrize(
    "text",
    [
        "Anggaran Rp1.250.000.000", "Rp 1.234.567.890.123.456", "Rp1234567890123456", "600/012/SPK/2026", "30.11.2026",
        "1.250.000.000", "RT 07 RW 012", "2026-03-14", "12.500 m2", "117.153709, -0.502106", "tiang nomor 0125", "62 %",
        "0,35 m", "pukul 08.00-16.00", "tahun 2020 sampai 2025",
    ],
)  # fmt: skip
def test_numbers_of_projects_stay(text: str) -> None:
    assert masked(text) == (text, 0)


@pytest.mark.parametrize("text", ["lihat https://contoh.id/x", "www.judi.com", "klik bit.ly/abc", "slot.xyz"])
def test_links_are_seen(text: str) -> None:
    assert has_link(text)


@pytest.mark.parametrize(
    "text", ["Jalan rusak.Tolong diperbaiki", "pukul 08.00", "CV. Idaman", "1.5 m", "dst.", "e.g."]
)
def test_what_is_no_link(text: str) -> None:
    assert not has_link(text)
