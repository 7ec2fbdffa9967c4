"""What may follow what: the states of an incident, and the rule that opens a draft."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tepian.toolkit.geodesy import distance_m

DRAFT, OPEN, UNDER_CONTROL, CLOSED, DISMISSED = "draft", "open", "under_control", "closed", "dismissed"
ACTIVE = (DRAFT, OPEN, UNDER_CONTROL)
CONFIRMED = (OPEN, UNDER_CONTROL)

LEVELS = ("normal", "waspada", "siaga", "awas")
DISMISS_REASONS = ("sensor_fault", "maintenance", "exercise", "nothing_seen", "duplicate", "other")
OUTCOMES = ("happened", "did_not_happen", "handed_over")


def rank(level: str) -> int:
    """0 normal … 3 awas; an unknown level ranks below normal."""
    return LEVELS.index(level) if level in LEVELS else -1


# --- transitions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition on the incident that a transition needs. `name` is stable; `holds(facts)` looks at plain values."""

    name: str
    holds: Callable[[dict[str, Any]], bool]


has_reason = Guard("has_reason", lambda facts: bool(facts.get("reason")))
has_areas = Guard("has_areas", lambda facts: bool(facts.get("areas")))
has_message = Guard("has_message", lambda facts: bool(facts.get("headline") and facts.get("instruction")))
has_level = Guard("has_level", lambda facts: rank(facts.get("level", "")) >= 1)
has_outcome = Guard("has_outcome", lambda facts: bool(facts.get("outcome")))


@dataclass(frozen=True, slots=True)
class Transition:
    name: str
    sources: tuple[str, ...]
    target: str
    guards: tuple[Guard, ...] = ()

    def missing(self, facts: dict[str, Any]) -> list[str]:
        """Names of the guards that do not hold."""
        return [guard.name for guard in self.guards if not guard.holds(facts)]


CONFIRM = Transition("confirm", (DRAFT,), OPEN, (has_level, has_areas, has_message))
DISMISS = Transition("dismiss", (DRAFT,), DISMISSED, (has_reason,))
CHANGE = Transition("change", CONFIRMED, OPEN, (has_level, has_areas, has_message))
CONTROL = Transition("control", (OPEN,), UNDER_CONTROL)
CLOSE = Transition("close", CONFIRMED, CLOSED, (has_outcome,))
REOPEN = Transition("reopen", (CLOSED,), OPEN, (has_reason,))
TRANSITIONS = (CONFIRM, DISMISS, CHANGE, CONTROL, CLOSE, REOPEN)


def possible(state: str) -> list[str]:
    """Names of the transitions that can leave this state."""
    return [transition.name for transition in TRANSITIONS if state in transition.sources]


# --- the rule of independent sources ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sign, as the rule sees it. It holds from `began_at` to `ended_at` (None: still); a call or a picture is a
    moment. `muted`: a person already judged this sign at this level, so it cannot open anything by itself."""

    kind: str
    key: str
    level: str
    began_at: datetime
    ended_at: datetime | None
    lon: float | None
    lat: float | None
    district: str
    muted: bool = False
    id: int | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """When signs open a draft: at least `min_sources` different sources, near each other (`max_distance_m` metres, or
    the same district where `same_district`), at most `window` apart, each at `support_level` or above, and one of a
    kind in `anchor_kinds` at `anchor_level` or above."""

    min_sources: int
    window: timedelta
    max_distance_m: float
    same_district: bool
    anchor_kinds: tuple[str, ...]
    anchor_level: str
    support_level: str


def near(rule: Rule, a: Evidence, b: Evidence) -> bool:
    if rule.same_district and a.district and a.district == b.district:
        return True
    if a.lon is None or a.lat is None or b.lon is None or b.lat is None:
        return False
    return distance_m(a.lon, a.lat, b.lon, b.lat) <= rule.max_distance_m


def apart(a: Evidence, b: Evidence) -> timedelta:
    """The time between the end of one sign and the beginning of the other; zero when they overlap."""
    first, second = sorted((a, b), key=lambda evidence: evidence.began_at)
    if first.ended_at is None or first.ended_at >= second.began_at:
        return timedelta()
    return second.began_at - first.ended_at


def agreeing(rule: Rule, anchor: Evidence, all_signs: Iterable[Evidence]) -> list[Evidence]:
    """The anchor and every sign of another source that agrees with it: strongest first, one for each source."""
    found: dict[str, Evidence] = {}
    for sign in all_signs:
        if sign.key == anchor.key or rank(sign.level) < rank(rule.support_level):
            continue
        if not near(rule, anchor, sign) or apart(anchor, sign) > rule.window:
            continue
        best = found.get(sign.key)
        if best is None or rank(sign.level) > rank(best.level):
            found[sign.key] = sign
    return [anchor, *sorted(found.values(), key=lambda sign: -rank(sign.level))]


def opens_draft(rule: Rule, signs: Iterable[Evidence]) -> list[Evidence]:
    """The signs that together open a draft, strongest group first; empty when the rule does not hold.

    Two streams of one station are one source, and a group of which every sign was already judged opens nothing."""
    signs = list(signs)
    best: list[Evidence] = []
    for anchor in signs:
        if anchor.kind not in rule.anchor_kinds or rank(anchor.level) < rank(rule.anchor_level):
            continue
        group = agreeing(rule, anchor, signs)
        if len(group) < rule.min_sources or all(sign.muted for sign in group):
            continue
        if (len(group), rank(anchor.level)) > (len(best), rank(best[0].level) if best else -1):
            best = group
    return best
