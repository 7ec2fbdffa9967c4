"""The letter itself: what stands in it, its number, and what follows when it is signed or handed over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, system
from tepian.kernel.catalogue.city import current_city, today
from tepian.kernel.catalogue.contributions import DocumentFacts, ServiceSurvey, SignableItem, Signatory, offered
from tepian.kernel.documents import letters, numbering
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.events import emit, operation
from tepian.kernel.organisations import queries as organisations
from tepian.kernel.regions import queries as regions
from tepian.kernel.residents import references
from tepian.kernel.residents.models import Resident
from tepian.kernel.signatures import queries as signatures
from tepian.ui import words
from tepian.ui.words import in_language

from .. import policies, queries, states
from ..events import LetterIssued
from ..models import Request
from ..queries import answers as asking
from ..queries import checks
from .handling import send_back
from .parts import locked, moved

KIND = "ward_letter"  # as `kernel.signatures` knows it
CHECK = "/surat/cek/"  # the public check's address, of `kernel.signatures`


def last_day(request: Request, on: date) -> date | None:
    return on + timedelta(days=request.kind.valid_days) if request.kind.valid_days else None


def _named(names: Any, code: int) -> str:
    return str(names.get(code, ""))


def values(request: Request, on: date) -> dict[str, str]:
    """What a template's fields are filled with: the register's facts of whom the letter is about, and the answers, all in
    Indonesian, "" where nothing is known."""
    with translation.override("id"):
        return _values(request, on)


def _values(request: Request, on: date) -> dict[str, str]:
    person = asking.subject(request)
    ends = last_day(request, on)
    given = {
        str(row["code"]): asking.shown(row, answer) if (answer := request.answers.get(str(row["code"]), "")) else ""
        for row in request.kind.questions
    }
    found = given | _facts(person)  # what the register says goes before what somebody wrote
    if child := given.get("child_born_on"):
        found["child_birth"] = ", ".join(part for part in (given.get("child_born_in", ""), child) if part)
    report = request.inspection
    return found | {
        "request": request.code,
        "valid_until": words.day(ends) if ends else "",
        "reported_by": request.resident.name,
        "inspection": str(report.get("found", "")),
        "inspected_on": words.day(date.fromisoformat(report["on"])) if report else "",
        "inspected_by": str(report.get("by", "")),
    }


def _facts(person: Resident) -> dict[str, str]:
    home = person.region.code
    near = regions.bare_name(home) if home != person.ward_code else ""
    places = [person.street, near, regions.label(person.ward_code), current_city().name]
    district = person.ward_code.rsplit(".", 1)[0]
    return {
        "name": person.name,
        "nik": person.nik,
        "kk": person.family.kk if person.family else "",
        "sex": _named(references.SEXES, person.sex),  # type: ignore[arg-type]
        "birth": ", ".join(part for part in (person.born_in, words.day(person.born_on)) if part),
        "religion": _named(references.RELIGIONS, person.religion),
        "marriage": _named(references.MARRIAGES, person.marriage),
        "occupation": _named(references.OCCUPATIONS, person.occupation),
        "citizenship": _named(references.CITIZENSHIPS, person.citizenship),
        "address": ", ".join(part for part in places if part),
        "neighbourhood": near,
        "ward": regions.name_of(person.ward_code),
        "district": regions.name_of(district),
    }


def render(key: str, code: str, signatory: Signatory) -> bytes:
    """The letter to sign, with the number that it takes in this transaction. Raises `Conflict` where it waits for no
    signature any more, or the register says by now that no letter can be given."""
    row = Request.objects.select_for_update(of=("self",)).select_related("kind", "resident__family", "resident__region").get(
        code=key
    )  # fmt: skip
    if not row.signs_next:
        raise Conflict(
            _("This letter does not wait for a signature any more. Nothing was signed."), code="moved_on", item=key
        )
    if reason := checks.hindrance(row):
        raise Conflict(reason, code="hindered", item=key)
    office = queries.office_code(row)
    if not office:
        raise Conflict(
            _("This ward has no office whose letter it could be. Tell the administrator."), code="no_office", item=key
        )
    on = today()
    number = numbering.take(
        series=row.kind.series,
        office=office,
        on=on,
        rule=row.kind.number_rule,
        classification=row.kind.classification,
        subject=queries.subject_of(row),
    )
    return letters.render_letter(
        template=letters.template_on(row.kind.template, on),
        values=values(row, on),
        head=letters.head_of(office),
        number=number,
        on=on,
        signer=signatory,
        qr=f"{settings.BASE_URL}{CHECK}{code}",
    )


def finish(key: str, file: StoredFile, code: str, signatory: Signatory) -> DocumentFacts:
    """The letter is signed and kept; in the same transaction the request is issued."""
    row = issue(actor=system("signatures", signatory.title), code=key, file=file, document=code, signer=signatory.title)
    return DocumentFacts(number=row.number, about=asking.subject(row).name, valid_until=row.valid_until)


@operation("ward_letters.issue", policy=policies.only_the_system)
def issue(*, actor: Actor, code: str, file: StoredFile, document: str, signer: str) -> Request:
    """Only where it was signed: the signature's own permission is asked there."""
    row = locked(Request.objects.get(code=code), to=states.ISSUED, among=(states.WAITING,))
    taken = numbering.number_of(queries.subject_of(row))
    if taken is None:
        raise Invalid(_("This letter has no number. Nothing was signed."), code="no_number", item=code)
    row.number, row.document, row.letter, row.signer = taken.text, document, file.pk, signer[:200]
    row.issued_at, row.valid_until = timezone.now(), last_day(row, taken.on)
    moved(actor, row, "signed", state=states.ISSUED, number=row.number)
    emit(
        LetterIssued(
            code=row.code,
            kind=row.kind_code,
            region=row.ward_code,
            resident=row.about_id or row.resident_id,
            document=document,
            valid_until=row.valid_until.isoformat() if row.valid_until else "",
        )
    )
    return row


