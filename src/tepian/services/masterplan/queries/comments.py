"""What people say of projects: what is shown, what waits for whom, and how much is not shown and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.kept import Kept
from tepian.toolkit import identifiers
from tepian.toolkit.wordlist import WordList as Finder

from .. import states
from ..models import Comment, Project, WordList

COMMENT_LABELS = {
    states.WAITING: gettext_lazy("waits to be looked at"),
    states.SHOWN: gettext_lazy("shown"),
    states.HIDDEN: gettext_lazy("not shown"),
}
KIND_LABELS = {states.FACT: gettext_lazy("Fact"), states.QUESTION: gettext_lazy("A question")}
REASON_LABELS = {
    "insult": gettext_lazy("insults somebody"),
    "personal": gettext_lazy("tells personal data of somebody"),
    "off_topic": gettext_lazy("is not about this project"),
    "advertising": gettext_lazy("is advertising"),
    "repeated": gettext_lazy("was already said in the same words"),
    "photo": gettext_lazy("has a photo that shows a face, a number plate or something else"),
    "unreadable": gettext_lazy("cannot be understood"),
}
FINDING_LABELS = {
    "insult": gettext_lazy("a word of the list of insults"),
    "personal": gettext_lazy("numbers of a person, masked"),
    "link": gettext_lazy("a link"),
    "repeated": gettext_lazy("said before in the same words"),
    "shouting": gettext_lazy("only capital letters"),
}
WORDS_TOPIC = "masterplan.words"
CODE_PREFIX, CODE_LENGTH = "P", 8
SHOWN_AT_ONCE = 50
SENDER_KEPT = timedelta(days=31)
ANSWER_DAYS = 7  # after which a fact or question that is shown waits too long; a promise of the city, not a law


def read_code(text: str) -> str | None:
    return identifiers.read_code(text, CODE_PREFIX, CODE_LENGTH)


def comment_by(key: UUID | str) -> Comment:
    """Raises `NotFound`."""
    found = Comment.objects.select_related("project").filter(key=key).first()
    if found is None:
        raise NotFound(_("There is no such comment."), code="no_comment", item=str(key))
    return found


def comment_by_code(code: str) -> Comment | None:
    wanted = read_code(code)
    return Comment.objects.select_related("project").filter(code=wanted).first() if wanted else None


def shown(project: Project) -> QuerySet[Comment]:
    """The newest first."""
    return project.comments.filter(state=states.SHOWN).order_by("-at", "-id")


@dataclass(frozen=True, slots=True)
class Moderation:
    """How a project's comments were judged, for everybody to judge it in turn."""

    shown: int
    waiting: int
    answered: int
    hidden: dict[str, int]  # reason → count

    @property
    def hidden_count(self) -> int:
        return sum(self.hidden.values())

    @property
    def sentence(self) -> str:
        """“3 are not shown: insults somebody (2), is advertising (1).”"""
        if not self.hidden:
            return ""
        reasons = ", ".join(
            f"{REASON_LABELS[reason]} ({count})"
            for reason, count in sorted(self.hidden.items(), key=lambda item: -item[1])
        )
        return ngettext("%(n)d is not shown: %(reasons)s.", "%(n)d are not shown: %(reasons)s.", self.hidden_count) % {
            "n": self.hidden_count,
            "reasons": reasons,
        }


def moderation(project: Project) -> Moderation:
    rows = list(project.comments.values_list("state", "reason", "answered_at"))
    return Moderation(
        shown=sum(state == states.SHOWN for state, _reason, _at in rows),
        waiting=sum(state == states.WAITING for state, _reason, _at in rows),
        answered=sum(state == states.SHOWN and at is not None for state, _reason, at in rows),
        hidden=dict(Counter(reason for state, reason, _at in rows if state == states.HIDDEN)),
    )


def to_judge() -> QuerySet[Comment]:
    """The oldest first."""
    return Comment.objects.filter(state=states.WAITING).select_related("project").order_by("at", "id")


def to_answer() -> QuerySet[Comment]:
    """Questions, and facts with a photo, that are shown and have no answer yet; the oldest first. A fact without evidence
    may be answered, too, but nobody is called to it."""
    return (
        Comment.objects.filter(state=states.SHOWN, answered_at=None)
        .filter(Q(kind=states.QUESTION) | Q(photo__isnull=False))
        .select_related("project")
        .order_by("at", "id")
    )


def waits_too_long(comment: Comment) -> bool:
    return timezone.now() - comment.at > timedelta(days=ANSWER_DAYS)


def old_senders() -> QuerySet[Comment]:
    return Comment.objects.filter(at__lt=timezone.now() - SENDER_KEPT).exclude(sender="")


def has_old_senders() -> bool:
    return old_senders().exists()


# --- the list of insults ----------------------------------------------------------------------------------------------


def _read() -> list[tuple[WordList, Finder]]:
    return [
        (row, Finder(row.words, prefixes=row.prefixes, suffixes=row.suffixes, innocent=row.innocent))
        for row in WordList.objects.order_by("code")
    ]


_kept = Kept(_read, WORDS_TOPIC)


def insults_in(text: str, on: date | None = None) -> list[str]:
    """Words of the lists that count on the day, of all languages: people mix them."""
    day = on or today()
    return [
        word
        for row, finder in _kept()
        if row.valid_from <= day and (row.valid_to is None or day <= row.valid_to)
        for word in finder.found_in(text)
    ]


def same_words(text: str) -> str:
    """What is left when only letters and digits count: two texts that differ in blanks and signs are the same."""
    return "".join(character for character in text.casefold() if character.isalnum())


def said_before(project: Project, text: str) -> bool:
    """Has the same been said of this project in the last month?"""
    texts = (
        project.comments.filter(at__gte=timezone.now() - timedelta(days=31))
        .order_by("-at")
        .values_list("text", flat=True)[:500]
    )
    wanted = same_words(text)
    return bool(wanted) and any(same_words(each) == wanted for each in texts)
