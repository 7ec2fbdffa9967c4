"""Tags that all pages use: `{% load ui %}`."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from tepian.ui import levels, words
from tepian.ui.icons import path_of

register = template.Library()


@register.simple_tag
def icon(name: str, extra: str = "") -> SafeString:
    """`{% icon "water" %}`: an icon for the eye only; the word stands beside it."""
    return format_html(
        '<svg class="icon{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>',
        f" {extra}" if extra else "",
        mark_safe(path_of(str(name))),
    )


@lru_cache(maxsize=64)
def _mark(path: str, changed: float) -> str:
    return hashlib.blake2b(Path(path).read_bytes(), digest_size=4).hexdigest()


@lru_cache(maxsize=64)
def _found(name: str) -> str:
    return str(finders.find(name) or "")


@register.simple_tag
def asset(name: str) -> str:
    """The address of a static file with a mark of its content, so that browsers fetch a new one at once."""
    path = _found(name)
    if not path:
        _found.cache_clear()
        return static(name)
    try:
        return f"{static(name)}?{_mark(path, Path(path).stat().st_mtime)}"
    except OSError:
        return static(name)


@register.simple_tag
def public_url(name: str, *args: Any, **kwargs: Any) -> str:
    """The address of a public page in the language of this one. Pages without an English twin keep their address."""
    if (get_language() or "").startswith("en"):
        try:
            return reverse(f"en:{name}", args=args, kwargs=kwargs)
        except NoReverseMatch:
            pass
    return reverse(name, args=args, kwargs=kwargs)


@register.simple_tag
def url_or(name: str, fallback: str = "") -> str:
    """The address of a page that may not be installed, or `fallback`."""
    try:
        return public_url(name)
    except NoReverseMatch:
        return fallback


@register.simple_tag
def level_tag(level: str, text: Any = "", key: str = "") -> SafeString:
    """`{% level_tag "siaga" %}`: shape, colour and word. With `key`, live frames change it in place."""
    code = levels.known(str(level))
    if key:
        return format_html(
            '<span class="level level-{}" data-live-key="{}" data-live-word>{}</span>',
            code,
            key,
            text or levels.label(code),
        )
    return format_html('<span class="level level-{}">{}</span>', code, text or levels.label(code))


@register.filter
def level_label(level: str) -> Any:
    return levels.label(level)


@register.simple_tag
def moment(at: Any, style: str = "moment") -> SafeString:
    """`{% moment at %}`: 22 November 2026, 14.30 WITA. Styles: moment, full, clock, day, ago."""
    if not isinstance(at, date):
        return SafeString(words.DASH)
    if not isinstance(at, datetime):
        return format_html('<time datetime="{}">{}</time>', at.isoformat(), words.day(at))
    machine = at.astimezone(UTC).isoformat(timespec="seconds")
    if style == "ago":
        return format_html(
            '<time datetime="{}" data-age title="{}">{}</time>',
            machine,
            f"{words.day(at)}, {words.clock(at)}",
            words.ago(at),
        )
    shown = {
        "clock": lambda: words.clock(at),
        "day": lambda: words.day(at),
        "full": lambda: f"{words.day(at)}, {words.clock(at, seconds=True)}",
    }.get(style, lambda: words.moment(at))()
    return format_html('<time datetime="{}">{}</time>', machine, shown)


@register.simple_tag
def ago(at: Any) -> SafeString:
    """`{% ago at %}`: “4 minutes ago”, kept fresh by live.js where that runs."""
    return moment(at, "ago")


@register.filter
def number(value: Any, decimals: int | None = None) -> str:
    """`{{ value|number:1 }}`: 1.234,5"""
    try:
        return words.number(None if value is None or value == "" else float(value), decimals)
    except (TypeError, ValueError):
        return words.DASH


@register.filter
def metres(value: Any) -> str:
    """`{{ distance|metres }}`: 350 m, 1,2 km"""
    try:
        return words.metres(None if value is None or value == "" else float(value))
    except (TypeError, ValueError):
        return words.DASH


@register.filter
def rupiah(value: Any, style: str = "") -> str:
    """`{{ amount|rupiah }}`: Rp15.000; `{{ amount|rupiah:"short" }}`: Rp1,2 miliar"""
    try:
        return words.rupiah(None if value is None or value == "" else float(value), short=style == "short")
    except (TypeError, ValueError):
        return words.DASH


@register.simple_tag(takes_context=True)
def here(context: dict[str, Any], *prefixes: str) -> SafeString:
    """`aria-current` for the link whose address is this page's (or begins it, when it ends in *)."""
    request = context.get("request")
    path = getattr(request, "path", "")
    for prefix in prefixes:
        whole = prefix.rstrip("*")
        if path == whole or (prefix.endswith("*") and path.startswith(f"{whole.rstrip('/')}/")):
            return SafeString(' aria-current="page"')
    return SafeString("")


@register.simple_tag
def demo_mode() -> bool:
    return bool(getattr(settings, "DEMO", False))
