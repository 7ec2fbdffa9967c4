"""Templates: no other room's template, and nothing that the content security policy forbids."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from . import tree

REACH = re.compile(r"""{%\s*(?:extends|include)\s+["']([^"']+)["']""")
INLINE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.I), "inline script"),
    (re.compile(r"<style\b", re.I), "style element"),
    (re.compile(r"<[a-z][^<>]*?\sstyle\s*=", re.I | re.S), "style attribute"),
    (re.compile(r"<[a-z][^<>]*?\son[a-z]+\s*=", re.I | re.S), "event attribute"),
    (re.compile(r"(?:href|src|action)\s*=\s*[\"']?\s*javascript:", re.I), "javascript: address"),
    (
        re.compile(r"\b(?:src|href)\s*=\s*[\"'](?:https?:)?//(?!www\.w3\.org)[^\"']*\.(?:js|css|woff2?|mjs)", re.I),
        "foreign asset",
    ),
)
# Templates are rendered with markup of their own outside the browser's policy: e-mails, feeds.
OUTSIDE_BROWSER = {".txt", ".xml"}


def reaches(text: str, own: str) -> list[str]:
    """Names of templates that belong to somebody else. Own, the paint (ui) and the kernel's are allowed."""
    room = own.split("/")[-1]
    kernel = {path.name for path in (tree.PACKAGE / "kernel").iterdir() if path.is_dir()}
    allowed = {room, "ui", *kernel}
    return [name for name in REACH.findall(text) if "/" in name and name.split("/")[0] not in allowed]


def forbidden(text: str) -> list[str]:
    without_comments = re.sub(r"{#.*?#}|{% comment %}.*?{% endcomment %}", "", text, flags=re.S)
    return [what for pattern, what in INLINE if pattern.search(without_comments)]


@pytest.mark.parametrize("path", tree.templates(), ids=tree.shown)
def test_template_keeps_the_walls_and_the_policy(path: Path):
    text, own = path.read_text(), tree.owner(path)
    assert not reaches(text, own), "reaches into another room's templates"
    if path.suffix not in OUTSIDE_BROWSER:
        assert not forbidden(text)


@pytest.mark.parametrize("path", tree.templates(), ids=tree.shown)
def test_template_lies_in_a_folder_of_its_owner(path: Path):
    """So that no room shadows another's template by accident."""
    parts = path.parts[len(path.parts) - path.parts[::-1].index("templates") :]
    own = tree.owner(path)
    names = {own.split("/")[-1]}
    if own == "kernel/identity":
        names |= tree.SIGN_IN_PAGES
    if own in {"portal", "ui"}:
        names |= {"404.html", "500.html", "403.html", "400.html", "403_csrf.html", "django"}
    assert parts[0] in names


@pytest.mark.parametrize(
    ("planted", "what"),
    [
        ("<script>alert(1)</script>", "inline script"),
        ('<p class="x" style="color:red">', "style attribute"),
        ("<style>p{}</style>", "style element"),
        ('<button\n onclick="go()">', "event attribute"),
        ('<a href="javascript:x">', "javascript: address"),
        ('<script src="https://cdn.example/x.js"></script>', "foreign asset"),
    ],
)
def test_planted_violations_are_found(planted, what):
    assert what in forbidden(planted)


def test_a_reach_into_another_room_is_found():
    assert reaches('{% extends "warnings/page.html" %}', "services/emergency") == ["warnings/page.html"]
    assert not reaches('{% extends "ui/public.html" %}{% include "emergency/part.html" %}', "services/emergency")
    assert not forbidden(
        "<script src=\"{% static 'ui/live.js' %}\" defer></script><style-guide></style-guide>".replace(
            "<style-guide>", "<p>"
        )
    )
