"""What the pages for readers name exists: files, commands, options, links, and the keys of publiccode.yml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from . import tree

ROOT = tree.REPOSITORY
PAGES = sorted(
    [*ROOT.glob("*.md")] + [path for folder in ("docs", "deploy", "bench") for path in (ROOT / folder).rglob("*.md")]
)
TOP = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - {"node_modules", "build", "dist"}
TOP |= {".ci", ".importlinter", ".pre-commit-config.yaml", ".gitignore"}
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
MAKE = re.compile(r"(?:^|[\s`(])make ((?:[a-z][\w-]*)(?: [a-z][\w-]*)*)(?=$|[\s`).,;:])", re.M)
TEPIAN = re.compile(r"(?:^\s*|/bin/|&& |exec )tepian (?=[a-z-])([^\n`|&;#]*)")
PLACEHOLDER = re.compile(r"<[^>]*>|\{[^}]*\}|…")


def spans(text: str) -> Iterator[tuple[int, str, bool]]:
    """(line, text, in a code block) of everything written as code."""
    block = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            block = not block
        elif block:
            yield number, line, True
        else:
            for found in SPAN.finditer(line):
                yield number, found.group(1), False


def as_path(code: str) -> tuple[str, str] | None:
    """(path, name within it) when a piece of code names a file of this repository."""
    path, _colons, name = code.partition("::")
    if " " in path or path.split("/")[0] not in TOP or ("/" not in path and "." not in path and path != "Makefile"):
        return None
    return path, name.removesuffix("()")


def missing_paths(text: str) -> list[str]:
    found = []
    inline = [(number, word) for number, code, block in spans(text) if not block for word in code.split()]
    for number, word in inline:
        named = as_path(word)
        if named is None:
            continue
        path, name = named
        matches = list(ROOT.glob(PLACEHOLDER.sub("*", path).rstrip("/")))
        if not matches:
            found.append(f"{number}: {path} does not exist")
        elif name and not any(re.search(rf"\b{re.escape(name)}\b", one.read_text(encoding="utf-8")) for one in matches):
            found.append(f"{number}: {name} is not in {path}")
    return found


def broken_links(page: Path, text: str) -> list[str]:
    return [
        f"{target} leads nowhere"
        for target in LINK.findall(text)
        if "://" not in target
        and not target.startswith(("#", "mailto:"))
        and not (page.parent / target.partition("#")[0]).exists()
    ]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.M))


def wrong_commands(text: str) -> list[str]:
    """`make` targets, `tepian` commands and their options that do not exist."""
    import typer

    from tepian.cli import app

    root = typer.main.get_command(app)
    found = []
    for number, code, _block in spans(text):
        for goals in MAKE.findall(code):
            if goals.split()[0] not in targets():
                found.append(f"{number}: make {goals.split()[0]}")
        for words in TEPIAN.findall(code):
            command = root
            for word in words.split():
                inner = getattr(command, "commands", None)
                if word.startswith("--"):
                    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {
                        "--help"
                    }
                    if word.partition("=")[0] not in known:
                        found.append(f"{number}: tepian {words}: no option {word}")
                elif inner is not None:
                    if word not in inner:
                        found.append(f"{number}: tepian {words}: no command {word}")
                        break
                    command = inner[word]
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_exists(page: Path):
    text = page.read_text(encoding="utf-8")
    complaints = [*missing_paths(text), *broken_links(page, text), *wrong_commands(text)]
    assert not complaints, "\n".join(complaints)


def test_every_decision_is_in_the_index_and_has_its_four_parts():
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    records = sorted(folder.glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        assert f"({path.name})" in index, f"{path.name} is not in the index"
        for part in ("## Context", "## Decision", "## Consequences", "## What would change our mind"):
            assert part in path.read_text(), f"{path.name} has no “{part}”"


def test_publiccode_has_what_the_standard_asks():
    """The mandatory keys and lengths of publiccode.yml 0.4."""
    data = yaml.safe_load((ROOT / "publiccode.yml").read_text(encoding="utf-8"))
    assert data["publiccodeYmlVersion"] == "0.4"
    for key in ("name", "url", "platforms", "categories", "developmentStatus", "softwareType"):
        assert data[key], key
    assert data["legal"]["license"] == "EUPL-1.2"
    assert data["maintenance"]["type"] != "community" or data["maintenance"]["contacts"][0]["name"]
    assert data["localisation"] == {"localisationReady": True, "availableLanguages": ["id", "en"]}
    for language in data["localisation"]["availableLanguages"]:
        words = data["description"][language]
        assert len(words["shortDescription"]) <= 150
        assert 150 <= len(words["longDescription"]) <= 10_000
        assert words["features"] and all(len(feature) <= 100 for feature in words["features"])


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("`src/tepian/nothing.py`", 1),
        ("`src/tepian/cli/running.py::demo`", 0),
        ("`src/tepian/cli/running.py::no_such_verb`", 1),
        ("`src/tepian/services/<room>/service.toml`", 0),
        ("`cities/<city>/nothing.toml`", 1),
    ],
)
def test_a_false_path_is_found(text, count):
    assert len(missing_paths(text)) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("`make demo`", 0),
        ("`make coffee`", 1),
        ("```\nmake coffee\n```", 1),
        ("`tepian city check contoh`", 0),
        ("`tepian city bake`", 1),
        ("`.venv/bin/tepian demo --no-browser`", 0),
        ("`tepian demo --louder`", 1),
        ("we make coffee", 0),
    ],
)
def test_a_false_command_is_found(text, count):
    assert len(wrong_commands(text)) == count
