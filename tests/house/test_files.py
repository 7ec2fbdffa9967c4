"""Names, sizes and words of files."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from . import tree

FORBIDDEN_NAMES = {"utils.py", "helpers.py", "signals.py", "services.py", "misc.py", "common.py"}
LONGEST = 500
TEXT = {
    ".py",
    ".toml",
    ".md",
    ".html",
    ".txt",
    ".js",
    ".mjs",
    ".css",
    ".json",
    ".yml",
    ".yaml",
    ".in",
    ".cfg",
    ".sh",
    ".po",
    ".svg",
}
# Addresses of indexes, mirrors and build machines, and folders of one person's computer.
FOREIGN = re.compile(
    r"registry[.]npmjs|npm[.]pkg|pypi[.]org/simple|files[.]pythonhosted|(?<![\w.])/(?:home|Users|root|wor[k])/|[\w-]+\.internal(?![.\w])|artifactory|nexus\.",
    re.I,
)
CITIES = re.compile(r"samarinda|balikpapan|\bmalang\b", re.I)


def tracked() -> list[Path]:
    """Files that belong to the repository: known to git, or new and not ignored."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=tree.REPOSITORY,
        capture_output=True,
        text=True,
    )
    if done.returncode:  # a copy without its history
        skip = {".git", ".venv", "node_modules", "__pycache__", ".tepian", "built", ".hypothesis"}
        files = (path for path in tree.REPOSITORY.rglob("*") if path.is_file() and path.suffix != ".mo")
        return sorted(
            p for p in files if not skip & set(p.parts) and not any(part.endswith("_cache") for part in p.parts)
        )
    return sorted(path for line in done.stdout.splitlines() if (path := tree.REPOSITORY / line).is_file())


def too_long(path: Path) -> bool:
    return len(path.read_text(encoding="utf-8").splitlines()) > LONGEST


def test_no_drawer_for_everything():
    assert not [tree.shown(path) for path in tree.modules(tests=True) if path.name in FORBIDDEN_NAMES]


def test_modules_stay_readable():
    found = [tree.shown(path) for path in tree.modules(tests=True) if too_long(path)]
    assert not found, f"more than {LONGEST} lines: make a package with the same door"


def test_every_module_says_what_it_is_for():
    silent = [
        tree.shown(path)
        for path in tree.modules()
        if path.read_text().strip()
        and ast.get_docstring(tree.parse(path)) is None
        and path.name not in {"__init__.py", "__main__.py", "apps.py"}
    ]
    assert not silent, silent


def test_no_foreign_addresses_or_private_paths():
    found = []
    for path in tracked():
        if path.suffix not in TEXT and path.name not in {"Makefile", ".importlinter", "run"}:
            continue
        if path.name == "test_files.py" or path.parent.name == "cities":
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if FOREIGN.search(line):
                found.append(f"{tree.shown(path, number)}: {line.strip()[:120]}")
    assert not found, "\n".join(found)


def _code_without_words(path: Path) -> list[tuple[int, str]]:
    """Names and strings of a module, without docstrings and comments: those may give a city as an example."""
    parsed = tree.parse(path)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(parsed)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = []
    for node in ast.walk(parsed):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            found.append((node.lineno, node.value))
        elif isinstance(node, (ast.Name, ast.arg, ast.FunctionDef, ast.ClassDef, ast.keyword)):
            name = getattr(node, "id", None) or getattr(node, "arg", None) or getattr(node, "name", None)
            found.append((getattr(node, "lineno", 0), name or ""))
    return found


def named_cities(package: Path) -> list[str]:
    """City names in the source. The demonstration's default pack is an option's default (cli.py) and may be named."""
    found = []
    for path in sorted(package.rglob("*")):
        if path.suffix not in {".py", ".html", ".js", ".po", ".toml"} or {"built", "tests"} & set(path.parts):
            continue
        if path.name in {"cli.py", "demonstration.py"}:
            continue
        if path.suffix == ".py":
            lines = _code_without_words(path)
        else:
            lines = [
                (number, line)
                for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
                if not line.lstrip().startswith(("#", "//", "*"))
            ]
        found += [f"{tree.shown(path, number)}: {text[:100]}" for number, text in lines if CITIES.search(text)]
    return found


def test_cities_are_data_not_code():
    found = named_cities(tree.PACKAGE)
    assert not found, "\n".join(found)


def test_no_large_file_is_in_the_repository():
    limits = {".csv": 1_500_000, ".geojson": 1_500_000, ".json": 1_500_000, ".png": 400_000}
    found = [tree.shown(path) for path in tracked() if path.stat().st_size > limits.get(path.suffix, 400_000)]
    assert not found, found


def test_no_artefact_of_a_build_is_in_the_repository():
    forbidden = {".mo", ".pyc", ".sqlite3", ".db", ".log", ".whl"}
    assert not [tree.shown(path) for path in tracked() if path.suffix in forbidden]


@pytest.mark.parametrize("text", ["CITY = 'Samarinda'", 'name = "Kota Balikpapan"'])
def test_a_city_in_the_code_is_found(tmp_path, text):
    folder = tmp_path / "src" / "tepian"
    folder.mkdir(parents=True)
    (folder / "x.py").write_text(text + "\n")
    assert len(named_cities(folder)) == 1


def test_a_long_module_is_found(tmp_path):
    path = tmp_path / "long.py"
    path.write_text("x = 1\n" * (LONGEST + 1))
    assert too_long(path)
    path.write_text("x = 1\n" * LONGEST)
    assert not too_long(path)
