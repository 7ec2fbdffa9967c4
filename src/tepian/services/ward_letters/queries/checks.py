"""What the platform looks at by itself before a person does. A check never decides alone, save that nobody gets a letter
who has died or lives elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from tepian.kernel.catalogue.city import today
from tepian.kernel.residents.models import Status
from tepian.kernel.residents.queries import age

from .. import states
from ..models import Request

MARRIED_ONCE = (2, 3, 4)  # married, divorced, widowed in the civil registry's codes
NOT_MARRIED = 1


@dataclass(frozen=True, slots=True)
class Check:
    """`ok` False is for a person to weigh, unless `binding`: then no letter can be given."""

    code: str
    ok: bool
    words: str
    binding: bool = False


def _alive(row: Request) -> tuple[bool, str]:
    dead = row.resident.status == Status.DEAD
    return not dead, _("The register says that this person has died.") if dead else _("Lives, says the register.")


def _lives_here(row: Request) -> tuple[bool, str]:
    here = row.resident.status == Status.LIVING and row.resident.ward_code == row.ward_code
    return here, _("Registered in this ward.") if here else _("Not registered in this ward any more.")


def _of_age(row: Request) -> tuple[bool, str]:
    years = age(row.resident.born_on)
    ok = years >= states.OF_AGE_YEARS or row.resident.marriage in MARRIED_ONCE
    if ok:
        return True, _("Of age: %(years)s years.") % {"years": years}
    return False, _("%(years)s years old and not married: a parent or guardian asks.") % {"years": years}


def _family_card(row: Request) -> tuple[bool, str]:
    ok = row.resident.family_id is not None
    return ok, _("Has a family card.") if ok else _("No family card in the register.")


def _unmarried(row: Request) -> tuple[bool, str]:
    ok = row.resident.marriage == NOT_MARRIED
    return ok, _("Not married, says the register.") if ok else _("The register does not say “not married”.")


def _no_valid_letter(row: Request) -> tuple[bool, str]:
    other = (
        Request.objects.filter(resident=row.resident_id, kind_code=row.kind_code, state__in=states.VALID)
        .exclude(pk=row.pk)
        .exclude(valid_until__lt=today())
        .first()
    )
    if other is None:
        return True, _("No letter of this kind is valid now.")
    return False, _("A letter of this kind is still valid: %(number)s.") % {"number": other.number or other.code}


CHECKS: dict[str, Callable[[Request], tuple[bool, str]]] = {
    states.ALIVE: _alive,
    states.LIVES_HERE: _lives_here,
    states.OF_AGE: _of_age,
    states.FAMILY_CARD: _family_card,
    states.UNMARRIED: _unmarried,
    states.NO_VALID: _no_valid_letter,
}


def run(request: Request) -> list[Check]:
    """The kind's checks in its order; those that bind come first, asked for or not. `request` brings its resident."""
    wanted = dict.fromkeys((*states.BINDING, *request.kind.checks))
    return [Check(code, *CHECKS[code](request), binding=code in states.BINDING) for code in wanted]


def hindrance(request: Request) -> Any:
    """Why no letter can be given to this person now; empty when nothing stands in the way."""
    return next((check.words for check in run(request) if check.binding and not check.ok), "")
