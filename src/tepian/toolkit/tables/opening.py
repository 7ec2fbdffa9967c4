"""From bytes to grids: what the file is by its content, what it may not be, and the cells of each sheet."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import python_calamine as calamine

from . import delimited, markup
from .archives import Archive, Inside, look_into_ods, look_into_xlsx
from .binary import look_into_xls
from .grids import Grid
from .parts import Finding, Limits, Unreadable

_MAGIC = (
    (b"%PDF", "PDF"), (b"\x89PNG", "PNG"), (b"\xff\xd8\xff", "JPEG"), (b"GIF8", "GIF"), (b"Rar!", "RAR"), (b"7z\xbc\xaf", "7-Zip"),
    (b"\x1f\x8b", "GZIP"), (b"{\\rtf", "RTF"), (b"PAR1", "Parquet"), (b"SQLite format 3", "SQLite"), (b"\x09\x00", "BIFF 2"),
    (b"\x09\x02", "BIFF 3"), (b"\x09\x04", "BIFF 4"), (b"\x09\x08", "BIFF 5"), (b"MZ", "EXE"), (b"\x7fELF", "ELF"),
)  # fmt: skip
_NAMES = {"xlsm": "xlsx", "xltx": "xlsx", "xltm": "xlsx", "ots": "ods", "tsv": "csv", "txt": "csv", "tab": "csv",
          "htm": "html", "xlt": "xls"}  # fmt: skip


@dataclass(slots=True)
class Opened:
    """The grids of a file, in its order."""

    kind: str
    grids: list[Grid]
    findings: list[Finding] = field(default_factory=list)
    encoding: str = ""
    delimiter: str = ""
    pictures: int = 0


def load(source: Path | bytes, limits: Limits) -> bytes:
    """The bytes of the file, never more than allowed. Raises `Unreadable`: too_large, empty_file."""
    if isinstance(source, bytes):
        data, size = source, len(source)
    else:
        with source.open("rb") as file:
            data = file.read(limits.size + 1)
        size = max(len(data), source.stat().st_size)
    if size > limits.size:
        raise Unreadable("too_large", size=size, limit=limits.size)
    if not data:
        raise Unreadable("empty_file")
    return data


def open_file(data: bytes, name: str, limits: Limits) -> Opened:
    """The cells of a file of any kind that is read. Raises `Unreadable`."""
    if data.startswith(b"PK"):
        opened = _archive(data, limits)
    elif data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        opened = _workbook("xls", data, look_into_xls(data, limits), limits)
    else:
        for magic, found in _MAGIC:
            if data.startswith(magic):
                raise Unreadable("wrong_type", found=found)
        opened = _text(data, name, limits)
    said = PurePath(name).suffix.lower().lstrip(".")
    if said and _NAMES.get(said, said) != opened.kind:
        opened.findings.insert(0, Finding("info", "name_differs", params={"name": said, "content": opened.kind}))
    return opened


def _text(data: bytes, name: str, limits: Limits) -> Opened:
    if markup.is_markup(data):
        grids, encoding = markup.grids_of(data, limits)
        return Opened("html", grids, encoding=encoding)
    head = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith((b"<?xml", b"<")):
        raise Unreadable("wrong_type", found="XML")
    if head.startswith((b'{"', b"{\n", b'[{"', b"[\n")):
        raise Unreadable("wrong_type", found="JSON")
    grid, encoding, delimiter = delimited.grid_of(data, name, limits)
    return Opened("csv", [grid], encoding=encoding, delimiter=delimiter)


def _archive(data: bytes, limits: Limits) -> Opened:
    archive = Archive(data, limits)
    names = archive.names
    if "xl/workbook.xml" in names:
        return _workbook("xlsx", data, look_into_xlsx(archive, limits), limits)
    kind = archive.read("mimetype").decode("ascii", "replace").strip() if "mimetype" in names else ""
    if kind.startswith("application/vnd.oasis.opendocument.spreadsheet"):
        return _workbook("ods", data, look_into_ods(archive, limits), limits)
    for part, found in (("xl/workbook.bin", "XLSB"), ("word/document.xml", "DOCX"), ("ppt/presentation.xml", "PPTX")):
        if part in names:
            raise Unreadable("wrong_type", found=found)
    raise Unreadable("wrong_type", found="ODF" if kind else "ZIP")


def _workbook(kind: str, data: bytes, inside: Inside, limits: Limits) -> Opened:
    opened = Opened(kind, [], _book_findings(inside), pictures=inside.pictures)
    taken = 0
    try:
        with calamine.load_workbook(io.BytesIO(data)) as book:
            for about in book.sheets_metadata:
                if about.typ != calamine.SheetTypeEnum.WorkSheet:
                    code = "chart_sheet" if about.typ == calamine.SheetTypeEnum.ChartSheet else "macro_sheet"
                    opened.findings.append(Finding("warning", code, sheet=about.name, params={"sheet": about.name}))
                    continue
                if about.name not in inside.sheets:
                    raise Unreadable("broken", detail=about.name)
                grid = Grid(about.name, facts=inside.sheets[about.name], since_1904=inside.since_1904)
                sheet = book.get_sheet_by_name(about.name)
                # The reader begins each row at the leftmost used column, but the rows at the first of the sheet.
                left = sheet.start[1] if sheet.start else 0
                taken = grid.fill(sheet.iter_rows(), limits, left=left, taken=taken)
                if about.visible != calamine.SheetVisibleEnum.Visible and grid.rows:
                    grid.note("info", "hidden_sheet")
                grid.settle()
                opened.grids.append(grid)
    except calamine.PasswordError:
        raise Unreadable("encrypted") from None
    except Unreadable:
        raise
    except (calamine.CalamineError, ValueError, OSError, OverflowError) as error:
        raise Unreadable("broken", detail=str(error)) from None
    except BaseException as error:
        # The reader of values is native code; a file that makes it give up must not end the program.
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable("broken", detail=str(error)) from None
    if inside.stale and any(grid.facts.computed for grid in opened.grids):
        opened.findings.append(Finding("warning", "stale_results"))
    return opened


def _book_findings(inside: Inside) -> list[Finding]:
    found = []
    if inside.macros:
        found.append(Finding("warning", "macros"))
    if inside.outside:
        found.append(Finding("warning", "external_links", params={"count": inside.outside}))
    if inside.connections:
        found.append(Finding("warning", "connections"))
    if inside.pictures:
        found.append(Finding("info", "pictures", params={"count": inside.pictures}))
    return found
