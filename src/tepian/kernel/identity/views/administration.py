"""Administration: accounts, positions and their holders, device keys, the record."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Actor, Denied, Invalid, NotFound
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.events import record_view
from tepian.kernel.organisations.models import Position

from .. import operations, policies, queries, record
from ..access import staff_page
from ..forms import AccountForm, AssignForm, DeviceKeyForm
from ..models import Account, DeviceKey, Holding
from ..queries import PREFIX, grants_of
from ..roles import SCOPES, names, role_name

administrators = staff_page("administrator")
record_readers = staff_page("auditor", "administrator")


def _actor(request: Any) -> Actor:
    actor: Actor = request.actor
    return actor


def _account(username: str) -> Account:
    account = Account.objects.filter(username=username).first()
    if account is None:
        raise NotFound(_("There is no account with this username."), item=username)
    return account


def _roles_of(name: str) -> tuple[str, ...]:
    view: Any = resolve(reverse(name)).func
    roles: tuple[str, ...] = view.access_roles
    return roles


def tabs(actor: Actor) -> list[tuple[str, str]]:
    """The pages of administration that this actor may open."""
    pages = [
        (_("Accounts"), "identity-accounts"),
        (_("Positions"), "identity-positions"),
        (_("Device keys"), "identity-device-keys"),
        (_("Signing"), "signatures-keys"),
        (_("Record"), "identity-audit"),
    ]
    return [(label, reverse(name)) for label, name in pages if actor.has(*_roles_of(name))]


@record_readers
@require_GET
def first(request: HttpRequest) -> HttpResponse:
    """The first page of administration that this actor may open."""
    return redirect(tabs(_actor(request))[0][1])


def _refused(form: Any, error: Invalid | Denied) -> None:
    """Put a refusal beside the field at fault, so that everything typed stays."""
    if isinstance(error, Denied):
        form.add_error(None, f"{error.reason} {error.helper}".strip())
    else:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))


@administrators
@require_GET
def accounts(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("cari", "").strip()[:100]
    rows = queries.find_accounts(text).prefetch_related(
        Prefetch("holdings", queryset=queries.current_holdings(), to_attr="held")
    )
    page = Paginator(rows, 50).get_page(request.GET.get("halaman"))
    found: list[Any] = list(page)
    listed = [
        (account, [PREFIX.get(held.kind, "") + held.position.title for held in account.held]) for account in found
    ]
    return render(
        request,
        "identity/accounts.html",
        {"tabs": tabs(_actor(request)), "page": page, "listed": listed, "text": text},
    )


@administrators
def new_account(request: HttpRequest) -> HttpResponse:
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            account, password = operations.create_account(actor=_actor(request), **form.cleaned_data)
        except (Invalid, Denied) as error:
            _refused(form, error)
        else:
            return _shown_once(
                request,
                _("Account made"),
                _("Temporary password of %(username)s") % {"username": account.username},
                password,
                f"/kerja/kelola/pengguna/{account.username}",
            )
    return render(request, "identity/new_account.html", {"form": form}, status=422 if form.errors else 200)


def _shown_once(request: HttpRequest, title: str, label: str, secret: str, back: str) -> HttpResponse:
    response = render(
        request, "identity/shown_once.html", {"title": title, "label": label, "secret": secret, "back": back}
    )
    response["Cache-Control"] = "no-store"
    return response


def _show_account(request: HttpRequest, account: Account, form: AssignForm, status: int = 200) -> HttpResponse:
    policies.may_manage_account(actor=_actor(request), account=account)
    record_view(actor=_actor(request), subject_type="account", subject_id=account.pk, purpose="identity.administration")
    now = timezone.now()
    holdings = [
        (
            holding,
            PREFIX.get(holding.kind, "") + holding.position.title,
            "ended"
            if holding.ends_at and holding.ends_at <= now
            else "future"
            if holding.starts_at > now
            else "current",
        )
        for holding in Holding.objects.filter(account=account).select_related("position__agency").order_by("-starts_at")
    ]
    return render(
        request,
        "identity/one_account.html",
        {
            "account": account,
            "holdings": holdings,
            "form": form,
            "sessions": queries.sessions_of(account.pk).count(),
            "second_factor": Authenticator.objects.filter(user=account).exclude(type="recovery_codes").exists(),
        },
        status=status,
    )


@administrators
@require_GET
def one_account(request: HttpRequest, username: str) -> HttpResponse:
    return _show_account(request, _account(username), AssignForm())


@administrators
@require_POST
def assign(request: HttpRequest, username: str) -> HttpResponse:
    account, form = _account(username), AssignForm(request.POST)
    if form.is_valid():
        try:
            operations.assign_position(actor=_actor(request), account=account, **form.cleaned_data)
        except (Invalid, Denied) as error:
            _refused(form, error)
        else:
            messages.success(request, _("Position given. It works from the next page on."))
            return redirect("identity-one-account", username)
    return _show_account(request, account, form, status=422)


@administrators
@require_POST
def change_account(request: HttpRequest, username: str) -> HttpResponse:
    """Switch off or on, give a new password, end sessions: `verb` says which."""
    account, actor = _account(username), _actor(request)
    verb = request.POST.get("verb", "")
    if verb == "password":
        password = operations.reset_password(
            actor=actor, account=account, second_factor=request.POST.get("second_factor") == "yes"
        )
        return _shown_once(
            request,
            _("New password made"),
            _("Temporary password of %(username)s") % {"username": account.username},
            password,
            f"/kerja/kelola/pengguna/{account.username}",
        )
    if verb == "deactivate":
        operations.deactivate_account(actor=actor, account=account)
        messages.success(request, _("Account switched off. Its sessions and positions have ended."))
    elif verb == "activate":
        operations.activate_account(actor=actor, account=account)
        messages.success(request, _("Account switched on. Give it a position next."))
    elif verb == "sessions":
        ended = operations.end_sessions(actor=actor, account=account)
        messages.success(request, _("Sessions ended: %(count)d.") % {"count": ended})
    else:
        raise Invalid(_("This button is not known. Nothing was changed."), code="unknown_verb", field="verb")
    return redirect("identity-one-account", username)


@administrators
@require_POST
def end_holding(request: HttpRequest, holding_id: int) -> HttpResponse:
    holding = Holding.objects.select_related("account", "position__agency").filter(pk=holding_id).first()
    if holding is None:
        raise NotFound(_("There is no such holding."), item=str(holding_id))
    operations.end_holding(actor=_actor(request), holding=holding, reason=request.POST.get("reason", "")[:200])
    messages.success(request, _("Ended. The roles are gone at the holder's next page."))
    return redirect("identity-one-account", holding.account.username)


def _grant_text(grants: Any) -> str:
    return "; ".join(
        role_name(grant.role)
        + ("" if grant.scope == "city" else f" ({SCOPES.get(grant.scope, grant.scope)} {grant.code})")
        for grant in grants
    )


@record_readers
@require_GET
def positions(request: HttpRequest) -> HttpResponse:
    """Positions by agency, who holds them, and who is acting."""
    held: dict[int, list[tuple[str, Holding]]] = {}
    for holding in queries.current_holdings():
        held.setdefault(holding.position_id, []).append((PREFIX.get(holding.kind, ""), holding))
    listed = [
        (position, _grant_text(grants_of(position.grants, position.agency.code)), held.get(position.pk, []))
        for position in Position.objects.select_related("agency").order_by("agency__code", "code")
    ]
    return render(request, "identity/positions.html", {"tabs": tabs(_actor(request)), "listed": listed})


@administrators
def device_keys(request: HttpRequest) -> HttpResponse:
    form = DeviceKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        grant = {"role": data["role"], "scope": data["scope"]} | ({"code": data["code"]} if data["code"] else {})
        try:
            key, secret = operations.issue_device_key(
                actor=_actor(request),
                name=data["name"],
                grants=[grant],
                agency=data["agency"],
                expires_at=datetime.now(UTC) + timedelta(days=data["days"]) if data["days"] else None,
            )
        except (Invalid, Denied) as error:
            _refused(form, error)
        else:
            return _shown_once(
                request, _("Key made"), _("Key of %(name)s") % {"name": key.name}, secret, "/kerja/kelola/kunci"
            )
    now = timezone.now()
    listed = [
        (
            key,
            _grant_text(grants_of(key.grants, key.agency.code if key.agency else "")),
            "revoked" if key.revoked_at else "expired" if key.expires_at and key.expires_at <= now else "valid",
        )
        for key in queries.device_keys()
    ]
    return render(
        request,
        "identity/device_keys.html",
        {"tabs": tabs(_actor(request)), "listed": listed, "form": form},
        status=422 if form.errors else 200,
    )


@administrators
@require_POST
def revoke_key(request: HttpRequest, key_id: int) -> HttpResponse:
    key = DeviceKey.objects.select_related("agency").filter(pk=key_id).first()
    if key is None:
        raise NotFound(_("There is no such key."), item=str(key_id))
    operations.revoke_device_key(actor=_actor(request), key=key)
    messages.success(request, _("Key revoked. Devices that use it are refused from now on."))
    return redirect("identity-device-keys")


# --- the record -------------------------------------------------------------------------------------------------------


def _day(text: str, end: bool = False) -> datetime | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    start = timezone.make_aware(datetime.combine(day, time.min))
    return start + timedelta(days=1) if end else start


def _details(details: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What an entry remembers, short: empty values are left out, lists of grants become words."""
    for key, value in details.items():
        if value in (None, "", [], {}):
            continue
        if isinstance(value, dict):
            value = ", ".join(f"{name} {item}" for name, item in value.items())
        elif isinstance(value, list):
            value = "; ".join(
                " ".join(str(part) for part in item.values()) if isinstance(item, dict) else str(item) for item in value
            )
        yield key, str(value)


