"""Verbs on agencies and positions. Who holds a position is `identity`'s."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound
from tepian.kernel.catalogue import kept
from tepian.kernel.catalogue.city import today
from tepian.kernel.events import note, operation
from tepian.kernel.regions import queries as regions

from .models import Agency, Position
from .policies import may_keep_organisations

ROLES = (
    "duty_officer",
    "responder",
    "call_taker",
    "dispatcher",
    "supervisor",
    "head",
    "sensor_steward",
    "data_producer",
    "data_steward",
    "data_supervisor",
    "data_forum",
    "planner",
    "plan_reporter",
    "plan_verifier",
    "assessor",
    "literacy_organiser",
    "registrar",
    "ward_clerk",
    "ward_head",
    "neighbourhood_head",
    "administrator",
    "auditor",
    "viewer",
    "device",
)
SCOPES = ("city", "agency", "region")
CODE = re.compile(r"[a-z0-9][a-z0-9.\-]*")


@dataclass(frozen=True, slots=True)
class AgencyFact:
    """An agency or a unit. `parent` is an agency's code, `region` the code of the region that it serves."""

    code: str
    name: str
    short_name: str = ""
    parent: str = ""
    region: str = ""
    contact: str = ""
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class PositionFact:
    """A post. `grants` are `{"role", "scope", "code"}`; scope city needs no code."""

    code: str
    title: str
    agency: str
    grants: Sequence[Mapping[str, str]] = field(default_factory=tuple)
    valid_from: date | None = None
    valid_to: date | None = None


def clean_grants(
    grants: Iterable[Mapping[str, str]], *, agencies: Iterable[str] = (), item: str = ""
) -> list[dict[str, str]]:
    """Grants in their stored form. Raises `Invalid` for an unknown role, scope, agency or region."""
    cleaned = []
    known = set(agencies)
    for grant in grants:
        role, scope, code = grant.get("role", ""), grant.get("scope", "city"), grant.get("code", "")
        if role not in ROLES:
            raise Invalid(
                format_lazy(_("“{role}” is no role. The roles are: {roles}."), role=role, roles=", ".join(ROLES)),
                code="bad_role",
                field="grants",
                item=item,
            )
        if scope not in SCOPES:
            raise Invalid(
                format_lazy(_("“{scope}” is no scope: write city, agency or region."), scope=scope),
                code="bad_scope",
                field="grants",
                item=item,
            )
        if scope == "agency" and code not in known:
            raise Invalid(
                format_lazy(_("There is no agency with the code {code}."), code=code),
                code="no_agency",
                field="grants",
                item=item,
            )
        if scope == "region" and code not in regions.atlas().regions:
            raise Invalid(
                format_lazy(_("There is no region with the code {code}."), code=code),
                code="no_region",
                field="grants",
                item=item,
            )
        cleaned.append({"role": role, "scope": scope, "code": "" if scope == "city" else code})
    return cleaned


def _check_code(code: str) -> None:
    if not CODE.fullmatch(code):
        message = format_lazy(_("“{code}” cannot be a code: use small letters, digits, dots and hyphens."), code=code)
        raise Invalid(message, code="bad_code", field="code", item=code)


@operation("organisations.define_agency", policy=may_keep_organisations)
def define_agency(
    *,
    actor: Actor,
    code: str,
    name: str,
    short_name: str = "",
    parent: str = "",
    region: str = "",
    contact: str = "",
    valid_from: date | None = None,
) -> Agency:
    """A new agency or unit, or a correction of one. Raises `Invalid` for an unknown parent or region."""
    define_agencies(actor=actor, agencies=[AgencyFact(code, name, short_name, parent, region, contact, valid_from)])
    note("agency", code, name=name)
    return Agency.objects.get(code=code)


@operation("organisations.define_agencies", policy=may_keep_organisations)
def define_agencies(*, actor: Actor, agencies: Sequence[AgencyFact]) -> Counter[str]:
    """Agencies and units, parents in any order. Gives counts `added`, `changed`, `unchanged`."""
    stored = {agency.code: agency for agency in Agency.objects.all()}
    waiting = {fact.code: fact for fact in agencies}
    counts: Counter[str] = Counter(added=0, changed=0, unchanged=0)
    path: list[str] = []

    def place(fact: AgencyFact) -> None:
        if fact.code in path:
            raise Invalid(
                format_lazy(_("{code} would be a part of itself."), code=fact.code),
                code="circle",
                field="parent",
                item=fact.code,
            )
        path.append(fact.code)
        if fact.parent in waiting:
            place(waiting[fact.parent])
        path.pop()
        if waiting.pop(fact.code, None) is not None:
            counts[_write_agency(fact, stored)] += 1

    for fact in agencies:
        if fact.code in waiting:
            place(fact)
    if counts["added"] or counts["changed"]:
        note("agencies", "", counts=dict(counts))
        kept.changed("organisations")
    return counts


