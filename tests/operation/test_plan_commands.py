"""A plan is read from a workbook and taken to another city at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tepian.cli import app
from tepian.services.masterplan import operations
from tepian.services.masterplan.models import Plan, Revision
from tepian.services.masterplan.tests import workbook
from tepian.services.masterplan.tests.draft import MACHINE, decide, new_draft, new_plan

pytestmark = pytest.mark.django_db
ANSWERS = (
    "--meaning", "agency:Diskominfoo=diskominfo", "--meaning", "agency:Dinas Komunikasi & Informatika=diskominfo",
)  # fmt: skip


@pytest.fixture
def draft(contoh: Any) -> Revision:
    return operations.start_revision(actor=MACHINE, plan=new_plan())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rencana aksi.xlsx"
    path.write_bytes(workbook.build(30))
    return path


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["masterplan", *words])
    assert result.exit_code == code, result.output
    return result.output


def test_a_dry_run_asks_and_changes_nothing(draft: Revision, file: Path) -> None:
    said = run("import", str(file), "--plan", "kota-2025", "--dry-run", code=1)
    assert "Diskominfoo" in said and "Nothing was changed." in said
    assert not draft.parts.exists()


def test_answered_it_is_applied(draft: Revision, file: Path) -> None:
    said = json.loads(run("import", str(file), "--plan", "kota-2025", "--json", "--dry-run", *ANSWERS))
    assert (said["actions"], said["applied"], said["open"]) == (30, False, [])
    assert said["difference"]["counts"]["action"] == {"before": 0, "after": 30}
    assert not draft.parts.exists()
    assert "Applied to the draft." in run("import", str(file), "--plan", "kota-2025", *ANSWERS)
    assert draft.parts.filter(kind="action").count() == 30


def test_what_cannot_be_read_or_has_no_draft(contoh: Any, tmp_path: Path, file: Path) -> None:
    run("import", str(file), "--plan", "tidak-ada", code=1)
    plan = new_plan()
    assert "no open draft" in run("import", str(file), "--plan", plan.code, code=1)
    operations.start_revision(actor=MACHINE, plan=plan)
    bad = tmp_path / "foto.xlsx"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n")
    assert json.loads(run("import", str(bad), "--plan", plan.code, "--json", code=2))["refused"] == "wrong_type"
    run("import", str(file), "--plan", plan.code, "--meaning", "nonsense", code=2)


def test_a_blueprint_goes_out_and_comes_in(contoh: Any, tmp_path: Path) -> None:
    plan = new_plan()
    decide(new_draft(plan, "Layanan A"))
    path = tmp_path / "cetak-biru.json"
    run("blueprint", "export", "--plan", plan.code, "--out", str(path))
    assert json.loads(run("blueprint", "export", "--plan", plan.code)) == json.loads(path.read_text())
    words = ("blueprint", "import", str(path), "--plan", "kota-kami", "--title", "Rencana kami", "--first-year", "2027")
    assert "1 action" in run(*words, "--dry-run")
    assert not Plan.objects.filter(code="kota-kami").exists()
    run(*words, "--agency", "Communications and Informatics Agency=bpbd")
    revision = Revision.objects.get(plan__code="kota-kami")
    assert revision.parts.get(kind="action").agency_code == "bpbd"
    run(*words, code=2)
    path.write_text("[]")
    run(*words, code=2)
    run("blueprint", "export", "--plan", "tidak-ada", code=1)
