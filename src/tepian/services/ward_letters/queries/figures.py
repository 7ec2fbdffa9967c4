"""Figures of the whole city for statistics, plan and wall: no ward, no kind small enough to name somebody."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from statistics import median
from typing import Any

from django.utils.translation import gettext as _

from ..models import Request


def indicators(since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    """Of letters signed from `since` on and before `until`."""
    rows = list(
        Request.objects.filter(issued_at__gte=since, issued_at__lt=until, simulated=False).values_list(
            "submitted_at", "issued_at", "due_at"
        )
    )
    hours = [(issued - sent).total_seconds() / 3600 for sent, issued, _due in rows if sent and issued]
    in_time = [issued <= due for _sent, issued, due in rows if issued and due]
    yield {
        "key": "ward_letters.issued", "name": _("Letters of ward offices"), "unit": _("letters"), "value": float(len(rows)),
        "target": None, "direction": "",
    }  # fmt: skip
    yield {
        "key": "ward_letters.hours", "name": _("Half of the letters are signed within"), "unit": _("hours"),
        "value": round(median(hours), 1) if hours else None, "target": None, "direction": "down",
    }  # fmt: skip
    yield {
        "key": "ward_letters.in_time", "name": _("Letters signed within the promised time"), "unit": "%",
        "value": round(100 * sum(in_time) / len(in_time), 1) if in_time else None, "target": None, "direction": "up",
    }  # fmt: skip
