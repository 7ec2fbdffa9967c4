"""CSV files: a guess what the columns mean, a dry run that says of every row what would happen, then the import."""

from __future__ import annotations

import csv
import io
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid, NotFound
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.events import note, operation

from .. import policies
from ..models import ImportDraft, Observation
from ..states import pack_key, to_ms
from . import readings, registry
from .registry import Series
from .store import Row

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 500_000
SHOWN = 200
GUESSES = {
    "time": (
        "time",
        "waktu",
        "tanggal",
        "datetime",
        "timestamp",
        "phenomenontime",
        "date",
        "waktu_utc",
        "waktu_wita",
        "jam",
    ),
    "value": (
        "value",
        "nilai",
        "result",
        "tinggi",
        "tinggi_air",
        "tma",
        "hujan",
        "hujan_mm",
        "est_m",
        "level",
        "muka_air",
        "curah_hujan",
    ),
    "datastream": ("datastream", "deret", "seri", "key"),
    "station": ("station", "stasiun", "pos", "nama_pos", "kode", "kode_pos"),
    "unit": ("unit", "satuan"),
}
FORMATS = (
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%Y/%m/%d %H:%M",
    "%d/%m/%Y",
    "%d-%m-%Y",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file and what became of it: `ok`, `duplicate`, `conflict` or `bad` with its reason."""

    number: int
    state: str
    text: str
    reason: Any = ""


@dataclass(slots=True)
class Report:
    """`counts` by state; `lines` the first two hundred that need attention, and a few good ones."""

    columns: list[str] = field(default_factory=list)
    mapping: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=lambda: {"ok": 0, "duplicate": 0, "conflict": 0, "bad": 0})
    lines: list[Line] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)

    def add(self, number: int, state: str, cells: list[str], reason: Any = "") -> None:
        self.counts[state] += 1
        shown = sum(line.state == state for line in self.lines) if len(self.lines) < SHOWN else SHOWN
        if (state != "ok" and len(self.lines) < SHOWN) or (state == "ok" and shown < 5):
            self.lines.append(Line(number, state, " · ".join(cells)[:160], reason))


def decode(raw: bytes) -> str:
    """Text of an uploaded file; raises `Invalid` for what is no text."""
    if len(raw) > MAX_BYTES:
        raise Invalid(
            _("The file is larger than 20 MB. Nothing was imported. Split it."), code="file_too_large", field="file"
        )
    if b"\x00" in raw[:4096]:
        raise Invalid(
            _("This is not a CSV file. Save the table as CSV and choose that file."), code="not_csv", field="file"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def read_table(text: str) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """(heading, [(line number, cells)]) of a CSV with commas, semicolons or tabs."""
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter)
    try:
        rows = [
            (reader.line_num, [cell.strip() for cell in cells])
            for cells in reader
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:
        raise Invalid(
            format_lazy(_("The table cannot be read: {error}"), error=str(error)), code="not_csv", field="file"
        ) from None
    if len(rows) < 2:
        raise Invalid(
            _("The file has no rows below its heading. Nothing was imported."), code="empty_file", field="file"
        )
    if len(rows) > MAX_ROWS:
        raise Invalid(
            _("The file has more than 500,000 rows. Nothing was imported. Split it."),
            code="file_too_large",
            field="file",
        )
    return rows[0][1], rows[1:]


def guess_mapping(columns: list[str]) -> dict[str, str]:
    """Which column means what, by its name; "" where none fits."""
    folded = {re.sub(r"[^a-z]+", "_", column.lower()).strip("_"): column for column in columns}
    found = {}
    for role, names in GUESSES.items():
        exact = next((folded[name] for name in names if name in folded), "")
        loose = next((column for key, column in folded.items() if any(key.startswith(name) for name in names)), "")
        found[role] = exact or loose
    return found


def parse_number(text: str) -> float:
    """A number as spreadsheets here write it: 1234.5, 1.234,5 or 1,5. Raises `Invalid`."""
    plain = text.replace("\u00a0", "").replace(" ", "")
    if "," in plain and "." in plain:
        plain = (
            plain.replace(".", "").replace(",", ".") if plain.rfind(",") > plain.rfind(".") else plain.replace(",", "")
        )
    elif "," in plain:
        plain = plain.replace(",", ".")
    try:
        value = float(plain) if "_" not in plain else None
    except ValueError:
        value = None
    if value is None:
        raise Invalid(format_lazy(_("“{text}” is not a number"), text=text[:40]), code="not_a_number", field="value")
    return readings.parse_value(value, "value")


def parse_moment(text: str, zone: ZoneInfo, now_ms: int) -> int:
    """A time in ISO form or as 31/12/2026 14:30; without a zone it is the city's. Raises `Invalid`."""
    moment = None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        for form in FORMATS:
            try:
                moment = datetime.strptime(text, form)
                break
            except ValueError:
                continue
    if moment is None:
        raise Invalid(format_lazy(_("“{text}” is not a time"), text=text[:40]), code="bad_time", field="time")
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    try:
        time_ms = to_ms(moment.astimezone(UTC))
    except (OverflowError, ValueError):
        raise Invalid(format_lazy(_("“{text}” is not a time"), text=text[:40]), code="bad_time", field="time") from None
    readings.check_time(time_ms, now_ms, "time", text)
    return time_ms


def inspect(text: str, mapping: Mapping[str, str], *, datastream: str = "", zone: ZoneInfo | None = None) -> Report:
    """The dry run: every row with what would become of it. `datastream` (`<station>/<slug>`) is for files without
    such a
    column. Reads the database, changes nothing."""
    columns, table = read_table(text)
    mapping = {role: column for role, column in mapping.items() if column}
    report = Report(columns=columns, mapping=dict(mapping))
    for role in ("time", "value"):
        if mapping.get(role) not in columns:
            raise Invalid(
                format_lazy(
                    _("Choose the column with the {role}."), role={"time": _("time"), "value": _("value")}[role]
                ),
                code="no_column",
                field=role,
            )
    known = registry.current()
    fixed = known.find(datastream) if datastream else None
    if fixed is None and "datastream" not in mapping and "station" not in mapping:
        raise Invalid(
            _("Choose the datastream, or the column that names the station."), code="no_column", field="datastream"
        )
    place = {role: columns.index(column) for role, column in mapping.items() if column in columns}
    by_station: dict[str, Series] = {}
    for series in known.by_id.values():
        by_station.setdefault(series.station, series)
        by_station.setdefault(series.station_name.lower(), series)
    zone = zone or city_timezone()
    now_ms = readings.now_ms()
    good: list[tuple[int, list[str], Row]] = []
    sent: dict[int, float] = {}
    for number, cells in table:
        try:
            if len(cells) < len(columns):
                raise Invalid(_("the row is shorter than the heading"), code="short_row")
            series = fixed or _series_of(known, by_station, cells, place)
            if "unit" in place and cells[place["unit"]]:
                readings.check_unit(cells[place["unit"]], series)
            row = (series.id, parse_moment(cells[place["time"]], zone, now_ms), parse_number(cells[place["value"]]), 0)
        except Invalid as error:
            report.add(number, "bad", cells, error.message)
            continue
        key = pack_key(row[0], row[1])
        if key in sent:
            report.add(
                number,
                "duplicate" if sent[key] == row[2] else "conflict",
                cells,
                _("the same moment stands in the file twice"),
            )
            continue
        sent[key] = row[2]
        good.append((number, cells, row))
    stored = _stored([pack_key(row[0], row[1]) for _number, _cells, row in good])
    for number, cells, row in good:
        present = stored.get(pack_key(row[0], row[1]))
        if present is None:
            report.add(number, "ok", cells)
            report.rows.append(row)
        elif present == row[2]:
            report.add(number, "duplicate", cells, _("already stored"))
        else:
            report.add(
                number,
                "conflict",
                cells,
                format_lazy(_("another value, {value}, is stored for this moment and stays"), value=present),
            )
    return report


def _series_of(
    known: registry.Registry, by_station: dict[str, Series], cells: list[str], place: Mapping[str, int]
) -> Series:
    if "datastream" in place and cells[place["datastream"]]:
        name = cells[place["datastream"]]
        if "station" in place and "/" not in name:
            name = f"{cells[place['station']]}/{name}"
        return known.find(name)
    name = cells[place["station"]] if "station" in place else ""
    series = by_station.get(name.lower())
    if series is None:
        raise known.unknown(name)
    return series


def _stored(keys: list[int]) -> dict[int, float]:
    found: dict[int, float] = {}
    for part in range(0, len(keys), 500):
        found |= dict(Observation.objects.filter(pk__in=keys[part : part + 500]).values_list("pk", "result"))
    return found


@operation("sensors.prepare_import", policy=policies.may_keep_stations)
def prepare_import(*, actor: Actor, file_name: str, content: str, mapping: dict[str, str]) -> ImportDraft:
    """Keep a file between its dry run and the confirmation."""
    draft = ImportDraft.objects.create(
        token=secrets.token_urlsafe(24), account=actor.id, file_name=file_name[:200], content=content, mapping=mapping
    )
    note("import", draft.pk, file=file_name[:200])
    return draft


def find_draft(actor: Actor, token: str) -> ImportDraft:
    """The actor's own draft; raises `NotFound`."""
    draft = ImportDraft.objects.filter(token=token, account=actor.id).first()
    if draft is None:
        raise NotFound(
            _("This file is no longer here: it was imported already, or a day has passed. Choose it again."),
            code="no_draft",
            field="file",
        )
    return draft


@operation("sensors.import_csv", policy=policies.may_keep_stations)
def import_csv(
    *,
    actor: Actor,
    content: str,
    mapping: dict[str, str],
    datastream: str = "",
    file_name: str = "",
    zone: ZoneInfo | None = None,
) -> Report:
    """Import the good rows of a CSV in one transaction; duplicates do no harm, bad rows are named and left out. Old
    data
    change no level and raise no alarm. A draft of the same content is removed."""
    report = inspect(content, mapping, datastream=datastream, zone=zone)
    if report.rows:
        from .writer import commit

        commit([report.rows], alert=False)
    ImportDraft.objects.filter(account=actor.id, content=content).delete()
    note("import", file_name[:100] or "csv", counts=report.counts, datastream=datastream)
    return report
