"""City packs: a folder of plain files that makes this software one city's.

```
city.toml           name, code, time zone, centre, domain to trust …
regions.csv         regions with their names and parents over time      successions.csv   merges and splits
places.csv          streets and landmarks (every places*.csv is read)
agencies.csv        agencies and units                                  positions.toml    posts and what they may do
boundaries/*.geojson, map/*.geojson, and one TOML file for each room that wants one
```

The rooms read their files through `CityPack` in their `PackSection`; nothing here knows what stands in them. A load
runs every section in one transaction: it loads all or nothing, and a second load changes nothing.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, Conflict, Invalid

from . import versions
from .contributions import PackSection, offered

ROOT = Path(__file__).resolve().parents[4]


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a pack and where. An `error` stops the load; a `notice` tells what is missing or repaired."""

    message: str
    file: str = ""
    line: int = 0
    item: str = ""
    level: str = "error"

    @property
    def is_error(self) -> bool:
        return self.level == "error"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        item = f" [{self.item}]" if self.item else ""
        return f"{self.level}: {where}{item}{': ' if where or item else ''}{self.message}"


def notice(message: str, **where: Any) -> Problem:
    return Problem(message, level="notice", **where)


class PackError(Invalid):
    """The pack cannot be loaded; nothing was changed. `problems` names every file, line and item at fault."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        shown = [str(problem) for problem in problems[:20]]
        if len(problems) > len(shown):
            shown.append(_("… and %(count)d more") % {"count": len(problems) - len(shown)})
        first = problems[0] if problems else Problem("?")
        super().__init__("\n".join(shown), code="pack_invalid", field=first.file, item=first.item)
        self.problems = list(problems)


class Row(dict[str, str]):
    """A line of a CSV file by column name; knows where it stands. Missing and empty cells are ""."""

    file: str = ""
    line: int = 0

    def __missing__(self, key: str) -> str:
        return ""

    def problem(self, message: str, item: str = "", level: str = "error") -> Problem:
        return Problem(message, file=self.file, line=self.line, item=item or self["code"] or self["name"], level=level)

    def number(self, column: str) -> float | None:
        """A decimal number, None when empty. Raises `PackError` naming the line."""
        text = self[column]
        if not text:
            return None
        try:
            return float(text)
        except ValueError:
            message = _("“%(text)s” in column %(column)s is not a number (write 1234.5)") % {
                "text": text,
                "column": column,
            }
            raise PackError([self.problem(message)]) from None


class CityPack:
    """A pack's folder. `toml("sensors")`, `csv("places")` and `geojson("map")` give what the files hold; a file that is
    not there gives nothing, a broken one raises `PackError` naming file and line."""

    def __init__(self, folder: Path, *, boundaries: Sequence[Path] = (), swap: bool = False) -> None:
        self.folder = folder
        self.name = folder.name
        self.boundary_files = tuple(boundaries) or tuple(sorted(folder.glob("boundaries/*.geojson")))
        self.swap = swap
        self._texts: dict[str, str] = {}
        self._tomls: dict[str, dict[str, Any]] = {}

    def has(self, file: str) -> bool:
        return (self.folder / file).is_file()

    def text(self, file: str) -> str:
        """A file as text (UTF-8, with or without byte order mark), "" when it is not there."""
        if file not in self._texts:
            try:
                self._texts[file] = (self.folder / file).read_text(encoding="utf-8-sig") if self.has(file) else ""
            except UnicodeDecodeError as error:
                line = error.object[: error.start].count(b"\n") + 1
                raise PackError([Problem(_("not UTF-8 text: save the file as UTF-8"), file=file, line=line)]) from None
        return self._texts[file]

    def toml(self, name: str) -> dict[str, Any]:
        """The contents of `<name>.toml`, {} when there is none."""
        file = f"{name}.toml"
        if file not in self._tomls:
            try:
                self._tomls[file] = tomllib.loads(self.text(file))
            except tomllib.TOMLDecodeError as error:
                found = re.search(r"line (\d+)", str(error))
                line = int(found.group(1)) if found else self.text(file).count("\n") + 1
                raise PackError([Problem(str(error), file=file, line=line)]) from None
        return self._tomls[file]

    def tables(self, name: str, key: str, required: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The array of tables `[[key]]` of a TOML file. Raises `PackError` where one lacks a required key."""
        tables = self.toml(name).get(key, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            message = _("“%(key)s” must be a list of tables: write [[%(key)s]]") % {"key": key}
            raise PackError([Problem(message, file=f"{name}.toml", line=self.line_of(name, key))])
        problems = [
            self.problem(
                name,
                _("has no “%(key)s”") % {"key": missing},
                str(table.get("code") or table.get("name") or f"{key} {number}"),
            )
            for number, table in enumerate(tables, 1)
            for missing in required
            if table.get(missing) in (None, "")
        ]
        if problems:
            raise PackError(problems)
        return tables

    def line_of(self, name: str, needle: str) -> int:
        """The first line of `<name>.toml` that holds `needle`, best in quotes; 0 when none does."""
        lines = self.text(f"{name}.toml").splitlines()
        for wanted in (f'"{needle}"', needle):
            for number, line in enumerate(lines, 1):
                if wanted in line:
                    return number
        return 0

    def problem(self, name: str, message: str, item: str = "", level: str = "error") -> Problem:
        """A problem of `<name>.toml`, with the line where `item` stands."""
        return Problem(
            message, file=f"{name}.toml", line=self.line_of(name, item) if item else 0, item=item, level=level
        )

    def csv(self, name: str, required: Sequence[str] = ()) -> list[Row]:
        """The rows of `<name>.csv`; lines that start with # are comments. Comma or semicolon, as the heading has it.

        Raises `PackError` for a heading without a `required` column and for a line with too many or too few cells."""
        file = f"{name}.csv"
        text = self.text(file)
        # Comments become empty lines, so that line numbers stay true.
        body = "\n".join("" if line.lstrip().startswith("#") else line for line in text.splitlines())
        first = next((line for line in body.splitlines() if line.strip()), "")
        reader = csv.reader(
            io.StringIO(body), delimiter=";" if first.count(";") > first.count(",") else ",", strict=True
        )
        rows: list[Row] = []
        problems: list[Problem] = []
        heading: list[str] | None = None
        try:
            for cells in reader:
                if not any(cell.strip() for cell in cells):
                    continue
                if heading is None:
                    heading = [cell.strip() for cell in cells]
                    for column in required:
                        if column not in heading:
                            message = _("the heading has no column “%(column)s”") % {"column": column}
                            problems.append(Problem(message, file=file, line=reader.line_num))
                    continue
                if len(cells) != len(heading):
                    message = _("%(found)d cells where the heading has %(wanted)d (a comma in a name needs quotes)") % {
                        "found": len(cells),
                        "wanted": len(heading),
                    }
                    problems.append(Problem(message, file=file, line=reader.line_num, item=cells[0].strip()))
                    continue
                row = Row(zip(heading, (cell.strip() for cell in cells), strict=True))
                row.file, row.line = file, reader.line_num
                rows.append(row)
        except csv.Error as error:
            problems.append(Problem(str(error), file=file, line=reader.line_num))
        if problems:
            raise PackError(problems)
        return rows

    def geojson(self, folder: str) -> list[tuple[Path, dict[str, Any]]]:
        """Every GeoJSON file of a subfolder (`map`, `boundaries`)."""
        return [(path, read_geojson(path)) for path in sorted((self.folder / folder).glob("*.geojson"))]

    def source(self, row: Mapping[str, Any]) -> str:
        """Where a row's facts come from: its `source`, as `[sources]` in city.toml explains it, or the pack."""
        named = str(row.get("source") or "")
        return str(self.toml("city").get("sources", {}).get(named, named) or f"cities/{self.name}")[:200]


def read_geojson(path: Path) -> dict[str, Any]:
    """A GeoJSON file as it is. Raises `PackError` when it cannot be read or is not JSON."""
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise PackError([Problem(_("cannot be read: %(error)s") % {"error": error.strerror}, file=str(path))]) from None
    except json.JSONDecodeError as error:
        raise PackError([Problem(error.msg, file=path.name, line=error.lineno)]) from None
    except UnicodeDecodeError:
        raise PackError([Problem(_("not UTF-8 text: save the file as UTF-8"), file=path.name)]) from None
    if not isinstance(data, dict):
        raise PackError([Problem(_("not a GeoJSON object"), file=path.name)])
    return data


def pack_names() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "cities").glob("*/city.toml"))


