"""For trying out: requests in every state, made through the operations, of residents whom the generator made. Nobody in
them exists, and pages say so. Two letters are signed with the demonstration's own keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.demo import demo_accounts
from tepian.kernel.identity.models import Account
from tepian.kernel.identity.queries import actor_for
from tepian.kernel.organisations import queries as organisations
from tepian.kernel.residents import operations as register
from tepian.kernel.residents.models import Resident, Status
from tepian.kernel.signatures import operations as signing
from tepian.ui.pictures import png

from . import operations, policies, queries, states
from .models import Request

# kind, and the step or end at which it stands
EXAMPLES = (
    ("domisili", states.RT), ("sktm", states.RT), ("sktm", states.RW), ("usaha", states.CLERK), ("domisili", states.CLERK),
    ("belum-menikah", states.CLERK), ("tanah", states.FIELD), ("domisili", states.HEAD), ("usaha", states.HEAD),
    ("pindah", states.HEAD), ("sktm", states.RETURNED), ("usaha", states.REFUSED), ("domisili", states.CANCELLED),
    ("kelahiran", states.STOPPED), ("domisili", states.ISSUED), ("sktm", states.HANDED), ("pindah", states.DRAFT),
)  # fmt: skip
WORDS = {
    "purpose": "mengurus administrasi sekolah", "business": "Warung Contoh", "business_kind": "sembako",
    "to_address": "Jl. Contoh 7, Kota Lain", "child": "Bayi Contoh", "child_born_in": "Kota Lain", "father": "Ayah Contoh",
    "mother": "Ibu Contoh", "land_place": "Jl. Contoh Ujung, dekat langgar",
}  # fmt: skip
NUMBERS = {"income": "1.200.000", "dependants": "3", "land_area": "240"}
HOUSE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 240" width="320" height="240">'
    '<rect width="320" height="240" fill="#bcd8e8"/><rect y="180" width="320" height="60" fill="#8fae7c"/>'
    '<path d="M60 120 160 50l100 70v90H60z" fill="#d9b38c"/><path d="M40 125 160 40l120 85-8 10L160 58 48 135z" fill="#7a4b32"/>'
    '<rect x="140" y="140" width="40" height="70" fill="#5b3a29"/></svg>'
)


def publish_examples(*, actor: Actor) -> int:
    """Make them once; a city with requests keeps its own. Returns how many."""
    ward = next(
        (
            g.code
            for row in organisations.positions(role=policies.CLERK)
            for g in row.grants
            if g.role == policies.CLERK
        ),
        "",
    )
    grown = today() - timedelta(days=25 * 366)
    people = list(
        Resident.objects.filter(
            fictional=True, ward_code=ward, status=Status.LIVING, born_on__lt=grown, family__isnull=False
        ).select_related("region").order_by("-region__code", "pk")[: len(EXAMPLES)]
    )  # fmt: skip
    if Request.objects.exists() or len(people) < len(EXAMPLES):
        return 0
    photo = png(HOUSE, zoom=1)
    with transaction.atomic():
        for (kind, stands), person in zip(EXAMPLES, people, strict=True):
            _play(actor, kind, stands, person, photo)
    return len(EXAMPLES)


def _play(actor: Actor, code: str, stands: str, person: Resident, photo: bytes) -> None:
    kind = queries.kind(code)
    if kind is None:
        return
    row = operations.begin(actor=actor, kind=kind, resident=person, simulated=True)
    if stands == states.DRAFT:
        return
    row = operations.answer(
        actor=actor, request=row, answers=_answers(kind.questions), revision=row.revision, secret=row.secret
    )
    for paper in kind.papers:
        if paper.get("required", True):
            operations.attach(
                actor=actor, request=row, paper=paper["code"], content=photo, name="foto-contoh.png", secret=row.secret
            )
    row.refresh_from_db()
    row = operations.submit(actor=actor, request=row, revision=row.revision, secret=row.secret)
    goal = stands if stands in states.STEPS else states.HEAD if stands in states.VALID else row.step
    while row.step != goal:
        row = operations.approve(actor=actor, request=row, revision=row.revision)
    if stands == states.RETURNED:
        operations.send_back(actor=actor, request=row, reason="Foto rumah tidak terbaca. Potret lagi di tempat terang.")
    elif stands == states.REFUSED:
        operations.refuse(
            actor=actor, request=row, revision=row.revision, reason="Usaha tidak ditemukan di alamat itu."
        )
    elif stands == states.CANCELLED:
        operations.cancel(actor=actor, request=row, revision=row.revision, secret=row.secret)
    elif stands == states.STOPPED:
        register.record_death(actor=actor, resident=person, on=today(), basis="Akta kematian contoh")
    elif stands in states.VALID and _signed(row) and stands == states.HANDED:
        row.refresh_from_db()
        operations.hand_over(actor=actor, request=row, revision=row.revision, how=states.PRINT)


def _answers(questions: list[dict[str, Any]]) -> dict[str, str]:
    return {
        str(row["code"]): {
            states.YES_NO: states.YES,
            states.DATE: today().isoformat(),
            states.NUMBER: NUMBERS.get(row["code"], "2"),
        }.get(row["type"], row["choices"][0][0] if row.get("choices") else WORDS.get(row["code"], "Contoh"))
        for row in questions
        if row["type"] != states.MEMBER
    }


def _signed(row: Request) -> bool:
    """With the key and the published passphrase of the demonstration's lurah; without one it waits for a signature."""
    region = queries.signing_region(row)
    for item in demo_accounts():
        account = Account.objects.filter(username=item["username"], is_active=True).first()
        if account is None or item["role"] != policies.HEAD:
            continue
        signer = actor_for(account)
        if not signer.has(policies.HEAD, region=region):
            continue
        try:
            done = signing.sign_many(actor=signer, items=[(operations.KIND, row.code)], passphrase=item["password"])
        except Invalid:
            continue
        return all(outcome.state == "signed" for outcome in done)
    return False
