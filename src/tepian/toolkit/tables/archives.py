"""XLSX and ODS as archives: weighed before they are unpacked, and asked what a reader of values does not tell.

Parts are read with expat, event by event: it fetches nothing from outside, and an entity declaration ends the reading.
"""

from __future__ import annotations

import io
import posixpath
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from .grids import Facts, Format
from .parts import Limits, Unreadable

Attributes = dict[str, str]
_OUTSIDE = re.compile(
    r"\[\d+\][^\[\]]*!|\[[^\]]+\.xl\w+\]|'?(?:file|https?|ftp|smb):/|\b(?:WEBSERVICE|FILTERXML|IMPORTXML|IMPORTDATA|RTD|DDE|CALL|REGISTER(?:\.ID)?|"
    r"STOCKHISTORY|IMAGE|PY|CUBEVALUE)\s*\(|\w+\|[^!]+!|\\\\\w",
    re.I,
)
_FORMAT_UNIT = re.compile(r"\[\$([^\]-]+)|\"\s*(rp\.?|us\$|idr|€|\$|%)\s*\"|(?:\\?)(r)\\?p", re.I)
_MEBIBYTE = 1 << 20
_FAR = 1 << 40


class Archive:
    """A ZIP file whose sizes were checked. `read` gives one part, never more than the directory announced."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        try:
            self.zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OSError) as error:
            raise Unreadable("broken", detail=str(error)) from None
        entries = self.zip.infolist()
        if len(entries) > limits.entries:
            raise Unreadable("archive_entries", count=len(entries), limit=limits.entries)
        self.names = {entry.filename for entry in entries}
        if len(self.names) < len(entries):  # two readers could each take another of the two
            twice = next(entry.filename for entry in entries if self.zip.getinfo(entry.filename) is not entry)
            raise Unreadable("archive_twice", part=twice)
        total = sum(entry.file_size for entry in entries)
        if total > limits.unpacked:
            raise Unreadable("archive_too_large", size=total, limit=limits.unpacked)
        for entry in entries:
            if entry.flag_bits & 1:
                raise Unreadable("encrypted")
            ratio = entry.file_size // max(entry.compress_size, 1)
            if entry.file_size > _MEBIBYTE and ratio > limits.ratio:
                raise Unreadable("archive_ratio", part=entry.filename, ratio=ratio)

    def read(self, part: str) -> bytes:
        """The part, unpacked; its checksum proves that the directory told the true size. b"" when there is none."""
        if part not in self.names:
            return b""
        try:
            data = self.zip.read(part)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
            raise Unreadable("broken", detail=str(error)) from None
        if b"<!ENTITY" in data:
            raise Unreadable("entities", part=part)
        return data

    def check_rest(self, known: set[str]) -> None:
        """Unpack every XML part once that was not read here, for the reader of values will."""
        for name in sorted(self.names - known):
            if name.lower().endswith((".xml", ".rels")):
                self.read(name)

    def count(self, pattern: str) -> int:
        return sum(bool(re.match(pattern, name, re.I)) for name in self.names)


def walk(
    data: bytes,
    part: str,
    start: Callable[[str, Attributes], None],
    prepare: Callable[[expat.XMLParserType], None] | None = None,
) -> None:
    """Call `start(name, attributes)` for each element of an XML part, with the names' prefixes."""
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def declared(*_parts: object) -> None:
        raise Unreadable("entities", part=part)

    parser.StartElementHandler = start
    parser.EntityDeclHandler = declared
    if prepare:
        prepare(parser)
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise Unreadable("broken", detail=f"{part}: {error}") from None


def bare(name: str) -> str:
    """The name without its prefix."""
    return name.rpartition(":")[2]


def elements(archive: Archive, part: str) -> list[tuple[str, Attributes]]:
    """All elements of a small part, in order, without prefixes."""
    found: list[tuple[str, Attributes]] = []
    if data := archive.read(part):
        walk(data, part, lambda name, attributes: found.append((bare(name), attributes)))
    return found


@dataclass(slots=True)
class Inside:
    """What an archive says about its sheets, by name, and about itself."""

    sheets: dict[str, Facts] = field(default_factory=dict)
    since_1904: bool = False
    stale: bool = False  # results must be computed anew on opening
    macros: bool = False
    outside: int = 0  # links to other files
    connections: bool = False
    pictures: int = 0


# --- XLSX ------------------------------------------------------------------------------------------------------------


def _ending(attributes: Attributes, name: str) -> str:
    """An attribute whatever its namespace prefix is."""
    return next((value for key, value in attributes.items() if bare(key) == name), "")


