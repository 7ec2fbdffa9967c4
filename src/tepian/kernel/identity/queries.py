"""Who somebody is now, what the person may do, and who can help."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import FilteredRelation, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, Grant
from tepian.kernel.audit.models import AuditEntry

from .models import Account, DeviceKey, Holding, SignInSession
from .roles import role_name

PREFIX: dict[str, str] = {str(Holding.Kind.PLT): "Plt. ", str(Holding.Kind.PLH): "Plh. "}


@dataclass(frozen=True, slots=True)
class Posting:
    """A position held at a moment. `title` carries "Plt." or "Plh." where the holder is acting."""

    holding_id: int
    title: str
    kind: str
    starts_at: datetime
    ends_at: datetime | None
    basis: str
    position_code: str
    agency_code: str
    agency_name: str
    grants: tuple[Grant, ...]


# --- positions held --------------------------------------------------------------------------------------------------


def grants_of(raw: Iterable[dict[str, Any]], agency: str = "") -> tuple[Grant, ...]:
    """Grants as stored with a position or key. A scope `agency` without code means the position's own agency."""
    found = []
    for item in raw:
        scope = item.get("scope") or "city"
        code = item.get("code") or (agency if scope == "agency" else "")
        found.append(Grant(item["role"], scope, code))
    return tuple(found)


def _valid(on: date, *spans: tuple[date | None, date | None]) -> bool:
    return all((start is None or start <= on) and (end is None or on <= end) for start, end in spans)


_ACCOUNT_FIELDS = [field.attname for field in Account._meta.concrete_fields]
_HOLDING_FIELDS = [
    "id",
    "kind",
    "starts_at",
    "ends_at",
    "basis",
    "position__code",
    "position__title",
    "position__grants",
    "position__valid_from",
    "position__valid_to",
    "position__agency__code",
    "position__agency__name",
    "position__agency__short_name",
    "position__agency__valid_from",
    "position__agency__valid_to",
]


def load(account_id: int, at: datetime | None = None) -> tuple[Account, tuple[Posting, ...]] | None:
    """The account and the positions it holds at a moment, in one query. Positions and agencies must be valid that day
    (the city's calendar day)."""
    moment = at or datetime.now(UTC)
    rows = list(
        Account.objects.filter(pk=account_id)
        .annotate(
            held=FilteredRelation(
                "holdings",
                condition=Q(holdings__starts_at__lte=moment)
                & (Q(holdings__ends_at__isnull=True) | Q(holdings__ends_at__gt=moment)),
            )
        )
        .values_list(*_ACCOUNT_FIELDS, *[f"held__{name}" for name in _HOLDING_FIELDS])
    )
    if not rows:
        return None
    width = len(_ACCOUNT_FIELDS)
    account = Account.from_db("default", _ACCOUNT_FIELDS, rows[0][:width])
    on = timezone.localtime(moment).date()
    postings = []
    for row in rows:
        (
            holding,
            kind,
            starts_at,
            ends_at,
            basis,
            code,
            title,
            grants,
            valid_from,
            valid_to,
            agency,
            agency_name,
            agency_short,
            agency_from,
            agency_to,
        ) = row[width:]
        if holding is None or not _valid(on, (valid_from, valid_to), (agency_from, agency_to)):
            continue
        postings.append(
            Posting(
                holding,
                PREFIX.get(kind, "") + title,
                kind,
                starts_at,
                ends_at,
                basis,
                code,
                agency,
                agency_short or agency_name,
                grants_of(grants, agency),
            )
        )
    postings.sort(key=lambda posting: (posting.kind != Holding.Kind.DEFINITIVE, posting.position_code))
    return account, tuple(postings)


def actor_of(account: Account, postings: Sequence[Posting], request_id: str = "") -> Actor:
    """The actor that an account is with these postings. The label speaks of offices, where there are any."""
    label = "; ".join(posting.title for posting in postings) or str(account)
    grants = tuple(dict.fromkeys(grant for posting in postings for grant in posting.grants))
    return Actor(
        kind="person", id=account.username, label=label, grants=grants, request_id=request_id, account_id=account.pk
    )


def actor_for(account: Account, at: datetime | None = None, request_id: str = "") -> Actor:
    """Who this account is at a moment (default: now), with the grants of the positions held then. One query."""
    loaded = load(account.pk, at)
    if loaded is None or not loaded[0].is_active:
        return Actor(request_id=request_id)
    return actor_of(*loaded, request_id)


