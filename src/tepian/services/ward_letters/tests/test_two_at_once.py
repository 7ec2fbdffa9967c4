"""The same resident on two phones, two clerks, a sender and the office: at the very same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from tepian.kernel.actors import ANONYMOUS, Conflict

from .. import operations, queries, states
from ..models import Request
from .conftest import ANSWERS, SYSTEM, approve, fresh, send

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*work: Callable[[], Any]) -> tuple[list[Any], list[Conflict], list[BaseException]]:
    """Run all in the same moment, each with a connection of its own: what came back, who was told, what broke."""
    gate, won, told, broken = threading.Barrier(len(work)), [], [], []

    def run(one: Callable[[], Any]) -> None:
        try:
            gate.wait()
            won.append(one())
        except Conflict as refusal:
            told.append(refusal)
        except BaseException as error:
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return won, told, broken


def test_at_the_very_same_moment(people, offices):
    kind = queries.kind("domisili")
    won, told, broken = at_once(
        *[lambda: operations.begin(actor=SYSTEM, kind=kind, resident=people.siti) for _phone in range(4)]
    )
    assert not broken
    assert not told
    assert len({row.pk for row in won}) == Request.objects.count() == 1  # four phones, one request

    row = operations.answer(actor=SYSTEM, request=won[0], answers=ANSWERS["domisili"], revision=1, secret=won[0].secret)
    submit = {"actor": ANONYMOUS, "request": row, "revision": row.revision, "secret": row.secret}
    _won, _told, broken = at_once(*[lambda: operations.submit(**submit) for _press in range(3)])
    assert not broken
    row = fresh(row)
    assert [step.verb for step in queries.history(row)] == ["sent"]

    row = approve(offices.rt, row)
    deciding: list[Callable[[], Any]] = [
        lambda: operations.approve(actor=offices.clerk, request=row, revision=row.revision),
        lambda: operations.refuse(actor=offices.clerk2, request=row, revision=row.revision, reason="Bukan warga"),
        lambda: operations.cancel(actor=ANONYMOUS, request=row, revision=row.revision, secret=row.secret),
    ]
    won, told, broken = at_once(*deciding)
    assert not broken
    assert (len(won), len(told)) == (1, 2)
    assert len(queries.history(row)) == 3
    assert fresh(row).state in (states.WAITING, states.REFUSED, states.CANCELLED)


def test_numbers_have_no_gap_when_many_are_signed_at_once(people, offices, key):
    from tepian.kernel.signatures import operations as signing

    rows = [send(people.siti), send(people.siti, "sktm")]
    for place, row in enumerate(rows):
        while not row.signs_next:
            row = approve(SYSTEM, row)
        rows[place] = row
    items = [(operations.KIND, row.code) for row in rows]
    won, _told, broken = at_once(
        *[lambda: signing.sign_many(actor=offices.head, items=items, passphrase=key) for _window in range(2)]
    )
    assert not broken
    assert sum(outcome.state == "signed" for outcomes in won for outcome in outcomes) == 2
    assert sorted(fresh(row).number.partition("/")[0] for row in rows) == ["001", "002"]
