"""Programmes, sessions, materials, questions: finding them and naming them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.regions import queries as regions
from tepian.toolkit.ical import Entry
from tepian.toolkit.identifiers import read_code
from tepian.ui.words import english, in_language

from .. import states
from ..models import Attendance, AttendanceCount, AudienceGroup, Material, Programme, Question, Session, Sitting

TOPIC = "literacy"
PREFIX = "L"

STATE_LABELS = {
    states.PLANNED: _("planned"),
    states.OPEN: _("open now"),
    states.HELD: _("held"),
    states.CANCELLED: _("cancelled"),
}
PHASE_LABELS = {states.BEFORE: _("Test before"), states.AFTER: _("Test after")}
AUDIENCE_LABELS = {states.PUBLIC: _("for everybody"), states.ATTENDEES: _("for people who attended")}
LANGUAGE_LABELS = {"id": _("Indonesian"), "en": _("English")}
AGE_LABELS = {
    "0-17": _("under 18"),
    "18-25": _("18 to 25"),
    "26-45": _("26 to 45"),
    "46-60": _("46 to 60"),
    "61+": _("over 60"),
}
GENDER_LABELS = {"f": _("woman"), "m": _("man")}
DIMENSION_LABELS = {
    "governance": _("Smart governance"),
    "branding": _("Smart branding"),
    "economy": _("Smart economy"),
    "living": _("Smart living"),
    "society": _("Smart society"),
    "environment": _("Smart environment"),
}
ELSEWHERE = _("Outside the city")


def choice_text(choice: dict[str, str]) -> str:
    return (choice.get("text_en") or choice["text"]) if english() else choice["text"]


# --- groups and wards -------------------------------------------------------------------------------------------------


def groups() -> list[AudienceGroup]:
    return list(AudienceGroup.objects.all())


def group_names() -> dict[str, str]:
    """Code → name in the reader's language."""
    return {row.code: in_language(row, "name") for row in groups()}


def groups_of(programme: Programme) -> list[tuple[str, str]]:
    """(code, name) of whom a programme is for, in the city's order."""
    return [(code, name) for code, name in group_names().items() if code in programme.groups]


def wards() -> list[str]:
    """Codes of the city's wards."""
    return [row.code for row in regions.of_level("ward")]


def ward_name(code: str) -> str:
    return regions.name_of(code) if code else str(ELSEWHERE)


def place_of(session: Session) -> str:
    """“Balai RT 3, Riverside”."""
    return f"{session.place}, {regions.name_of(session.region_code)}"


# --- programmes -------------------------------------------------------------------------------------------------------


def programmes() -> QuerySet[Programme]:
    return Programme.objects.filter(active=True)


def programme_by(code: str) -> Programme:
    """Raises `NotFound`."""
    row = Programme.objects.filter(code=code[:60]).first()
    if row is None:
        raise NotFound(_("There is no such programme."), code="programme_unknown", field="programme", item=code[:60])
    return row


def questions_of(programme: Programme) -> list[Question]:
    """The questions that are asked now."""
    return list(Question.objects.filter(programme=programme, retired=False))


def has_test(programme: Programme) -> bool:
    return Question.objects.filter(programme=programme, retired=False).count() >= states.FEWEST_QUESTIONS


def materials_of(programme: Programme, *, public: bool = False) -> QuerySet[Material]:
    rows = Material.objects.filter(programme=programme)
    return rows.filter(audience=states.PUBLIC) if public else rows


def material_address(row: Material) -> str:
    return row.link or reverse("literacy-material", args=[row.pk])


# --- sessions ---------------------------------------------------------------------------------------------------------


def sessions() -> QuerySet[Session]:
    return Session.objects.select_related("programme")


def upcoming(now: datetime | None = None) -> QuerySet[Session]:
    """Sessions to come, and cancelled ones until their hour has passed: who planned to go should see it."""
    rows = sessions().filter(programme__active=True, ends_at__gte=now or timezone.now())
    return rows.exclude(state=states.HELD)


