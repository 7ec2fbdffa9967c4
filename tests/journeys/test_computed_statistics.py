"""Figures that the city's own rooms compute reach the public without anybody retyping them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tepian.kernel.actors import ANONYMOUS, Denied, system
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.packs import load_pack
from tepian.services.dispatch import operations as dispatch
from tepian.services.feedback import operations as feedback
from tepian.services.feedback.models import Answer
from tepian.services.feedback.states import ELEMENTS
from tepian.services.literacy import operations as literacy
from tepian.services.literacy.queries import catalogue, door
from tepian.services.statistics import operations, queries, states
from tepian.services.statistics.models import Edition
from tepian.services.statistics.queries import data

pytestmark = pytest.mark.django_db
SYSTEM = system("tests")
ROOT = Path(__file__).parents[2]


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


def test_literacy_sessions_feed_their_table(db):
    load_pack(ROOT / "cities" / "samarinda", SYSTEM)
    now = timezone.now()
    ward = catalogue.wards()[0]
    programme = literacy.add_programme(actor=SYSTEM, agency="diskominfo", title="Lansia daring", groups=["umum"])
    session = literacy.plan_session(
        actor=SYSTEM,
        programme=programme,
        title="Kata sandi",
        place="Balai RT 3",
        region=ward,
        starts_at=now - timedelta(minutes=30),
        ends_at=now + timedelta(minutes=30),
        capacity=40,
    )
    session = literacy.open_session(actor=SYSTEM, session=session, revision=session.revision)
    for number in range(7):
        ticket = door.new_ticket(session, f"phone-{number:014d}-x")
        literacy.attend(actor=ANONYMOUS, ticket=ticket, region=ward, group="umum")
    session.refresh_from_db()
    literacy.hold_session(actor=SYSTEM, session=session, revision=session.revision)
    operations.compute_all(actor=SYSTEM)
    edition = queries.published_edition(queries.dataset_by("literasi-digital"))
    year = str(timezone.localtime(now - timedelta(minutes=30)).year)
    for code, value in (("warga-terjangkau-literasi", 7.0), ("kelas-literasi", 1.0)):
        assert data.newest(edition, queries.indicator_by(code)) == (year, value, "p")


def test_the_survey_of_services_feeds_its_table(db):
    load_pack(ROOT / "cities" / "samarinda", SYSTEM)
    ended = states.period_before(states.period_of(today(), "Q"))
    about = {"service": "letter.domisili", "title": "Surat keterangan domisili"}
    service = feedback.ask(actor=SYSTEM, subject="letter/A", **about).service
    for day, marks in ((states.period_start(ended), 3), (today(), 1)):
        given = dict.fromkeys(ELEMENTS, marks)
        feedback.make_up_answers(
            actor=SYSTEM, rows=[Answer(service=service, answered_on=day, **given) for _number in range(10)]
        )
    operations.compute_all(actor=SYSTEM)
    edition = queries.published_edition(queries.dataset_by("kepuasan-layanan"))
    lines = data.series(edition, data.slice_of(edition, queries.indicator_by("ikm-kota")))
    assert lines[""][0] == (ended, 75.0, ""), "what was answered this month is told when the month is over"
    assert all(value in (75.0, None) for _period, value, _status in lines[""])
