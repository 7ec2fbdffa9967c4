"""Short ways to say what tests of this room say often."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.urls import reverse

from .. import operations, states
from ..models import Answer, Assessment


def item(row: Assessment, code: str) -> Answer:
    return row.answers.select_related("assessment").get(item=code)


def say(actor, answer, level=3, text="Penjelasan", revision=None):
    return operations.answer_item(
        actor=actor,
        answer=answer,
        revision=answer.revision if revision is None else revision,
        level=None if level is None else Decimal(level),
        explanation=text,
    )


def give_file(actor, answer, name="bukti.txt"):
    return operations.add_evidence(actor=actor, answer=answer, kind=states.FILE, content=b"isi\n", name=name)


def fresh(row):
    return Assessment.objects.get(pk=row.pk)


def answer_all(actor: Any, row: Assessment, level: int = 3) -> None:
    for answer in row.answers.select_related("assessment"):
        operations.answer_item(
            actor=actor, answer=answer, revision=answer.revision, level=Decimal(level), explanation="x"
        )


def score_all(actor: Any, row: Assessment, level: int = 3, **others: int) -> None:
    """`others`: item (with _ for -) → its own level."""
    for answer in row.answers.select_related("assessment"):
        wanted = others.get(answer.item.replace("-", "_"), level)
        operations.score_item(actor=actor, answer=answer, level=Decimal(wanted), note_text="")


CODE = "smart-city-evaluation-2026"


def open_by_form(client, instrument="smart-city-evaluation 2017", year=2026, **more):
    return client.post(reverse("assessment-open"), {"instrument": instrument, "year": year, "agency": "bappeda"} | more)


def step(client, which, **more):
    row = Assessment.objects.get(code=CODE)
    return client.post(
        reverse("assessment-step", args=[CODE, which]), {"revision": row.revision} | more, follow=True
    ).content.decode()
