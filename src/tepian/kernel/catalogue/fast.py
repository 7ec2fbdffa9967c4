"""The small request and reply that fast routes speak with the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson


@dataclass(slots=True)
class FastRequest:
    """A request with its whole body, already held to the body limit. Header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    peer: str = ""
    base_url: str = ""


@dataclass(slots=True)
class FastReply:
    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def json(cls, value: object, status: int = 200, **headers: str) -> FastReply:
        return cls(status, orjson.dumps(value), headers=list(headers.items()))
