"""What happens to signed documents and to the keys that sign them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class _AboutDocument(Event):
    """`kind` and `key` are the room's words for the thing; `code` is the document's public one."""

    code: str
    kind: str
    key: str

    @property
    def subject(self) -> str:
        return f"document/{self.code}"


@dataclass(frozen=True, kw_only=True)
class DocumentSigned(_AboutDocument):
    """A document carries a signature and counts from now."""

    type: ClassVar[str] = "signatures.document_signed.v1"
    position: str
    level: str


@dataclass(frozen=True, kw_only=True)
class DocumentRevoked(_AboutDocument):
    """A signed document no longer counts. `reason` is one of `policies.REASONS`."""

    type: ClassVar[str] = "signatures.document_revoked.v1"
    reason: str


@dataclass(frozen=True, kw_only=True)
class DocumentSuperseded(_AboutDocument):
    """A newer document has taken the place of this one."""

    type: ClassVar[str] = "signatures.document_superseded.v1"
    by: str


@dataclass(frozen=True, kw_only=True)
class SigningKeyLocked(Event):
    """Five wrong passphrases: the key waits."""

    type: ClassVar[str] = "signatures.key_locked.v1"
    audience: ClassVar[str] = "none"
    account_id: int
    until: str

    @property
    def subject(self) -> str:
        return f"account/{self.account_id}"


@dataclass(frozen=True, kw_only=True)
class SigningKeyRevoked(Event):
    """A key signs no more."""

    type: ClassVar[str] = "signatures.key_revoked.v1"
    audience: ClassVar[str] = "none"
    account_id: int
    reason: str

    @property
    def subject(self) -> str:
        return f"account/{self.account_id}"
