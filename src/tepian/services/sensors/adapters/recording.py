"""Recorded series in CSV files: which column holds what, and every row that can be read, in time order."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from django.utils.text import format_lazy, slugify
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Invalid
from tepian.kernel.catalogue.city import city_timezone

from ..operations.readings import check_unit
from ..operations.registry import Registry, Series
from ..states import KEY_EPOCH_MS, to_ms

LITERAL = "text:"
PARTS = ("station", "datastream", "time", "value", "unit", "zone")
NEEDED = PARTS[:4]
PRESETS = {
    "jakarta": "station=nama_pintu_air,datastream=text:muka-air,time=tanggal,value=tinggi_air,unit=text:mm"
    ",zone=text:Asia/Jakarta",
    "pasut": "station=text:pasang-surut,datastream=text:pasang-surut,time=waktu_utc,value=est_m,unit=text:m",
    "hujan": "station=text:hujan,datastream=text:hujan,time=waktu_wita,value=hujan_mm,unit=text:mm",
}
METRES = {"m": 1.0, "cm": 0.01, "mm": 0.001}
SHOWN = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """A column's name, or with `literal` a text that holds for every row."""

    text: str
    literal: bool = False

    def of(self, row: Mapping[str, str | None]) -> str:
        return self.text if self.literal else (row.get(self.text) or "").strip()


@dataclass(frozen=True, slots=True)
class Played:
    """One reading to play: milliseconds since 1970, value in the datastream's unit."""

    time_ms: int
    series: Series
    value: float


@dataclass(slots=True)
class Recording:
    """The readable rows in time order. `skipped` counts the others; `problems` names the first five (row, why)."""

    rows: list[Played] = field(default_factory=list)
    skipped: int = 0
    problems: list[str] = field(default_factory=list)

    def skip(self, number: int, why: object) -> None:
        self.skipped += 1
        if len(self.problems) < SHOWN:
            self.problems.append(f"{number}: {why}")


def columns_of(spec: str) -> dict[str, Cell]:
    """Read `station=…,datastream=…,time=…,value=…[,unit=…][,zone=…]`. A preset's name stands for its parts, and parts
    behind it replace them: `pasut,station=text:muara`. A text after `text:` holds for every row."""
    cells: dict[str, Cell] = {}
    for part in filter(None, (part.strip() for part in spec.split(","))):
        if part in PRESETS:
            cells |= columns_of(PRESETS[part])
            continue
        name, equals, text = (piece.strip() for piece in part.partition("="))
        if not equals or name not in PARTS or not text:
            raise Invalid(
                format_lazy(
                    _(
                        "“{part}” cannot be read. Write --columns station=…,datastream=…,time=…,value=… "
                        "or one of: {presets}."
                    ),
                    part=part[:60], presets=", ".join(PRESETS),
                ),
                code="bad_columns", field="columns", item=part[:60],
            )  # fmt: skip
        cells[name] = Cell(text.removeprefix(LITERAL), literal=True) if text.startswith(LITERAL) else Cell(text)
    if missing := [name for name in NEEDED if name not in cells]:
        raise Invalid(
            format_lazy(
                _(
                    "The columns do not say where these are: {missing}. Write --columns "
                    "station=…,datastream=…,time=…,value=… or one of: {presets}."
                ),
                missing=", ".join(missing), presets=", ".join(PRESETS),
            ),
            code="bad_columns", field="columns",
        )  # fmt: skip
    return cells


