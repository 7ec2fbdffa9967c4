"""Figures that the city's own rooms compute reach the public without anybody retyping them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from tepian.kernel.actors import Denied, system
from tepian.services.dispatch import operations as dispatch
from tepian.services.statistics import operations, queries
from tepian.services.statistics.models import Edition
from tepian.services.statistics.queries import data

pytestmark = pytest.mark.django_db
SYSTEM = system("tests")


def closed_calls(*kinds: str, at: datetime) -> None:
    """Calls of the real 112 desk, told by the exchange and closed at the desk."""
    for number, kind in enumerate(kinds):
        call, _new = dispatch.receive_call_event(
            actor=SYSTEM, id=f"{at:%d%H}-{number}", type="ringing", call=f"c-{at:%d%H}-{number}", at=at
        )
        if kind == "lost":
            dispatch.receive_call_event(
                actor=SYSTEM, id=f"{at:%d%H}-{number}-x", type="lost", call=call.key, at=at + timedelta(seconds=9)
            )
        else:
            dispatch.close_call(actor=SYSTEM, call=call.pk, kind=kind)


def test_the_desk_of_112_feeds_its_table(contoh):
    now = timezone.localtime()
    closed_calls("prank", "information", "lost", "prank", at=now - timedelta(minutes=5))
    assert operations.compute_all(actor=SYSTEM) == 1
    edition = queries.published_edition(queries.dataset_by("layanan-112"))
    pranks, lost = (queries.indicator_by(code) for code in ("panggilan-112-iseng", "panggilan-112-hilang"))
    month = f"{now:%Y-%m}"
    assert data.newest(edition, pranks) == (month, 67.0, "p")  # 2 of 3 closed; the month still runs
    assert data.newest(edition, lost) == (month, 25.0, "p")
    assert operations.compute_all(actor=SYSTEM) == 0  # nothing is new
    assert Edition.objects.count() == 1


def test_a_month_that_has_ended_is_no_longer_provisional(contoh):
    now = timezone.localtime()
    closed_calls("prank", "information", at=now - timedelta(minutes=5))
    operations.compute_all(actor=SYSTEM)
    later = (now.replace(day=1) + timedelta(days=40)).replace(day=3)
    assert operations.compute_all(actor=SYSTEM, now=later) == 1
    edition = queries.published_edition(queries.dataset_by("layanan-112"))
    lines = data.series(edition, data.slice_of(edition, queries.indicator_by("panggilan-112-iseng")))
    assert lines[""][0] == (f"{now:%Y-%m}", 50.0, "")


def test_nobody_else_publishes_computed_figures(contoh, actor_with):
    with pytest.raises(Denied):
        operations.publish_computed(
            actor=actor_with("data_steward"), dataset=queries.dataset_by("layanan-112"), figures={}
        )
