"""What people type: numbers as they write them here, days, and the same again when it was refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Invalid
from tepian.ui import words

from ..models import Report


def number(text: str, name: str) -> float | None:
    """As `words.written_number`; None for nothing. Raises `Invalid`."""
    if not text.strip():
        return None
    try:
        return words.written_number(text)
    except ValueError:
        raise Invalid(_("Write a number, for example 1.234,5."), code="number", field=name) from None


def rupiah(text: str, name: str) -> int | None:
    found = number(text, name)
    if found is not None and not found.is_integer():
        raise Invalid(_("Write whole rupiah."), code="rupiah", field=name)
    return None if found is None else int(found)


def day(text: str, name: str) -> date | None:
    """A day as the browser's field sends it. Raises `Invalid`."""
    if not text.strip():
        return None
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid(_("Choose a day from the calendar."), code="day", field=name) from None


def revision(post: Mapping[str, Any]) -> int:
    text = str(post.get("revision", ""))
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


@dataclass(frozen=True, slots=True)
class Written:
    """The fields of a report, as text: from the record, or as somebody typed them."""

    value: str = ""
    spent: str = ""
    obstacle: str = ""
    next_step: str = ""
    difference_reason: str = ""
    milestones: Mapping[str, str] = field(default_factory=dict)  # key → day

    @classmethod
    def of(cls, report: Report, reached: Mapping[UUID, date]) -> Written:
        return cls(
            "" if report.value is None else _as_typed(report.value),
            "" if report.spent is None else _as_typed(report.spent),
            report.obstacle,
            report.next_step,
            report.difference_reason,
            {str(key): on.isoformat() for key, on in reached.items()},
        )

    @classmethod
    def typed(cls, post: Mapping[str, Any]) -> Written:
        names = ("value", "spent", "obstacle", "next_step", "difference_reason")
        days = {
            name.removeprefix("on-"): str(post[name])
            for name in post
            if name.startswith("on-") and (post.get(f"reached-{name.removeprefix('on-')}") or post[name])
        }
        value, spent, obstacle, next_step, reason = (str(post.get(name, ""))[:6000] for name in names)
        return cls(value, spent, obstacle, next_step, reason, days)

    def checked(self, today: date) -> dict[str, Any]:
        """As `save_report` takes it. A milestone that is ticked without a day was passed today. Raises `Invalid`."""
        reached = {}
        for key, text in self.milestones.items():
            try:
                reached[UUID(key)] = day(text, f"on-{key}") or today
            except ValueError:
                raise Invalid(
                    _("There is no such milestone in this action."), code="milestone", field="value"
                ) from None
        return {
            "value": number(self.value, "value"),
            "spent": rupiah(self.spent, "spent"),
            "obstacle": self.obstacle,
            "next_step": self.next_step,
            "difference_reason": self.difference_reason,
            "reached": reached,
        }


def _as_typed(value: float) -> str:
    """1.234,5: as it would be typed here, so that it can be changed in place."""
    return words.number(round(value, 6)).replace("\u2212", "-")
