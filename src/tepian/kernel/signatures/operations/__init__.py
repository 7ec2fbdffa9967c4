"""Verbs on keys, signatures and who signs for whom."""

from __future__ import annotations

from .delegations import delegate, end_delegation
from .keys import activate_key, close_keys, close_keys_of, make_root, offer_key, renew_key, revoke_key
from .revoking import revoke
from .signing import MOST, Outcome, item_for, preview, send_back, sign_many

__all__ = [
    "MOST",
    "Outcome",
    "activate_key",
    "close_keys",
    "close_keys_of",
    "delegate",
    "end_delegation",
    "item_for",
    "make_root",
    "offer_key",
    "preview",
    "renew_key",
    "revoke",
    "revoke_key",
    "send_back",
    "sign_many",
]
