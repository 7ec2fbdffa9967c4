"""Who may change agencies and positions."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require


def may_keep_organisations(*, actor: Actor, **_rest: Any) -> None:
    """Positions give rights in the whole city, so only an administrator of the whole city shapes them."""
    require(
        any(grant.role == "administrator" and grant.scope == "city" for grant in actor.grants),
        _("Only an administrator of the whole city may change agencies and positions."),
        _("Ask the city's administrator (Diskominfo)."),
    )
