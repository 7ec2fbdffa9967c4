"""What an applicant does, at home or at the counter: prove who they are, answer, attach, send, take back."""

from __future__ import annotations

import hmac
from datetime import date, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, NotFound, checked_text, system
from tepian.kernel.catalogue.city import today
from tepian.kernel.documents.content import KINDS
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.operations import MAX_BYTES, remove_file, store_file
from tepian.kernel.documents.pictures import keep_photo
from tepian.kernel.events import note, operation
from tepian.kernel.notifications.operations import phone_number
from tepian.kernel.residents import numbers
from tepian.kernel.residents import operations as register
from tepian.kernel.residents.models import Resident, Status
from tepian.toolkit import identifiers
from tepian.toolkit.sealing import Seal

from .. import policies, queries, states
from ..models import LetterKind, Paper, Request, Tries
from ..queries import answers as asking
from ..queries import checks
from .parts import locked, moved

HOUR = timedelta(hours=1)


class NotProven(Invalid):
    """What was written does not prove who somebody is. The same words whether the NIK exists or not."""


class TooMany(Invalid):
    """Wrong identities came too often from one network, or for one NIK."""


# --- who ----------------------------------------------------------------------------------------------------------------


def _keys(address: str, nik: str) -> dict[str, int]:
    seal = Seal(settings.SECRET_KEY, "ward_letters.tries")
    found = {seal.fingerprint(f"nik {nik}"): states.MOST_TRIES_NIK}
    if address:
        found[seal.fingerprint(f"address {address}")] = states.MOST_TRIES_ADDRESS
    return found


@operation("ward_letters.count_try", policy=None, recorded=False)
def count_try(*, actor: Actor, address: str, nik: str) -> None:
    """One more that was wrong. In the database, so that it holds over processes and restarts."""
    now = timezone.now()
    for key in sorted(_keys(address, nik)):
        Tries.objects.bulk_create([Tries(key=key, since=now)], ignore_conflicts=True)
        row = Tries.objects.select_for_update().get(key=key)
        if row.since <= now - HOUR:
            row.since, row.count = now, 0
        row.count += 1
        row.save()


def prove(*, actor: Actor, nik: str, kk: str, born_on: date, address: str = "") -> Resident:
    """The resident whose NIK, family card and day of birth these are. Raises `Invalid` for numbers that cannot be any,
    `NotProven` otherwise (nobody, a wrong card or day, somebody who died or moved away: the same answer), and `TooMany`
    even for a right answer after too many wrong ones. The look is recorded in the register."""
    day = today()
    number, card = numbers.read_nik(nik, today=day).text, numbers.read_kk(kk, today=day).text
    limits = _keys(address, number)
    for row in Tries.objects.filter(key__in=list(limits), since__gt=timezone.now() - HOUR):
        if row.count >= limits[row.key]:
            raise TooMany(
                _("This was tried too often in the last hour. Nothing was kept. Try again in an hour, or come to the ward "
                  "office with your cards: they help at once."),
                code="too_many",
            )  # fmt: skip
    try:
        shown = register.look_up(actor=system("ward_letters"), nik=number, purpose="letter")
    except NotFound:
        known, right = None, False
    else:
        known = shown.resident
        right = hmac.compare_digest(str(shown.facts["kk"]), card) and shown.facts["born_on"] == born_on
        right = right and shown.status == Status.LIVING
    if not right or known is None:
        count_try(actor=actor, address=address, nik=number)
        raise NotProven(
            _("These three do not fit together in this city's register. Nothing was kept. Look at your identity card and "
              "family card again. If they are right, come to the ward office: they help at once."),
            code="not_proven",
        )  # fmt: skip
    return Resident.objects.select_related("region").get(pk=known)


# --- beginning ----------------------------------------------------------------------------------------------------------


@operation("ward_letters.begin", policy=policies.only_the_system)
def begin(
    *, actor: Actor, kind: LetterKind, resident: Resident, language: str = "id", simulated: bool = False
) -> Request:
    """A request of somebody whom `prove` has found: a new one, or the one that is not sent yet or waits for them. Raises
    `Conflict` where one of this kind is already in work. Only the platform's own pages call this, after `prove`."""
    return _begun(actor, kind, resident, states.ONLINE, language, simulated)


