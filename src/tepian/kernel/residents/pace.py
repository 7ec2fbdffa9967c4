"""How fast somebody may look people up. Whoever tries numbers one after the other is stopped before finding many; a
program that answers a whole city's counters is not slowed down by what it finds."""

from __future__ import annotations

import time

from django.core.cache import cache
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid

MISSES, MISSES_S = 30, 600  # a person's numbers that are nobody's, and within how many seconds
MISSES_OF_PROGRAMS = 300  # behind a program stand many people
LOOKS, LOOKS_S = 90, 60  # looks of a person; nobody serves more people in a minute


class TooMany(Invalid):
    """Wait `wait` seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(
            format_lazy(
                _("Too many look-ups in a short time. Nothing was shown. Wait {minutes} minutes, then go on."),
                minutes=-(-wait // 60),
            ),
            code="too_many",
        )
        self.wait = wait


def _key(what: str, actor: Actor, span: int) -> tuple[str, int]:
    now = time.time()
    return f"residents:{what}:{actor.kind}:{actor.id}:{int(now // span)}", int(span - now % span) + 1


def _count(key: str, span: int) -> int:
    cache.add(key, 0, span)
    try:
        return int(cache.incr(key))
    except ValueError:  # it went away in between
        return 1


def before_look(actor: Actor) -> None:
    """Raises `TooMany`. The system itself is never slowed."""
    if actor.is_system:
        return
    key, wait = _key("misses", actor, MISSES_S)
    if cache.get(key, 0) >= (MISSES if actor.kind == "person" else MISSES_OF_PROGRAMS):
        raise TooMany(wait)
    if actor.kind == "person":
        key, wait = _key("looks", actor, LOOKS_S)
        if _count(key, LOOKS_S) > LOOKS:
            raise TooMany(wait)


def missed(actor: Actor) -> None:
    """Somebody asked for a number that is nobody's, or nobody's whom they may know."""
    if not actor.is_system:
        _count(_key("misses", actor, MISSES_S)[0], MISSES_S)
