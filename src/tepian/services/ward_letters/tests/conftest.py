"""A ward of the fictional city with two families, and the people of its offices."""

from __future__ import annotations

import struct
import zlib
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest

from tepian.kernel.actors import system
from tepian.kernel.catalogue import kept
from tepian.kernel.identity.models import Account
from tepian.kernel.residents import operations as register
from tepian.kernel.signatures import operations as signing
from tepian.toolkit import photos
from tepian.toolkit.tests.photos import JPEG

from .. import operations, queries
from ..models import Request

SYSTEM = system("tests")
WARD, RT, OTHER = "99.01.01.1001", "99.01.01.1001.RT005", "99.01.01.1002"
KK = "9901010101200001"


def resident(nik: str, name: str, *, region: str = RT, kk: str = KK, **facts: Any) -> Any:
    values = {"nik": nik, "name": name, "sex": "P", "born_on": date(1990, 3, 5), "marriage": 1, "street": "Jl. Tepi 3"}
    return register.register_resident(actor=SYSTEM, facts=values | facts, region=region, kk=kk)


@pytest.fixture
def people(contoh: Any) -> SimpleNamespace:
    """Siti and her father on one card in RT 005; Budi, one word, in another ward."""
    return SimpleNamespace(
        siti=resident("9901014503900001", "Siti O'Neil"),
        father=resident("9901010503600002", "Ahmad", sex="L", born_on=date(1960, 3, 5), marriage=2),
        budi=resident("9901010107800003", "Budi", region=OTHER, kk="9901010101200002", sex="L", born_on=date(1980, 7, 1)),
    )  # fmt: skip


@pytest.fixture
def offices(actor_with: Any) -> SimpleNamespace:
    def post(name: str, role: str, code: str) -> Any:
        return actor_with(role, scope="region", code=code, username=name)

    found = SimpleNamespace(
        clerk=post("clerk", "ward_clerk", WARD),
        clerk2=post("clerk2", "ward_clerk", WARD),
        elsewhere=post("elsewhere", "ward_clerk", OTHER),
        head=post("head", "ward_head", WARD),
        camat=post("camat", "ward_head", "99.01.01"),
        rt=post("rt", "neighbourhood_head", RT),
        rw=post("rw", "neighbourhood_head", WARD),
    )
    kept.forget_all()  # the fixtures wrote their positions past the operations
    return found


def large_png(width: int, height: int) -> bytes:
    """A real picture of one bit a point."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * ((width // 8 + 1) * height))
    return photos.PNG + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


ANSWERS = {
    "domisili": {"address_right": "yes", "stay_since": "1-5-2020", "purpose": "membuka rekening"},
    "sktm": {"for_whom": "self", "income": "1.200.000", "dependants": "3", "purpose": "sekolah"},
    "tanah": {
        "land_place": "Jl. Ujung", "land_area": "240", "land_north": "jalan", "land_east": "parit", "land_south": "Ahmad",
        "land_west": "Siti", "purpose": "jual beli",
    },
}  # fmt: skip
PAPERS = {"domisili": (), "sktm": ("house",), "tanah": ("title", "witness")}


def fresh(row: Request) -> Request:
    return queries._rows().get(pk=row.pk)


def send(who: Any, kind: str = "domisili") -> Request:
    """A request of somebody, answered and sent from home."""
    chosen = queries.kind(kind)
    assert chosen is not None
    row = operations.begin(actor=SYSTEM, kind=chosen, resident=who)
    row = operations.answer(actor=SYSTEM, request=row, answers=ANSWERS[kind], revision=row.revision, secret=row.secret)
    for paper in PAPERS[kind]:
        operations.attach(actor=SYSTEM, request=row, paper=paper, content=JPEG, name="foto.jpg", secret=row.secret)
    row = fresh(row)
    operations.submit(actor=SYSTEM, request=row, revision=row.revision, secret=row.secret)
    return fresh(row)


def approve(actor: Any, row: Request) -> Request:
    operations.approve(actor=actor, request=row, revision=row.revision)
    return fresh(row)


PASSPHRASE = "perahu biru menyeberang pagi"


@pytest.fixture
def key(offices: Any) -> str:
    """The lurah and the camat can sign; the passphrase of both."""
    signing.make_root(actor=SYSTEM)
    for actor in (offices.head, offices.camat):
        signing.offer_key(actor=SYSTEM, account=Account.objects.get(username=actor.id))
        signing.activate_key(actor=actor, passphrase=PASSPHRASE)
    return PASSPHRASE
