"""Who may know what of a resident. A grant's region is the limit: a clerk of one ward finds nobody of another, and is told
the same as for somebody who does not exist."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require

REGISTRAR, CLERK, HEAD, NEIGHBOURHOOD = "registrar", "ward_clerk", "ward_head", "neighbourhood_head"
READERS = (REGISTRAR, CLERK, HEAD, NEIGHBOURHOOD)
HELPER = _("The civil registry (Disdukcapil) can help.")

# Why somebody may be looked up. Recorded with every view, and shown to the resident.
PURPOSES = {
    "letter": _("a letter or another service that the resident asked for"),
    "counter": _("a visit at the counter"),
    "registry": _("keeping the register"),
    "correction": _("a correction that the resident asked for"),
    "aid": _("social aid"),
    "emergency": _("help in an emergency"),
    "audit": _("an inspection"),
}

BASIC = ("name", "sex", "age", "street", "region", "relation", "status")
FULL = (
    *BASIC, "nik", "kk", "born_on", "born_in", "religion", "marriage", "education", "occupation", "blood", "citizenship",
    "father", "mother",
)  # fmt: skip


def fields_for(actor: Actor) -> tuple[str, ...]:
    """What this actor sees of a resident: the chair of a neighbourhood knows who lives there, not what cards say."""
    if actor.is_system or actor.has(REGISTRAR, CLERK, HEAD):
        return FULL
    return BASIC if actor.has(NEIGHBOURHOOD) else ()


def within(actor: Actor) -> Q | None:
    """The residents that this actor may know of, as a filter; None for nobody."""
    if actor.is_system:
        return Q()
    found: Q | None = None
    for grant in actor.grants:
        if grant.role not in READERS or grant.scope == "agency":
            continue
        if grant.scope == "city":
            return Q()
        limit = Q(ward_code=grant.code) | Q(ward_code__startswith=f"{grant.code}.") | Q(region__code=grant.code)
        found = limit if found is None else found | limit
    return found


def knows(actor: Actor, *, ward: str, region: str) -> bool:
    """The same limit as `within`, for a resident at hand: `ward` and `region` are codes."""
    if actor.is_system:
        return True
    return any(
        grant.scope == "city"
        or (
            grant.scope == "region"
            and (ward == grant.code or ward.startswith(f"{grant.code}.") or region == grant.code)
        )
        for grant in actor.grants
        if grant.role in READERS
    )


def whole_city(actor: Actor) -> bool:
    """Whether this actor's residents are all of them."""
    return actor.is_system or any(grant.role in READERS and grant.scope == "city" for grant in actor.grants)


def may_look(actor: Actor, **_ignored: Any) -> None:
    """Whoever has a reading role in some region; what is found is limited by `within`."""
    require(within(actor) is not None, _("You have no task that needs the register of residents."), HELPER)


def may_register(actor: Actor, **_ignored: Any) -> None:
    """The civil registry, which alone writes the register."""
    require(actor.has(REGISTRAR), _("Only the civil registry writes the register of residents."), HELPER)


def may_ask_correction(actor: Actor, **_ignored: Any) -> None:
    """Whoever may look: the resident stands at the counter, or wrote."""
    may_look(actor)
