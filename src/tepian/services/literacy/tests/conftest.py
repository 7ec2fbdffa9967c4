"""A programme with a test, a session, and phones."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tepian.kernel.actors import ANONYMOUS, system

from .. import operations, queries, states
from ..models import Programme, Session
from ..queries import door

SYSTEM = system("tests")
WARDS = ("99.01.01.1001", "99.01.01.1002", "99.01.01.1003", "99.01.02.1001", "99.01.02.1002")


@pytest.fixture
def programme(contoh) -> Programme:
    return queries.programme_by("cakap-digital-aman")


@pytest.fixture
def plan(programme):
    """`plan(hours=-1, **more)` plans a session that begins so many hours from now."""

    def make(*, hours: float = -0.5, **more) -> Session:
        starts = timezone.now() + timedelta(hours=hours)
        given = {
            "title": "Kata sandi",
            "place": "Balai RT 3",
            "region": WARDS[0],
            "starts_at": starts,
            "ends_at": starts + timedelta(hours=2),
            "capacity": 40,
        }
        return operations.plan_session(actor=SYSTEM, programme=programme, **given | more)

    return make


@pytest.fixture
def opened(plan) -> Session:
    row = plan()
    return operations.open_session(actor=SYSTEM, session=row, revision=row.revision)


def step(act, session, **more) -> Session:
    """One act by the system, on the newest state."""
    return act(actor=SYSTEM, session=session, revision=Session.objects.get(pk=session.pk).revision, **more)


def come(session, person, region=WARDS[0], group="umum", **more):
    return operations.attend(
        actor=ANONYMOUS, ticket=door.new_ticket(session, person), region=region, group=group, **more
    )


def person(number) -> str:
    return f"phone-{number:014d}-x"


def sit(session, number, phase, right, asked=None):
    """This person has the first `right` questions right."""
    questions = asked or queries.questions_of(session.programme)
    return operations.sit_test(
        actor=ANONYMOUS,
        session=session,
        person=person(number),
        phase=phase,
        answers={
            str(row.pk): row.right if place < right else (row.right + 1) % len(row.choices)
            for place, row in enumerate(questions)
        },
    )


def lesson(session, scores, group="umum", start=0, region=WARDS[0]):
    """People with (before, after) scores come, sit both tests; the session is held."""
    session = Session.objects.get(pk=session.pk)
    for number, (before, _after) in enumerate(scores, start):
        come(session, person(number), region=region, group=group)
        sit(session, number, states.BEFORE, before)
    session = step(operations.end_lesson, session)
    for number, (_before, after) in enumerate(scores, start):
        sit(session, number, states.AFTER, after)
    return step(operations.hold_session, session)
