"""A structure that travels: out of one city, into another, the same; and nothing that should have stayed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.organisations.models import Agency

from .. import operations, states
from ..models import Framework, Plan, Revision
from ..queries.blueprint import blueprint
from ..queries.missing import problems
from .draft import MACHINE, found, new_draft, new_plan

pytestmark = pytest.mark.django_db
SCHEMA = json.loads((Path(__file__).resolve().parents[1] / "blueprint.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def draft(contoh: Any) -> Revision:
    revision = new_draft(new_plan(), "A", "B")
    a, b = found(revision, "A"), found(revision, "B")
    operations.change_part(
        actor=MACHINE,
        part=a,
        edits=a.edits,
        values={
            "first_year": 2026,
            "last_year": 2028,
            "targets": {2026: 7531.25},
            "baseline": 8642.5,
            "money": {(2026, "APBN"): 97_531_000_000},
            "milestones": [{"title": "Lelang", "due_on": date(2027, 3, 15), "weight": 2}],
            "risks": [{"text": "Lahan", "likelihood": 3, "severity": 4, "response": "Mediasi"}],
            "dependencies": [{"on_key": b.key, "note": "butuh data"}],
            "planning_code": "2.16.02.2.02.0001",
            "indicator": "Jumlah layanan",
            "title_en": "A in English",
            "quick_win": True,
        },
    )
    revision.refresh_from_db()
    return revision


@pytest.fixture
def document(draft: Revision) -> dict[str, Any]:
    return blueprint(draft)


def read(document: dict[str, Any]) -> Any:
    return operations.read_blueprint(json.dumps(document).encode())


def test_it_is_what_the_schema_says(document: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)


def test_figures_codes_and_names_stay_at_home(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    for kept in ("7531", "8642", "97531", "Rencana kota", "kota-2025", '"diskominfo"', "2025", "2026"):
        assert kept not in text, kept
    assert "Diskominfo" in text


def test_there_and_back_in_another_city(document: dict[str, Any], planner: Actor) -> None:
    """The other city has the agency under another code and lacks the dimensions."""
    Plan.objects.all().delete()
    Framework.objects.all().delete()
    Agency.objects.filter(code="diskominfo").update(code="kominfo-kami")
    touch("organisations")
    fitted = operations.fit(read(document), 2031)
    assert list(fitted.agencies.values()) == ["kominfo-kami"] and fitted.unmatched == []
    assert fitted.counts == {"goal": 1, "programme": 1, "action": 2}
    revision = operations.import_blueprint(
        actor=planner, fitted=fitted, code="kota-kami", title="Rencana kami", first_year=2031
    )
    assert (revision.plan.first_year, revision.plan.last_year, revision.state) == (2031, 2035, states.DRAFT)
    a, b = found(revision, "A"), found(revision, "B")
    assert (a.first_year, a.last_year, a.agency_code, a.quick_win) == (2032, 2034, "kominfo-kami", True)
    assert a.milestones.get().due_on == date(2033, 3, 31)
    assert a.dependencies.get().on_key == b.key
    assert not a.targets.exists() and not a.money.exists() and a.baseline is None
    assert blueprint(revision) == document
    assert {each.code for each in problems(revision) if not each.hint} == {"no_target"}


def test_agencies_that_are_not_here_are_named_and_can_be_chosen(document: dict[str, Any]) -> None:
    document["agencies"][0] |= {"name": "Kantor Urusan Langit", "short_name": ""}
    fitted = operations.fit(read(document), 2027)
    assert fitted.unmatched == ["Kantor Urusan Langit"]
    chosen = operations.fit(read(document), 2027, {"Kantor Urusan Langit": "bpbd"})
    assert chosen.unmatched == []
    revision = operations.import_blueprint(
        actor=MACHINE, fitted=fitted, code="kota-kami", title="Rencana kami", first_year=2027
    )
    assert found(revision, "A").agency_code == ""
    assert "no_agency" in {each.code for each in problems(revision)}


def change(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(document)
    at: Any = made
    *steps, last = path.split(".")
    for step in steps:
        at = at[int(step) if step.isdigit() else step]
    at[int(last) if last.isdigit() else last] = value
    return made


ACTION = "goals.0.programmes.0.actions.0"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("format", "something-else"),
        ("years", 0),
        ("years", True),
        ("framework", []),
        ("framework.code", "Bad Code"),
        ("framework.valid_from", "yesterday"),
        ("framework.dimensions", []),
        ("agencies", {"a": 1}),
        ("agencies.0.head", "a person's name"),
        ("goals", "many"),
        ("budget", 5),
        (f"{ACTION}.targets", {"2025": 3}),
        (f"{ACTION}.baseline", 3),
        (f"{ACTION}.agency", "agency-77"),
        (f"{ACTION}.id", ""),
        (f"{ACTION}.milestones", [{"title": "M", "month": -1}]),
        (f"{ACTION}.from_year", 99),
    ],
)
def test_what_the_schema_refuses_is_refused(document: dict[str, Any], path: str, value: Any) -> None:
    bad = change(document, path, value)
    if "agency-77" not in str(value) and value != "yesterday":  # references and calendars are beyond the schema
        assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(bad))
    with pytest.raises(Invalid) as refusal:
        operations.fit(read(bad), 2027)
    assert refusal.value.field == "file"
    assert not Plan.objects.filter(code="kota-kami").exists()


@pytest.mark.parametrize("content", [b"", b"not json", b"[]", b"\xff\xfe\x00", b'{"format": 1}', b"[" * 100_000])
def test_what_is_no_blueprint(contoh: Any, content: bytes) -> None:
    with pytest.raises(Invalid) as refusal:
        operations.read_blueprint(content)
    assert refusal.value.code == "blueprint"


def test_a_newer_version_says_so(document: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refusal:
        read(document | {"version": 2})
    assert refusal.value.code == "version"


def test_other_dimensions_under_the_same_code(document: dict[str, Any]) -> None:
    bad = change(document, "framework.dimensions.0.code", "other")
    with pytest.raises(Invalid) as refusal:
        operations.import_blueprint(
            actor=MACHINE, fitted=operations.fit(read(bad), 2027), code="kota-kami", title="R", first_year=2027
        )
    assert refusal.value.code in {"framework", "dimension"}
    assert not Plan.objects.filter(code="kota-kami").exists()


def test_all_of_it_or_nothing(document: dict[str, Any]) -> None:
    bad = change(document, f"{ACTION}.risks", [{"text": "R", "likelihood": 9, "severity": 1}])
    with pytest.raises(Invalid):
        operations.import_blueprint(
            actor=MACHINE, fitted=operations.fit(read(bad), 2027), code="kota-kami", title="R", first_year=2027
        )
    assert not Plan.objects.filter(code="kota-kami").exists()
    with pytest.raises(Conflict):
        operations.import_blueprint(
            actor=MACHINE, fitted=operations.fit(read(document), 2027), code="kota-2025", title="R", first_year=2027
        )


def test_only_planners(document: dict[str, Any], actor_with: Callable[..., Any], reporter: Actor) -> None:
    with pytest.raises(Denied):
        operations.import_blueprint(
            actor=reporter, fitted=operations.fit(read(document), 2027), code="kota-kami", title="R", first_year=2027
        )
