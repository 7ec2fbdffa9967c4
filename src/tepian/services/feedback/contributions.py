"""What this room hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Actor, system
from tepian.kernel.catalogue.contributions import Indicators, MenuEntry, ServiceSurvey, WorkItem, WorkList, offer
from tepian.ui.templatetags.ui import public_url
from tepian.ui.words import in_language

from . import operations, policies, queries, states
from .jobs import JOBS

SHOWN = 10
ACTOR = system("feedback", "Survei kepuasan")


def ask(**about: Any) -> None:
    operations.ask(actor=ACTOR, **about)


def link(subject: str) -> str:
    code = queries.link_code(subject)
    return public_url("feedback-survey", code) if code else ""


def work(actor: Actor) -> Iterable[WorkItem]:
    """New comments, for those who answer for the office."""
    if not actor.has(*policies.HANDLERS):
        return
    for row in queries.comments(actor, state=states.NEW)[: 3 * SHOWN]:
        if actor.has(*policies.HANDLERS, region=row.region or "-", agency=row.office or "-"):
            yield WorkItem(
                key=f"feedback/{row.pk}",
                title=_("A citizen wrote about: %(service)s") % {"service": in_language(row.service, "title")},
                url=reverse("feedback-comment", args=[row.pk]),
                detail=row.comment[:120],
                icon="message",
            )


offer(
    MenuEntry(
        "about",
        gettext_lazy("Satisfaction with services"),
        "/kepuasan",
        icon="chart",
        hint=gettext_lazy("What citizens say after a service"),
        order=45,
    ),
    MenuEntry(
        "staff", gettext_lazy("Satisfaction"), "/kerja/kepuasan", icon="message", roles=policies.READERS, order=60
    ),
    WorkList("feedback", work),
    Indicators("feedback", queries.indicators),
    ServiceSurvey("feedback", ask, link),
    *JOBS,
)
