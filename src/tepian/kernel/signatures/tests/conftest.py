"""A small office with letters that wait to be signed: the room is made up, everything else is real."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tepian.kernel.actors import Actor, Conflict, system
from tepian.kernel.catalogue import kept
from tepian.kernel.catalogue.contributions import DocumentFacts, Signable, SignableItem, Signatory
from tepian.kernel.catalogue.models import CitySetting
from tepian.kernel.identity.models import Account, Holding
from tepian.kernel.identity.queries import actor_for
from tepian.kernel.organisations.models import Agency, Position
from tepian.kernel.signatures import operations, queries
from tepian.toolkit.typeset import Document, Heading, Paragraph, pdf

PASSPHRASE = "perahu biru menyeberang pagi"
SYSTEM = system("tests")
NAME = "Siti Aminah"
NIK = "6472014501900001"


class Room:
    """Letters kept in a table, so that what is rolled back is seen: `waiting`, `signed`, the last number taken."""

    def __init__(self) -> None:
        self.facts = DocumentFacts(about=NAME)
        self.before_render: Callable[[str], None] = lambda key: None

    def put(self, *keys: str, position: str = "ward.head") -> list[tuple[str, str]]:
        CitySetting.objects.get_or_create(key="letters.last", defaults={"value": 0})
        for key in keys:
            CitySetting.objects.create(key=f"letters.{key}", value={"state": "waiting", "position": position})
        return [("letter", key) for key in keys]

    def state(self, key: str) -> str:
        return str(CitySetting.objects.get(key=f"letters.{key}").value["state"])

    def last(self) -> int:
        return int(CitySetting.objects.get(key="letters.last").value)

    def waiting(self, actor: Actor) -> Iterator[SignableItem]:
        mine = {one.position for one in queries.signatories(actor)}
        for row in CitySetting.objects.filter(key__startswith="letters.").exclude(key="letters.last").order_by("key"):
            if row.value["state"] == "waiting" and row.value["position"] in mine:
                key = row.key.removeprefix("letters.")
                due = datetime(2026, 11, 27, 8, tzinfo=UTC)
                yield SignableItem("letter", key, f"Letter {key}", row.value["position"], "Ward", due=due)

    def render(self, key: str, code: str, signatory: Signatory) -> bytes:
        self.before_render(key)
        row = CitySetting.objects.select_for_update().get(key=f"letters.{key}")
        if row.value["state"] != "waiting":
            raise Conflict("This letter no longer waits.")
        counter = CitySetting.objects.select_for_update().get(key="letters.last")
        counter.value += 1
        counter.save()
        blocks = [
            Heading("Surat"),
            Paragraph(f"{NAME}, NIK {NIK}"),
            Paragraph(", ".join(signatory.lines)),
            Paragraph(code),
        ]
        return pdf(Document("Surat", "Kelurahan", "id", blocks), seconds=None)

    def finish(self, key: str, file: Any, code: str, signatory: Signatory) -> DocumentFacts:
        row = CitySetting.objects.get(key=f"letters.{key}")
        row.value |= {"state": "signed", "code": code}
        row.save()
        return DocumentFacts(
            number=f"{self.last():03d}/2026",
            about=self.facts.about,
            valid_until=self.facts.valid_until,
            replaces=self.facts.replaces,
        )

    def send_back(self, actor: Actor, key: str, reason: str) -> None:
        row = CitySetting.objects.get(key=f"letters.{key}")
        row.value |= {"state": "returned", "reason": reason}
        row.save()


@dataclass
class Office:
    room: Room
    agency: Agency
    head: Account
    deputy: Account
    root: Path

    def actor(self, account: Account | None = None) -> Actor:
        return actor_for(Account.objects.get(pk=(account or self.head).pk))

    def sign(
        self, *keys: str, passphrase: str = PASSPHRASE, account: Account | None = None
    ) -> list[operations.Outcome]:
        items = [("letter", key) for key in keys]
        return operations.sign_many(actor=self.actor(account), items=items, passphrase=passphrase)


def give_key(account: Account, passphrase: str = PASSPHRASE) -> None:
    operations.offer_key(actor=SYSTEM, account=account)
    operations.activate_key(actor=actor_for(account), passphrase=passphrase)


def make_office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Office:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    monkeypatch.setattr("tepian.toolkit.pades.keys.COST", 2**10)  # the test of the key itself takes the real cost
    room = Room()
    letters = Signable("letter", "Domicile letter", room.waiting, room.render, room.finish, room.send_back)
    monkeypatch.setattr(queries, "offered", lambda kind: [letters])
    agency = Agency.objects.create(code="ward", name="Kelurahan Tepi Sungai")
    since = datetime.now(UTC) - timedelta(days=30)

    def person(username: str, name: str, code: str, title: str) -> Account:
        account = Account.objects.create(username=username, display_name=name)
        position = Position.objects.create(code=code, title=title, agency=agency)
        Holding.objects.create(account=account, position=position, starts_at=since, basis="SK 1/2026")
        return account

    kept.changed("organisations")
    head = person("lurah", "Rahmat Hidayat", "ward.head", "Lurah Tepi Sungai")
    deputy = person("sekretaris", "Dewi Lestari", "ward.secretary", "Sekretaris Kelurahan")
    give_key(head)
    from tepian.kernel.signatures.certifying import current_root

    root = tmp_path / "root.pem"
    root.write_text(current_root().certificate)  # type: ignore[union-attr]
    return Office(room, agency, head, deputy, root)


@pytest.fixture
def office(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Office:
    """A ward with a head who has a key, and a secretary who has none."""
    return make_office(tmp_path, monkeypatch, settings)
