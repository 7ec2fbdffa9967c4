"""What identity hangs in the hall."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.contributions import ConfigurationCheck, Job, MenuEntry, PackSection, offer

from . import demo, operations, record


def _demo_is_off_in_public() -> tuple[bool, str, str]:
    if settings.DEMO and settings.BASE_URL.startswith("https://"):
        return False, "demo sign-ins are open on a public address", "unset TEPIAN_DEMO"
    return (
        True,
        "demo sign-ins are closed" if not settings.DEMO else "demo sign-ins are open, address is not public",
        "",
    )


offer(
    MenuEntry(
        "staff",
        _("Administration"),
        "/kerja/kelola",
        icon="people",
        hint=_("Accounts, positions, keys and the record"),
        roles=("administrator", "auditor"),
        order=90,
    ),
    PackSection("accounts", check=demo.check, load=demo.load, order=30),
    Job("identity.notice_time", operations.notice_time, seconds=5),
    Job("identity.clear_old_sessions", operations.clear_old_sessions, seconds=6 * 3600),
    Job("identity.check_record", record.check_record, seconds=24 * 3600),
    ConfigurationCheck("demo sign-ins", _demo_is_off_in_public),
)
