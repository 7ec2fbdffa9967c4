"""The hall's pages as people get them."""

from __future__ import annotations

import pytest
from django.test import Client

PAGES = [
    "/",
    "/layanan",
    "/lacak",
    "/cari",
    "/cari?q=banjir",
    "/status",
    "/bantuan",
    "/tentang",
    "/privasi",
    "/aksesibilitas",
    "/kota",
]


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("prefix", ["", "/en"])
def test_public_pages_in_both_languages(client: Client, page: str, prefix: str) -> None:
    response = client.get(prefix + page if page != "/" else prefix + "/")
    assert response.status_code == 200
    body = response.content.decode()
    assert f'<html lang="{"en" if prefix else "id"}"' in body
    assert body.count("<h1") == 1 and body.count("<main") == 1
    assert "style=" not in body and "onclick" not in body and "<script>" not in body
    other = page if prefix else f"/en{page}"
    assert f'href="{other}"'.replace("&", "&amp;") in body, "the language switch keeps the page"
