"""The peer paho: subscribes with QoS 1, stores in SQLite (WAL, FULL) in groups, acknowledges after the commit.

Usage: PORT DATABASE COUNT; prints `ready` when subscribed and ends when COUNT messages are committed.
"""

import json
import queue
import sqlite3
import sys

import paho.mqtt.client as mqtt

port, path, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
waiting: queue.SimpleQueue = queue.SimpleQueue()


def connected(client, userdata, flags, reason, properties):
    client.subscribe("tepian/v1/#", qos=1)


client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="store", clean_session=True, manual_ack=True)
client.max_inflight_messages_set(0)
client.on_connect = connected
client.on_subscribe = lambda *_: print("ready", flush=True)
client.on_message = lambda client, userdata, message: waiting.put(message)
client.connect("127.0.0.1", port)
client.loop_start()

database = sqlite3.connect(path, isolation_level=None)
database.executescript(
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
    "CREATE TABLE observation (datastream TEXT, at TEXT, result REAL, PRIMARY KEY (datastream, at)) WITHOUT ROWID;"
)
stored = 0
while stored < count:
    batch = [waiting.get()]
    while not waiting.empty() and len(batch) < 2000:
        batch.append(waiting.get())
    rows = []
    for message in batch:
        body = json.loads(message.payload)
        rows.append((message.topic, body["phenomenonTime"], float(body["result"])))
    database.execute("BEGIN IMMEDIATE")
    database.executemany("INSERT OR IGNORE INTO observation VALUES (?, ?, ?)", rows)
    database.execute("COMMIT")
    for message in batch:
        client.ack(message.mid, message.qos)
    stored += len(batch)
client.disconnect()
client.loop_stop()
