"""Reading from the city's own MQTT broker: messages are acknowledged only after the commit."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from .mqtt_listener import Counts, Refused

log = logging.getLogger("tepian.mqtt")
TOPIC = "tepian/v1/+/+"
BATCH = 2000
SESSION_SECONDS = 7 * 86400


class MqttBridge:
    """Subscribes with QoS 1 under a fixed client id and a session that the broker keeps for a week, so that what is
    published while this side is away arrives afterwards. `read(topic, payload)` gives a row or raises `Refused`;
    `commit(rows)` returns after the commit or raises, and is then tried again: nothing is acknowledged meanwhile, so
    the
    broker holds back and a restart gets the messages anew. How many messages one commit may hold is the broker's
    `max_inflight_messages`."""

    def __init__(
        self,
        url: str,
        read: Callable[[bytes, bytes], Any],
        commit: Callable[[list[Any]], Any],
        *,
        client_id: str = "tepian-ingest",
    ) -> None:
        parts = urlsplit(url)
        self.host, self.port = parts.hostname or "localhost", parts.port or (8883 if parts.scheme == "mqtts" else 1883)
        self.read, self.commit = read, commit
        self.counts = Counts()
        self._inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.connected = False
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=True
        )
        if parts.username:
            self.client.username_pw_set(unquote(parts.username), unquote(parts.password or ""))
        if parts.scheme == "mqtts":
            self.client.tls_set()
        self.client.reconnect_delay_set(1, 30)
        self.client.on_connect = self._on_connect
        self.client.on_disconnect = self._on_disconnect
        self.client.on_message = lambda _client, _data, message: self._inbox.put(message)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work, name="mqtt-bridge", daemon=True)
        self._thread.start()
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = SESSION_SECONDS
        properties.ReceiveMaximum = 10_000
        self.client.connect_async(self.host, self.port, keepalive=30, clean_start=False, properties=properties)
        self.client.loop_start()

    def stop(self) -> None:
        self._stopping.set()
        self._inbox.put(None)
        if self._thread:
            self._thread.join(10)
        self.client.disconnect()
        self.client.loop_stop()

    def state(self) -> tuple[bool, str]:
        where = f"MQTT broker {self.host}:{self.port}"
        if not self.connected:
            return False, f"{where} is not connected; trying again"
        return True, f"{where}: {self.counts.stored} stored, {self.counts.refused} refused"

    def _on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            log.error("the MQTT broker refused the connection: %s", reason)
            return
        self.connected = True
        client.subscribe(TOPIC, qos=1)

    def _on_disconnect(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self.connected = False
        if not self._stopping.is_set():
            log.warning("the MQTT broker is gone (%s); reconnecting", reason)

    def _work(self) -> None:
        while not self._stopping.is_set():
            messages = [self._inbox.get()]
            while len(messages) < BATCH and not self._inbox.empty():
                messages.append(self._inbox.get())
            self._store([message for message in messages if message is not None])

    def _store(self, messages: list[Any]) -> None:
        rows = []
        for message in messages:
            self.counts.received += 1
            try:
                rows.append(self.read(message.topic.encode(), message.payload))
            except Refused as refusal:
                self.counts.refused += 1
                self.counts.last_refusal = f"{message.topic[:100]}: {refusal}"
        pause = 0.1
        while rows:
            try:
                self.commit(rows)
                break
            except Exception as error:
                if self._stopping.is_set():
                    return
                log.warning("readings from the broker wait: %s", error)
                time.sleep(pause)
                pause = min(pause * 2, 5)
        self.counts.stored += len(rows)
        for message in messages:
            if message.qos:
                self.client.ack(message.mid, message.qos)
