"""The letter itself: numbered, signed, fetched, checked, revoked, expired."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tepian.kernel.catalogue import contributions, kept
from tepian.kernel.catalogue.city import today
from tepian.kernel.documents import letters, numbering
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.queries import open_file
from tepian.kernel.events.delivery import deliver_all
from tepian.kernel.events.models import OutboxEvent
from tepian.kernel.identity.queries import actor_for
from tepian.kernel.residents.models import Resident
from tepian.kernel.signatures import operations as signing
from tepian.kernel.signatures import queries as signatures

from .. import operations, queries, states
from ..models import Request
from ..queries import figures
from .conftest import ANSWERS, SYSTEM, approve, fresh, send

pytestmark = pytest.mark.django_db


def checked(offices: Any, row: Request) -> Request:
    """Everybody before the signature has said yes."""
    while not row.signs_next:
        row = approve(SYSTEM, row)
    return row


def sign(actor: Any, *rows: Request, passphrase: str) -> list[Any]:
    return signing.sign_many(actor=actor, items=[(operations.KIND, row.code) for row in rows], passphrase=passphrase)


def test_from_the_signature_to_the_public_check_and_to_the_revocation(people, offices, key, client):
    row = checked(offices, send(people.siti, "sktm"))
    other = checked(offices, send(people.siti))
    assert {item.key for item in signatures.waiting(offices.head)} == {row.code, other.code}
    assert not signatures.waiting(offices.camat)
    preview = signing.preview(actor=offices.head, kind=operations.KIND, key=row.code)
    assert preview.startswith(b"%PDF")
    assert numbering.number_of(queries.subject_of(row)) is None  # reading takes no number
    outcomes = sign(offices.head, row, other, passphrase=key)
    assert [outcome.state for outcome in outcomes] == ["signed", "signed"], outcomes
    row, other = fresh(row), fresh(other)
    assert (row.state, row.valid_until) == (states.ISSUED, today() + timedelta(days=180))
    assert sorted(each.number.partition("/")[0] for each in (row, other)) == ["001", "002"]
    with open_file(StoredFile.objects.get(pk=row.letter)) as content:
        assert content.read().startswith(b"%PDF")
    event = OutboxEvent.objects.get(type="ward_letters.letter_issued.v1", data__code=row.code)
    assert event.data == {
        "code": row.code, "kind": "sktm", "region": row.ward_code, "resident": people.siti.pk, "document": row.document,
        "valid_until": row.valid_until.isoformat(),
    }  # fmt: skip
    public = signatures.check(row.document)
    assert (public.state, public.number, public.valid_until) == ("valid", row.number, row.valid_until)
    assert "Siti O" not in public.about
    page = client.get(f"/surat/cek/{row.document}").content.decode()
    assert people.siti.nik not in page
    assert row.number in page

    own = f"/surat/permohonan/{row.code}/{row.secret}"
    assert "surat.pdf" in client.get(own).content.decode()
    letter = client.get(f"{own}/surat.pdf")
    assert b"".join(letter.streaming_content).startswith(b"%PDF")
    assert (fresh(row).state, fresh(row).handed_how) == (states.HANDED, states.LINK)
    told = {
        each["key"]: each["value"] for each in figures.indicators(row.issued_at - timedelta(days=1), timezone.now())
    }
    assert told["ward_letters.issued"] == 2
    assert told["ward_letters.in_time"] == 100
    operations.hand_over(actor=offices.clerk, request=other, revision=other.revision, how=states.PRINT)

    signing.revoke(actor=offices.head, code=row.document, reason="wrong_data")
    deliver_all()
    assert fresh(row).state == states.REVOKED
    assert OutboxEvent.objects.filter(type="ward_letters.letter_revoked.v1", data__document=row.document).count() == 1
    assert "surat.pdf" not in client.get(own).content.decode()

    Request.objects.filter(pk=other.pk).update(valid_until=today() - timedelta(days=1))
    assert operations.expire(actor=SYSTEM) == 1
    assert fresh(other).state == states.LAPSED
    assert OutboxEvent.objects.filter(type="ward_letters.letter_expired.v1", data__code=other.code).count() == 1


def test_what_changes_under_the_pen_signs_nothing(people, offices, key):
    row, other = checked(offices, send(people.siti)), checked(offices, send(people.siti, "sktm"))
    operations.send_back(actor=SYSTEM, request=other, reason="Nama salah")
    outcomes = sign(offices.head, row, other, passphrase=key)
    assert {outcome.key: outcome.state for outcome in outcomes} == {row.code: "signed", other.code: "failed"}
    assert fresh(other).step == states.CLERK
    assert numbering.number_of(queries.subject_of(other)) is None
    other = checked(offices, fresh(other))
    Resident.objects.filter(pk=people.siti.pk).update(status="dead")
    assert [outcome.state for outcome in sign(offices.head, other, passphrase=key)] == ["failed"]
    assert numbering.number_of(queries.subject_of(other)) is None


def test_the_head_sends_back_from_the_list_and_the_district_signs_land(people, offices, key):
    row = send(people.siti, "tanah")
    while row.step != states.FIELD:
        row = approve(SYSTEM, row)
    operations.inspect(
        actor=offices.clerk, request=row, revision=row.revision, on=today(), found="Batas jelas", fits=True
    )
    row = approve(offices.head, fresh(row))
    assert [item.key for item in signatures.waiting(offices.camat)] == [row.code]
    signing.send_back(actor=offices.camat, kind=operations.KIND, key=row.code, reason="Saksi kedua?")
    assert fresh(row).step == states.CLERK
    row = approve(offices.clerk, fresh(row))
    operations.inspect(actor=SYSTEM, request=row, revision=row.revision, on=today(), found="Benar", fits=True)
    row = approve(offices.head, fresh(row))
    assert [outcome.state for outcome in sign(offices.camat, row, passphrase=key)] == ["signed"]
    assert "99.01.01" in queries.office_code(row)
    assert fresh(row).number.split("/")[2] == "01"


def test_a_secretary_signs_on_behalf_of_the_lurah_while_the_decision_runs(people, offices, key, account_with):
    secretary = account_with("viewer", username="secretary")
    kept.forget_all()
    actor = actor_for(secretary)
    signing.offer_key(actor=SYSTEM, account=secretary)
    signing.activate_key(actor=actor, passphrase=key)
    row = checked(offices, send(people.siti))
    assert not signatures.waiting(actor)
    signing.delegate(
        actor=SYSTEM,
        for_position="tests.head",
        by_position="tests.secretary",
        form="an",
        basis="SK 1",
        valid_from=today(),
    )
    kept.forget_all()
    assert [item.key for item in signatures.waiting(actor)] == [row.code]
    assert [outcome.state for outcome in sign(actor, row, passphrase=key)] == ["signed"]
    assert fresh(row).signer.startswith("a.n.")


def test_every_letter_of_the_pack_is_set_with_what_is_asked(people):
    """No text asks for a value that the room does not give: each kind's letter is made."""
    for kind in queries.kinds():
        row = operations.begin(actor=SYSTEM, kind=kind, resident=people.siti)
        given = {}
        for question in kind.questions:
            given[question["code"]] = {
                "number": "3", "date": "1-5-2020", "yes_no": "yes", "member": str(people.father.pk),
            }.get(question["type"], question["choices"][-1][0] if question.get("choices") else "O'Neil *dan* {nama}")  # fmt: skip
        row = operations.answer(actor=SYSTEM, request=row, answers=given, revision=row.revision, secret=row.secret)
        Request.objects.filter(pk=row.pk).update(
            inspection={"on": today().isoformat(), "found": "Batas jelas", "fits": True, "by": "Petugas"}
        )
        values = operations.values(fresh(row), today())
        signer = contributions.Signatory("lurah", "Nama", "p", "definitive", "Lurah", ("Lurah",))
        content = letters.render_letter(
            template=letters.template_on(kind.template, today()), values=values,
            head=letters.head_of("ward-99.01.01.1001"), number="001/X/2026", on=today(), signer=signer, qr="https://x.example/1",
        )  # fmt: skip
        assert content.startswith(b"%PDF"), kind.code
        about = people.father if kind.code in ("sktm", "kematian") else people.siti
        assert values["name"] == about.name
    assert ANSWERS.keys() <= {kind.code for kind in queries.kinds()}
