"""Who may keep the texts of letters. They bind the whole city, so a grant for one region is not enough."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require

KEEPERS = ("administrator", "registrar")
READERS = (*KEEPERS, "ward_head", "ward_clerk", "auditor")
HELPER = _("Ask the city's administrator or the civil registry.")


def keeps_letters(actor: Actor) -> bool:
    return any(grant.role in KEEPERS and grant.scope == "city" for grant in actor.grants)


def may_keep_letters(*, actor: Actor, **_rest: Any) -> None:
    """Administrators and registrars of the whole city."""
    require(
        keeps_letters(actor),
        _("The texts of letters are kept by administrators and registrars of the whole city. Nothing was changed."),
        HELPER,
    )


def may_read_letters(*, actor: Actor, **_rest: Any) -> None:
    """Who writes, signs or inspects letters."""
    require(
        actor.is_system or actor.has(*READERS), _("The texts of letters are for those who write and sign them."), HELPER
    )
