"""The wrapper round every verb: permission, one transaction, record and events together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import pytest

from tepian.kernel.actors import Actor, Denied, Grant, require, system
from tepian.kernel.audit.models import AuditEntry, ChainHead
from tepian.kernel.events import Event, emit, note, operation, record_view
from tepian.kernel.events.models import OutboxEvent
from tepian.kernel.regions.models import Region

pytestmark = pytest.mark.django_db

CLERK = Actor(kind="account", id="clerk", label="Clerk", grants=(Grant("clerk"),))
VISITOR = Actor(kind="account", id="visitor", label="Visitor")


@dataclass(frozen=True, kw_only=True)
class ThingMade(Event):
    type: ClassVar[str] = "tests.thing_made.v1"
    audience: ClassVar[str] = "public"
    code: str

    @property
    def subject(self) -> str:
        return f"thing/{self.code}"


def may_make(*, actor: Actor, **_ignored: object) -> None:
    require(actor.has("clerk"), "Only clerks make things.", "Ask a clerk.")


@operation("tests.make_thing", policy=may_make)
def make_thing(*, actor: Actor, code: str, fail: bool = False) -> Region:
    region = Region.objects.create(code=code, level="ward")
    note("thing", code, size=3)
    emit(ThingMade(code=code))
    if fail:
        raise RuntimeError("broken half-way")
    return region


@operation("tests.make_two", policy=may_make)
def make_two(*, actor: Actor) -> None:
    make_thing(actor=actor, code="x.1")
    with pytest.raises(RuntimeError):
        make_thing(actor=actor, code="x.2", fail=True)
    note("pair", "x")


def test_a_verb_leaves_its_change_a_record_and_an_event_together() -> None:
    make_thing(actor=CLERK, code="x.1")
    entry = AuditEntry.objects.get()
    assert (entry.operation, entry.subject_type, entry.subject_id, entry.details) == (
        "tests.make_thing",
        "thing",
        "x.1",
        {"size": 3},
    )
    event = OutboxEvent.objects.get()
    assert (event.type, event.subject, event.data, event.actor) == (
        "tests.thing_made.v1",
        "thing/x.1",
        {"code": "x.1"},
        "Clerk",
    )


def test_a_verb_that_breaks_leaves_nothing() -> None:
    with pytest.raises(RuntimeError):
        make_thing(actor=CLERK, code="x.1", fail=True)
    assert not Region.objects.exists()
    assert not AuditEntry.objects.exists()
    assert not OutboxEvent.objects.exists()


def test_nested_verbs_share_fate_and_a_caught_failure_leaves_no_trace() -> None:
    make_two(actor=CLERK)
    assert [entry.operation for entry in AuditEntry.objects.order_by("position")] == [
        "tests.make_two",
        "tests.make_thing",
    ]
    assert [event.subject for event in OutboxEvent.objects.all()] == ["thing/x.1"]
    assert list(Region.objects.values_list("code", flat=True)) == ["x.1"]


@operation("tests.measure", policy=may_make, recorded=False)
def measure(*, actor: Actor, code: str, tell: bool = False) -> None:
    Region.objects.create(code=code, level="ward")
    note("thing", code)
    if tell:
        emit(ThingMade(code=code))


def test_a_measurement_is_permitted_and_atomic_but_stands_in_no_record() -> None:
    with pytest.raises(Denied):
        measure(actor=VISITOR, code="x.1")
    measure(actor=CLERK, code="x.1")
    assert Region.objects.count() == 1 and not AuditEntry.objects.exists() and not ChainHead.objects.exists()
    measure(actor=CLERK, code="x.2", tell=True)
    assert OutboxEvent.objects.count() == 1 and not AuditEntry.objects.exists()


def test_who_may_not_is_told_who_can_help_and_nothing_happens() -> None:
    with pytest.raises(Denied) as refusal:
        make_thing(actor=VISITOR, code="x.1")
    assert refusal.value.helper == "Ask a clerk."
    assert not AuditEntry.objects.exists()


def test_the_system_itself_needs_no_permission_but_is_named_in_the_record() -> None:
    make_thing(actor=system("journeys.story"), code="x.1")
    assert AuditEntry.objects.get().actor_kind == "system"


def test_an_event_outside_a_verb_is_refused() -> None:
    with pytest.raises(RuntimeError, match="outside an operation"):
        emit(ThingMade(code="x"))


def test_a_view_of_personal_data_is_recorded_with_its_purpose() -> None:
    record_view(actor=CLERK, subject_type="account", subject_id=7, purpose="answering a letter", fields=["phone"])
    entry = AuditEntry.objects.get()
    assert (entry.operation, entry.subject_id, entry.purpose, entry.details) == (
        "audit.view",
        "7",
        "answering a letter",
        {"fields": ["phone"]},
    )
