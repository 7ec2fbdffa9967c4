"""Fills a home with open incidents and units, and times the desk's two searches in this process. Prints JSON."""

from __future__ import annotations

import json
import os
import random
import sys
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")
import django

django.setup()

from django.utils import timezone  # noqa: E402

from tepian.kernel.actors import system  # noqa: E402
from tepian.kernel.catalogue.versions import touch  # noqa: E402
from tepian.services.dispatch import operations, queries, states  # noqa: E402
from tepian.services.dispatch.models import Incident, Unit  # noqa: E402
from tepian.services.dispatch.queries import advice, travel  # noqa: E402
from tepian.toolkit.geodesy import distance_m  # noqa: E402

ACTOR = system("bench")
INCIDENTS, UNITS, LOOKS = 5000, 500, 200


def fill(rng: random.Random) -> None:
    now, types = timezone.now(), list(queries.types_on().values())
    Incident.objects.bulk_create(
        Incident(
            number=f"B-{n:05d}",
            type_code=(kind := rng.choice(types)).code,
            type_from=kind.valid_from,
            severity=kind.severity,
            place=f"Bench {n}",
            lon=rng.uniform(118.45, 118.55),
            lat=rng.uniform(-0.56, -0.45),
            opened_at=now,
            opened_by="bench",
            simulated=True,
        )
        for n in range(INCIDENTS)
    )
    skills = ("fire", "medic", "rescue", "water", "police")
    Unit.objects.bulk_create(
        Unit(
            call_sign=f"B-{n:03d}",
            name="Bench",
            kind="bench",
            agency_code="bench",
            agency_name="Bench",
            skills=[skills[n % 5]],
            base_lon=(lon := rng.uniform(118.45, 118.55)),
            base_lat=(lat := rng.uniform(-0.56, -0.45)),
            lon=lon,
            lat=lat,
            state="available",
            simulated=True,
        )
        for n in range(UNITS)
    )
    touch("dispatch")


def timed(work, arguments) -> list[float]:
    found = []
    for argument in arguments:
        started = time.perf_counter()
        work(argument)
        found.append((time.perf_counter() - started) * 1000)
    return found


def ringing(number: int) -> int:
    """A call that has just come in."""
    call, _new = operations.receive_call_event(
        actor=ACTOR, id=f"bench-{number}", type="ringing", call=f"bench-{number}", at=timezone.now(), simulated=True
    )
    return call.pk


def sent(call: int, rng: random.Random) -> Incident:
    """The call becomes an incident, durable when this returns."""
    return operations.send_call(
        actor=ACTOR, call=call, place="Bench", lon=rng.uniform(118.45, 118.55), lat=rng.uniform(-0.56, -0.45),
        type_code=next(iter(queries.types_on())),
    )  # fmt: skip


def main() -> None:
    rng = random.Random(112)
    fill(rng)
    rows = rng.sample(list(Incident.objects.all()), LOOKS)
    travel.roads()
    advice.advise(rows[0])
    twins = timed(lambda row: advice.twins(lon=row.lon, lat=row.lat, type_code=row.type_code), rows)
    units = timed(lambda row: advice.advise(row), rows)

    def scan(row: Incident) -> None:  # the plain way: read all open incidents and measure each
        for other in Incident.objects.filter(state__in=states.OPEN_STATES):
            distance_m(row.lon, row.lat, other.lon, other.lat)

    scans = timed(scan, rows[:20])
    calls = [ringing(number) for number in range(LOOKS)]
    sends = timed(lambda call: advice.advise(sent(call, rng)), calls)
    show = lambda values: {"p50": states.percentile(values, 0.5), "p99": states.percentile(values, 0.99)}  # noqa: E731
    json.dump({"twins": show(twins), "advice": show(units), "scan": show(scans), "sent": show(sends)}, sys.stdout)


if __name__ == "__main__":
    main()
