"""A large workbook, acknowledged and then cut off by a crash of the whole system: it is read after the restart."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

requests = pytest.importorskip("requests", reason="requests is not installed")
pytestmark = pytest.mark.slow
ROOT = Path(__file__).resolve().parents[2]
DAYS = 30_000  # of two foods: more than a page reads itself, and with its remarks more than any other page takes
FOODS = ("Telur ayam ras", "Beras premium")


def prices() -> bytes:
    first = date(1950, 1, 1)
    lines = [
        f"{(first + timedelta(days=day)).isoformat()};{food};{10_000 + day % 977};{'catatan petugas pasar ' * 9}"
        for day in range(DAYS)
        for food in FOODS
    ]
    return "\n".join(["Tanggal;Komoditas;Harga eceran;Keterangan", *lines]).encode()


def signed_in(system: Any, username: str) -> Any:
    accounts = json.loads((system.home / "demo-accounts.json").read_text())
    account = next(one for one in accounts if one["username"] == username)
    session = requests.Session()
    session.headers["Referer"] = system.url
    session.get(f"{system.url}/masuk", timeout=30)
    form = {"login": username, "password": account["password"], "csrfmiddlewaretoken": session.cookies["csrftoken"]}
    session.post(f"{system.url}/masuk", data=form, timeout=30)
    return session


def announced(system: Any, megabytes: int, cookies: Any = None) -> int:
    """The answer to a body that is only announced: whoever is refused is told before sending it."""
    connection = http.client.HTTPConnection("127.0.0.1", system.port, timeout=20)
    connection.putrequest("POST", "/kerja/data/kirim")
    connection.putheader("Content-Length", str(megabytes * 1024 * 1024))
    if cookies:
        connection.putheader("Cookie", "; ".join(f"{name}={value}" for name, value in cookies.items()))
    connection.endheaders()
    status = connection.getresponse().status
    connection.close()
    return status


def test_what_was_acknowledged_is_read_after_a_crash(make_system: Callable[..., Any]) -> None:
    system = make_system(pack="", TEPIAN_DEMO="1")
    system.tepian("prepare", "--pack", str(ROOT / "cities" / "contoh"))
    system.start()
    producer = signed_in(system, "produsen")
    table = prices()
    assert len(table) > 10 * 1024 * 1024
    assert announced(system, 11) == announced(system, 11, {"sessionid": "x"}) == 413
    assert announced(system, 60, producer.cookies.get_dict()) == 413
    answer = producer.post(
        f"{system.url}/kerja/data/kirim",
        data={"dataset": "harga-pangan", "csrfmiddlewaretoken": producer.cookies["csrftoken"]},
        files={"file": ("harga.csv", table)},
        allow_redirects=False,
        timeout=60,
    )
    assert answer.status_code == 302
    address = f"{system.url}{answer.headers['Location']}"
    assert "sedang dibaca" in producer.get(address, timeout=30).text
    os.killpg(system.process.pid, signal.SIGKILL)
    system.process.wait()
    system.start()
    until = time.monotonic() + 300
    while "sedang dibaca" in (page := producer.get(address, timeout=30).text) and time.monotonic() < until:
        time.sleep(0.5)
    assert f"{DAYS * len(FOODS):,} angka".replace(",", ".") in page or f"{DAYS * len(FOODS)} angka" in page
