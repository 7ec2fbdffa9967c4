"""The plan for programs."""

from __future__ import annotations

from ninja import Router

from . import plan, projects

router = Router(tags=["plan"])
router.add_router("", plan.router)
router.add_router("", projects.router)