@operation("ward_letters.begin_at_counter", policy=policies.may_open_counter)
def begin_at_counter(*, actor: Actor, kind: LetterKind, resident: Resident, ward: str) -> Request:
    """A clerk begins for somebody who stands at the counter. `ward` is the resident's."""
    if resident.ward_code != ward:
        raise Invalid(_("This person is registered in another ward."), code="other_ward")
    if resident.status != Status.LIVING:
        raise Invalid(_("The register says that this person has died or moved away."), code="not_living")
    return _begun(actor, kind, resident, states.COUNTER, "id", False)


def _begun(actor: Actor, kind: LetterKind, resident: Resident, channel: str, language: str, simulated: bool) -> Request:
    for _attempt in range(8):
        row = Request.objects.filter(resident=resident, kind_code=kind.code, state__in=states.OPEN).first()
        if row is not None:
            if row.state == states.WAITING:
                raise Conflict(
                    format_lazy(
                        _(
                            "You have asked for this letter already: {code}. It is in work; there is nothing to do twice."
                        ),
                        code=row.code,
                    ),
                    code="already_open",
                    item=row.code,
                )
            if channel == states.COUNTER and row.channel == states.ONLINE and row.state == states.DRAFT:
                # What somebody wrote at home and has not sent is theirs. At the counter it begins anew.
                moved(actor, locked(row, to=states.CANCELLED), "cancelled", state=states.CANCELLED)
                continue
            note("letter_request", row.code, resumed=True)
            return row
        now = timezone.now()
        try:
            with transaction.atomic():
                row = Request.objects.create(
                    code=identifiers.new_code(queries.PREFIX, queries.LENGTH),
                    kind=kind,
                    kind_code=kind.code,
                    resident=resident,
                    ward_code=resident.ward_code,
                    region_code=resident.region.code,
                    step=kind.steps[0],
                    channel=channel,
                    language=language[:5],
                    begun_at=now,
                    state_since=now,
                    simulated=simulated or resident.fictional,
                )
        except IntegrityError:  # the code is taken, or the same person was faster on another device
            continue
        note("letter_request", row.code, kind=kind.code, ward=row.ward_code, channel=channel)
        return row
    raise Conflict(_("This could not be begun just now. Nothing was kept. Try once more."), code="try_again")


# --- answering ----------------------------------------------------------------------------------------------------------

EDITABLE = (states.DRAFT, states.RETURNED)


# Not in the record of decisions: nothing is decided before it is sent, and the sending is recorded.
@operation("ward_letters.answer", policy=policies.may_apply, recorded=False)
def answer(*, actor: Actor, request: Request, answers: dict[str, str], revision: int, secret: str = "") -> Request:
    """One or more answers. Raises `Invalid` with the question's code as field: then none is kept. `Conflict` where the
    request was changed elsewhere meanwhile."""
    row = locked(request, revision, among=EDITABLE)
    given = dict(row.answers)
    for question in row.kind.questions:
        code = str(question["code"])
        if code in answers and asking.applies(question.get("when"), given):
            value = asking.read(question, answers[code])
            if question["type"] == states.MEMBER and value not in {str(r.pk) for r in asking.members(row.resident)}:
                raise Invalid(_("Choose one of the answers."), code="answer_wrong", field=code)
            given[code] = value
    unknown = set(answers) - {str(question["code"]) for question in row.kind.questions}
    if unknown:
        raise Invalid(_("This letter asks no such question."), code="no_question", field=min(unknown))
    row.answers = given
    row.revision += 1
    row.save(update_fields=["answers", "revision"])
    return row


@operation("ward_letters.attach", policy=policies.may_apply, recorded=False)
def attach(
    *,
    actor: Actor,
    request: Request,
    paper: str,
    content: bytes,
    name: str,
    media_type: str = "",
    revision: int | None = None,
    secret: str = "",
) -> Paper:
    """A photo (kept without place and camera) or a PDF. Raises `Invalid` with words for the applicant; nothing is stored
    then."""
    row = locked(request, revision, among=EDITABLE)
    if paper not in {each["code"] for each in row.kind.papers}:
        raise Invalid(_("This letter asks for no such paper."), code="no_paper", field="file")
    if row.papers.filter(code=paper).count() >= states.MOST_PAPERS:
        raise Invalid(
            format_lazy(_("At most {most} files of one paper. Take one away first."), most=states.MOST_PAPERS),
            code="too_many_papers",
            field="file",
        )
    return add_paper(actor, row, paper, content, name, media_type)


