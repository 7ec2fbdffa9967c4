"""The codes at the door: whether one is good, and whose attendance a form brings.

A code is thirteen characters: the session's number without its letter (five) and eight that only this installation can
make, from the number, the session's `door` and a minute (screen) or none (poster). Whoever reads a good code gets a
signed ticket, so that a slow network does not lose to the minute, and a token that stays with the phone."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Invalid
from tepian.toolkit.identifiers import ALPHABET, read_code
from tepian.toolkit.sealing import Seal
from tepian.ui import words

from .. import states
from ..models import Attendance, Session
from . import catalogue

SALT = "literacy.ticket"
SIGNED, BODY = 8, 5
POSTER = "poster"


class Refused(Invalid):
    """The door stays closed. `code` says which sentence the page shows."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A form that was opened with a good code. `person` is the phone's random number."""

    session: Session
    person: str


def _seal() -> Seal:
    return Seal(settings.SECRET_KEY, "literacy.door")


def _signed(session: Session, step: str) -> str:
    number = int(_seal().fingerprint(f"{session.number} {session.door} {step}"), 16)
    found = ""
    for _place in range(SIGNED):
        number, rest = divmod(number, len(ALPHABET))
        found += ALPHABET[rest]
    return found


def _joined(session: Session, step: str) -> str:
    body = session.number.replace("-", "")[1:]
    signed = _signed(session, step)
    return f"{body}-{signed[:4]}-{signed[4:]}"


def step_of(now: datetime) -> int:
    return int(now.timestamp()) // states.STEP_S


def screen_code(session: Session, now: datetime | None = None) -> str:
    """The code of this minute, `7K4M2-AB3D-EFGH`."""
    return _joined(session, str(step_of(now or timezone.now())))


def poster_code(session: Session) -> str:
    """The code that stays, for a printed poster."""
    return _joined(session, POSTER)


def address_of_code(code: str) -> str:
    """What a QR code holds. Without the language: the phone's owner chooses it on the page."""
    return f"{settings.BASE_URL}/literasi/hadir/{code}"


def address_to_type() -> str:
    """Where people type the letters who cannot scan."""
    return f"{settings.BASE_URL.split('://', 1)[-1]}/literasi/hadir"


def typed(text: str) -> str | None:
    """A code as people type it, in one form; None when it cannot be one."""
    kept = "".join(letter for letter in text.upper() if letter.isalnum())
    if len(kept) != BODY + SIGNED or not read_code(f"{catalogue.PREFIX}{kept[:BODY]}", catalogue.PREFIX):
        return None
    return f"{kept[:BODY]}-{kept[BODY : BODY + 4]}-{kept[BODY + 4 :]}"


def enter(text: str, now: datetime | None = None) -> Session:
    """The session that this code opens now. Raises `Refused`."""
    now = now or timezone.now()
    code = typed(text)
    session = (
        catalogue.sessions().filter(number=read_code(f"{catalogue.PREFIX}{code[:BODY]}", catalogue.PREFIX)).first()
        if code
        else None
    )
    if code is None or session is None:
        raise Refused(
            _("This code is not right. Nothing was recorded. Scan the QR code in the room again, or type its letters."),
            code="code_wrong",
            field="code",
        )
    if secrets.compare_digest(code, poster_code(session)):
        check_state(session)
        if not session.poster or not states.poster_works(now, session.starts_at, session.ends_at):
            raise Refused(
                _("The code of the poster does not count now. Nothing was recorded. Ask the organiser for the screen."),
                code="poster_closed",
                field="code",
            )
        return session
    step = step_of(now)
    if any(secrets.compare_digest(code, _joined(session, str(step - back))) for back in range(states.STEPS)):
        check_state(session)
        return session
    raise Refused(
        _("This code is too old or not right. Nothing was recorded. Scan the code that the screen shows now."),
        code="code_old",
        field="code",
    )


def check_state(session: Session) -> None:
    """People may come in now. Raises `Refused`."""
    if session.state == states.CANCELLED:
        raise Refused(
            format_lazy(
                _("This session was cancelled: {reason} Nothing was recorded. Other sessions are in the list."),
                reason=session.reason,
            ),
            code="session_cancelled",
            field="code",
        )
    if session.state == states.PLANNED:
        raise Refused(
            format_lazy(
                _("This session is not open yet. It begins at {clock}. Ask the organiser to open it, then scan again."),
                clock=words.moment(session.starts_at),
            ),
            code="session_not_open",
            field="code",
        )
    if session.state == states.HELD:
        raise Refused(
            _("This session is over. Nothing was recorded. If you were there, tell the organiser: they can add you."),
            code="session_over",
            field="code",
        )


# --- tickets and tokens -----------------------------------------------------------------------------------------------


def new_person() -> str:
    return secrets.token_urlsafe(18)


def person_from(text: str) -> str:
    """The phone's number from its cookie, or "" when it is not one of ours."""
    return text if 20 <= len(text) <= 40 and all(letter.isalnum() or letter in "-_" for letter in text) else ""


def new_ticket(session: Session, person: str) -> str:
    return signing.dumps([session.pk, session.door, person], salt=SALT)


def read_ticket(text: str) -> Ticket:
    """Raises `Refused` when it is forged, too old, or the codes were made anew since."""
    try:
        key, opened_with, person = signing.loads(text, salt=SALT, max_age=states.TICKET_S)
    except (signing.BadSignature, ValueError, TypeError):
        raise _old_form() from None
    session = catalogue.sessions().filter(pk=key).first()
    if session is None or session.door != opened_with:
        raise _old_form()
    return Ticket(session, person)


def _old_form() -> Refused:
    return Refused(
        _("This form was open too long. Nothing was recorded. Scan the code in the room again."),
        code="form_old",
        field="ticket",
    )


def token_of(session: Session, person: str) -> str:
    """What is stored of a person: the same through one programme and year, and unlike any other."""
    return _seal().fingerprint(f"person {session.programme_id} {session.year} {person}")


def network_of(address: str, what: str) -> str:
    return _seal().fingerprint(f"network {what} {address}")


def attended(session: Session, person: str) -> Attendance | None:
    """The attendance of this phone at this session."""
    if not person:
        return None
    return Attendance.objects.filter(session=session, token=token_of(session, person)).first()


def attended_programme(programme_id: int, person: str) -> bool:
    """Did this phone attend any session of the programme whose tokens are still kept?"""
    rows: dict[int, Any] = {row.year: row for row in Session.objects.filter(programme_id=programme_id).order_by("year")}
    tokens = [token_of(row, person) for row in rows.values()] if person else []
    return bool(tokens) and Attendance.objects.filter(token__in=tokens, session__programme_id=programme_id).exists()
