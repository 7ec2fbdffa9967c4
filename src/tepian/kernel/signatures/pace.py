"""How often one network address may ask the public check, so that nobody goes through codes or keeps the checker busy."""

from __future__ import annotations

import secrets
import time
from hashlib import blake2b

from django.core.cache import cache
from django.http import HttpRequest

from tepian.kernel.identity.lockout import address_of

CODES, FILES = 60, 10  # a minute; an office behind one address checks a pile of letters
SALT = secrets.token_bytes(16)  # made anew with each start: addresses are kept nowhere


def too_many(request: HttpRequest, what: str, most: int) -> bool:
    """One more; was it one too many in this minute?"""
    mark = blake2b(address_of(request).encode(), key=SALT, digest_size=12).hexdigest()
    key = f"signatures-{what}:{mark}:{int(time.time() // 60)}"
    cache.add(key, 0, 120)
    try:
        return int(cache.incr(key)) > most
    except ValueError:  # it went away in between
        return False


def wait() -> int:
    """Seconds until the next minute."""
    return 60 - int(time.time()) % 60
