"""The index of services, years and offices, and the comments that an actor may read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Actor, NotFound
from tepian.kernel.catalogue.city import city_timezone, today
from tepian.ui.words import in_language

from . import policies, states
from .models import Answer, Invitation, Service

FIRST_YEAR = 2017  # of the regulation


@dataclass(frozen=True, slots=True)
class Line:
    """A service (or office) with its index; `hidden` where too few answered to show one."""

    key: str
    title: str
    index: states.Index

    @property
    def hidden(self) -> bool:
        return not self.index.shown


def published_until() -> date:
    """The last day whose answers are published: the end of last month. A figure that changed with each answer would
    tell what that answer was."""
    return today().replace(day=1) - timedelta(days=1)


def years() -> list[int]:
    """Years with published answers, newest first; this one always."""
    last = published_until()
    found = {day.year for day in Answer.objects.filter(answered_on__lte=last).dates("answered_on", "year")}
    return sorted({*found, today().year}, reverse=True)


def answers(year: int, *, published: bool) -> QuerySet[Answer]:
    rows = Answer.objects.filter(answered_on__year=year)
    return rows.filter(answered_on__lte=published_until()) if published else rows


def index_of(rows: QuerySet[Answer]) -> states.Index:
    """The index of some answers: one aggregate."""
    found = rows.aggregate(n=Count("pk"), **{each: Sum(each) for each in states.ELEMENTS})
    return states.index(found["n"], [found[each] or 0 for each in states.ELEMENTS])


def by(rows: QuerySet[Answer], group: str) -> dict[Any, states.Index]:
    found = (
        rows.order_by().values(group).annotate(n=Count("pk"), **{f"sum_{each}": Sum(each) for each in states.ELEMENTS})
    )
    return {row[group]: states.index(row["n"], [row[f"sum_{each}"] for each in states.ELEMENTS]) for row in found}


def by_service(year: int, *, published: bool = True) -> list[Line]:
    """Every service that was asked about, by title."""
    found = by(answers(year, published=published), "service_id")
    return [Line(row.key, in_language(row, "title"), found.get(row.pk, states.Index(0))) for row in services()]


def together(year: int, lines: Iterable[Line]) -> states.Index:
    """The index of all services that are shown. Hidden ones stay out of it, for what is left over would be theirs."""
    shown = [line.key for line in lines if not line.hidden]
    return index_of(answers(year, published=True).filter(service__key__in=shown))


def services() -> QuerySet[Service]:
    return Service.objects.all()


def service_by(key: str) -> Service:
    row = Service.objects.filter(key=key).first()
    if row is None:
        raise NotFound(gettext_lazy("There is no such service."), code="no_service", item=key)
    return row


def link_code(subject: str) -> str:
    """The code to answer about a hand-over, "" where it was answered or is over."""
    oldest = today() - timedelta(days=states.ANSWER_DAYS)
    found = Invitation.objects.filter(subject=subject, answered=False, handed_on__gte=oldest).first()
    return found.code if found else ""


# --- the office's own -------------------------------------------------------------------------------------------------


def within(actor: Actor) -> Q | None:
    """The answers that this actor may read one by one; None for nobody."""
    found: Q | None = None
    for grant in actor.grants:
        if grant.role not in policies.READERS:
            continue
        if grant.scope == "city":
            return Q()
        one = (
            Q(office=grant.code)
            if grant.scope == "agency"
            else Q(region=grant.code) | Q(region__startswith=f"{grant.code}.")
        )
        found = one if found is None else found | one
    return found


def readable(actor: Actor) -> QuerySet[Answer]:
    limit = within(actor)
    return Answer.objects.none() if limit is None else Answer.objects.filter(limit)


def comments(actor: Actor, *, state: str = "") -> QuerySet[Answer]:
    """What citizens wrote, newest first."""
    rows = readable(actor).exclude(comment="").select_related("service").order_by("-answered_on", "id")
    return rows.filter(state=state) if state else rows


def comment_by(actor: Actor, key: UUID) -> Answer:
    row = comments(actor).filter(pk=key).first()
    if row is None:
        raise NotFound(
            gettext_lazy("There is no such comment, or it is not for you."), code="no_comment", item=str(key)
        )
    return row


def asked_and_answered(actor: Actor, year: int) -> tuple[int, int]:
    """How many hand-overs of the year were asked about within the actor's reach, and how many of them were answered."""
    limit = within(actor)
    if limit is None:
        return 0, 0
    rows = Invitation.objects.filter(limit, handed_on__year=year)
    return rows.count(), rows.filter(answered=True).count()


# --- figures for statistics and the plan ------------------------------------------------------------------------------


def indicators(since: datetime, until: datetime) -> Iterable[Mapping[str, Any]]:
    """The city's index and each service's, of answers of these days in months that are over. None where too few
    answered."""
    zone = city_timezone()
    rows = Answer.objects.filter(
        answered_on__gte=since.astimezone(zone).date(),
        answered_on__lt=until.astimezone(zone).date(),
        answered_on__lte=published_until(),
    )
    whole, each = index_of(rows), by(rows, "service_id")
    yield _indicator("feedback.ikm", _("Satisfaction with services (IKM)"), whole)
    yield {
        "key": "feedback.answers",
        "name": _("Answers to the survey of services"),
        "unit": _("answers"),
        "value": whole.n,
        "target": None,
        "direction": "up",
    }
    for row in services():
        title = in_language(row, "title")
        yield _indicator(
            f"feedback.ikm.{row.key}", _("IKM: %(service)s") % {"service": title}, each.get(row.pk, states.Index(0))
        )


def _indicator(key: str, name: str, found: states.Index) -> dict[str, Any]:
    value = float(found.value) if found.shown and found.value is not None else None
    return {"key": key, "name": name, "unit": _("points"), "value": value, "target": None, "direction": "up"}


def simulated() -> bool:
    """Are there made-up answers? Pages say so."""
    return Answer.objects.filter(simulated=True).exists()
