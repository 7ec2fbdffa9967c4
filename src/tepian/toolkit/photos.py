"""Where and when a photo was taken, and the photo without that and anything else about its maker.

`facts(content)` reads the Exif of a JPEG, PNG or WebP. `without_traces(content)` keeps the picture, its colours and which
way is up, and drops everything else: Exif, XMP, IPTC, comments, texts, and pictures hidden behind it. Neither decodes
the picture, so neither can be made to fill the memory. Sources: CIPA DC-008 (Exif 2.32), ITU T.81, W3C PNG, RFC 9649.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

PNG = b"\x89PNG\r\n\x1a\n"
ORIENTATION, TAKEN, EXIF, GPS, ORIGINAL = 0x0112, 0x0132, 0x8769, 0x8825, 0x9003
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 9: 4, 10: 8}  # bytes of a value by its type
MOST_ENTRIES = 400
PNG_KEPT = {
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"bKGD",
    b"pHYs", b"acTL", b"fcTL", b"fdAT",
}  # fmt: skip
WEBP_KEPT = {b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"}


class NotAPhoto(ValueError):
    """No JPEG, PNG or WebP, or one that is broken."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the camera wrote: its own clock (without zone), degrees WGS 84; `orientation` 1 to 8 as Exif counts."""

    taken: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    orientation: int = 1


def facts(content: bytes) -> Facts:
    """Empty where nothing is said or what is said makes no sense."""
    with contextlib.suppress(NotAPhoto):
        exif = _exif(content)
        if exif:
            return _read(exif)
    return Facts()


def size(content: bytes) -> tuple[int, int]:
    """Width and height in points, as the head says. Raises `NotAPhoto`."""
    if content[:3] == b"\xff\xd8\xff":
        for marker, data in _segments(content):
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC) and len(data) >= 5:
                height, width = struct.unpack_from(">HH", data, 1)
                return width, height
    elif content[:8] == PNG and content[12:16] == b"IHDR" and len(content) >= 24:
        width, height = struct.unpack_from(">II", content, 16)
        return width, height
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        for kind, data in _webp_chunks(content):
            if kind == b"VP8X" and len(data) >= 10:
                return int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1
            if kind == b"VP8L" and len(data) >= 5:
                bits = int.from_bytes(data[1:5], "little")
                return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
            if kind == b"VP8 " and len(data) >= 10:
                width, height = struct.unpack_from("<HH", data, 6)
                return width & 0x3FFF, height & 0x3FFF
    raise NotAPhoto


def without_traces(content: bytes) -> bytes:
    """The same picture and nothing else. Raises `NotAPhoto`."""
    if content[:3] == b"\xff\xd8\xff":
        return _clean_jpeg(content, facts(content).orientation)
    if content[:8] == PNG:
        kept = (whole for kind, _data, whole in _png_chunks(content) if kind in PNG_KEPT)
        return PNG + b"".join(kept)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _clean_webp(content)
    raise NotAPhoto


# --- Exif -------------------------------------------------------------------------------------------------------------


def _exif(content: bytes) -> bytes:
    if content[:3] == b"\xff\xd8\xff":
        for marker, data in _segments(content):
            if marker == 0xE1 and data[:6] == b"Exif\0\0":
                return data[6:]
    elif content[:8] == PNG:
        return next((data for kind, data, _whole in _png_chunks(content) if kind == b"eXIf"), b"")
    elif content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        found = next((data for kind, data in _webp_chunks(content) if kind == b"EXIF"), b"")
        return found.removeprefix(b"Exif\0\0")
    return b""


def _read(exif: bytes) -> Facts:
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 8:
        return Facts()
    main = _entries(exif, order, struct.unpack(f"{order}I", exif[4:8])[0])
    deeper = _entries(exif, order, _number(main.get(EXIF)))
    place = _entries(exif, order, _number(main.get(GPS)))
    lat, lon = _degrees(place, 2, b"S", order, 90), _degrees(place, 4, b"W", order, 180)
    if lat is None or lon is None or (lat == 0 and lon == 0):  # 0/0 is what cameras write before they know
        lat = lon = None
    way = _number(main.get(ORIENTATION))
    return Facts(_moment(deeper.get(ORIGINAL) or main.get(TAKEN)), lon, lat, way if 1 <= way <= 8 else 1)


Entry = tuple[int, int, bytes, str]  # type, count, value, byte order


