"""The system query options: `$filter`, `$select`, `$expand` with options of its own, `$orderby`, `$top`, `$skip` …"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from .odata import MAX_INT, bad, parse

DEEPEST = 4
OPTIONS = {"$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$count", "$resultFormat"}


@dataclass(slots=True)
class Options:
    """The system query options of a collection, at the root or inside an $expand."""

    filter: Any = None
    orderby: list[tuple[tuple[str, ...], bool]] = field(default_factory=list)
    select: list[str] = field(default_factory=list)
    expand: list[tuple[str, Options]] = field(default_factory=list)
    top: int | None = None
    skip: int = 0
    count: bool = False
    data_array: bool = False


def split(text: str, separator: str) -> list[str]:
    """Split outside of brackets and quotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for position, sign in enumerate(text):
        if sign == "'":
            quoted = not quoted
        elif not quoted:
            depth += (sign == "(") - (sign == ")")
            if sign == separator and depth == 0:
                parts.append(text[start:position])
                start = position + 1
    if depth or quoted:
        raise bad(_("Brackets or quotes are not closed."), text, "$expand")
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]


def read_options(pairs: Iterable[tuple[str, str]], depth: int = 0) -> Options:
    """Options from (name, value) pairs; raises `Invalid` for unknown names and values."""
    options = Options()
    for name, value in pairs:
        if not name.startswith("$"):
            continue
        if name not in OPTIONS:
            raise bad(_("This query option is not known."), name, name)
        if name == "$filter":
            options.filter = parse(value)
        elif name == "$orderby":
            options.orderby = [read_order(part) for part in split(value, ",")]
        elif name == "$select":
            options.select = [part.replace("@iot.", "") for part in split(value, ",")]
        elif name == "$expand":
            if depth >= DEEPEST:
                raise bad(_("$expand is nested too deeply."), value, "$expand")
            options.expand = [read_expand(part, depth) for part in split(value, ",")[:20]]
        elif name in {"$top", "$skip"}:
            number = int(value) if value.isdecimal() and len(value) < 19 else -1
            if number < 0 or number > MAX_INT:
                raise bad(_("Here a whole number from 0 is needed."), value, name)
            setattr(options, name[1:], number)
        elif name == "$count":
            if value not in {"true", "false"}:
                raise bad(_("$count is true or false."), value, "$count")
            options.count = value == "true"
        elif name == "$resultFormat":
            if value != "dataArray":
                raise bad(_("The only other format is dataArray."), value, "$resultFormat")
            options.data_array = True
    return options


def read_order(text: str) -> tuple[tuple[str, ...], bool]:
    words = text.split()
    if len(words) not in {1, 2} or (len(words) == 2 and words[1] not in {"asc", "desc"}):
        raise bad(_("Write $orderby as: phenomenonTime desc"), text, "$orderby")
    return tuple(words[0].replace("@iot.id", "id").split("/")), words[-1] == "desc" and len(words) == 2


def read_expand(text: str, depth: int) -> tuple[str, Options]:
    name, bracket, inside = text.partition("(")
    name = name.strip()
    if bracket:
        pairs = []
        for part in split(inside.rstrip().removesuffix(")"), ";"):
            key, equals, value = part.partition("=")
            if not equals:
                raise bad(_("Inside $expand options are written as $top=1;$select=name"), part, "$expand")
            pairs.append((key.strip(), value.strip()))
        options = read_options(pairs, depth + 1)
    else:
        options = Options()
    first, slash, rest = name.partition("/")
    if slash:  # Datastreams/Observations(…) is Datastreams($expand=Observations(…))
        if depth >= DEEPEST:
            raise bad(_("$expand is nested too deeply."), text, "$expand")
        inner = read_expand(rest + (bracket + inside if bracket else ""), depth + 1)
        return first, Options(expand=[inner])
    return first, options
