"""The own key; and for the administrator: the city's root, everybody's keys, who signs for whom."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from tepian.kernel.actors import Actor, Denied, Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.access import staff_page
from tepian.kernel.identity.models import Account
from tepian.kernel.identity.views.administration import tabs

from .. import certifying, operations, queries
from ..forms import KEY_REASONS, ActivateForm, DelegationForm, KeyReasonForm, OfferForm, RenewForm
from ..models import SigningDelegation, SigningKey

administrators = staff_page("administrator")


def _actor(request: Any) -> Actor:
    actor: Actor = request.actor
    return actor


def _refused(form: Any, error: Invalid | Denied) -> None:
    """Put a refusal beside the field at fault."""
    if isinstance(error, Denied):
        form.add_error(None, f"{error.reason} {error.helper}".strip())
    else:
        form.add_error(error.field if error.field in form.fields else None, str(error.message))


@staff_page
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """My signing key: make the one that was offered, or put a new one in its place."""
    actor = _actor(request)
    key, offered = queries.active_key(actor.account_id or 0), queries.offered_key(actor.account_id or 0)
    kind: Any = RenewForm if key and not offered else ActivateForm
    form = kind(request.POST or None)
    if request.method == "POST" and form.is_valid():
        verb: Any = operations.renew_key if kind is RenewForm else operations.activate_key
        try:
            verb(actor=actor, **form.cleaned_data)
        except (Invalid, Denied) as error:
            _refused(form, error)
        else:
            messages.success(request, _("Your key is ready. Keep the passphrase to yourself: nobody can look it up."))
            return redirect("signatures-desk")
    context = {
        "key": key,
        "offered": offered,
        "local": queries.provider() == "local",
        "form": form,
        "ended": bool(key and key.expires_at and key.expires_at <= timezone.now()),
    }
    return render(request, "signatures/own_key.html", context, status=422 if form.errors else 200)


def _page(
    request: HttpRequest, *, offer: OfferForm | None = None, delegation: DelegationForm | None = None, status: int = 200
) -> HttpResponse:
    now, day = timezone.now(), today()
    keys = [
        (key, _state(key, now))
        for key in SigningKey.objects.select_related("account").order_by("account__username", "-id")
    ]
    rows = SigningDelegation.objects.select_related("for_position", "by_position", "via")
    listed = [
        (row, "ended" if row.valid_to and row.valid_to < day else "future" if row.valid_from > day else "current")
        for row in rows
    ]
    root = certifying.current_root()
    context = {
        "tabs": tabs(_actor(request)),
        "root": root,
        "opens": root is not None and certifying.opens(root),
        "local": queries.provider() == "local",
        "keys": keys,
        "reasons": KEY_REASONS,
        "delegations": listed,
        "offer": offer or OfferForm(),
        "delegation": delegation or DelegationForm(),
    }
    return render(request, "signatures/keys.html", context, status=status)


def _state(key: SigningKey, now: Any) -> str:
    if key.state == SigningKey.State.REVOKED:
        return "revoked"
    if key.state == SigningKey.State.OFFERED:
        return "offered" if key.activate_before and key.activate_before > now else "lapsed"
    return "ended" if key.expires_at and key.expires_at <= now else "valid"


@administrators
@require_http_methods(["GET", "POST"])
def manage(request: HttpRequest) -> HttpResponse:
    """Root, keys and delegations; POST offers a key."""
    if request.method == "GET":
        return _page(request)
    form = OfferForm(request.POST)
    if form.is_valid():
        account = Account.objects.get(username=form.cleaned_data["account"])
        try:
            operations.offer_key(actor=_actor(request), account=account, identity=form.cleaned_data.get("identity", ""))
        except (Invalid, Denied) as error:
            _refused(form, error)
        else:
            messages.success(
                request,
                _("A key is offered. %(person)s makes it under My signing key within seven days.")
                % {"person": account.display_name or account.username}
                if queries.provider() == "local"
                else _("This person signs at BSrE from now on."),
            )
            return redirect("signatures-keys")
    return _page(request, offer=form, status=422)


@administrators
@require_POST
def new_root(request: HttpRequest) -> HttpResponse:
    operations.make_root(actor=_actor(request))
    messages.success(request, _("The city's root is made. New keys hang on it; older ones count until they end."))
    return redirect("signatures-keys")


@administrators
@require_POST
def revoke(request: HttpRequest, key_id: int) -> HttpResponse:
    key, form = SigningKey.objects.filter(pk=key_id).first(), KeyReasonForm(request.POST)
    if key is None:
        raise Http404(_("There is no such key."))
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    operations.revoke_key(actor=_actor(request), key=key, reason=reason)
    messages.success(request, _("Key revoked. It signs no more; what it signed still counts."))
    return redirect("signatures-keys")


@administrators
@require_POST
def delegate(request: HttpRequest) -> HttpResponse:
    form = DelegationForm(request.POST)
    if form.is_valid():
        data = form.cleaned_data
        codes = {name: data[name].code if data[name] else "" for name in ("for_position", "via", "by_position")}
        try:
            operations.delegate(actor=_actor(request), **data | codes)
        except (Invalid, Denied) as error:
            _refused(form, error)
        else:
            messages.success(request, _("Noted. It counts on the days given."))
            return redirect("signatures-keys")
    return _page(request, delegation=form, status=422)


@administrators
@require_POST
def end_delegation(request: HttpRequest, row_id: int) -> HttpResponse:
    row = SigningDelegation.objects.filter(pk=row_id).first()
    if row is None:
        raise Http404(_("There is no such entry."))
    operations.end_delegation(actor=_actor(request), delegation=row)
    messages.success(request, _("Ended. Nobody signs by it from now on."))
    return redirect("signatures-keys")
