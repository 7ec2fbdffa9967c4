"""Is a file what it says, and is it safe to keep? Everything here reads little and never unpacks more than it counts.

Raises `Invalid` with a stable code: `type_not_allowed`, `type_mismatch`, `damaged`, `bomb`, `active_content`,
`two_in_one`. A refusal of a bomb reads the archive's directory only.
"""

from __future__ import annotations

import mmap
import re
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import filetype
from django.utils.translation import gettext as _
from lxml import etree

from tepian.kernel.actors import Invalid

HEAD = 8192
TAIL = 66 * 1024  # a ZIP's end record lies within this
MOST_PIXELS = 60_000_000
LONGEST_SIDE = 20_000
MOST_ENTRIES = 4000
MOST_INFLATED = 64 * 1024 * 1024
MOST_RATIO = 100
SVG_LIMIT = 2 * 1024 * 1024
SVG_ELEMENTS = 50_000
TABLE_ENDINGS = (".xlsx", ".xlsm", ".xls", ".ods", ".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file that the city takes. `claims` are other names that browsers use for it."""

    name: str
    media_type: str
    endings: tuple[str, ...]
    check: Callable[[Path], None]
    claims: tuple[str, ...] = ()


# --- refusals ---------------------------------------------------------------------------------------------------------


def _mismatch(name: str) -> Invalid:
    return Invalid(
        _("The content of %(name)s is not what its name says. Nothing was stored. Save it again in the right format.")
        % {"name": name},
        code="type_mismatch",
        field="file",
        item=name,
    )


def _damaged(name: str) -> Invalid:
    return Invalid(
        _("The file %(name)s is damaged or cut off. Nothing was stored. Save or photograph it again.") % {"name": name},
        code="damaged",
        field="file",
        item=name,
    )


def _bomb(name: str) -> Invalid:
    return Invalid(
        _("The file %(name)s would become far too large when opened. Nothing was stored.") % {"name": name},
        code="bomb",
        field="file",
        item=name,
    )


def _active(name: str) -> Invalid:
    return Invalid(
        _("The file %(name)s contains a program or macro. Nothing was stored. Save it without these.") % {"name": name},
        code="active_content",
        field="file",
        item=name,
    )


def _two_in_one(name: str) -> Invalid:
    return Invalid(
        _("The file %(name)s hides a second file. Nothing was stored. Save it again in one format.") % {"name": name},
        code="two_in_one",
        field="file",
        item=name,
    )


# --- reading a little -------------------------------------------------------------------------------------------------


def _head(path: Path, size: int = HEAD) -> bytes:
    with path.open("rb") as file:
        return file.read(size)


def _tail(path: Path, size: int = TAIL) -> bytes:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - size))
        return file.read()


def _no_second_file(path: Path, *, pdf: bool = False) -> None:
    """No archive glued behind, no PDF or page hidden in front."""
    head = _head(path, 1024).lower()
    if b"pk\x05\x06" in _tail(path).lower() or (b"%pdf-" in head and not pdf):
        raise _two_in_one(path.name)
    if any(mark in head for mark in (b"<script", b"<html", b"<!doctype", b"<?php", b"<svg")):
        raise _two_in_one(path.name)


def _small_enough(name: str, width: int, height: int) -> None:
    if width <= 0 or height <= 0:
        raise _damaged(name)
    if width > LONGEST_SIDE or height > LONGEST_SIDE or width * height > MOST_PIXELS:
        raise _bomb(name)


# --- pictures ---------------------------------------------------------------------------------------------------------


def _png(path: Path) -> None:
    head = _head(path, 33)
    if len(head) < 33 or head[12:16] != b"IHDR":
        raise _damaged(path.name)
    width, height = struct.unpack(">II", head[16:24])
    _small_enough(path.name, width, height)
    with path.open("rb") as file:
        file.seek(8)
        while True:
            start = file.read(8)
            if len(start) < 8:
                raise _damaged(path.name)
            length, kind = struct.unpack(">I4s", start)
            if kind in {b"zTXt", b"iTXt", b"iCCP"} and length > 1024 * 1024:
                raise _bomb(path.name)
            file.seek(length + 4, 1)
            if kind == b"IEND":
                if file.read(1):
                    raise _two_in_one(path.name)
                return


