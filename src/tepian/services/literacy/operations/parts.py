"""What the verbs share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.rows import held
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit

from .. import queries, states
from ..models import Programme, Session
from ..queries import TOPIC

MOST_PEOPLE = 100_000
Counts = dict[str, int]


def locked(session: Session, *, revision: int | None = None, to: str = "", among: tuple[str, ...] = ()) -> Session:
    """The row, held until the transaction ends. Raises `Conflict` when somebody else was faster, when its state is none of
    `among`, or when the state `to` may not follow it."""
    return held(
        session,
        revision=revision,
        to=to,
        among=among,
        next_states=states.NEXT,
        labels=queries.STATE_LABELS,
        item=session.number,
    )


def locked_programme(programme: Programme, *, revision: int | None = None) -> Programme:
    """As `locked`, for a programme."""
    return held(programme, revision=revision, item=programme.code)


def kept(row: Session, *fields: str) -> Session:
    """Save what changed, as one more revision."""
    row.revision += 1
    row.changed_at = timezone.now()
    row.save(update_fields=[*fields, "revision", "changed_at"])
    return row


def tell(kind: type[Any], session: Session, **more: Any) -> None:
    """Emit an event about a session and make what shows it stale."""
    emit(
        kind(
            number=session.number,
            programme=session.programme.code,
            region=session.region_code,
            starts_at=session.starts_at.isoformat(),
            **more,
        )
    )
    touch(TOPIC)


def checked_ward(code: str, field: str = "region", *, elsewhere: bool = False) -> str:
    """A ward of the city; with `elsewhere` also "" for people from outside. Raises `Invalid`."""
    if elsewhere and code == "":
        return ""
    if code not in queries.wards():
        raise Invalid(_("Choose a ward (kelurahan) from the list."), code="region_unknown", field=field, item=code[:30])
    return code


def checked_group(code: str, programme: Programme, field: str = "group") -> str:
    if code not in programme.groups:
        raise Invalid(_("Choose one of the groups."), code="group_unknown", field=field, item=code[:30])
    return code


def checked_number(value: int | None, field: str, *, least: int = 0, most: int = MOST_PEOPLE) -> int | None:
    if value is not None and not least <= value <= most:
        raise Invalid(
            format_lazy(_("Write a number from {least} to {most}."), least=least, most=most),
            code="number_out_of_range",
            field=field,
        )
    return value


def checked_times(starts_at: datetime, ends_at: datetime) -> None:
    if timezone.is_naive(starts_at) or timezone.is_naive(ends_at):
        raise Invalid(_("A moment needs its time zone."), code="naive_time", field="starts_at")
    if not starts_at < ends_at <= starts_at + states.LONGEST:
        raise Invalid(
            _("The end must come after the beginning, on the same day at most twelve hours later."),
            code="times_crossed",
            field="ends_at",
        )
    if not 2000 <= starts_at.year <= 2100:
        raise Invalid(_("Check the year."), code="year_unlikely", field="starts_at")
