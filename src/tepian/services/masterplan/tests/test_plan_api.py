"""The plan for programs: reading for everybody, reporting with an agency's key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tepian.kernel.actors import system
from tepian.kernel.identity import operations as identity
from tepian.toolkit import links

from .. import operations, states
from ..models import Evidence, Part, Plan, Report
from .planted import action, planted, report

pytestmark = pytest.mark.django_db
WRITE = "/api/v1/plan/reports"


@pytest.fixture(autouse=True)
def _july(contoh: Any, on_day: Callable[[date], None], the_net: dict[str, str]) -> None:
    on_day(date(2025, 7, 10))


@pytest.fixture(name="road")
def _road() -> Part:
    _plan, revision = planted()
    road = action(revision, "1.1.1", title="Jalan mulus", unit="km", targets={2025: 100}, money={(2025, "APBD"): 7},
                  milestones={"Lelang selesai": date(2025, 5, 1)})  # fmt: skip
    action(revision, "1.1.2", unit="km", targets={2025: 10}, agency_code="dinkes", dimension="economy")
    return road


@pytest.fixture(name="program")
def _program(client: Any) -> Callable[..., Any]:
    """`program("put", path, body)` with the key of PUPR's own system."""
    grants = [{"role": "plan_reporter", "scope": "agency", "code": "pupr"}]
    secret = identity.issue_device_key(actor=system("tests"), name="e-pupr", grants=grants)[1]

    def call(body: dict[str, Any], status: int = 200) -> dict[str, Any]:
        answer = client.put(WRITE, body, "application/json", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == status, answer.content
        return answer.json()  # type: ignore[no-any-return]

    return call


def written(road: Part, **more: Any) -> dict[str, Any]:
    return {"action": str(road.key), "quarter": "2025-Q2", "value": 40} | more


def test_everybody_reads_where_actions_stand(road, client):
    report(road.revision.plan, road, 2025, 1, 25, states.VERIFIED, spent=3)
    page = client.get("/api/v1/plan/actions?quarter=2025-Q2").json()
    assert (page["count"], page["quarter"], page["revision"], page["simulated"]) == (2, "2025-Q2", 1, False)
    first = page["items"][0]
    assert (first["key"], first["verified_percent"], first["budget"], first["spent"]) == (
        str(road.key),
        25,
        {"APBD": 7},
        3,
    )
    assert client.get("/api/v1/plan/actions?quarter=2025-Q2&agency=dinkes").json()["count"] == 1
    assert client.get("/api/v1/plan/actions?quarter=2025-Q2&status=late").json()["items"][0]["key"] == str(road.key)


def test_the_parts_add_up_to_the_whole(road, client):
    report(road.revision.plan, road, 2025, 2, 50, states.VERIFIED)
    for level in ("dimension", "subdimension", "programme", "goal", "agency"):
        found = client.get(f"/api/v1/plan/rollup?quarter=2025-Q2&by={level}").json()
        assert found["total"]["verified"] == 25
        assert sum(each["weight"] * each["verified"] for each in found["groups"]) == 25 * found["total"]["weight"]
        assert sum(each["actions"] for each in found["groups"]) == found["total"]["actions"] == 2
        assert sum(sum(each["statuses"].values()) for each in found["groups"]) == 2
        assert sum(each["budget"]["APBD"] for each in found["groups"]) == found["total"]["budget"]["APBD"] == 7


@pytest.mark.parametrize("query", ["quarter=2025-Q5", "quarter=2031-Q1", "quarter=x", "by=colour", "limit=0"])
def test_questions_that_cannot_be_answered(road, client, query):
    for path in ("actions", "rollup"):
        answer = client.get(f"/api/v1/plan/{path}?{query}")
        assert answer.status_code in (200, 422) and (answer.status_code == 422 or query in ("by=colour", "limit=0"))


def test_a_plan_that_is_not_public_is_not_there(road, client, as_role):
    Plan.objects.update(public_since=None)
    assert client.get("/api/v1/plan/actions").status_code == 404
    assert client.get("/api/v1/plan/actions?plan=kota-2025").status_code == 404
    assert as_role("viewer").get("/api/v1/plan/actions").status_code == 200


def test_an_agencys_program_reports(road, program):
    link = {"url": "https://contoh.id/foto", "title": "Foto"}
    key = str(road.milestones.get().key)
    found = program(written(road, spent=5, links=[link], milestones=[{"key": key, "reached_on": "2025-05-02"}]))
    assert (found["state"], found["value"], found["evidence"], found["missing"]) == ("sent", 40, 1, [])
    row = Report.objects.get()
    assert row.sent_by and row.reached.get().reached_on == date(2025, 5, 2)
    assert program(written(road), 409)["code"] == "moved_on"  # sent already


def test_what_is_missing_is_listed_and_the_draft_is_kept(road, program, the_net):
    the_net["https://contoh.id/x"] = links.SIGN_IN
    found = program(written(road, value=4000, links=[{"url": "https://contoh.id/x"}]))
    assert found["state"] == "draft" and [each["code"] for each in found["missing"]] == [
        "evidence_closed",
        "implausible",
    ]
    again = program(written(road, links=[{"url": "https://contoh.id/x"}, {"url": "https://contoh.id/y"}], send=False))
    assert again["state"] == "draft" and again["missing"] == [] and Evidence.objects.count() == 2
    assert program(written(road))["state"] == "sent"


def test_programs_meet_the_same_refusals(road, program, client):
    other = Part.objects.get(code="1.1.2")
    assert program(written(other), 403)["message_id"]
    assert program(written(road, quarter="2026-Q1"), 422)["code"] == "future"
    assert program(written(road, quarter="soon"), 422)["code"] == "quarter"
    assert program(written(road) | {"action": "00000000-0000-4000-8000-000000000000"}, 404)["code"] == "no_action"
    assert program(written(road, value=1e300), 422)["field"]
    assert client.put(WRITE, written(road), "application/json").status_code in (401, 403)
    program(written(road, send=False))
    assert program(written(road, value=41, revision=1), 409)["code"] == "too_late"
    assert Report.objects.get().value == 40


def test_reports_that_are_not_verified_are_for_the_offices(road, client, as_role, program):
    address = f"{WRITE}/{road.key}/2025-Q2"
    assert client.get(address).status_code == 404
    program(written(road, links=[{"url": "https://contoh.id/y"}]))
    assert client.get(address).status_code == 404
    assert as_role("plan_verifier").get(address).json()["state"] == "sent"
    Report.objects.update(state=states.VERIFIED)
    assert client.get(address).json()["value"] == 40
    assert client.get(f"{WRITE}/{road.key}/2025-Q9").status_code == 404


def test_links_are_looked_at_by_the_clock(road, program, the_net):
    from ..jobs import look_at_links, take_over

    program(written(road, links=[{"url": "https://contoh.id/y"}]))
    the_net["https://contoh.id/y"] = links.MISSING
    Evidence.objects.update(checked_at=None)
    assert look_at_links() == 1 and take_over() == 0
    assert operations.check_links(actor=system("tests")) == 0
