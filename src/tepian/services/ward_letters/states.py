"""What may follow what in a request for a letter, whose turn it is, and when it is due. No database here."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DRAFT, WAITING, RETURNED = "draft", "waiting", "returned"
ISSUED, HANDED = "issued", "handed"
REFUSED, CANCELLED, EXPIRED, STOPPED = "refused", "cancelled", "expired", "stopped"
REVOKED, LAPSED = "revoked", "lapsed"
ENDED = (HANDED, REFUSED, CANCELLED, EXPIRED, STOPPED, REVOKED, LAPSED)
OPEN = (DRAFT, WAITING, RETURNED)  # of these a resident has one of each kind at most
VALID = (ISSUED, HANDED)  # the letter carries weight
NEXT = {
    DRAFT: (WAITING, CANCELLED, EXPIRED, STOPPED),
    WAITING: (WAITING, RETURNED, REFUSED, CANCELLED, STOPPED, ISSUED),
    RETURNED: (WAITING, CANCELLED, EXPIRED, STOPPED),
    ISSUED: (HANDED, REVOKED, LAPSED),
    HANDED: (REVOKED, LAPSED),
    LAPSED: (REVOKED,),
}
STATES = (DRAFT, WAITING, RETURNED, ISSUED, HANDED, REFUSED, CANCELLED, EXPIRED, STOPPED, REVOKED, LAPSED)

RT, RW, CLERK, FIELD, HEAD, DISTRICT = "rt", "rw", "clerk", "inspection", "head", "district"
STEPS = (RT, RW, CLERK, FIELD, HEAD, DISTRICT)  # in this order; a kind names those that it needs
SIGNING = (HEAD, DISTRICT)  # the last step of a chain is one of these and signs

ONLINE, COUNTER = "online", "counter"
LINK, PRINT, PAPER = "link", "print", "paper"
WAYS = (LINK, PRINT, PAPER)

TEXT, NUMBER, DATE, CHOICE, REGION, YES_NO, MEMBER = "text", "number", "date", "choice", "region", "yes_no", "member"
TYPES = (TEXT, NUMBER, DATE, CHOICE, REGION, YES_NO, MEMBER)  # member: somebody of the own family card
YES, NO = "yes", "no"

ALIVE, LIVES_HERE, OF_AGE, FAMILY_CARD, UNMARRIED, NO_VALID = (
    "alive", "lives_here", "of_age", "family_card", "unmarried", "no_valid_letter",
)  # fmt: skip
CHECKS = (ALIVE, LIVES_HERE, OF_AGE, FAMILY_CARD, UNMARRIED, NO_VALID)
BINDING = (ALIVE, LIVES_HERE)  # without these no letter is given; the rest is for a person to weigh
OF_AGE_YEARS = 17  # or married: who has an identity card of their own (UU 24/2013 art. 63)

DIED, MOVED_AWAY = "died", "moved"  # why a request was stopped

# What the register or the office says in a letter: no answer of an applicant may take its place.
OFFICIAL = (
    "name", "nik", "kk", "sex", "birth", "religion", "marriage", "occupation", "citizenship", "address", "neighbourhood", "ward",
    "district", "request", "valid_until", "reported_by", "inspection", "inspected_on", "inspected_by",
)  # fmt: skip

RETURN, REFUSE = "return", "refuse"
USES = (RETURN, REFUSE)

DRAFT_DAYS = 7  # an unsent request is forgotten after so long
RETURNED_DAYS = 30  # a request that waits for the citizen
FORGET_DAYS = 90  # papers, answers and numbers for messages of what has ended are kept so long
MOST_TRIES_ADDRESS = 30  # wrong identities from one network in an hour; many share one on mobile networks
MOST_TRIES_NIK = 6  # for one NIK in an hour, from wherever
MOST_PAPERS = 4  # files of one kind of paper
RESERVED = {"cek", "permohonan", "status", "sertifikat-akar.pem", "kirim"}  # addresses below /surat


def may_follow(state: str, wanted: str) -> bool:
    return wanted in NEXT.get(state, ())


def after(steps: Sequence[str], step: str) -> str:
    """The step behind this one; empty behind the last."""
    place = list(steps).index(step) + 1
    return steps[place] if place < len(steps) else ""


Hours = Mapping[int, tuple[time, time]]  # weekday, Monday 0, → from, to


def due(start: datetime, minutes: int, hours: Hours, holidays: Collection[date], zone: ZoneInfo) -> datetime:
    """When `minutes` of the office's open time are over, counted from `start` (aware). Without opening hours time simply
    runs."""
    if not hours:
        return start + timedelta(minutes=minutes)
    at, left = start.astimezone(zone), float(minutes)
    for ahead in range(3 * 366):
        day = at.date() + timedelta(days=ahead)
        span = hours.get(day.weekday())
        if span is None or day in holidays:
            continue
        opens, closes = (datetime.combine(day, each, zone) for each in span)
        begins = max(opens, at)
        open_for = (closes - begins).total_seconds() / 60
        if open_for <= 0:
            continue
        if left <= open_for:
            return begins + timedelta(minutes=left)
        left -= open_for
    raise ValueError("the office never opens")


def due_in_days(start: datetime, days: int, hours: Hours, holidays: Collection[date], zone: ZoneInfo) -> datetime:
    """When the office closes on the `days`-th working day after the day of `start` (aware)."""
    first, left = start.astimezone(zone).date(), days
    for ahead in range(1, 3 * 366):
        day = first + timedelta(days=ahead)
        span = hours.get(day.weekday())
        left -= span is not None and day not in holidays
        if left == 0 and span is not None:
            return datetime.combine(day, span[1], zone)
    raise ValueError("the office never opens")
