"""Is the record unbroken? The answer of the last check is kept, because walking the whole chain takes a while."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from tepian.kernel.audit import chain
from tepian.kernel.audit.models import ChainHead

FILE, ANCHORS = "record-check.json", "audit-anchors.jsonl"


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """`breaks` holds at most twenty: position, kind (changed, missing, cut), message."""

    at: datetime
    entries: int
    breaks: tuple[dict[str, Any], ...]

    @property
    def holds(self) -> bool:
        return not self.breaks


def check_record() -> RecordCheck:
    """Walk the chain and compare it with the heads written down outside the database; keep and return the answer."""
    anchors = settings.HOME / ANCHORS
    head = ChainHead.objects.filter(pk=1).first()
    breaks = []
    for broken in chain.verify(anchors):
        breaks.append(asdict(broken))
        if len(breaks) == 20:
            break
    if not breaks:
        chain.write_anchor(anchors)
    result = RecordCheck(datetime.now(UTC), head.position if head else 0, tuple(breaks))
    path = settings.HOME / FILE
    draft = path.with_name(f".{FILE}.{os.getpid()}")
    draft.write_text(json.dumps({"at": result.at.isoformat(), "entries": result.entries, "breaks": breaks}))
    draft.replace(path)
    return result


def last_check() -> RecordCheck | None:
    """The answer of the last check, or None."""
    try:
        kept = json.loads((settings.HOME / FILE).read_text())
        return RecordCheck(datetime.fromisoformat(kept["at"]), kept["entries"], tuple(kept["breaks"]))
    except (OSError, ValueError, KeyError):
        return None
