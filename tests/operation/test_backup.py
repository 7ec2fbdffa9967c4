"""What was backed up comes back: every row, every file, the unbroken record; and nothing else gets in."""

from __future__ import annotations

import gzip
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.house import tree

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.database]

SEED = """
import django; django.setup()
from django.conf import settings
from tepian.kernel.actors import system
from tepian.kernel.events import note, operation
from tepian.kernel.organisations.models import Agency
@operation("tests.seed", policy=None)
def seed(*, actor, number):
    agency = Agency.objects.create(code=f"dinas.{number}", name=f"Dinas {number} — tab\\tline\\n\\\\N quote'")
    note("agency", agency.code, text="ünïcode 水")
for number in range(20):
    seed(actor=system("tests"), number=number)
folder = settings.MEDIA_ROOT / "stills" / "2026"
folder.mkdir(parents=True)
(folder / "a b.jpg").write_bytes(bytes(range(256)) * 40)
"""
LOOK = """
import django; django.setup()
import hashlib, json
from django.conf import settings
from django.apps import apps
from tepian.kernel.audit.chain import verify
from tepian.kernel.organisations.models import Agency
from django.db import connection
there = connection.introspection.table_names()
rows = {m._meta.db_table: m.objects.count() for m in apps.get_models() if m._meta.db_table in there}
files = {str(p.relative_to(settings.MEDIA_ROOT)): hashlib.sha256(p.read_bytes()).hexdigest()
         for p in sorted(settings.MEDIA_ROOT.rglob("*")) if p.is_file()}
names = list(Agency.objects.order_by("code").values_list("code", "name", "short_name"))
new = Agency.objects.create(code="after", name="After")  # counters go on behind what came back
new.delete()
print(json.dumps({"rows": rows, "files": files, "names": names, "broken": [b.message for b in verify()]}))
"""


