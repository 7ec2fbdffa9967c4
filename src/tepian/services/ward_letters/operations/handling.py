"""What offices do with a request: vouch, check, inspect, return, refuse."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.events import operation

from .. import policies, states
from ..models import Request
from ..queries import checks
from .applying import add_paper
from .parts import locked, moved

FIELD_PAPER = "lapangan"
LOOKED_FOR = timedelta(minutes=10)  # who opened it last counts as having it open for so long


@operation("ward_letters.see", policy=policies.may_decide, recorded=False)
def see(*, actor: Actor, request: Request) -> None:
    """Somebody has it open at the desk; a colleague is told."""
    Request.objects.filter(pk=request.pk, state=states.WAITING).update(
        seen_by=(actor.label or actor.id)[:200], seen_at=timezone.now()
    )


def _turn(actor: Actor, request: Request, revision: int, to: str = "") -> Request:
    """Held, and still this actor's turn."""
    row = locked(request, revision, to=to, among=(states.WAITING,))
    if not actor.is_system:
        policies.may_decide(actor, row)
    return row


@operation("ward_letters.approve", policy=policies.may_decide)
def approve(*, actor: Actor, request: Request, revision: int, words: str = "") -> Request:
    """Right, as far as this office can say: on to the next. The last step is a signature and happens elsewhere."""
    row = _turn(actor, request, revision)
    if row.signs_next:
        raise Invalid(_("This letter is approved by signing it. Open “Sign”."), code="sign_it")
    if row.step == states.FIELD:
        raise Invalid(_("Write down what was found on site first."), code="inspect_first")
    if reason := checks.hindrance(row):
        raise Conflict(reason, code="hindered")
    return moved(
        actor, row, "approved", step=states.after(row.steps, row.step),
        words=checked_text(words, "words", limit=300, needed=False),
    )  # fmt: skip


@operation("ward_letters.accept_paper", policy=policies.may_serve)
def accept_paper(*, actor: Actor, request: Request, revision: int, words: str) -> Request:
    """The chair of the RT or RW has no account or cannot be reached, and gave a letter on paper: the clerk has seen it and
    says of whom and when it is."""
    row = locked(request, revision, among=(states.WAITING,))
    if row.step not in (states.RT, states.RW):
        raise Conflict(_("This does not wait for an RT or RW. Nothing was changed."), code="moved_on")
    return moved(
        actor, row, "on_paper", step=states.after(row.steps, row.step), words=checked_text(words, "words", limit=300)
    )


@operation("ward_letters.inspect", policy=policies.may_decide)
def inspect(
    *,
    actor: Actor,
    request: Request,
    revision: int,
    on: date,
    found: str,
    fits: bool,
    photo: tuple[bytes, str, str] | None = None,
) -> Request:
    """The report of an inspection on site; `fits`: what was written is so. Where it is not, it stays with the office, which
    returns or refuses it with a reason. `photo` is (content, name, claimed type)."""
    row = _turn(actor, request, revision)
    if row.step != states.FIELD:
        raise Conflict(_("This waits for no inspection. Nothing was changed."), code="moved_on")
    if on > today() or (row.submitted_at and on < timezone.localtime(row.submitted_at).date()):
        raise Invalid(
            _("An inspection lies between the day of the request and today. Look at the day again."),
            code="on",
            field="on",
        )
    text = checked_text(found, "found", limit=1000)
    if photo is not None:
        add_paper(actor, row, FIELD_PAPER, *photo)
    row.inspection = {"on": on.isoformat(), "found": text, "fits": fits, "by": (actor.label or actor.id)[:200]}
    if fits and (reason := checks.hindrance(row)):
        raise Conflict(reason, code="hindered")
    step = states.after(row.steps, states.FIELD) if fits else states.FIELD
    return moved(actor, row, "inspected", step=step, fits=fits)


@operation("ward_letters.send_back", policy=policies.may_decide)
def send_back(*, actor: Actor, request: Request, revision: int | None = None, reason: str) -> Request:
    """Something must be set right: by the applicant, or by the clerk where the head sends it back."""
    row = locked(request, revision, among=(states.WAITING,))
    if not actor.is_system:
        policies.may_decide(actor, row)
    words = checked_text(reason, "reason", limit=500)
    if row.step in states.SIGNING:
        return moved(actor, row, "sent_back", step=states.CLERK, words=words)
    row.reason, row.due_at = words, None
    return moved(actor, row, "returned", state=states.RETURNED, words=words)


@operation("ward_letters.refuse", policy=policies.may_decide)
def refuse(*, actor: Actor, request: Request, revision: int, reason: str, basis: str = "") -> Request:
    """No letter, with the reason and where there is one the legal ground."""
    row = _turn(actor, request, revision, states.REFUSED)
    row.reason, row.basis = (
        checked_text(reason, "reason", limit=500),
        checked_text(basis, "basis", limit=200, needed=False),
    )
    row.due_at = None
    return moved(actor, row, "refused", state=states.REFUSED, words=row.reason)
