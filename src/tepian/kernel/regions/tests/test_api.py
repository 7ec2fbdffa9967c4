"""Regions and places over HTTP."""

from __future__ import annotations

import pytest
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]


def test_regions_are_listed_by_level_and_parent_as_of_a_day(client: Client) -> None:
    wards = client.get("/api/v1/regions?level=ward").json()
    assert [ward["name"] for ward in wards] == ["Riverside", "Hilltop", "Market", "Harbour", "Mangrove"]
    old = client.get("/api/v1/regions?level=ward&on=2020-01-01&parent=99.01.01").json()
    assert [ward["name"] for ward in old] == ["Riverside", "Hilltop", "Old Market"]
    assert client.get("/api/v1/regions?parent=99.99").status_code == 404
    assert client.get("/api/v1/regions?on=yesterday").status_code == 422
    assert client.get("/api/v1/regions?level=village").status_code == 422


def test_one_region_tells_its_history(client: Client) -> None:
    found = client.get("/api/v1/regions/99.01.01.1001.RT003").json()
    assert found["valid_to"] == "2023-12-31" and found["living"] == ["99.01.01.1001.RT005"]
    assert found["became"][0]["on"] == "2024-01-01" and found["boundary"] is None
    ward = client.get("/api/v1/regions/99.01.01.1003?boundary=true&on=2020-06-01").json()
    assert (
        ward["name"] == "Old Market" and ward["boundary"]["type"] == "Polygon" and ward["boundary_kind"] == "schematic"
    )
    missing = client.get("/api/v1/regions/99.77")
    assert missing.status_code == 404
    told = missing.json()
    assert told["code"] == "no_region" and "99.77" in told["message_id"] and "99.77" in told["message_en"]
    assert told["message_id"] != told["message_en"]


def test_the_region_of_a_point(client: Client) -> None:
    found = client.get("/api/v1/regions/at?lon=118.47&lat=-0.48").json()
    assert found["code"] == "99.01.01.1001" and found["label"] == "Kel. Riverside, Kec. Upper Contoh" and found["exact"]
    assert client.get("/api/v1/regions/at?lon=118.47&lat=-0.48&level=city").json()["code"] == "99.01"
    assert client.get("/api/v1/regions/at?lon=0&lat=0").status_code == 404
    for query in ("lon=nan&lat=0", "lon=181&lat=0", "lon=x&lat=0", "lon=1", "lon=inf&lat=0", "lon=1&lat=1&level=moon"):
        assert client.get(f"/api/v1/regions/at?{query}").status_code == 422, query


def test_places_are_found_with_a_typo(client: Client) -> None:
    found = client.get("/api/v1/places", {"q": "jl pangern contoh"}).json()["places"]
    assert found[0]["label"] == "Jalan Pangeran Contoh, Kel. Riverside" and found[0]["region"] == "99.01.01.1001"
    assert client.get("/api/v1/places", {"q": ""}).status_code == 422
    assert client.get("/api/v1/places", {"q": "x", "limit": 1000}).status_code == 422


def test_a_list_costs_few_queries(client: Client, django_assert_max_num_queries) -> None:
    client.get("/api/v1/regions")
    with django_assert_max_num_queries(6):
        assert len(client.get("/api/v1/regions").json()) == 17
