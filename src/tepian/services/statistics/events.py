"""What happens to editions of datasets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class _AboutEdition(Event):
    """`edition` is its key; `number` is empty until it is published."""

    dataset: str
    edition: str
    agency: str
    number: int | None = None
    periods: list[str]
    reason: str = ""

    @property
    def subject(self) -> str:
        return f"dataset/{self.dataset}"


@dataclass(frozen=True, kw_only=True)
class EditionSent(_AboutEdition):
    """An agency has sent figures to the data steward."""

    type: ClassVar[str] = "statistics.edition_sent.v1"


@dataclass(frozen=True, kw_only=True)
class EditionReturned(_AboutEdition):
    """The steward wants something changed."""

    type: ClassVar[str] = "statistics.edition_returned.v1"


@dataclass(frozen=True, kw_only=True)
class EditionPublished(_AboutEdition):
    """Figures are public. `indicators` are the codes of the figures in it."""

    audience: ClassVar[str] = "public"
    type: ClassVar[str] = "statistics.edition_published.v1"

    indicators: list[str]


@dataclass(frozen=True, kw_only=True)
class EditionWithdrawn(_AboutEdition):
    """Published figures were wrong and are no longer shown; `reason` says why."""

    audience: ClassVar[str] = "public"
    type: ClassVar[str] = "statistics.edition_withdrawn.v1"
