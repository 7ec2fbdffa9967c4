"""The measured effect and the reach: against plain recomputations, and silent about the few."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from tepian.kernel.catalogue.contributions import Indicators, offered

from .. import jobs, operations, queries, states
from ..models import Attendance, AttendanceCount, Session, Sitting, YearResult
from ..queries import learning, reaching
from .conftest import WARDS, come, lesson, person, step

RIGHT = {"1": 0, "2": 1, "3": 2, "4": 0}
PLACES = st.one_of(st.none(), st.integers(0, 2))
ANSWERS = st.fixed_dictionaries(dict.fromkeys(RIGHT, PLACES))
PEOPLE = st.lists(st.tuples(st.sampled_from(["asn", "komunitas", "umum"]), ANSWERS, ANSWERS), max_size=60)


@given(PEOPLE)
def test_the_effect_is_what_a_plain_recomputation_gives(people):
    found = learning.measure(people, RIGHT)
    assert found.both == len(people)
    if len(people) < states.SMALL_GROUP:
        assert found.whole is None
        assert not any(part.found for part in (*found.groups, *found.questions))
        return
    shares = [
        (sum(b[k] == RIGHT[k] for k in RIGHT) / 4, sum(a[k] == RIGHT[k] for k in RIGHT) / 4) for _g, b, a in people
    ]
    assert found.whole is not None
    assert found.whole.before == pytest.approx(sum(b for b, _a in shares) / len(shares))
    assert found.whole.after == pytest.approx(sum(a for _b, a in shares) / len(shares))
    assert found.whole.change == pytest.approx(found.whole.after - found.whole.before)
    for part in found.questions:
        assert part.found is not None
        assert part.found.after == pytest.approx(
            sum(a[part.key] == RIGHT[part.key] for _g, _b, a in people) / len(people)
        )


@given(PEOPLE)
def test_no_small_group_follows_from_the_whole(people):
    found = learning.measure(people, RIGHT)
    sizes = {key: sum(group == key for group, _b, _a in people) for key in ("asn", "komunitas", "umum")}
    hidden = [part.key for part in found.groups if part.found is None]
    for part in found.groups:
        if part.found is not None:
            assert part.n == sizes[part.key] >= states.SMALL_GROUP
        else:
            assert part.n == 0
    if found.whole is not None and hidden:
        assert sum(sizes[key] for key in hidden) >= states.SMALL_GROUP


def test_only_questions_that_both_tests_asked_count():
    people = [("umum", {"1": 0, "2": 0}, {"1": 0, "3": 2})] * 10
    found = learning.measure(people, RIGHT)
    assert found.whole is not None
    assert (found.whole.before, found.whole.after) == (1.0, 1.0)
    assert [part.key for part in found.questions] == ["1"]
    assert learning.measure([("umum", {"2": 1}, {"3": 2})] * 20, RIGHT).both == 0


@pytest.mark.django_db
def test_the_effect_of_a_session(opened, programme):
    row = lesson(opened, [(1, 3)] * 12)
    found = queries.effect(programme, row.year)
    assert (found.before, found.after, found.both) == (12, 12, 12)
    assert found.whole is not None
    assert found.whole.change == pytest.approx(0.4)
    assert [part.learnt for part in found.questions] == [False, True, True, False, False]
    step(operations.open_session, row)
    assert queries.effect(programme, row.year).both == 0  # not over any more
    assert queries.effect(programme, row.year, public=False).both == 12


@pytest.mark.django_db
def test_a_person_counts_once_a_year_at_the_first_session(opened, plan, programme):
    later = step(operations.open_session, plan(region=WARDS[1]))
    for number in range(8):
        come(opened, person(number), region=WARDS[0])
        come(later, person(number), region=WARDS[1])
    for number in range(8, 14):
        come(later, person(number), region=WARDS[1], group="asn")
    later = step(operations.write_counts, later, rows=[(WARDS[2], "umum", 6)])
    for row in (opened, later):
        step(operations.hold_session, row)
    found = queries.reach(programme, opened.year)
    assert (found.people, found.attendances, found.sessions) == (20, 28, 2)
    assert found.of_ward(WARDS[0]) == 8
    assert found.of_ward(WARDS[1]) == 6
    assert found.wards == (WARDS[0], WARDS[1], WARDS[2])
    assert found.ward_share == pytest.approx(60)
    assert sum(n or 0 for _month, n in found.months) == 20


@pytest.mark.django_db
def test_the_public_sees_no_few_and_nothing_that_gives_them_away(opened, programme):
    for number in range(20):
        come(opened, person(number), region=WARDS[0], age="26-45" if number else "0-17", gender="f")
    come(opened, person(90), region=WARDS[1])
    for number in range(30, 38):
        come(opened, person(number), region=WARDS[2])
    row = step(operations.hold_session, opened)
    found = queries.reach(programme, row.year)
    assert found.people == 29
    assert found.of_ward(WARDS[1]) is None
    assert found.of_ward(WARDS[2]) is None  # else one minus the rest would tell
    assert found.of_ward(WARDS[0]) == 20
    assert found.ages == {"0-17": None, "26-45": 19}
    assert len(found.wards) == 3
    assert queries.reach(programme, row.year, public=False).of_ward(WARDS[1]) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("few", [1, 4])
def test_a_handful_alone_is_not_counted_in_public(opened, programme, few):
    for number in range(few):
        come(opened, person(number))
    row = step(operations.hold_session, opened)
    found = queries.reach(programme, row.year)
    assert found.people is None
    assert found.attendances is None
    assert all(n is None for n in found.cells.values())
    assert queries.by_programme(row.year)[programme.pk][0] is None


@pytest.mark.django_db
def test_after_its_year_nothing_of_a_person_stays_and_the_sums_do(plan, programme):
    old = step(operations.open_session, plan(hours=-24 * 500))
    other = step(operations.open_session, plan(hours=-24 * 490))
    Session.objects.update(lesson_ended_at=None)
    for number in range(12):
        for row in (old, other):
            come(row, person(number), age="61+", gender="m", region=WARDS[number % 2])
        operations.sit_made_up(
            actor=jobs.system("t"), session=old, person=person(number), phase=states.BEFORE,
            answers={str(q.pk): q.right if place < 1 else None for place, q in enumerate(queries.questions_of(programme))},
        )  # fmt: skip
    old = step(operations.end_lesson, old)
    for number in range(12):
        operations.sit_made_up(
            actor=jobs.system("t"), session=old, person=person(number), phase=states.AFTER,
            answers={str(q.pk): q.right if place < 4 else None for place, q in enumerate(queries.questions_of(programme))},
        )  # fmt: skip
    for row in (old, other):
        step(operations.hold_session, row)
    assert old.year == other.year
    before = queries.reach(programme, old.year), queries.effect(programme, old.year)
    assert jobs.forget() == 36 + 12
    assert not Attendance.objects.exists()
    assert not Sitting.objects.exists()
    after = queries.reach(programme, old.year), queries.effect(programme, old.year)
    assert after == before
    assert after[0].people == 12
    assert after[0].attendances == 24
    assert json.dumps(YearResult.objects.get().effect).find("token") < 0
    assert AttendanceCount.objects.filter(source=AttendanceCount.QR).count() == 4
    assert jobs.forget() == 0


@pytest.mark.django_db
def test_a_running_year_is_kept(opened):
    come(opened, person(1))
    assert jobs.forget() == 0
    assert operations.due_years(datetime(opened.year + 1, 3, 30, tzinfo=UTC)) == []
    assert len(operations.due_years(datetime(opened.year + 1, 4, 2, tzinfo=UTC))) == 1


@pytest.mark.django_db
def test_figures_for_statistics_and_the_plan(opened, programme):
    row = lesson(opened, [(1, 2)] * 10)
    source = next(each for each in offered(Indicators) if each.room == "literacy")
    now = timezone.now()
    found = {each["key"]: each for each in source.read(now - timedelta(days=3), now + timedelta(hours=1))}
    assert found["literacy.people_reached"]["value"] == 10
    assert found["literacy.people_reached"]["target"] is None
    assert found["literacy.wards_reached"]["value"] == 20.0
    assert found["literacy.sessions_held"]["value"] == 1
    assert found["literacy.effect"]["value"] == 20.0
    assert all(each["direction"] == "up" for each in found.values())
    year = {
        each["key"]: each
        for each in source.read(datetime(row.year, 1, 1, tzinfo=UTC), datetime(row.year + 1, 1, 1, tzinfo=UTC))
    }
    assert year["literacy.people_reached"]["target"] == 600
    nothing = source.read(now - timedelta(days=900), now - timedelta(days=890))
    assert all(each["value"] is None for each in nothing)


@pytest.mark.django_db
def test_people_of_a_part_of_the_year_were_reached_in_it_for_the_first_time(opened, plan):
    earlier = step(operations.open_session, plan(hours=-24 * 3))
    if earlier.year != opened.year:
        pytest.skip("the year turned within these three days")
    come(earlier, person(1))
    come(opened, person(1))
    come(opened, person(2))
    for row in (earlier, opened):
        step(operations.hold_session, row)
    now = timezone.now()
    assert reaching.in_period(now - timedelta(days=1), now) == (1, 1, 1)
