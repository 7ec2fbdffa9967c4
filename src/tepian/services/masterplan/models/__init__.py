"""The plan, what agencies report of it, who meets about it, and the city's projects."""

from __future__ import annotations

from .meetings import Body, Meeting, Membership, Resolution
from .plan import Dependency, Framework, Milestone, Money, Part, Plan, Revision, Risk, Target, Workbook
from .projects import Comment, ProgressPoint, Project, ProjectPhoto, ProjectStep, Stage, WordList
from .reporting import Evidence, Handover, MilestoneReached, Report, Verification

__all__ = [
    "Body",
    "Comment",
    "Dependency",
    "Evidence",
    "Framework",
    "Handover",
    "Meeting",
    "Membership",
    "Milestone",
    "MilestoneReached",
    "Money",
    "Part",
    "Plan",
    "ProgressPoint",
    "Project",
    "ProjectPhoto",
    "ProjectStep",
    "Report",
    "Resolution",
    "Revision",
    "Risk",
    "Stage",
    "Target",
    "Verification",
    "WordList",
    "Workbook",
]
