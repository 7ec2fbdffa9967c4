"""Asking, answering, and what an office does about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound, checked_text
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.rows import held
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import emit, note, operation
from tepian.toolkit.identifiers import new_code, read_code
from tepian.toolkit.personal import masked

from . import policies, states
from .events import CommentHandled
from .models import Answer, Invitation, Service

TOPIC = "feedback"
OVER = _("The time for this answer is over. Nothing was stored. Thank you for coming.")
UNKNOWN = _("This code is not known. Look at the letters and digits again; nothing was stored.")


@operation("feedback.ask", policy=policies.only_the_system)
def ask(
    *, actor: Actor, subject: str, service: str, title: str, title_en: str = "", office: str = "", region: str = ""
) -> Invitation:
    """Ask about a hand-over, once for each subject; asking again gives the same invitation."""
    kept, _new = Service.objects.get_or_create(key=service, defaults={"title": title, "title_en": title_en})
    if (kept.title, kept.title_en) != (title, title_en):
        kept.title, kept.title_en = title, title_en
        kept.save()
        touch(TOPIC)
    known = Invitation.objects.filter(subject=subject).first()
    if known is not None:
        return known
    code = new_code(states.CODE, states.CODE_LENGTH)
    while Invitation.objects.filter(code=code).exists():
        code = new_code(states.CODE, states.CODE_LENGTH)
    values = {"service": kept, "office": office, "region": region, "handed_on": today()}
    row, _new = Invitation.objects.get_or_create(subject=subject, defaults={"code": code, **values})
    note("survey", service)
    return row


def invitation_by(code: str) -> Invitation:
    """The invitation of a code as somebody typed it. Raises `NotFound` for an unknown one, `Conflict` for one that was
    answered or is over."""
    wanted = read_code(code, states.CODE, states.CODE_LENGTH)
    row = Invitation.objects.select_related("service").filter(code=wanted).first() if wanted else None
    if row is None:
        raise NotFound(UNKNOWN, code="no_code", item=code[:40])
    if row.answered:
        raise Conflict(_("This was answered already. The first answer counts; nothing was changed."), code="answered")
    if row.handed_on + timedelta(days=states.ANSWER_DAYS) < today():
        raise Conflict(OVER, code="over")
    return row


@operation("feedback.answer", policy=None, recorded=False)
def answer(*, actor: Actor, code: str, values: Mapping[str, int], comment: str = "") -> None:
    """Nine answers to one invitation, without a name. Numbers that look personal are masked in the comment. The record
    is not told, for its time would lead from the person to the answer."""
    invitation = Invitation.objects.select_for_update(of=("self",)).get(pk=invitation_by(code).pk)
    if invitation.answered:
        raise Conflict(_("This was answered already. The first answer counts; nothing was changed."), code="answered")
    given = checked_answers(values)
    words, _count = masked(checked_text(comment, "comment", limit=states.LONGEST_COMMENT, needed=False))
    Answer.objects.create(
        service_id=invitation.service_id,
        office=invitation.office,
        region=invitation.region,
        answered_on=today(),
        comment=words,
        state=states.NEW if words else "",
        **given,
    )
    invitation.answered = True
    invitation.save(update_fields=["answered"])
    touch(TOPIC)


def checked_answers(values: Mapping[str, Any]) -> dict[str, int]:
    """All nine, from 1 to 4. Raises `Invalid` naming the first that is missing."""
    for element in states.ELEMENTS:
        if values.get(element) not in range(states.LOWEST, states.HIGHEST + 1):
            raise Invalid(
                _("One answer is missing. Nothing was sent yet; choose one."), code="answer_missing", field=element
            )
    return {element: int(values[element]) for element in states.ELEMENTS}


@operation("feedback.handle", policy=policies.may_handle)
def handle(*, actor: Actor, answer: Answer, revision: int, state: str, reply: str = "") -> Answer:
    """What the office does about a comment. To be done, it says what; raises `Conflict` when somebody was faster."""
    row = held(answer, revision=revision, item=str(answer.pk))
    if state not in (states.SEEN, states.DONE) or not row.comment:
        raise Invalid(_("Say whether it is being looked at or done. Nothing was changed."), code="state", field="state")
    row.reply = checked_text(reply, "reply", limit=states.LONGEST_COMMENT, needed=state == states.DONE)
    row.state, row.handled_by = state, actor.label or actor.id
    row.revision += 1
    row.save()
    note("survey_comment", row.pk, state=state)
    emit(CommentHandled(service=row.service.key, office=row.office, region=row.region, state=state))
    touch(TOPIC)
    return row


def _old() -> QuerySet[Invitation]:
    return Invitation.objects.filter(handed_on__lt=today() - timedelta(days=states.KEPT_DAYS))


def is_anything_old() -> bool:
    return _old().exists()


@operation("feedback.forget", policy=policies.only_the_system)
def forget(*, actor: Actor) -> int:
    """Drop invitations of long ago, answered or not. Answers stay: nobody is named in them."""
    count, _rows = _old().delete()
    note("survey", invitations=count)
    return count


@operation("feedback.make_up_answers", policy=policies.only_the_system)
def make_up_answers(*, actor: Actor, rows: Iterable[Answer]) -> int:
    """Made-up answers of a demonstration; every page says that they are."""
    made = Answer.objects.bulk_create(rows)
    note("survey", made_up=len(made))
    touch(TOPIC)
    return len(made)
