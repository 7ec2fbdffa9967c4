"""A recording of calls, played through the desk's real verbs."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tepian.kernel.actors import Invalid
from tepian.kernel.audit.models import AuditEntry
from tepian.services.dispatch.adapters import replay
from tepian.services.dispatch.models import Call, Deployment, Incident, Unit

ROWS = """40.10,-75.10,EMS: FALL VICTIM,2018-11-15 10:00,TOWN,A ST & B ST
40.20,-75.20,Fire: BUILDING FIRE,2018-11-15 10:01,TOWN,C ST & D ST
40.20,-75.20,Fire: BUILDING FIRE,2018-11-15 10:02,TOWN,C ST & D ST
40.20,-75.20,Fire: FIRE ALARM,2018-11-15 14:00,TOWN,C ST & D ST
40.30,-75.30,EMS: NAUSEA/VOMITING,2018-11-15 10:03,TOWN,E ST
40.40,-75.40,EMS: SEIZURES,2018-11-15 10:03,TOWN,F ST
not,a,row
40.50,-75.50,EMS: SEIZURES,2018-11-16 10:03,TOWN,F ST
"""


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "calls.csv"
    path.write_text(ROWS)
    return path


def test_every_call_is_answered_helped_and_marked_as_simulated(city, recording):
    found = replay.play_calls(recording, desks=2, units=4, day=date(2018, 11, 15))
    assert (found.calls, found.skipped, found.opened, found.merged, found.merged_same) == (6, 1, 5, 1, 1)
    assert len(found.answered) == 6 and min(found.answered) == replay.PICK_UP_S
    assert len(found.asked) == 5 and found.still_waiting == 0
    assert Call.objects.count() == 6 and not Call.objects.filter(simulated=False).exists()
    assert (
        not Incident.objects.exclude(state="closed").exists() and not Incident.objects.filter(simulated=False).exists()
    )
    assert set(Deployment.objects.values_list("state", flat=True)) == {"done"}
    assert set(Deployment.objects.values_list("unit__simulated", flat=True)) == {True}
    assert not Unit.objects.filter(simulated=True).exclude(state="off_duty").exists()
    fires = Incident.objects.filter(type_code="K1").values_list("place", flat=True)
    assert len(set(fires)) == 1, "the same position is the same street"
    assert AuditEntry.objects.filter(operation="dispatch.send_call").count() == 5
    text = str(found)
    assert "SIMUL" in text and "ask_unit" in text


def test_it_is_the_same_every_time_and_may_be_repeated(city, recording):
    first = replay.play_calls(recording, desks=1, units=4)
    again = replay.play_calls(recording, desks=1, units=4)
    assert (first.answered, first.asked, first.merged) == (again.answered, again.asked, again.merged)
    assert Unit.objects.filter(simulated=True).count() == 4


def test_few_desks_and_units_make_people_wait(city, recording):
    found = replay.play_calls(recording, desks=1, units=2)
    assert max(found.answered) > 30
    assert max(found.asked)[0] > replay.STAY_S[0] / 2
    alone = replay.play_calls(recording, desks=6, units=20)
    assert max(alone.answered) == replay.PICK_UP_S and max(alone.asked)[0] == 0


def test_what_an_earlier_run_left_is_cleaned_up(city, recording, monkeypatch):
    def broken(self, *given):
        raise RuntimeError("the power went")

    monkeypatch.setattr(replay._Desk, "hang_up", broken)
    monkeypatch.setattr(replay, "clean_up", lambda: None)
    with pytest.raises(Exception):  # noqa: B017 - units are still busy
        replay.play_calls(recording)
    assert Incident.objects.exclude(state="closed").exists()
    monkeypatch.undo()
    replay.play_calls(recording)
    assert not Incident.objects.exclude(state="closed").exists()


@pytest.mark.parametrize(
    ("text", "options", "code"),
    [
        ("", {}, "no_calls"),
        ("a,b,c\n", {}, "no_calls"),
        (ROWS, {"day": date(2001, 1, 1)}, "no_calls"),
        (ROWS, {"desks": 0}, "bad_number"),
        (ROWS, {"units": 100}, "bad_number"),
    ],
)
def test_what_cannot_be_played_is_told(city, tmp_path, text, options, code):
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(Invalid) as refused:
        replay.play_calls(path, **options)
    assert refused.value.code == code and not Call.objects.exists()


def test_without_a_city_it_says_what_is_missing(db, recording):
    with pytest.raises(Invalid) as refused:
        replay.play_calls(recording)
    assert refused.value.code == "no_types"
    with pytest.raises(Invalid) as refused:
        replay.play_calls(recording.parent / "absent.csv")
    assert refused.value.code == "bad_file"


def test_units_are_shared_out_by_need():
    from collections import Counter

    needs = Counter({("medic",): 80, ("fire",): 19, ("water",): 1})
    shares = Counter(replay._profiles(10, needs))
    assert sum(shares.values()) == 10 and shares[("water",)] == 1 and shares[("medic",)] > shares[("fire",)] >= 1
    storm = Counter({("traffic",): 470, ("medic",): 140, ("fire",): 40, ("rescue",): 2, ("police",): 1})
    assert set(replay._profiles(25, storm)) == set(storm)
    assert len(replay._profiles(2, needs)) == 2 and len(replay._profiles(3, Counter())) == 3


def test_waiting_by_arithmetic():
    calls = [(0.0, 100.0), (1.0, 100.0), (2.0, 100.0)]
    waits, lost = replay.served(calls, 1)
    assert waits == [3, 105, 207] and lost == 0
    assert replay.served(calls, 1, 60)[1] == 2 and replay.served(calls, 2, 60)[1] == 1
    assert replay.desks_for(calls) == 3


def test_a_long_silence_is_shortened(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("1,1,EMS: FEVER,2016-01-01 10:00,A,B\n1,1,EMS: FEVER,2018-01-01 10:00,A,B\n")
    rows, _skipped = replay.read(path)
    assert rows[1].at - rows[0].at == pytest.approx(2 * 3600)


def test_a_part_of_the_real_recording(contoh, shared_data, tmp_path):
    source = shared_data / "6-lain" / "911_montgomery.csv"
    if not source.exists():
        pytest.skip(f"the recording is not here: {source.name} (it is never part of the repository)")
    part = [line for line in source.read_text().splitlines() if ",2018-11-15 12:0" in line]
    path = tmp_path / "part.csv"
    path.write_text("\n".join(part))
    found = replay.play_calls(path)
    assert found.calls == len(part) and found.skipped == 0
    assert found.opened + found.merged == found.calls and found.still_waiting == 0
    kinds = Incident.objects.values_list("type_code", flat=True)
    assert sum(not kind for kind in kinds) == 0, "every kind of the recording has a type"
