"""Signing documents of all rooms with one passphrase: each in a transaction of its own, so that whatever happens in the
middle, every document is either signed, numbered, stored and finished, or as it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid, NotFound, checked_text
from tepian.kernel.catalogue.city import current_city
from tepian.kernel.catalogue.contributions import Signable, SignableItem, Signatory
from tepian.kernel.documents.operations import store_file
from tepian.kernel.events import emit, note, operation
from tepian.kernel.identity.queries import who_can_help
from tepian.toolkit.identifiers import new_code

from .. import policies, queries, signing
from ..events import DocumentSigned, DocumentSuperseded
from ..models import SignedDocument, SigningKey
from .trying import forgive, key_for, open_pen, refused

MOST = 100  # documents with one passphrase
log = structlog.get_logger("signatures")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one document: `state` is signed, failed or untouched; `reason` says why not, `code` is the public
    code of what was signed."""

    kind: str
    key: str
    title: str
    state: str
    reason: Any = ""
    code: str = ""


def sign_many(*, actor: Actor, items: Iterable[tuple[str, str]], passphrase: str) -> list[Outcome]:
    """Sign documents (kind, key) in the order given. Raises `SigningFailed` when nothing can begin (no key, a wrong
    passphrase, a service that is away), `Denied` for who holds no position. A document that fails does not keep the next
    from being signed, unless the service itself has failed: then the rest stays untouched."""
    wanted = list(dict.fromkeys(items))
    if not wanted:
        raise Invalid(_("Choose at least one document. Nothing was signed."), code="nothing_chosen", field="items")
    if len(wanted) > MOST:
        raise Invalid(
            _("At most 100 documents are signed with one passphrase. Nothing was signed."),
            code="too_many",
            field="items",
        )
    policies.may_sign(actor=actor)
    key = key_for(actor)
    waiting = {(item.kind, item.key): item for item in queries.waiting(actor, {kind for kind, _key in wanted})}
    pen, left = open_pen(actor, key, passphrase)
    outcomes: list[Outcome] = []
    stopped: Any = ""
    wrong = False
    for kind, name in wanted:
        item = waiting.get((kind, name))
        title = item.title if item else name
        if stopped:
            outcomes.append(Outcome(kind, name, title, "untouched", stopped))
        elif item is None:
            outcomes.append(Outcome(kind, name, title, "failed", _gone().message))
        else:
            try:
                outcome, stopped = _one(actor, key, pen, item)
            except signing.WrongPassphrase:  # from a service that looks at the passphrase only now
                error, wrong = refused(actor, key, left), True
                if not outcomes:
                    raise error from None
                outcome, stopped = Outcome(kind, name, title, "failed", error.message), error.message
            outcomes.append(outcome)
    if not (wrong or pen.proved):
        forgive(key)
    return outcomes


def _one(actor: Actor, key: SigningKey, pen: signing.Pen, item: SignableItem) -> tuple[Outcome, Any]:
    """What became of one, and why nothing more is to be tried ("" when the next may be)."""

    def failed(reason: Any) -> Outcome:
        return Outcome(item.kind, item.key, item.title, "failed", reason)

    try:
        document = _sign(actor=actor, key=key, pen=pen, item=item)
    except signing.WrongPassphrase:
        raise
    except signing.SigningFailed as error:
        return failed(error.message), error.message if error.stops else ""
    except Denied as error:
        return failed(error.reason), ""
    except Invalid as error:
        return failed(error.message), ""
    except Exception:
        # What was signed before stays signed; a page of an error would leave the head without knowing which.
        log.exception("signing_failed", kind=item.kind, key=item.key)
        words = _("The system failed here. This document is as it was. Tell the administrator.")
        return failed(words), words
    return Outcome(item.kind, item.key, item.title, "signed", code=document.code), ""


def _gone() -> Conflict:
    return Conflict(
        _("This document no longer waits for you: somebody signed or returned it, or your position ended."),
        code="not_waiting",
    )


def _as_whom(actor: Actor, item: SignableItem) -> Signatory:
    """In which position, asked anew in the transaction: a position that ended a moment ago signs nothing."""
    found = queries.signatory_for(actor, item.position, kind=item.kind)
    if found is None:
        raise Denied(
            _("You do not sign for this position now. This document was not signed."), who_can_help("administrator")
        )
    return found


