"""Rows held until the transaction ends, and the slower of two people told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db.models import Model
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Conflict

Row = TypeVar("Row", bound=Model)


def too_late(item: str) -> Conflict:
    """Somebody else was faster."""
    return Conflict(
        _("Somebody else changed this a moment ago. Nothing of yours was applied: look at it again."),
        code="too_late",
        item=item,
    )


def held(
    row: Row,
    *,
    revision: int | None = None,
    counter: str = "revision",
    next_states: Mapping[str, tuple[str, ...]] | None = None,
    to: str = "",
    among: tuple[str, ...] = (),
    labels: Mapping[str, Any] | None = None,
    item: str = "",
) -> Row:
    """The row, locked and read anew. Raises `Conflict` when `counter` is not `revision` any more (somebody else was
    faster), when its state is none of `among`, or when `to` may not follow it in `next_states`. `item` names it in the refusal."""
    locked: Any = type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
    if revision is not None and getattr(locked, counter) != revision:
        raise too_late(item or str(row.pk))
    state = getattr(locked, "state", "")
    if (among and state not in among) or (to and to not in (next_states or {}).get(state, ())):
        raise Conflict(
            format_lazy(_("This is now “{state}”. Nothing was changed."), state=(labels or {}).get(state, state)),
            code="moved_on",
            item=item or str(row.pk),
        )
    return locked  # type: ignore[no-any-return]
