"""For trying out: a year of made-up answers about letters of ward offices. Pages say that they are made up."""

from __future__ import annotations

import random
from datetime import timedelta

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import today
from tepian.kernel.organisations import queries as organisations

from . import operations, states
from .models import Answer, Service

SERVICES = (
    ("letter.domisili", "Surat keterangan domisili", "Letter of domicile", 90, 3.4),
    ("letter.sktm", "Surat keterangan tidak mampu", "Letter of low income", 70, 3.1),
    ("letter.usaha", "Surat keterangan usaha", "Business letter", 40, 3.3),
    ("letter.tanah", "Surat keterangan tanah", "Land letter", 7, 2.4),
)
DAYS = 330
WORDS = (
    "Cepat, hanya dua hari. Terima kasih.",
    "Petugas ramah, tetapi ruang tunggu panas.",
    "Sudah dua kali datang karena berkas kurang. Sebaiknya daftar berkas ditulis lebih jelas.",
    "Tidak perlu fotokopi KK lagi, bagus.",
    "Nomor telepon kelurahan tidak diangkat.",
)


def publish_examples(*, actor: Actor) -> int:
    """Make the examples once; a city with answers keeps its own. Returns how many."""
    offices = [each for each in organisations.agencies() if each.region]
    if Answer.objects.exists() or not offices:
        return 0
    chance = random.Random(14)  # noqa: S311 - made-up people, the same each time
    rows = []
    for key, title, title_en, count, usual in SERVICES:
        service, _new = Service.objects.get_or_create(key=key, defaults={"title": title, "title_en": title_en})
        for _number in range(count):
            office = chance.choice(offices)
            comment = chance.choice(WORDS) if chance.random() < 0.12 else ""
            given = {
                element: min(states.HIGHEST, max(states.LOWEST, round(chance.gauss(usual, 0.6))))
                for element in states.ELEMENTS
            }
            rows.append(
                Answer(
                    service=service,
                    office=office.code,
                    region=office.region,
                    answered_on=today() - timedelta(days=chance.randrange(DAYS)),
                    simulated=True,
                    comment=comment,
                    state=states.NEW if comment else "",
                    **given | {"cost": states.HIGHEST},
                )
            )
    return operations.make_up_answers(actor=actor, rows=rows)
