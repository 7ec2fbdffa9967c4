"""What lives in the gateway: the writer, the way in for MQTT, and the frames of changed stations."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from typing import Any

from django.conf import settings
from django.db import close_old_connections
from django.utils import translation

from tepian.kernel.actors import Actor, Denied, Grant, Invalid, NotFound
from tepian.kernel.catalogue.contributions import GatewayService, LiveState, Measure
from tepian.kernel.identity.keys import averify_device_key

from . import queries
from .adapters.mqtt_bridge import MqttBridge
from .adapters.mqtt_listener import BAD_PAYLOAD, BAD_TOPIC, NOT_AUTHORIZED, Doors, MqttListener, Refused, Wait
from .operations import messages, registry
from .operations import writer as writer_module
from .operations.registry import Series
from .operations.store import INGEST
from .operations.writer import Overloaded

log = logging.getLogger("tepian.mqtt")
NOBODY_ASKED = Actor(kind="device", id="mqtt-anonymous", label="MQTT", grants=(Grant("device"),))

stations = LiveState("stations", queries.changes_since, audience="public")


def _load_registry() -> None:
    close_old_connections()
    try:
        registry.current()
    except Exception:
        log.exception("the list of datastreams could not be read")
    finally:
        close_old_connections()


async def _start_writer() -> None:
    await asyncio.to_thread(_load_registry)
    writer_module.WRITER.start()


async def _stop_writer() -> None:
    await asyncio.to_thread(writer_module.WRITER.stop)


writer_service = GatewayService("ingest", _start_writer, _stop_writer, lambda: writer_module.WRITER.state())


class Ingest:
    """Between the protocol and the store: who sends, which datastream, which row."""

    def __init__(self) -> None:
        self._series: dict[bytes, Series] = {}
        self._seen: Any = None
        self._refreshed = 0.0
        self._tasks: set[asyncio.Task[None]] = set()

    async def sign_in(self, username: str, password: str) -> Actor | None:
        """The device whose key is the password and whose name, if one is given, is the username."""
        if not username and not password:
            return NOBODY_ASKED if settings.KNOBS.mqtt_anonymous else None
        actor = await averify_device_key(password)
        if actor is None or (username and username != actor.id):
            return None
        return actor

    def read(self, topic: bytes, payload: bytes, sender: Actor, now_ms: int) -> Any:
        known = registry.snapshot()
        if known is not self._seen:
            self._series, self._seen = {}, known
        series = self._series.get(topic)
        try:
            if series is None:
                series = messages.series_of(known, topic.decode())
                self._series[topic] = series
            if sender is not NOBODY_ASKED and not messages.may_publish(sender, series):
                raise Refused(NOT_AUTHORIZED, "this key may not write to this station")
            return messages.row_of_message(series, payload, now_ms)
        except UnicodeDecodeError:
            raise Refused(BAD_TOPIC, "the topic is not UTF-8") from None
        except NotFound as error:
            self._refresh()
            raise Refused(BAD_TOPIC, _english(error)) from None
        except Invalid as error:
            raise Refused(BAD_TOPIC if error.field == "topic" else BAD_PAYLOAD, _english(error)) from None
        except Denied as error:
            raise Refused(NOT_AUTHORIZED, error.reason) from None

    def commit(self, rows: list[Any]) -> Awaitable[Any]:
        try:
            return writer_module.WRITER.submit(rows)
        except Overloaded:
            raise Wait from None

    def _refresh(self) -> None:
        """An unknown topic may be a new datastream: look once a second at most."""
        if time.monotonic() - self._refreshed < 1:
            return
        self._refreshed = time.monotonic()
        try:
            task = asyncio.get_running_loop().create_task(asyncio.to_thread(_load_registry))
        except RuntimeError:  # in the bridge's thread
            _load_registry()
            return
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _english(error: Invalid) -> str:
    with translation.override("en"):
        return str(error.message)


class Mqtt:
    """The gateway's MQTT service: a bridge where a broker is named, else a listener, or nothing where its port is 0."""

    def __init__(self) -> None:
        self.listener: MqttListener | None = None
        self.bridge: MqttBridge | None = None

    async def start(self) -> None:
        ingest = Ingest()
        if broker := settings.KNOBS.mqtt_broker:
            self.bridge = MqttBridge(
                broker,
                lambda topic, payload: ingest.read(topic, payload, INGEST, time.time_ns() // 1_000_000),
                lambda rows: writer_module.WRITER.submit_and_wait(rows),
            )
            await asyncio.to_thread(self.bridge.start)
            return
        port = settings.KNOBS.mqtt_port
        if port:
            listener = MqttListener(
                Doors(ingest.sign_in, ingest.read, ingest.commit),
                settings.KNOBS.mqtt_host or settings.KNOBS.host,
                port,
            )
            await listener.start()
            self.listener = listener

    async def stop(self) -> None:
        if self.bridge:
            await asyncio.to_thread(self.bridge.stop)
        if self.listener:
            await self.listener.stop()
        self.bridge = self.listener = None

    def state(self) -> tuple[bool, str]:
        if self.bridge:
            return self.bridge.state()
        if self.listener:
            return self.listener.state()
        return True, "MQTT is switched off"


mqtt = Mqtt()
mqtt_service = GatewayService("mqtt", mqtt.start, mqtt.stop, mqtt.state)


def ingested() -> dict[str, float]:
    """For /metrics: what became of what was sent to this process."""
    found: dict[str, float] = {
        "rows_committed": writer_module.WRITER.committed_rows,
        "commits": writer_module.WRITER.commits,
    }
    source = mqtt.bridge or mqtt.listener
    if source:
        found |= {f"mqtt_{name}": getattr(source.counts, name) for name in ("received", "stored", "refused")}
    return found


ingest_measure = Measure("ingest_total", "Readings and messages, by what became of them", "what", ingested)
