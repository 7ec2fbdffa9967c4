"""Who may sign for whom now, which key is whose, and what the public may know of a signed document."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.city import city_timezone, today
from tepian.kernel.catalogue.contributions import Signable, SignableItem, Signatory, offered
from tepian.kernel.identity import queries as identity
from tepian.kernel.identity.models import Account
from tepian.kernel.organisations import queries as organisations
from tepian.toolkit.identifiers import read_code

from .models import SignedDocument, SigningDelegation, SigningKey, SigningRoot

PREFIX, LENGTH = "S", 7  # S-7K4MQ2X-3: 34 billion codes, with a check character
ORDER = {"definitive": 0, "plt": 1, "plh": 2, "an": 3, "ub": 4}


# --- who may sign -----------------------------------------------------------------------------------------------------


def signatories(actor: Actor, at: datetime | None = None, *, kind: str = "") -> list[Signatory]:
    """In which positions this person signs at a moment (default: now), of its own and for others; with `kind`, only what
    reaches documents of this kind. Empty for devices, the system, and who holds nothing."""
    if actor.account_id is None:
        return []
    loaded = identity.load(actor.account_id, at)
    if loaded is None or not loaded[0].is_active:
        return []
    account, postings = loaded
    name = account.display_name or account.username
    found = [
        Signatory(
            account.username,
            name,
            one.position_code,
            str(one.kind),
            one.title,
            (one.title,),
            _office(one.agency_code),
            one.agency_code,
            one.basis,
        )
        for one in postings
    ]
    own = {one.position: one for one in reversed(found)}
    day = timezone.localtime(at, city_timezone()).date() if at else today()
    for delegation in running_delegations(day, [one.position_code for one in postings]):
        if kind and delegation.kinds and kind not in delegation.kinds:
            continue
        by = own[delegation.by_position.code]
        lines = (f"a.n. {delegation.for_position.title}", *_middle(delegation), by.title)
        found.append(
            Signatory(
                account.username,
                name,
                delegation.for_position.code,
                delegation.form,
                ", ".join(lines),
                lines,
                _office(delegation.for_position.agency.code),
                delegation.for_position.agency.code,
                delegation.basis,
            )
        )
    return sorted(found, key=lambda one: (ORDER[one.capacity], one.position))


def _middle(delegation: SigningDelegation) -> tuple[str, ...]:
    if delegation.form != SigningDelegation.Form.UB:
        return ()
    return (delegation.via.title, "u.b.") if delegation.via else ("u.b.",)


def _office(code: str) -> str:
    found = organisations.chart().agencies.get(code)
    return found.name if found else code


def signatory_for(actor: Actor, position: str, *, kind: str = "", at: datetime | None = None) -> Signatory | None:
    """As whom this person signs for a position now: as its holder before as an acting one, before on behalf of another."""
    return next((one for one in signatories(actor, at, kind=kind) if one.position == position), None)


def running_delegations(day: date, by: Iterable[str] | None = None) -> QuerySet[SigningDelegation]:
    """Delegations that run on a day between positions that exist on it; with `by`, those of these positions' holders."""
    rows = SigningDelegation.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gte=day),
        Q(for_position__valid_to__isnull=True) | Q(for_position__valid_to__gte=day),
        Q(for_position__valid_from__isnull=True) | Q(for_position__valid_from__lte=day),
        valid_from__lte=day,
    )
    if by is not None:
        rows = rows.filter(by_position__code__in=list(by))
    return rows.select_related("for_position__agency", "by_position", "via").order_by("for_position__code", "id")


# --- what waits -------------------------------------------------------------------------------------------------------


def signable(kind: str) -> Signable | None:
    return next((one for one in offered(Signable) if one.kind == kind), None)


def waiting(actor: Actor, kinds: Iterable[str] | None = None) -> list[SignableItem]:
    """What this person may sign now, the nearest deadline first."""
    wanted = None if kinds is None else set(kinds)
    found = [item for one in offered(Signable) if wanted is None or one.kind in wanted for item in one.waiting(actor)]
    return sorted(found, key=lambda item: (item.due is None, item.due, item.since is None, item.since, item.key))


# --- keys -------------------------------------------------------------------------------------------------------------


def provider() -> str:
    """Where keys of this installation lie: `local` or `bsre`."""
    return "local" if settings.SIGNER == "local" else "bsre"


def active_key(account_id: int) -> SigningKey | None:
    """The key with which a person signs now, ended or locked ones too, for the words say so."""
    return SigningKey.objects.filter(account_id=account_id, state=SigningKey.State.ACTIVE, provider=provider()).first()


def offered_key(account_id: int) -> SigningKey | None:
    """A key that waits for its person to choose a passphrase."""
    return SigningKey.objects.filter(
        account_id=account_id, state=SigningKey.State.OFFERED, activate_before__gt=timezone.now()
    ).first()


def accounts_that_sign(at: datetime | None = None) -> list[Account]:
    """Everybody who holds a position now, by name of the account."""
    held = {one.account_id: one.account for one in identity.current_holdings(at)}
    return sorted(held.values(), key=lambda account: account.username)


