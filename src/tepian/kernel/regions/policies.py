"""Who may change regions and places."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require


def may_keep_regions(*, actor: Actor, **_rest: Any) -> None:
    """Codes, names, boundaries and settings concern the whole city: administrators of the whole city."""
    require(
        any(grant.role == "administrator" and grant.scope == "city" for grant in actor.grants),
        _("Only an administrator of the whole city may change regions, places and the city's settings."),
        _("Ask the city's administrator (Diskominfo)."),
    )