def postings(account: Account, at: datetime | None = None) -> tuple[Posting, ...]:
    """The positions that an account holds at a moment."""
    loaded = load(account.pk, at)
    return loaded[1] if loaded else ()


def current_holdings(at: datetime | None = None) -> QuerySet[Holding]:
    """Holdings that run at a moment, with account, position and agency; without looking at the validity of these."""
    moment = at or datetime.now(UTC)
    return (
        Holding.objects.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=moment), starts_at__lte=moment)
        .filter(account__is_active=True)
        .select_related("account", "position__agency")
        .order_by("position__code", "kind", "id")
    )


def _with_role(role: str, region: str, at: datetime | None) -> list[Holding]:
    moment = at or datetime.now(UTC)
    on = timezone.localtime(moment).date()
    found = []
    for holding in current_holdings(moment):
        position, agency = holding.position, holding.position.agency
        if not _valid(on, (position.valid_from, position.valid_to), (agency.valid_from, agency.valid_to)):
            continue
        for grant in grants_of(position.grants, agency.code):
            if grant.role == role and (not region or grant.covers(region=region)):
                found.append(holding)
                break
    return found


def accounts_with_role(role: str, region: str = "", at: datetime | None = None) -> list[Account]:
    """Everybody who holds a role now, within reach of a region if one is given. Each account once."""
    return list({holding.account_id: holding.account for holding in _with_role(role, region, at)}.values())


def holders_text(role: str, region: str = "") -> str:
    """The offices that hold a role now, e.g. "Petugas jaga (Pusdalops), Kepala Pelaksana (BPBD)". Empty if none."""
    offices = dict.fromkeys(
        f"{PREFIX.get(holding.kind, '')}{holding.position.title} ({holding.position.agency})"
        for holding in _with_role(role, region, None)
    )
    return ", ".join(list(offices)[:4])


def who_can_help(role: str = "", region: str = "") -> str:
    """One or two sentences for a refusal: who does this task now, and who can give the role. For people."""
    sentences = []
    if role:
        if offices := holders_text(role, region):
            sentences.append(
                _("This is the task of %(role)s, held now by: %(offices)s.")
                % {"role": role_name(role), "offices": offices}
            )
        else:
            sentences.append(_("Nobody holds the role %(role)s now.") % {"role": role_name(role)})
    administrators = holders_text("administrator")
    if administrators:
        sentences.append(_("Access can be given by: %(offices)s.") % {"offices": administrators})
    else:
        sentences.append(_("Access can be given by the city's system administrator."))
    return " ".join(sentences)


def role_names(actor: Actor) -> list[str]:
    """The roles of an actor, in the reader's language."""
    return list(dict.fromkeys(role_name(grant.role) for grant in actor.grants))


# --- accounts, sessions, keys ----------------------------------------------------------------------------------------


def find_accounts(text: str = "", *, active: bool | None = None) -> QuerySet[Account]:
    """Accounts by username, name or position title, in order of username."""
    rows = Account.objects.order_by("username")
    if active is not None:
        rows = rows.filter(is_active=active)
    if text:
        rows = rows.filter(
            Q(username__icontains=text) | Q(display_name__icontains=text) | Q(holdings__position__title__icontains=text)
        ).distinct()
    return rows


def sessions_of(account_id: int) -> QuerySet[SignInSession]:
    """The account's running sessions, newest first."""
    return SignInSession.objects.filter(account_id=account_id, expire_date__gt=timezone.now()).order_by("-seen_at")


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux")


def browser_of(agent: str) -> str:
    """A browser's name as people know it, e.g. "Chrome, Android"; else what it says of itself."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for name in _SYSTEMS if name in agent), "")
    return f"{browser}, {system}" if browser and system else agent[:60]


def session_mark(session_key: str) -> str:
    """A short name of a session for pages: the key itself is a secret and stays out of them."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:16]


def device_keys() -> QuerySet[DeviceKey]:
    return DeviceKey.objects.select_related("agency").order_by("revoked_at", "name")


def views_of(account_id: int) -> QuerySet[AuditEntry]:
    """Who looked at this account's data, newest first."""
    return AuditEntry.objects.filter(
        operation="audit.view", subject_type="account", subject_id=str(account_id)
    ).order_by("-position")
