"""People of the plan, and days on which they look at it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tepian.kernel.catalogue import city
from tepian.toolkit import links


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
