"""Who may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require

HELPER = _("The duty officer of the control room (Pusdalops) can help.")
READERS = ("duty_officer", "head", "viewer", "auditor", "administrator")


def may_publish(actor: Actor, areas: Iterable[str] = (), **_ignored: Any) -> None:
    """A duty officer, whose scope covers every area."""
    require(actor.has("duty_officer"), _("Only the duty officer publishes warnings."), HELPER)
    outside = [code for code in areas or () if not actor.has("duty_officer", region=code)]
    require(not outside, _("Part of this warning lies outside your area."), HELPER)


def may_read_desk(actor: Actor, **_ignored: Any) -> None:
    require(actor.is_system or actor.has(*READERS), _("This desk is for the city's emergency staff."), HELPER)


def may_configure(actor: Actor, **_ignored: Any) -> None:
    require(actor.has("administrator"), _("Only an administrator changes the kinds of warning."), HELPER)