def add_paper(actor: Actor, row: Request, paper: str, content: bytes, name: str, media_type: str) -> Paper:
    """Inside an operation, with the row held."""
    file = _stored(actor, row, content, name, media_type)
    made = Paper.objects.create(
        request=row, code=paper, file=file.pk, name=file.name, media_type=file.media_type, at=timezone.now()
    )
    row.revision += 1
    row.save(update_fields=["revision"])
    return made


def _stored(actor: Actor, row: Request, content: bytes, name: str, media_type: str) -> StoredFile:
    try:
        if name.lower().endswith(KINDS["pdf"].endings):
            return store_file(
                actor=actor, content=content, name=name, media_type=media_type, subject_type=policies.SUBJECT,
                subject_id=row.code, kinds=("pdf",), max_bytes=MAX_BYTES,
            )  # fmt: skip
        file, _facts = keep_photo(
            actor=actor,
            content=content,
            name=name,
            media_type=media_type,
            subject_type=policies.SUBJECT,
            subject_id=row.code,
        )
    except Invalid as refusal:
        raise Invalid(refusal.message, code=refusal.code, field="file", item=refusal.item) from None
    return file


@operation("ward_letters.detach", policy=policies.may_apply, recorded=False)
def detach(*, actor: Actor, request: Request, paper: Paper, secret: str = "") -> None:
    """Take a file away again."""
    row = locked(request, among=EDITABLE)
    here = row.papers.filter(pk=paper.pk).first()
    if here is None:
        return
    file = StoredFile.objects.filter(pk=here.file).first()
    if file is not None:
        remove_file(actor=actor, file=file, reason="taken away by the applicant")
    here.delete()
    row.revision += 1
    row.save(update_fields=["revision"])


@operation("ward_letters.submit", policy=policies.may_apply)
def submit(*, actor: Actor, request: Request, revision: int, contact: str | None = None, secret: str = "") -> Request:
    """Send it. A returned one goes back to whoever returned it, with a new deadline. Sent twice it is sent once.
    Raises `Invalid` naming what is missing, `Conflict` where the register says that no letter can be given."""
    if Request.objects.filter(pk=request.pk, state=states.WAITING, revision=revision + 1).exists():
        return Request.objects.get(pk=request.pk)  # the same button pressed twice
    row = locked(request, revision, to=states.WAITING, among=EDITABLE)
    missing = asking.missing(row)
    if missing:
        raise Invalid(_("Something is still missing. Answer it, then send."), code="missing", field=missing[0])
    if reason := checks.hindrance(row):
        raise Conflict(reason, code="hindered")
    if contact is not None:
        row.contact = phone_number(contact) if contact.strip() else ""
        if contact.strip() and not row.contact:
            raise Invalid(
                _("This is not a phone number. Write it like 0812 3456 7890, or leave it empty."),
                code="contact", field="contact",
            )  # fmt: skip
    kept = {str(each["code"]) for each in asking.asked(row.kind, row.answers)}
    row.answers = {code: value for code, value in row.answers.items() if code in kept}
    row.about = asking.subject(row)
    now, again = timezone.now(), row.state == states.RETURNED
    row.submitted_at = row.submitted_at or now
    row.due_at = queries.due_at(row.kind, now)
    row.reason = row.basis = ""
    return moved(actor, row, "sent_again" if again else "sent", state=states.WAITING, step=row.step)


@operation("ward_letters.cancel", policy=policies.may_apply)
def cancel(*, actor: Actor, request: Request, revision: int, reason: str = "", secret: str = "") -> Request:
    """The applicant does not want it any more."""
    row = locked(request, revision, to=states.CANCELLED)
    return moved(
        actor, row, "cancelled", state=states.CANCELLED, words=checked_text(reason, "reason", limit=300, needed=False)
    )
