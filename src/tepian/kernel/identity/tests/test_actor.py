"""Roles come from positions, are read at every request, and end with them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tepian.kernel.actors import Conflict, Denied, Grant, Invalid
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue import versions
from tepian.kernel.identity import operations, queries
from tepian.kernel.identity.models import Holding

from .conftest import SYSTEM

NOW = datetime.now(UTC)
pytestmark = pytest.mark.django_db


def test_actor_carries_grants_and_speaks_of_the_office(hall: SimpleNamespace, person: Any) -> None:
    budi = person("budi", hall.at.duty)
    actor = queries.actor_for(budi)
    assert (actor.kind, actor.id, actor.label, actor.account_id) == ("person", "budi", "Petugas jaga", budi.pk)
    assert actor.grants == (Grant("duty_officer"),)
    assert queries.role_names(actor) == ["Petugas jaga"]
    nobody = queries.actor_for(person("sari"))
    assert nobody.label == "Nama sari" and nobody.grants == ()


def test_actor_of_several_positions_and_scopes(hall: SimpleNamespace, person: Any) -> None:
    actor = queries.actor_for(person("budi", hall.at.ward, hall.at.head))
    assert actor.has("duty_officer", region="64.72.05.1003")
    assert not actor.has("duty_officer", region="64.72.06")
    assert actor.has("head", agency="bpbd") and not actor.has("head", agency="kominfo")
    assert actor.label == "Kepala Pelaksana; Petugas posko"


def test_acting_holder_is_named_so_and_has_the_grants(hall: SimpleNamespace, person: Any) -> None:
    budi = person("budi", hall.at.duty)
    with pytest.raises(Invalid) as missing:
        operations.assign_position(actor=SYSTEM, account=budi, position=hall.at.head, kind="plt")
    assert missing.value.field == "ends_at"
    with pytest.raises(Invalid) as missing:
        operations.assign_position(
            actor=SYSTEM, account=budi, position=hall.at.head, kind="plh", ends_at=NOW + timedelta(days=3)
        )
    assert missing.value.field == "basis"
    operations.assign_position(
        actor=SYSTEM,
        account=budi,
        position=hall.at.head,
        kind="plh",
        ends_at=NOW + timedelta(days=3),
        basis="800/12/BKPSDM",
    )
    actor = queries.actor_for(budi)
    assert actor.label == "Petugas jaga; Plh. Kepala Pelaksana" and actor.has("head", agency="bpbd")
    assert not queries.actor_for(budi, at=NOW + timedelta(days=4)).has("head")


@pytest.mark.parametrize("ended", ["position", "agency", "account"])
def test_validity_of_position_agency_and_account_counts(hall: SimpleNamespace, person: Any, ended: str) -> None:
    budi = person("budi", hall.at.duty)
    yesterday = date.today() - timedelta(days=2)
    if ended == "position":
        hall.at.duty.valid_to = yesterday
        hall.at.duty.save()
    elif ended == "agency":
        hall.pusdalops.valid_to = yesterday
        hall.pusdalops.save()
    else:
        budi.is_active = False
        budi.save()
    assert queries.actor_for(budi).grants == ()
    assert queries.accounts_with_role("duty_officer") == []


def test_a_position_that_ended_is_felt_at_the_next_request(hall: SimpleNamespace, person: Any, signed_in: Any) -> None:
    person("kepala", hall.at.admin)
    client, admin = signed_in("admin", hall.at.admin)
    assert client.get("/kerja/kelola/pengguna").status_code == 200
    operations.end_holding(actor=SYSTEM, holding=Holding.objects.get(account=admin))
    answer = client.get("/kerja/kelola/pengguna")
    assert answer.status_code == 403


def test_a_request_needs_one_query_for_account_and_positions(hall: SimpleNamespace, signed_in: Any) -> None:
    client, _account = signed_in("budi", hall.at.duty, hall.at.head, hall.at.ward)
    client.get("/akun")
    with CaptureQueriesContext(
        connection,
    ) as captured:
        client.get("/akun/bahasa")
    asked = [query["sql"] for query in captured if "city_holding" in query["sql"] or "city_account" in query["sql"]]
    assert len(asked) == 1, asked


def test_who_holds_a_role_and_who_can_help(hall: SimpleNamespace, person: Any) -> None:
    assert "administrator sistem kota" in queries.who_can_help("duty_officer")
    budi, sari = person("budi", hall.at.duty), person("sari", hall.at.ward)
    person("admin", hall.at.admin)
    assert queries.accounts_with_role("duty_officer") == [budi, sari]
    assert queries.accounts_with_role("duty_officer", region="64.72.06.1001") == [budi]
    help_text = queries.who_can_help("duty_officer")
    assert "Petugas jaga (Pusdalops)" in help_text and "Administrator sistem (Diskominfo)" in help_text


def test_two_administrators_end_the_same_holding(hall: SimpleNamespace, person: Any) -> None:
    person("admin", hall.at.admin)
    holding = Holding.objects.get(account=person("budi", hall.at.duty))
    operations.end_holding(actor=SYSTEM, holding=holding)
    with pytest.raises(Conflict):
        operations.end_holding(actor=SYSTEM, holding=holding)
    assert AuditEntry.objects.filter(operation="identity.end_holding").count() == 1


def test_the_last_administrator_stays(hall: SimpleNamespace, person: Any) -> None:
    admin = person("admin", hall.at.admin)
    with pytest.raises(Conflict) as refused:
        operations.end_holding(actor=SYSTEM, holding=Holding.objects.get(account=admin))
    assert refused.value.code == "last_administrator"
    with pytest.raises(Conflict):
        operations.deactivate_account(actor=SYSTEM, account=admin)
    assert queries.actor_for(admin).has("administrator")


def test_agency_administrators_stay_within_their_agency(hall: SimpleNamespace, person: Any) -> None:
    local = queries.actor_for(person("lokal", hall.at.local_admin))
    budi = person("budi", hall.at.duty)
    operations.assign_position(actor=local, account=budi, position=hall.at.head)
    for position in (hall.at.admin, hall.at.auditor, hall.at.local_admin):
        with pytest.raises(Denied):
            operations.assign_position(actor=local, account=budi, position=position)
    with pytest.raises(Denied):
        operations.create_account(actor=local, username="siapa", display_name="Siapa")
    account, password = operations.create_account(
        actor=local, username="Petugas2", display_name="Dua", position=hall.at.ward
    )
    assert account.username == "petugas2" and len(password) >= 16 and account.password_is_temporary
    other = person("orang.kominfo", hall.at.auditor)
    with pytest.raises(Denied):
        operations.reset_password(actor=local, account=other)
    operations.deactivate_account(actor=local, account=account)
    assert queries.actor_for(account).grants == ()


def test_nobody_helps_the_own_account(hall: SimpleNamespace, person: Any) -> None:
    account = person("admin", hall.at.admin)
    person("admin2", hall.at.admin)
    admin = queries.actor_for(account)
    with pytest.raises(Denied):
        operations.assign_position(actor=admin, account=account, position=hall.at.auditor)
    with pytest.raises(Denied):
        operations.deactivate_account(actor=admin, account=account)


def test_overlapping_holdings_and_bad_input_are_refused(hall: SimpleNamespace, person: Any) -> None:
    budi = person("budi", hall.at.duty)
    with pytest.raises(Conflict):
        operations.assign_position(actor=SYSTEM, account=budi, position=hall.at.duty)
    with pytest.raises(Invalid):
        operations.assign_position(actor=SYSTEM, account=budi, position=hall.at.head, kind="raja")
    with pytest.raises(Invalid):
        operations.assign_position(actor=SYSTEM, account=budi, position=hall.at.head, ends_at=NOW - timedelta(days=1))
    with pytest.raises(Conflict):
        operations.create_account(actor=SYSTEM, username=" BUDI ", display_name="Lain")
    client = Client()
    client.force_login(budi)
    assert client.get("/akun").status_code == 200


def test_pages_kept_for_sessions_notice_a_holding_that_ends_by_the_clock(hall: SimpleNamespace, person: Any) -> None:
    person("admin", hall.at.admin)
    budi = person("budi")
    operations.notice_time()
    ends = datetime.now(UTC) + timedelta(milliseconds=30)
    operations.assign_position(
        actor=SYSTEM, account=budi, position=hall.at.duty, starts_at=NOW - timedelta(days=1), ends_at=ends
    )
    before = versions.current(["identity"])
    assert not operations.notice_time()
    time.sleep(0.05)
    assert operations.notice_time()
    assert versions.current(["identity"]) != before
    assert not operations.notice_time()


@pytest.mark.django_db(transaction=True)
def test_two_administrators_end_the_same_holding_at_the_same_moment(hall: SimpleNamespace, person: Any) -> None:
    person("admin", hall.at.admin)
    holding = Holding.objects.get(account=person("budi", hall.at.duty))
    start = Barrier(4)

    def end() -> str:
        start.wait()
        try:
            operations.end_holding(actor=SYSTEM, holding=holding)
            return "ended"
        except Conflict:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        results = sorted(future.result() for future in [pool.submit(end) for _ in range(4)])
    assert results == ["ended", "refused", "refused", "refused"]


@pytest.mark.django_db(transaction=True)
def test_two_last_administrators_cannot_end_each_other(hall: SimpleNamespace, person: Any) -> None:
    holdings = [Holding.objects.get(account=person(name, hall.at.admin)) for name in ("satu", "dua")]
    start = Barrier(2)

    def end(holding: Holding) -> str:
        start.wait()
        try:
            operations.end_holding(actor=SYSTEM, holding=holding)
            return "ended"
        except Conflict:
            return "refused"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(end, holdings)) == ["ended", "refused"]
    assert len(queries.accounts_with_role("administrator")) == 1
