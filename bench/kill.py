"""SIGKILL of any process at random moments under load, 200 times: everything acknowledged is there, once.

Observations are posted by several clients while a random process of the system is killed; the supervisor starts it
again. At the end every acknowledged observation is read back, every event stands once in the outbox in order, and the
record's chain is verified. TEPIAN_BENCH_KILLS sets the number.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time

from bench import harness as h


def run() -> None:
    kills = int(os.environ.get("TEPIAN_BENCH_KILLS", "200"))
    seed = int(os.environ.get("TEPIAN_BENCH_SEED", str(int(time.time()))))
    with h.system() as ours:
        acknowledged, lost, done, broken = kill_under_load(ours, kills=kills, seed=seed)
    h.say(
        "kill",
        f"ours {acknowledged:,} observations acknowledged through {done} kills, {lost} lost, "
        f"{broken} broken links or doubled events (seed {seed})",
    )
    if lost or broken:
        raise RuntimeError("something acknowledged was lost or doubled")


def kill_under_load(ours: h.System, *, kills: int, seed: int, clients: int = 4) -> tuple[int, int, int, int]:
    """Returns (acknowledged, lost, kills done, faults in record and outbox)."""
    dice = random.Random(seed)
    acknowledged: list[tuple[object, str, float]] = []
    stop = threading.Event()
    ids = [one["@iot.id"] for one in ours.datastreams]
    threads = [
        threading.Thread(target=_client, args=(ours, ids, number, acknowledged, stop), daemon=True)
        for number in range(clients)
    ]
    for thread in threads:
        thread.start()
    done = 0
    try:
        while done < kills:
            time.sleep(dice.uniform(0.2, 1.2))
            victims = [pid for pid in h.tree(ours.pid) if pid != ours.pid]
            if not victims:
                continue
            try:
                os.kill(dice.choice(victims), signal.SIGKILL)
                done += 1
            except ProcessLookupError:
                continue
        h.wait_for(f"{ours.url}/readyz", 60)
        time.sleep(1)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    lost, broken = read_back(ours, acknowledged)
    return len(acknowledged), lost, done, broken


def read_back(ours: h.System, acknowledged: list[tuple[object, str, float]], **extra: str) -> tuple[int, int]:
    """(acknowledged observations that are not there, faults in record and outbox), read in a process of its own."""
    environment = {**os.environ, "TEPIAN_HOME": str(ours.home), "TEPIAN_DEMO": "1", "TEPIAN_DATABASE_URL": "", **extra}
    environment["DJANGO_SETTINGS_MODULE"] = "tepian.settings.base"
    proof = ours.home / "acknowledged.tsv"
    proof.write_text("".join(f"{one}\t{at}\t{value}\n" for one, at, value in acknowledged))
    result = subprocess.run(
        [sys.executable, "-m", "bench.peers.read_back", str(proof)],
        cwd=h.ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise RuntimeError(result.stderr[-3000:])
    lost, broken = (int(part) for part in result.stdout.split()[-2:])
    return lost, broken


def _client(
    ours: h.System, ids: list[object], number: int, acknowledged: list[tuple[object, str, float]], stop: threading.Event
) -> None:
    """Post values that cross thresholds now and then; send again what was not acknowledged, as a device would."""
    count = 0
    base = int(time.time()) - 3 * 86400
    while not stop.is_set():
        count += 1
        one = ids[count % len(ids)]
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(base + count // 50)) + f".{number}{count % 50:02d}000Z"
        value = round(1 + (count // 400 % 8) * 0.7 + count % 10 / 100, 2)
        while not stop.is_set():
            try:
                status, _ = h.post(
                    f"{ours.url}/sensorthings/v1.1/Observations",
                    {"result": value, "phenomenonTime": at, "Datastream": {"@iot.id": one}},
                    headers=ours.auth,
                    timeout=5,
                )
            except OSError:
                time.sleep(0.05)
                continue
            if status == 201:
                acknowledged.append((one, at, value))
                break
            time.sleep(0.05)
