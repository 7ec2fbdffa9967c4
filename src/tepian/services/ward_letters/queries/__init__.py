"""Asking for requests: whose they are, how they stand, what the public may know of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Actor, NotFound
from tepian.kernel.catalogue.contributions import ServiceSurvey, offered
from tepian.kernel.organisations import queries as organisations
from tepian.kernel.organisations.queries import PositionInfo
from tepian.kernel.regions import queries as regions
from tepian.kernel.signatures.policies import REASONS as REVOKE_REASONS
from tepian.toolkit import identifiers

from .. import policies, states
from ..models import Paper, Request, Step
from . import answers, checks
from .kinds import STEP_NAMES, TOPIC, due_at, elsewhere, kind, kinds, matching, said, sentences

__all__ = [
    "PREFIX",
    "STATE_NAMES",
    "STEP_NAMES",
    "TOPIC",
    "Facts",
    "answers",
    "by_code",
    "checks",
    "clean_code",
    "desk",
    "due_at", "elsewhere",
    "facts_of",
    "history",
    "kind",
    "kinds",
    "matching",
    "next_on_desk",
    "office_code",
    "papers_of",
    "public",
    "said",
    "sentences",
    "to_sign",
    "waiting",
]  # fmt: skip

PREFIX, LENGTH = "M", 6  # M for permohonan
STATE_NAMES = {
    states.DRAFT: gettext_lazy("Not sent yet"),
    states.WAITING: gettext_lazy("In work"),
    states.RETURNED: gettext_lazy("With the applicant"),
    states.ISSUED: gettext_lazy("Finished, ready to fetch"),
    states.HANDED: gettext_lazy("Finished"),
    states.REFUSED: gettext_lazy("Refused"),
    states.CANCELLED: gettext_lazy("Cancelled"),
    states.EXPIRED: gettext_lazy("Closed, nobody answered"),
    states.STOPPED: gettext_lazy("Stopped"),
    states.REVOKED: gettext_lazy("Revoked"),
    states.LAPSED: gettext_lazy("Not valid any more"),
}
STOP_WORDS = {
    states.DIED: gettext_lazy(
        "The register says that this person has died. The ward office can tell the family what is needed now."
    ),
    states.MOVED_AWAY: gettext_lazy("The register says that you live in another ward now. Ask for the letter there."),
}  # kept as their code, said in the reader's language
GONE = gettext_lazy("There is no such request, or it is not for you.")


def clean_code(text: str) -> str:
    """The code in what somebody typed; "" when it cannot be one."""
    return identifiers.read_code(text, PREFIX, LENGTH) or ""


def _rows() -> QuerySet[Request]:
    return Request.objects.select_related("kind", "resident__family", "resident__region")


def public(code: str) -> Request:
    """By code, for whoever knows it: show `facts_of` and nothing of the person. Raises `NotFound`."""
    row = Request.objects.select_related("kind").filter(code=clean_code(code)).exclude(state=states.DRAFT).first()
    if row is None:
        raise NotFound(GONE, code="no_request", item=code[:20])
    return row


def own(code: str, secret: str) -> Request:
    """The applicant's, by the secret address. Raises `NotFound`."""
    row = _rows().filter(code=clean_code(code)).first()
    if row is None or not policies.matches(row, secret):
        raise NotFound(GONE, code="no_request", item=code[:20])
    return row


def by_code(actor: Actor, code: str) -> Request:
    """For staff. Raises `NotFound`, the same for another ward's as for none."""
    row = _rows().filter(policies.within(actor), code=clean_code(code)).first()
    if row is None:
        raise NotFound(GONE, code="no_request", item=code[:20])
    return row


def waiting(actor: Actor) -> QuerySet[Request]:
    """What waits for this actor, the soonest due first."""
    return _rows().filter(policies.turns(actor)).order_by("due_at", "id")


def desk(actor: Actor, state: str = "") -> QuerySet[Request]:
    """What this actor may know of besides what waits for them, the newest first."""
    rows = _rows().filter(policies.within(actor))
    return (rows.filter(state=state) if state else rows).order_by("-state_since", "-id")


def next_on_desk(actor: Actor, *, besides: int) -> Request | None:
    return waiting(actor).exclude(pk=besides).first()


