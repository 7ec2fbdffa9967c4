"""Every page says who may open it, and keeps its word."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver

from tepian.kernel.identity.access import PUBLIC, SIGNED_IN
from tepian.kernel.identity.roles import ROLES

# Views of libraries that we mount as they are: they ask for themselves.
ASKS_ITSELF = {"metrics"}  # this machine may read it without signing in; tested in portal/tests
LIBRARIES = ("allauth.", "django.contrib.staticfiles", "django.views.static", "whitenoise.")


def patterns(
    resolver: Any = None, prefix: str = "", spaces: tuple[str, ...] = ()
) -> Iterator[tuple[str, str, URLPattern]]:
    """(address, name, pattern) of every address."""
    for item in (resolver or get_resolver()).url_patterns:
        address = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from patterns(item, address, (*spaces, item.namespace) if item.namespace else spaces)
        else:
            yield address, ":".join((*spaces, item.name or "")), item


def roles_of(view: Any) -> tuple[str, ...] | None:
    found = getattr(view, "access_roles", None)
    if found is None and hasattr(view, "view_class"):
        found = getattr(view.view_class, "access_roles", None)
    return found


def is_library(view: Any) -> bool:
    return str(getattr(view, "__module__", "")).startswith(LIBRARIES)


def unmarked(found: list[tuple[str, str, URLPattern]]) -> list[str]:
    complaints = []
    for address, name, pattern in found:
        roles = roles_of(pattern.callback)
        if roles is None:
            if not is_library(pattern.callback):
                complaints.append(f"/{address} ({name}): says neither public_page nor staff_page")
        elif unknown := set(roles) - {PUBLIC, SIGNED_IN, *ROLES}:
            complaints.append(f"/{address} ({name}): unknown roles {sorted(unknown)}")
        elif address.startswith("kerja") and PUBLIC in roles:
            complaints.append(f"/{address} ({name}): a staff address that is public")
    return complaints


def test_every_address_says_who_may_open_it():
    found = unmarked(list(patterns()))
    assert not found, "\n".join(found)


def test_every_address_has_a_name_and_no_trailing_slash():
    complaints = []
    for address, name, pattern in patterns():
        if is_library(pattern.callback) or address.startswith(("api/", "^api/")):
            continue
        if not name or name.endswith(":"):
            complaints.append(f"/{address} has no name")
        if address.endswith("/") and address not in {"", "en/"}:
            complaints.append(f"/{address} ends with a slash")
    assert not complaints, "\n".join(complaints)


def test_no_two_pages_share_a_name():
    seen: dict[str, str] = {}
    for address, name, pattern in patterns():
        if is_library(pattern.callback) or not name or address.startswith("api/"):
            continue
        assert seen.setdefault(name, address) == address, f"{name}: /{seen[name]} and /{address}"


@pytest.mark.django_db
def test_staff_pages_without_parameters_refuse_strangers(client, as_role):
    """Whatever the page: a citizen is sent to sign in, and a person without any role is refused."""
    nobody = as_role()
    checked = 0
    for address, name, pattern in patterns():
        roles = roles_of(pattern.callback)
        if not roles or PUBLIC in roles or "<" in address or "^" in address or is_library(pattern.callback):
            continue
        if address in ASKS_ITSELF:
            continue
        answer = client.get(f"/{address}")
        assert answer.status_code in {302, 401, 403, 405}, f"/{address} ({name}) shows strangers {answer.status_code}"
        if answer.status_code == 302:
            assert answer["Location"].startswith("/masuk"), address
        if SIGNED_IN not in roles:
            refused = nobody.get(f"/{address}")
            assert refused.status_code in {403, 405}, (
                f"/{address} ({name}) shows people without a role {refused.status_code}"
            )
        checked += 1
    assert checked


def test_a_page_that_says_nothing_is_found():
    from django.urls import path

    def silent(request: Any) -> HttpResponse:
        return HttpResponse()

    def loud(request: Any) -> HttpResponse:
        return HttpResponse()

    loud.access_roles = ("mayor",)  # type: ignore[attr-defined]
    found = unmarked([("kerja/x", "x", path("kerja/x", silent)), ("y", "y", path("y", loud))])
    assert len(found) == 2
