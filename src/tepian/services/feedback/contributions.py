"""What this room hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy, ngettext

from tepian.kernel.actors import Actor, system
from tepian.kernel.catalogue.contributions import Indicators, MenuEntry, ServiceSurvey, WorkItem, WorkList, offer
from tepian.ui.templatetags.ui import public_url

from . import operations, policies, queries, states
from .jobs import JOBS

ACTOR = system("feedback", "Survei kepuasan")


def ask(**about: Any) -> None:
    operations.ask(actor=ACTOR, **about)


def link(subject: str) -> str:
    code = queries.link_code(subject)
    return public_url("feedback-survey", code) if code else ""


def work(actor: Actor) -> Iterable[WorkItem]:
    """New comments as one line, for those who answer for the office."""
    count = queries.comments(actor, state=states.NEW).count() if actor.has(*policies.HANDLERS) else 0
    if count:
        yield WorkItem(
            key="feedback/new",
            title=ngettext("%(count)s citizen wrote a comment", "%(count)s citizens wrote a comment", count)
            % {"count": count},
            url=f"{reverse('feedback-desk')}?keadaan={states.NEW}",
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
