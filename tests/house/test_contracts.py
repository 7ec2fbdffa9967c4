"""The import contracts hold, and would break if somebody broke them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from . import tree


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-c",
        "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports_command as main; main()",
        "--no-logo",
        "--no-cache",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


def test_the_contracts_hold():
    done = lint(tree.REPOSITORY)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(
        tree.PACKAGE, tmp_path / "src" / "tepian",
        ignore=shutil.ignore_patterns("static", "locale", "templates", "__pycache__", "tests", "migrations"),
    )  # fmt: skip
    shutil.copy(tree.REPOSITORY / ".importlinter", tmp_path)
    return tmp_path


def plant(folder: Path, module: str, line: str) -> None:
    path = folder / "src" / "tepian" / module
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text() if path.exists() else "") + f"\n{line}\n")


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("kernel/actors/__init__.py", "import tepian.services.warnings.queries", "House BROKEN"),
        ("toolkit/storage.py", "import tepian.kernel.actors", "House BROKEN"),
        ("services/warnings/queries.py", "import tepian.services.sensors.queries", "Walls BROKEN"),
        ("services/warnings/queries.py", "import tepian.services.warnings.operations", "Doors BROKEN"),
        ("services/warnings/helpers.py", "", "Doors BROKEN"),
        ("portal/views.py", "import tepian.services.warnings.models", "Public doors BROKEN"),
        ("kernel/actors/__init__.py", "import tepian.kernel.identity.queries", "Stairs BROKEN"),
        ("portal/views.py", "import tepian.kernel.identity.forms", "Kernel public doors BROKEN"),
        ("drawer.py", "", "House BROKEN"),
    ],
)
def test_a_planted_import_breaks_its_contract(copy, module, line, contract):
    for name in ("queries", "operations", "models"):
        if not (copy / "src" / "tepian" / "services" / "warnings" / name).is_dir():
            plant(copy, f"services/warnings/{name}.py", "")
    plant(copy, module, line)
    done = lint(copy)
    assert contract in done.stdout, done.stdout + done.stderr


def test_two_journeys_may_not_meet(copy):
    plant(copy, "journeys/first_story.py", "import tepian.journeys.second_story")
    plant(copy, "journeys/second_story.py", "")
    assert "Journeys are separate BROKEN" in lint(copy).stdout
