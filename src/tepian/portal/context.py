"""What every page's template knows. Everything is lazy: a page pays only for what its layout shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, Resolver404, resolve, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import ANONYMOUS, Actor
from tepian.kernel.catalogue.city import City, current_city
from tepian.kernel.catalogue.contributions import MenuEntry, PublicNotice, offered

RAIL = 7  # entries in the staff's rail: more cannot be taken in at a glance


@dataclass(frozen=True, slots=True)
class Notice:
    level: str
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    label: str
    url: str
    current: bool


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor of all pages."""
    actor: Actor = getattr(request, "actor", ANONYMOUS)
    city: City = SimpleLazyObject(current_city)  # type: ignore[assignment]
    return {
        "city": city,
        "demo": settings.DEMO,
        "strips": ["portal/simulation.html"] if settings.DEMO else [],
        "zone_label": _lazy(lambda: current_city().zone_label),
        "notices": _lazy(public_notices),
        "header_menu": _lazy(header_menu),
        "bottom_menu": _lazy(lambda: bottom_menu(actor)),
        "about_menu": _lazy(about_menu),
        "staff_menu": _lazy(lambda: staff_menu(actor)),
        "languages": _lazy(lambda: languages(request)),
        "unread": _lazy(lambda: unread(actor)),
    }


def unread(actor: Actor) -> int:
    """How many messages wait unread for this actor."""
    try:
        from tepian.kernel.notifications.queries import unread_count
    except ImportError:
        return 0
    return int(unread_count(actor))


def _lazy(make: Callable[[], Any]) -> Any:
    return SimpleLazyObject(make)


def public_address(url: str) -> str:
    """A public page's address in the language of this page; an address without an English twin stays as it is."""
    if not (get_language() or "").startswith("en") or url.startswith(("/en/", "http", "tel:")) or url == "/en":
        return url
    english = "/en/" if url == "/" else f"/en{url}"
    try:
        resolve(english.split("?")[0].split("#")[0])
    except Resolver404:
        return url
    return english


def public_notices() -> list[Notice]:
    """What the rooms want every visitor to know now, worst first within each room."""
    return [
        Notice(level, str(text), public_address(url))
        for source in offered(PublicNotice)
        for level, text, url in source.notices()
    ]


def _entry(label: Any, name: str, icon: str) -> MenuEntry | None:
    try:
        return MenuEntry("", label, public_address(reverse(name)), icon)
    except NoReverseMatch:
        return None


def header_menu() -> list[MenuEntry]:
    found = [
        _entry(_("Services"), "portal-services", "services"),
        _entry(_("City map"), "maps-city", "map"),
        _entry(_("Track"), "portal-track", "track"),
    ]
    return [entry for entry in found if entry]


def bottom_menu(actor: Actor) -> list[MenuEntry]:
    found = [
        _entry(_("Home"), "portal-home", "home"),
        _entry(_("Services"), "portal-services", "services"),
        _entry(_("Track"), "portal-track", "track"),
        MenuEntry("", _("Account"), "/akun" if actor.kind == "person" else "/masuk", "account"),
    ]
    return [entry for entry in found if entry]


def about_menu() -> list[MenuEntry]:
    found = [
        _entry(_("Help"), "portal-help", "help"),
        _entry(_("About"), "portal-about", "info"),
        _entry(_("Privacy"), "portal-privacy", "shield"),
        _entry(_("Accessibility"), "portal-accessibility", "people"),
        _entry(_("Status"), "portal-status", "gauge"),
    ]
    return [*(entry for entry in found if entry), *menu("about")]


def menu(area: str) -> list[MenuEntry]:
    """The contributed entries of one area, in order, with addresses in this page's language."""
    return [
        MenuEntry(entry.area, entry.label, public_address(entry.url), entry.icon, entry.hint, entry.roles, entry.order)
        for entry in offered(MenuEntry)
        if entry.area == area
    ]


def staff_menu(actor: Actor) -> list[MenuEntry]:
    """The workplaces of this actor: first the own desk, at most `RAIL` in all."""
    if actor.kind != "person":
        return []
    own = [
        entry for entry in offered(MenuEntry) if entry.area == "staff" and (not entry.roles or actor.has(*entry.roles))
    ]
    return [MenuEntry("staff", _("My tasks"), "/kerja", "desk"), *own][:RAIL]


def languages(request: HttpRequest) -> list[Language]:
    """This page in each language. Public pages have two addresses; elsewhere the language is a person's own choice."""
    now = get_language() or settings.LANGUAGE_CODE
    path, query = request.path, request.META.get("QUERY_STRING", "")
    plain = (path[3:] or "/") if path == "/en" or path.startswith("/en/") else path
    found = []
    for code, label in settings.LANGUAGES:
        address = plain if code == settings.LANGUAGE_CODE else ("/en/" if plain == "/" else f"/en{plain}")
        try:
            resolve(address)
            has_twin = code == settings.LANGUAGE_CODE or address != plain
        except Resolver404:
            has_twin = False
        if (code != settings.LANGUAGE_CODE and not has_twin) or not _mirrored(plain):
            address = "/akun/bahasa"
        elif query:
            address = f"{address}?{query}"
        found.append(Language(code, label, address, now.startswith(code)))
    return found


def _mirrored(plain: str) -> bool:
    try:
        resolve("/en/" if plain == "/" else f"/en{plain}")
    except Resolver404:
        return False
    return True
