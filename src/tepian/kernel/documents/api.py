"""JSON of letters: which texts the city has, and which is in force on a day."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from tepian.kernel.catalogue.city import today

from . import policies
from .letters import keeping
from .models import LetterTemplate, LetterVersion

router = Router(tags=["documents"])


class FieldOut(Schema):
    name: str
    label: str = Field(description="In Indonesian")
    label_en: str
    needed: bool = Field(description="Every text of the letter uses it")


class TextOut(Schema):
    number: int
    valid_from: date
    layout: str = Field(description="statement or letter")
    title: str
    recipient: str
    text: str = Field(description="Lines with fields in braces")


class LetterOut(Schema):
    code: str
    name: str
    name_en: str
    fields: list[FieldOut]
    text: TextOut | None = Field(description="Null: none is in force on that day")


@router.get("/letter-texts", response=list[LetterOut], summary="Texts of letters in force on a day")
def letter_texts(request: HttpRequest, on: date | None = Query(None, description="Today where none is given")) -> Any:
    """All letters with the text that is in force. For those who write, sign or inspect letters."""
    policies.may_read_letters(actor=request.actor)  # type: ignore[attr-defined]
    day = on or today()
    texts: dict[str, LetterVersion] = {}
    versions = LetterVersion.objects.filter(valid_from__lte=day).select_related("template")
    for version in versions.order_by("valid_from", "number"):
        texts[version.template.code] = version
    return [_letter(row, texts.get(row.code)) for row in LetterTemplate.objects.all()]


@router.get("/letter-texts/{code}", response=LetterOut, summary="One letter's text in force on a day")
def letter_text(
    request: HttpRequest, code: str, on: date | None = Query(None, description="Today where none is given")
) -> Any:
    """404 where there is no such letter, or none of its texts is in force on that day."""
    policies.may_read_letters(actor=request.actor)  # type: ignore[attr-defined]
    version = keeping.template_on(code, on or today())
    return _letter(version.template, version)


def _letter(row: LetterTemplate, version: LetterVersion | None) -> dict[str, Any]:
    return {
        "code": row.code,
        "name": row.name,
        "name_en": row.name_en,
        "fields": [each.stored() for each in keeping.fields_of(row)],
        "text": version,
    }
