"""The record's chain: every change, gap, exchange and cut is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tepian.kernel.actors import system
from tepian.kernel.audit.chain import verify, write_anchor
from tepian.kernel.audit.models import AuditEntry, ChainHead
from tepian.kernel.events import note, operation

pytestmark = pytest.mark.django_db


@operation("tests.remember", policy=None)
def remember(*, actor, number: int) -> None:
    note("number", number, square=number * number, text="naïve – ok", fraction=0.1)


@pytest.fixture
def record() -> None:
    for number in range(1, 7):
        remember(actor=system("tests"), number=number)


def kinds(anchors: Path | None = None) -> list[tuple[str, int]]:
    return [(item.kind, item.position) for item in verify(anchors)]


def test_an_untouched_record_holds(record) -> None:
    assert AuditEntry.objects.count() == 6
    assert kinds() == []


def test_an_empty_record_holds() -> None:
    assert kinds() == []


@pytest.mark.parametrize(
    "change", [{"details": {"square": 5}}, {"actor_id": "somebody"}, {"operation": "x"}, {"purpose": "p"}]
)
def test_a_changed_entry_is_found(record, change) -> None:
    AuditEntry.objects.filter(position=3).update(**change)
    assert ("changed", 3) in kinds()


def test_a_missing_entry_is_found(record) -> None:
    AuditEntry.objects.filter(position=3).delete()
    assert kinds() == [("missing", 3)]


def test_exchanged_entries_are_found(record) -> None:
    AuditEntry.objects.filter(position=3).update(position=99)
    AuditEntry.objects.filter(position=4).update(position=3)
    AuditEntry.objects.filter(position=99).update(position=4)
    assert ("changed", 3) in kinds()
    assert ("changed", 4) in kinds()


def test_a_cut_tail_is_found(record) -> None:
    AuditEntry.objects.filter(position__gt=4).delete()
    assert kinds() == [("cut", 5)]


def test_a_cut_tail_with_a_forged_head_is_found_by_the_anchor(record, tmp_path: Path) -> None:
    anchors = tmp_path / "anchors.jsonl"
    write_anchor(anchors)
    AuditEntry.objects.filter(position__gt=4).delete()
    ChainHead.objects.update(position=4, hash=AuditEntry.objects.get(position=4).hash)
    assert kinds() == []
    assert kinds(anchors) == [("cut", 5)]


def test_a_rewritten_chain_is_found_by_the_anchor(record, tmp_path: Path) -> None:
    anchors = tmp_path / "anchors.jsonl"
    write_anchor(anchors)
    AuditEntry.objects.all().delete()
    ChainHead.objects.all().delete()
    for number in range(11, 17):
        remember(actor=system("tests"), number=number)
    assert kinds() == []
    assert ("changed", 6) in kinds(anchors)


def test_what_somebody_typed_cannot_stop_the_record() -> None:
    @operation("tests.type", policy=None)
    def type_in(*, actor) -> None:
        note("text", "a\x00b", words=["nul \x00 here", {"k\x00": "line\r\nline"}], purpose="p\x00")

    type_in(actor=system("tests"))
    entry = AuditEntry.objects.get()
    assert (entry.subject_id, entry.purpose) == ("ab", "p")
    assert entry.details == {"words": ["nul  here", {"k": "line\nline"}]}
    assert kinds() == []
