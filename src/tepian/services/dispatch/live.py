"""What lives in the gateway: where the units are, and the road search made ready before anybody asks."""

from __future__ import annotations

from tepian.kernel.catalogue.contributions import GatewayService, LiveState

from .queries import positions, travel

UNITS = LiveState("units", positions.changes_since, audience="staff")


async def _start() -> None:
    travel.warm_up()


async def _stop() -> None:
    """The thread ends with its work or with the process."""


ROADS = GatewayService("roads", _start, _stop)
