"""Signing: what is signed is whole, what fails is as it was, and who may not sign does not."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from tepian.kernel.actors import Denied, Invalid
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue import kept
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.contributions import DocumentFacts
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.queries import path_of
from tepian.kernel.events.models import OutboxEvent
from tepian.kernel.identity.models import Holding
from tepian.kernel.organisations.models import Position
from tepian.kernel.signatures import operations, queries
from tepian.kernel.signatures.models import SignedDocument, SigningDelegation, SigningKey
from tepian.kernel.signatures.signing import SigningFailed

from .conftest import NAME, NIK, PASSPHRASE, SYSTEM, Office, give_key, make_office


def test_signs_many_with_one_passphrase_and_keeps_each_whole(office: Office) -> None:
    office.room.put("a", "b", "c")
    outcomes = office.sign("b", "a", "c")
    assert [(one.key, one.state) for one in outcomes] == [("b", "signed"), ("a", "signed"), ("c", "signed")]
    assert [office.room.state(key) for key in "abc"] == ["signed"] * 3
    for number, one in enumerate(outcomes, 1):
        document = SignedDocument.objects.get(code=one.code)
        assert document.number == f"{number:03d}/2026"
        assert document.signer_title == "Lurah Tepi Sungai" and document.office == "Kelurahan Tepi Sungai"
        file = StoredFile.objects.get(subject_type="document", subject_id=one.code)
        content = path_of(file.sha256).read_bytes()
        assert content.startswith(b"%PDF-") and file.sha256 == document.sha256
        assert OutboxEvent.objects.get(type="signatures.document_signed.v1", subject=f"document/{one.code}")
    entries = AuditEntry.objects.filter(operation__startswith="signatures.")
    assert entries.filter(operation="signatures.sign").count() == 3
    assert not any(PASSPHRASE in str(entry.details) or NAME in str(entry.details) for entry in entries)


def test_the_public_learns_neither_name_nor_nik(office: Office) -> None:
    office.room.put("a")
    (one,) = office.sign("a")
    found = queries.check(f"http://localhost:8000/surat/cek/{one.code.lower()}")
    assert found is not None and found.state == "valid" and found.about == "S··· A·····"
    told = str(found)
    assert NAME not in told and NIK not in told and "Aminah" not in told
    assert queries.check("S-2222222-2") is None and queries.check("x" * 5000) is None


def test_what_breaks_in_the_middle_leaves_that_one_and_the_rest_as_they_were(office: Office) -> None:
    office.room.put("a", "b", "c")

    def break_at_b(key: str) -> None:
        if key == "b":
            raise RuntimeError("the typesetter died")

    office.room.before_render = break_at_b
    states = {one.key: one.state for one in office.sign("a", "b", "c")}
    assert states == {"a": "signed", "b": "failed", "c": "untouched"}
    assert [office.room.state(key) for key in "abc"] == ["signed", "waiting", "waiting"]
    assert office.room.last() == 1 and SignedDocument.objects.count() == 1 and StoredFile.objects.count() == 1
    office.room.before_render = lambda key: None
    assert [one.state for one in office.sign("b", "c")] == ["signed", "signed"]
    assert office.room.last() == 3  # no number was lost


def test_five_wrong_passphrases_lock_the_key_for_a_while_whoever_restarts(office: Office) -> None:
    office.room.put("a")
    for left in (4, 3, 2, 1):
        with pytest.raises(SigningFailed, match=f"{left}") as refusal:
            office.sign("a", passphrase="salah sekali ini")
        assert refusal.value.code == "wrong_passphrase"
    with pytest.raises(SigningFailed) as refusal:
        office.sign("a", passphrase="salah sekali ini")
    assert refusal.value.code == "key_locked"
    kept.forget_all()  # a restart forgets what a process keeps; the lock stands in the database
    with pytest.raises(SigningFailed) as refusal:
        office.sign("a")  # the right one does not help now
    assert refusal.value.code == "key_locked" and office.room.state("a") == "waiting"
    assert AuditEntry.objects.filter(operation="signatures.lock_key").count() == 1
    assert OutboxEvent.objects.filter(type="signatures.key_locked.v1").count() == 1
    SigningKey.objects.update(locked_until=timezone.now() - timedelta(seconds=1))
    assert [one.state for one in office.sign("a")] == ["signed"]
    assert SigningKey.objects.get().tries == 0


def test_a_right_passphrase_begins_the_count_anew(office: Office) -> None:
    office.room.put("a", "b")
    for _turn in range(2):
        for _try in range(4):
            with pytest.raises(SigningFailed):
                office.sign("b", passphrase="salah sekali ini")
        office.sign("a")
    assert office.room.state("a") == "signed"


def test_who_lost_the_position_yesterday_signs_nothing(office: Office) -> None:
    office.room.put("a")
    actor = office.actor()  # a session that began before
    Holding.objects.filter(account=office.head).update(ends_at=datetime.now(UTC) - timedelta(days=1))
    with pytest.raises(Denied):
        operations.sign_many(actor=actor, items=[("letter", "a")], passphrase=PASSPHRASE)
    assert office.room.state("a") == "waiting" and office.room.last() == 0


def test_a_position_that_ends_during_the_batch_signs_no_more(office: Office) -> None:
    office.room.put("a", "b")

    def end_at_b(key: str) -> None:
        Holding.objects.filter(account=office.head).update(ends_at=datetime.now(UTC) - timedelta(seconds=1))

    office.room.before_render = end_at_b  # committed with the first
    assert [one.state for one in office.sign("a", "b")] == ["signed", "failed"]
    assert office.room.state("b") == "waiting"


def test_plt_plh_an_and_ub_are_dated_data(office: Office) -> None:
    now = datetime.now(UTC)
    position = Position.objects.get(code="ward.head")
    office.room.put("a", "b", "c")
    give_key(office.deputy)
    assert office.sign("a", account=office.deputy)[0].state == "failed"  # it does not wait for the secretary
    day = today()
    operations.delegate(
        actor=SYSTEM, for_position="ward.head", by_position="ward.secretary", form="an", basis="SK 7/2026",
        kinds=["letter"], valid_from=day, valid_to=day,
    )  # fmt: skip
    (one,) = office.sign("a", account=office.deputy)
    document = SignedDocument.objects.get(code=one.code)
    assert document.signer_title == "a.n. Lurah Tepi Sungai, Sekretaris Kelurahan"
    assert (document.capacity, document.basis) == ("an", "SK 7/2026")
    tomorrow = now + timedelta(days=2)
    assert not queries.signatory_for(office.actor(office.deputy), "ward.head", at=tomorrow)
    assert not queries.signatory_for(office.actor(office.deputy), "ward.head", kind="another")
    Holding.objects.create(
        account=office.deputy, position=position, kind="plh", starts_at=now - timedelta(hours=1), ends_at=tomorrow
    )
    (one,) = office.sign("b", account=office.deputy)  # acting comes before "on behalf of"
    assert SignedDocument.objects.get(code=one.code).signer_title == "Plh. Lurah Tepi Sungai"
    Position.objects.create(code="ward.section", title="Kasi Pemerintahan", agency=office.agency)
    kept.changed("organisations")
    operations.delegate(
        actor=SYSTEM,
        for_position="ward.head",
        by_position="ward.section",
        via="ward.secretary",
        form="ub",
        basis="SK 8",
    )
    Holding.objects.filter(account=office.deputy).delete()
    Holding.objects.create(
        account=office.deputy, position=Position.objects.get(code="ward.section"), starts_at=now - timedelta(hours=1)
    )
    whom = queries.signatory_for(office.actor(office.deputy), "ward.head")
    assert whom is not None
    assert whom.lines == ("a.n. Lurah Tepi Sungai", "Sekretaris Kelurahan", "u.b.", "Kasi Pemerintahan")


def test_an_ended_or_revoked_key_says_which(office: Office) -> None:
    office.room.put("a")
    SigningKey.objects.update(expires_at=datetime(2026, 11, 3, tzinfo=UTC))
    with pytest.raises(SigningFailed, match="2026") as refusal:
        office.sign("a")
    assert refusal.value.code == "certificate_expired"
    key = SigningKey.objects.get()
    operations.revoke_key(actor=SYSTEM, key=key, reason="lost")
    with pytest.raises(SigningFailed) as refusal:
        office.sign("a")
    assert refusal.value.code == "no_key"
    key.refresh_from_db()
    assert key.closed_key is None  # nothing is left that a passphrase could open


def test_revoked_superseded_and_expired_documents_say_so(office: Office) -> None:
    office.room.put("a", "b", "c")
    (first,) = office.sign("a")
    with pytest.raises(Invalid):
        operations.revoke(actor=office.actor(), code=first.code, reason="because")
    with pytest.raises(Denied):
        operations.revoke(actor=office.actor(office.deputy), code=first.code, reason="wrong_data")
    before = path_of(SignedDocument.objects.get().sha256).read_bytes()
    operations.revoke(actor=office.actor(), code=first.code, reason="wrong_data", explanation=f"{NAME} menikah")
    found = queries.check(first.code)
    assert found is not None and (found.state, found.reason) == ("revoked", "wrong_data") and NAME not in str(found)
    event = OutboxEvent.objects.get(type="signatures.document_revoked.v1")
    assert event.data == {"code": first.code, "kind": "letter", "key": "a", "reason": "wrong_data"}
    assert path_of(SignedDocument.objects.get().sha256).read_bytes() == before
    office.room.facts = DocumentFacts(about=NAME, valid_until=date(2026, 1, 1))
    (second,) = office.sign("b")
    assert queries.check(second.code).state == "expired"  # type: ignore[union-attr]
    office.room.facts = DocumentFacts(about=NAME, replaces=second.code)
    (third,) = office.sign("c")
    found = queries.check(second.code)
    assert found is not None and (found.state, found.superseded_by) == ("superseded", third.code)


def test_a_preview_takes_no_number_and_is_recorded(office: Office) -> None:
    office.room.put("a")
    content = operations.preview(actor=office.actor(), kind="letter", key="a")
    assert content.startswith(b"%PDF-") and office.room.last() == 0 and office.room.state("a") == "waiting"
    assert AuditEntry.objects.filter(operation="signatures.read", subject_id="a").exists()
    operations.send_back(actor=office.actor(), kind="letter", key="a", reason="Nama ibu salah")
    assert office.room.state("a") == "returned"


@pytest.mark.django_db(transaction=True)
def test_two_sessions_signing_the_same_letter_sign_it_once(tmp_path: Any, monkeypatch: Any, settings: Any) -> None:
    office = make_office(tmp_path, monkeypatch, settings)
    office.room.put("a", "b")
    actor, gate, results = office.actor(), threading.Barrier(2), []

    def session() -> None:
        gate.wait()
        items = [("letter", "a"), ("letter", "b")]
        results.append(operations.sign_many(actor=actor, items=items, passphrase=PASSPHRASE))
        connections.close_all()

    threads = [threading.Thread(target=session) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    states = sorted((one.key, one.state) for outcomes in results for one in outcomes)
    assert states == [("a", "failed"), ("a", "signed"), ("b", "failed"), ("b", "signed")]
    assert SignedDocument.objects.count() == 2 and office.room.last() == 2 and StoredFile.objects.count() == 2


def test_the_person_is_told_of_a_locked_key(office: Office) -> None:
    from tepian.kernel.events.delivery import deliver_all
    from tepian.kernel.notifications.models import Message

    office.room.put("a")
    for _try in range(5):
        with pytest.raises(SigningFailed):
            office.sign("a", passphrase="salah sekali ini")
    deliver_all()
    message = Message.objects.filter(account=office.head, key__startswith="key_locked:").first()
    assert message is not None and PASSPHRASE not in str(vars(message))


def test_a_pack_brings_delegations_once_and_the_demonstration_keys(
    contoh: Any, account_with: Any, tmp_path: Any, settings: Any, monkeypatch: Any
) -> None:
    from tepian.kernel.catalogue.packs import CityPack, find_pack
    from tepian.kernel.signatures import demo
    from tepian.toolkit.pades import keys

    monkeypatch.setattr("tepian.toolkit.pades.keys.COST", 2**10)
    row = SigningDelegation.objects.get()
    assert (row.form, row.for_position.code) == ("an", "district-99.01.01.camat")
    assert row not in queries.running_delegations(today())
    pack = CityPack(find_pack("contoh"))
    assert demo.load(pack, SYSTEM) == {"delegations": 0, "keys": 0} and list(demo.check(pack)) == []
    account_with("ward_head", username="lurah2")
    account_with("call_taker", username="112")
    settings.DEMO, settings.HOME = True, tmp_path
    listed = [
        {"role": "x", "username": name, "password": "abcd-efgh-jkmn", "start_url": "/"} for name in ("lurah2", "112")
    ]
    (tmp_path / "demo-accounts.json").write_text(json.dumps(listed))
    assert demo.give_demo_keys(SYSTEM) == 1 and demo.give_demo_keys(SYSTEM) == 0
    key = SigningKey.objects.get(state="active")
    assert key.account.username == "lurah2" and keys.open_key(bytes(key.closed_key or b""), "abcd-efgh-jkmn")
