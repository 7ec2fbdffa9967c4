"""Short codes that people read aloud: no I, O, 0 or 1, and a last character that catches slips.

A code looks like `K-7K4M-2`: a letter for the kind of thing, four characters, a check character. The check is a
weighted sum in GF(32) with weights that all differ, so it catches every wrong character and every two that changed
places.
"""

from __future__ import annotations

import re
import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_WEIGHTS = (2, 4, 8, 16, 5, 10, 20, 13)  # powers of the generator in GF(2^5) modulo x^5 + x^2 + 1


def _times(a: int, b: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a, b = a << 1, b >> 1
        if a & 0b100000:
            a ^= 0b100101
    return product


def check_character(body: str) -> str:
    """The check character of up to eight characters of `ALPHABET`."""
    total = 0
    for weight, character in zip(_WEIGHTS, body, strict=False):
        total ^= _times(weight, ALPHABET.index(character))
    return ALPHABET[total]


def new_code(prefix: str, length: int = 4) -> str:
    """A random code, e.g. `K-7K4M-2`. About a million codes at length 4: the caller retries when one is taken."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(length))
    return f"{prefix}-{body}-{check_character(body)}"


def read_code(text: str, prefix: str, length: int = 4) -> str | None:
    """The code in what somebody typed (lower case, spaces or no dashes are fine), or None when it cannot be right."""
    plain = re.sub(r"[\s\-–—.]", "", text).upper()
    if not plain.startswith(prefix):
        return None
    plain = plain[len(prefix) :]
    if len(plain) != length + 1 or any(character not in ALPHABET for character in plain):
        return None
    body, check = plain[:-1], plain[-1]
    return f"{prefix}-{body}-{check}" if check_character(body) == check else None
