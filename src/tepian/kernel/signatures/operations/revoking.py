"""Taking a signature back: the file stays as it is, and the public check says that it no longer counts."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound, checked_text
from tepian.kernel.events import emit, note, operation

from .. import policies
from ..events import DocumentRevoked
from ..models import SignedDocument


@operation("signatures.revoke", policy=policies.may_revoke)
def revoke(*, actor: Actor, code: str, reason: str, explanation: str = "") -> SignedDocument:
    """A signed document no longer counts, from now and for good. `reason` is one of `policies.REASONS` and public;
    `explanation` is kept for the office."""
    if reason not in policies.REASONS:
        raise Invalid(_("Choose why this document no longer counts."), code="reason_missing", field="reason")
    explanation = checked_text(explanation, "explanation", limit=1000, needed=False)
    document = SignedDocument.objects.select_for_update(of=("self",)).filter(code=code).first()
    if document is None:
        raise NotFound(_("No document has this code."), code="unknown_code", item=code)
    if document.revoked_at:
        raise Conflict(_("This document is revoked already. Nothing was changed."), code="already_done", item=code)
    document.revoked_at, document.revoked_by = timezone.now(), actor.label or actor.id
    document.revoke_reason, document.revoke_explanation = reason, explanation
    document.save(update_fields=["revoked_at", "revoked_by", "revoke_reason", "revoke_explanation"])
    note("document", code, reason=reason)
    emit(DocumentRevoked(code=code, kind=document.kind, key=document.item_key, reason=reason))
    return document
