"""One source never opens an incident; two that agree do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tepian.kernel.actors import Invalid
from tepian.kernel.audit.models import AuditEntry
from tepian.services.emergency import operations, queries, states
from tepian.services.emergency.models import Incident, Sign

from .conftest import OFFICER, SYSTEM, ago, message, sign

pytestmark = pytest.mark.django_db


def numbers() -> list[str]:
    return list(Incident.objects.values_list("number", flat=True))


def test_one_source_never_opens(city):
    sign("a", "awas")
    assert numbers() == []


def test_the_same_station_twice_is_one_source(city):
    sign("a", "siaga", stream="1")
    sign("a", "awas", stream="2")
    sign("a", "awas", kind="rain", stream="3")
    sign("a", "awas", minutes=1, stream="1")
    assert numbers() == []


def test_two_rivers_open_one_draft(city):
    sign("a", "siaga")
    sign("b", "waspada", ward="99.01.01.1002")
    incident = Incident.objects.get()
    assert (incident.state, incident.level) == ("draft", "siaga")
    assert set(incident.areas) == {"99.01.01.1001", "99.01.01.1002"}
    assert incident.title.startswith("Banjir: ") and incident.title_en.startswith("Flood: ")
    assert {row.source_key for row in incident.signs.all()} == {"a", "b"}
    assert AuditEntry.objects.filter(subject_type="incident", subject_id=incident.number).count() == 1


def test_rain_and_river_open_a_draft_whichever_comes_first(city):
    sign("hujan", "waspada", kind="rain")
    sign("sungai", "siaga")
    assert len(numbers()) == 1


@pytest.mark.parametrize("kind", ["call", "report", "camera"])
def test_people_and_cameras_support_a_station_but_open_nothing_alone(city, kind):
    sign("x1", "awas", kind=kind)
    sign("x2", "awas", kind=kind)
    assert numbers() == []
    sign("sungai", "siaga")
    assert len(numbers()) == 1


def test_two_weak_signs_open_nothing(city):
    sign("a", "waspada")
    sign("b", "waspada")
    assert numbers() == []
    sign("a", "siaga", minutes=1)
    assert len(numbers()) == 1


def test_too_far_opens_nothing(city):
    sign("a", "siaga", ward="99.01.01.1001")
    sign("b", "siaga", ward="99.01.02.1001")
    assert numbers() == []


def test_near_across_the_border_of_districts_opens(city):
    sign("a", "siaga")
    sign("b", "siaga", ward="99.01.02.1001", lon=117.10, lat=-0.41)  # 1.1 km away
    assert len(numbers()) == 1


def test_outside_the_window_opens_nothing(city):
    sign("hujan", "awas", kind="rain", minutes=200)
    operations.end_sign(actor=SYSTEM, hazard="flood", source_kind="rain", source_key="hujan", at=ago(100))
    sign("sungai", "siaga", minutes=1)  # 99 minutes after the rain ended; the window is 60
    assert numbers() == []


def test_rain_that_ended_within_the_window_counts(city):
    sign("hujan", "awas", kind="rain", minutes=100)
    operations.end_sign(actor=SYSTEM, hazard="flood", source_kind="rain", source_key="hujan", at=ago(40))
    sign("sungai", "siaga", minutes=1)
    assert len(numbers()) == 1


def test_a_lasting_sign_that_began_long_ago_still_counts(city):
    sign("a", "siaga", minutes=300)
    sign("b", "siaga", minutes=1)
    assert len(numbers()) == 1


def test_a_silent_source_counts_only_until_it_fell_silent(city):
    sign("a", "siaga", minutes=300)
    assert operations.mark_silence(actor=SYSTEM, source_key="a", since=ago(200)) == 1
    assert operations.mark_silence(actor=SYSTEM, source_key="a", since=ago(200)) == 0
    sign("b", "siaga", minutes=1)
    assert numbers() == []


def test_simulated_and_real_never_mix(city):
    sign("a", "awas", simulated=True)
    sign("b", "awas")
    assert numbers() == []
    sign("c", "awas", simulated=True)
    assert [row.simulated for row in Incident.objects.all()] == [True]


def test_further_signs_join_and_raise_the_draft(city):
    sign("a", "siaga")
    sign("b", "waspada")
    sign("c", "awas", ward="99.01.01.1002")
    incident = Incident.objects.get()
    assert incident.level == "awas"
    assert "99.01.01.1002" in incident.areas
    assert incident.signs.count() == 3
    assert [entry.kind for entry in incident.timeline.all()].count("sign_joined") == 3


def test_after_confirmation_worse_signs_only_suggest(city):
    sign("a", "siaga")
    sign("b", "siaga")
    number = numbers()[0]
    operations.confirm_draft(actor=OFFICER, number=number, **message())
    sign("a", "awas", minutes=1)
    incident = Incident.objects.get()
    assert (incident.level, incident.suggested_level) == ("siaga", "awas")
    assert len(numbers()) == 1


def test_repeated_and_late_reports_change_nothing(city):
    moment = ago(10)
    first = sign("a", "siaga", observed_at=moment)
    entries = AuditEntry.objects.count()
    again = sign("a", "siaga", observed_at=moment)
    older = sign("a", "awas", observed_at=moment - timedelta(minutes=3))
    assert first.pk == again.pk == older.pk
    assert Sign.objects.get().level == "siaga"
    assert AuditEntry.objects.count() == entries + 2
    operations.end_sign(actor=SYSTEM, hazard="flood", source_kind="station", source_key="a", at=ago(2))
    sign("a", "awas", observed_at=ago(5))  # it ended after that
    assert Sign.objects.filter(ended_at=None).count() == 0


def test_dismissed_signs_do_not_reopen_until_they_get_worse_or_end(city):
    sign("a", "siaga")
    sign("b", "waspada")
    operations.dismiss_draft(actor=OFFICER, number=numbers()[0], reason_code="nothing_seen", reason="Kamera: kering.")
    sign("a", "siaga", minutes=3)
    sign("b", "waspada", minutes=3)
    assert len(numbers()) == 1
    sign("b", "siaga", minutes=2)  # worse
    assert len(numbers()) == 2


def test_a_dismissed_sign_that_ended_and_came_back_counts_again(city):
    sign("a", "siaga")
    sign("b", "waspada")
    operations.dismiss_draft(actor=OFFICER, number=numbers()[0], reason_code="other", reason="x")
    operations.end_sign(actor=SYSTEM, hazard="flood", source_kind="station", source_key="a", at=ago(3))
    assert len(numbers()) == 1
    sign("a", "siaga", minutes=1)
    assert len(numbers()) == 2


@pytest.mark.parametrize(("calm_minutes", "drafts"), [(10, 1), (70, 2)])
def test_a_judged_sign_that_was_calm_for_long_and_rises_again_is_news(city, calm_minutes, drafts):
    sign("a", "awas", minutes=100)
    sign("b", "siaga", minutes=99)
    operations.dismiss_draft(actor=OFFICER, number=numbers()[0], reason_code="nothing_seen", reason="Kering.")
    sign("a", "waspada", minutes=90)
    sign("a", "siaga", minutes=90 - calm_minutes)  # below what was judged, but after a calm
    assert len(numbers()) == drafts


def test_a_third_source_after_a_dismissal_is_new_evidence(city):
    sign("a", "siaga")
    sign("b", "waspada")
    operations.dismiss_draft(actor=OFFICER, number=numbers()[0], reason_code="other", reason="x")
    sign("c", "siaga", ward="99.01.01.1002", minutes=1)
    assert len(numbers()) == 2


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"level": "merah"}, "level_unknown"),
        ({"level": "normal"}, "level_unknown"),
        ({"hazard": "gempa"}, "hazard_unknown"),
        ({"source_kind": "dukun"}, "kind_unknown"),
        ({"observed_at": timezone.now() + timedelta(hours=1)}, "time_in_future"),
    ],
)
def test_bad_signs_are_refused(city, bad, code):
    with pytest.raises(Invalid) as told:
        sign("a", **({"level": "siaga"} | bad))
    assert told.value.code == code
    assert not Sign.objects.exists()


def test_the_rule_follows_its_dates(city):
    today = timezone.localdate()
    rule = queries.rule_on("flood")
    operations.load_rules(
        actor=SYSTEM,
        rules=[
            {"hazard": "flood", "name": "Banjir", "name_en": "Flood", "valid_from": today, "min_sources": 3},
        ],
    )
    assert queries.rule_on("flood").min_sources == 3
    assert queries.rule_on("flood", today - timedelta(days=1)).pk == rule.pk
    sign("a", "siaga")
    sign("b", "siaga")
    assert numbers() == []
    sign("c", "siaga")
    assert len(numbers()) == 1


def test_a_rule_from_a_pack_can_never_be_satisfied_by_one_source(city):
    operations.load_rules(
        actor=SYSTEM,
        rules=[
            {
                "hazard": "fire",
                "name": "Kebakaran",
                "name_en": "Fire",
                "valid_from": timezone.localdate(),
                "min_sources": 1,
            },
        ],
    )
    assert queries.rule_on("fire").min_sources == 2


def test_distance_is_right_to_a_metre():
    assert states.distance_m(0, 0, 0, 1) == pytest.approx(111_195.08, abs=0.5)
    assert states.distance_m(117, -0.5, 117, -0.5) == 0
