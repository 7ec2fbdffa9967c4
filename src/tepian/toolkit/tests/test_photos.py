"""What photos tell of their maker is read, and does not leave the house."""

from __future__ import annotations

import struct
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tepian.toolkit import photos

from .photos import JPEG, PNG, WEBP, exif, jpeg_with, png_with, segment, webp_with

XMP = segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x>secret name</x>")
COMMENT = segment(0xFE, b"secret comment")
KINDS = {
    "jpeg": lambda block: jpeg_with(block, more=XMP + COMMENT, behind=b"secret second picture"),
    "png": lambda block: png_with((b"eXIf", block), (b"tEXt", b"Author\0secret")),
    "webp": webp_with,
}


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("kind", KINDS)
def test_place_and_time_are_read(kind: str, order: str) -> None:
    found = photos.facts(KINDS[kind](exif(order=order)))
    assert found.taken == datetime(2026, 3, 14, 9, 26, 53)
    assert (found.lat, found.lon) == (pytest.approx(-0.502106, abs=1e-5), pytest.approx(117.153709, abs=1e-5))
    assert found.orientation == 6


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_of_it_is_left_and_the_picture_is_the_same(kind: str) -> None:
    clean = photos.without_traces(KINDS[kind](exif()))
    found = photos.facts(clean)
    assert (found.taken, found.lat, found.lon) == (None, None, None)
    assert b"secret" not in clean and b"2026:03:14" not in clean
    picture = {"jpeg": JPEG[JPEG.index(b"\xff\xdb") :], "png": PNG[PNG.index(b"IDAT") :], "webp": WEBP[12:]}[kind]  # fmt: skip
    assert picture in clean
    assert photos.without_traces(clean) == clean


def test_a_jpeg_keeps_which_way_is_up() -> None:
    clean = photos.without_traces(jpeg_with(exif(orientation=8)))
    assert photos.facts(clean).orientation == 8
    assert photos.without_traces(jpeg_with(exif(orientation=1))) == JPEG


def test_a_plain_picture_stays_as_it_is() -> None:
    assert photos.without_traces(JPEG) == JPEG and photos.facts(JPEG) == photos.Facts()
    assert photos.without_traces(WEBP) == WEBP


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"II",
        b"MM\0\x2a" + b"\xff" * 40,
        exif(taken="0000:00:00 00:00:00"),
        exif(taken="no clock"),
        b"MM\0\x2a\0\0\0\x08" + struct.pack(">H", 65535) + b"\x88\x25\0\x04\0\0\0\x01\0\0\0\x08" * 60,
    ],
)
def test_what_makes_no_sense_is_nothing(block: bytes) -> None:
    assert photos.facts(jpeg_with(block)).taken is None
    photos.without_traces(jpeg_with(block))


def test_zero_degrees_and_impossible_places_are_no_place() -> None:
    assert photos.facts(jpeg_with(exif(lat=0, lon=0))).lat is None
    assert photos.facts(jpeg_with(exif(lat=91, lon=0))).lat is None


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"%PDF-1.7", JPEG[:-2], PNG[:-4], b"\xff\xd8\xff\xe0", WEBP[:30]])
def test_no_photo(content: bytes) -> None:
    with pytest.raises(photos.NotAPhoto):
        photos.without_traces(content)


@given(st.sampled_from(sorted(KINDS)), st.data())
def test_broken_files_are_refused_or_cleaned_but_never_break(kind: str, data: st.DataObject) -> None:
    content = bytearray(KINDS[kind](exif()))
    for _number in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    broken = bytes(content[: data.draw(st.integers(0, len(content)))])
    photos.facts(broken)
    try:
        clean = photos.without_traces(broken)
    except photos.NotAPhoto:
        return
    assert photos.facts(clean).lat is None


@pytest.mark.parametrize("content", [JPEG, PNG, WEBP, jpeg_with(exif()), webp_with(exif())])
def test_the_head_says_the_size(content: bytes) -> None:
    assert photos.size(content) == (24, 16)


@pytest.mark.parametrize("content", [b"", b"<svg/>", b"GIF89a", JPEG[:3], JPEG[:60], PNG[:14], WEBP[:20]])
def test_what_has_no_size_is_no_photo(content: bytes) -> None:
    with pytest.raises(photos.NotAPhoto):
        photos.size(content)