class Installation:
    """One home with its own database; every command runs in a process of its own."""

    def __init__(self, home: Path, url: str = "") -> None:
        self.home = home
        home.mkdir(exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TEPIAN_", "DJANGO_", "PYTEST"))}
        self.environment = kept | {
            "TEPIAN_HOME": str(home),
            "TEPIAN_DATABASE_URL": url,
            "PYTHONPATH": str(tree.REPOSITORY / "src"),
            "DJANGO_SETTINGS_MODULE": "tepian.settings.base",
        }

    def python(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([sys.executable, *arguments], env=self.environment, cwd=tree.REPOSITORY,
                              capture_output=True, text=True, timeout=180)  # fmt: skip
        if check and done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        return done

    def tepian(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "tepian", *arguments, check=check)

    def seed(self) -> Installation:
        self.tepian("migrate")
        self.python("-c", SEED)
        return self

    def look(self) -> dict:
        return json.loads(self.python("-c", LOOK).stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def place(tmp_path_factory, request) -> Callable[[str], Installation]:
    """`place("name")` gives an installation on SQLite, or on a database of its own when the tests run on PostgreSQL."""
    url = os.environ.get("TEPIAN_DATABASE_URL", "")
    if not list(tree.PACKAGE.rglob("migrations/0*.py")):
        pytest.skip("this tree has no migrations yet")

    def make(name: str) -> Installation:
        home = tmp_path_factory.mktemp(name)
        if not url.startswith("postgres"):
            return Installation(home)
        import psycopg

        server, _, _ = url.rpartition("/")
        database = f"backup_{os.getpid()}_{name}"
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}")

        def drop() -> None:
            with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {database} WITH (FORCE)")

        request.addfinalizer(drop)
        return Installation(home, f"{server}/{database}")

    return make


@pytest.fixture(scope="module")
def source(place) -> Installation:
    return place("source").seed()


@pytest.fixture(scope="module")
def archive(source, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "city.tar.gz"
    source.tepian("backup", str(path))
    return path


def manifest_of(path: Path) -> dict:
    with tarfile.open(path) as archive:
        return json.load(archive.extractfile("manifest.json"))  # type: ignore[arg-type]


def rewritten(
    path: Path, target: Path, change: Callable[[tarfile.TarInfo, bytes], list[tuple[tarfile.TarInfo, bytes]]]
) -> Path:
    with tarfile.open(path) as old, tarfile.open(target, "w:gz") as new:
        for member in old:
            for entry, data in change(member, old.extractfile(member).read()):  # type: ignore[union-attr]
                entry.size = len(data)
                new.addfile(entry, io.BytesIO(data))
    return target


def test_everything_comes_back(source, archive, place):
    target = place("target")
    done = target.tepian("restore", str(archive))
    assert "unbroken" in done.stdout
    before, after = source.look(), target.look()
    assert after["names"] == before["names"] and len(before["names"]) == 20
    assert after["files"] == before["files"] and before["files"]
    assert not after["broken"] and not before["broken"]
    for table, rows in before["rows"].items():
        added = {"city_auditentry": 1}.get(table, 0)  # the restore itself stands in the record
        if table != "city_topicversion":
            assert after["rows"][table] == rows + added, table
    assert "unbroken" in target.tepian("audit", "verify").stdout


def test_the_manifest_counts_and_proves(source, archive):
    manifest = manifest_of(archive)
    rows = source.look()["rows"]
    assert manifest["tables"]["city_agency"] == 20
    assert manifest["tables"]["city_auditentry"] == rows["city_auditentry"]
    assert all(len(digest) == 64 for _size, digest in manifest["members"].values())
    assert (archive.stat().st_mode & 0o077) == 0
    assert "home/secret-key" not in manifest["members"]


def test_secrets_only_when_asked_for(source, tmp_path):
    path = tmp_path / "with.tar.gz"
    source.tepian("backup", str(path), "--with-secrets")
    assert "home/secret-key" in manifest_of(path)["members"]


def test_a_living_installation_is_not_overwritten(archive, place):
    target = place("occupied").seed()
    before = target.look()
    done = target.tepian("restore", str(archive), check=False)
    assert done.returncode == 1 and "not empty" in done.stdout
    assert target.look() == before
    target.python("-c", "import django; django.setup()\nfrom datetime import datetime, UTC\n"
                  "from tepian.kernel.catalogue.models import JobRun\n"
                  "JobRun.objects.create(name='worker', started_at=datetime.now(UTC))")  # fmt: skip
    done = target.tepian("restore", str(archive), "--force", check=False)
    assert done.returncode == 1 and "running" in done.stdout
    target.python(
        "-c",
        "import django; django.setup()\n"
        "from tepian.kernel.catalogue.models import JobRun\nJobRun.objects.all().delete()",
    )
    target.tepian("restore", str(archive), "--force")
    assert target.look()["names"] == before["names"]


def test_a_damaged_archive_changes_nothing(archive, place, tmp_path):
    target = place("damaged")
    target.tepian("migrate")

    def flip(member, data):
        if member.name.startswith(("database", "tables/city_agency")):
            data = data.replace(b"Dinas 7", b"Dinas 8", 1)
        return [(member, data)]

    def drop(member, data):
        return [] if member.name.startswith("files/") else [(member, data)]

    def headless(member, data):
        return [] if member.name == "manifest.json" else [(member, data)]

    bad = [rewritten(archive, tmp_path / f"{change.__name__}.tar.gz", change) for change in (flip, drop, headless)]
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive.read_bytes()[:-2000])
    other = tmp_path / "other.tar.gz"
    other.write_bytes(gzip.compress(b"hello"))
    for path in [*bad, cut, other]:
        done = target.tepian("restore", str(path), check=False)
        assert done.returncode == 1, path.name
        assert "not a whole backup" in " ".join(done.stdout.split()), done.stdout + done.stderr
    assert target.look()["names"] == [] and target.look()["files"] == {}


@pytest.mark.parametrize(
    "name",
    ["../outside.txt", "/tmp/tepian-outside.txt", "files/../../outside.txt", "files/a\\..\\b", "tables/x;y.copy"],
)
def test_nothing_is_written_outside(archive, tmp_path, name, settings):
    from tepian.backup import unpack
    from tepian.kernel.actors import Invalid

    def plant(member, data):
        planted = tarfile.TarInfo(name)
        return [(member, data)] if member.name != "manifest.json" else [(planted, b"x"), (member, data)]

    path = rewritten(archive, tmp_path / "bad.tar.gz", plant)
    folder = tmp_path / "in" / "staging"
    folder.mkdir(parents=True)
    with pytest.raises(Invalid):
        unpack(path, folder)
    assert not list(tmp_path.rglob("*outside*")) and not Path("/tmp/tepian-outside.txt").exists()


def test_links_are_refused(archive, tmp_path):
    from tepian.backup import unpack
    from tepian.kernel.actors import Invalid

    path = tmp_path / "link.tar.gz"
    with tarfile.open(path, "w:gz") as new:
        link = tarfile.TarInfo("files/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        new.addfile(link)
    (tmp_path / "staging").mkdir()
    with pytest.raises(Invalid):
        unpack(path, tmp_path / "staging")


def test_a_backup_of_a_busy_database_is_consistent(source, tmp_path):
    """Writers go on while it is made; the copy holds whole operations only."""
    code = (
        SEED.split("for number")[0]
        + "import sys\nfor n in range(60): seed(actor=system('tests'), number=f'busy{sys.argv[1]}{n}')\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(n)], env=source.environment, cwd=tree.REPOSITORY)
        for n in range(2)
    ]
    paths = [tmp_path / f"busy{n}.tar.gz" for n in range(2)]
    for path in paths:
        source.tepian("backup", str(path))
    assert [writer.wait(120) for writer in writers] == [0, 0]
    for path in paths:
        tables = manifest_of(path)["tables"]
        seeded = tables["city_agency"]
        assert tables["city_auditentry"] == seeded
        if manifest_of(path)["vendor"] == "sqlite":
            with tarfile.open(path) as archive:
                archive.extract("database.sqlite3", tmp_path, filter="data")
            database = sqlite3.connect(tmp_path / "database.sqlite3")
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("SELECT position FROM city_chainhead").fetchone()[0] == tables["city_auditentry"]