def _write_agency(fact: AgencyFact, stored: dict[str, Agency]) -> str:
    _check_code(fact.code)
    if not fact.name.strip():
        raise Invalid(_("An agency needs a name."), code="no_name", field="name", item=fact.code)
    if fact.parent and fact.parent not in stored:
        message = format_lazy(
            _("{code} belongs to the agency {parent}, which is not known."), code=fact.code, parent=fact.parent
        )
        raise Invalid(message, code="no_agency", field="parent", item=fact.code)
    try:
        region_id = regions.region_id(fact.region) if fact.region else None
    except NotFound as error:
        raise Invalid(str(error.message), code="no_region", field="region", item=fact.code) from None
    wanted: dict[str, Any] = {
        "name": fact.name.strip(),
        "short_name": fact.short_name,
        "parent_id": stored[fact.parent].pk if fact.parent else None,
        "region_id": region_id,
        "contact": fact.contact,
        "valid_from": fact.valid_from,
    }
    if fact.valid_to is not None:
        wanted["valid_to"] = fact.valid_to
    agency = stored.get(fact.code)
    if agency is None:
        stored[fact.code] = Agency.objects.create(code=fact.code, **wanted)
        return "added"
    if all(getattr(agency, key) == value for key, value in wanted.items()):
        return "unchanged"
    for key, value in wanted.items():
        setattr(agency, key, value)
    agency.save(update_fields=list(wanted))
    return "changed"


@operation("organisations.end_agency", policy=may_keep_organisations)
def end_agency(*, actor: Actor, code: str, on: date) -> None:
    """The agency's last day is the day before `on`. Its units and positions must have ended by then."""
    agency = Agency.objects.select_for_update().filter(code=code).first()
    if agency is None:
        raise NotFound(
            format_lazy(_("There is no agency with the code {code}."), code=code), code="no_agency", item=code
        )
    last = on - timedelta(days=1)
    beyond = Q(valid_to=None) | Q(valid_to__gte=on)
    living = [
        *agency.units.filter(beyond).values_list("code", flat=True),
        *agency.positions.filter(beyond).values_list("code", flat=True),
    ]
    if living:
        message = format_lazy(
            _("{name} still has units or positions ({first}): end those first."), name=agency.name, first=living[0]
        )
        raise Conflict(message, code="agency_in_use", item=code)
    Agency.objects.filter(pk=agency.pk).update(valid_to=last)
    note("agency", code, on=on)
    kept.changed("organisations")


@operation("organisations.define_position", policy=may_keep_organisations)
def define_position(
    *,
    actor: Actor,
    code: str,
    title: str,
    agency: str,
    grants: Sequence[Mapping[str, str]] = (),
    valid_from: date | None = None,
) -> Position:
    """A new post, or other rights for one: its holders feel it at their next request. Raises `Invalid`."""
    define_positions(actor=actor, positions=[PositionFact(code, title, agency, grants, valid_from)])
    note("position", code, title=title, agency=agency, grants=[dict(grant) for grant in grants])
    return Position.objects.get(code=code)


@operation("organisations.define_positions", policy=may_keep_organisations)
def define_positions(*, actor: Actor, positions: Sequence[PositionFact]) -> Counter[str]:
    """Posts, added or corrected by code. Gives counts `added`, `changed`, `unchanged`."""
    agencies = dict(Agency.objects.values_list("code", "id"))
    stored = {position.code: position for position in Position.objects.all()}
    counts: Counter[str] = Counter(added=0, changed=0, unchanged=0)
    for fact in positions:
        _check_code(fact.code)
        if not fact.title.strip():
            raise Invalid(_("A position needs a title."), code="no_title", field="title", item=fact.code)
        if fact.agency not in agencies:
            raise Invalid(
                format_lazy(_("There is no agency with the code {code}."), code=fact.agency),
                code="no_agency",
                field="agency",
                item=fact.code,
            )
        wanted: dict[str, Any] = {
            "title": fact.title.strip(),
            "agency_id": agencies[fact.agency],
            "grants": clean_grants(fact.grants, agencies=agencies, item=fact.code),
            "valid_from": fact.valid_from,
        }
        if fact.valid_to is not None:
            wanted["valid_to"] = fact.valid_to
        position = stored.get(fact.code)
        if position is None:
            stored[fact.code] = Position.objects.create(code=fact.code, **wanted)
            counts["added"] += 1
        elif any(getattr(position, key) != value for key, value in wanted.items()):
            Position.objects.filter(pk=position.pk).update(**wanted)
            counts["changed"] += 1
        else:
            counts["unchanged"] += 1
    if counts["added"] or counts["changed"]:
        note("positions", "", counts=dict(counts))
        kept.changed("organisations", "identity")
    return counts


@operation("organisations.end_position", policy=may_keep_organisations)
def end_position(*, actor: Actor, code: str, on: date | None = None) -> None:
    """The post's last day is the day before `on` (today: its rights are gone at once)."""
    position = Position.objects.select_for_update().filter(code=code).first()
    if position is None:
        raise NotFound(
            format_lazy(_("There is no position with the code {code}."), code=code), code="no_position", item=code
        )
    day = on or today()
    if position.valid_from is not None and day < position.valid_from:
        raise Invalid(_("A position cannot end before it begins."), code="bad_dates", field="on", item=code)
    Position.objects.filter(pk=position.pk).update(valid_to=day - timedelta(days=1))
    note("position", code, on=day)
    kept.changed("organisations", "identity")
