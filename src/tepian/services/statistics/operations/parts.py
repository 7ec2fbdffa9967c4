"""What the verbs share."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Conflict
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit

from .. import queries, states
from ..models import Dataset, Edition
from ..queries.catalogue import TOPIC

Counts = dict[str, int]


def locked(
    edition: Edition, *, revision: int | None = None, to: str = "", among: tuple[str, ...] = (), whole: bool = False
) -> Edition:
    """The row, held until the transaction ends. Raises `Conflict` when somebody else was faster, when its state is none of
    `among`, or when the state `to` may not follow it. `whole` holds the dataset first: what is published of it and under
    which number depends on its other editions, and who holds an edition alone waits for no other."""
    if whole:
        Dataset.objects.select_for_update(of=("self",), no_key=True).get(pk=edition.dataset_id)
    row = Edition.objects.select_for_update(of=("self",)).select_related("dataset").get(pk=edition.pk)
    if revision is not None and row.revision != revision:
        raise Conflict(
            _("Somebody else changed this edition a moment ago. Nothing of yours was applied: look at it again."),
            code="too_late",
            item=str(row.key),
        )
    if (among and row.state not in among) or (to and not states.may_follow(row.state, to)):
        raise Conflict(
            _("This edition is now “%(state)s”. Nothing was changed.") % {"state": queries.STATE_LABELS[row.state]},
            code="moved_on",
            item=str(row.key),
        )
    return row


def tell(kind: type[Any], edition: Edition, **more: Any) -> None:
    """Emit an event about an edition and make what shows it stale."""
    emit(
        kind(
            dataset=edition.dataset.code,
            edition=str(edition.key),
            agency=edition.dataset.agency_code,
            number=edition.number,
            periods=list(edition.periods),
            **more,
        )
    )
    touch(TOPIC)
