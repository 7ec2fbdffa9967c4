"""What people say of a project: taken without a name, looked at by rules and then by a person, answered by the city.

No rule hides or drops anything: rules only mark what a person should look at twice. Whoever builds does not judge."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.rows import held
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.documents.pictures import keep_photo
from tepian.kernel.events import emit, note, operation
from tepian.toolkit import identifiers, personal
from tepian.toolkit.sealing import Seal

from .. import policies, states
from ..events import CommentAnswered
from ..models import Comment, Project
from ..queries import comments as queries
from ..queries.plan import TOPIC

SUBJECT = "plan_comment"
LONGEST = 1000
MOST_AN_HOUR, MOST_A_DAY = 5, 20  # from one address; many people share one on mobile networks
SHOUTING = 20  # letters from which capital letters alone are marked


class TooMany(Invalid):
    """From this address much was written in a short time."""


def _sender(address: str) -> str:
    return Seal(settings.SECRET_KEY, "masterplan.comments").fingerprint(address)


def _count(sender: str, now: datetime) -> None:
    rows = Comment.objects.filter(sender=sender)
    if sender and (
        rows.filter(at__gt=now - timedelta(hours=1)).count() >= MOST_AN_HOUR
        or rows.filter(at__gt=now - timedelta(days=1)).count() >= MOST_A_DAY
    ):
        raise TooMany(
            _(
                "Much was written from your network in the last hour. Nothing was sent. Keep your text and try again in an "
                "hour."
            ),
            code="too_many",
        )


@operation("masterplan.write_comment", policy=policies.anybody)
def write_comment(
    *,
    actor: Actor,
    project: Project,
    kind: str,
    text: str,
    key: UUID,
    address: str = "",
    photo: tuple[bytes, str, str] | None = None,
) -> Comment:
    """A fact or a question of anybody; `photo` is (content, name, claimed type). `key` comes with the form: the same form
    sent twice is one comment. Waits for a person, whatever the rules find."""
    row = held(project)
    note("project", row.slug)
    if not row.public:
        raise Invalid(_("This project takes no comments."), code="not_public")
    if kind not in states.COMMENT_KINDS:
        raise Invalid(_("Choose whether it is a fact or a question."), code="kind", field="kind")
    sender, now = _sender(address), timezone.now()
    words, masked = personal.masked(checked_text(text, "text", limit=LONGEST))
    present = Comment.objects.filter(key=key).first()
    if present is not None:
        if (present.project_id, present.sender, present.text) == (row.pk, sender, words):
            return present
        raise Conflict(
            _("This form was already sent with other words. Open it again and send yours."), code="form_used"
        )
    _count(sender, now)
    comment = _stored(
        Comment(
            key=key,
            project=row,
            kind=kind,
            text=words,
            sender=sender,
            at=now,
            findings=_findings(row, words, masked),
        )
    )
    if photo is not None:
        content, name, media_type = photo
        file, _facts = keep_photo(
            actor=actor, content=content, name=name, media_type=media_type, subject_type=SUBJECT, subject_id=comment.pk
        )
        comment.photo = file.pk
        comment.save(update_fields=["photo"])
    note("project", row.slug, comment=str(comment.key), kind=kind, findings=comment.findings)
    touch(TOPIC)
    return comment


def _stored(comment: Comment) -> Comment:
    """With a code that nobody has."""
    for _attempt in range(20):
        comment.code = identifiers.new_code(queries.CODE_PREFIX, queries.CODE_LENGTH)
        try:
            with transaction.atomic():
                comment.save(force_insert=True)
        except IntegrityError:
            if Comment.objects.filter(key=comment.key).exists():
                raise Conflict(
                    _("This form was already sent with other words. Open it again and send yours."), code="form_used"
                ) from None
            continue
        return comment
    raise RuntimeError("no free code in twenty attempts")


def _findings(project: Project, text: str, masked: int) -> list[str]:
    letters = [character for character in text if character.isalpha()]
    seen = {
        "insult": bool(queries.insults_in(text)),
        "personal": masked > 0,
        "link": personal.has_link(text),
        "repeated": queries.said_before(project, text),
        "shouting": len(letters) >= SHOUTING and not any(character.islower() for character in letters),
    }
    return [code for code in states.FINDINGS if seen[code]]


# --- a person looks ---------------------------------------------------------------------------------------------------


@operation("masterplan.judge_comment", policy=policies.may_judge)
def judge_comment(*, actor: Actor, comment: Comment, revision: int, shown: bool, reason: str = "") -> Comment:
    """Show it, or do not show it for one of the ready reasons, which everybody reads as a count. May be judged again."""
    to = states.SHOWN if shown else states.HIDDEN
    row = held(comment, revision=revision, next_states=states.COMMENT_NEXT, to=to, labels=queries.COMMENT_LABELS)
    if not shown and reason not in states.HIDE_REASONS:
        raise Invalid(
            _("Choose why it is not shown. Everybody sees the reasons as a count."), code="reason", field="reason"
        )
    row.state, row.reason = to, "" if shown else reason
    row.judged_by, row.judged_at = actor.label[:200], timezone.now()
    row.revision += 1
    row.save()
    note("project", row.project.slug, comment=str(row.key), state=to, reason=row.reason)
    touch(TOPIC)
    return row


@operation("masterplan.answer_comment", policy=policies.may_answer)
def answer_comment(*, actor: Actor, comment: Comment, revision: int, text: str) -> Comment:
    """The city's answer, for everybody; it may be corrected. Only what is shown is answered in public."""
    row = held(comment, revision=revision, among=(states.SHOWN,), labels=queries.COMMENT_LABELS)
    words = checked_text(text, "answer", limit=2000)
    if words == row.answer:
        return row
    first = not row.answer
    row.answer, row.answered_by, row.answered_at = words, actor.label[:200], timezone.now()
    row.revision += 1
    row.save()
    note("project", row.project.slug, comment=str(row.key), corrected=not first)
    emit(CommentAnswered(project=row.project.slug, comment=str(row.key)))
    touch(TOPIC)
    return row


@operation("masterplan.forget_senders", policy=policies.only_the_system)
def forget_senders(*, actor: Actor) -> int:
    """Drop the keyed hashes of addresses after a month."""
    count = queries.old_senders().update(sender="")
    note("project", "", dropped=count)
    return count
