"""What happens to the plan, its reports, meetings and projects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tepian.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class RevisionInForce(Event):
    """The plan has changed by decision; `parts` counts what is in it now."""

    audience: ClassVar[str] = "public"
    type: ClassVar[str] = "masterplan.revision_in_force.v1"

    plan: str
    number: int
    decision: str
    parts: int

    @property
    def subject(self) -> str:
        return f"plan/{self.plan}"


@dataclass(frozen=True, kw_only=True)
class _AboutReport(Event):
    """`action` is the key of the plan's part."""

    plan: str
    action: str
    agency: str
    year: int
    quarter: int
    reason: str = ""

    @property
    def subject(self) -> str:
        return f"plan_action/{self.action}"


@dataclass(frozen=True, kw_only=True)
class ReportSent(_AboutReport):
    """An agency has reported an action."""

    type: ClassVar[str] = "masterplan.report_sent.v1"


@dataclass(frozen=True, kw_only=True)
class ReportReturned(_AboutReport):
    """A verifying office wants the report changed."""

    type: ClassVar[str] = "masterplan.report_returned.v1"


@dataclass(frozen=True, kw_only=True)
class ReportVerified(_AboutReport):
    """Both offices have accepted the report: it is public now."""

    audience: ClassVar[str] = "public"
    type: ClassVar[str] = "masterplan.report_verified.v1"


@dataclass(frozen=True, kw_only=True)
class EvidenceWithdrawn(_AboutReport):
    """Evidence of a report no longer stands; a verified report goes back."""

    type: ClassVar[str] = "masterplan.evidence_withdrawn.v1"

    evidence: str


@dataclass(frozen=True, kw_only=True)
class ActionsHandedOver(Event):
    """An agency's actions are another's from a day on."""

    type: ClassVar[str] = "masterplan.actions_handed_over.v1"

    plan: str
    from_agency: str
    to_agency: str
    on: str
    actions: int

    @property
    def subject(self) -> str:
        return f"plan/{self.plan}"


@dataclass(frozen=True, kw_only=True)
class ResolutionMade(Event):
    """A meeting has given an agency something to do."""

    type: ClassVar[str] = "masterplan.resolution_made.v1"

    meeting: str
    resolution: str
    agency: str
    due: str

    @property
    def subject(self) -> str:
        return f"resolution/{self.resolution}"


@dataclass(frozen=True, kw_only=True)
class ProjectChanged(Event):
    """A project was started, paused, finished, or moved on."""

    audience: ClassVar[str] = "public"
    type: ClassVar[str] = "masterplan.project_changed.v1"

    project: str
    state: str
    physical: float | None = None

    @property
    def subject(self) -> str:
        return f"project/{self.project}"


@dataclass(frozen=True, kw_only=True)
class CommentAnswered(Event):
    """The city has answered what somebody said of a project."""

    audience: ClassVar[str] = "public"
    type: ClassVar[str] = "masterplan.comment_answered.v1"

    project: str
    comment: str

    @property
    def subject(self) -> str:
        return f"project/{self.project}"
