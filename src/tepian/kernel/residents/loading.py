"""Loading a city's register from a file: checked line by line, written in batches, the same file twice changes nothing.

The file is CSV with a heading; the columns are those of `COLUMNS`, dates as 1990-01-05 or 05-01-1990, codes as numbers.
A line that cannot be is told with its number and left out; the others are written. `dry_run` only tells."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.events import note, operation

from . import names, policies
from .models import Family, Residence, Resident, ResidentKey
from .numbers import mismatches, read_kk, read_nik
from .operations import CODES, checked, home

COLUMNS = (
    "nik", "kk", "name", "sex", "born_on", "born_in", "relation", "religion", "marriage", "education", "occupation",
    "blood", "citizenship", "father", "mother", "region", "street",
)  # fmt: skip
NEEDED = ("nik", "name", "sex", "born_on", "region")
BATCH = 2000
MOST_TOLD = 1000  # refused lines that are told one by one; all are counted
COMPARED = ("name", "sex", "born_on", "born_in", "relation", "religion", "marriage", "education", "occupation", "blood",
            "citizenship", "father", "mother", "street", "region_id", "ward_code")  # fmt: skip


@dataclass(slots=True)
class Loaded:
    """What a load did, or would do. `refused` is (line, field, sentence); `warnings` counts what only looks odd."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused_count: int = 0
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    sha256: str = ""

    def refuse(self, line: int, problem: Invalid) -> None:
        self.refused_count += 1
        if len(self.refused) < MOST_TOLD:
            self.refused.append((line, problem.field, str(problem.message)))


def read_file(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Lines of a CSV file with their numbers; comma or semicolon, as the heading has it. Raises `Invalid` for a heading
    without a needed column."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        heading = file.readline()
        file.seek(0)
        reader = csv.DictReader(file, delimiter=";" if heading.count(";") > heading.count(",") else ",")
        known = {(name or "").strip().lower() for name in reader.fieldnames or ()}
        if missing := [name for name in NEEDED if name not in known]:
            raise Invalid(
                format_lazy(_("The file has no column {columns}. Nothing was loaded."), columns=", ".join(missing)),
                code="columns",
                field="file",
            )
        for line, row in enumerate(reader, 2):
            yield line, {(key or "").strip().lower(): (value or "").strip() for key, value in row.items() if key}


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def load(
    *,
    actor: Actor,
    rows: Iterable[tuple[int, Mapping[str, Any]]],
    dry_run: bool = False,
    fictional: bool = False,
    sha256: str = "",
) -> Loaded:
    """Write (or only check) numbered rows. One transaction a batch: what was written before a fault stays, and loading
    again goes on where it stopped."""
    if not actor.is_system:
        policies.may_register(actor)
    done, seen, lines = Loaded(sha256=sha256), set[str](), iter(rows)
    while batch := list(islice(lines, BATCH)):
        ready = []
        for line, row in batch:
            try:
                values = _checked_row(row, done)
                if values["nik"] in seen:
                    raise Invalid(_("This NIK stands in the file twice."), code="twice", field="nik")
            except Invalid as problem:
                done.refuse(line, problem)
                continue
            seen.add(values["nik"])
            ready.append(values)
        write_batch(actor=actor, rows=ready, done=done, dry_run=dry_run, fictional=fictional)
    return done


def _checked_row(row: Mapping[str, Any], done: Loaded) -> dict[str, Any]:
    """The row's fields as the register keeps them, plus `kk` and `region_code`."""
    day = today()
    given: dict[str, Any] = {name: row[name] for name in COLUMNS if row.get(name) not in (None, "")}
    if isinstance(given.get("born_on"), str):
        given["born_on"] = _date(given["born_on"])
    for name in (*CODES, "occupation"):
        if name in given:
            given[name] = _code(given[name], name)
    region = str(given.pop("region", ""))
    kk = str(given.pop("kk", ""))
    values = checked(given, on=day)
    for name in ("nik", "name", "sex", "born_on"):
        if name not in values:
            raise Invalid(_("This is needed."), code="missing", field=name)
    values["region_id"], values["ward_code"] = home(region)
    values["kk"] = read_kk(kk, today=day).text if kk else ""
    for odd in mismatches(read_nik(values["nik"], today=day), sex=values["sex"], born_on=values["born_on"]):
        done.warnings[odd] += 1
    return values


def _date(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def _code(value: Any, name: str) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Invalid(_("Codes are numbers."), code="code", field=name) from None


@operation("residents.load", policy=policies.may_register)
def write_batch(*, actor: Actor, rows: list[dict[str, Any]], done: Loaded, dry_run: bool, fictional: bool) -> None:
    """Create what is new, change what is different."""
    with transaction.atomic():
        known = {row.nik: row for row in Resident.objects.filter(nik__in=[values["nik"] for values in rows])}
        families = {} if dry_run else _families(rows, fictional)
        made, changed = [], []
        now = timezone.now()
        for values in rows:
            kk = values.pop("kk")
            row = known.get(values["nik"])
            if row is None:
                made.append(Resident(**values, family_id=families.get(kk), fictional=fictional, recorded_at=now))
            elif any(getattr(row, name) != values[name] for name in COMPARED if name in values):
                for name, value in values.items():
                    setattr(row, name, value)
                row.family_id, row.revision = families.get(kk) or row.family_id, row.revision + 1
                changed.append(row)
            else:
                done.unchanged += 1
        done.created += len(made)
        done.changed += len(changed)
        note("residents_load", done.sha256[:16], created=len(made), changed=len(changed), dry_run=dry_run)
        if dry_run:
            return
        Resident.objects.bulk_create(made)
        if changed:
            fields = ["folded", *COMPARED, "family", "revision"]
            Resident.objects.bulk_update(changed, [name.removesuffix("_id") for name in fields])
            ResidentKey.objects.filter(resident__in=changed).delete()
        _index([(key, row.pk) for row in (*made, *changed) for key in names.keys(row.folded)])
        Residence.objects.bulk_create(
            Residence(resident_id=row.pk, region_id=row.region_id, street=row.street, since=row.born_on) for row in made
        )


def _index(entries: list[tuple[int, int]]) -> None:
    """Entries of the index of names, four or five a person: past the ORM, where they are most of a load's time."""
    if entries:
        table = connection.ops.quote_name(ResidentKey._meta.db_table)
        with connection.cursor() as cursor:
            cursor.executemany(f'INSERT INTO {table} ("key", "resident_id") VALUES (%s, %s)', entries)  # noqa: S608


def _families(rows: list[dict[str, Any]], fictional: bool) -> dict[str, int]:
    wanted = {values["kk"]: values for values in rows if values["kk"]}
    Family.objects.bulk_create(
        (
            Family(kk=kk, region_id=values["region_id"], street=values.get("street", ""), fictional=fictional)
            for kk, values in wanted.items()
        ),
        ignore_conflicts=True,
    )
    return dict(Family.objects.filter(kk__in=list(wanted)).values_list("kk", "pk"))
