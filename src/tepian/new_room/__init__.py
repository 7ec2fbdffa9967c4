"""`tepian new room <name>`: a small room that works and passes every check, as a place to start.

The skeleton lies in `skeleton/`, one `.txt` file per file of the room: a list that staff keep and citizens read.
Replace its noun by yours, file by file; the checks tell when something was forgotten.
"""

from __future__ import annotations

import keyword
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from string import Template

import typer

SKELETON = Path(__file__).parent / "skeleton"
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
RESERVED = {"city", "api", "en", "tests", "static", "kernel", "portal", "ui", "toolkit", "journeys", "services"}


PLACES = {  # where in a room a file of the skeleton goes, if not to its top
    "pages/": "templates/$name/",
    "django.po": "locale/id/LC_MESSAGES/django.po",
    "test_room.py": "tests/test_$name.py",
}


class NameRefused(typer.BadParameter):
    """The name cannot be a room's; the message says why."""


def words(name: str) -> dict[str, str]:
    """What the skeleton's `$words` stand for: `street_lights` → Street lights, StreetLights, street-lights."""
    return {
        "name": name,
        "Class": "".join(part.capitalize() for part in name.split("_")),
        "path": name.replace("_", "-"),
        "Title": name.replace("_", " ").capitalize(),
        "title": name.replace("_", " "),
    }


def refuse(name: str, services: Path) -> None:
    if not NAME.match(name) or len(name) > 40 or keyword.iskeyword(name) or name in RESERVED:
        raise NameRefused(
            f"“{name}” cannot be a room's name: a noun in lower case, words joined by _, e.g. street_lights."
        )
    if (services / name).exists():
        raise NameRefused(f"There is a room “{name}” already: {services / name}.")
    if (services.parent / "kernel" / name).exists():
        raise NameRefused(f"“{name}” is a part of the kernel. Choose another noun.")


def new_room(name: str, root: Path) -> list[Path]:
    """Write the room into the tree at `root` (the repository), with its first migration, its budgets and the generated
    reference. Returns the files that were made or changed, relative to `root`. Raises `NameRefused`; then nothing was
    written."""
    services = root / "src" / "tepian" / "services"
    refuse(name, services)
    values = words(name)
    made = []
    for source in sorted(SKELETON.rglob("*.txt")):
        inside = source.relative_to(SKELETON).as_posix().removesuffix(".txt")
        for start, place in PLACES.items():
            if inside.startswith(start):
                inside = Template(place).substitute(values) + inside.removeprefix(start)
        target = services / name / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(Template(source.read_text(encoding="utf-8")).substitute(values), encoding="utf-8")
        made.append(target)
    ruff = Path(sys.executable).with_name("ruff")
    if ruff.exists():  # a long name may need its lines broken elsewhere
        subprocess.run([ruff, "format", "--quiet", services / name], cwd=root, check=True)  # noqa: S603
    made += _migration(name, root)
    made += _into_lists(name, root, values)
    _run(root, "dev/reference.py")
    made.append(root / "docs" / "reference")
    return [path.relative_to(root) for path in made]


def _run(root: Path, *arguments: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(root / "src"), "DJANGO_SETTINGS_MODULE": "tepian.settings.test"}
    done = subprocess.run([sys.executable, *arguments], cwd=root, env=environment, capture_output=True, text=True)  # noqa: S603
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")


def _migration(name: str, root: Path) -> list[Path]:
    _run(root, "-m", "django", "makemigrations", name, "--no-input", "--verbosity", "0")
    return sorted((root / "src" / "tepian" / "services" / name / "migrations").glob("0*.py"))


def _into_lists(name: str, root: Path, values: dict[str, str]) -> Iterator[Path]:
    """The lines that a new room needs in lists of the whole house: query budgets and the glossary."""
    budgets = root / "tests" / "house" / "budgets.toml"
    if budgets.exists():
        with budgets.open("a", encoding="utf-8") as file:
            file.write(f'"{name}-list" = 8\n"{name}-desk" = 14\n')
        yield budgets
    glossary = root / "docs" / "glossary.md"
    if glossary.exists():
        text = glossary.read_text(encoding="utf-8").rstrip()
        where = f"src/tepian/services/{name}/models.py"
        row = f"| {values['title']} | {values['title']} | an entry of the room `{name}` | `{where}::Entry` |"
        heading = "## Rooms\n\n| Term | In Indonesian | Means | In code |\n|---|---|---|---|\n"
        text += f"\n{row}\n" if "## Rooms" in text else f"\n\n{heading}{row}\n"
        glossary.write_text(text, encoding="utf-8")
        yield glossary
