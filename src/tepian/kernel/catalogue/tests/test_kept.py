"""Values kept in the process are right after every change, and cheap between changes."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from tepian.kernel.catalogue import kept, versions
from tepian.kernel.catalogue.kept import Kept


@pytest.mark.django_db
def test_it_is_built_once_and_again_after_a_touch() -> None:
    built: list[int] = []
    value: Kept[int] = Kept(lambda: built.append(1) or len(built), "tests")
    assert [value(), value()] == [1, 1]
    versions.touch("tests")
    assert [value(), value()] == [2, 2]
    versions.touch("something-else")
    assert value() == 2


@pytest.mark.django_db(transaction=True)
def test_what_was_built_inside_a_transaction_that_failed_is_never_shown_later() -> None:
    state = {"name": "before"}
    value: Kept[str] = Kept(lambda: state["name"], "tests")
    assert value() == "before"
    with pytest.raises(RuntimeError), transaction.atomic():
        versions.touch("tests")
        state["name"] = "never committed"
        assert value() == "never committed"
        raise RuntimeError
    state["name"] = "after"
    with transaction.atomic():
        versions.touch("tests")
    assert value() == "after"


@pytest.mark.django_db
def test_inside_one_look_the_versions_are_read_once_and_a_change_is_seen() -> None:
    from django.db import connection

    value: Kept[list[int]] = Kept(lambda: [1], "tests")
    value()
    with (
        kept.one_look(),
        CaptureQueriesContext(
            connection,
        ) as queries,
    ):
        first = value()
        value(), value()
        with kept.one_look():
            value()
        assert len(queries) == 1
        kept.changed("tests")
        assert value() is not first


@pytest.mark.django_db
def test_a_version_is_never_used_twice() -> None:
    seen = set()
    for _round in range(50):
        versions.touch("tests")
        seen.add(versions.current(["tests"])[0][1])
    assert len(seen) == 50
