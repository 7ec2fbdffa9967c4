"""The exercise: its story as pure functions of time, and where it stands now."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.utils import timezone, translation

from ..models import SimulationControl

Frames = list[list[float]]


def at(frames: Frames, t: float) -> float:
    """The value between the frames, in straight lines; before the first and after the last it stays."""
    if t <= frames[0][0]:
        return float(frames[0][1])
    for (t0, v0), (t1, v1) in pairwise(frames):
        if t <= t1:
            return v0 + (v1 - v0) * (t - t0) / (t1 - t0) if t1 > t0 else float(v1)
    return float(frames[-1][1])


def noise(key: str, t: float) -> float:
    """Between -1 and 1, the same for the same story time (to a tenth of a second)."""
    digest = hashlib.blake2b(f"{key}@{round(t * 10)}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**31 - 1


def storm_values(scenario: Mapping[str, Any], t: float, since: float | None = None) -> list[tuple[str, str, float]]:
    """What every gauge of the story reports `t` seconds into it: (station, datastream slug, value).

    Levels in metres with a little repeatable noise; rain in millimetres fallen since `since` (default two seconds ago).
    """
    before = t - 2 if since is None else since
    values = []
    for track in scenario.get("rain", []):
        station, _slash, slug = track["datastream"].partition("/")
        fallen = max(0.0, at(track["frames"], t) - at(track["frames"], before))
        values.append((station, slug, round(fallen, 3)))
    for track in scenario.get("levels", []):
        station, _slash, slug = track["datastream"].partition("/")
        value = at(track["frames"], t) + track.get("noise", 0) * noise(track["datastream"], t)
        values.append((station, slug, round(value, 3)))
    return values


def keys(scenario: Mapping[str, Any]) -> list[str]:
    return [track["datastream"] for track in (*scenario.get("rain", []), *scenario.get("levels", []))]


@dataclass(frozen=True, slots=True)
class Simulation:
    """Where the exercise stands. `t` is the story's time in seconds, `run` counts restarts; `over` when the story has
    been told and the gauges stay at their last values."""

    ready: bool
    run: int
    t: float
    duration_s: float
    speed: float
    paused: bool
    title: str
    started: bool

    @property
    def over(self) -> bool:
        return self.started and self.t >= self.duration_s

    @property
    def minutes(self) -> str:
        seconds = int(min(self.t, self.duration_s))
        return f"{seconds // 60}:{seconds % 60:02d}"


def story_time(control: SimulationControl, now: datetime) -> float:
    if control.anchor_at is None:
        return 0.0
    running = 0.0 if control.paused else max(0.0, (now - control.anchor_at).total_seconds()) * control.speed
    return control.elapsed_s + running


def simulation_state(now: datetime | None = None) -> Simulation:
    """One read."""
    control = SimulationControl.objects.filter(pk=1).first() or SimulationControl()
    scenario = control.scenario or {}
    english = (translation.get_language() or "id").startswith("en")
    return Simulation(
        ready=bool(scenario),
        run=control.run,
        t=story_time(control, now or timezone.now()),
        duration_s=float(scenario.get("duration_s", 600)),
        speed=control.speed,
        paused=control.paused,
        title=str(scenario.get("title_en" if english else "title", "")),
        started=control.anchor_at is not None,
    )
