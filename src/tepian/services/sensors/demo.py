"""The exercise's player: tells the storm through the real doors, as devices would."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import orjson
import paho.mqtt.client as mqtt
from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone
from paho.mqtt.enums import CallbackAPIVersion

from tepian.kernel.actors import Actor

from .models import SimulationControl
from .operations.simulation import read_scenario, seed_history, start_simulation
from .queries.simulation import storm_values, story_time
from .states import iso

log = logging.getLogger("tepian.storm")
TICK = 2.0
__all__ = ["StormPlayer", "begin", "play", "storm_values"]


def begin(*, actor: Actor, pack: Path, speed: float = 1.0) -> bool:
    """Prepare the exercise of a pack: a quiet day of history where there is none, then the story from its beginning.
    False where the pack has no storm.toml."""
    scenario = read_scenario(pack)
    if not scenario:
        return False
    seed_history(actor=actor, scenario=scenario)
    start_simulation(actor=actor, scenario=scenario, speed=speed)
    return True


class StormPlayer:
    """Publishes what the story says, by MQTT with QoS 1 where the listener answers, else by HTTP. Values that could not
    be delivered are dropped: the next ones follow in two seconds."""

    def __init__(self, *, mqtt_port: int, http_base: str, device_key: str, device_name: str = "") -> None:
        self.http_base, self.device_key = http_base.rstrip("/"), device_key
        self.sent = self.failed = 0
        self.client: mqtt.Client | None = None
        if mqtt_port:
            self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="tepian-storm", protocol=mqtt.MQTTv311)
            self.client.username_pw_set(device_name, device_key)  # an empty name: the key says who it is
            self.client.reconnect_delay_set(1, 5)
            self.client.connect_async("127.0.0.1", mqtt_port, keepalive=30)
            self.client.loop_start()

    def publish(self, values: list[tuple[str, str, float]], time_ms: int) -> bool:
        """Send values of one moment; returns whether they were handed over."""
        if not values:
            return True
        moment = iso(time_ms)
        if self.client is not None and self.client.is_connected():
            for station, slug, value in values:
                body = {"result": value, "phenomenonTime": moment, "simulated": True}
                self.client.publish(f"tepian/v1/{station}/{slug}", orjson.dumps(body), qos=1)
            self.sent += len(values)
            return True
        return self._post(values, moment)

    def _post(self, values: list[tuple[str, str, float]], moment: str) -> bool:
        blocks = [
            {
                "Datastream": {"@iot.id": f"{station}/{slug}"},
                "components": ["phenomenonTime", "result", "parameters"],
                "dataArray": [[moment, value, {"simulated": True}]],
            }
            for station, slug, value in values
        ]
        request = Request(  # noqa: S310 - our own server
            f"{self.http_base}/sensorthings/v1.1/CreateObservations",
            data=orjson.dumps(blocks),
            method="POST",
            headers={"Authorization": f"Bearer {self.device_key}", "Content-Type": "application/json"},
        )
        try:
            with urlopen(request, timeout=5):  # noqa: S310
                self.sent += len(values)
                return True
        except (URLError, OSError) as error:
            self.failed += len(values)
            log.info("the storm waits for the server: %s", error)
            return False

    def close(self) -> None:
        if self.client is not None:
            self.client.disconnect()
            self.client.loop_stop()


def play(stop_event: threading.Event, mqtt_port: int, http_base: str, device_key: str) -> None:
    """Tell the story until stopped; speed, pause and restart are read from the database every two seconds. When it is
    over the gauges go on reporting their last values, so that the city stays alive."""
    player = StormPlayer(mqtt_port=mqtt_port, http_base=http_base, device_key=device_key)
    run, told = -1, 0.0
    next_tick = time.monotonic()
    try:
        while not stop_event.is_set():
            control = _read_control()
            if control is not None and control.scenario and control.anchor_at is not None:
                now = time.time_ns() // 1_000_000
                t = story_time(control, timezone.now())
                if control.run != run:
                    run, told = control.run, 0.0
                if player.publish(storm_values(control.scenario, t, min(told, t)), now):
                    told = t
            next_tick = max(next_tick + TICK, time.monotonic())
            stop_event.wait(next_tick - time.monotonic())
    finally:
        player.close()


def _read_control() -> Any:
    close_old_connections()
    try:
        return SimulationControl.objects.filter(pk=1).first()
    except DatabaseError as error:
        log.info("the storm waits for the database: %s", error)
        connection.close()
        return None
