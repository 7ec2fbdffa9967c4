"""What signatures hang in the hall."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import (
    ConfigurationCheck,
    Job,
    MenuEntry,
    PackSection,
    Search,
    SearchHit,
    WorkItem,
    WorkList,
    offer,
)
from tepian.kernel.documents import access
from tepian.ui.templatetags.ui import public_url

from . import certifying, demo, operations, policies, queries
from .adapters import bsre

DESK = "/kerja/tanda-tangan"


def _work(actor: Actor) -> Iterable[WorkItem]:
    """One entry for the pile, with the nearest deadline; the desk has the list."""
    if actor.account_id is None:
        return
    waiting = queries.waiting(actor)
    if waiting:
        first, now = waiting[0], timezone.now()
        yield WorkItem(
            "signatures.waiting",
            ngettext(
                "%(count)d letter waits for your signature", "%(count)d letters wait for your signature", len(waiting)
            )
            % {"count": len(waiting)},
            DESK,
            detail=_("Read, tick, one passphrase."),
            level="warning" if first.due and first.due < now else "normal",
            since=first.since,
            due=first.due,
            icon="edit",
        )
    elif queries.offered_key(actor.account_id) is not None:
        yield WorkItem(
            "signatures.key",
            _("A signing key waits for you"),
            f"{DESK}/kunci",
            detail=_("Choose your passphrase within seven days."),
            icon="key",
        )


def _find(text: str, actor: Actor) -> Iterable[SearchHit]:
    """A document's code, typed anywhere, leads to its check."""
    found = queries.check(text)
    if found is not None:
        url = public_url("signatures-checked", found.code)
        yield SearchHit(
            f"{found.title} {found.number}".strip(), url, str(_("Signed letter")), found.office, score=100.0
        )


def _signer_is_set_up() -> tuple[bool, str, str]:
    if settings.SIGNER != "local":
        problem = bsre.problem(settings.BSRE_URL)
        return (
            not problem,
            problem or f"signatures are made by {settings.SIGNER}",
            "set TEPIAN_BSRE_URL" if problem else "",
        )
    root = certifying.current_root()
    if root is not None and not certifying.opens(root):
        return False, "the root's key cannot be opened with this secret key", "put the old TEPIAN_SECRET_KEY back"
    time = settings.TIMESTAMP_URL or "the city's clock"
    return True, f"signatures are made by the city's own authority, time by {time}", ""


offer(
    MenuEntry(
        "staff",
        gettext_lazy("To sign"),
        DESK,
        icon="edit",
        hint=gettext_lazy("Read and sign what waits"),
        roles=("ward_head", "head"),
        order=35,
    ),
    MenuEntry("about", gettext_lazy("Check a signed letter"), "/surat/cek", order=40),
    WorkList("signatures", _work),
    Job("signatures.close_keys", operations.close_keys, seconds=60),
    Search("signatures", _find),
    ConfigurationCheck("signatures", _signer_is_set_up),
    PackSection("signatures", check=demo.check, load=demo.load, order=40),
)
access.allow("document", policies.may_read_file, personal=True, purpose="signatures.document")
