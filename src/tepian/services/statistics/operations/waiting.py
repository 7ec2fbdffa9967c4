"""Large workbooks, read outside the pages: one after the other, in a process of their own that the worker starts.

What waits stands in the database (`Edition.unread_since`), so a restart loses nothing. The process keeps the workbook it
read last for a while, because each repair asks for the same one again, and then ends and gives its memory back."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext

from tepian.kernel.actors import Actor, Conflict, system
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.queries import open_file
from tepian.kernel.events import note, operation
from tepian.toolkit import tables

from .. import policies, queries, states
from ..models import Edition
from ..queries.catalogue import TOPIC
from .editions import take
from .parts import locked
from .reading import Answers, Reading, answers_in, filed, meanings_of, open_book, read

log = structlog.get_logger("statistics.reader")
READER = system("statistics.reader")
TRIES = 3  # of one workbook; one that ends the process each time keeps no other waiting
LINGER = 180.0  # seconds that the process keeps a workbook for the next repair
PAUSE = 0.3


def unread() -> QuerySet[Edition]:
    """Drafts whose workbook is to be read, the longest waiting first."""
    found = Edition.objects.filter(unread_since__isnull=False, state__in=states.WITH_PRODUCER)
    return found.select_related("dataset").order_by("unread_since", "id")


class Reader:
    """Reads what waits. Keeps one workbook: the hash of its content, what people said it leaves open, its tables."""

    def __init__(self) -> None:
        self._kept: tuple[tuple[str, str, Answers], tables.Book] | None = None

    def work(self, ended: Callable[[], bool]) -> None:
        """Until nothing has waited for a while, or `ended()`."""
        last = time.monotonic()
        while not ended() and time.monotonic() - last < LINGER:
            if self.read_next():
                last = time.monotonic()
            else:
                time.sleep(PAUSE)

    def read_next(self) -> bool:
        """Read one workbook and keep what it says; False when none waits. What somebody changed meanwhile is read again."""
        if not unread().exists():
            return False
        row = begin_reading(actor=READER)
        if row is None:
            return True
        try:
            reading = self._reading(row)
            with filed(row.dataset, reading) as ready:
                keep_reading(actor=READER, edition=row, revision=row.revision, reading=ready)
        except Conflict:
            log.info("reading_overtaken", edition=str(row.key))
        except tables.Unreadable as refusal:
            self._refuse(row, {language: refusal.sentence(language) for language in ("en", "id")})
        except Exception:
            log.exception("reading_failed", edition=str(row.key), tries=row.reading_tries)
        return True

    def _reading(self, row: Edition) -> Reading:
        meanings = meanings_of(row.dataset, row.repairs)
        read_before = bool(row.findings.get("tables"))
        return read(
            self._book(row, answers_in(meanings)),
            row.dataset,
            queries.published_edition(row.dataset),
            table=row.table if read_before else None,
            mapping=row.mapping,
            meanings=meanings,
        )

    def _book(self, row: Edition, answers: Answers) -> tables.Book:
        file = StoredFile.objects.get(pk=str(row.file))
        wanted = (file.sha256, row.file_name, answers)
        if self._kept is None or self._kept[0] != wanted:
            self._kept = None  # its memory first
            with open_file(file) as content:
                self._kept = (wanted, open_book(content.read(), row.file_name, answers))
        return self._kept[1]

    @staticmethod
    def _refuse(row: Edition, sentences: dict[str, str]) -> None:
        try:
            refuse_reading(actor=READER, edition=row, revision=row.revision, sentences=sentences)
        except Conflict:
            log.info("reading_overtaken", edition=str(row.key))


@operation("statistics.begin_reading", policy=policies.only_the_system)
def begin_reading(*, actor: Actor) -> Edition | None:
    """The one that waits longest, counted as tried before it is: reading may end the process. None when it was tried too
    often; it is refused then."""
    row = unread().select_for_update(of=("self",)).first()
    if row is None:
        return None
    note("statistics", row.key, tries=row.reading_tries)
    if row.reading_tries >= TRIES:
        _refused(row, {language: _too_much(language) for language in ("en", "id")})
        return None
    row.reading_tries += 1
    row.save(update_fields=["reading_tries"])
    return row


@operation("statistics.keep_reading", policy=policies.only_the_system)
def keep_reading(*, actor: Actor, edition: Edition, revision: int, reading: Reading) -> Edition:
    """What the workbook says, unless somebody changed the draft meanwhile. People decided nothing here, so the revision
    stays: a repair clicked in the same moment is not refused."""
    row = locked(edition, revision=revision, among=states.WITH_PRODUCER)
    note("statistics", row.key, rows=len(reading.figures), problems=reading.open_problems)
    take(actor, row, reading)
    row.save()
    touch(TOPIC)
    return row


@operation("statistics.refuse_reading", policy=policies.only_the_system)
def refuse_reading(*, actor: Actor, edition: Edition, revision: int, sentences: dict[str, str]) -> Edition:
    """The workbook cannot be read: the page says why, by language."""
    row = locked(edition, revision=revision, among=states.WITH_PRODUCER)
    note("statistics", row.key, refused=sentences["en"])
    _refused(row, sentences)
    return row


def _refused(row: Edition, sentences: dict[str, str]) -> None:
    row.unread_since, row.reading_tries = None, 0
    row.findings = {"refused": sentences}
    row.rows = row.open_problems = row.changed_cells = 0
    row.save()
    touch(TOPIC)


def _too_much(language: str) -> str:
    with translation.override(language):
        return gettext(
            "This workbook could not be read: it is too much for this computer at once. Send one year at a time."
        )
