"""Backup and restore: database, files and the record's anchors in one archive, with a manifest that proves it whole.

The archive is a `.tar.gz`: `database.sqlite3` (SQLite's online backup) or `tables/<table>.copy` (PostgreSQL `COPY` in
one repeatable-read transaction, so no client program of the right version is needed), `files/…`, `home/…`, and last
`manifest.json` with the SHA-256 of every member, the rows of every table and the migrations that were applied. The
system may run while a backup is written; it must be stopped for a restore. What this module says goes to the command
line, which speaks English.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import DatabaseError

from tepian import __version__
from tepian.kernel.actors import Actor, Conflict, Invalid, system
from tepian.kernel.audit.chain import verify
from tepian.kernel.catalogue import versions
from tepian.kernel.catalogue.models import JobRun
from tepian.kernel.events import note, operation

FORMAT = 1
MANIFEST = "manifest.json"
HOME_FILES = ("audit-anchors.jsonl",)
SECRETS = ("secret-key",)
MEMBER = re.compile(r"(database\.sqlite3|tables/[a-z0-9_]+\.copy|home/[\w.-]+|files/.+)\Z")
WORKER_RESTS = 20.0  # seconds after which a worker that gives no heartbeat counts as stopped
CHUNK = 1 << 20


@dataclass(slots=True)
class Manifest:
    """What an archive holds. `members`: name → [bytes, SHA-256]; `tables`: name → rows; `migrations`: app → names."""

    format: int
    version: str
    made_at: str
    vendor: str
    members: dict[str, list[Any]] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    migrations: dict[str, list[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        size = sum(entry[0] for entry in self.members.values())
        files = sum(name.startswith("files/") for name in self.members)
        return (f"{self.vendor} of {self.made_at}: {sum(self.tables.values())} rows in {len(self.tables)} tables, "
                f"{files} files, {size / 1e6:.1f} MB")  # fmt: skip

    __rich__ = __str__


# --- backup ----------------------------------------------------------------------------------------------------------


class _Hashed(io.RawIOBase):
    """Hashes what passes through on its way into the archive."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.digest = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.source.read(size)
        self.digest.update(data)
        return data


def backup(path: Path, *, with_secrets: bool = False) -> Manifest:
    """Write an archive to `path`, readable by its owner only. It appears whole or not at all."""
    path = Path(path)
    if path.suffixes[-2:] != [".tar", ".gz"] and path.suffix != ".tgz":
        raise Invalid("Name the backup file so that it ends in .tar.gz.", code="name", field="path", item=str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    manifest = Manifest(FORMAT, __version__, datetime.now(UTC).isoformat(timespec="seconds"), connection.vendor)
    handle, unfinished = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as raw, tarfile.open(fileobj=raw, mode="w:gz", compresslevel=4) as archive:
            if connection.vendor == "sqlite":
                _add_sqlite(archive, manifest, path.parent)
            else:
                _add_postgres(archive, manifest)
            # Files after the database: a row never names a file that is not in the archive.
            for file in _files(Path(settings.MEDIA_ROOT)):
                name = file.relative_to(settings.MEDIA_ROOT).as_posix()
                _add(archive, manifest, f"files/{name}", file)
            for name in (*HOME_FILES, *(SECRETS if with_secrets else ())):
                if (settings.HOME / name).is_file():
                    _add(archive, manifest, f"home/{name}", settings.HOME / name)
            body = json.dumps(asdict(manifest), indent=1, sort_keys=True).encode()
            entry = tarfile.TarInfo(MANIFEST)
            entry.size, entry.mtime, entry.mode = len(body), int(datetime.now(UTC).timestamp()), 0o600
            archive.addfile(entry, io.BytesIO(body))
            raw.flush()
        with Path(unfinished).open("rb+") as written:
            os.fsync(written.fileno())
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    return manifest


def _files(root: Path) -> Iterator[Path]:
    yield from sorted(file for file in root.rglob("*") if file.is_file() and not file.is_symlink())


def _add(archive: tarfile.TarFile, manifest: Manifest, name: str, file: Path) -> None:
    entry = tarfile.TarInfo(name)
    with file.open("rb") as source:
        status = os.fstat(source.fileno())
        entry.size, entry.mtime, entry.mode = status.st_size, int(status.st_mtime), 0o600
        hashed = _Hashed(source)
        archive.addfile(entry, hashed)  # type: ignore[arg-type]
    manifest.members[name] = [entry.size, hashed.digest.hexdigest()]


def _add_sqlite(archive: tarfile.TarFile, manifest: Manifest, folder: Path) -> None:
    with tempfile.TemporaryDirectory(prefix=".tepian-backup-", dir=folder) as staging:
        copy = Path(staging) / "database.sqlite3"
        with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=60)) as source, \
                closing(sqlite3.connect(copy)) as target:  # fmt: skip
            source.backup(target)  # one step: a consistent copy, writers go on in the log meanwhile
            target.execute("PRAGMA journal_mode=DELETE")
            manifest.tables = _sqlite_counts(target)
            manifest.migrations = _migrations(target.execute("SELECT app, name FROM django_migrations ORDER BY id"))
        _add(archive, manifest, "database.sqlite3", copy)


