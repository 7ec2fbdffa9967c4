"""Small secrets at rest: sealed so that only who holds the key reads them, and fingerprints that tell equal from other."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken


class Seal:
    """Encrypts short texts with a key derived from `secret` for one `purpose` (Fernet: AES-128-CBC with HMAC)."""

    def __init__(self, secret: str, purpose: str) -> None:
        key = hashlib.blake2b(purpose.encode(), key=hashlib.sha256(secret.encode()).digest(), digest_size=32).digest()
        self._fernet = Fernet(base64.urlsafe_b64encode(key))
        self._key = hashlib.sha256(key + b"fingerprint").digest()

    def close(self, text: str) -> str:
        """The sealed text; an empty text stays empty."""
        return self._fernet.encrypt(text.encode()).decode() if text else ""

    def open(self, sealed: str) -> str:
        """The text again; empty when it was sealed with another key."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode() if sealed else ""
        except InvalidToken:
            return ""

    def fingerprint(self, text: str) -> str:
        """Equal texts have equal fingerprints (keyed SHA-256, 32 hex digits); nobody without the key can guess one."""
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()[:32] if text else ""
