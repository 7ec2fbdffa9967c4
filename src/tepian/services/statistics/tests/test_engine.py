"""The same pages' questions on another engine: PostgreSQL through Ibis gives what DuckDB gives."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from django.db import connection

from tepian.kernel.actors import system

from .. import demo, queries
from ..queries import data

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[5]


@pytest.fixture
def other():
    if connection.vendor != "postgresql":
        pytest.skip("the second engine is tried where the tests run on PostgreSQL")
    if importlib.util.find_spec("ibis") is None:
        pytest.skip("Ibis is not installed (requirements/ibis.txt)")
    engine = data.engine_at(os.environ["TEPIAN_DATABASE_URL"])
    yield engine
    engine.close()


def test_the_second_engine_gives_the_same_figures(contoh, other, monkeypatch):
    demo.publish_examples(actor=system("tests"), pack=ROOT / "cities" / "contoh")
    indicators = [queries.indicator_by(code) for code in ("jumlah-penduduk", "harga-eceran", "persen-miskin")]

    def answers():
        data.codes_in.cache_clear()
        found = []
        for indicator in indicators:
            edition = queries.published_edition(indicator.dataset)
            asked = data.slice_of(edition, indicator)
            found.append((data.newest(edition, indicator), data.series(edition, asked), asked))
        return found

    first = answers()
    assert all(newest for newest, _series, _asked in first)
    monkeypatch.setattr(data, "engine", lambda: other)
    assert answers() == first
    data.codes_in.cache_clear()