def look_into_xlsx(archive: Archive, limits: Limits) -> Inside:
    """Facts of each sheet. Raises `Unreadable` before a reader of values could be overwhelmed."""
    inside = Inside(
        macros=bool(archive.count(r"xl/(vbaProject|macrosheets/)")),
        outside=archive.count(r"xl/externalLinks/[^/]+\.xml$"),
        connections=bool(archive.count(r"xl/(connections\.xml|queryTables/)")),
        pictures=archive.count(r"xl/media/."),
    )
    root = "xl/workbook.xml"
    targets = {}
    for name, attributes in elements(archive, "xl/_rels/workbook.xml.rels"):
        if name == "Relationship":
            target = attributes.get("Target", "")
            targets[attributes.get("Id", "")] = posixpath.normpath(
                target.lstrip("/") if target.startswith("/") else posixpath.join("xl", target)
            )
    sheets: list[tuple[str, str]] = []
    for name, attributes in elements(archive, root):
        if name == "sheet":
            sheets.append((attributes.get("name", ""), targets.get(_ending(attributes, "id"), "")))
        elif name == "workbookPr":
            inside.since_1904 = attributes.get("date1904") in {"1", "true"}
        elif name == "calcPr":
            inside.stale = attributes.get("fullCalcOnLoad") in {"1", "true"}
    if len(sheets) > limits.sheets:
        raise Unreadable("too_many_sheets", count=len(sheets), limit=limits.sheets)
    special = _special_styles(archive)
    filled = 0
    for name, part in sheets:
        if "worksheets" in part or part.endswith(".xml"):
            facts = inside.sheets[name] = _scan_sheet(archive.read(part), part, special)
            facts.check(name, limits)
            filled += facts.filled
    if filled > limits.cells:
        raise Unreadable("too_many_cells", limit=limits.cells)
    archive.check_rest({root, "xl/styles.xml", *(part for _name, part in sheets)})
    return inside


def _special_styles(archive: Archive) -> dict[str, Format]:
    """Style number → format, for those that say per cent or a currency."""
    codes = {"9": "0%", "10": "0.00%"}
    special: dict[str, Format] = {}
    index = -1
    for name, attributes in elements(archive, "xl/styles.xml"):
        if name == "numFmt":
            codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            index = 0
        elif name in {"cellStyles", "dxfs"}:
            index = -1
        elif name == "xf" and index >= 0:
            if (made := number_format(codes.get(attributes.get("numFmtId", ""), ""))) != Format():
                special[str(index)] = made
            index += 1
    return special


def number_format(code: str) -> Format:
    """What a number format such as `"Rp"#,##0` or `0.0%` tells."""
    found = _FORMAT_UNIT.search(code)
    unit = "Rp" if found and found[3] else (found[1] or found[2] or "").strip() if found else ""
    bare = re.sub(r'"[^"]*"|\\.', "", code)
    return Format("%" in bare, "" if unit == "%" else unit)


def _scan_sheet(data: bytes, part: str, special: dict[str, Format]) -> Facts:
    facts = Facts()
    columns: dict[str, int] = {}
    row = column = filled = 0
    first, last, rightmost = _FAR, 0, 0
    kind: str | None = None
    collected: list[str] = []
    parser_of: list[expat.XMLParserType] = []

    def collect(then: Callable[[str], None]) -> None:
        """Hand the text of the element that just began to `then`; other texts cost nothing."""
        parser = parser_of[0]
        collected.clear()

        def end(_name: str) -> None:
            parser.CharacterDataHandler = parser.EndElementHandler = None
            then("".join(collected))

        parser.CharacterDataHandler = collected.append
        parser.EndElementHandler = end

    def start(name: str, attributes: Attributes) -> None:
        # The order follows how often each comes: millions of the first two.
        nonlocal row, column, kind, filled, first, last, rightmost
        if name == "v":
            filled += 1
            if row > last:
                last = row
            if row < first:
                first = row
            if column > rightmost:
                rightmost = column
            if kind == "e":
                at = row, column
                collect(lambda text: facts.errors.__setitem__(at, text))
        elif name == "c":
            if reference := attributes.get("r"):
                head = reference.rstrip("0123456789")
                column = columns.get(head) or columns.setdefault(head, _column(head, part))
                row = int(reference[len(head) :] or 0)
            else:
                column += 1
            kind = attributes.get("t")
            if special and (style := special.get(attributes.get("s", "0"))):
                facts.formats[row, column] = style
        elif name == "row":
            row = int(attributes["r"]) if attributes.get("r", "").isdigit() else row + 1
            column = 0
            facts.hidden_rows += attributes.get("hidden") in {"1", "true"}
        elif name == "is":
            facts.used(row, column)
            filled += 1
        elif name == "f":
            at = row, column
            facts.computed += 1
            if kind != "str":
                facts.formulas.add(at)
            collect(lambda text: _note_formula(facts, at, text))
        elif name == "mergeCell":
            # Readers of values tell merges too; their lists differ in completeness between formats, ours does not.
            corner, _, other = attributes.get("ref", "").replace("$", "").partition(":")
            facts.merges.append((*_place(corner, part), *_place(other or corner, part)))
        elif ":" in name:
            start(bare(name), attributes)

    walk(data, part, start, parser_of.append)
    if last:
        facts.used(first, rightmost)
        facts.used(last, rightmost)
    facts.filled = filled
    return facts