# --- documents --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checked:
    """What the public may know of a signed document. `state` is valid, revoked, expired or superseded; `reason` is one of
    `policies.REASONS`. `level` says what the time rests on: B-B the city's clock, B-T and B-LT a time stamp service; empty:
    not known."""

    code: str
    state: str
    kind: str
    title: str
    number: str
    about: str
    office: str
    signer_title: str
    capacity: str
    signed_at: datetime
    valid_until: date | None
    revoked_at: datetime | None
    reason: str
    superseded_by: str
    level: str
    provider: str
    sha256: str


def read(text: str) -> str | None:
    """The code in what somebody typed or scanned, an address of the check page too; None when it cannot be one."""
    return read_code(text.strip().rstrip("/").rpartition("/")[2], PREFIX, LENGTH)


def check(text: str) -> Checked | None:
    """What the public may know of the document with this code; None when no document has it."""
    code = read(text[:200])
    found = SignedDocument.objects.filter(code=code).first() if code else None
    return checked(found) if found else None


def checked(document: SignedDocument, day: date | None = None) -> Checked:
    return Checked(
        code=document.code,
        state=state_of(document, day or today()),
        kind=document.kind,
        title=_title(document),
        number=document.number,
        about=document.about,
        office=document.office,
        signer_title=document.signer_title,
        capacity=document.capacity,
        signed_at=document.signed_at,
        valid_until=document.valid_until,
        revoked_at=document.revoked_at,
        reason=document.revoke_reason,
        superseded_by=document.superseded_by,
        level=document.level,
        provider=document.provider,
        sha256=document.sha256,
    )


def _title(document: SignedDocument) -> str:
    """In the reader's language while the kind is known, else as it was at signing."""
    one = signable(document.kind)
    return document.title if one is None or document.title != in_indonesian(one.label) else str(one.label)


def in_indonesian(label: Any) -> str:
    from django.utils import translation

    with translation.override("id"):
        return str(label)


def state_of(document: SignedDocument, day: date) -> str:
    """The strongest of what is true of it."""
    if document.revoked_at:
        return "revoked"
    if document.superseded_by:
        return "superseded"
    return "expired" if document.valid_until and document.valid_until < day else "valid"


def masked(name: str) -> str:
    """A name as the public sees it: the first letter of each word, so that a reader can compare it with the paper, and
    nobody learns it from the code. "Siti Aminah" is "S··· A·····"."""
    return " ".join(word[:1] + "·" * min(len(word) - 1, 8) for word in name.split())[:200]


def find_signed(actor: Actor, text: str = "", most: int = 50) -> list[SignedDocument]:
    """The newest documents that this person signed, or that were signed for a position for which it signs now; with `text`,
    those with this code or with this in their number."""
    positions = {one.position for one in signatories(actor)}
    rows = SignedDocument.objects.filter(Q(signer_id=actor.account_id) | Q(position__in=positions))
    if text:
        rows = rows.filter(Q(code=read(text) or "-") | Q(number__icontains=text))
    return list(rows.order_by("-signed_at", "-id")[:most])


def document(code: str) -> SignedDocument | None:
    return SignedDocument.objects.filter(code=code).first()


# --- checking a file --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """What a PDF is that somebody holds. `verdict`:

    same — byte for byte what was signed here; `document` says whether it still counts
    changed — not as it was signed, or with the code of another document
    trusted — whole and signed under a root that this city trusts, but not in its register
    untrusted — signed by somebody whom this city does not know
    unsigned — no signature in it
    encrypted, damaged, too_much, busy — it was not looked into
    """

    verdict: str
    document: Checked | None = None
    signer: str = ""
    signed_at: datetime | None = None
    stamped: bool = False


def trusted_roots() -> list[str]:
    """The city's roots, old ones too, and those that this installation adds (PEM)."""
    roots = list(SigningRoot.objects.values_list("certificate", flat=True))
    return [*roots, Path(settings.SIGNATURE_ROOTS).read_text()] if settings.SIGNATURE_ROOTS else roots


def check_file(content: bytes) -> CheckedFile:
    """What the public may know of a PDF. A file that is not byte for byte ours is looked into in a process of its own."""
    from tepian.toolkit.pades import reading

    found = SignedDocument.objects.filter(sha256=hashlib.sha256(content).hexdigest()).first()
    if found is not None:
        return CheckedFile("same", checked(found))
    if b"%PDF-" not in content[:1024]:
        return CheckedFile("damaged")
    seen = reading.look(content, trusted_roots())
    if seen.trouble:
        return CheckedFile(seen.trouble)
    if not seen.signatures:
        return CheckedFile("unsigned")
    one = seen.signatures[-1]
    document = check(one.contact) if one.contact else None
    at = datetime.fromisoformat(one.signed_at) if one.signed_at else None
    if document is not None or not (one.intact and one.whole):
        return CheckedFile("changed", document, one.signer, at, one.stamped)
    return CheckedFile("trusted" if one.trusted else "untrusted", None, one.signer, at, one.stamped)
