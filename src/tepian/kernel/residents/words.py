"""Words of the register's pages: what fields, events and lists of codes are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from . import references

FIELDS: dict[str, Any] = {
    "name": _("Full name"),
    "nik": "NIK",
    "kk": _("Number of the family card (KK)"),
    "sex": _("Sex"),
    "age": _("Age"),
    "born_on": _("Date of birth"),
    "born_in": _("Place of birth"),
    "street": _("Street and number"),
    "region": _("Ward and RT"),
    "relation": _("Place in the family"),
    "religion": _("Religion"),
    "marriage": _("Marriage"),
    "education": _("Schooling"),
    "occupation": _("Occupation"),
    "blood": _("Blood group"),
    "citizenship": _("Citizenship"),
    "father": _("Father's name"),
    "mother": _("Mother's name"),
    "status": _("Now"),
}
EVENTS: dict[str, Any] = {
    "birth": _("Born"),
    "death": _("Died"),
    "move_in": _("Moved into the city"),
    "move_out": _("Moved away from the city"),
    "move_within": _("Moved within the city"),
    "marriage": _("Married"),
    "divorce": _("Divorced"),
    "correction": _("Corrected"),
    "merge": _("Compared with a second entry"),
}
CHOICES: dict[str, Mapping[Any, Any]] = {
    "sex": references.SEXES,
    "relation": references.RELATIONS,
    "religion": references.RELIGIONS,
    "marriage": references.MARRIAGES,
    "education": references.EDUCATIONS,
    "occupation": references.OCCUPATIONS,
    "blood": references.BLOOD,
    "citizenship": references.CITIZENSHIPS,
}
BIRTH_FIT: dict[str, Any] = {
    "same": _("day of birth fits"),
    "swapped": _("day and month swapped"),
    "digit": _("one digit of the date differs"),
    "other": _("another day of birth"),
}


def said(field: str, value: Any) -> Any:
    """A stored value as people read it."""
    known = CHOICES.get(field)
    if known is None:
        return value
    key = int(value) if field != "sex" and str(value).isdecimal() else value
    return known.get(key, value or "–")
