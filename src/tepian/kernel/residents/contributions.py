"""What the register of residents hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import (
    ConfigurationCheck,
    FastRoute,
    GatewayService,
    Job,
    MenuEntry,
    WorkItem,
    WorkList,
    offer,
)

from . import jobs, lookups, policies, queries, registry, words

SHOWN = 20
SOON = timedelta(hours=24)


def work(actor: Actor) -> Iterable[WorkItem]:
    """Corrections by the law's deadline, and pairs to compare: both are the registry's."""
    if not actor.has(policies.REGISTRAR):
        return
    now = timezone.now()
    for row in queries.open_corrections(actor)[:SHOWN]:
        left = row.due_at - now
        yield WorkItem(
            key=f"residents/correction/{row.key}",
            # The name stands on the page behind it, where the look is recorded.
            title=_("Correction asked: %(field)s") % {"field": words.FIELDS[row.field]},
            url=reverse("residents-decide", args=[row.key]),
            detail=row.asked_by,
            level="danger" if left < timedelta() else "warning" if left < SOON else "notice",
            since=row.asked_at,
            due=row.due_at,
            icon="edit",
        )
    if count := queries.open_pairs().count():
        yield WorkItem(
            key="residents/pairs",
            title=ngettext("%(n)s pair to compare", "%(n)s pairs to compare", count) % {"n": count},
            url=reverse("residents-duplicates"),
            icon="people",
        )


def _service() -> tuple[bool, str, str]:
    try:
        service = registry.civil_registry()
    except ValueError as error:
        return False, str(error), "set TEPIAN_CIVIL_REGISTRY_URL to an https:// address"
    if service is not None and not settings.CIVIL_REGISTRY_USER:
        return False, "the civil registry's service has no user name", "set TEPIAN_CIVIL_REGISTRY_USER and _PASSWORD"
    return True, "the civil registry's service is set" if service else "the local register is all there is", ""


offer(
    MenuEntry(
        "staff",
        gettext_lazy("Residents"),
        "/kerja/kelurahan/warga",
        icon="people",
        hint=gettext_lazy("The register: look people up, corrections"),
        roles=(policies.REGISTRAR, policies.CLERK, policies.HEAD),
        order=41,
    ),
    WorkList("residents", work),
    Job("residents.compare", jobs.compare, seconds=24 * 3600),
    Job("residents.forget_old", jobs.forget, seconds=24 * 3600),
    ConfigurationCheck("civil registry", _service),
    FastRoute("POST", "/api/v1/residents/look-up", lookups.look_up),
    GatewayService("residents", lookups.start, lookups.stop, lookups.COUNTER.state),
)
