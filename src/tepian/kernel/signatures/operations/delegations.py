"""Who signs for whom: a.n. and u.b., from one day to another, on a decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.events import note, operation
from tepian.kernel.organisations import queries as organisations

from .. import policies
from ..models import SigningDelegation

Form = SigningDelegation.Form


@operation("signatures.delegate", policy=policies.may_manage_keys)
def delegate(
    *,
    actor: Actor,
    for_position: str,
    by_position: str,
    form: str,
    basis: str,
    via: str = "",
    kinds: Sequence[str] = (),
    valid_from: date | None = None,
    valid_to: date | None = None,
) -> SigningDelegation:
    """The holder of one position signs on behalf of another's. Positions by code. `via` is for u.b. only: who signs a.n."""
    if form not in Form.values:
        raise Invalid(_("Choose a.n. or u.b."), code="form_unknown", field="form")
    if for_position == by_position:
        raise Invalid(_("Nobody signs on behalf of the own position."), code="same_position", field="by_position")
    if form == Form.UB and via in {"", for_position, by_position}:
        raise Invalid(_("u.b. needs the position in between, who would sign a.n."), code="via_missing", field="via")
    start = valid_from or today()
    if valid_to and valid_to < start:
        raise Invalid(_("The last day lies before the first."), code="dates_wrong", field="valid_to")
    row = SigningDelegation(
        for_position_id=organisations.position(for_position).id,
        by_position_id=organisations.position(by_position).id,
        via_id=organisations.position(via).id if form == Form.UB else None,
        form=form,
        kinds=sorted(set(kinds)),
        valid_from=start,
        valid_to=valid_to,
        basis=checked_text(basis, "basis", limit=200),
    )
    row.save()
    note("signing_delegation", row.pk, for_position=for_position, by_position=by_position, form=form)
    return row


@operation("signatures.end_delegation", policy=policies.may_manage_keys)
def end_delegation(*, actor: Actor, delegation: SigningDelegation) -> None:
    """It ends with yesterday: from now nobody signs by it. What was signed stays."""
    row = SigningDelegation.objects.select_for_update(of=("self",)).filter(pk=delegation.pk).first()
    day = today()
    if row is None or (row.valid_to and row.valid_to < day):
        raise Conflict(_("This has ended already. Nothing was changed."), code="already_done")
    note("signing_delegation", row.pk)
    if row.valid_from >= day:
        row.delete()
        return
    row.valid_to = date.fromordinal(day.toordinal() - 1)
    row.save(update_fields=["valid_to"])