def waiting(actor: Actor) -> Iterable[SignableItem]:
    """Letters that wait for this person's signature, in the own position or on behalf of another."""
    mine = {one.position for one in signatures.signatories(actor, kind=KIND)}
    for row, position in queries.to_sign(mine):
        agency = organisations.chart().agencies.get(position.agency)
        yield SignableItem(
            kind=KIND,
            key=row.code,
            title=f"{in_language(row.kind, 'title')}: {asking.subject(row).name}",
            detail=row.code,
            url=reverse("ward-letters-case", args=[row.code]) if policies.may_read(actor, row) else "",
            since=row.state_since,
            due=row.due_at,
            position=position.code,
            agency=agency.name if agency else "",
        )


def return_unsigned(actor: Actor, key: str, reason: str) -> None:
    """From the list of who signs, where it was asked whether it waits for them: the letter goes back to the clerk."""
    send_back(actor=system("signatures", actor.label), request=Request.objects.get(code=key), reason=reason)


def _ask_how_it_was(row: Request) -> None:
    """A question about the service goes with what is handed over."""
    for survey in offered(ServiceSurvey):
        survey.ask(
            subject=queries.subject_of(row),
            service=f"letter.{row.kind_code}",
            title=row.kind.title,
            title_en=row.kind.title_en,
            office=queries.office_code(row),
            region=row.ward_code,
        )


@operation("ward_letters.hand_over", policy=policies.may_serve)
def hand_over(*, actor: Actor, request: Request, revision: int, how: str) -> Request:
    """The clerk gave it: printed by the office, or on paper with a wet signature beside the electronic one."""
    row = locked(request, revision, to=states.HANDED)
    if how not in (states.PRINT, states.PAPER):
        raise Invalid(_("Say how it was handed over."), code="how", field="how")
    row.handed_how = how
    _ask_how_it_was(row)
    return moved(actor, row, "handed", state=states.HANDED, how=how)


@operation("ward_letters.fetch", policy=policies.may_apply, recorded=False)
def fetch(*, actor: Actor, request: Request, secret: str) -> Request:
    """The applicant opened the letter at the secret address: the first time counts as handed over."""
    if request.state != states.ISSUED:
        return request
    row = locked(request)
    if row.state != states.ISSUED:
        return row
    row.handed_how = states.LINK
    _ask_how_it_was(row)
    return moved(actor, row, "handed", state=states.HANDED, how=states.LINK)
