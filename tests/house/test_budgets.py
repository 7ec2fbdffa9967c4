"""No page asks the database more often than its budget says, however much the city holds.

Pages with arguments are found through links on other pages, as a person would find them. `budgets.toml` is the list:
a new page needs a line, a page that is gone loses its line. Print the measured numbers with TEPIAN_PRINT_BUDGETS=1."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve

from tepian.kernel.catalogue import pagecache
from tepian.kernel.identity.access import PUBLIC
from tepian.kernel.identity.roles import ROLES

from .test_access import is_library, patterns, roles_of

BUDGETS = Path(__file__).with_name("budgets.toml")
LINK = re.compile(r"""(?:href|hx-get|src)="(/[^"#]*)""")


def pages() -> Iterator[tuple[str, str]]:
    """(name, address) of every page of ours that needs no argument."""
    for address, name, pattern in patterns():
        ours = roles_of(pattern.callback) is not None and not is_library(pattern.callback)
        of_people = not name.startswith("health-") and not address.startswith(("api/", "^", "en/"))
        if ours and of_people and "<" not in address:
            yield name, f"/{address}"


def measure(client: Any, stranger: Any) -> dict[str, tuple[int, str]]:
    """Name → (queries, address), by opening every page and, once each, the pages that they link to."""
    waiting, known = list(pages()), set()
    measured: dict[str, tuple[int, str]] = {}
    while waiting:
        name, address = waiting.pop(0)
        if name in known:
            continue
        known.add(name)
        roles = roles_of(resolve(address.partition("?")[0]).func) or ()
        who = stranger if PUBLIC in roles else client
        first = who.get(address)
        if first.status_code != 200 or first.streaming:
            continue
        pagecache.forget_all()
        with CaptureQueriesContext(
            connection,
        ) as asked:
            who.get(address)
        measured[name] = (len(asked), address)
        if "html" not in first.get("Content-Type", ""):
            continue
        for link in LINK.findall(first.content.decode()):
            try:
                match = resolve(link.partition("?")[0].replace("&amp;", "&"))
            except Resolver404:
                continue
            if (
                match.view_name not in known
                and roles_of(match.func)
                and not link.startswith(("/en", "/api", "/static"))
            ):
                waiting.append((match.view_name, link.partition("?")[0]))
    return measured


def complaints(measured: dict[str, tuple[int, str]], budgets: dict[str, int]) -> list[str]:
    found = []
    for name, (asked, address) in sorted(measured.items()):
        if name not in budgets:
            found.append(f'{name} ({address}) has no budget; it asks {asked} times: add "{name}" = {asked + 2}')
        elif asked > budgets[name]:
            found.append(f"{name} ({address}) asks {asked} times, its budget is {budgets[name]}")
    return found


def enliven(wards: slice) -> None:
    """Drafts and warnings in some wards, made by the rooms' own demonstrations."""
    from tepian.kernel.actors import system
    from tepian.kernel.regions import queries as regions
    from tepian.services.assessment import demo as assessment
    from tepian.services.emergency import demo as emergency
    from tepian.services.warnings import demo as warnings

    found = regions.of_level("ward")[wards]
    assert found, "the fictional city has too few wards for this test"
    assessment.make_assessments(actor=system("tests"))
    for ward in found:
        assert emergency.open_draft(actor=system("tests"), ward=ward.code)
        assert warnings.publish(actor=system("tests"), ward=ward.code)


@pytest.fixture
def readers(contoh: Any, as_role: Any, client: Any) -> tuple[Any, Any]:
    """A person with all roles, and a citizen."""
    return as_role(*ROLES), client


@pytest.mark.django_db
def test_pages_keep_their_budgets(readers):
    enliven(slice(0, 1))
    measured = measure(*readers)
    if os.environ.get("TEPIAN_PRINT_BUDGETS"):
        print("\n".join(f'"{name}" = {asked + 2}' for name, (asked, _address) in sorted(measured.items())))  # noqa: T201
    found = complaints(measured, tomllib.loads(BUDGETS.read_text())["queries"])
    assert not found, "\n".join(found)


@pytest.mark.django_db
def test_pages_do_not_ask_more_when_the_city_holds_more(readers):
    """One more of everything must not mean one more question: that is a question per row."""
    enliven(slice(0, 1))
    before = measure(*readers)
    enliven(slice(1, 4))
    after = measure(*readers)
    grown = [
        f"{name} ({address}): {before[name][0]} questions, with more data {asked}"
        for name, (asked, address) in sorted(after.items())
        if name in before and asked > before[name][0] + 1
    ]
    assert not grown, "\n".join(grown)


def test_no_budget_for_pages_that_are_gone():
    names = {name for _address, name, _pattern in patterns()}
    assert not [name for name in tomllib.loads(BUDGETS.read_text())["queries"] if name not in names]


def test_a_page_over_its_budget_is_found():
    assert len(complaints({"x": (9, "/x"), "y": (1, "/y"), "z": (3, "/z")}, {"x": 8, "z": 3})) == 2
