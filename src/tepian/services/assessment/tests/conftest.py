"""What several test modules of this room may ask for."""

from __future__ import annotations

from typing import Any

import pytest

from .. import operations
from ..models import Assessment
from .acting import answer_all, score_all

SMART, SMART_VERSION = "smart-city-evaluation", "2017"


@pytest.fixture
def planner(contoh: Any, actor_with: Any) -> Any:
    return actor_with("planner")


@pytest.fixture
def reporter(contoh: Any, actor_with: Any) -> Any:
    return actor_with("plan_reporter", scope="agency", code="pupr")


@pytest.fixture
def assessor(contoh: Any, actor_with: Any) -> Any:
    return actor_with("assessor")


@pytest.fixture
def opened(planner: Any) -> Assessment:
    return operations.open_assessment(
        actor=planner, instrument=SMART, version=SMART_VERSION, year=2026, agency="bappeda"
    )


@pytest.fixture
def submitted(planner: Any, opened: Assessment) -> Assessment:
    answer_all(planner, opened)
    opened.refresh_from_db()
    return operations.submit(actor=planner, assessment=opened, revision=opened.revision)


@pytest.fixture
def scored(submitted: Assessment, assessor: Any) -> Assessment:
    score_all(assessor, submitted)
    return operations.finish_scoring(actor=assessor, assessment=submitted, revision=submitted.revision)


@pytest.fixture
def keeper(contoh: Any, as_role: Any) -> Any:
    """A planner in front of a browser."""
    return as_role("planner")
