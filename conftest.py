# ruff: noqa: S310, S603, S608
"""What every test may ask for: the fictional city, people in their roles, real data where it lies beside the
repository, a real browser, and the real system with all its processes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent
settings.register_profile("house", deadline=None)  # a busy machine is no fault of the code; speed is for bench/
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks the tests' database: that, and only that, is run again on PostgreSQL (dev/test.py). Files that start
    processes or a browser come first, so that no core waits at the end for the last of them."""
    for item in items:
        asked = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or asked & {"db", "transactional_db", "live_server", "django_db_setup"}:
            item.add_marker("database")
    long = {item.path for item in items if any(item.get_closest_marker(name) for name in ("process", "e2e", "slow"))}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """Pages, throttles and the language of the last reader must not reach from one test into another."""
    yield
    from django.core.cache import cache
    from django.utils import translation

    from tepian.kernel.catalogue import kept, pagecache

    translation.deactivate()  # a page under /en/ leaves its language with the thread
    kept.forget_all()
    pagecache.forget_all()
    cache.clear()


class Snapshot:
    """Every row, with its key, of tables that were empty before: a pack's rows go back without being computed again.

    Only inside a test's own transaction, and only where none of the tables holds a row by now; elsewhere the pack is
    loaded again.
    """

    def __init__(self) -> None:
        self.report: Any = None
        self.rows: dict[str, Any] = {}  # SQLite: one INSERT of literals a table; PostgreSQL: what COPY said

    def fits(self) -> bool:
        from django.db import connection

        return bool(self.rows) and connection.in_atomic_block and not self._filled(self.rows)

    def take(self, load: Callable[[], Any]) -> Any:
        from django.db import connection

        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        before = self._filled(tables)
        report = load()
        if connection.in_atomic_block and before <= {"auth_permission", "django_content_type"}:
            self.report = report
            self.rows = {name: self._read(name) for name in self._filled(tables) - before}
        return report

    def put_back(self) -> Any:
        from django.db import connection

        for name, rows in self.rows.items():
            if connection.vendor == "sqlite":
                connection.connection.execute(rows)
                continue
            with connection.connection.cursor().copy(f'COPY "{name}" FROM STDIN (FORMAT BINARY)') as copy:
                copy.write(rows)
        return self.report

    @staticmethod
    def _filled(tables: Iterable[str]) -> set[str]:
        from django.db import connection

        asked = " UNION ALL ".join(f"""SELECT '{name}' WHERE EXISTS (SELECT 1 FROM "{name}")""" for name in tables)
        with connection.cursor() as cursor:
            cursor.execute(asked)
            return {name for (name,) in cursor.fetchall()}

    @staticmethod
    def _read(name: str) -> Any:
        from django.db import connection

        if connection.vendor == "sqlite":
            execute = connection.connection.execute
            columns = [row[1] for row in execute(f'PRAGMA table_info("{name}")')]
            quoted = " || ',' || ".join(f'quote("{column}")' for column in columns)
            rows = ",".join(f"({row})" for (row,) in execute(f'SELECT {quoted} FROM "{name}"'))
            return f'INSERT INTO "{name}" VALUES {rows}'
        with connection.connection.cursor().copy(f'COPY "{name}" TO STDOUT (FORMAT BINARY)') as copy:
            return b"".join(copy)


_contoh = Snapshot()


@pytest.fixture
def contoh(db: None) -> Any:
    """The fictional city, loaded as an operator would load it: once in each process, after that as the same rows."""
    from tepian.kernel.actors import system
    from tepian.kernel.catalogue.packs import load_pack

    if _contoh.fits():
        return _contoh.put_back()
    return _contoh.take(lambda: load_pack(ROOT / "cities" / "contoh", system("tests")))


