"""What may follow what, how an instrument is read, and the arithmetic of its score. No database here."""

from __future__ import annotations

from . import instruments, scoring

OPEN, SUBMITTED, SCORED, CLOSED = "open", "submitted", "scored", "closed"
NEXT = {
    OPEN: (SUBMITTED,),
    SUBMITTED: (OPEN, SCORED),
    SCORED: (SUBMITTED, CLOSED),
    CLOSED: (),
}
UNFINISHED = (OPEN, SUBMITTED, SCORED)

FILE, LINK, PAGE = "file", "link", "page"
KINDS = (FILE, LINK, PAGE)

DISAGREE = 2  # steps of the scale between two assessors from which the page asks them to talk
FEW = 10  # answers of a survey below which its figures are not shown: the few could be guessed


__all__ = [
    "CLOSED",
    "DISAGREE",
    "FEW",
    "FILE",
    "KINDS",
    "LINK",
    "NEXT",
    "OPEN",
    "PAGE",
    "SCORED",
    "SUBMITTED",
    "UNFINISHED",
    "instruments",
    "scoring",
]
