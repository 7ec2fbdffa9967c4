"""What places bring to the hall."""

from __future__ import annotations

import pytest
from django.utils import translation

from tepian.kernel.actors import ANONYMOUS, Denied, NotFound
from tepian.kernel.catalogue.contributions import ConfigurationCheck, PackSection, Search, offered
from tepian.kernel.regions import operations, queries

pytestmark = pytest.mark.django_db


def find(query: str) -> list[tuple[str, str, str]]:
    (places,) = [search for search in offered(Search) if search.key == "places"]
    return [(hit.title, hit.url, str(hit.kind)) for hit in places.find(query, ANONYMOUS)]


@pytest.mark.usefixtures("contoh")
def test_the_search_finds_wards_and_streets_in_the_readers_language() -> None:
    with translation.override("en"):
        title, url, kind = find("riversid")[0]
        assert (title, kind) == ("Kel. Riverside", "Ward") and "99.01.01.1001" in url
        assert find("gg mawar")[0][2] == "Street"
    with translation.override("id"):
        assert [hit[2] for hit in (find("riversid")[0], find("gg mawar")[0])] == ["Kelurahan", "Jalan"]
    assert find("") == []


def test_the_check_says_what_is_loaded() -> None:
    (check,) = [check for check in offered(ConfigurationCheck) if check.name == "regions"]
    ok, _sentence, advice = check.run()
    assert not ok and "city load" in advice


@pytest.mark.usefixtures("contoh")
def test_the_check_counts_official_and_schematic_boundaries() -> None:
    (check,) = [check for check in offered(ConfigurationCheck) if check.name == "regions"]
    ok, sentence, advice = check.run()
    assert ok and "5" in sentence and "--boundaries" in advice


def test_the_sections_stand_in_their_order() -> None:
    names = [section.name for section in offered(PackSection)]
    assert [name for name in names if name in {"city", "regions", "places", "organisations"}] == [
        "city",
        "regions",
        "places",
        "organisations",
    ]


@pytest.mark.usefixtures("contoh")
def test_refusals_can_be_told_in_both_languages() -> None:
    with pytest.raises(NotFound) as missing:
        queries.find("99.77")
    with pytest.raises(Denied) as denied:
        operations.rename_region(actor=ANONYMOUS, code="99.01", name="Mine", on=queries.today())
    for message in (missing.value.message, denied.value.reason, denied.value.helper):
        with translation.override("id"):
            indonesian = str(message)
        with translation.override("en"):
            assert str(message) != indonesian