def with_counts(rows: QuerySet[Session]) -> QuerySet[Session]:
    """Adds `by_qr` and `by_hand`: attendances of each session."""
    qr = (
        Attendance.objects.filter(session=OuterRef("pk"))
        .order_by()
        .values("session")
        .annotate(n=Count("pk"))
        .values("n")
    )
    kept = AttendanceCount.objects.filter(session=OuterRef("pk")).order_by().values("session")
    paper = kept.annotate(n=Sum("attendances")).values("n")
    return rows.annotate(by_qr=Coalesce(Subquery(qr), 0), by_hand=Coalesce(Subquery(paper), 0))


def waiting(now: datetime | None = None, tonight: datetime | None = None) -> QuerySet[Session]:
    """What waits for an organiser, in one question: sessions to come that begin before `tonight` (none where it is None),
    planned ones whose time is over, and held ones where nobody was counted. The earliest first."""
    now = now or timezone.now()
    todo = Q(state=states.PLANNED, ends_at__lt=now)
    if tonight is not None:
        todo |= Q(state__in=states.TO_COME, starts_at__lt=tonight)
    counted = Exists(Attendance.objects.filter(session=OuterRef("pk"))) | Exists(
        AttendanceCount.objects.filter(session=OuterRef("pk"))
    )
    return sessions().filter(todo | (Q(state=states.HELD) & ~Q(counted)))


def needs(session: Session, now: datetime) -> str:
    """Why it waits: `today`, `forgotten` (was it held?) or `uncounted`."""
    if session.state == states.HELD:
        return "uncounted"
    return "forgotten" if session.state == states.PLANNED and session.ends_at < now else "today"


def session_by(number: str) -> Session:
    """By its number, as people type it. Raises `NotFound`."""
    row = sessions().filter(number=read_code(number, PREFIX) or "").first()
    if row is None:
        raise NotFound(
            format_lazy(_("There is no session with the number {number}. Check the number."), number=number[:20]),
            code="session_unknown",
            field="number",
            item=number[:20],
        )
    return row


def attendances_of(session: Session) -> tuple[int, int]:
    """(by QR, by hand)."""
    by_hand = session.counts.aggregate(n=Sum("attendances"))["n"]
    return session.attendances.count(), by_hand or 0


def sittings_of(session: Session) -> dict[str, int]:
    """Phase → tests sent at this session."""
    found = dict(session.sittings.order_by().values_list("phase").annotate(n=Count("pk")))
    return {phase: found.get(phase, 0) for phase in states.PHASES}


def sittings_by(session: Session, token: str) -> dict[str, Sitting]:
    """Phase → the test of one person in the session's programme and year."""
    rows = Sitting.objects.filter(programme=session.programme_id, year=session.year, token=token)
    return {row.phase: row for row in rows}


def is_done(session: Session, sitting: Sitting | None) -> bool:
    """Is this test done for this session? The test before is taken once, the test after once a session."""
    return sitting is not None and (sitting.phase == states.BEFORE or sitting.session_id == session.pk)


def sat_already(session: Session, token: str, phase: str) -> bool:
    return is_done(session, sittings_by(session, token).get(phase))


def year_of(at: datetime) -> int:
    return at.astimezone(city_timezone()).year


def years() -> list[int]:
    """Years with sessions, newest first."""
    return list(Session.objects.order_by("-year").values_list("year", flat=True).distinct())


def entry(session: Session) -> Entry:
    """A session as a calendar keeps it."""
    domain = urlsplit(settings.BASE_URL).hostname or "localhost"
    cancelled = session.state == states.CANCELLED
    title = in_language(session, "title")
    return Entry(
        uid=f"{session.number}@{domain}",
        title=f"{gettext('Cancelled:')} {title}" if cancelled else title,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        changed_at=session.changed_at,
        sequence=session.revision,
        place=place_of(session),
        text=session.reason or in_language(session.programme, "summary"),
        url=f"{settings.BASE_URL}{reverse('literacy-session', args=[session.number])}",
        cancelled=cancelled,
    )


def find(text: str, limit: int = 5) -> Iterable[Programme | Session]:
    """Programmes and sessions to come whose words hold the text."""
    yield from programmes().filter(Q(title__icontains=text) | Q(title_en__icontains=text))[:limit]
    named = Q(title__icontains=text) | Q(title_en__icontains=text) | Q(place__icontains=text) | Q(number=text.upper())
    yield from upcoming().filter(named)[:limit]
