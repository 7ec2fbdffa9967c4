"""What may follow what in a session, and the fixed limits of this room. No database here."""

from __future__ import annotations

from datetime import datetime, timedelta

PLANNED, OPEN, HELD, CANCELLED = "planned", "open", "held", "cancelled"
NEXT = {
    PLANNED: (OPEN, HELD, CANCELLED),  # held at once: a session with a paper list and no phone in the room
    OPEN: (HELD, CANCELLED),
    HELD: (OPEN,),  # closed too early
    CANCELLED: (),
}
TO_COME = (PLANNED, OPEN)

BEFORE, AFTER = "before", "after"
PHASES = (BEFORE, AFTER)

PUBLIC, ATTENDEES = "public", "attendees"
AUDIENCES = (PUBLIC, ATTENDEES)

LANGUAGES = ("id", "en")
AGES = ("0-17", "18-25", "26-45", "46-60", "61+")
GENDERS = ("f", "m")
DIMENSIONS = ("governance", "branding", "economy", "living", "society", "environment")

FEWEST_QUESTIONS, MOST_QUESTIONS = 4, 10
FEWEST_CHOICES, MOST_CHOICES = 2, 6

SMALL_GROUP = 10  # persons of a measured effect under which nothing is shown
SMALL_CELL = 5  # persons of a ward and group under which the public sees no number

STEP_S = 60  # how long the code on the screen stays the same
STEPS = 2  # the present code and the one before: who reads it in its last second still comes in
TICKET_S = 45 * 60  # how long a form that was opened with a good code may be sent
DOOR_BEFORE = timedelta(hours=1)  # the poster's code works from so long before the start
DOOR_AFTER = timedelta(minutes=30)
OPENS_BEFORE = timedelta(hours=12)  # the earliest opening by a person
HELD_AFTER = timedelta(hours=2)  # an open session that nobody closed counts as held so long after its end
TEST_AFTER = timedelta(hours=48)  # the test after may be sent so long after the end
REOPEN_WITHIN = timedelta(hours=24)
LONGEST = timedelta(hours=12)
FORGET_AFTER = timedelta(days=90)  # after the year's end

RESERVED = {"hadir", "sesi", "saya", "tes", "bahan"}  # addresses below /literasi


def may_follow(state: str, wanted: str) -> bool:
    return wanted in NEXT.get(state, ())


def poster_works(now: datetime, starts_at: datetime, ends_at: datetime) -> bool:
    """Is it the time in which the printed code counts? It hangs on the wall before and after."""
    return starts_at - DOOR_BEFORE <= now <= ends_at + DOOR_AFTER


def most_people(capacity: int) -> int:
    """More than this cannot have stood in the room: beyond it somebody plays with the code."""
    return max(30, 2 * capacity)
