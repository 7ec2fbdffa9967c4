"""What documents hang in the hall."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.contributions import Job, MenuEntry, PackSection, offer

from . import operations, policies
from .letters import packs

offer(
    MenuEntry("staff", _("Letters"), "/kerja/kelola/surat", icon="document", roles=policies.KEEPERS, order=88),
    Job("documents.sweep", operations.sweep, seconds=24 * 3600),
    PackSection("letters", packs.check, packs.load, order=40),
)
