"""For trying out: a programme with sessions of the past months, one today and some to come. Made up, and pages say so."""

from __future__ import annotations

import random
import tomllib
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.organisations import queries as organisations

from . import operations, queries, states
from .models import Programme, Session

FILE = Path(__file__).with_name("demonstration.toml")
PLACES = ("Balai kelurahan", "Aula kecamatan", "Perpustakaan", "Ruang rapat dinas")
HELD = (150, 120, 95, 70, 48, 30, 16, 5)  # days ago
TO_COME = (3, 9, 20)  # days from now
KNOWN, LEARNT = 0.45, 0.42  # share of right answers before, and of the rest that the lesson teaches


def publish_examples(*, actor: Actor) -> int:
    """Make the examples once; a city whose programmes have sessions already keeps them. Returns how many sessions."""
    if Session.objects.exists() or not queries.groups() or not queries.wards():
        return 0
    given = tomllib.loads(FILE.read_text(encoding="utf-8"))
    chance = random.Random(20)  # noqa: S311 - made-up people, the same each time
    with transaction.atomic():
        programme = queries.programmes().filter(simulated=True).first() or _programme(actor, given)
        if programme is None:
            return 0
        for number, days in enumerate(HELD):
            session = _plan(actor, programme, given["session"], number, -days)
            _play(actor, session, chance)
        for number, days in enumerate((0, *TO_COME)):
            _plan(actor, programme, given["session"], number, days)
    return len(HELD) + 1 + len(TO_COME)


def _programme(actor: Actor, given: dict[str, Any]) -> Programme | None:
    agency = next((row.code for row in organisations.agencies() if row.code == "diskominfo"), "")
    if not agency:
        return None
    row = operations.add_programme(
        actor=actor,
        agency=agency,
        groups=[group.code for group in queries.groups()],
        simulated=True,
        **{key: given[key] for key in ("title", "title_en", "summary", "summary_en", "dimension", "aim_people")},
    )
    for each in given["question"]:
        operations.add_question(
            actor=actor,
            programme=row,
            text=each["text"],
            text_en=each["text_en"],
            choices=[{"text": text, "text_en": english} for text, english in each["choices"]],
            right=each["right"],
        )
    return row


def _plan(actor: Actor, programme: Programme, subjects: list[dict[str, str]], number: int, days: int) -> Session:
    wards = sorted(queries.wards())
    day = timezone.localtime(timezone.now(), city_timezone()).date() + timedelta(days=days)
    starts = datetime.combine(day, time(9 if number % 2 else 19), city_timezone())
    subject = subjects[number % len(subjects)]
    ward = wards[(number * 7 + (3 if days >= 0 else 0)) % len(wards)]
    return operations.plan_session(
        actor=actor,
        programme=programme,
        place=PLACES[number % len(PLACES)],
        region=ward,
        starts_at=starts,
        ends_at=starts + timedelta(hours=2),
        capacity=40,
        speaker="Relawan TIK",
        title=subject["title"],
        title_en=subject["title_en"],
    )


def _play(actor: Actor, session: Session, chance: random.Random) -> None:
    """People come, mostly from near by, and most sit both tests."""
    session = operations.open_session(actor=actor, session=session, revision=session.revision)
    near = [session.region_code, *chance.sample(sorted(queries.wards()), min(3, len(queries.wards())))]
    groups = session.programme.groups
    questions = queries.questions_of(session.programme)
    people = []
    for number in range(chance.randint(18, 34)):
        person = f"contoh-{session.number}-{number:03d}"
        region = near[min(len(near) - 1, int(chance.expovariate(1.2)))]
        group = chance.choices(groups, weights=range(1, len(groups) + 1))[0]
        operations.attend_made_up(actor=actor, session=session, person=person, region=region, group=group)
        people.append(person)
    knows = {person: {row.pk for row in questions if chance.random() < KNOWN} for person in people}
    for phase in states.PHASES:
        if phase == states.AFTER:
            session = operations.end_lesson(actor=actor, session=session, revision=session.revision)
        for person in people:
            if chance.random() < 0.85:
                operations.sit_made_up(
                    actor=actor,
                    session=session,
                    person=person,
                    phase=phase,
                    answers={
                        str(row.pk): row.right if row.pk in knows[person] else (row.right + 1) % len(row.choices)
                        for row in questions
                    },
                )
            knows[person] |= {row.pk for row in questions if chance.random() < LEARNT}
    session = operations.hold_session(actor=actor, session=session, revision=session.revision)
    if chance.random() < 0.6:
        rows = [(session.region_code, groups[-1], chance.randint(5, 14))]
        operations.write_counts(actor=actor, session=session, revision=session.revision, rows=rows)
