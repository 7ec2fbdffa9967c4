"""What happens to assessments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class _AboutAssessment(Event):
    """`assessment` is its code, `instrument` the instrument's code and version."""

    assessment: str
    instrument: str
    year: int

    @property
    def subject(self) -> str:
        return f"assessment/{self.assessment}"


@dataclass(frozen=True, kw_only=True)
class Opened(_AboutAssessment):
    """Agencies may answer. `agencies` are those that have items."""

    type: ClassVar[str] = "assessment.opened.v1"

    agencies: list[str]


@dataclass(frozen=True, kw_only=True)
class Submitted(_AboutAssessment):
    """The self-assessment is finished: assessors may score."""

    type: ClassVar[str] = "assessment.submitted.v1"

    missing: int


@dataclass(frozen=True, kw_only=True)
class Returned(_AboutAssessment):
    """Back one step, with the reason; `state` is where it is now."""

    type: ClassVar[str] = "assessment.returned.v1"

    state: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class Scored(_AboutAssessment):
    """The assessors are done."""

    type: ClassVar[str] = "assessment.scored.v1"

    missing: int


@dataclass(frozen=True, kw_only=True)
class WeightsChanged(_AboutAssessment):
    """Another weight set counts from now on; results under the old one stay readable."""

    type: ClassVar[str] = "assessment.weights_changed.v1"

    before: str
    now: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EvidenceWithdrawn(_AboutAssessment):
    """Evidence of an item is gone; `scores` were given while it was there and are looked at again."""

    type: ClassVar[str] = "assessment.evidence_withdrawn.v1"

    item: str
    scores: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class Closed(_AboutAssessment):
    """Final and public. `score` under the weight set that counts, "" where none can be computed."""

    audience: ClassVar[str] = "public"
    type: ClassVar[str] = "assessment.closed.v1"

    score: str
    weights: str
