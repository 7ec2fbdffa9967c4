"""Who acts: the one value that every operation takes, the refusals, and the check of what people write."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.toolkit.text import plain

TEXT_LIMIT = 4000


class Denied(Exception):
    """The actor may not do this. `reason` says why, `helper` says who can help; both are shown to the person."""

    def __init__(self, reason: Any, helper: Any = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.helper = helper


class Invalid(Exception):
    """The input cannot be accepted. `field` names the part at fault, `code` is stable for programs.

    `message` is translated for the reader, best lazily, so that the API can tell it in both languages; `item` names
    the thing at fault (a station, a row, a code).
    """

    def __init__(self, message: Any, *, code: str = "invalid", field: str = "", item: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.field = field
        self.item = item


class Conflict(Invalid):
    """Somebody was faster, or the state has moved on: nothing was changed."""


class NotFound(Invalid):
    """No such thing, or none that this actor may know of."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One role within one scope. `scope` is `city`, `agency` or `region`; `code` is an agency's or a region's code."""

    role: str
    scope: str = "city"
    code: str = ""

    def covers(self, *, region: str = "", agency: str = "") -> bool:
        """A city grant covers all; a region grant covers its own region and every part of it (codes are dotted)."""
        if self.scope == "city":
            return True
        if self.scope == "agency":
            return agency == self.code
        return region == self.code or region.startswith(f"{self.code}.")


@dataclass(frozen=True, slots=True)
class Actor:
    """A person in a position, a device, or the system itself.

    `id` is the account's username, the device's name or the system part's name; `label` is what people read in a
    time line (a position's title where there is one, so that records speak of offices rather than of persons).
    """

    kind: str = "anonymous"
    id: str = ""
    label: str = ""
    grants: tuple[Grant, ...] = ()
    request_id: str = ""
    account_id: int | None = field(default=None, compare=False)

    def has(self, *roles: str, region: str = "", agency: str = "") -> bool:
        """Does one of `roles` reach this region or agency? With neither given, any scope will do."""
        wanted = [grant for grant in self.grants if grant.role in roles]
        if not region and not agency:
            return bool(wanted)
        return any(grant.covers(region=region, agency=agency) for grant in wanted)

    @property
    def is_system(self) -> bool:
        return self.kind == "system"


ANONYMOUS = Actor()


def system(part: str, label: str = "") -> Actor:
    """The system acting by itself: a journey, a job, an import. It passes every policy, and the record names it."""
    return Actor(kind="system", id=part, label=label or part)


def require(condition: bool, reason: Any, helper: Any = "") -> None:
    """For policies: refuse unless `condition` holds."""
    if not condition:
        raise Denied(reason, helper)


def checked_text(value: str, field: str, *, limit: int = TEXT_LIMIT, needed: bool = True) -> str:
    """What somebody wrote, made safe to store; refused when it is missing or longer than `limit`, never cut."""
    value = plain(value or "")
    if needed and not value:
        raise Invalid(_("Write something here. It stays in the record."), code="text_missing", field=field)
    if len(value) > limit:
        raise Invalid(
            _("This text has %(length)s characters; at most %(limit)s fit. Shorten it.")
            % {"length": len(value), "limit": limit},
            code="text_too_long",
            field=field,
        )
    return value
