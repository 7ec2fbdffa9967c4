"""A demonstration of the 112 desk, made with the same verbs as the real one."""

from __future__ import annotations

from threading import Event

from tepian.kernel.actors import Actor

from . import operations
from .adapters import simulator
from .models import Unit


def man_the_units(*, actor: Actor) -> int:
    """Every unit of the pack rehearses, and goes on duty with a crew of the demonstration. Returns how many did."""
    operations.rehearse_units(actor=actor)
    idle = list(Unit.objects.filter(active=True, state="off_duty"))
    for unit in idle:
        operations.sign_on(actor=actor, call_sign=unit.call_sign, crew=f"{unit.call_sign} (demo)")
    return len(idle)


def play_calls(stop: Event, *, http_base: str, device_key: str, speed: float) -> None:
    """Simulated calls reach the desk until `stop` is set."""
    simulator.play(stop, http_base, device_key, speed)
