"""An action of the plan follows a published figure from the agency's workbook on."""

from __future__ import annotations

from datetime import date

import pytest

from tepian.kernel.catalogue import versions
from tepian.kernel.events.delivery import deliver_all
from tepian.services.assessment import operations as assessment
from tepian.services.assessment.tests.acting import answer_all, score_all
from tepian.services.masterplan.models import Part
from tepian.services.masterplan.queries import figures as followed
from tepian.services.masterplan.queries import rollup
from tepian.services.masterplan.states import Quarter
from tepian.services.masterplan.tests.planted import action, planted, report
from tepian.services.statistics import operations as statistics
from tepian.services.statistics import queries
from tepian.services.statistics.models import Edition
from tepian.services.statistics.tests.test_editions import published, workbook

pytestmark = pytest.mark.django_db
KEY = "statistics:persen-miskin"
LAST = Quarter(2025, 4)
DAY = date(2026, 2, 1)


@pytest.fixture(name="people")
def _people(contoh, actor_with):
    return actor_with("data_producer", scope="agency", code="setda"), actor_with("data_steward")


def poverty(people, *lines, **options) -> Edition:
    heading = ["Tahun", "Wilayah", "Persentase penduduk miskin"]
    edition = published(*people, queries.dataset_by("kemiskinan"), workbook(heading, *lines), **options)
    deliver_all()
    return edition


def standing() -> rollup.Standing:
    return rollup.standings(Part.objects.get(revision__plan__code="kota-2025").revision.plan, LAST, on=DAY)[0]


def test_a_published_figure_stands_beside_the_claim_at_once(people):
    plan, revision = planted()
    row = action(revision, "1.1.1", figure=KEY, targets={2025: 4}, direction="down", baseline=5, unit="%")
    report(plan, row, 2025, 4, 4.0)
    assert standing().computed_state == followed.NONE  # nothing is published yet
    before = versions.current(["masterplan"])
    poverty(people, [2024, "Kota Contoh", 4.45], [2025, "Kota Contoh", 4.2])
    assert versions.current(["masterplan"]) != before  # pages that were kept are stale
    now = standing()
    assert (now.computed, now.computed_period, now.computed_state) == (4.2, "2025", followed.KNOWN)
    assert now.computed_url == "/data/persen-miskin"
    assert now.computed_percent == pytest.approx(80) and now.claimed_percent == 100
    assert not now.differs  # 4.0 against 4.2 is within five percent
    poverty(people, [2025, "Kota Contoh", 4.4], reason="Salah hitung.")
    assert standing().computed == 4.4 and standing().differs
    # A year that has ended is no figure of the year that runs.
    assert rollup.standings(plan, Quarter(2026, 1), on=date(2026, 3, 1))[0].computed is None


def test_a_withdrawn_figure_is_no_longer_shown(people):
    _plan, revision = planted()
    action(revision, "1.1.1", figure=KEY, targets={2025: 4}, direction="down")
    edition = poverty(people, [2025, "Kota Contoh", 4.2])
    assert standing().computed == 4.2
    statistics.withdraw_edition(actor=people[1], edition=edition, reason="Salah kota.")
    deliver_all()
    assert standing().computed is None and standing().computed_state == followed.NONE


def test_figures_are_found_by_their_names(people):
    poverty(people, [2025, "Kota Contoh", 4.2])
    found = {each.key: each for each in followed.find("penduduk miskin")}
    assert found[KEY].origin == followed.PUBLISHED and found[KEY].url == "/data/persen-miskin"
    own = {each.key for each in followed.find("")}
    assert own and all(":" in key for key in own)


def test_the_score_of_a_closed_assessment_is_followed(contoh, actor_with):
    plan, revision = planted()
    key = "assessment:smart-city-evaluation"
    action(revision, "1.1.1", figure=key, targets={2025: 4}, direction="up", baseline=0)
    assert key in {each.key for each in followed.find("smart city")}
    assert standing().computed_state == followed.NONE
    planner, assessor = actor_with("planner"), actor_with("assessor")
    row = assessment.open_assessment(
        actor=planner, instrument="smart-city-evaluation", version="2017", year=2025, agency="bappeda"
    )
    answer_all(planner, row)
    row = assessment.submit(actor=planner, assessment=row, revision=row.revision)
    score_all(assessor, row, 3)
    row = assessment.finish_scoring(actor=assessor, assessment=row, revision=row.revision)
    assert standing().computed is None  # not before it is final
    row = assessment.close(actor=planner, assessment=row, revision=row.revision)
    deliver_all()
    now = standing()
    assert (now.computed, now.computed_period, now.computed_url) == (3.0, "2025", f"/penilaian/{row.code}")
    assert now.computed_percent == pytest.approx(75)
    assert rollup.standings(plan, Quarter(2026, 4), on=date(2027, 1, 2))[0].computed is None  # another year's score