def read(path: Path, columns: str, registry: Registry) -> Recording:
    """Read the whole file. Raises `Invalid` for a file or a column that is not there and for unknown datastreams.

    A station is meant by its code, or by a name that becomes its code (“PS. Depok” → ps-depok). Times without a zone
    are in `zone`, or in the city's. Lengths (m, cm, mm) are converted to the datastream's unit.
    """
    cells = columns_of(columns)
    recording, finder = Recording(), _Finder(registry)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            _read_rows(_checked(file, cells), cells, finder, recording)
    except OSError as error:
        raise Invalid(
            format_lazy(_("The file {path} cannot be read: {error}."), path=str(path), error=error.strerror or "?"),
            code="no_file",
            field="path",
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(
            format_lazy(_("{path} is not a CSV file in UTF-8: {error}."), path=path.name, error=str(error)),
            code="not_csv",
            field="path",
        ) from error
    finder.complain()
    recording.rows.sort(key=lambda row: row.time_ms)
    return recording


def _checked(file: Iterator[str], cells: Mapping[str, Cell]) -> csv.DictReader[str]:
    reader = csv.DictReader(file)
    reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
    missing = [cell.text for cell in cells.values() if not cell.literal and cell.text not in reader.fieldnames]
    if missing:
        raise Invalid(
            format_lazy(
                _("The file has no column “{missing}”. Its columns are: {present}."),
                missing="”, “".join(missing), present=", ".join(reader.fieldnames) or "–",
            ),
            code="no_column", field="columns", item=missing[0],
        )  # fmt: skip
    return reader


def _read_rows(reader: csv.DictReader[str], cells: Mapping[str, Cell], finder: _Finder, recording: Recording) -> None:
    station, datastream, time, value = (cells[name] for name in NEEDED)
    unit, zone, default = cells.get("unit"), cells.get("zone"), city_timezone()
    for row in reader:
        number = reader.line_num
        series = finder.find(station.of(row), datastream.of(row))
        if series is None:
            continue
        try:
            time_ms = _time(time.of(row), _zone(zone.of(row)) if zone else default)
            amount = _number(value.of(row)) * _factor(unit.of(row) if unit else "", series)
        except Invalid as error:
            recording.skip(number, error.message)
        except ValueError as error:
            recording.skip(number, error)
        else:
            recording.rows.append(Played(time_ms, series, amount))


def _time(text: str, zone: tzinfo) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(_("the time “{text}” cannot be read").format(text=text[:40])) from None
    time_ms = to_ms(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    if time_ms < KEY_EPOCH_MS:
        raise ValueError(_("the time “{text}” lies before 1990").format(text=text[:40]))
    return time_ms


_zones: dict[str, ZoneInfo] = {}


def _zone(text: str) -> ZoneInfo:
    if text not in _zones:
        try:
            _zones[text] = ZoneInfo(text)
        except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
            raise ValueError(_("there is no time zone “{text}”").format(text=text[:40])) from None
        except KeyError:
            raise ValueError(_("there is no time zone “{text}”").format(text=text[:40])) from None
    return _zones[text]


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(_("the value “{text}” is not a number").format(text=text[:40]))
    return value


def _factor(unit: str, series: Series) -> float:
    if not unit or unit in (series.unit, series.unit_label):
        return 1.0
    if unit in METRES and series.unit in METRES:
        return METRES[unit] / METRES[series.unit]
    check_unit(unit, series)
    return 1.0


class _Finder:
    """From the words of the file to datastreams; the words that lead to none are told together at the end."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.known: dict[tuple[str, str], Series | None] = {}

    def find(self, station: str, datastream: str) -> Series | None:
        words = (station, datastream)
        if words not in self.known:
            keys = (f"{station}/{datastream}", f"{slugify(station)}/{slugify(datastream)}")
            self.known[words] = next((self.registry.by_key[key] for key in keys if key in self.registry.by_key), None)
        return self.known[words]

    def complain(self) -> None:
        unknown = [words for words, series in self.known.items() if series is None]
        if not unknown:
            return
        parts = []
        for station, datastream in unknown[:SHOWN]:
            near = self.registry.near(f"{slugify(station)}/{slugify(datastream)}")
            parts.append(f"“{station}/{datastream}”" + (f" ({', '.join(near)}?)" if near else ""))
        raise Invalid(
            format_lazy(
                _(
                    "{count} datastreams of the file are not known here: {names}. Nothing was played. Add the "
                    "stations, or name the right ones with --columns station=text:CODE,datastream=text:CODE."
                ),
                count=len(unknown), names="; ".join(parts),
            ),
            code="unknown_datastream", field="columns", item="/".join(unknown[0])[:120],
        )  # fmt: skip
