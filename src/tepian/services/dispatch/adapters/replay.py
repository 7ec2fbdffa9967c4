"""Playing recorded emergency calls through the desk's real verbs, as a simulation.

Who waits how long follows from a clock of its own (a queue of events by virtual time), while the verbs run one after
the other as fast as they go and stamp the real moment. So waiting times are told in virtual time, costs in real time,
and the clocks in the database are those of the run. How old a known incident is, which decides what counts as the same
thing, is taken from the virtual clock.
"""

from __future__ import annotations

import heapq
import itertools
import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Grant, Invalid, system
from tepian.kernel.events import note, operation
from tepian.kernel.regions.models import Place

from .. import operations, policies, queries, states
from ..models import Incident, IncidentType, Unit
from ..queries import advice
from .recording import Recorded, Spot, drawn, read, streets_for, type_for

PICK_UP_S = 3  # a free desk answers after one ring
PLACE_KNOWN = 1 / 3  # of a call's time, then place and kind are known and the card is sent
HANDLE_S = (60, 120)  # about 90 s
DUPLICATE_S = (30, 55)  # a caller who tells of what is known is served sooner
STAY_S = (15 * 60, 25 * 60)
WITHIN_S, PATIENCE_S = 10, 60
REPLAYER = system("dispatch.replay", "Replay")
EXCHANGE = Actor(kind="device", id="replay", label="Replay", grants=(Grant("device"),))
DISPATCHER = Actor(kind="person", id="sim-dispatcher", label="Dispatcher (simulated)", grants=(Grant("dispatcher"),))


@dataclass(slots=True)
class Summary:
    """What became of the calls. Waits are virtual seconds, costs real milliseconds."""

    calls: int = 0
    skipped: int = 0
    desks: int = 0
    units: int = 0
    hours: float = 0.0
    call_hours: float = 0.0
    lost: int = 0
    desks_wanted: int = 0
    streets: int = 0
    positions: int = 0
    answered: list[float] = field(default_factory=list)
    offered: int = 0
    merged: int = 0
    merged_same: int = 0
    opened: int = 0
    repeats: int = 0
    asked: list[tuple[float, bool]] = field(default_factory=list)  # seconds, and whether it was grave
    travel: list[float] = field(default_factory=list)
    busy_s: float = 0.0
    still_waiting: int = 0
    send_ms: list[float] = field(default_factory=list)
    ask_ms: list[float] = field(default_factory=list)
    cpu_s: float = 0.0
    real_s: float = 0.0

    def rows(self) -> list[tuple[str, str]]:
        """(what, value) in the reader's language."""
        within = sum(wait <= WITHIN_S for wait in self.answered)
        hours = self.hours or 1.0
        return [
            (_t("Calls"), f"{self.calls} ({_t('not readable')}: {self.skipped})"),
            (_t("Virtual time: calls / until the last help"), f"{self.call_hours:.1f} h / {self.hours:.1f} h"),
            (_t("Positions moved onto streets of the gazetteer"), f"{self.positions} → {self.streets}"),
            (_t("Answered within %(n)s s") % {"n": WITHIN_S}, _share(within, self.calls)),
            (_t("Waiting for an answer, median / p90 / longest"), _spread(self.answered)),
            (
                _t("Lost if callers hang up after %(n)s s") % {"n": PATIENCE_S},
                f"{self.lost} ({_share(self.lost, self.calls)})",
            ),
            (_t("Desks for 90 %% within %(n)s s") % {"n": WITHIN_S}, str(self.desks_wanted or "–")),
            (_t("Possible duplicates shown to the call-taker"), str(self.offered)),
            (_t("Joined to a known incident"), f"{self.merged} ({_t('same recorded position')}: {self.merged_same})"),
            (_t("In the recording: same position again within 30 minutes"), str(self.repeats)),
            (_t("Incidents opened"), str(self.opened)),
            (_t("Waiting for a unit, median / p90 / longest"), _spread([wait for wait, _grave in self.asked])),
            (_t("– severity C to E"), _spread([wait for wait, grave in self.asked if grave])),
            (_t("– severity A, B or unknown"), _spread([wait for wait, grave in self.asked if not grave])),
            (_t("Travel as advised, median / p90 / longest"), _spread(self.travel)),
            (_t("Units busy"), _share(self.busy_s, self.units * hours * 3600)),
            (_t("Incidents without a unit at the end"), str(self.still_waiting)),
            (_t("Cost of send_call, median / p99"), _cost(self.send_ms)),
            (_t("Cost of ask_unit, median / p99"), _cost(self.ask_ms)),
            (_t("Processor time per virtual hour"), f"{self.cpu_s / hours:.2f} s"),
            (_t("The whole run"), f"{self.real_s:.1f} s ({_t('processor')} {self.cpu_s:.1f} s)"),
        ]

    def __str__(self) -> str:
        head = _t(
            "SIMULATION with %(desks)s desks and %(units)s units. Places are moved: they are not where it happened."
        ) % {"desks": self.desks, "units": self.units}
        rows = self.rows()
        width = max(len(name) for name, _value in rows)
        return "\n".join([head, *(f"  {name:<{width}}  {value}" for name, value in rows)])


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "–"
    found = (states.percentile(values, 0.5), states.percentile(values, 0.9), max(values))
    return " / ".join(f"{value:.0f} s" for value in found if value is not None)


