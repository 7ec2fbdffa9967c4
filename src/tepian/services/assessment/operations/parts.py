"""What the verbs share: rows held until the transaction ends, and saying what happened."""

from __future__ import annotations

from typing import Any

from tepian.kernel.catalogue import rows
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note

from .. import queries, states
from ..models import Answer, Assessment

Counts = dict[str, int]


def held(row: Assessment, *, revision: int | None = None, to: str = "", among: tuple[str, ...] = ()) -> Assessment:
    """The assessment, locked and read anew; the record is told. Raises `Conflict` when somebody else was faster, when its
    state is none of `among`, or when `to` may not follow it."""
    found = rows.held(
        row, revision=revision, to=to, among=among, next_states=states.NEXT, labels=queries.STATE_LABELS, item=row.code
    )
    note("assessment", found.code)
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
