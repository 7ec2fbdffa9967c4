"""The same population in twelve files as offices send them: every figure is read, or asked for, never wrong."""

from __future__ import annotations

import pytest

from tepian.kernel.actors import system

from .. import operations, queries
from ..queries import data
from .messy import files

pytestmark = pytest.mark.django_db
SYSTEM = system("tests")
FILES = list(files())


def answered(edition):
    """What the producer would do: take the first suggestion, say what the point means."""
    for _ in range(20):
        open_ones = edition.findings["troubles"]
        if not open_ones:
            break
        first = open_ones[0]
        if first["code"] == "decimal":
            code = ","
        elif first["suggestions"]:
            code = first["suggestions"][0][0]
        else:
            break
        edition = operations.repair(
            actor=SYSTEM,
            edition=edition,
            revision=edition.revision,
            dimension=first["dimension"],
            written=first["written"],
            code=code,
        )
    return edition


@pytest.mark.parametrize(("name", "content", "expected"), FILES, ids=[name for name, *_rest in FILES])
def test_the_figures_are_the_same(contoh, name, content, expected):
    edition = operations.upload(actor=SYSTEM, dataset=queries.dataset_by("penduduk"), content=content, name=name)
    before = data.figures_of(edition, edition.periods) if edition.periods else {}
    assert {key: value for key, value in before.items() if expected.get(key) != value} == {}  # nothing is guessed wrong
    edition = answered(edition)
    assert edition.findings["troubles"] == []
    assert data.figures_of(edition, edition.periods) == expected
