"""The civil registry behind a port: asking it for one person by NIK.

By default the local register is the registry, and there is nobody else to ask. Where the city has an agreement (PKS,
Permendagri 102/2019), `TEPIAN_CIVIL_REGISTRY_URL` names its web service. What comes back are rows as `loading.load` takes
them, so that a person who comes over the wire passes the same checks as a line of a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.events import note, operation

from . import policies
from .numbers import read_nik


class Away(Invalid):
    """The service gave no answer, or not the one that was asked for. Nothing was changed; `code` says what happened:
    `registry_away`, `registry_quota`, `registry_refused`, `registry_unclear`. `again`: asking later may help."""

    def __init__(self, message: Any, *, code: str, again: bool) -> None:
        super().__init__(message, code=code)
        self.again = again


AWAY = _("The civil registry's service does not answer. Nothing was changed. Go on by hand, or ask again later.")
QUOTA = _("The civil registry's service answers no more questions today. Nothing was changed. Go on by hand.")
REFUSED = _("The civil registry's service refuses this city's account. Nothing was changed. Tell the administrator.")
UNCLEAR = _(
    "The civil registry's service answered in a way that is not understood. Nothing was changed. Go on by hand."
)


class CivilRegistry(Protocol):
    """`find` gives a row with the columns of `loading.COLUMNS`, as far as the service tells them; None for a number that
    it does not know. Raises `Away`."""

    name: str

    def find(self, nik: str) -> Mapping[str, str] | None: ...


def civil_registry() -> CivilRegistry | None:
    """The service of this installation; None where the local register is all there is."""
    from .adapters.web_service import WebService  # it raises this module's refusals

    if not settings.CIVIL_REGISTRY_URL:
        return None
    return WebService(
        settings.CIVIL_REGISTRY_URL, user=settings.CIVIL_REGISTRY_USER, password=settings.CIVIL_REGISTRY_PASSWORD
    )


@operation("residents.ask_registry", policy=policies.may_register)
def ask_registry(*, actor: Actor, nik: str) -> Mapping[str, str] | None:
    """A person by NIK from the registry's service, recorded; None where nobody has this number. Raises `Away`."""
    service = civil_registry()
    number = read_nik(nik, today=today()).text
    note("civil_registry", "", purpose="registry", service=service.name if service else "")
    return service.find(number) if service else None


@dataclass(slots=True)
class Fetching:
    """How far a fetch came: `line` is the last one asked for, `unknown` are lines of numbers that nobody has, `wrong`
    lines that hold no NIK, `away` why the service stopped answering."""

    line: int = 0
    unknown: list[int] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)
    away: Away | None = None


def rows_of(
    service: CivilRegistry, niks: Iterable[str], so_far: Fetching, *, begin: int = 1
) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """For `loading.load`: asks for one number after the other, from line `begin` on. Where the service stops answering the
    rows end, so that what came before is written; `so_far` says where to go on."""
    for line, nik in enumerate(niks, 1):
        if line < begin or not nik.strip():
            continue
        try:
            found = service.find(read_nik(nik, today=today()).text)
        except Away as away:
            so_far.away = away
            return
        except Invalid:
            so_far.wrong.append(line)
            found = None
        else:
            if found is None:
                so_far.unknown.append(line)
        so_far.line = line
        if found is not None:
            yield line, found
