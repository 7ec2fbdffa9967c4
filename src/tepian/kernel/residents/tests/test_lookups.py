"""Look-ups of programs: those that come together share a commit, each gets its own answer, and each is recorded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError

from tepian.kernel.actors import system
from tepian.kernel.audit import chain
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue.fast import FastReply, FastRequest
from tepian.kernel.identity import operations as identity

from .. import lookups, operations
from ..numbers import compose_nik
from .test_register import HILLTOP, somebody

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("contoh")]
PATH = "/api/v1/residents/look-up"


@pytest.fixture
def counter() -> Iterator[lookups.Counter]:
    lookups.COUNTER.start()
    yield lookups.COUNTER
    lookups.COUNTER.stop()


def key_of(role: str, code: str) -> str:
    _key, secret = identity.issue_device_key(
        actor=system("tests"), name=f"{role}-{code}", grants=[{"role": role, "scope": "region", "code": code}]
    )
    return secret


def ask(*asked: tuple[str, Any]) -> list[FastReply | None]:
    """All at once."""

    async def together() -> list[FastReply | None]:
        return await asyncio.gather(
            *(
                lookups.look_up(
                    FastRequest("POST", PATH, "", {"authorization": f"Bearer {key}"} if key else {}, json.dumps(body).encode())
                )
                for key, body in asked
            )
        )  # fmt: skip

    return asyncio.run(together())


def test_each_of_many_gets_its_own_answer_and_is_recorded(counter: lookups.Counter, client: Any) -> None:
    mine, theirs = somebody(1), somebody(2, HILLTOP)
    key = key_of("ward_clerk", "99.01.01.1001")
    nobody = compose_nik("99.01.01", "P", date(1990, 1, 5), 77)
    commits = counter.commits
    answers = ask(*[(key, {"nik": nik, "purpose": "letter"}) for nik in [mine.nik, theirs.nik, nobody, mine.nik] * 10])
    assert [answer and answer.status for answer in answers] == [200, 404, 404, 200] * 10
    assert answers[1] and answers[2] and answers[1].body == answers[2].body
    assert counter.commits - commits < 40
    entries = AuditEntry.objects.filter(operation="audit.view", subject_type="resident")
    assert entries.count() == 40 and entries.filter(subject_id=str(mine.pk)).count() == 20
    assert not list(chain.verify())
    # The page stack says the same about the same person.
    slow = client.post(
        PATH, {"nik": mine.nik, "purpose": "letter"}, "application/json", HTTP_AUTHORIZATION=f"Bearer {key}"
    )
    assert answers[0] and json.loads(answers[0].body) == slow.json()


def test_what_nothing_was_recorded_for_is_left_to_the_page_stack(
    counter: lookups.Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    nik, key = somebody().nik, key_of("ward_clerk", "99.01.01.1001")
    good = {"nik": nik, "purpose": "letter"}
    assert ask(
        ("", good), ("tpn_wrong", good), (key, []), (key, {"nik": nik}), (key, {"nik": 1, "purpose": "letter"}),
        (key, {"nik": "12", "purpose": "letter"}), (key_of("viewer", "99.01.01.1001"), good),
    ) == [None] * 7  # fmt: skip

    def full(*_: Any) -> None:
        raise DatabaseError("disk full")

    monkeypatch.setattr(operations.looking, "record_views", full)
    assert ask((key, good)) == [None], "what cannot be recorded is not shown"
    monkeypatch.undo()
    assert not AuditEntry.objects.filter(operation="audit.view").exists()
    answers = ask((key, good))
    assert answers[0] and answers[0].status == 200, "and it goes on afterwards"
    counter.stop()
    assert ask((key, good)) == [None]
