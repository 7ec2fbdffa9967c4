"""Every word that people read exists in both languages: English in the code, Indonesian in the catalogues."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

KERNEL = Path(__file__).parents[2]
PARTS = {
    "identity": ["identity", "templates/identity", "templates/account", "templates/mfa", "templates/429.html"],
    "notifications": ["notifications", "templates/notifications"],
    "documents": ["documents", "templates/documents"],
}
MARKERS = {"_", "gettext", "gettext_lazy", "ngettext"}


def words_in(path: Path) -> set[str]:
    text = path.read_text()
    if path.suffix == ".py":
        return {
            node.args[0].value
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in MARKERS
            and node.args
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        }
    found = {words for _quote, words in re.findall(r"""\{%\s*translate\s+(["'])(.*?)\1""", text)}
    for body in re.findall(
        r"\{%\s*blocktranslate[^%]*%\}(.*?)\{%\s*(?:plural|endblocktranslate)\s*%\}", text, re.DOTALL
    ):
        trimmed = " ".join(line.strip() for line in body.strip().splitlines()).replace("%", "%%")
        found.add(re.sub(r"\{\{\s*(\w+)\s*\}\}", r"%(\1)s", trimmed))
    return found


@pytest.mark.parametrize("part", PARTS)
def test_catalogue_is_complete_and_has_nothing_left_over(part: str) -> None:
    used: set[str] = set()
    for place in PARTS[part]:
        base = KERNEL / place
        files = [base] if base.is_file() else [path for path in base.rglob("*") if path.suffix in {".py", ".html"}]
        for path in files:
            if "tests" not in path.parts:
                used |= words_in(path)
    with (KERNEL / part / "locale/id/LC_MESSAGES/django.po").open("rb") as file:
        catalogue = read_po(file, locale="id")
    translated = {
        message.id[0] if isinstance(message.id, tuple) else message.id: message.string
        for message in catalogue
        if message.id
    }
    assert used - set(translated) == set()
    assert set(translated) - used == set()
    for original, indonesian in translated.items():
        first = indonesian[0] if isinstance(indonesian, tuple) else indonesian
        assert first, original
        assert set(re.findall(r"%\((\w+)\)", original)) == set(re.findall(r"%\((\w+)\)", first)), original