def _jpeg(path: Path) -> None:
    with path.open("rb") as file:
        file.seek(2)
        while True:
            mark = file.read(2)
            if len(mark) < 2 or mark[0] != 0xFF:
                raise _damaged(path.name)
            code = mark[1]
            if code == 0xFF:
                file.seek(-1, 1)
                continue
            if code in {0xD9, 0xDA}:
                raise _damaged(path.name)  # the picture begins without a frame
            if 0xD0 <= code <= 0xD8 or code == 0x01:
                continue
            raw = file.read(2)
            if len(raw) < 2:
                raise _damaged(path.name)
            length = struct.unpack(">H", raw)[0]
            if 0xC0 <= code <= 0xCF and code not in {0xC4, 0xC8, 0xCC}:
                frame = file.read(5)
                if len(frame) < 5:
                    raise _damaged(path.name)
                height, width = struct.unpack(">HH", frame[1:5])
                _small_enough(path.name, width, height)
                break
            if length < 2:
                raise _damaged(path.name)
            file.seek(length - 2, 1)
    if b"\xff\xd9" not in _tail(path):
        raise _damaged(path.name)
    _no_second_file(path)


def _gif(path: Path) -> None:
    head = _head(path, 13)
    if len(head) < 13:
        raise _damaged(path.name)
    _small_enough(path.name, *struct.unpack("<HH", head[6:10]))
    if not _tail(path, 1) == b"\x3b":
        raise _two_in_one(path.name)
    _no_second_file(path)


def _webp(path: Path) -> None:
    head = _head(path, 40)
    if len(head) < 30:
        raise _damaged(path.name)
    if struct.unpack("<I", head[4:8])[0] + 8 not in {path.stat().st_size, path.stat().st_size + 1}:
        raise _two_in_one(path.name)
    form = head[12:16]
    if form == b"VP8X":
        width = int.from_bytes(head[24:27], "little") + 1
        height = int.from_bytes(head[27:30], "little") + 1
    elif form == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    elif form == b"VP8 ":
        width = int.from_bytes(head[26:28], "little") & 0x3FFF
        height = int.from_bytes(head[28:30], "little") & 0x3FFF
    else:
        raise _damaged(path.name)
    _small_enough(path.name, width, height)
    _no_second_file(path)


_SVG_NAMES = {"script", "foreignobject", "handler", "iframe", "embed", "object", "audio", "video", "listener"}
_SVG_LINK = re.compile(r"\s*(#|data:image/(png|jpeg|webp|gif);base64,)", re.IGNORECASE)


def _svg(path: Path) -> None:
    if path.stat().st_size > SVG_LIMIT:
        raise _bomb(path.name)
    raw = path.read_bytes()
    if b"<!doctype" in raw.lower() or b"<!entity" in raw.lower() or b"\0" in raw or b"<?xml-stylesheet" in raw.lower():
        raise _active(path.name)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(raw, parser)
    except etree.XMLSyntaxError:
        raise _damaged(path.name) from None
    if etree.QName(root).localname != "svg":
        raise _mismatch(path.name)
    for count, element in enumerate(root.iter()):
        if count > SVG_ELEMENTS:
            raise _bomb(path.name)
        if not isinstance(element.tag, str):
            continue
        tag = etree.QName(element).localname.lower()
        if tag in _SVG_NAMES or (tag == "style" and _risky_style(element.text or "")):
            raise _active(path.name)
        for key, value in element.attrib.items():
            name = etree.QName(key).localname.lower()
            if name.startswith("on") or (name == "href" and not _SVG_LINK.match(value)):
                raise _active(path.name)
            if name == "style" and _risky_style(value):
                raise _active(path.name)
            if name == "attributename" and value.lower().endswith("href"):
                raise _active(path.name)
            if "javascript:" in "".join(value.lower().split()):
                raise _active(path.name)


def _risky_style(text: str) -> bool:
    folded = "".join(text.lower().split())
    return any(mark in folded for mark in ("@import", "expression(", "javascript:", "\\")) or bool(
        re.search(r"url\((?!['\"]?#)", folded)
    )


# --- documents --------------------------------------------------------------------------------------------------------


def _pdf(path: Path) -> None:
    if not _head(path, 8).startswith(b"%PDF-"):
        raise _mismatch(path.name)
    tail = _tail(path)
    end = tail.rfind(b"%%EOF")
    if end < 0:
        raise _damaged(path.name)
    if len(tail[end + 5 :].strip()) > 0 or b"PK\x05\x06" in tail:
        raise _two_in_one(path.name)
    if _has_active_names(path):
        raise _active(path.name)
    if _unpacks_to(path) > MOST_INFLATED:
        raise _bomb(path.name)