@record_readers
def audit(request: HttpRequest) -> HttpResponse:
    """The record of operations and views, newest first. Looking at it is recorded too. POST walks the chain."""
    actor = _actor(request)
    if request.method == "POST":
        record_view(actor=actor, subject_type="record", subject_id="chain", purpose="identity.check_record")
        result = record.check_record()
        if result.holds:
            messages.success(
                request, _("The record is unbroken: %(count)d entries checked.") % {"count": result.entries}
            )
        else:
            messages.error(request, _("The record is broken. Keep the database as it is and tell the auditor."))
        return redirect("identity-audit")
    wanted = {key: request.GET.get(key, "").strip()[:100] for key in ("operasi", "pelaku", "hal", "dari", "sampai")}
    rows = AuditEntry.objects.order_by("-position")
    if wanted["operasi"]:
        rows = rows.filter(operation__startswith=wanted["operasi"])
    if wanted["pelaku"]:
        rows = rows.filter(actor_id=wanted["pelaku"])
    if wanted["hal"]:
        kind, _slash, number = wanted["hal"].partition("/")
        rows = rows.filter(subject_type=kind, **({"subject_id": number} if number else {}))
    if start := _day(wanted["dari"]):
        rows = rows.filter(at__gte=start)
    if end := _day(wanted["sampai"], end=True):
        rows = rows.filter(at__lt=end)
    before = request.GET.get("sebelum", "")
    if before.isdecimal():
        rows = rows.filter(position__lt=int(before[:18]))
    record_view(
        actor=actor,
        subject_type="record",
        subject_id="entries",
        purpose="identity.read_record",
        filters={key: value for key, value in wanted.items() if value},
    )
    listed = list(rows[:51])
    query = request.GET.copy()
    query.pop("sebelum", None)
    return render(
        request,
        "identity/audit.html",
        {
            "tabs": tabs(actor),
            "entries": [(entry, list(_details(entry.details))) for entry in listed[:50]],
            "older": listed[49].position if len(listed) > 50 else None,
            "wanted": wanted,
            "query": query.urlencode(),
            "check": record.last_check(),
            "readers": names(("auditor", "administrator")),
        },
    )
