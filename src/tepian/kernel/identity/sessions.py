"""Sessions in the database, each knowing its account (settings.SESSION_ENGINE names this module)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

STARTED, SEEN, AGENT = "started", "seen", "agent"  # keys in the session's data


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> Any:
        from .models import SignInSession

        return SignInSession

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        account = data.get("_auth_user_id")
        row.account_id = int(account) if account else None
        row.agent = str(data.get(AGENT, ""))[:200]
        row.started_at = datetime.fromtimestamp(data[STARTED], UTC) if STARTED in data else None
        return row