def _unpacks_to(path: Path) -> int:
    """How many bytes the packed streams of a PDF become, counted to just over the limit: a few kilobytes can be made to
    fill the memory of whoever opens them. Packed twice, which nobody needs, counts as over it."""
    total = 0
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if _PACKED_TWICE.search(data):
            return MOST_INFLATED + 1
        at = data.find(b"stream")
        while at >= 0 and total <= MOST_INFLATED:
            begins = at + 6 + (2 if data[at + 6 : at + 8] == b"\r\n" else 1)
            stops = data.find(b"endstream", begins)
            if stops < 0:
                break
            total += _inflated(data[begins:stops], MOST_INFLATED + 1 - total)
            at = data.find(b"stream", stops + 9)
    return total


def _inflated(packed: bytes, most: int) -> int:
    """The length after inflating, at most about `most`; 0 for what is not packed so (a picture, a font)."""
    machine, size = zlib.decompressobj(), 0
    try:
        while packed and size <= most:
            size += len(machine.decompress(packed, 1024 * 1024))
            packed = machine.unconsumed_tail
    except zlib.error:
        return size
    return size


_PACKED_TWICE = re.compile(rb"/Fl(?:ateDecode)?\s*/Fl(?:ateDecode)?\b")
_PDF_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|RichMedia)\b")


def _has_active_names(path: Path) -> bool:
    """Programs named in the readable part of a PDF. Streams are skipped: there any letters occur by chance."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at, end = 0, len(data)
        while at < end:
            begins = data.find(b"stream", at)
            stops = data.find(b"endstream", begins + 6) if begins >= 0 else -1
            if stops < 0:
                return bool(_PDF_ACTIVE.search(data, at))
            if _PDF_ACTIVE.search(data, at, begins):
                return True
            at = stops + 9
    return False


def _office(path: Path, main: str) -> None:
    """XLSX and DOCX: the directory first (a bomb shows there), then every part is unpacked and counted, and its
    markup must be free of entities and macros."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, struct.error):
        raise _damaged(path.name) from None
    with archive:
        entries = archive.infolist()
        names = {entry.filename for entry in entries}
        if len(entries) > MOST_ENTRIES or len(names) != len(entries):
            raise _bomb(path.name)
        if "[Content_Types].xml" not in names or main not in names:
            raise _mismatch(path.name)
        if any(name.lower().endswith(("vbaproject.bin", ".vba", ".exe", ".js", ".dll")) for name in names):
            raise _active(path.name)
        if any(name.startswith(("/", "\\")) or ".." in Path(name).parts for name in names):
            raise _two_in_one(path.name)
        if path.stat().st_size and _head(path, 2) != b"PK":
            raise _two_in_one(path.name)
        total = sum(entry.file_size for entry in entries)
        packed = sum(entry.compress_size for entry in entries)
        if total > MOST_INFLATED or packed > path.stat().st_size or total > MOST_RATIO * max(packed, 10_000):
            raise _bomb(path.name)
        for entry in entries:
            if entry.flag_bits & 0x1:
                raise _damaged(path.name)  # encrypted: nobody could check or open it
            if entry.file_size > MOST_RATIO * max(entry.compress_size, 1000):
                raise _bomb(path.name)
        left = MOST_INFLATED
        for entry in entries:
            left -= _unpack(archive, entry, path.name, left)


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, left: int) -> int:
    """Unpack one part without keeping it; returns its size. What it says of itself may lie, so it is counted."""
    counted, kept = 0, b""
    markup = entry.filename.lower().endswith((".xml", ".rels", ".vml"))
    try:
        with archive.open(entry) as part:
            while block := part.read(256 * 1024):
                if counted == 0 and markup and block[:2] in {b"\xff\xfe", b"\xfe\xff"}:
                    raise _active(name)  # entities could hide in another encoding
                counted += len(block)
                if counted > left or counted > entry.file_size:
                    raise _bomb(name)
                if markup and re.search(rb"<!(DOCTYPE|ENTITY)", kept + block, re.IGNORECASE):
                    raise _active(name)
                kept = block[-12:]
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
        raise _damaged(name) from None
    return counted


