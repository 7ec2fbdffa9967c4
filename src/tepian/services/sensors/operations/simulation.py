"""Running the exercise: start, begin again, faster, pause. Only on a demonstration system."""

from __future__ import annotations

import math
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.catalogue import versions
from tepian.kernel.events import note, operation

from .. import policies
from ..models import Datastream, DatastreamState, Observation, SimulationControl
from ..queries.simulation import keys, noise, storm_values, story_time
from ..states import Flag, to_ms
from .readings import record_observations

SPEEDS = (0.5, 1, 2, 4, 10, 20, 60)


def read_scenario(pack: Path) -> dict[str, Any]:
    """`storm.toml` of a city pack, {} where there is none."""
    file = pack / "storm.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def _locked() -> SimulationControl:
    SimulationControl.objects.get_or_create(pk=1)
    return SimulationControl.objects.select_for_update().get(pk=1)


def _check_speed(speed: float) -> float:
    if not (isinstance(speed, int | float) and math.isfinite(speed) and 0.1 <= speed <= 100):
        raise Invalid(
            _("The speed must lie between 0.1 and 100. Nothing was changed."), code="bad_speed", field="speed"
        )
    return float(speed)


@operation("sensors.start_simulation", policy=policies.may_run_simulation)
def start_simulation(
    *, actor: Actor, scenario: dict[str, Any] | None = None, speed: float | None = None
) -> SimulationControl:
    """Begin the story anew (restart is the same). What the previous run made the gauges say is taken away, so that sums
    and charts begin clean; the record and the events of the previous run stay."""
    control = _locked()
    if scenario is not None:
        control.scenario = scenario
    if not control.scenario:
        raise Invalid(
            _("The city pack has no storm.toml, so there is no exercise. Nothing was changed."), code="no_scenario"
        )
    if control.anchor_at is not None:
        _clear(control)
    control.run += 1
    control.anchor_at, control.elapsed_s, control.paused = timezone.now(), 0, False
    if speed is not None:
        control.speed = _check_speed(speed)
    control.save()
    note("simulation", control.run, speed=control.speed)
    versions.touch("sensors")
    return control


def _clear(control: SimulationControl) -> None:
    """Remove what the last run made the gauges say and let the states begin anew; their levels stay until the first
    reading of the new run lowers them, which is an event like any other."""
    assert control.anchor_at is not None
    since = to_ms(control.anchor_at) - 1000
    bit = int(Flag.SIMULATED)
    wanted = set(keys(control.scenario))
    for row in Datastream.objects.select_related("station"):
        if row.key in wanted:
            told = Observation.objects.of(row.pk, since).annotate(simulated=F("flags").bitand(bit)).exclude(simulated=0)
            Observation.objects.filter(pk__in=list(told.values_list("pk", flat=True))).delete()
            DatastreamState.objects.filter(pk=row.pk).update(
                seen_ms=0,
                time_ms=0,
                value=None,
                shown=None,
                flags=0,
                same_since_ms=0,
                trend=None,
                trend_at_ms=0,
                eta_rank=0,
                eta_from=None,
                eta_to=None,
            )


@operation("sensors.set_simulation_speed", policy=policies.may_run_simulation)
def set_speed(*, actor: Actor, speed: float) -> SimulationControl:
    """Tell the story faster or slower from here on."""
    speed = _check_speed(speed)
    control = _locked()
    now = timezone.now()
    control.elapsed_s, control.anchor_at = story_time(control, now), now if control.anchor_at else None
    control.speed = speed
    control.save()
    note("simulation", control.run, speed=speed)
    return control


@operation("sensors.pause_simulation", policy=policies.may_run_simulation)
def pause(*, actor: Actor, paused: bool = True) -> SimulationControl:
    """Hold the story, or go on with it. The gauges keep reporting their present values."""
    control = _locked()
    now = timezone.now()
    if control.paused != paused:
        control.elapsed_s, control.anchor_at = story_time(control, now), now if control.anchor_at else None
        control.paused = paused
        control.save()
    note("simulation", control.run, paused=paused)
    return control


def seed_history(*, actor: Actor, scenario: dict[str, Any], hours: int = 24) -> int:
    """A quiet day before the storm, marked as simulated, so that charts are not empty. Returns the number of
    readings."""
    series = {row.key: row for row in Datastream.objects.select_related("station", "state")}
    now = timezone.now()
    rows = []
    for step in range(hours * 6, 0, -1):
        moment = to_ms(now - timedelta(minutes=10 * step))
        for station, slug, value in storm_values(scenario, 0, 0):
            row = series.get(f"{station}/{slug}")
            if row is None or row.state.time_ms:
                continue
            if row.station.kind == "tide":
                value += 0.75 * math.sin(2 * math.pi * (moment / 3_600_000 - 2) / 12.42)
            elif slug != "hujan":
                value += 0.02 * noise(row.key, moment / 1000) - 0.03
            rows.append((row.pk, moment, round(value, 3), int(Flag.SIMULATED)))
    record_observations(actor=actor, rows=rows, alert=False, checked=True)
    return len(rows)
