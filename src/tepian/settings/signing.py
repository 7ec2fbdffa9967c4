"""Signatures: who makes them, and whom they are checked against."""

from __future__ import annotations

from .knobs import Knobs

_knobs = Knobs()
SIGNER = _knobs.signer
BSRE_URL, BSRE_USER, BSRE_PASSWORD = _knobs.bsre_url, _knobs.bsre_user, _knobs.bsre_password
TIMESTAMP_URL, SIGNATURE_ROOTS = _knobs.timestamp_url, _knobs.signature_roots
