"""The city's own instruments, and what other cities have published."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.packs import keep_row
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation

from .. import policies, queries
from ..models import CityInstrument, PublishedResult
from ..states.instruments import plain
from .parts import Counts


@operation("assessment.load_pack", policy=policies.may_configure)
def load_pack(
    *, actor: Actor, instruments: Sequence[Mapping[str, Any]] = (), published: Sequence[Mapping[str, Any]] = ()
) -> Counts:
    """What a pack's `assessment.toml` holds, checked before. Loading again changes nothing; what the pack no longer names
    stays, for assessments were made with it."""
    counts: Counts = {"created": 0, "changed": 0, "unchanged": 0}
    for given in instruments:
        document = json.dumps(plain(given), ensure_ascii=False)
        found = {"code": str(given["code"]), "version": str(given["version"])}
        keep_row(CityInstrument, found, {"document": document}, counts)
    for given in published:
        place: dict[str, Any] = {
            "city": given["city"],
            "instrument_code": given["instrument"],
            "year": int(given["year"]),
            "source": given["source"],
        }
        values = {
            "instrument_version": str(given["version"]),
            "score": Decimal(str(given["score"])),
            "weights": given.get("weights", ""),
            "values": {code: str(value) for code, value in given.get("values", {}).items()},
            "note": given.get("note", ""),
            "note_en": given.get("note_en", ""),
        }
        keep_row(PublishedResult, place, values, counts)
    note("assessment_pack", counts=counts)
    if counts["created"] or counts["changed"]:
        touch(queries.TOPIC)
    return counts


@operation("assessment.record_published", policy=policies.may_configure)
def record_published(
    *, actor: Actor, city: str, instrument: str, version: str, year: int, score: str, source: str
) -> PublishedResult:
    """What a city has published of itself, with where it was read."""
    found = queries.parsed(queries.document_by(instrument, version))
    try:
        value = Decimal(score.strip().replace(",", "."))
    except InvalidOperation:
        value = Decimal("NaN")
    scale = found.scale
    if not value.is_finite() or (scale is not None and not scale.low <= value <= scale.high):
        raise Invalid(_("This score does not stand on the instrument's scale."), code="score", field="score")
    if not 2010 <= year <= 2100:
        raise Invalid(_("Write the year with four digits."), code="year", field="year")
    try:
        with transaction.atomic():
            row = PublishedResult.objects.create(
                city=checked_text(city, "city", limit=120),
                instrument_code=found.code,
                instrument_version=found.version,
                year=year,
                score=value,
                source=checked_text(source, "source", limit=300),
                added_by=actor.label[:200],
            )
    except IntegrityError:
        raise Conflict(_("This result stands in the list already. Nothing was changed."), code="exists") from None
    note("published_result", row.pk, city=row.city, year=year, score=str(value))
    touch(queries.TOPIC)
    return row


@operation("assessment.remove_published", policy=policies.may_configure)
def remove_published(*, actor: Actor, result: int) -> None:
    """One that was entered by hand; those of the pack are changed there."""
    row = PublishedResult.objects.select_for_update().filter(pk=result).exclude(added_by="").first()
    note("published_result", result)
    if row is None:
        raise Invalid(_("This one comes with the city's pack, or is gone. Nothing was changed."), code="not_ours")
    note("published_result", row.pk, city=row.city, year=row.year, score=str(row.score))
    row.delete()
    touch(queries.TOPIC)
