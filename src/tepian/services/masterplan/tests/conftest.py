"""What tests of the plan stand on: people, a day, the internet, a small plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tepian.kernel.catalogue import city
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events.models import OutboxEvent
from tepian.toolkit import links

from .. import states
from ..models import Part, Plan, Revision
from ..queries.plan import TOPIC
from . import planted


@pytest.fixture
def contoh(contoh: Any) -> Any:
    """The fictional city without the plan that its pack brings (`test_packs.py` loads it): these tests make their own."""
    Plan.objects.filter(code__startswith="contoh-").delete()
    OutboxEvent.objects.filter(type__startswith="masterplan.").delete()
    touch(TOPIC)
    return contoh


@pytest.fixture
def reporter(contoh: Any, actor_with: Callable[..., Any]) -> Any:
    """Reports for PUPR."""
    return actor_with("plan_reporter", scope="agency", code="pupr", username="lapor")


@pytest.fixture
def planner(contoh: Any, actor_with: Callable[..., Any]) -> Any:
    return actor_with("planner", username="bappeda")


@pytest.fixture
def verifier(contoh: Any, actor_with: Callable[..., Any]) -> Any:
    return actor_with("plan_verifier", username="kominfo")


@pytest.fixture
def on_day(monkeypatch: pytest.MonkeyPatch) -> Callable[[date], None]:
    """`on_day(date(2025, 7, 10))`: it is this day in the city."""

    def choose(day: date) -> None:
        import sys

        for name, module in list(sys.modules.items()):
            if name.startswith("tepian.services.masterplan") and hasattr(module, "today"):
                monkeypatch.setattr(module, "today", lambda: day)
        monkeypatch.setattr(city, "today", lambda: day)

    return choose


@pytest.fixture
def the_net(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the internet answers: address → finding; everything else opens."""
    answers: dict[str, str] = {}

    def check(url: str, **_options: Any) -> links.Finding:
        return links.Finding(answers.get(url, links.OPEN), url)

    monkeypatch.setattr(links, "check", check)
    return answers


@pytest.fixture
def told() -> tuple[Plan, Revision, dict[str, Part]]:
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
