"""What people write, checked in one place for all rooms."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from tepian.kernel.actors import TEXT_LIMIT, Invalid, checked_text


def test_what_was_written_is_kept_whole_or_refused_never_cut() -> None:
    assert checked_text(" a\r\nb\0 ", "text") == "a\nb"
    assert checked_text("", "text", needed=False) == ""
    assert len(checked_text("x" * TEXT_LIMIT, "text")) == TEXT_LIMIT
    for value, limit, code in (
        ("", TEXT_LIMIT, "text_missing"),
        (" \0", 9, "text_missing"),
        ("x" * 10, 9, "text_too_long"),
    ):
        with pytest.raises(Invalid) as refusal:
            checked_text(value, "reason", limit=limit)
        assert (refusal.value.code, refusal.value.field) == (code, "reason")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("id", "Tulisan ini 10 huruf; paling banyak 9. Persingkatlah."),
        ("en", "This text has 10 characters; at most 9 fit. Shorten it."),
    ],
)
def test_the_refusal_speaks_the_writer_s_language(language: str, words: str) -> None:
    with override(language), pytest.raises(Invalid) as refusal:
        checked_text("x" * 10, "text", limit=9)
    assert str(refusal.value.message) == words
