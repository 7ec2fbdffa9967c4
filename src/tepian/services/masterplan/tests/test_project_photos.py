"""Photos of the site: real ones, with spot and day, and without the place in the file."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tepian.kernel.actors import Conflict, Denied
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.queries import open_file
from tepian.toolkit import photos
from tepian.toolkit.tests.photos import exif, jpeg_with

from .. import operations, states
from ..models import Project
from ..queries import projects as queries
from .built import DAY, SYSTEM, fails, park, picture

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _july(contoh: Any, on_day: Callable[[date], None]) -> None:
    on_day(DAY)


def shoot(row: Project, content: bytes, name: str = "a.jpg", **options: Any) -> Any:
    given: dict[str, Any] = {"phase": states.BEFORE, "spot": "Gerbang", "caption": "Gerbang lama"} | options
    return operations.add_photo(actor=SYSTEM, project=row, content=content, name=name, **given)


def test_the_camera_says_day_and_place_and_the_file_forgets_them():
    photo = shoot(park(), jpeg_with(exif(taken="2025:03:14 09:26:53", lat=-0.502106, lon=117.153709)))
    assert (photo.taken_on, photo.lat, photo.lon) == (date(2025, 3, 14), -0.502106, 117.153709)
    with open_file(StoredFile.objects.get(pk=photo.file)) as file:
        kept = file.read()
    facts = photos.facts(kept)
    assert (facts.taken, facts.lat, facts.lon, facts.orientation) == (None, None, None, 6), "only which way is up stays"


def test_what_somebody_says_goes_before_the_camera():
    photo = shoot(park(), jpeg_with(exif()), taken_on=date(2025, 5, 5), lon=118.5, lat=-0.5)
    assert (photo.taken_on, photo.lon) == (date(2025, 5, 5), 118.5)


def test_the_same_picture_again_is_the_one_that_is_there():
    row = park()
    first, second = (shoot(row, picture(), "a.png", taken_on=DAY) for _n in range(2))
    assert first.pk == second.pk and StoredFile.objects.filter(subject_type="plan_project").count() == 1


def png_of(width: int, height: int) -> bytes:
    """The head of a large picture: it is refused by what its head says, before anybody opens it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * ((width // 8 + 1) * height))
    return photos.PNG + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "a.jpg", "not_a_photo"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "a.svg", "type_not_allowed"),
        (b"%PDF-1.7", "a.png", "not_a_photo"),
        (b"", "a.jpg", "not_a_photo"),
        (picture(), "a.jpg", "type_mismatch"),
        (picture()[:-20], "a.png", "not_a_photo"),
        (png_of(8000, 5000), "a.png", "too_many_pixels"),
        (picture() + b"\0" * 11_000_000, "a.png", "too_large"),
    ],
    ids=["svg-as-jpeg", "svg", "pdf", "empty", "png-as-jpeg", "cut", "40-megapixels", "too-large"],
)
def test_what_is_no_photo_is_refused_and_nothing_stays(content: bytes, name: str, code: str):
    row = park()
    error = fails(code, lambda: shoot(row, content, name, taken_on=DAY))
    assert error.field == "photo"
    assert not row.photos.exists() and not StoredFile.objects.filter(subject_type="plan_project").exists()


@pytest.mark.parametrize(
    ("options", "code"),
    [({"phase": "later"}, "phase"), ({"spot": ""}, "text_missing"), ({"caption": "x" * 301}, "text_too_long"),
     ({"taken_on": date(2025, 7, 21)}, "taken_on"), ({"taken_on": None}, "taken_on")],
)  # fmt: skip
def test_photos_say_where_when_and_what(options: dict[str, Any], code: str):
    row = park()
    fails(code, lambda: shoot(row, picture(), "a.png", **({"taken_on": DAY} | options)))
    assert not row.photos.exists()


def test_pairs_stand_by_spot():
    row = park()
    for number, (spot, phase, day) in enumerate(
        [("Gerbang", states.BEFORE, date(2025, 1, 7)), ("Gerbang", states.DURING, date(2025, 3, 1)),
         ("Gerbang", states.DURING, date(2025, 6, 1)), ("Tangga", states.DURING, date(2025, 6, 2))]
    ):  # fmt: skip
        shoot(row, picture(f"#0000{number:02d}"), "a.png", spot=spot, phase=phase, taken_on=day)
    gate, stairs = queries.pairs(queries.photos(row))
    assert gate.before is not None and gate.after is not None
    assert (gate.before.taken_on, gate.after.taken_on, len(gate.others)) == (date(2025, 1, 7), date(2025, 6, 1), 1)
    assert stairs.before is None


def test_withdrawn_it_is_gone_for_the_public_and_the_reason_stays(verifier, actor_with, client):
    row = park()
    photo = shoot(row, picture(), "a.png", taken_on=DAY)
    assert client.get(f"/rencana/foto/{photo.key}").status_code == 200
    with pytest.raises(Denied):
        operations.withdraw_photo(
            actor=actor_with("plan_reporter", scope="agency", code="dinkes", username="lain"), photo=photo, reason="x"
        )
    fails("text_missing", lambda: operations.withdraw_photo(actor=verifier, photo=photo, reason=" "))
    operations.withdraw_photo(actor=verifier, photo=photo, reason="Wajah anak terlihat.")
    fails("too_late", lambda: operations.withdraw_photo(actor=verifier, photo=photo, reason="x"), Conflict)
    assert client.get(f"/rencana/foto/{photo.key}").status_code == 404
    assert queries.photos(row) == []
