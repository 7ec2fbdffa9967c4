"""Text as people type it, made safe to store."""

from __future__ import annotations

import unicodedata


def plain(text: str, limit: int | None = None) -> str:
    r"""Without control characters (databases and XML refuse NUL and its kin; tabs stay, line ends become \n), without
    half surrogates, trimmed, and cut to `limit` characters when one is given."""
    kept = "".join(
        character
        for character in text.replace("\r\n", "\n").replace("\r", "\n")
        if character in "\t\n" or unicodedata.category(character) not in {"Cc", "Cs"}
    ).strip()
    return kept if limit is None else kept[:limit]
