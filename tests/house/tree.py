"""Walks the source tree: rooms, modules, templates. Every walker takes a root, so that a planted tree can be walked."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "src" / "tepian"
PILLARS = {"governance", "branding", "economy", "living", "society", "environment"}


@dataclass(frozen=True)
class Room:
    name: str
    folder: Path
    plate: dict[str, Any]


def rooms(package: Path = PACKAGE) -> list[Room]:
    """Every folder with Python in it under services/ is a room, whether or not it has a nameplate."""
    found = []
    for folder in sorted((package / "services").iterdir()):
        if folder.is_dir() and any(folder.glob("*.py")):
            plate = folder / "service.toml"
            found.append(Room(folder.name, folder, tomllib.loads(plate.read_text()) if plate.exists() else {}))
    return found


def modules(folder: Path = PACKAGE, *, tests: bool = False, migrations: bool = False) -> Iterator[Path]:
    """Python files, in order; tests and migrations only when asked for."""
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).parts
        if ("tests" in parts and not tests) or ("migrations" in parts and not migrations):
            continue
        yield path


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def templates(folder: Path = PACKAGE) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("templates/**/*")
        if path.suffix in {".html", ".txt", ".svg", ".xml"} and path.is_file()
    )


# allauth's pages are replaced by identity's.
SIGN_IN_PAGES = {"account", "mfa", "socialaccount", "usersessions", "429.html"}


def owner(path: Path, package: Path = PACKAGE) -> str:
    """The part of the house that a file belongs to: `services/x`, `kernel/x`, `ui`, `portal`, `journeys`, …

    The kernel is one Django app, so its parts' templates and template tags lie in common folders, by the part's name.
    """
    parts = path.relative_to(package).parts
    if parts[0] == "kernel" and parts[1] in {"templates", "templatetags", "static"}:
        name = parts[2].removesuffix(".py")
        return "kernel/identity" if name in SIGN_IN_PAGES else f"kernel/{name}"
    if parts[0] in {"services", "kernel"} and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def shown(path: Path, line: int = 0) -> str:
    base = REPOSITORY if path.is_relative_to(REPOSITORY) else path.parents[2]
    return f"{path.relative_to(base)}:{line}" if line else str(path.relative_to(base))


def imported_modules(tree: ast.AST, package: str) -> Iterator[tuple[str, int]]:
    """Absolute names of everything imported, `from x import y` as `x.y`; `package` resolves relative imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*up, base] if base else up)
            for alias in node.names:
                yield f"{base}.{alias.name}", node.lineno


def package_of(path: Path, package: Path = PACKAGE) -> str:
    """The dotted package that a module lies in, for resolving its relative imports."""
    return ".".join(("tepian", *path.relative_to(package).parent.parts))
