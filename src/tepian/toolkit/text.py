"""Text as people type it, made safe to store."""

from __future__ import annotations

import unicodedata


def plain(text: str, limit: int | None = None) -> str:
    """Without control characters (databases and XML refuse NUL and its kin; tabs and line ends stay), without half
    surrogates, trimmed, and cut to `limit` characters when one is given."""
    kept = "".join(
        character for character in text if character in "\t\n\r" or unicodedata.category(character) not in {"Cc", "Cs"}
    ).strip()
    return kept if limit is None else kept[:limit]
