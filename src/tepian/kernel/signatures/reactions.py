"""When somebody holds no position any more, the keys end too, at once; and people are told of locks and ends."""

from __future__ import annotations

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on
from tepian.kernel.identity.models import Account
from tepian.kernel.identity.queries import postings

from .models import SigningKey
from .operations import close_keys_of

SYSTEM = system("signatures.positions")


@on("identity.holding_ended.v1", consumer="signatures.close_keys")
def close_keys(envelope: Envelope) -> None:
    """Nobody without a position signs, for each signature asks who holds what. This revokes the certificate too, so that
    others see it. Who holds another position keeps the key."""
    account = Account.objects.filter(pk=envelope.data["account_id"]).first()
    if account is None or (account.is_active and postings(account)):
        return
    if SigningKey.objects.filter(account=account).exclude(state=SigningKey.State.REVOKED).exists():
        close_keys_of(actor=SYSTEM, account_id=account.pk)