def find_pack(path: Path | str) -> Path:
    """The pack's folder: a folder with a city.toml, or a name under `cities/`."""
    for folder in (Path(path), Path("cities") / path, ROOT / "cities" / path):
        if (folder / "city.toml").is_file():
            return folder.resolve()
    message = _("There is no city pack “%(path)s”: give a folder with a city.toml, or one of: %(names)s.") % {
        "path": path,
        "names": ", ".join(pack_names()) or "–",
    }
    raise Invalid(message, code="no_pack", item=str(path))


@dataclass(slots=True)
class LoadReport:
    """What a load changed, by section, and what the pack does not have. `changes` is 0 when all was there already."""

    pack: str
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    notices: list[Problem] = field(default_factory=list)

    @property
    def changes(self) -> int:
        return sum(number for section in self.counts.values() for key, number in section.items() if key != "unchanged")

    def __str__(self) -> str:
        lines = [f"{self.pack}: {self.changes} changes"]
        lines += [
            f"  {name}: " + ", ".join(f"{key} {number}" for key, number in counts.items() if number)
            for name, counts in self.counts.items()
            if any(counts.values())
        ]
        return "\n".join([*lines, *(f"  {item}" for item in self.notices)])


def _open(path: Path | str, boundaries: Path | Sequence[Path] | None, swap: bool) -> CityPack:
    files = () if boundaries is None else (boundaries,) if isinstance(boundaries, Path) else tuple(boundaries)
    return CityPack(find_pack(path), boundaries=files, swap=swap)


