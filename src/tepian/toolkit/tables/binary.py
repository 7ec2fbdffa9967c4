"""XLS, the older binary workbook: protection, macros, links to outside, formulas and errors, told from its records."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import olefile

from .archives import Inside, number_format
from .grids import Facts, Format
from .parts import Limits, Unreadable

# Record numbers of the format (MS-XLS 2.3).
_BOF, _EOF, _FILEPASS, _BOUNDSHEET, _FORMULA, _STRING = 0x809, 0x0A, 0x2F, 0x85, 0x06, 0x207
_BLANK, _MULBLANK, _NUMBER, _RK, _MULRK, _LABEL, _LABELSST, _RSTRING, _BOOLERR = (
    0x201, 0xBE, 0x203, 0x27E, 0xBD, 0x204, 0xFD, 0xD6, 0x205,
)  # fmt: skip
_XF, _FORMAT, _SUPBOOK, _DATEMODE, _ROW = 0xE0, 0x41E, 0x1AE, 0x22, 0x208
_VALUED = {_NUMBER, _RK, _MULRK, _LABEL, _LABELSST, _RSTRING, _BOOLERR, _FORMULA}
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


def look_into_xls(data: bytes, limits: Limits) -> Inside:
    """Facts of each sheet. Raises `Unreadable`: encrypted, wrong_type, broken, or more than the limits allow."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            names = {"/".join(path) for path in ole.listdir(streams=True, storages=True)}
            if names & {"EncryptedPackage", "EncryptionInfo"}:
                raise Unreadable("encrypted")
            stream = next((name for name in ("Workbook", "Book") if name in names), "")
            if not stream:
                known = {"WordDocument": "DOC", "PowerPoint Document": "PPT", "__properties_version1.0": "MSG"}
                raise Unreadable("wrong_type", found=next((known[name] for name in names if name in known), "OLE"))
            book = ole.openstream(stream).read()
            macros = any(name.split("/")[0].upper() in {"_VBA_PROJECT_CUR", "MACROS", "_VBA_PROJECT"} for name in names)
    except (OSError, ValueError, IndexError, struct.error, TypeError, AttributeError) as error:
        raise Unreadable("broken", detail=str(error)) from None
    try:
        inside = _walk(book, limits)
    except (struct.error, IndexError) as error:
        raise Unreadable("broken", detail=str(error)) from None
    inside.macros = macros
    return inside


def _records(book: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Offset, number and content of each record."""
    at, end = 0, len(book)
    while at + 4 <= end:
        number, size = struct.unpack_from("<HH", book, at)
        if number == 0 and size == 0:  # padding after the last one
            return
        yield at, number, book[at + 4 : at + 4 + size]
        at += 4 + size


def _walk(book: bytes, limits: Limits) -> Inside:
    inside = Inside()
    starts: dict[int, str] = {}
    codes: dict[int, str] = {9: "0%", 10: "0.00%"}
    styles: list[Format] = []
    facts: Facts | None = None
    waiting: tuple[int, int] | None = None
    total = 0
    unicode = struct.unpack_from("<H", book, 4)[0] == 0x600  # the edition since 1997; the one before has 8-bit texts
    for at, number, body in _records(book):
        if number == _FILEPASS:
            raise Unreadable("encrypted")
        if number == _BOF and at in starts:
            facts = inside.sheets[starts[at]] = Facts()
        elif facts is None:
            _globals(inside, number, body, starts, codes, styles, unicode)
            if len(starts) > limits.sheets:
                raise Unreadable("too_many_sheets", count=len(starts), limit=limits.sheets)
        elif number == _STRING and waiting:
            if unicode:
                facts.texts[waiting] = _unicode(body)
            waiting = None
        elif number == 0xE5:  # MERGEDCELLS
            for n in range(struct.unpack_from("<H", body)[0]):
                first, last, left, right = struct.unpack_from("<4H", body, 2 + 8 * n)
                facts.merges.append((first + 1, left + 1, last + 1, right + 1))
        elif number == _ROW and len(body) >= 16:
            facts.hidden_rows += bool(struct.unpack_from("<H", body, 12)[0] & 0x20)
        elif number in _VALUED:
            waiting = _cell(facts, number, body, styles)
            total += 1
            if total > limits.cells:
                raise Unreadable("too_many_cells", limit=limits.cells)
    for name, one in inside.sheets.items():
        one.check(name, limits)
    return inside


def _globals(
    inside: Inside,
    number: int,
    body: bytes,
    starts: dict[int, str],
    codes: dict[int, str],
    styles: list[Format],
    unicode: bool,
) -> None:
    if number == _BOUNDSHEET:
        size = body[6]
        wide = unicode and body[7] & 1
        name = body[7 + unicode :][: size * (2 if wide else 1)]
        starts[struct.unpack_from("<I", body)[0]] = name.decode("utf-16-le" if wide else "latin-1", "replace")
    elif number == _FORMAT and unicode:
        codes[struct.unpack_from("<H", body)[0]] = _unicode(body[2:])
    elif number == _XF:
        styles.append(number_format(codes.get(struct.unpack_from("<H", body, 2)[0], "")))
    elif number == _SUPBOOK and len(body) > 4 and body[2:4] not in {b"\x01\x04", b"\x01\x3a"}:
        inside.outside += 1  # neither this book itself nor the add-in functions
    elif number == _DATEMODE:
        inside.since_1904 = bool(body[0])
    elif number == 0xEB:  # drawings of all sheets; the store of pictures in it tells their number
        store = body.find(b"\x01\xf0")
        head = struct.unpack_from("<H", body, store - 2)[0] if store >= 2 else 0
        inside.pictures = head >> 4 if head & 0xF == 0xF else 0


def _cell(facts: Facts, number: int, body: bytes, styles: list[Format]) -> tuple[int, int] | None:
    """Keep what a cell's record tells; returns its place when its text follows in the next record."""
    row, column, style = struct.unpack_from("<3H", body)
    at = row + 1, column + 1
    facts.filled += 1
    facts.used(*at)
    if number == _MULRK:
        last = struct.unpack_from("<H", body, len(body) - 2)[0]
        facts.used(row + 1, last + 1)
        for n in range(last - column + 1):
            _note_style(facts, (row + 1, column + 1 + n), struct.unpack_from("<H", body, 4 + 6 * n)[0], styles)
        return None
    _note_style(facts, at, style, styles)
    if number == _BOOLERR and body[7]:
        facts.errors[at] = _ERRORS.get(body[6], "#ERROR")
    elif number == _FORMULA:
        facts.computed += 1
        if body[12:14] == b"\xff\xff":  # the result is no number
            if body[6] == 2:
                facts.errors[at] = _ERRORS.get(body[8], "#ERROR")
            elif body[6] == 0:
                return at
    return None


def _note_style(facts: Facts, at: tuple[int, int], style: int, styles: list[Format]) -> None:
    if style < len(styles) and styles[style] != Format():
        facts.formats[at] = styles[style]


def _unicode(body: bytes) -> str:
    """An unformatted string of the format: length, a flag for its width, letters."""
    size, flags = struct.unpack_from("<HB", body)
    return body[3 : 3 + size * (1 + (flags & 1))].decode("utf-16-le" if flags & 1 else "latin-1", "replace")
