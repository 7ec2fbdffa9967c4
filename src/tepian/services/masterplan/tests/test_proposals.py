"""What a proposed revision puts on desks, and what the search finds of the plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tepian.kernel.actors import ANONYMOUS, Actor

from .. import operations
from ..queries import proposals
from .draft import MACHINE, decide, new_draft, new_plan

pytestmark = pytest.mark.django_db


def test_a_proposal_waits_for_somebody_else(contoh: Any, planner: Actor, actor_with: Callable[..., Any]) -> None:
    head, other = actor_with("head", username="walikota"), actor_with("planner", username="bappeda-2")
    draft = new_draft(new_plan(), "A")
    assert list(proposals.items(head)) == []
    draft = operations.propose_revision(actor=planner, revision=draft, edits=draft.edits)
    assert [each.decision for each in proposals.items(head)] == [True]
    assert [each.decision for each in proposals.items(other)] == [False]
    assert list(proposals.items(planner)) == []
    assert list(proposals.items(actor_with("viewer", username="pembaca"))) == []
    operations.return_revision(actor=head, revision=draft, reason="Pagu belum pas")
    assert list(proposals.items(head)) == []
    assert [each.detail for each in proposals.items(planner)] == ["Pagu belum pas"]


def test_actions_are_found_by_staff_and_once_public_by_everybody(
    contoh: Any, planner: Actor, on_day: Callable[[date], None]
) -> None:
    on_day(date(2026, 3, 1))
    plan = new_plan()
    assert list(proposals.find("layanan", planner)) == []
    decide(new_draft(plan, "Layanan surat", "Taman kota"))
    assert [each.title for each in proposals.find("layanan s", planner)] == ["1.1.01 Layanan surat"]
    assert list(proposals.find("layanan", ANONYMOUS)) == []
    operations.publish_plan(actor=MACHINE, plan=plan, since=date(2025, 2, 1))
    hit = next(iter(proposals.find("layanan", ANONYMOUS)))
    assert hit.url.startswith("/rencana/aksi/")
    assert len(list(proposals.find("diskominfo", planner))) == 2
    assert list(proposals.find("la", planner)) == []
