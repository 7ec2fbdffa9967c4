"""What the register of residents hangs in the hall."""

from __future__ import annotations

from tepian.kernel.catalogue.contributions import FastRoute, GatewayService, offer

from . import lookups

offer(
    FastRoute("POST", "/api/v1/residents/look-up", lookups.look_up),
    GatewayService("residents", lookups.start, lookups.stop, lookups.COUNTER.state),
)
