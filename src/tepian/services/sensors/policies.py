"""Who may do what in this room."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, require


def may_keep_stations(actor: Actor, **_kwargs: Any) -> None:
    require(
        actor.has("sensor_steward", "administrator"),
        _("Only a sensor steward may change stations and thresholds. Nothing was changed."),
        _("Ask the sensor steward of the disaster agency."),
    )


def may_write_observations(actor: Actor, **_kwargs: Any) -> None:
    require(
        actor.has("device", "sensor_steward", "administrator"),
        _("Only a device key or a sensor steward may write readings. Nothing was stored."),
        _("Ask the administrator for a device key."),
    )


def may_register_things(actor: Actor, **_kwargs: Any) -> None:
    require(
        actor.has("device", "sensor_steward", "administrator"),
        _("Only a device key or a sensor steward may register stations. Nothing was stored."),
        _("Ask the administrator for a device key."),
    )


def may_run_simulation(actor: Actor, **_kwargs: Any) -> None:
    require(
        bool(settings.DEMO),
        _("The exercise runs only on a demonstration system. Nothing was changed."),
        _("Start the system with `tepian demo`."),
    )
    require(
        actor.has("duty_officer", "administrator"),
        _("Only the duty officer may run the exercise. Nothing was changed."),
        _("Ask the duty officer."),
    )
