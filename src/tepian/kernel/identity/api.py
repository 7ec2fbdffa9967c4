"""The API's doors of identity: who am I, and how programs sign in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.security import APIKeyCookie, APIKeyHeader, HttpBearer

from tepian.kernel.actors import Actor

from .keys import verify_device_key


class _KnownKey:
    def _device(self, request: HttpRequest, key: str | None) -> Actor | None:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        return actor if key and actor.kind == "device" else None


class BearerKey(_KnownKey, HttpBearer):
    """`Authorization: Bearer tpn_…`"""

    openapi_description = "Device key"

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        return self._device(request, token)


class HeaderKey(_KnownKey, APIKeyHeader):
    """`X-Tepian-Key: tpn_…`"""

    param_name = "X-Tepian-Key"

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        return self._device(request, key)


class Session(APIKeyCookie):
    """A signed-in person's session; writing needs the CSRF token."""

    param_name = "sessionid"

    def _get_key(self, request: HttpRequest) -> str | None:
        return super()._get_key(request) if self.param_name in request.COOKIES else None

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        actor: Actor = request.actor  # type: ignore[attr-defined]
        return actor if actor.kind == "person" else None


ninja_auth: list[Any] = [BearerKey(), HeaderKey(), Session()]
router = Router(tags=["identity"])


class GrantOut(Schema):
    role: str
    scope: str
    code: str


class ActorOut(Schema):
    kind: str
    id: str
    label: str
    grants: list[GrantOut]


@router.get("/me", response=ActorOut, auth=ninja_auth, summary="Who am I")
def me(request: HttpRequest) -> Any:
    """The person or device behind this request, with the grants it has now."""
    actor: Actor = request.auth  # type: ignore[attr-defined]
    return {
        "kind": actor.kind,
        "id": actor.id,
        "label": actor.label,
        "grants": [{"role": g.role, "scope": g.scope, "code": g.code} for g in actor.grants],
    }


__all__ = ["ninja_auth", "router", "verify_device_key"]
