"""Everything that people read exists in Indonesian and in English, in the catalogue of the app that says it."""

from __future__ import annotations

import ast
import gettext
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from django.apps import apps
from django.conf import settings
from django.template import engines
from django.template.base import Lexer, TokenType
from django.templatetags.i18n import BlockTranslateNode, TranslateNode

from . import tree

# function → number of leading arguments that are (context?, singular, plural?)
CALLS = {
    "_": "s", "gettext": "s", "gettext_lazy": "s", "gettext_noop": "s", "ngettext": "sp", "ngettext_lazy": "sp",
    "pgettext": "cs", "pgettext_lazy": "cs", "npgettext": "csp", "npgettext_lazy": "csp",
}  # fmt: skip
REFUSALS = {"Denied", "Invalid", "Conflict", "NotFound", "require"}
SHOWN_BY = {"MenuEntry", "MapLayer", "Freshness", "Tile", "WorkItem", "RecordSection"}
SHOWN_ARGUMENTS = {"label", "title", "hint", "help_text", "verbose_name", "detail"}
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|{(\w+)}")
LETTERS = re.compile(r"[^\W\d_]{2,}")
QUIET_BLOCK = re.compile(r"(^look|_class)$")  # blocks that fill a class attribute, not the page
# Words that are the same in both languages: names, units, abbreviations, each language's own name.
SAME = {
    "Tepian", "Bahasa Indonesia", "English", "Indonesia", "WITA", "WIB", "WIT", "mm", "cm", "km", "kB", "MB", "min",
    "SOS", "QR", "PDF", "CSV", "GeoJSON", "API", "JSON", "MQTT", "URL", "HTTP", "SensorThings", "CAP", "RSS", "Atom",
    "OpenAPI", "TOTP", "BPBD", "BMKG", "BSSN", "Ctrl", "Enter", "Esc", "SHA", "UTC", "Plt", "Plh", "UU", "PDP", "OGC",
    "Siaga", "Waspada", "Awas", "Normal", "CloudEvents", "Server", "Sent", "Events",
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A message as the code says it."""

    where: str
    owner: str
    text: str
    context: str = ""


# --- what is said ----------------------------------------------------------------------------------------------------


def said_in_python(path: Path, package: Path = tree.PACKAGE) -> Iterator[Said | str]:
    """Messages of a module; a plain string instead of `Said` is a complaint."""
    own, parsed = tree.owner(path, package), tree.parse(path)
    aliases = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(parsed)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name in CALLS
    }
    for node in ast.walk(parsed):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        name = aliases.get(name, name)
        where = tree.shown(path, node.lineno)
        if name in CALLS and (isinstance(node.func, ast.Name) or getattr(node.func.value, "id", "") in {"translation"}):
            context = ""
            for kind, argument in zip(CALLS[name], node.args, strict=False):
                if not (isinstance(argument, ast.Constant) and isinstance(argument.value, str)):
                    yield f"{where}: {name}() of something that is not a plain string cannot be translated"
                elif kind == "c":
                    context = argument.value
                elif kind == "s":
                    yield Said(where, own, argument.value, context)
        elif name in REFUSALS and any(_plain_words(argument) for argument in node.args):
            yield f"{where}: {name}() with words outside gettext"
        elif name in SHOWN_BY or name.endswith(("Field", "Widget")):
            for keyword in node.keywords:
                if keyword.arg in SHOWN_ARGUMENTS and _plain_words(keyword.value):
                    yield f"{where}: {name}({keyword.arg}=…) with words outside gettext"


def _plain_words(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return bool(LETTERS.search(_without_same(node.value)))
    if isinstance(node, ast.JoinedStr):
        return any(
            isinstance(part, ast.Constant) and LETTERS.search(_without_same(str(part.value))) for part in node.values
        )
    return False


def said_in_template(path: Path, package: Path = tree.PACKAGE) -> Iterator[Said]:
    own, text = tree.owner(path, package), path.read_text(encoding="utf-8")
    template = engines["django"].engine.from_string(text)
    for node in template.nodelist.get_nodes_by_type(TranslateNode):
        literal = getattr(node.filter_expression.var, "literal", None)
        if isinstance(literal, str):
            context = _context(node)
            yield Said(tree.shown(path, node.token.lineno), own, literal.replace("%", "%%"), context)
    for node in template.nodelist.get_nodes_by_type(BlockTranslateNode):
        message, _names = node.render_token_list(node.singular)
        context = _context(node)
        yield Said(tree.shown(path, node.token.lineno), own, message, context)
    for token in Lexer(text).tokenize():
        if token.token_type in {TokenType.BLOCK, TokenType.VAR}:
            for found in re.finditer(r"""\b_\((["'])(.+?)\1\)""", token.contents):
                yield Said(tree.shown(path, token.lineno), own, found.group(2))


def _context(node: TranslateNode | BlockTranslateNode) -> str:
    var = getattr(node.message_context, "var", "")  # a constant is resolved already
    return var if isinstance(var, str) else getattr(var, "literal", "") or ""


def everything_said() -> tuple[list[Said], list[str]]:
    said: list[Said] = []
    complaints: list[str] = []
    for path in tree.modules():
        if tree.owner(path) == "settings" or path.parent == tree.PACKAGE:
            continue  # the command line speaks English
        for item in said_in_python(path):
            (said if isinstance(item, Said) else complaints).append(item)  # type: ignore[arg-type]
    for path in tree.templates():
        said += said_in_template(path)
    return said, complaints


# --- the catalogues --------------------------------------------------------------------------------------------------


def catalogue_path(owner: str) -> Path:
    return tree.PACKAGE / owner / "locale" / "id" / "LC_MESSAGES" / "django.po"


@cache
def catalogue(owner: str) -> Catalog | None:
    path = catalogue_path(owner)
    if not path.exists():
        return None
    with path.open("rb") as file:
        return read_po(file, locale="id", abort_invalid=True)


def gaps(said: list[Said]) -> list[str]:
    found = []
    for item in sorted(said, key=lambda item: item.where):
        book = catalogue(item.owner)
        if book is None:
            found.append(f"{item.where}: no catalogue {tree.shown(catalogue_path(item.owner))}")
            continue
        message = book.get(item.text, context=item.context or None)
        text = message.string if message else ""
        text = text[0] if isinstance(text, tuple) else text
        if not text:
            found.append(f"{item.where}: not in Indonesian: {item.text!r}")
        elif "fuzzy" in message.flags:
            found.append(f"{item.where}: unsure translation: {item.text!r}")
        elif sorted(PLACEHOLDER.findall(item.text)) != sorted(PLACEHOLDER.findall(text)) and not message.pluralizable:
            found.append(f"{item.where}: placeholders differ: {item.text!r} → {text!r}")
    return found


def owners() -> list[str]:
    return sorted(
        str(path.relative_to(tree.PACKAGE).parents[3]) for path in tree.PACKAGE.rglob("locale/id/LC_MESSAGES/django.po")
    )


def test_everything_said_is_translated():
    said, complaints = everything_said()
    assert not complaints, "\n".join(complaints)
    found = gaps(said)
    assert not found, f"{len(found)} gaps\n" + "\n".join(found[:80])


def test_no_catalogue_keeps_words_that_nobody_says():
    said, _complaints = everything_said()
    alive = defaultdict(set)
    for item in said:
        alive[item.owner].add((item.context or None, item.text))
    dead = []
    for owner in owners():
        for message in catalogue(owner) or ():
            text = message.id[0] if isinstance(message.id, tuple) else message.id
            if text and (message.context, text) not in alive[owner]:
                dead.append(f"{owner}: {text!r}")
    assert not dead, f"{len(dead)} dead\n" + "\n".join(dead[:60])


def test_the_same_words_mean_the_same_everywhere():
    """All catalogues are read into one: two translations of one message would shadow each other by accident."""
    meanings: dict[tuple[str | None, str], dict[str, str]] = defaultdict(dict)
    for owner in owners():
        for message in catalogue(owner) or ():
            text, string = (part[0] if isinstance(part, tuple) else part for part in (message.id, message.string))
            if text and string:
                meanings[message.context, text][owner] = string
    clashes = [
        f"{text!r}: {where}" for (_c, text), where in sorted(meanings.items(), key=str) if len(set(where.values())) > 1
    ]
    # What libraries say under the same English words is read before our apps', but not before LOCALE_PATHS.
    first = {str(Path(path).parent.relative_to(tree.PACKAGE)) for path in settings.LOCALE_PATHS}
    for config in apps.get_app_configs():
        book = Path(config.path) / "locale" / "id" / "LC_MESSAGES" / "django.mo"
        if config.name.startswith("tepian.") or not book.exists():
            continue
        with book.open("rb") as file:
            theirs = gettext.GNUTranslations(file)
        for (context, text), where in meanings.items():
            other = theirs.pgettext(context, text) if context else theirs.gettext(text)
            if other != text and other not in where.values() and not first & {*where}:
                clashes.append(f"{text!r}: {where}, but {config.name} says {other!r}; give ours a context")
    assert not clashes, "\n".join(clashes)


# --- words outside translation ---------------------------------------------------------------------------------------


class VisibleText(HTMLParser):
    """Collects what people see or hear: text and speaking attributes, outside of code, key names and styles."""

    QUIET = {"code", "kbd", "samp", "pre", "script", "style"}
    SPEAKING = {"alt", "title", "placeholder", "aria-label", "aria-description", "label"}

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[int, str]] = []
        self.quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.QUIET:
            self.quiet += 1
        kind = dict(attrs).get("type")
        for name, value in attrs:
            speaking = name in self.SPEAKING or (name == "value" and kind in {"submit", "button"})
            if speaking and value:
                self.handle_data(value)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.QUIET and self.quiet:
            self.quiet -= 1

    def handle_data(self, data: str) -> None:
        if not self.quiet and LETTERS.search(_without_same(data)):
            self.found.append((self.getpos()[0], " ".join(data.split())))


def _without_same(text: str) -> str:
    for word in sorted(SAME, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", "", text)
    return text


def bare_words(text: str) -> list[tuple[int, str]]:
    """Visible words of a template outside translation tags."""
    kept, skipping = [], ""
    blocks: list[str] = []
    for token in Lexer(text).tokenize():
        newlines = "\n" * token.contents.count("\n")
        if token.token_type == TokenType.BLOCK:
            word, *rest = token.contents.split()
            if word == "block":
                blocks.append(rest[0])
            elif word == "endblock" and blocks:
                blocks.pop()
            if skipping and word == f"end{skipping}":
                skipping = ""
            elif not skipping and word in {"blocktranslate", "blocktrans", "comment"}:
                skipping = word
            kept.append(newlines)
        elif token.token_type == TokenType.TEXT and not skipping and not (blocks and QUIET_BLOCK.search(blocks[-1])):
            kept.append(token.contents)
        else:
            kept.append(newlines)
    parser = VisibleText()
    parser.feed("".join(kept))
    return parser.found


@pytest.mark.parametrize("path", [p for p in tree.templates() if p.suffix == ".html"], ids=tree.shown)
def test_no_words_outside_translation(path: Path):
    assert not bare_words(path.read_text(encoding="utf-8"))


# --- the checks themselves -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("planted", "count"),
    [
        ("<p>Air naik</p>", 1),
        ('<p>{% translate "Water rises" %}</p>', 0),
        ("{% blocktranslate trimmed %}Water rises{% endblocktranslate %}", 0),
        ('<button aria-label="Tutup">×</button>', 1),
        ('<input type="submit" value="Kirim">', 1),
        ('<input type="text" value="kirim">', 0),
        ("<code>GET /api/v1</code> 112 · 7,9 m", 0),
        ("<span>{{ value }} mm WITA</span>", 0),
        ("{% block look %}wall{% endblock %}{% block content %}{% endblock %}", 0),
        ("{# a comment #}{% comment %}and another{% endcomment %}", 0),
        ('<img alt="{% translate "Map" %}">', 0),
    ],
)
def test_bare_words_are_found(planted, count):
    assert len(bare_words("{% load i18n %}" + planted)) == count


def test_untranslated_words_are_found(tmp_path):
    module = tmp_path / "services" / "tides" / "policies.py"
    module.parent.mkdir(parents=True)
    module.write_text(
        'from django.utils.translation import gettext as say\nsay("Ebb.")\n'
        'require(True, "You may not.")\nrequire(False, _("No tide."), _("Ask."))\n_(f"x {1}")\n'
        'raise Invalid(f"Bad {name} here")\nMenuEntry(label="Tides now", url="/x")\n'
    )
    found = list(said_in_python(module, tmp_path))
    assert [item.text for item in found if isinstance(item, Said)] == ["Ebb.", "No tide.", "Ask."]
    assert len([item for item in found if isinstance(item, str)]) == 4
    assert len(gaps([item for item in found if isinstance(item, Said)])) == 3


def test_messages_of_templates_are_found(tmp_path):
    path = tmp_path / "services" / "tides" / "templates" / "tides" / "page.html"
    path.parent.mkdir(parents=True)
    path.write_text(
        '{% load i18n %}{% translate "One" %}{% if x %}{% blocktranslate trimmed count n=n %}\n {{ n }} tide\n'
        '{% plural %}{{ n }} tides{% endblocktranslate %}{% endif %}{% with a=_("Two") %}{% endwith %}'
        '{% translate "Four" context "sea" %}{% blocktranslate context "sea" %}Five{% endblocktranslate %}'
    )
    found = [(item.text, item.context) for item in said_in_template(path, tmp_path)]
    assert found == [("One", ""), ("Four", "sea"), ("%(n)s tide", ""), ("Five", "sea"), ("Two", "")]
