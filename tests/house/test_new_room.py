"""A room made by `tepian new room` passes what every room must pass, before anybody writes a line in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tepian.new_room import NameRefused, new_room, refuse

from . import tree
from .test_files import tracked

ROOM = "street_lights"


@pytest.mark.parametrize(
    "name", ["Lights", "street-lights", "1st", "../x", "class", "identity", "warnings", "api", "", "a" * 41, "x__y"]
)
def test_names_that_cannot_be_rooms_are_refused(name):
    with pytest.raises(NameRefused):
        refuse(name, tree.PACKAGE / "services")


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The repository without its history and its built parts, with the new room in it."""
    root = tmp_path_factory.mktemp("repository")
    for path in tracked():
        target = root / path.relative_to(tree.REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    for built in tree.PACKAGE.rglob("*.mo"):
        shutil.copy2(built, root / built.relative_to(tree.REPOSITORY))
    new_room(ROOM, root)
    return root


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "TEPIAN_"))}
    environment |= {"PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300)


def tool(name: str) -> str:
    return str(Path(sys.executable).parent / name)


@pytest.mark.parametrize(
    "command",
    [
        [tool("ruff"), "check", f"src/tepian/services/{ROOM}"],
        [tool("ruff"), "format", "--check", f"src/tepian/services/{ROOM}"],
        [tool("mypy"), "--no-error-summary", "-p", f"tepian.services.{ROOM}"],
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"src/tepian/services/{ROOM}"],
    ],
    ids=["lint", "format", "types", "its tests"],
)
@pytest.mark.slow
def test_a_new_room_is_sound(copy, command):
    done = run(copy, *command)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]


@pytest.mark.slow
def test_the_house_accepts_a_new_room(copy):
    """The house's own checks over the copy; what they say about other rooms is judged by their own run."""
    done = run(copy, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/house", "-x",
               "--deselect", "tests/house/test_new_room.py", "--ignore", "tests/house/test_new_room.py")  # fmt: skip
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
