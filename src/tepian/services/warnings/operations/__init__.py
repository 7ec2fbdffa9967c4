"""The verbs: publish, update, cancel, let expire; ask to be told and leave."""

from . import cap
from .kinds import load_kinds
from .subscriptions import confirm_subscription, forget_unconfirmed, subscribe, unsubscribe
from .telling import cancel_warning, expire_due, publish_warning, update_warning

__all__ = [
    "cancel_warning",
    "cap",
    "confirm_subscription",
    "expire_due",
    "forget_unconfirmed",
    "load_kinds",
    "publish_warning",
    "subscribe",
    "unsubscribe",
    "update_warning",
]