def _room(kind: str) -> Signable:
    found = queries.signable(kind)
    if found is None:
        raise NotFound(_("This kind of document is not known here."), code="unknown_kind", item=kind)
    return found


def _fresh_code() -> str:
    while SignedDocument.objects.filter(code=(code := new_code(queries.PREFIX, queries.LENGTH))).exists():
        pass
    return code


def address_of(code: str) -> str:
    """Where the public checks a document: what the QR says."""
    return f"{settings.BASE_URL}/surat/cek/{code}"


@operation("signatures.sign", policy=policies.may_sign)
def _sign(*, actor: Actor, key: SigningKey, pen: signing.Pen, item: SignableItem) -> SignedDocument:
    held = SigningKey.objects.select_for_update(of=("self",)).get(pk=key.pk)
    if held.state != SigningKey.State.ACTIVE:
        raise signing.no_key()
    whom, room, code, now = _as_whom(actor, item), _room(item.kind), _fresh_code(), timezone.now()
    content = room.render(item.key, code, whom)
    signed = pen.sign(content, reason=whom.title, location=current_city().name, contact=address_of(code), at=now)
    file = store_file(
        actor=actor,
        content=signed,
        name=f"{code}.pdf",
        subject_type="document",
        subject_id=code,
        media_type="application/pdf",
        kinds=("pdf",),
    )
    facts = room.finish(item.key, file, code, whom)
    if facts.replaces:
        _supersede(facts.replaces, code)
    try:
        with transaction.atomic():
            document = SignedDocument.objects.create(
                code=code,
                kind=item.kind,
                item_key=item.key,
                title=queries.in_indonesian(room.label),
                number=facts.number[:120],
                about=queries.masked(facts.about),
                office=whom.agency[:200],
                position=whom.position,
                signer_title=whom.title[:300],
                signer_id=actor.account_id or 0,
                capacity=whom.capacity,
                basis=whom.basis,
                provider=held.provider,
                key=held,
                level=pen.level,
                signed_at=now,
                sha256=file.sha256,
                file=file.pk,
                valid_until=facts.valid_until,
            )
    except IntegrityError:
        raise _gone() from None
    note("document", code, kind=item.kind, key=item.key, position=whom.position, sha256=file.sha256)
    emit(DocumentSigned(code=code, kind=item.kind, key=item.key, position=whom.position, level=pen.level))
    return document


def _supersede(code: str, by: str) -> None:
    old = SignedDocument.objects.select_for_update().filter(code=code, superseded_by="", revoked_at=None).first()
    if old is not None:
        SignedDocument.objects.filter(pk=old.pk).update(superseded_by=by, superseded_at=timezone.now())
        emit(DocumentSuperseded(code=code, kind=old.kind, key=old.item_key, by=by))


class _Seen(Exception):
    """Ends the transaction of a preview, so that no number is taken."""


def item_for(actor: Actor, kind: str, key: str) -> SignableItem:
    """The document that waits for this person. Raises `NotFound`."""
    found = next((item for item in queries.waiting(actor, [kind]) if item.key == key), None)
    if found is None:
        raise NotFound(str(_gone().message), code="not_waiting", item=key)
    return found


def preview(*, actor: Actor, kind: str, key: str) -> bytes:
    """The PDF as it would be signed now, without taking a number or changing anything: the room renders it as at signing,
    in a transaction that is taken back. Reading it is recorded."""
    policies.may_sign(actor=actor)
    item = item_for(actor, kind, key)
    whom, room = _as_whom(actor, item), _room(kind)
    _read(actor=actor, kind=kind, key=key)
    content = b""
    try:
        with transaction.atomic():
            content = room.render(key, f"{queries.PREFIX}-{'X' * queries.LENGTH}-X", whom)
            raise _Seen
    except _Seen:
        return content


@operation("signatures.read", policy=policies.may_sign)
def _read(*, actor: Actor, kind: str, key: str) -> None:
    note(kind, key, purpose="signatures.read_before_signing")


@operation("signatures.send_back", policy=policies.may_sign)
def send_back(*, actor: Actor, kind: str, key: str, reason: str) -> None:
    """Return a document to whoever wrote it, with a reason that they read."""
    reason = checked_text(reason, "reason", limit=500)
    item = item_for(actor, kind, key)
    _as_whom(actor, item)
    room = _room(kind)
    if room.send_back is None:
        raise Invalid(_("This kind of document cannot be returned here."), code="not_returnable")
    room.send_back(actor, key, reason)
    note(kind, key)
