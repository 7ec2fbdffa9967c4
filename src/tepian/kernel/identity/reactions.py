"""What sign-in libraries report goes into the city's own record."""

from __future__ import annotations

import time
from typing import Any

from allauth.mfa import signals as factors
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver

from tepian.kernel.actors import Actor, system

from . import lockout, operations, queries
from .models import Account
from .sessions import AGENT, SEEN, STARTED


def _request_id(request: Any) -> str:
    return getattr(getattr(request, "actor", None), "request_id", "")


@receiver(user_logged_in, dispatch_uid="identity.signed_in")
def signed_in(sender: Any, request: Any, user: Account, **kwargs: Any) -> None:
    now = time.time()
    request.session[STARTED], request.session[SEEN] = int(now), int(now)
    request.session[AGENT] = request.META.get("HTTP_USER_AGENT", "")[:200]
    records = request.session.get("account_authentication_methods", [])
    method = "+".join(dict.fromkeys(record.get("type") or record.get("method", "") for record in records)) or "password"
    actor = queries.actor_for(user, request_id=_request_id(request))
    operations.record_sign_in(actor=actor, method=method)


@receiver(user_logged_out, dispatch_uid="identity.signed_out")
def signed_out(sender: Any, request: Any, user: Account | None, **kwargs: Any) -> None:
    if user is not None:
        actor = Actor(
            kind="person", id=user.username, label=str(user), request_id=_request_id(request), account_id=user.pk
        )
        operations.record_sign_out(actor=actor)


@receiver(user_locked_out, dispatch_uid="identity.locked")
def locked(sender: Any, request: Any, username: str, ip_address: str, **kwargs: Any) -> None:
    account = Account.objects.filter(username=username).first()
    until = lockout.locked_until(username, ip_address)
    if account is not None and until is not None:
        operations.record_lock(actor=system("identity.lockout"), account=account, until=until)


def _factor(change: str) -> Any:
    def changed(sender: Any, request: Any, user: Account, authenticator: Any, **kwargs: Any) -> None:
        actor = getattr(request, "actor", None) or queries.actor_for(user)
        operations.record_second_factor(actor=actor, account_id=user.pk, change=change, factor=str(authenticator.type))

    return changed


for _signal, _change in (
    (factors.authenticator_added, "added"),
    (factors.authenticator_removed, "removed"),
    (factors.authenticator_reset, "renewed"),
):
    _signal.connect(_factor(_change), weak=False, dispatch_uid=f"identity.factor_{_change}")