def _note_formula(facts: Facts, at: tuple[int, int], text: str) -> None:
    if _OUTSIDE.search(text):
        facts.calls_out[at] = text


def _column(head: str, part: str) -> int:
    number = 0
    for letter in head:
        if not "A" <= letter <= "Z" or number > 1_000:
            raise Unreadable("broken", detail=f"{part}: {head}")
        number = number * 26 + ord(letter) - 64
    return number


def _place(reference: str, part: str) -> tuple[int, int]:
    head = reference.rstrip("0123456789")
    digits = reference[len(head) :]
    if not head or not digits:
        raise Unreadable("broken", detail=f"{part}: {reference!r}")
    return int(digits), _column(head, part)


# --- ODS -------------------------------------------------------------------------------------------------------------


def look_into_ods(archive: Archive, limits: Limits) -> Inside:
    """Facts of each sheet of an OpenDocument file; repeated cells are counted as often as they are repeated."""
    if b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise Unreadable("encrypted")
    inside = Inside(
        # LibreOffice writes empty libraries into every file; a module is a further XML part beside the two indexes.
        macros=bool(archive.count(r"(Basic/[^/]+/(?!script-lb)[^/]+\.xml|Scripts/.+\.\w+)$")),
        pictures=archive.count(r"(Pictures|media)/."),
    )
    part = "content.xml"
    facts = Facts()
    row = column = repeated = cells = 0
    collected: list[str] = []
    wants: tuple[int, int] | None = None
    parser_of: list[expat.XMLParserType] = []

    def finish(name: str) -> None:
        nonlocal wants
        if wants and name.endswith((":table-cell", ":covered-table-cell")):
            facts.errors[wants] = "".join(collected).strip() or "#ERROR"
            wants = None
            parser_of[0].CharacterDataHandler = parser_of[0].EndElementHandler = None

    def start(name: str, attributes: Attributes) -> None:
        nonlocal facts, row, column, repeated, cells, wants
        name = bare(name)
        if name == "table":
            facts = inside.sheets[_ending(attributes, "name")] = Facts()
            row = column = repeated = 0
            if len(inside.sheets) > limits.sheets:
                raise Unreadable("too_many_sheets", count=len(inside.sheets), limit=limits.sheets)
        elif name == "table-row":
            row, column = row + 1 + repeated, 0
            repeated = _times(attributes, "number-rows-repeated") - 1
            facts.hidden_rows += attributes.get("table:visibility") in {"collapse", "filter"}
        elif name in {"table-cell", "covered-table-cell"}:
            times = _times(attributes, "number-columns-repeated")
            kind = attributes.get("office:value-type")
            if kind or "table:formula" in attributes:
                cells += times * (repeated + 1)
                facts.filled += times * (repeated + 1)
                facts.used(row, column + 1)
                facts.used(row + repeated, column + times)
                facts.check("", limits)
                if cells > limits.cells:
                    raise Unreadable("too_many_cells", limit=limits.cells)
                places = [(row + n, column + 1 + m) for n in range(repeated + 1) for m in range(times)]
                wants = _note_ods_cell(facts, places, kind, attributes)
                if wants:
                    collected.clear()
                    parser_of[0].CharacterDataHandler = collected.append
                    parser_of[0].EndElementHandler = finish
            across, down = _times(attributes, "number-columns-spanned"), _times(attributes, "number-rows-spanned")
            if across > 1 or down > 1:
                facts.merges.append((row, column + 1, row + down - 1, column + across))
            column += times

    walk(archive.read(part), part, start, parser_of.append)
    archive.check_rest({part, "META-INF/manifest.xml"})
    return inside


def _note_ods_cell(
    facts: Facts, places: list[tuple[int, int]], kind: str | None, attributes: Attributes
) -> tuple[int, int] | None:
    """Keep what the cell says of itself; returns its place when its shown text is an error that must be collected."""
    made = Format()
    if kind == "percentage":
        made = Format(percent=True)
    elif kind == "currency":
        made = Format(unit=attributes.get("office:currency", "").replace("IDR", "Rp"))
    for place in places:
        if made != Format():
            facts.formats[place] = made
        if kind == "boolean":
            facts.booleans.add(place)
        if formula := attributes.get("table:formula"):
            facts.computed += 1
            if kind != "string":
                facts.formulas.add(place)
            _note_formula(facts, place, re.sub(r"^\w+:=?", "", formula))
    return places[0] if attributes.get("calcext:value-type") == "error" else None


def _times(attributes: Attributes, name: str) -> int:
    text = attributes.get(f"table:{name}", "1")
    return max(1, int(text)) if text.isdigit() and len(text) < 9 else 1
