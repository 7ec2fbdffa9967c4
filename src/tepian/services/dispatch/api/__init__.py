"""JSON for the telephone exchange, for crews' phones and for programs of the control room."""

from __future__ import annotations

from ninja import Router

from . import crew, events, figures

router = Router(tags=["112"])
router.add_router("", events.router)
router.add_router("", crew.router)
router.add_router("", figures.router)