def to_sign(positions: Iterable[str]) -> list[tuple[Request, PositionInfo]]:
    """What waits for a signature in the name of one of these positions (codes), with the position, the soonest due
    first."""
    chosen, wanted = {}, Q(pk__in=[])
    for code in set(positions):
        position = organisations.chart().positions.get(code)
        for grant in position.grants if position else ():
            if grant.role == policies.HEAD and grant.scope == "region":
                chosen[grant.code] = position
                wanted |= Q(step=states.HEAD, ward_code=grant.code)
                wanted |= Q(step=states.DISTRICT, ward_code__startswith=f"{grant.code}.")
    if not chosen:
        return []
    rows = _rows().filter(wanted, state=states.WAITING, step__in=states.SIGNING).order_by("due_at", "id")
    return [(row, found) for row in rows if row.signs_next and (found := chosen.get(signing_region(row)))]


def subject_of(request: Request) -> str:
    """Under which the number and the question about the service know this letter."""
    return f"letter/{request.code}"


def survey_link(request: Request) -> str:
    """Where the applicant says how it was; "" before it was handed over, after the answer, or without surveys."""
    if request.state != states.HANDED:
        return ""
    return next((link for survey in offered(ServiceSurvey) if (link := survey.link(subject_of(request)))), "")


def papers_of(request: Request) -> list[Paper]:
    return list(request.papers.all())


def history(request: Request) -> list[Step]:
    return list(request.history.all())


def signing_region(request: Request) -> str:
    """The ward whose lurah signs, or the district whose camat does."""
    return request.ward_code if request.steps[-1] == states.HEAD else request.ward_code.rsplit(".", 1)[0]


def office_code(request: Request) -> str:
    """The agency whose letter it is: the ward's office, or the district's. "" where the city has none there."""
    office = organisations.office_of(signing_region(request))
    return office.code if office else ""


@dataclass(frozen=True, slots=True)
class Facts:
    """The four facts of a case: how it stands, who has it since when, until when, and what comes next."""

    code: str
    kind: str
    state: str
    sentence: str
    holder: str
    since: datetime
    due: datetime | None
    late: bool
    next: str
    ended: bool


def holder_of(request: Request) -> str:
    """Whose turn it is, in words: “the chair of RT 003, Riverside”."""
    if request.state == states.RETURNED:
        return _("you")
    if request.state != states.WAITING:
        return ""
    place = {
        states.RT: request.region_code,
        states.RW: request.ward_code,
        states.DISTRICT: request.ward_code.rsplit(".", 1)[0],
    }.get(request.step, request.ward_code)
    return f"{STEP_NAMES[request.step]}, {regions.label(place) if regions.exists(place) else place}"


def facts_of(request: Request, now: datetime | None = None) -> Facts:
    """What the holder of the code may know. No name, no NIK, no answer."""
    moment = now or timezone.now()
    state, following = request.state, ""
    if state == states.WAITING:
        after = states.after(request.steps, request.step)
        following = (
            _("Then: %(who)s.") % {"who": STEP_NAMES[after]}
            if after
            else _("Then the letter is signed and yours to fetch.")
        )
    elif state == states.RETURNED:
        following = _("Correct it and send it again. Nothing that you wrote is lost.")
    elif state == states.ISSUED:
        following = _("Open it on your phone, print it, or fetch it at the ward office.")
    elif state == states.DRAFT:
        following = _("Answer the rest and send it.")
    elif state in (states.REFUSED, states.CANCELLED, states.EXPIRED, states.STOPPED):
        following = _("You can ask again at any time, or ask the ward office.")
    elif state in (states.REVOKED, states.LAPSED):
        following = _("Ask for a new letter where you still need one.")
    return Facts(
        code=request.code,
        kind=said({"title": request.kind.title, "title_en": request.kind.title_en}, "title"),
        state=state,
        sentence=_("Waits for you") if state == states.RETURNED else str(STATE_NAMES[state]),
        holder=holder_of(request),
        since=request.state_since,
        due=request.due_at if state == states.WAITING else None,
        late=bool(state == states.WAITING and request.due_at and request.due_at < moment),
        next=following,
        ended=state not in states.OPEN,
    )


def reason_of(request: Request) -> str:
    """Why it was returned, refused, stopped or revoked, for people."""
    return words_of(request.reason)


def words_of(reason: str) -> str:
    """A reason as it was written, or the words of its code."""
    return str(STOP_WORDS.get(reason) or REVOKE_REASONS.get(reason) or reason)
