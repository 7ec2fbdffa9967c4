"""What the verbs share: rows held until the transaction ends, and saying what happened."""

from __future__ import annotations

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Conflict
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note

from .. import queries, states
from ..models import Answer, Assessment

Counts = dict[str, int]


def too_late(item: str) -> Conflict:
    return Conflict(
        _("Somebody else changed this a moment ago. Nothing of yours was applied: look at it again."),
        code="too_late",
        item=item,
    )


def held(row: Assessment, *, revision: int | None = None, to: str = "", among: tuple[str, ...] = ()) -> Assessment:
    """The assessment, locked and read anew; the record is told. Raises `Conflict` when somebody else was faster, when its
    state is none of `among`, or when `to` may not follow it."""
    found = Assessment.objects.select_for_update(of=("self",)).get(pk=row.pk)
    note("assessment", found.code)
    if revision is not None and found.revision != revision:
        raise too_late(found.code)
    if (among and found.state not in among) or (to and not states.may_follow(found.state, to)):
        raise Conflict(
            format_lazy(_("This is now “{state}”. Nothing was changed."), state=queries.STATE_LABELS[found.state]),
            code="moved_on",
            item=found.code,
        )
    return found


def held_answer(answer: Answer, *, among: tuple[str, ...]) -> Answer:
    """The item, locked together with its assessment, which must be in one of `among`."""
    row = held(answer.assessment, among=among)
    found = Answer.objects.select_for_update(of=("self",)).get(pk=answer.pk)
    found.assessment = row
    note("assessment", row.code, item=found.item)
    return found


def tell(kind: type[Any], row: Assessment, **more: Any) -> None:
    """Emit an event about an assessment and make what shows it stale."""
    emit(
        kind(
            assessment=row.code,
            instrument=f"{row.instrument_code} {row.instrument_version}",
            year=row.year,
            **more,
        )
    )
    touch(queries.TOPIC)
