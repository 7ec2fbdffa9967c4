"""Playing recorded series through the same doors as live data: HTTP, MQTT, or straight into the store.

Sending twice does no harm: a value that is stored already stays as it is, so a replay that broke off is simply started
again. Times that were shifted are not when the water stood there, so such readings are marked as simulated.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from tepian.kernel.actors import Invalid, system

from ..operations import Overloaded, StorageFull, Unavailable, record_observations, registry
from ..states import Flag, iso
from .recording import SHOWN, Played, read

DOORS = ("http", "mqtt", "direct")
BATCH = 2000
SLICE_MS = 10 * 60_000
"""With shifted times, `direct` hands over at most this much of the story at once, so that levels follow as they did."""
PATIENCE_S = 120.0
WINDOW = 500
CREATE = "/sensorthings/v1.1/CreateObservations"


@dataclass(slots=True)
class Summary:
    """What a replay did: rows `read`, `sent` and not `refused` are in the store (or were already)."""

    read: int = 0
    skipped: int = 0
    sent: int = 0
    refused: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def refuse(self, why: str, count: int = 1) -> None:
        self.refused += count
        if len(self.refusals) < SHOWN:
            self.refusals.append(why)

    def __str__(self) -> str:
        lines = [
            _t(
                "%(sent)d readings played in %(seconds).1f s: %(stored)d stored or known, %(refused)d refused, "
                "%(skipped)d rows could not be read."
            )
            % {
                "sent": self.sent, "seconds": self.seconds, "stored": self.sent - self.refused,
                "refused": self.refused, "skipped": self.skipped,
            }
        ]  # fmt: skip
        lines += [_t("Row %(problem)s") % {"problem": problem} for problem in self.problems]
        lines += [_t("Refused: %(why)s") % {"why": why} for why in self.refusals]
        return "\n".join(lines)


class Door(Protocol):
    def send(self, rows: Sequence[Played], summary: Summary) -> None:
        """Hand over; returns when the rows are stored or refused. Raises `Invalid` when nothing can be sent at all."""

    def close(self) -> None: ...


def play_file(
    path: Path, *, columns: str, speed: float = 0.0, door: str = "http", key: str = "", shift: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None, base: str = "",
    mqtt: tuple[str, int] | None = None,
) -> Summary:  # fmt: skip
    """Play a CSV file in the order of its times; returns what became of it.

    `columns` as in `recording.columns_of`. `speed` 0 is as fast as it goes, N is N times as fast as it was. `shift`
    moves all times so that the last value is played at its own moment, now; with speed 1 that holds for every value.
    `door`: `http` and `mqtt` need a device `key`; `direct` writes here, and with `shift` as if each moment were now, so
    that levels rise and fall as they did. `base` and `mqtt` (host, port) name another system than this one.
    `progress(done, total)` is told after each batch. Raises `Invalid`, before anything is sent, for a file, a column, a
    datastream or a key that is not right, and when the system cannot be reached.
    """
    if door not in DOORS:
        raise Invalid(
            format_lazy(
                _("There is no door “{door}”. Choose one of: {doors}."), door=door[:30], doors=", ".join(DOORS)
            ),
            code="bad_door",
            field="door",
        )
    if not speed >= 0:
        raise Invalid(_("The speed must be 0 (as fast as it goes) or a number above."), code="bad_speed", field="speed")
    if door != "direct" and not key:
        raise Invalid(
            _("This door needs a device key: give it with --key or in TEPIAN_DEVICE_KEY."), code="no_key", field="key"
        )
    recording = read(path, columns, registry.current())
    rows = shifted(recording.rows, speed, time.time()) if shift else recording.rows
    summary = Summary(read=len(rows), skipped=recording.skipped, problems=recording.problems)
    started = time.monotonic()
    progress(0, len(rows))
    if rows:
        opened = _open(door, key, shift, base, mqtt)
        try:
            for batch in batches(rows, SLICE_MS if door == "direct" and shift else None, speed):
                _wait_until(started, batch[0].time_ms - rows[0].time_ms, speed)
                opened.send(batch, summary)
                summary.sent += len(batch)
                progress(summary.sent, len(rows))
        finally:
            opened.close()
    summary.seconds = time.monotonic() - started
    return summary


def shifted(rows: Sequence[Played], speed: float, now: float) -> list[Played]:
    """The rows, moved so that the last bears the moment (seconds since 1970) at which it will be played."""
    if not rows:
        return []
    span = rows[-1].time_ms - rows[0].time_ms
    end = int(now * 1000) + (round(span / speed) if speed else 0)
    move = end - rows[-1].time_ms
    return [Played(row.time_ms + move, row.series, row.value) for row in rows]


def batches(rows: Sequence[Played], span_ms: int | None, speed: float) -> Iterator[list[Played]]:
    """Neighbouring rows, at most BATCH, within `span_ms` if given, and with a speed within a second of playing."""
    limit = min((1000 * speed if speed else float("inf")), float("inf") if span_ms is None else span_ms)
    batch: list[Played] = []
    for row in rows:
        if batch and (len(batch) >= BATCH or row.time_ms - batch[0].time_ms > limit):
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _wait_until(started: float, offset_ms: int, speed: float) -> None:
    if speed:
        time.sleep(max(0.0, started + offset_ms / 1000 / speed - time.monotonic()))


def _open(door: str, key: str, simulated: bool, base: str, mqtt: tuple[str, int] | None) -> Door:
    if door == "direct":
        return Direct(simulated)
    if door == "http":
        return Http(base or settings.BASE_URL, key, simulated)
    host, port = mqtt or (settings.KNOBS.mqtt_host or "127.0.0.1", settings.KNOBS.mqtt_port)
    return Mqtt("127.0.0.1" if host in {"0.0.0.0", "::"} else host, port, key, simulated)  # noqa: S104 - listening on all is reached here


class Patience:
    """Waits between tries, and gives up after two minutes without success."""

    def __init__(self) -> None:
        self.since = time.monotonic()

    def wait(self, seconds: float, why: str) -> None:
        if time.monotonic() - self.since > PATIENCE_S:
            raise Invalid(
                format_lazy(_(
                        "The readings could not be stored for two minutes: {why}. What was sent before is stored; "
                        "start the same replay again later."
                    ),
                    why=why,
                ),
                code="not_stored",
            )  # fmt: skip
        time.sleep(min(max(seconds, 0.1), 30.0))


class Direct:
    """Into the store of this installation."""

    def __init__(self, simulated: bool) -> None:
        self.simulated = simulated
        self.actor = system("sensors.replay", "Replay")

    def send(self, rows: Sequence[Played], summary: Summary) -> None:
        flag = int(Flag.SIMULATED) if self.simulated else 0
        stored = [(row.series.id, row.time_ms, row.value, flag) for row in rows]
        patience = Patience()
        while True:
            try:
                kept = record_observations(
                    actor=self.actor, rows=stored, checked=True, now_ms=rows[-1].time_ms if self.simulated else None
                )
                break
            except StorageFull as error:
                raise Invalid(
                    _("The disk is full. What was sent before is stored; make room and start the same replay again."),
                    code="storage_full",
                ) from error
            except (Overloaded, Unavailable) as error:
                patience.wait(error.retry_after, str(error))
        for index, value in kept.items():
            row = rows[index]
            summary.refuse(
                _t("%(key)s %(time)s: another value, %(value)s, is stored")
                % {"key": row.series.key, "time": iso(row.time_ms), "value": value}
            )

    def close(self) -> None:
        pass


class Http:
    """SensorThings CreateObservations with a device key, on one connection."""

    def __init__(self, base: str, key: str, simulated: bool) -> None:
        self.address = urlsplit(base)
        self.simulated = simulated
        self.headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        kind = http.client.HTTPSConnection if self.address.scheme == "https" else http.client.HTTPConnection
        self.connection = kind(self.address.hostname or "127.0.0.1", self.address.port, timeout=60)

    def body(self, rows: Sequence[Played]) -> tuple[bytes, list[Played]]:
        """The DataArray, and the rows in the order of its answers."""
        blocks: dict[int, list[Played]] = {}
        for row in rows:
            blocks.setdefault(row.series.id, []).append(row)
        components = ["phenomenonTime", "result", *(["parameters"] if self.simulated else [])]
        extra = [{"simulated": True}] if self.simulated else []
        body = [
            {
                "Datastream": {"@iot.id": number},
                "components": components,
                "dataArray": [[iso(row.time_ms), row.value, *extra] for row in block],
            }
            for number, block in blocks.items()
        ]
        return json.dumps(body).encode(), [row for block in blocks.values() for row in block]

    def send(self, rows: Sequence[Played], summary: Summary) -> None:
        body, order = self.body(rows)
        patience = Patience()
        while True:
            status, headers, answer = self._post(body, patience, first=summary.sent == 0)
            if status not in {429, 503, 507}:
                break
            patience.wait(float(headers.get("retry-after") or 1), f"HTTP {status}")
        if status in {401, 403}:
            raise Invalid(
                _("The device key was refused. Nothing more was stored; check the key, or make a new one."),
                code="wrong_key", field="key",
            )  # fmt: skip
        try:
            answers = json.loads(answer)
        except ValueError:
            answers = None
        if status not in {201, 422} or not isinstance(answers, list) or len(answers) != len(order):
            raise Invalid(
                format_lazy(
                    _("The system answered {status} and not as expected: {answer}"),
                    status=status,
                    answer=answer[:200].decode(errors="replace"),
                ),
                code="bad_answer",
            )
        for row, told in zip(order, answers, strict=True):
            if str(told).startswith("error"):
                summary.refuse(f"{row.series.key} {iso(row.time_ms)}: {str(told).removeprefix('error: ')}")

    def _post(self, body: bytes, patience: Patience, first: bool) -> tuple[int, Any, bytes]:
        while True:
            try:
                self.connection.request("POST", f"{self.address.path.rstrip('/')}{CREATE}", body, self.headers)
                response = self.connection.getresponse()
                return response.status, response.headers, response.read()
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                if first and isinstance(error, OSError):
                    raise unreachable(self.address.geturl(), error) from error
                patience.wait(1, str(error) or type(error).__name__)

    def close(self) -> None:
        self.connection.close()


class Mqtt:
    """QoS 1 to the listener, at most WINDOW messages unacknowledged. Version 5, for it says why one is refused."""

    def __init__(self, host: str, port: int, key: str, simulated: bool) -> None:
        self.simulated = simulated
        self.address = f"mqtt://{host}:{port}"
        self.changed = threading.Condition()
        self.waiting: dict[int, Played] = {}
        self.answered: deque[tuple[int, ReasonCode]] = deque()
        self.accepted: ReasonCode | None = None
        self.client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
        self.client.username_pw_set("", key)
        self.client.max_inflight_messages_set(WINDOW)
        self.client.on_connect = self._connected
        self.client.on_publish = self._acknowledged
        try:
            self.client.connect(host, port, keepalive=60)
        except OSError as error:
            raise unreachable(self.address, error) from error
        self.client.loop_start()
        with self.changed:
            self.changed.wait_for(lambda: self.accepted is not None, 20)
        if self.accepted is None or self.accepted.is_failure:
            refused = self.accepted
            self.close()
            if refused is None:
                raise unreachable(self.address, TimeoutError("no answer"))
            raise Invalid(
                _("The device key was refused. Nothing more was stored; check the key, or make a new one."),
                code="wrong_key",
                field="key",
            )

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: ReasonCode, _properties: Any) -> None:
        with self.changed:
            self.accepted = reason
            self.changed.notify_all()

    def _acknowledged(self, _client: Any, _data: Any, number: int, reason: ReasonCode, _properties: Any) -> None:
        with self.changed:
            self.answered.append((number, reason))
            self.changed.notify_all()

    def send(self, rows: Sequence[Played], summary: Summary) -> None:
        for row in rows:
            self._settle(summary, WINDOW - 1)
            message: dict[str, Any] = {"result": row.value, "phenomenonTime": iso(row.time_ms)}
            if self.simulated:
                message["parameters"] = {"simulated": True}
            told = self.client.publish(f"{registry.TOPIC_PREFIX}{row.series.key}", json.dumps(message), qos=1)
            self.waiting[told.mid] = row
        self._settle(summary, 0)

    def _settle(self, summary: Summary, below: int) -> None:
        """Take in acknowledgements until at most `below` messages wait; paho resends after a broken connection."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with self.changed:
                if not self.answered and len(self.waiting) > below:
                    self.changed.wait(1)
                answered, self.answered = self.answered, deque()
            for number, reason in answered:
                row = self.waiting.pop(number, None)
                deadline = time.monotonic() + PATIENCE_S
                if row is not None and reason.is_failure:
                    summary.refuse(f"{row.series.key} {iso(row.time_ms)}: {reason}")
            if len(self.waiting) <= below:
                return
            if time.monotonic() > deadline:
                raise Invalid(
                    format_lazy(_(
                            "{address} does not acknowledge. What was sent before is stored; "
                            "start the same replay again later."
                        ),
                        address=self.address,
                    ),
                    code="not_stored",
                )  # fmt: skip

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def unreachable(address: str, error: Exception) -> Invalid:
    return Invalid(
        format_lazy(
            _("{address} cannot be reached: {error}. Is the system running? Nothing was sent."),
            address=address,
            error=str(error) or type(error).__name__,
        ),
        code="unreachable",
    )
