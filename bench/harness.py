"""What the benchmarks share: the running system, peers in an environment of their own, load, and the printed line."""

from __future__ import annotations

import atexit
import contextlib
import functools
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
PEERS = ROOT / "bench" / "peers"
ROUNDS = 5


class Skipped(Exception):
    """This benchmark needs something that the machine lacks."""


def report(
    name: str,
    ours: float,
    other: float,
    unit: str,
    *,
    what: str,
    aim: str = "",
    lower_is_better: bool = False,
    note: str = "",
) -> None:
    """One line. `what` names the peer or raw limit; the ratio is better when it is larger."""
    ratio = (other / ours if lower_is_better else ours / other) if ours and other else float("nan")
    tail = f" ({note})" if note else ""
    aim = f" aim {aim}" if aim else ""
    print(
        f"{name}: ours {_number(ours)} {unit} {what} {_number(other)} {unit} ratio {ratio:.3g}{aim}{tail}", flush=True
    )


def say(name: str, text: str) -> None:
    print(f"{name}: {text}", flush=True)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def interleave(*sides: Callable[[], float], rounds: int | None = None) -> list[float]:
    """Medians of each side; sides take turns."""
    results: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds or ROUNDS):
        for side, values in zip(sides, results, strict=True):
            values.append(side())
    return [statistics.median(values) for values in results]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str, *, headers: dict[str, str] | None = None, timeout: float = 5) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def post(url: str, body: object, *, headers: dict[str, str] | None = None, timeout: float = 60) -> tuple[int, bytes]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **(headers or {})}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def wait_for(url: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if get(url, timeout=2)[0] < 500:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{url} did not answer within {seconds} s")


def wait_for_port(port: int, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port} after {seconds} s")


# --- processes -------------------------------------------------------------------------------------------------------


def tree(pid: int) -> list[int]:
    """The process and all below it."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            fields = path.read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, todo = [], [pid]
    while todo:
        found.append(one := todo.pop())
        todo += children.get(one, [])
    return found


def find(pid: int, word: str) -> int:
    """The process of the tree that was started with `word` as an argument."""
    for one in tree(pid):
        with contextlib.suppress(OSError):
            if word in Path(f"/proc/{one}/cmdline").read_text().split("\0"):
                return one
    raise LookupError(f"no process {word!r} below {pid}")


def cpu_seconds(pid: int) -> float:
    """User and system time of the tree so far."""
    ticks = 0
    for one in tree(pid):
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> float:
    """Proportional set size of the tree in MiB (shared pages counted once)."""
    total = 0
    for one in tree(pid):
        with contextlib.suppress(OSError, AttributeError):
            total += int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{one}/smaps_rollup").read_text(), re.M)[1])  # type: ignore[index]
    return total / 1024


@contextlib.contextmanager
def process(
    *command: str | Path, cwd: Path = ROOT, log: Path | None = None, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command with its whole tree, and end all of it."""
    out = log.open("ab") if log else subprocess.DEVNULL
    child = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=out,
        stderr=subprocess.STDOUT if log else subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        pids = tree(child.pid)
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(10)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        child.wait()


@dataclass
class System:
    """A running Tepian with a pack loaded."""

    home: Path
    port: int
    mqtt_port: int
    pid: int = 0
    key: str = ""
    datastreams: list[dict[str, object]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def auth(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}


def prepared_home(home: Path, *, pack: str = "contoh", database_url: str = "") -> dict[str, str]:
    """Tables, pack, demo accounts and a device key in `home`; returns the environment of the system. On the embedded
    database one process computes a demonstration once and copies it after that."""
    environment = _environment(home, database_url)
    if database_url:
        _prepare(pack, environment)
    else:
        shutil.copytree(_demonstration(pack), home, dirs_exist_ok=True)
    return environment


def _environment(home: Path, database_url: str = "") -> dict[str, str]:
    return {
        "TEPIAN_HOME": str(home),
        "TEPIAN_DEMO": "1",
        "TEPIAN_DATABASE_URL": database_url,
        "TEPIAN_LOG_LEVEL": "warning",
        "TEPIAN_SECRET_KEY": "",
        "DJANGO_SETTINGS_MODULE": "tepian.settings.base",
    }


def _prepare(pack: str, environment: dict[str, str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "tepian", "prepare", "--pack", pack],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    if result.returncode:
        raise RuntimeError(f"preparing the system failed:\n{result.stdout[-2000:]}{result.stderr[-4000:]}")


@functools.cache
def _demonstration(pack: str) -> Path:
    home = Path(tempfile.mkdtemp(prefix="tepian-bench-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    _prepare(pack, _environment(home))
    return home


@contextlib.contextmanager
def system(*, pack: str = "contoh", database_url: str = "", **extra: str) -> Iterator[System]:
    """The whole system on free ports in a temporary home."""
    home = Path(tempfile.mkdtemp(prefix="tepian-bench-"))
    ports = free_port(), free_port()
    try:
        environment = prepared_home(home, pack=pack, database_url=database_url)
        environment |= {"TEPIAN_PORT": str(ports[0]), "TEPIAN_MQTT_PORT": str(ports[1]), **extra}
        with process(sys.executable, "-m", "tepian", "run", log=home / "log", **environment) as child:
            running = System(home, *ports, pid=child.pid, key=(home / "demo-device-key").read_text().strip())
            try:
                wait_for(f"{running.url}/readyz")
            except RuntimeError:
                raise RuntimeError((home / "log").read_text()[-4000:]) from None
            _, body = get(f"{running.url}/sensorthings/v1.1/Datastreams?$top=100")
            running.datastreams = json.loads(body)["value"]
            yield running
    finally:
        shutil.rmtree(home, ignore_errors=True)


def sign_in(running: System, role: str) -> str:
    """A session cookie header for a demo account of this role."""
    import http.cookiejar
    import urllib.parse

    accounts = json.loads((running.home / "demo-accounts.json").read_text())
    account = next(one for one in accounts if one["role"] == role)
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = opener.open(f"{running.url}/masuk").read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]  # type: ignore[index]
    form = {"csrfmiddlewaretoken": token, "login": account["username"], "password": account["password"]}
    opener.open(
        urllib.request.Request(
            f"{running.url}/masuk", urllib.parse.urlencode(form).encode(), {"Referer": f"{running.url}/masuk"}
        )
    )
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar)


# --- peers -----------------------------------------------------------------------------------------------------------


def peer_python(name: str = "bench") -> Path:
    """The interpreter of the environment of some peers, made from its lock on first use."""
    lock = ROOT / "requirements" / f"{name}.txt"
    home = ROOT / f".{name}-venv"
    stamp, wanted = home / "installed", hashlib.sha256(lock.read_bytes()).hexdigest()
    python = home / "bin" / "python"
    if not stamp.exists() or stamp.read_text() != wanted:
        say("peers", f"installing into {home.name}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(home)], check=True)
        subprocess.run(
            [
                str(python),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
                "--require-hashes",
                "-r",
                str(lock),
            ],
            check=True,
        )
        stamp.write_text(wanted)
    return python


@contextlib.contextmanager
def postgres(options: str = "") -> Iterator[str]:
    """The URL of a PostgreSQL cluster of its own, as the server's user where this runs as root."""
    candidates = [shutil.which("initdb"), *map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb"))]
    initdb = next((Path(one) for one in candidates if one), None)
    if initdb is None:
        raise Skipped("no PostgreSQL server on this machine (Debian package postgresql)")
    pg_ctl, port = Path(os.path.realpath(initdb)).with_name("pg_ctl"), free_port()
    home = Path(tempfile.mkdtemp(prefix="tepian-pg-"))
    home.chmod(0o755)
    if os.getuid() == 0:
        shutil.chown(home, "postgres")

    def server(command: str) -> None:
        whole = ["su", "postgres", "-s", "/bin/sh", "-c", command] if os.getuid() == 0 else ["sh", "-c", command]
        subprocess.run(whole, check=True, stdout=subprocess.DEVNULL, cwd="/")

    server(f"{initdb} -D {home}/data -A trust -U postgres --no-sync")
    try:
        server(f"{pg_ctl} -D {home}/data -o '-p {port} -k {home} {options}' -l {home}/log -w start")
        yield f"postgres://postgres@127.0.0.1:{port}/postgres"
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            server(f"{pg_ctl} -D {home}/data -m immediate stop")
        shutil.rmtree(home, ignore_errors=True)


# --- load ------------------------------------------------------------------------------------------------------------


def wrk(
    url: str, *, connections: int = 16, seconds: float = 3, script: str = "", headers: dict[str, str] | None = None
) -> float:
    """Requests per second by wrk (Debian); raises when any answer was an error."""
    if not shutil.which("wrk"):
        raise Skipped("wrk is not installed (Debian package wrk)")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s"]
        for name, value in (headers or {}).items():
            command += ["-H", f"{name}: {value}"]
        if script:
            command += ["-s", file.name]
        text = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"errors under load:\n{text}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])  # type: ignore[index]


def observation_script(ids: list[str], *, run: int, quote: str = "", extra: str = "") -> str:
    """A wrk script that posts one observation a request, each with an instant of its own."""
    listed = ",".join(f'"{one}"' for one in ids)
    year = 1991 + run % 30
    return f"""
local ids = {{{listed}}}
local n = 0
wrk.headers["Content-Type"] = "application/json"
request = function()
  n = n + 1
  local s = math.floor(n / 1000)
  local at = string.format("{year}-%02d-%02dT%02d:%02d:%02d.%03dZ", 1 + math.floor(s / 2419200) % 12,
    1 + math.floor(s / 86400) % 28, math.floor(s / 3600) % 24, math.floor(s / 60) % 60, s % 60, n % 1000)
  local body = string.format('{{"result":%.2f,"phenomenonTime":"%s","Datastream":{{"@iot.id":{quote}%s{quote}}}{extra}}}',
    1 + (n % 100) / 100, at, ids[1 + n % #ids])
  return wrk.format("POST", nil, nil, body)
end
"""
