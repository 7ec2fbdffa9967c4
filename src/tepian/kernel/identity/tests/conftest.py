"""A small city hall: two agencies, their positions, and people who hold them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tepian.kernel.actors import system
from tepian.kernel.identity import keys, operations
from tepian.kernel.identity.models import Account
from tepian.kernel.organisations.models import Agency, Position

PASSWORD = "sungai-mahakam-71"
SYSTEM = system("tests")


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """Rate limits are kept in the process's cache; each test begins with none used."""
    cache.clear()


@pytest.fixture
def hall(db: Any) -> SimpleNamespace:
    keys.forget()
    bpbd = Agency.objects.create(code="bpbd", name="Badan Penanggulangan Bencana Daerah", short_name="BPBD")
    pusdalops = Agency.objects.create(code="bpbd.pusdalops", name="Pusdalops", parent=bpbd)
    kominfo = Agency.objects.create(code="kominfo", name="Dinas Komunikasi dan Informatika", short_name="Diskominfo")

    def post(code: str, title: str, agency: Agency, *grants: dict[str, str]) -> Position:
        return Position.objects.create(code=code, title=title, agency=agency, grants=list(grants))

    positions = SimpleNamespace(
        admin=post("kominfo.admin", "Administrator sistem", kominfo, {"role": "administrator", "scope": "city"}),
        auditor=post("kominfo.auditor", "Auditor internal", kominfo, {"role": "auditor", "scope": "city"}),
        duty=post("bpbd.jaga", "Petugas jaga", pusdalops, {"role": "duty_officer", "scope": "city"}),
        ward=post("bpbd.posko", "Petugas posko", bpbd, {"role": "duty_officer", "scope": "region", "code": "64.72.05"}),
        head=post("bpbd.kalak", "Kepala Pelaksana", bpbd, {"role": "head", "scope": "agency"}),
        local_admin=post(
            "bpbd.admin", "Admin BPBD", bpbd, {"role": "administrator", "scope": "agency", "code": "bpbd"}
        ),
    )
    return SimpleNamespace(bpbd=bpbd, pusdalops=pusdalops, kominfo=kominfo, at=positions)


@pytest.fixture
def person(hall: SimpleNamespace) -> Any:
    """`person("budi", hall.at.duty)`: an account with a known password that holds positions since an hour."""

    def make(username: str, *positions: Position, **options: Any) -> Account:
        account, _password = operations.create_account(
            actor=SYSTEM,
            username=username,
            display_name=options.pop("display_name", f"Nama {username}"),
            password=PASSWORD,
            temporary=False,
        )
        for position in positions:
            operations.assign_position(
                actor=SYSTEM,
                account=account,
                position=position,
                starts_at=datetime.now(UTC) - timedelta(hours=1),
                **options,
            )
        return account

    return make


@pytest.fixture
def signed_in(person: Any) -> Any:
    """`client, account = signed_in("budi", hall.at.duty)`"""

    def make(username: str, *positions: Position) -> tuple[Client, Account]:
        account = person(username, *positions)
        client = Client()
        client.force_login(account)
        return client, account

    return make


def sign_in(client: Client, username: str, password: str = PASSWORD, **extra: Any) -> Any:
    return client.post("/masuk", {"login": username, "password": password}, **extra)
