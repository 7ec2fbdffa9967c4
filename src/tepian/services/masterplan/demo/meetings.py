"""A meeting that was held, with a decision that is late and one that is done, and a meeting to come."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils import timezone

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import city_timezone, today
from tepian.kernel.organisations import queries as organisations

from .. import operations, states
from ..models import Meeting, Plan
from ..queries import meetings as queries
from .projects import builder

AGENDA = "1. Laporan triwulan\n2. Proyek yang terlambat\n3. Lain-lain"
MINUTES = (
    "(Peragaan.) Dinas menyampaikan laporan triwulan. Taman tepi sungai terlambat karena pasang tertinggi; dewan meminta "
    "jadwal baru yang diumumkan kepada warga.\n\nPasar pagi selesai; pedagang sudah menempati lapak."
)


def demo_meetings(*, actor: Actor, plan: Plan | None = None) -> int:
    """Make them where none is; returns how many. Needs a council of the pack."""
    bodies = queries.bodies()
    if not bodies or Meeting.objects.exists():
        return 0
    council, day = bodies[0], today()
    held = _meeting(actor, plan, council.code, "Rapat triwulan dewan kota cerdas", -40)
    names = [seat.name for seat in queries.seats(council)]
    held = operations.hold_meeting(
        actor=actor, meeting=held, revision=held.revision, minutes=MINUTES, present=names[:3] or names, guests=2
    )
    operations.add_resolution(
        actor=actor, meeting=held, text="Umumkan jadwal baru taman tepi sungai di halaman proyek dan di lokasi.",
        agency=builder(), due_on=day - timedelta(days=9),
    )  # fmt: skip
    done = operations.add_resolution(
        actor=actor, meeting=held, text="Bagikan nomor lapak pasar pagi lewat undian terbuka.",
        agency=organisations.agencies()[0].code, due_on=day - timedelta(days=20),
    )  # fmt: skip
    operations.end_resolution(
        actor=actor, resolution=done, revision=done.revision, to=states.DONE, outcome="Undian terbuka sudah dilakukan.",
        on=day - timedelta(days=22),
    )  # fmt: skip
    _meeting(actor, plan, bodies[-1].code, "Persiapan laporan triwulan berikutnya", 12)
    return 2


def _meeting(actor: Actor, plan: Plan | None, body: str, title: str, days: int) -> Meeting:
    starts_at = timezone.make_aware(datetime.combine(today() + timedelta(days=days), time(9)), city_timezone())
    return operations.plan_meeting(
        actor=actor,
        body=queries.body_by(body),
        title=title,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        place="Balai kota",
        agenda=AGENDA,
        plan=plan,
    )
