"""How Django finds the account behind a session and checks a password."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from . import queries
from .models import Account


class AccountBackend(AuthenticationBackend):
    """Password check by allauth (constant work for unknown names); the account comes with the positions it holds now,
    in one query, so that a role that ended is gone at the next request."""

    def get_user(self, user_id: Any) -> Account | None:
        loaded = queries.load(int(user_id))
        if loaded is None or not self.user_can_authenticate(loaded[0]):
            return None
        account: Any = loaded[0]
        account.held_now = loaded[1]
        return account

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return False  # permissions come from policies and positions
