"""Delivery: at least once, in order per subject, other subjects go on, dead letters can be replayed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from tepian.kernel.actors import Actor, Denied, NotFound, system
from tepian.kernel.events import Envelope, Event, emit, on, operation
from tepian.kernel.events import delivery as module
from tepian.kernel.events.definition import CONSUMERS
from tepian.kernel.events.models import ConsumerProgress, Delivery
from tepian.kernel.events.replay import replay_delivery
from tepian.kernel.regions.models import Region

pytestmark = pytest.mark.django_db
SYSTEM = system("tests")


@dataclass(frozen=True, kw_only=True)
class Counted(Event):
    type: ClassVar[str] = "tests.counted.v1"
    what: str
    number: int

    @property
    def subject(self) -> str:
        return f"what/{self.what}"


@operation("tests.count", policy=None)
def count(*, actor: Actor, what: str, number: int) -> None:
    emit(Counted(what=what, number=number))


@pytest.fixture
def taken() -> Iterator[tuple[list[tuple[str, int]], set[tuple[str, int]]]]:
    """What a consumer took, and a set of events that it refuses."""
    got: list[tuple[str, int]] = []
    refuse: set[tuple[str, int]] = set()
    others = dict(CONSUMERS)
    CONSUMERS.clear()
    module._nothing_before.clear()

    @on("tests.counted.v1", consumer="tests.counter")
    def take(envelope: Envelope) -> None:
        key = (envelope.data["what"], envelope.data["number"])
        Region.objects.create(code=f"{key[0]}.{key[1]}", level="ward")
        if key in refuse:
            raise RuntimeError("not today")
        got.append(key)

    yield got, refuse
    CONSUMERS.clear()
    CONSUMERS.update(others)
    module._nothing_before.clear()


def _due_now() -> None:
    Delivery.objects.update(next_attempt_at=datetime.now(UTC) - timedelta(seconds=1))


def test_events_arrive_once_and_in_order(taken) -> None:
    got, _ = taken
    for number in range(5):
        count(actor=SYSTEM, what="a", number=number)
    assert module.deliver_due() == 5
    assert module.deliver_due() == 0
    assert got == [("a", number) for number in range(5)]


def test_a_failure_holds_back_its_own_subject_only(taken) -> None:
    got, refuse = taken
    refuse.add(("a", 1))
    for what, number in (("a", 1), ("b", 1), ("a", 2), ("b", 2)):
        count(actor=SYSTEM, what=what, number=number)
    module.deliver_due()
    assert got == [("b", 1), ("b", 2)]
    assert not Region.objects.filter(code="a.1").exists()  # the failed handler's effects were undone
    refuse.clear()
    _due_now()
    module.deliver_due()
    module.deliver_due()
    assert got == [("b", 1), ("b", 2), ("a", 1), ("a", 2)]
    assert not Delivery.objects.exists()


def test_a_dead_letter_is_seen_and_replayed(taken) -> None:
    got, refuse = taken
    refuse.add(("a", 1))
    count(actor=SYSTEM, what="a", number=1)
    for _ in range(module.MAX_ATTEMPTS + 1):
        module.deliver_due()
        _due_now()
    (dead,) = module.dead_letters()
    assert dead.attempts == module.MAX_ATTEMPTS
    assert "not today" in dead.error
    with pytest.raises(Denied):
        replay_delivery(actor=Actor(kind="account", id="x"), delivery_id=dead.pk)
    refuse.clear()
    replay_delivery(actor=SYSTEM, delivery_id=dead.pk)
    module.deliver_due()
    assert got == [("a", 1)]
    assert not module.dead_letters()
    with pytest.raises(NotFound):
        replay_delivery(actor=SYSTEM, delivery_id=dead.pk)


def test_progress_survives_a_restart(taken) -> None:
    got, _ = taken
    count(actor=SYSTEM, what="a", number=1)
    module.deliver_due()
    module._nothing_before.clear()  # what a new process knows
    count(actor=SYSTEM, what="a", number=2)
    module.deliver_due()
    assert got == [("a", 1), ("a", 2)]
    assert ConsumerProgress.objects.get(consumer="tests.counter").position > 0


def test_backlog_counts_what_waits(taken) -> None:
    _, refuse = taken
    refuse.add(("a", 1))
    count(actor=SYSTEM, what="a", number=1)
    assert module.backlog() == {"tests.counter": 1}
    module.deliver_due()
    assert module.backlog() == {"tests.counter": 1}


def test_an_envelope_is_a_cloudevent(taken) -> None:
    count(actor=SYSTEM, what="a", number=1)
    from tepian.kernel.events.queries import after

    event = after(0)[-1].to_cloudevent("https://kota.example")
    assert {
        "specversion": "1.0",
        "type": "tests.counted.v1",
        "subject": "what/a",
        "source": "https://kota.example",
    }.items() <= event.items()
    assert event["data"] == {"what": "a", "number": 1}
