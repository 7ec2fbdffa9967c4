"""For trying out: a made-up plan, made by the same verbs as a real one."""

from __future__ import annotations

from .projects import demo_projects

__all__ = ["demo_projects"]
