"""Small real pictures, and cameras that write where and when."""

from __future__ import annotations

import base64
import struct
import zlib

# 24×16 points from red to blue, made by a browser.
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQAAAQABAAD/4gHYSUNDX1BST0ZJTEUAAQEAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAA"
    "ABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1"
    "AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAP"
    "KnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADb/"
    "2wBDAA0JCgsKCA0LCgsODg0PEyAVExISEyccHhcgLikxMC4pLSwzOko+MzZGNywtQFdBRkxOUlNSMj5aYVpQYEpRUk//2wBDAQ4ODhMREyYVFS"
    "ZPNS01T09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0//wAARCAAQABgDASIAAhEBAxEB/8QAFwAAAwEA"
    "AAAAAAAAAAAAAAAAAAIDBv/EABUQAQEAAAAAAAAAAAAAAAAAAAIA/8QAFQEBAQAAAAAAAAAAAAAAAAAABgT/xAAYEQADAQEAAAAAAAAAAAAAAA"
    "AAAwQiMf/aAAwDAQACEQMRAD8AzTVBqZqg1WxTcFFbxWoptRJ0zZDzX6P/2Q=="
)
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAABgAAAAQCAYAAAAMJL+VAAACJUlEQVR4AYxSLXAUYQzN3DSROCQKiUOisChwdaDAgQIFrg5cHShwdeBwSFRlXW"
    "VdZVUn6Uz6XrLf3m5/phU32X2/yd1tzsXyTB7kqTzME3mUx/I4j+RJHsrT/C/P8p88z7/yIn/LyzyQ3fwpr/OHvMt9eZ/f5FPuyef8Inv5Ub7m"
    "B9nPt/I938iv3JWDfCV/cnMhKi47EpiBeSFWz40rnvm+I2t8q49Zb8hR6BRzy28CwW1u0KtEEdziwHsgxGsqzMSt+ADePHEuoYUv86qAogZ12q"
    "CFxEcIL4paRlHSywRK174t3j4VFDToJaa5SwJhsdpwi3cofbYoUyxnuIC41uRSKCCoRTpCCTrKuoBnG8QKXhGm9Ux+lFAfC33UUtRb6VHAEMVL"
    "z6gSQ1Bv4jAzxAvXwhnuwKn1wqknx7n24V9kCNdpwyajzIYwnfAxyRtwLsOpE0+cBdfxjSOMG8a8yVKsc/lVfvh85TPoh19RboILGDJATsOGWm"
    "Sb1zy/ni4jTh3n2JxTy09NYHlcQJEBHOGcWpvcdJnDRNxrcy0fSx14AHN8yPM58IMvLugSiklS5JMpapLXGy6zuSSm8KUP/yItU0whJBkeJbYy"
    "8znAE7+NH7jPPl6H3yAARJk7bITEhAfO5DMvc2D35akL5OICfuc2f+cdYti8N6AoEOwQt0kXF1PTP+xVnu/0ocAQRpGhRGFWTJbqjFPI8GEKlM"
    "Udl/HiEJVLAAAA//8hvBpCAAAABklEQVQDAJC5mAEPMn/RAAAAAElFTkSuQmCC"
)
WEBP = base64.b64decode(
    "UklGRkACAABXRUJQVlA4WAoAAAAgAAAAFwAADwAASUNDUMgBAAAAAAHIAAAAAAQwAABtbnRyUkdCIFhZWiAH4AABAAEAAAAAAABhY3NwAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAQAA9tYAAQAAAADTLQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    "AAAAAAlkZXNjAAAA8AAAACRyWFlaAAABFAAAABRnWFlaAAABKAAAABRiWFlaAAABPAAAABR3dHB0AAABUAAAABRyVFJDAAABZAAAAChnVFJDAA"
    "ABZAAAAChiVFJDAAABZAAAAChjcHJ0AAABjAAAADxtbHVjAAAAAAAAAAEAAAAMZW5VUwAAAAgAAAAcAHMAUgBHAEJYWVogAAAAAAAAb6IAADj1"
    "AAADkFhZWiAAAAAAAABimQAAt4UAABjaWFlaIAAAAAAAACSgAAAPhAAAts9YWVogAAAAAAAA9tYAAQAAAADTLXBhcmEAAAAAAAQAAAACZmYAAP"
    "KnAAANWQAAE9AAAApbAAAAAAAAAABtbHVjAAAAAAAAAAEAAAAMZW5VUwAAACAAAAAcAEcAbwBvAGcAbABlACAASQBuAGMALgAgADIAMAAxADZW"
    "UDggUgAAADAEAJ0BKhgAEAA+tUqfSjKkIqawCAJQFolsAJ0yhHA3kH4k8IDuAAQkbAD+71/CRdbC3KzW+lKH/z2GXWv88bW0W16oP1xBQW+DTa"
    "yf8uiAAAA="
)


def exif(
    *,
    taken: str = "2026:03:14 09:26:53",
    lat: float = -0.502106,
    lon: float = 117.153709,
    orientation: int = 6,
    order: str = ">",
) -> bytes:
    """The Exif block of a telephone: TIFF header, main directory, its own and the GPS directory."""

    def entry(tag: int, kind: int, count: int, value: bytes) -> bytes:
        return struct.pack(f"{order}HHI", tag, kind, count) + value.ljust(4, b"\0")

    def number(value: int) -> bytes:
        return struct.pack(f"{order}I", value)

    def angle(value: float) -> bytes:
        value = abs(value)
        degrees, minutes = int(value), int(value * 60 % 60)
        return struct.pack(f"{order}6I", degrees, 1, minutes, 1, round(value * 3600 % 60 * 100000), 100000)

    main_at, own_at, gps_at, text_at = 8, 8 + 42, 8 + 42 + 18, 8 + 42 + 18 + 54
    head = (b"MM" if order == ">" else b"II") + struct.pack(f"{order}HI", 42, main_at)
    main = struct.pack(f"{order}H", 3)
    main += entry(0x0112, 3, 1, struct.pack(f"{order}H", orientation))
    main += entry(0x8769, 4, 1, number(own_at)) + entry(0x8825, 4, 1, number(gps_at)) + number(0)
    own = struct.pack(f"{order}H", 1) + entry(0x9003, 2, 20, number(text_at)) + number(0)
    gps = struct.pack(f"{order}H", 4)
    gps += entry(1, 2, 2, b"S\0" if lat < 0 else b"N\0") + entry(2, 5, 3, number(text_at + 20))
    gps += entry(3, 2, 2, b"W\0" if lon < 0 else b"E\0") + entry(4, 5, 3, number(text_at + 44)) + number(0)
    return head + main + own + gps + taken.encode().ljust(20, b"\0")[:20] + angle(lat) + angle(lon)


def segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data


def jpeg_with(block: bytes, *, more: bytes = b"", behind: bytes = b"") -> bytes:
    return JPEG[:2] + segment(0xE1, b"Exif\0\0" + block) + more + JPEG[2:] + behind


def png_with(*chunks: tuple[bytes, bytes]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return PNG[:33] + b"".join(chunk(kind, data) for kind, data in chunks) + PNG[33:]  # behind signature and IHDR


def webp_with(block: bytes) -> bytes:
    """With Exif and XMP chunks."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("<4sI", kind, len(data)) + data + b"\0" * (len(data) % 2)

    body = WEBP[8:20] + bytes([WEBP[20] | 0x0C]) + WEBP[21:]
    body += chunk(b"EXIF", b"Exif\0\0" + block) + chunk(b"XMP ", b"<x:xmpmeta>secret</x:xmpmeta>")
    return b"RIFF" + struct.pack("<I", len(body)) + body
