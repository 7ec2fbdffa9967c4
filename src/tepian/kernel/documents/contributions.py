"""What documents hang in the hall."""

from __future__ import annotations

from tepian.kernel.catalogue.contributions import Job, PackSection, offer

from . import operations
from .letters import packs

offer(
    Job("documents.sweep", operations.sweep, seconds=24 * 3600),
    PackSection("letters", packs.check, packs.load, order=40),
)
