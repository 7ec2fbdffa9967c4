"""Two people at the very same moment on one project, one comment, one decision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest

from tepian.kernel.actors import ANONYMOUS

from .. import operations, states
from ..models import Comment, Resolution
from .built import park, picture
from .test_meetings import decided, held
from .test_two_at_once import at_once, person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _july(contoh: Any, on_day: Callable[[date], None]) -> None:
    on_day(date(2025, 7, 20))


def test_two_reporters_on_one_month():
    row = park()

    def tell(name: str, physical: float) -> Callable[[], Any]:
        return lambda: operations.report_month(
            actor=person(name, "plan_reporter"),
            project=row,
            revision=row.revision,
            month=date(2025, 1, 1),
            physical=physical,
        )

    assert at_once(tell("a", 8), tell("b", 12)) == ["running", "too_late"]
    point = row.points.get(month=date(2025, 1, 1))
    assert (point.physical, point.reported_by) in ((8, "a"), (12, "b"))


def test_two_who_report_the_same_are_both_right():
    row = park()
    acts = [
        lambda: operations.report_month(
            actor=person("a", "plan_reporter"), project=row, revision=row.revision, month=date(2025, 1, 1), physical=8
        )
    ] * 2
    assert at_once(*acts) == ["running", "running"]
    row.refresh_from_db()
    assert row.points.filter(physical=8).count() == 1


def test_two_judges_on_one_comment():
    comment = operations.write_comment(actor=ANONYMOUS, project=park(), kind="fact", text="Lampu mati.", key=uuid4())

    def judge(name: str, shown: bool) -> Callable[[], Any]:
        return lambda: operations.judge_comment(
            actor=person(name, "plan_verifier"), comment=comment, revision=comment.revision, shown=shown,
            reason="" if shown else "insult",
        )  # fmt: skip

    found = at_once(judge("a", True), judge("b", False))
    comment.refresh_from_db()
    assert found == sorted([comment.state, "too_late"])
    assert (comment.state, comment.reason) in ((states.SHOWN, ""), (states.HIDDEN, "insult"))


def test_one_form_sent_twice_at_once_is_one_comment():
    row, key = park(), uuid4()
    acts = [
        lambda: operations.write_comment(
            actor=ANONYMOUS, project=row, kind="fact", text="Lampu mati.", key=key, address="1.2.3.4"
        )
    ] * 3
    assert at_once(*acts) == ["waiting"] * 3
    assert Comment.objects.count() == 1


def test_one_photo_sent_twice_at_once_is_one_photo():
    row = park()
    acts = [
        lambda: operations.add_photo(
            actor=person("a", "plan_reporter"), project=row, content=picture(), name="a.png", phase=states.BEFORE,
            spot="Gerbang", caption="Gerbang", taken_on=date(2025, 7, 1),
        )
    ] * 2  # fmt: skip
    assert at_once(*acts) == ["done", "done"]
    assert row.photos.count() == 1


def test_two_decisions_at_once_get_two_numbers():
    row = held()
    assert at_once(*[lambda text=text: decided(row, text) for text in ("A", "B", "C")]) == [states.OPEN] * 3
    assert sorted(Resolution.objects.values_list("number", flat=True)) == [1, 2, 3]


def test_done_and_dropped_at_once():
    row = decided(held())

    def end(name: str, to: str) -> Callable[[], Any]:
        return lambda: operations.end_resolution(
            actor=person(name, "planner"), resolution=row, revision=row.revision, to=to, outcome=name
        )

    found = at_once(end("a", states.DONE), end("b", states.DROPPED))
    row.refresh_from_db()
    assert found == sorted([row.state, "too_late"])
