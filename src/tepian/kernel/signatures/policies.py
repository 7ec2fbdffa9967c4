"""Who may sign, who may take a signature back, and who looks after keys."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Denied, require
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.identity.queries import who_can_help

from . import queries
from .models import SignedDocument

# Why a signed document no longer counts. The check page shows the words, so none of them says anything of a person.
REASONS = {
    "wrong_data": _("something in it is wrong"),
    "circumstances": _("what it says is no longer so"),
    "not_entitled": _("it should not have been issued"),
    "forged": _("it was obtained with false papers"),
    "asked": _("whom it concerns asked for it"),
}


def _city_administrator(actor: Actor) -> bool:
    return any(grant.role == "administrator" and grant.scope == "city" for grant in actor.grants)


def may_sign(*, actor: Actor, **_rest: Any) -> None:
    """People who hold a position now; for which one is asked for each document."""
    require(
        actor.account_id is not None and bool(queries.signatories(actor)),
        _("Only who holds a position now signs. Nothing was signed."),
        "" if actor.account_id is None else who_can_help("administrator"),
    )


def may_revoke(*, actor: Actor, code: str, **_rest: Any) -> None:
    """Who may now sign for the position that the document was signed for."""
    document = SignedDocument.objects.filter(code=code).first()
    if document is None:
        return  # the verb says that there is none
    if document.position not in {one.position for one in queries.signatories(actor, kind=document.kind)}:
        raise Denied(
            _("Only who signs for this position now may revoke its documents. Nothing was changed."),
            who_can_help("administrator"),
        )


def may_manage_keys(*, actor: Actor, **_rest: Any) -> None:
    """An administrator of the whole city: a key gives letters their weight everywhere."""
    require(
        _city_administrator(actor),
        _("Only an administrator of the whole city looks after signing keys. Nothing was changed."),
        "" if _city_administrator(actor) else who_can_help("administrator"),
    )


def is_own_key(*, actor: Actor, **_rest: Any) -> None:
    """Everybody who is signed in, for the own key."""
    require(actor.account_id is not None, _("Sign in first. Nothing was changed."))


def may_read_file(actor: Actor, file: StoredFile) -> bool:
    """The signed file: who signed it, and who signs for that position now. A room shows it to others by its own rules."""
    document = SignedDocument.objects.filter(code=file.subject_id).first()
    if document is None or actor.account_id is None:
        return False
    return document.signer_id == actor.account_id or any(
        one.position == document.position for one in queries.signatories(actor, kind=document.kind)
    )