def _xlsx(path: Path) -> None:
    _office(path, "xl/workbook.xml")


def _docx(path: Path) -> None:
    _office(path, "word/document.xml")


def _text(path: Path) -> None:
    """Plain text in any eight-bit encoding: no control characters, and not a page in disguise."""
    allowed = bytes(range(32, 256)) + b"\t\r\n\f"
    with path.open("rb") as file:
        first = True
        while block := file.read(1024 * 1024):
            if block.translate(None, allowed):
                raise _mismatch(path.name)
            if first and re.match(rb"(\xef\xbb\xbf)?\s*<(!doctype|html|script|svg|\?xml|\?php)", block, re.IGNORECASE):
                raise _mismatch(path.name)
            first = False


def _parquet(path: Path) -> None:
    """Begins and ends with Parquet's mark."""
    if _head(path, 4) != b"PAR1" or _tail(path, 4) != b"PAR1":
        raise _damaged(path.name)


def _read_elsewhere(path: Path) -> None:
    """Whoever stores it has read it with a reader of its own, which refuses what is not safe."""


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("pdf", "application/pdf", (".pdf",), _pdf, ("application/x-pdf",)),
        Kind("png", "image/png", (".png",), _png),
        Kind("jpeg", "image/jpeg", (".jpg", ".jpeg"), _jpeg, ("image/jpg", "image/pjpeg")),
        Kind("gif", "image/gif", (".gif",), _gif),
        Kind("webp", "image/webp", (".webp",), _webp),
        Kind("svg", "image/svg+xml", (".svg",), _svg),
        Kind("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", (".xlsx",), _xlsx),
        Kind("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", (".docx",), _docx),
        Kind("csv", "text/csv", (".csv",), _text, ("application/vnd.ms-excel", "text/plain", "application/csv")),
        Kind("txt", "text/plain", (".txt",), _text),
        Kind("parquet", "application/vnd.apache.parquet", (".parquet",), _parquet),
        # A table as offices send it, also a CSV called .xls. Always handed out as a download.
        Kind("table", "application/octet-stream", TABLE_ENDINGS, _read_elsewhere),
    )
}
DEFAULT_KINDS = ("pdf", "png", "jpeg", "webp", "xlsx", "docx", "csv", "txt")


def clean_name(name: str) -> str:
    """A file name fit for showing and for a header: no folders, no control or direction marks, at most 150 letters."""
    base = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    base = "".join(
        letter for letter in base if unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Co", "Cn"}
    ).strip(" .")
    if len(base) > 150:
        stem, dot, ending = base.rpartition(".")
        base = f"{stem[: 149 - len(ending)]}.{ending}" if dot and len(ending) < 10 else base[:150]
    return base or "berkas"


def inspect(path: Path, name: str, claimed: str, kinds: Iterable[str] = DEFAULT_KINDS) -> Kind:
    """The kind of this content. Ending, claim and content must agree, and it must be one of `kinds`."""
    ending = Path(name).suffix.lower()
    allowed = [KINDS[kind] for kind in kinds]
    kind = next((kind for kind in allowed if ending in kind.endings), None)
    if kind is None:
        raise Invalid(
            _("Files of this kind are not taken. Nothing was stored. Send one of: %(kinds)s.")
            % {"kinds": ", ".join(ending for kind in allowed for ending in kind.endings)},
            code="type_not_allowed",
            field="file",
            item=name,
        )
    claim = claimed.partition(";")[0].strip().lower()
    if claim not in {"", "application/octet-stream", kind.media_type, *kind.claims}:
        raise _mismatch(name)
    found = filetype.guess(_head(path))
    found_type = found.mime if found else ""
    is_archive = kind.name in {"xlsx", "docx"}
    if is_archive:
        if found_type not in {kind.media_type, "application/zip"}:
            raise _mismatch(name)
    elif kind.name in {"csv", "txt", "svg"}:
        if found_type and not found_type.startswith(("text/", "image/svg", "application/xml")):
            raise _mismatch(name)
    elif kind.name not in {"table", "parquet"} and found_type != kind.media_type:
        raise _mismatch(name)
    try:
        kind.check(path)
    except Invalid as refusal:
        # The checks know the content by its temporary name; people know it by theirs.
        raise type(refusal)(
            str(refusal.message).replace(path.name, name), code=refusal.code, field="file", item=name
        ) from None
    return kind