def _sqlite_counts(database: sqlite3.Connection) -> dict[str, int]:
    names = [row[0] for row in database.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")]  # fmt: skip
    return {name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}  # noqa: S608


def _migrations(rows: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for app, name in rows:
        found.setdefault(app, []).append(name)
    return found


def _tables() -> list[str]:
    return sorted(name for name in connection.introspection.table_names() if re.fullmatch(r"[a-z0-9_]+", name))


def _add_postgres(archive: tarfile.TarFile, manifest: Manifest) -> None:
    """One repeatable-read transaction, so that all tables are of the same moment."""
    with (
        tempfile.TemporaryDirectory(prefix="tepian-backup-") as staging,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for table in _tables():
            file = Path(staging) / f"{table}.copy"
            columns = ", ".join(f'"{name}"' for name in _columns(table))
            with file.open("wb") as target, cursor.copy(f'COPY "{table}" ({columns}) TO STDOUT') as rows:
                target.write(f"{columns}\n".encode())
                for data in rows:
                    target.write(data)
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608
            manifest.tables[table] = cursor.fetchone()[0]
            _add(archive, manifest, f"tables/{table}.copy", file)
            file.unlink()
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        manifest.migrations = _migrations(cursor.fetchall())


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        # Generated columns cannot be written back; they come again by themselves.
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = %s AND is_generated = 'NEVER'"
            " ORDER BY ordinal_position",
            [table],
        )
        return [row[0] for row in cursor.fetchall()]


# --- restore ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Restored:
    manifest: Manifest
    moved_aside: tuple[Path, ...]

    def __str__(self) -> str:
        aside = "".join(f"\n  the former state lies in {path}" for path in self.moved_aside)
        return f"restored: {self.manifest}; the record's chain is unbroken{aside}"

    __rich__ = __str__


def restore(path: Path, *, force: bool = False) -> Restored:
    """Bring an archive back. The archive is proved whole before anything is touched; what was there is moved aside
    (SQLite, files) or replaced in one transaction (PostgreSQL). Raises `Invalid` with what to do, and then nothing was
    changed."""
    with tempfile.TemporaryDirectory(prefix=".tepian-restore-", dir=settings.HOME) as staging:
        manifest = unpack(Path(path), Path(staging))
        if manifest.vendor != connection.vendor:
            raise Invalid(
                f"This backup is of {manifest.vendor}, and this installation uses {connection.vendor}. Nothing was "
                "changed. Set TEPIAN_DATABASE_URL to a database of the same kind.",
                code="vendor",
            )
        _refuse_newer(manifest)
        _refuse_running()
        if not force:
            _refuse_occupied()
        moved = [*_restore_database(Path(staging), manifest), *_restore_files(Path(staging))]
    call_command("migrate", interactive=False, verbosity=0)
    broken = list(verify(settings.HOME / HOME_FILES[0]))
    if broken:
        raise Conflict(f"The record in this backup is broken: {broken[0].message}", code="record_broken")
    remember(actor=system("tepian.restore"), archive=_digest(Path(path)), made_at=manifest.made_at)
    return Restored(manifest, tuple(moved))


@operation("backup.restore", policy=None)
def remember(*, actor: Actor, archive: str, made_at: str) -> None:
    """The record says that it was brought back from an archive, and from which."""
    note("archive", archive[:16], sha256=archive, made_at=made_at)
    versions.touch(*[room["name"] for room in settings.ROOMS], "identity", "pack", "city", "regions")


def unpack(path: Path, folder: Path) -> Manifest:
    """Unpack an archive into an empty folder and prove it whole. Names and kinds of members are checked first, so
    nothing is ever written outside the folder."""
    seen: dict[str, list[Any]] = {}

    def refuse(why: str) -> Invalid:
        message = f"The file {path.name} is not a whole backup: {why}. Nothing was changed. Use another copy."
        return Invalid(message, code="damaged", item=path.name)

    manifest: Manifest | None = None
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                parts = PurePosixPath(member.name).parts
                if not member.isreg() or member.name.startswith("/") or ".." in parts or "\\" in member.name:
                    raise refuse(f"it holds something that is not a plain file ({member.name[:80]})")
                source = archive.extractfile(member)
                assert source is not None
                if member.name == MANIFEST:
                    manifest = Manifest(**json.loads(source.read(64 << 20)))
                    continue
                if not MEMBER.match(member.name) or member.name in seen:
                    raise refuse(f"it holds an unknown part ({member.name[:80]})")
                target = folder.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                digest = hashlib.sha256()
                with target.open("xb") as file:
                    while data := source.read(CHUNK):
                        digest.update(data)
                        file.write(data)
                seen[member.name] = [member.size, digest.hexdigest()]
    except (tarfile.TarError, EOFError, OSError, ValueError, TypeError, KeyError) as error:
        if (
            isinstance(error, OSError)
            and error.errno is not None
            and path.exists()
            and not isinstance(error, tarfile.TarError)
        ):
            raise  # the disk's trouble, not the archive's
        raise refuse(type(error).__name__) from error
    if manifest is None:
        raise refuse("its list of contents is missing")
    if manifest.format != FORMAT:
        raise refuse(f"its format {manifest.format} is unknown to this version")
    if wrong := sorted({*seen} ^ {*manifest.members}) or sorted(
        n for n in seen if seen[n] != list(manifest.members[n])
    ):
        raise refuse(f"parts are missing or changed ({wrong[0]})")
    return manifest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_newer(manifest: Manifest) -> None:
    from django.db.migrations.loader import MigrationLoader

    known = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    unknown = [
        f"{app}.{name}" for app, names in manifest.migrations.items() for name in names if (app, name) not in known
    ]
    if unknown and known:
        raise Invalid(
            f"This backup comes from a newer version ({manifest.version}). Nothing was changed. Install that version.",
            code="newer",
            item=unknown[0],
        )


def _refuse_running() -> None:
    try:
        beat = JobRun.objects.filter(name="worker").values_list("started_at", flat=True).first()
    except DatabaseError:
        return  # no tables yet
    if beat and (datetime.now(UTC) - beat).total_seconds() < WORKER_RESTS:
        raise Conflict(
            f"The system is running. Nothing was changed. Stop it, wait {WORKER_RESTS:.0f} seconds, and restore again.",
            code="running",
        )


def _refuse_occupied() -> None:
    occupied = any(_files(Path(settings.MEDIA_ROOT)))
    if not occupied:
        from tepian.kernel.audit.models import AuditEntry

        try:
            occupied = AuditEntry.objects.exists()
        except DatabaseError:
            occupied = False
    if occupied:
        raise Conflict(
            ("This installation is not empty. Nothing was changed. Give --force to replace what is there."),
            code="occupied",
        )


def _aside(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    target = path.with_name(f"{path.name}.before-restore-{stamp}")
    path.replace(target)
    return target


def _restore_database(staging: Path, manifest: Manifest) -> list[Path]:
    if connection.vendor == "sqlite":
        return _restore_sqlite(staging / "database.sqlite3", manifest)
    _restore_postgres(staging / "tables", manifest)
    return []


def _restore_sqlite(copy: Path, manifest: Manifest) -> list[Path]:
    with closing(sqlite3.connect(copy)) as database:
        state = database.execute("PRAGMA integrity_check").fetchone()[0]
        if state != "ok" or _sqlite_counts(database) != manifest.tables:
            raise Invalid("The database in this backup is damaged. Nothing was changed.", code="damaged")
    connections.close_all()
    place = Path(str(connection.settings_dict["NAME"]))
    beside = [place.with_name(place.name + ending) for ending in ("", "-wal", "-shm")]
    moved = [_aside(file) for file in beside if file.exists()]
    shutil.move(copy, place)
    return moved[:1]


def _restore_postgres(folder: Path, manifest: Manifest) -> None:
    """In one transaction: either all tables are as in the archive, or nothing changed. Foreign keys are checked at its
    end, so the order of the tables does not matter."""
    _build_tables(manifest)
    with transaction.atomic(), connection.cursor() as cursor:
        present = set(_tables())
        if missing := sorted(set(manifest.tables) - present):
            raise Invalid(f"The table {missing[0]} of this backup is unknown here.", code="newer")
        names = ", ".join(f'"{name}"' for name in sorted(present))
        cursor.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table, rows in manifest.tables.items():
            with (folder / f"{table}.copy").open("rb") as source:
                columns = source.readline().decode().strip()
                if not re.fullmatch(r'"\w+"(, "\w+")*', columns):
                    raise Invalid("The database in this backup is damaged. Nothing was changed.", code="damaged")
                with cursor.copy(f'COPY "{table}" ({columns}) FROM STDIN') as target:
                    while data := source.read(CHUNK):
                        target.write(data)
            cursor.execute(f'SELECT count(*) FROM "{table}"')  # noqa: S608
            if cursor.fetchone()[0] != rows:
                raise Invalid("The database in this backup is damaged. Nothing was changed.", code="damaged")
        _advance_counters(cursor, manifest.tables)


def _build_tables(manifest: Manifest) -> None:
    """Bring the tables to the state that the backup was made in: rows of another version would not fit."""
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    wanted = {(app, name) for app, names in manifest.migrations.items() for name in names}
    if set(recorder.applied_migrations()) == wanted:
        return
    with connection.cursor() as cursor:
        present = ", ".join(f'"{name}"' for name in _tables())
        cursor.execute(f"DROP TABLE {present} CASCADE")
    for app, applied in manifest.migrations.items():
        call_command("migrate", app, applied[-1], interactive=False, verbosity=0)


def _advance_counters(cursor: Any, tables: dict[str, int]) -> None:
    """Identity counters go on behind the highest value that came back."""
    for table in tables:
        cursor.execute(
            "SELECT column_name, pg_get_serial_sequence(quote_ident(%s), column_name) FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = %s", [table, table])  # fmt: skip
        for column, sequence in cursor.fetchall():
            if sequence:
                query = f'SELECT setval(%s, coalesce(max("{column}"), 1), max("{column}") IS NOT NULL) FROM "{table}"'  # noqa: S608
                cursor.execute(query, [sequence])


def _restore_files(staging: Path) -> list[Path]:
    moved = []
    media = Path(settings.MEDIA_ROOT)
    if media.exists() and any(media.iterdir()):
        moved.append(_aside(media))
    if (staging / "files").exists():
        media.parent.mkdir(parents=True, exist_ok=True)
        if media.exists():
            media.rmdir()
        shutil.move(staging / "files", media)
    for name in (*HOME_FILES, *SECRETS):
        former, back = settings.HOME / name, staging / "home" / name
        if name in HOME_FILES and former.exists():
            moved.append(_aside(former))
        if back.exists():
            shutil.move(back, former)
            former.chmod(0o600)
    return moved
