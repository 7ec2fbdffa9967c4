"""How long what people wrote about each other is kept. The days are the city's, with the day from which they hold.

The record of looks is not shortened: it is the chain that the law asks for (UU 27/2022 art. 31), and it holds numbers of
rows, never names or NIKs."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import city_setting
from tepian.kernel.events import note, operation

from .. import policies
from ..models import Correction, DuplicatePair

CORRECTION_DAYS = 5 * 365  # city setting `resident_correction_days`: after the answer, then only that there was one
PAIR_DAYS = 5 * 365  # city setting `resident_pair_days`: after “two people”, then only that they were compared
GONE = ""


def days(key: str, otherwise: int) -> int:
    """The city's number of days now, at least one."""
    return max(1, int(city_setting(key, default=otherwise)))


@operation("residents.forget_old", policy=policies.may_register)
def forget_old(*, actor: Actor) -> tuple[int, int]:
    """Empty the words of corrections and comparisons that were decided long ago; that they were made, when and by which
    office stays. Returns how many of each."""
    now = timezone.now()
    corrections = (
        Correction.objects.exclude(state=Correction.State.ASKED)
        .filter(decided_at__lt=now - timedelta(days=days("resident_correction_days", CORRECTION_DAYS)))
        .exclude(reason=GONE)
        .update(was=GONE, wanted=GONE, reason=GONE, answer=GONE, evidence=None)
    )
    pairs = (
        DuplicatePair.objects.filter(
            state=DuplicatePair.State.DIFFERENT,
            decided_at__lt=now - timedelta(days=days("resident_pair_days", PAIR_DAYS)),
        )
        .exclude(why=GONE)
        .update(why=GONE)
    )
    note("residents_forgotten", "", corrections=corrections, pairs=pairs)
    return corrections, pairs
