"""Numbers and addresses of persons in what people write, taken out before it is kept."""

from __future__ import annotations

import re

MASK = "▒▒▒"
_MONEY = r"(?<![\w.])(?<!rp )(?<!rp)(?<!rp\.)(?<!rp\. )"
PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
        rf"{_MONEY}\d(?:[ .-]?\d){{15}}(?!\w)(?![ .,-]?\d)",  # NIK, KK and bank cards have sixteen digits
        r"(?<![\w.,])(?:\+ ?62|62|0)[ .()-]{0,2}(?:8\d|[2-79]\d)(?:[ .()-]{0,2}\d){6,10}(?!\w)",  # telephones
        r"(?<![\w.,])\+\d{1,3}(?:[ .()-]?\d){7,12}(?!\w)",
    )
)
LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+\.(?:com|net|org|id|io|me|ly|xyz|info|site|online|shop)\b(?:/\S*)?", re.I
)


def masked(text: str) -> tuple[str, int]:
    """The text with `MASK` for NIK-like numbers, telephone numbers and e-mail addresses, and how many there were.
    Money (Rp1.250.000.000) and contract numbers stay."""
    count = 0
    for pattern in PATTERNS:
        text, found = pattern.subn(MASK, text)
        count += found
    return text, count


def has_link(text: str) -> bool:
    return LINK.search(text) is not None