@pytest.fixture
def account_with(db: None) -> Callable[..., Any]:
    """`account_with("duty_officer", scope="city", code="")` gives an account that holds a post with that role now."""
    from tepian.kernel.identity.models import Account, Holding
    from tepian.kernel.organisations.models import Agency, Position

    def make(*roles: str, scope: str = "city", code: str = "", username: str = "") -> Any:
        name = username or ("-".join(roles or ("nobody",)) + (f"-{code}" if code else ""))[:60]
        account, new = Account.objects.get_or_create(username=name, defaults={"display_name": name})
        if new and roles:
            agency, _ = Agency.objects.get_or_create(code="tests", defaults={"name": "Tests"})
            position, _ = Position.objects.get_or_create(
                code=f"tests.{name}",
                defaults={
                    "title": f"Post {name}",
                    "agency": agency,
                    "grants": [{"role": role, "scope": scope, "code": code} for role in roles],
                },
            )
            Holding.objects.create(account=account, position=position, starts_at=datetime.now(UTC) - timedelta(days=1))
        return account

    return make


@pytest.fixture
def as_role(account_with: Callable[..., Any]) -> Callable[..., Any]:
    """`as_role("duty_officer")` gives a signed-in test client; `as_role()` one who is signed in and holds nothing."""
    from django.test import Client

    def sign_in(*roles: str, **options: Any) -> Any:
        client = Client()
        account = account_with(*roles, **options)
        client.force_login(account, backend="tepian.kernel.identity.backends.AccountBackend")
        client.account = account  # type: ignore[attr-defined]
        return client

    return sign_in


@pytest.fixture
def actor_with(account_with: Callable[..., Any]) -> Callable[..., Any]:
    """`actor_with("duty_officer")` gives the Actor of an account that holds that role, for calling operations."""
    from tepian.kernel.identity.queries import actor_for

    return lambda *roles, **options: actor_for(account_with(*roles, **options))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real data of cities, where it lies beside the repository; it is never part of it."""
    folder = Path(os.environ.get("TEPIAN_SHARED_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set TEPIAN_SHARED_DATA)")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A real Chromium through Playwright. Its event loop runs in this thread until the module ends; longer, and every
    later test that starts a loop of its own would fail."""
    executable = os.environ.get("TEPIAN_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not executable:
        pytest.skip("no Chromium on this machine (Debian: apt-get install chromium, or set TEPIAN_CHROMIUM)")
    from playwright.sync_api import sync_playwright

    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright keeps a loop in this thread; we do not use it for Django
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()
    if before is None:
        os.environ.pop("DJANGO_ALLOW_ASYNC_UNSAFE", None)


# --- the real system -------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class System:
    """A running Tepian with its own home. `tepian("check")` runs a command of the same installation."""

    home: Path
    port: int
    mqtt_port: int
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.home / "system.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tepian(self, *arguments: str, timeout: float = 300, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "tepian", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=timeout,
        )
        if check and done.returncode:
            raise AssertionError(
                f"tepian {' '.join(arguments)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
            )
        return done

    def start(self, *, wait: float = 60) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tepian", "run"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + wait
        while time.monotonic() < until:
            if self.process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=2) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            time.sleep(0.2)
        raise AssertionError(f"the system did not get ready\n{self.log.read_text()[-4000:]}")

    def stop(self, timeout: float = 20) -> int:
        """End it as systemd would; returns the exit status."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            raise AssertionError(
                f"the system did not stop within {timeout} s\n{self.log.read_text()[-4000:]}"
            ) from None


@pytest.fixture(scope="session")
def make_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., System]]:
    """`make_system(pack="contoh", **environment)` prepares a fresh installation (migrated, loaded), not started."""
    made: list[System] = []

    def make(pack: str = "contoh", **environment: str) -> System:
        home = tmp_path_factory.mktemp("home")
        port, mqtt_port = free_port(), free_port()
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("TEPIAN_", "DJANGO_", "PYTEST_")) or key == "TEPIAN_SHARED_DATA"
        }
        kept |= {
            "TEPIAN_HOME": str(home),
            "TEPIAN_PORT": str(port),
            "TEPIAN_MQTT_PORT": str(mqtt_port),
            "PYTHONPATH": str(ROOT / "src"),
            "PYTHONUNBUFFERED": "1",
        }
        system = System(home, port, mqtt_port, kept | environment)
        system.tepian("migrate")
        if pack:
            system.tepian("city", "load", str(ROOT / "cities" / pack))
        made.append(system)
        return system

    yield make
    for system in made:
        system.stop()


@pytest.fixture(scope="session")
def server(make_system: Callable[..., System]) -> System:
    """The real system with the fictional city, one for the whole test run. Do not stop it; make your own for that."""
    system = make_system()
    system.start()
    return system
