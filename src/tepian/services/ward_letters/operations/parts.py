"""What the verbs share: the row held, the step written down, the applicant told."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Actor, Invalid, system
from tepian.kernel.catalogue.rows import held
from tepian.kernel.events import note
from tepian.kernel.identity.queries import accounts_with_role, actor_for
from tepian.kernel.notifications import operations as notifications
from tepian.ui.words import in_language

from .. import policies, queries, states
from ..models import Request, Step

TOLD = {
    states.RETURNED: gettext_lazy("Your request %(code)s needs something from you"),
    states.ISSUED: gettext_lazy("Your letter %(code)s is ready"),
    states.REFUSED: gettext_lazy("Your request %(code)s was refused"),
    states.STOPPED: gettext_lazy("Your request %(code)s was stopped"),
    states.REVOKED: gettext_lazy("Your letter %(code)s was revoked"),
}

CALLED = gettext_lazy("A resident waits for you: %(title)s")


def locked(request: Request, revision: int | None = None, to: str = "", among: tuple[str, ...] = ()) -> Request:
    """The request, held until the end. Raises `Conflict` where somebody was faster or its state does not allow it."""
    return held(
        request,
        revision=revision,
        next_states=states.NEXT,
        to=to,
        among=among,
        labels=queries.STATE_NAMES,
        item=request.code,
    )


def by(actor: Actor) -> str:
    """Who did it, for the applicant to read: an office, or the applicant."""
    if actor.kind == "anonymous" or not actor.id:
        return "applicant"
    return (actor.label or actor.id)[:200]


def moved(
    actor: Actor, row: Request, verb: str, *, state: str = "", step: str = "", words: str = "", **details: Any
) -> Request:
    """Write the row with its new state and step, and what happened; tell the applicant where that matters."""
    taken_at = row.step
    changed = bool(state and state != row.state) or bool(step and step != row.step)
    row.state, row.step = state or row.state, step or row.step
    now = timezone.now()
    if changed:
        row.state_since = now
        row.seen_by, row.seen_at = "", None
    row.revision += 1
    row.save()
    Step.objects.create(request=row, verb=verb, step=taken_at, by=by(actor), words=words, details=details, at=now)
    note("letter_request", row.code, verb=verb, state=row.state, step=row.step)
    if changed and row.state in TOLD and row.contact:
        _tell(row, TOLD[row.state])
    if changed and row.state == states.WAITING and row.step in (states.RT, states.RW):
        _call_neighbours(row)
    return row


def _call_neighbours(row: Request) -> None:
    """Chairs of RT and RW sit at no desk: they are told that somebody waits for them, without whom."""
    chairs = [
        account
        for account in accounts_with_role(policies.NEIGHBOURHOOD, row.region_code)
        if policies.may_take(actor_for(account), row)
    ]
    titles = {}
    for language in ("id", "en"):
        with translation.override(language):
            titles[language] = str(CALLED) % {"title": in_language(row.kind, "title")}
    if chairs:
        notifications.notify(
            actor=system("ward_letters"),
            to=chairs,
            topic="ward_letters",
            title=titles["id"],
            title_en=titles["en"],
            url=f"/kerja/kelurahan/{row.code}",
            key=f"ward_letters/{row.code}/{row.step}/{row.revision}",
        )


def _tell(row: Request, title: Any) -> None:
    """A message to the telephone number that the applicant gave for this request. A number that cannot be reached must not
    stop the work."""
    titles, bodies = {}, {}
    for language in ("id", "en"):
        with translation.override(language):
            titles[language] = str(title) % {"code": row.code}
            bodies[language] = queries.reason_of(row) or queries.facts_of(row).next
    prefix = "/en" if row.language == "en" else ""
    try:
        notifications.send_to_address(
            actor=system("ward_letters"),
            address=row.contact,
            channel="gateway",
            topic="ward_letters",
            title=titles["id"],
            title_en=titles["en"],
            body=bodies["id"],
            body_en=bodies["en"],
            url=f"{settings.BASE_URL}{prefix}/surat/permohonan/{row.code}/{row.secret}",
            language=row.language,
            key=f"ward_letters/{row.code}/{row.state}/{row.revision}",
        )
    except Invalid:
        note(told=False)
