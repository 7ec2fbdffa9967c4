"""Who may. A grant's region is the limit: nobody learns of another ward's requests, not even how many there are."""

from __future__ import annotations

import secrets
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require
from tepian.kernel.documents.models import StoredFile

from . import states
from .models import Request

CLERK, HEAD, NEIGHBOURHOOD = "ward_clerk", "ward_head", "neighbourhood_head"
STAFF = (CLERK, HEAD, NEIGHBOURHOOD)
SUBJECT = "letter_request"  # files that belong to a request
WARD_DOTS = 3  # 64.72.05.1003; an RT has one more
HELPER = _("The ward office can help.")
NOT_YOURS = _("This request does not wait for you now. Nothing was changed.")


def _codes(actor: Actor, role: str) -> set[str]:
    return {grant.code for grant in actor.grants if grant.role == role and grant.scope == "region"}


def is_rw(actor: Actor) -> bool:
    """The chair of an RW has the grants of its several RTs, or of the whole ward; the chair of an RT has one."""
    codes = _codes(actor, NEIGHBOURHOOD)
    return len(codes) > 1 or any(code.count(".") <= WARD_DOTS for code in codes)


def may_take(actor: Actor, request: Request, **_ignored: Any) -> bool:
    """Is it this actor's turn? An RT's chair for the own RT, an RW's chair for its RTs, the clerk for the ward, the lurah
    for exactly the ward, the camat for exactly the district: whoever is above does not take the turn of who is below."""
    if request.state != states.WAITING:
        return False
    ward, district = request.ward_code, request.ward_code.rsplit(".", 1)[0]
    if request.step in (states.CLERK, states.FIELD):
        return actor.has(CLERK, region=ward)
    if request.step in states.SIGNING:
        return (ward if request.step == states.HEAD else district) in _codes(actor, HEAD)
    chaired = _codes(actor, NEIGHBOURHOOD)
    if request.region_code not in chaired and ward not in chaired:
        return False
    unknown_rt = request.region_code == ward  # the register knows no RT: whoever chairs in the ward vouches
    return is_rw(actor) == (request.step == states.RW) or (request.step == states.RT and unknown_rt)


def turns(actor: Actor) -> Q:
    """The requests of which `may_take` is true, as a filter."""
    found = Q(pk__in=[])
    for grant in actor.grants:
        if grant.role == CLERK and grant.scope == "city":
            found |= Q(step__in=(states.CLERK, states.FIELD))
        if grant.scope != "region":
            continue
        if grant.role == CLERK:
            found |= Q(step__in=(states.CLERK, states.FIELD)) & _in(grant.code)
        elif grant.role == HEAD:
            found |= Q(step=states.HEAD, ward_code=grant.code)
            found |= Q(step=states.DISTRICT, ward_code__startswith=f"{grant.code}.")
        elif grant.role == NEIGHBOURHOOD:
            step = states.RW if is_rw(actor) else states.RT
            found |= Q(step=step) & (Q(region_code=grant.code) | Q(ward_code=grant.code))
            if grant.code.count(".") <= WARD_DOTS:
                found |= Q(step=states.RT, region_code=grant.code)
    return found & Q(state=states.WAITING)


def _in(code: str) -> Q:
    return Q(ward_code=code) | Q(ward_code__startswith=f"{code}.")


def within(actor: Actor) -> Q:
    """The requests that this actor may know of, as a filter. Chairs of neighbourhoods know those that wait for them."""
    if actor.is_system:
        return Q()
    found = turns(actor)
    for grant in actor.grants:
        if grant.role in (CLERK, HEAD):
            if grant.scope == "city":
                return ~Q(state=states.DRAFT) | Q(channel=states.COUNTER)
            if grant.scope == "region":
                found |= _in(grant.code) & (~Q(state=states.DRAFT) | Q(channel=states.COUNTER))
    return found


def may_read(actor: Actor, request: Request) -> bool:
    """Of the ward, or waiting for this actor. An unsent request is its writer's alone."""
    if actor.is_system or may_take(actor, request):
        return True
    sent = request.state != states.DRAFT or request.channel == states.COUNTER
    return sent and actor.has(CLERK, HEAD, region=request.ward_code)


def may_decide(actor: Actor, request: Request, **_ignored: Any) -> None:
    """Whose turn it is."""
    require(may_take(actor, request), NOT_YOURS, HELPER)


def may_serve(actor: Actor, request: Request, **_ignored: Any) -> None:
    """A clerk of the resident's ward: at the counter, and when the letter is handed over."""
    require(actor.has(CLERK, region=request.ward_code), NOT_YOURS, HELPER)


def may_open_counter(actor: Actor, ward: str = "", **_ignored: Any) -> None:
    """A clerk, for residents of the own ward."""
    require(
        actor.has(CLERK, region=ward) if ward else actor.has(CLERK),
        _("Only a clerk of the resident's ward serves at the counter."),
        HELPER,
    )


def matches(request: Request, secret: str) -> bool:
    """Is this the request's secret address?"""
    return secrets.compare_digest(secret.encode(), request.secret.encode())


def may_apply(actor: Actor, request: Request, secret: str = "", **_ignored: Any) -> None:
    """The applicant, who has no account but the request's secret address; or a clerk of the ward at the counter, who never
    sees what somebody has written at home and not sent."""
    if secret:
        require(matches(request, secret), NOT_YOURS, HELPER)
    else:
        require(request.channel == states.COUNTER or request.state != states.DRAFT, NOT_YOURS, HELPER)
        may_serve(actor, request)


def may_configure(actor: Actor, **_ignored: Any) -> None:
    """An administrator."""
    require(actor.has("administrator"), _("Only an administrator changes the kinds of letters."), HELPER)


def only_the_system(actor: Actor, **_ignored: Any) -> None:
    """Nobody but the platform itself."""
    require(actor.is_system, _("Only the platform itself does this."), HELPER)


def may_read_file(actor: Actor, file: StoredFile) -> bool:
    """Papers of a request: clerks and heads of the ward. A chair of a neighbourhood sees no papers."""
    row = Request.objects.filter(code=file.subject_id).first()
    if row is None or not may_read(actor, row):
        return False
    return actor.is_system or actor.has(CLERK, HEAD, region=row.ward_code)
