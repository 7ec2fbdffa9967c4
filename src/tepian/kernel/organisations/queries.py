"""Asking about agencies and positions; answered from a snapshot kept in the process (topic `organisations`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Grant, NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.kept import Kept

from .models import Agency, Position


@dataclass(frozen=True, slots=True)
class AgencyInfo:
    """An agency or unit; `parent` and `region` are codes, "" where there is none. `id` serves foreign keys."""

    id: int
    code: str
    name: str
    short_name: str
    parent: str
    region: str
    contact: str
    valid_from: date | None
    valid_to: date | None

    @property
    def label(self) -> str:
        return self.short_name or self.name

    def exists(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class PositionInfo:
    """A post; `agency` is a code. `id` serves foreign keys."""

    id: int
    code: str
    title: str
    agency: str
    grants: tuple[Grant, ...]
    valid_from: date | None
    valid_to: date | None

    def exists(self, on: date) -> bool:
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Chart:
    agencies: dict[str, AgencyInfo]
    positions: dict[str, PositionInfo]


def _read() -> Chart:
    agencies = {
        row[1]: AgencyInfo(
            *row[:4], parent=row[4] or "", region=row[5] or "", contact=row[6], valid_from=row[7], valid_to=row[8]
        )
        for row in Agency.objects.order_by("code").values_list(
            "id", "code", "name", "short_name", "parent__code", "region__code", "contact", "valid_from", "valid_to"
        )
    }
    positions = {
        row[1]: PositionInfo(*row[:4], grants=to_grants(row[4]), valid_from=row[5], valid_to=row[6])
        for row in Position.objects.order_by("code").values_list(
            "id", "code", "title", "agency__code", "grants", "valid_from", "valid_to"
        )
    }
    return Chart(agencies, positions)


chart = Kept(_read, "organisations")


def to_grants(stored: Iterable[dict[str, str]]) -> tuple[Grant, ...]:
    """`Grant` values from a position's stored JSON."""
    return tuple(Grant(item["role"], item.get("scope", "city"), item.get("code", "")) for item in stored)


def agency(code: str) -> AgencyInfo:
    """An agency by code, living or ended. Raises `NotFound`."""
    found = chart().agencies.get(code)
    if found is None:
        raise NotFound(
            format_lazy(_("There is no agency with the code {code}."), code=code), code="no_agency", item=code
        )
    return found


def agency_id(code: str) -> int:
    """The key for a foreign key to `city.Agency`. Raises `NotFound`."""
    return agency(code).id


def agency_name(code: str) -> str:
    """The short name, else the name, else the code itself."""
    found = chart().agencies.get(code)
    return found.label if found else code


def agencies(on: date | None = None, *, parent: str | None = None) -> list[AgencyInfo]:
    """Living agencies by code; with `parent`, only those directly under it ("" for the top)."""
    day = on or today()
    return [
        item for item in chart().agencies.values() if item.exists(day) and (parent is None or item.parent == parent)
    ]


def units_within(code: str, on: date | None = None) -> list[str]:
    """The agency itself and all its units."""
    day = on or today()
    found = [code] if code in chart().agencies else []
    for current in found:
        found.extend(item.code for item in chart().agencies.values() if item.parent == current and item.exists(day))
    return found


def office_of(region: str) -> AgencyInfo | None:
    """The office that serves a region: a ward's or a district's own."""
    day = today()
    return next((item for item in chart().agencies.values() if item.region == region and item.exists(day)), None)


def position(code: str) -> PositionInfo:
    """A position by code, living or ended. Raises `NotFound`."""
    found = chart().positions.get(code)
    if found is None:
        raise NotFound(
            format_lazy(_("There is no position with the code {code}."), code=code), code="no_position", item=code
        )
    return found


def positions(on: date | None = None, *, agency: str | None = None, role: str | None = None) -> list[PositionInfo]:
    """Living positions by code; of one agency, or of those that carry a role."""
    day = on or today()
    return [
        item
        for item in chart().positions.values()
        if item.exists(day)
        and (agency is None or item.agency == agency)
        and (role is None or any(grant.role == role for grant in item.grants))
    ]
