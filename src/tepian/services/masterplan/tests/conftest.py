"""What tests of the plan stand on."""

from __future__ import annotations

from datetime import date

import pytest

from tepian.kernel.catalogue.versions import touch

from .. import states
from ..models import Part, Plan, Revision
from ..queries.plan import TOPIC
from . import planted


@pytest.fixture
def plan() -> tuple[Plan, Revision, dict[str, Part]]:
    """Three actions of 2025: one proven, one only claimed, one never reported."""
    found, revision = planted.planted()
    programme = planted.part(revision, "1.1", states.PROGRAMME, title="Jalan yang aman", dimension="")
    rows = {
        "proven": planted.action(revision, "1.1.1", targets={2025: 10}, money={(2025, "APBD"): 1_000_000_000}, parent=programme),
        "claimed": planted.action(
            revision, "1.1.2", targets={2025: 10}, money={(2025, "CSR"): 500_000_000}, parent=programme,
            milestones={"Gambar teknis": date(2025, 6, 30)},
        ),
        "silent": planted.action(revision, "1.1.3", targets={2025: 10}, dimension="economy", parent=programme),
    }  # fmt: skip
    planted.report(found, rows["proven"], 2025, 4, 10, "verified", spent=900_000_000)
    planted.report(found, rows["claimed"], 2025, 4, 10, "sent")
    touch(TOPIC)
    return found, revision, rows