def _as_problems(found: Iterable[Problem | str], section: str) -> list[Problem]:
    return [
        item if isinstance(item, Problem) else Problem(str(item), item="" if ":" in str(item) else section)
        for item in found
    ]


def check_pack(
    path: Path | str, *, boundaries: Path | Sequence[Path] | None = None, swap: bool = False
) -> list[Problem]:
    """Everything that is wrong with a pack (errors first) and what it lacks (notices). Changes nothing."""
    return _check(_open(path, boundaries, swap))


def _check(pack: CityPack) -> list[Problem]:
    problems: list[Problem] = []
    for section in offered(PackSection):
        try:
            problems += _as_problems(section.check(pack), section.name)
        except PackError as error:
            problems += error.problems
        except Invalid as error:
            problems.append(Problem(str(error.message), item=error.item or section.name))
    return sorted(dict.fromkeys(problems), key=lambda problem: not problem.is_error)


def load_pack(
    path: Path | str,
    actor: Actor,
    progress: Callable[[str, int, int], None] | None = None,
    *,
    boundaries: Path | Sequence[Path] | None = None,
    swap: bool = False,
) -> LoadReport:
    """Load a pack through all sections, in one transaction: all of it or nothing. Loading again changes nothing.

    `boundaries` are GeoJSON files that replace the pack's own; `swap` turns latitude-first coordinates round.
    `progress(section, done, total)` is told of each step. Sections' counts are of things changed; only the key
    `unchanged` does not count as a change. Raises `PackError` with every problem found.
    """
    pack = _open(path, boundaries, swap)
    problems = _check(pack)
    if errors := [problem for problem in problems if problem.is_error]:
        raise PackError(errors)
    report = LoadReport(pack.name, notices=problems)
    sections = offered(PackSection)
    try:
        with transaction.atomic():
            versions.touch("pack")  # the row's lock makes a second load wait for this one
            for number, section in enumerate(sections):
                if progress:
                    progress(section.name, number, len(sections))
                try:
                    report.counts[section.name] = dict(section.load(pack, actor))
                except PackError:
                    raise
                except Invalid as error:
                    raise PackError([Problem(str(error.message), item=error.item or section.name)]) from error
    except IntegrityError as error:
        message = _("Another change was made at the same moment. Nothing was loaded; load the pack again.")
        raise Conflict(message, code="pack_conflict") from error
    if progress:
        progress("", len(sections), len(sections))
    return report


def keep_row(model: Any, found: dict[str, Any], values: dict[str, Any], counts: dict[str, int]) -> Any:
    """Make or bring up to date one row that a pack brings, and count it as created, changed or unchanged."""
    row, created = model.objects.get_or_create(**found, defaults=values)
    differs = not created and any(getattr(row, name) != value for name, value in values.items())
    if differs:
        model.objects.filter(pk=row.pk).update(**values)
        row.refresh_from_db()
    counts["created" if created else "changed" if differs else "unchanged"] += 1
    return row