def _cost(values: Sequence[float]) -> str:
    if not values:
        return "–"
    return f"{states.percentile(values, 0.5):.1f} ms / {states.percentile(values, 0.99):.1f} ms"


# --- units ------------------------------------------------------------------------------------------------------------


@operation("dispatch.place_simulated_units", policy=policies.may_configure)
def place_units(*, actor: Actor, count: int, needs: Counter[tuple[str, ...]]) -> list[Unit]:
    """Simulated units SIM-01 … at landmarks. Their skills are shared out as the calls need them, a call of severity A
    counting once and one of E five times, and at least one unit for each."""
    places = list(Place.objects.exclude(kind="street").order_by("key")) or list(Place.objects.order_by("key"))
    profiles = _profiles(count, needs)
    made = []
    for number in range(count):
        place = places[number * len(places) // count % len(places)]
        skills = profiles[number]
        values = {
            "name": f"Simulated unit {number + 1}",
            "kind": skills[0] if skills else "unit",
            "agency_code": "simulation",
            "agency_name": "Simulation",
            "skills": list(skills),
            "base": place.name,
            "base_lon": place.lon,
            "base_lat": place.lat,
            "lon": place.lon,
            "lat": place.lat,
            "state": "off_duty",
            "position_at": None,
            "readiness": "",
            "crew_account": "",
            "active": True,
            "simulated": True,
        }
        unit, _new = Unit.objects.update_or_create(call_sign=f"SIM-{number + 1:02d}", defaults=values)
        made.append(unit)
    note("unit", "SIM", count=count)
    return made


def _profiles(count: int, needs: Counter[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Largest remainders: who is needed most gets most, nobody goes without while there is a unit left."""
    kinds = [skills for skills, _n in needs.most_common(count)] or [()]
    total = sum(needs[skills] for skills in kinds) or 1
    exact = {skills: max(1.0, count * needs[skills] / total) for skills in kinds}
    shares = {skills: int(value) for skills, value in exact.items()}
    while sum(shares.values()) > count:
        rich = [skills for skills in kinds if shares[skills] > 1]
        shares[max(rich, key=lambda skills: (shares[skills] - exact[skills], shares[skills]))] -= 1
    while sum(shares.values()) < count:
        shares[max(shares, key=lambda skills: exact[skills] - shares[skills])] += 1
    profiles = [skills for skills in kinds for _n in range(shares[skills])]
    mixed = sorted(range(count), key=lambda index: drawn(0, 1, "unit", index))  # so that no kind stands in one quarter
    return [profiles[index] for index in mixed]


def clean_up() -> None:
    """What an earlier run that was broken off left open."""
    for unit in Unit.objects.filter(simulated=True, call_sign__startswith="SIM-"):
        if (busy := queries.active_deployment(unit)) is not None:
            operations.report_step(actor=REPLAYER, deployment=busy.pk, step="done", key=f"clean-{busy.pk}")
    left = Incident.objects.filter(simulated=True, key__startswith="replay-", state__in=states.OPEN_STATES)
    for number in left.values_list("number", flat=True):
        operations.close_incident(actor=REPLAYER, number=number, outcome="cancelled")


# --- the run ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Call:
    row: Recorded
    pk: int = 0
    desk: Actor | None = None
    place: Spot | None = None
    kind: IncidentType | None = None
    answered: float = 0.0


def served(calls: Sequence[tuple[float, float]], desks: int, patience: float | None = None) -> tuple[list[float], int]:
    """Waits of the calls (arrival, seconds at the desk) in the order of arrival, and how many hang up unanswered. Only
    arithmetic: the verbs are not asked."""
    free = [0.0] * desks
    waits: list[float] = []
    lost = 0
    for arrival, held in calls:
        answered = max(arrival, free[0]) + PICK_UP_S
        if patience is not None and answered - arrival > patience:
            lost += 1
            continue
        heapq.heapreplace(free, answered + held)
        waits.append(answered - arrival)
    return waits, lost


def desks_for(calls: Sequence[tuple[float, float]], most: int = 100) -> int:
    """The fewest desks with which 90 % of these calls are answered in time; 0 when not even `most` are enough."""
    for desks in range(1, most + 1):
        waits, _lost = served(calls, desks)
        if sum(wait <= WITHIN_S for wait in waits) >= 0.9 * len(calls):
            return desks
    return 0


def _repeats(rows: Sequence[Recorded], within: float = 30 * 60) -> int:
    last: dict[tuple[str, str], float] = {}
    found = 0
    for row in rows:
        found += row.at - last.get(row.position, float("-inf")) <= within
        last[row.position] = row.at
    return found


class _Desk:
    """The virtual room: who waits, who is free, what happens next."""

    def __init__(self, rows: Sequence[Recorded], desks: int, units: int, told: Callable[[int, int], None]) -> None:
        self.rows, self.told = rows, told
        self.run = secrets.token_hex(4)
        self.held: dict[int, float] = {}  # row -> seconds that the call kept its desk
        self.count = itertools.count()
        self.agenda: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self.free = deque(
            Actor(kind="person", id=f"sim-desk-{n}", label=f"Desk {n} (simulated)", grants=(Grant("call_taker"),))
            for n in range(1, desks + 1)
        )
        self.line: deque[_Call] = deque()
        self.waiting: dict[str, tuple[int, float, set[str]]] = {}  # number -> (severity, since, wanted skills)
        self.opened: dict[str, tuple[float, Recorded]] = {}
        self.places, streets = streets_for(rows)
        self.summary = Summary(calls=len(rows), desks=desks, units=units, streets=streets, positions=len(self.places))
        self.summary.repeats = _repeats(rows)
        self.now = rows[0].at

    def at(self, moment: float, act: Callable[..., None], *given: Any) -> None:
        heapq.heappush(self.agenda, (moment, next(self.count), act, given))

    def play(self) -> None:
        for row in self.rows:
            self.at(row.at, self.ring, _Call(row))
        while self.agenda:
            self.now, _n, act, given = heapq.heappop(self.agenda)
            act(*given)
        self.summary.hours = (self.now - self.rows[0].at) / 3600
        self.summary.call_hours = (self.rows[-1].at - self.rows[0].at) / 3600
        calls = [(row.at, self.held[row.row]) for row in self.rows]
        self.summary.lost = served(calls, self.summary.desks, PATIENCE_S)[1]
        self.summary.desks_wanted = desks_for(calls)
        self.summary.still_waiting = len(self.waiting)
        for number in self.waiting:
            operations.close_incident(actor=DISPATCHER, number=number, outcome="cancelled")

    def tell(self, call: _Call, kind: str) -> None:
        key = f"replay-{self.run}-{call.row.row}"
        row, _new = operations.receive_call_event(
            actor=EXCHANGE, id=f"{key}-{kind}", type=kind, call=key, at=timezone.now(), line="replay", simulated=True
        )
        call.pk = row.pk

    def ring(self, call: _Call) -> None:
        call.place = self.places[call.row.position]
        call.kind = type_for(call.row.group, call.row.kind)
        self.tell(call, states.RINGING)
        self.line.append(call)
        self.next_call()

    def next_call(self) -> None:
        while self.free and self.line:
            call = self.line.popleft()
            call.desk = self.free.popleft()
            self.at(self.now + PICK_UP_S, self.answer, call)

    def answer(self, call: _Call) -> None:
        self.summary.answered.append(self.now - call.row.at)
        self.told(len(self.summary.answered), self.summary.calls)
        assert call.desk is not None
        call.answered = self.now
        self.tell(call, states.ANSWERED)
        operations.claim_call(actor=call.desk, call=call.pk)
        handle = drawn(*HANDLE_S, "handle", call.row.row)
        self.at(self.now + handle * PLACE_KNOWN, self.send, call, self.now, handle)

    def send(self, call: _Call, since: float, handle: float) -> None:
        """Place and kind are known: join what is known already, or open an incident."""
        assert call.desk is not None and call.place is not None
        known = self.same_thing(call)
        if known is not None:
            operations.attach_call(actor=call.desk, call=call.pk, number=known, text=call.row.crossing)
            self.summary.merged += 1
            self.summary.merged_same += self.opened[known][1].position == call.row.position
            self.at(max(self.now, since + drawn(*DUPLICATE_S, "duplicate", call.row.row)), self.hang_up, call)
            return
        begun = time.perf_counter()
        incident = operations.send_call(
            actor=call.desk,
            call=call.pk,
            place=call.place.name,
            lon=call.place.lon,
            lat=call.place.lat,
            type_code=call.kind.code if call.kind else "",
            text=f"{call.row.group}: {call.row.kind}",
            key=f"replay-{self.run}-{call.row.row}",
        )
        self.summary.send_ms.append((time.perf_counter() - begun) * 1000)
        self.summary.opened += 1
        self.opened[incident.number] = (self.now, call.row)
        wanted = set(call.kind.skills) if call.kind else set()
        self.waiting[incident.number] = (-states.grave(incident.severity), self.now, wanted)
        self.ask(incident.number)
        self.at(since + handle, self.hang_up, call)

    def same_thing(self, call: _Call) -> str | None:
        """The likeliest known incident of this run, judged by the virtual clock; None when nothing is likely."""
        assert call.place is not None
        types = queries.types_on()
        code = call.kind.code if call.kind else ""
        best: tuple[float, str] = (0.0, "")
        for twin in advice.twins(lon=call.place.lon, lat=call.place.lat, type_code=code, limit=50):
            if twin.incident.number not in self.opened:
                continue
            kinds = [kind for kind in (call.kind, types.get(twin.incident.type_code)) if kind is not None]
            likeness = states.likeness(
                metres=twin.likeness.metres,
                minutes=(self.now - self.opened[twin.incident.number][0]) / 60,
                same_type=twin.likeness.same_type,
                same_group=twin.likeness.same_group,
                within_m=max((float(kind.duplicate_m) for kind in kinds), default=advice.DEFAULT_M),
                within_minutes=max((float(kind.duplicate_minutes) for kind in kinds), default=advice.DEFAULT_MINUTES),
            )
            best = max(best, (likeness.score, twin.incident.number))
        self.summary.offered += best[0] > 0
        return best[1] if best[0] >= states.LIKELY else None

    def hang_up(self, call: _Call) -> None:
        assert call.desk is not None
        self.held[call.row.row] = self.now - call.answered
        self.tell(call, states.ENDED)
        self.free.append(call.desk)
        self.next_call()

    def ask(self, number: str) -> bool:
        """Ask the unit that is advised; it accepts at once and goes."""
        begun = time.perf_counter()
        try:
            row = operations.ask_unit(actor=DISPATCHER, number=number)
        except Conflict:
            return False
        finally:
            self.summary.ask_ms.append((time.perf_counter() - begun) * 1000)
        severity, since, _wanted = self.waiting.pop(number)
        self.summary.asked.append((self.now - since, severity <= -states.grave("C")))
        self.step(row.pk, states.ACCEPTED)
        self.step(row.pk, states.UNDER_WAY)
        travel = float(row.advice.get("seconds", 0))
        stay = drawn(*STAY_S, "stay", self.opened[number][1].row)
        self.summary.travel.append(travel)
        self.summary.busy_s += travel + stay
        self.at(self.now + travel, self.step, row.pk, states.ARRIVED)
        self.at(self.now + travel + stay, self.done, row.pk, number)
        return True

    def step(self, deployment: int, step: str) -> None:
        operations.report_step(
            actor=DISPATCHER, deployment=deployment, step=step, key=f"{self.run}-{deployment}-{step}"
        )

    def done(self, deployment: int, number: str) -> None:
        """The unit is free again: the gravest, then oldest incident that it can help gets it."""
        self.step(deployment, states.DONE)
        operations.close_incident(actor=DISPATCHER, number=number, outcome="helped")
        able = set(queries.deployment_by(deployment).unit.skills)
        for waiting in sorted(self.waiting, key=lambda each: self.waiting[each][:2]):
            wanted = self.waiting[waiting][2]
            if (not wanted or wanted & able) and self.ask(waiting):
                break


def play_calls(
    path: Path, *, desks: int = 6, units: int = 25, day: date | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Summary:  # fmt: skip
    """Play a recording, or one day of it. Raises `Invalid` before anything is written when something is missing."""
    if not 1 <= desks <= 500 or not 1 <= units <= 99:
        raise Invalid(_("Give 1 to 500 desks and 1 to 99 units."), code="bad_number", field="desks")
    rows, skipped = read(path, day)
    if not queries.types_on():
        raise Invalid(_("The city has no types of incidents. Load a city pack first."), code="no_types", field="")
    room = _Desk(rows, desks, units, progress)
    kinds = [type_for(row.group, row.kind) for row in rows]
    begun, cpu = time.perf_counter(), 0.0
    clean_up()
    needs: Counter[tuple[str, ...]] = Counter()
    for kind in kinds:
        if kind is not None and kind.skills:
            needs[tuple(sorted(kind.skills))] += 1 + max(0, states.grave(kind.severity))
    placed = place_units(actor=REPLAYER, count=units, needs=needs)
    for unit in placed:
        operations.sign_on(actor=REPLAYER, call_sign=unit.call_sign, crew="Simulation")
    try:
        cpu = time.process_time()
        begun = time.perf_counter()
        room.play()
        room.summary.cpu_s, room.summary.real_s = time.process_time() - cpu, time.perf_counter() - begun
    finally:
        clean_up()
        for unit in placed:
            operations.sign_off(actor=REPLAYER, call_sign=unit.call_sign)
    room.summary.skipped = skipped
    return room.summary
