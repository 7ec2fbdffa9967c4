"""For trying out: a made-up plan with reports and projects, made by the same verbs as real ones."""

from __future__ import annotations

from tepian.kernel.actors import Actor

from .meetings import demo_meetings
from .plan import demo_plan
from .projects import demo_projects

__all__ = ["demo_meetings", "demo_plan", "demo_projects", "publish_examples"]


def publish_examples(*, actor: Actor) -> int:
    """What is not there yet; returns how many things were made."""
    plan = demo_plan(actor=actor)
    made = demo_projects(actor=actor, plan=plan) + demo_meetings(actor=actor, plan=plan)
    return (plan is not None) + made