def _entries(exif: bytes, order: str, at: int) -> dict[int, Entry]:
    if not 8 <= at <= len(exif) - 2:
        return {}
    (count,) = struct.unpack_from(f"{order}H", exif, at)
    found: dict[int, Entry] = {}
    for number in range(min(count, MOST_ENTRIES)):
        place = at + 2 + 12 * number
        if place + 12 > len(exif):
            break
        tag, kind, values = struct.unpack_from(f"{order}HHI", exif, place)
        size = SIZES.get(kind, 0) * values
        if not 0 < size <= 4096:
            continue
        start = place + 8 if size <= 4 else struct.unpack_from(f"{order}I", exif, place + 8)[0]
        if start + size <= len(exif):
            found[tag] = (kind, values, exif[start : start + size], order)
    return found


def _number(entry: Entry | None) -> int:
    if entry is None or entry[0] not in (3, 4):
        return 0
    kind, _count, data, order = entry
    return int(struct.unpack(f"{order}{'H' if kind == 3 else 'I'}", data[: SIZES[kind]])[0])


def _degrees(place: dict[int, Entry], tag: int, negative: bytes, order: str, limit: int) -> float | None:
    side, entry = place.get(tag - 1), place.get(tag)
    if side is None or entry is None or entry[0] != 5 or entry[1] != 3:
        return None
    numbers = struct.unpack(f"{order}6I", entry[2])
    if not all(numbers[1::2]):
        return None
    degrees = sum(numbers[2 * each] / numbers[2 * each + 1] / 60**each for each in range(3))
    if not 0 <= degrees <= limit:
        return None
    return round(-degrees if side[2][:1].upper() == negative else degrees, 6)


def _moment(entry: Entry | None) -> datetime | None:
    if entry is None:
        return None
    try:
        return datetime.strptime(entry[2][:19].decode("ascii"), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None


# --- JPEG -------------------------------------------------------------------------------------------------------------


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, data) up to the picture itself."""
    at = 2
    while True:
        while content[at : at + 2] == b"\xff\xff":  # fill bytes
            at += 1
        if at + 4 > len(content) or content[at] != 0xFF:
            raise NotAPhoto
        marker, (length,) = content[at + 1], struct.unpack_from(">H", content, at + 2)
        if length < 2 or at + 2 + length > len(content):
            raise NotAPhoto
        yield marker, content[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == 0xDA:
            return


def _clean_jpeg(content: bytes, orientation: int) -> bytes:
    parts = [b"\xff\xd8"]
    if orientation != 1:
        tag = struct.pack(">HHIHH", ORIENTATION, 3, 1, orientation, 0)
        exif = b"Exif\0\0MM\0\x2a\0\0\0\x08" + struct.pack(">H", 1) + tag + b"\0\0\0\0"
        parts.append(b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif)
    at = 2
    while True:
        while content[at : at + 2] == b"\xff\xff":
            at += 1
        if content[at : at + 2] == b"\xff\xd9":
            return b"".join([*parts, b"\xff\xd9"])  # whatever lies behind is not the picture
        if at + 4 > len(content) or content[at] != 0xFF:
            raise NotAPhoto
        marker, (length,) = content[at + 1], struct.unpack_from(">H", content, at + 2)
        end = at + 2 + length
        if length < 2 or end > len(content):
            raise NotAPhoto
        data = content[at + 4 : end]
        said = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if not said or marker in (0xE0, 0xEE) or (marker == 0xE2 and data[:12] == b"ICC_PROFILE\0"):
            parts.append(content[at:end])
        at = end
        if marker == 0xDA:
            at = _end_of_scan(content, end)
            parts.append(content[end:at])


def _end_of_scan(content: bytes, at: int) -> int:
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 1 >= len(content):
            raise NotAPhoto
        following = content[at + 1]
        if following and not 0xD0 <= following <= 0xD7 and following != 0xFF:
            return at
        at += 1 if following == 0xFF else 2


# --- PNG and WebP -----------------------------------------------------------------------------------------------------


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    at = 8
    while True:
        if at + 12 > len(content):
            raise NotAPhoto
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content) or zlib.crc32(content[at + 4 : end - 4]) != struct.unpack_from(">I", content, end - 4)[0]:
            raise NotAPhoto
        yield kind, content[at + 8 : end - 4], content[at:end]
        if kind == b"IEND":
            return
        at = end


def _webp_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, end = 12, 8 + struct.unpack_from("<I", content, 4)[0]
    if end > len(content):
        raise NotAPhoto
    while at + 8 <= end:
        kind, length = struct.unpack_from("<4sI", content, at)
        if at + 8 + length > end:
            raise NotAPhoto
        yield kind, content[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _clean_webp(content: bytes) -> bytes:
    parts = []
    for kind, data in _webp_chunks(content):
        if kind not in WEBP_KEPT:
            continue
        if kind == b"VP8X" and data:
            data = bytes([data[0] & ~0x0C]) + data[1:]  # no Exif, no XMP
        parts.append(struct.pack("<4sI", kind, len(data)) + data + b"\0" * (len(data) % 2))
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body
