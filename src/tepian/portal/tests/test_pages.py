"""The hall's public pages as people get them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tepian.kernel.actors import Actor, system
from tepian.kernel.catalogue import contributions, versions
from tepian.kernel.catalogue.contributions import Freshness, MenuEntry, PublicNotice, Search, SearchHit
from tepian.kernel.regions.operations import set_city_settings
from tepian.portal import context, views

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


@pytest.fixture
def hang(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`hang(MenuEntry, [...])` replaces what the rooms contribute of one kind."""
    real, own = contributions.offered, {}

    def replaced(kind: type) -> list[Any]:
        return own[kind] if kind in own else real(kind)

    def set_kind(kind: type, things: list[Any]) -> None:
        own[kind] = things
        for module in (context, views):
            monkeypatch.setattr(module, "offered", replaced)

    return set_kind


@pytest.mark.django_db
@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("language", ["id", "en"])
def test_public_pages_in_both_languages(client: Client, page: str, language: str) -> None:
    address = page if language == "id" else f"/en{page}"
    response = client.get(address)
    assert response.status_code == 200
    body = response.content.decode()
    assert f'<html lang="{language}"' in body
    assert body.count("<h1") == 1 and body.count("<main") == 1
    assert " style=" not in body and "onclick" not in body and "<script>" not in body
    assert body.count("<script") == (page == "/kota"), "citizens need no script; the map has one for zooming"
    other = f"/en{page}" if language == "id" else page
    assert f'href="{other}"' in body, "the language switch keeps the page"
    assert ("Langsung ke isi" if language == "id" else "Skip to content") in body
    assert len(body.encode()) < 40_000


@pytest.mark.django_db
def test_the_home_page_has_six_tasks_and_the_rest_one_step_away(client: Client, hang: Any) -> None:
    hang(MenuEntry, [MenuEntry("public", f"Layanan <{n}>", f"/layanan/{n}", hint="Gratis") for n in range(9)])
    body = client.get("/").content.decode()
    assert body.count('class="tugas"') == 6 and "Semua layanan" in body
    assert "Layanan &lt;0&gt;" in body
    assert client.get("/layanan").content.decode().count('class="tugas"') == 9


@pytest.mark.django_db
def test_an_empty_city_still_says_what_to_do(client: Client, hang: Any) -> None:
    hang(MenuEntry, [])
    body = client.get("/").content.decode()
    assert "Belum ada layanan yang dibuka" in body and 'href="tel:112"' in body


@pytest.mark.django_db
def test_a_notice_shows_at_once_on_a_kept_page(client: Client, hang: Any) -> None:
    sentences: list[tuple[str, str, str]] = []
    hang(PublicNotice, [PublicNotice("warnings", lambda: list(sentences))])
    assert b"Waspada banjir" not in client.get("/bantuan").content
    sentences.append(("waspada", "Waspada banjir di Jalan Contoh", "/banjir"))
    assert b"Waspada banjir" not in client.get("/bantuan").content, "kept while nobody has touched the topic"
    versions.touch("warnings")
    body = client.get("/bantuan").content.decode()
    assert "Waspada banjir di Jalan Contoh" in body and "level-waspada" in body


@pytest.mark.django_db
def test_the_citys_name_and_domain_follow_its_settings(client: Client) -> None:
    client.get("/")
    set_city_settings(
        actor=system("tests"),
        settings={"name": "Kota Uji", "name_en": "Test City", "domain": "uji.go.id", "emergency_number": "113"},
    )
    body = client.get("/").content.decode()
    assert "Kota Uji" in body and "uji.go.id" in body and 'href="tel:113"' in body
    assert "Test City" in client.get("/en/").content.decode()


@pytest.mark.django_db
def test_kept_pages_cost_one_question(client: Client) -> None:
    client.get("/")
    with CaptureQueriesContext(
        connection,
    ) as asked:
        assert client.get("/").status_code == 200
    assert len(asked) <= 1
    with CaptureQueriesContext(connection) as asked:
        client.get("/layanan")
    assert len(asked) <= 6


@pytest.mark.django_db
def test_the_demonstration_is_marked_on_every_page(client: Client, settings: Any) -> None:
    assert "Simulasi" not in client.get("/tentang").content.decode()
    settings.DEMO = True
    for page in ("/privasi", "/kota", "/lacak"):
        assert "Simulasi" in client.get(page).content.decode()
    assert "Simulation" in client.get("/en/privasi").content.decode()


@pytest.mark.django_db
def test_status_tells_the_age_of_each_kind_of_data(client: Client, hang: Any) -> None:
    def broken() -> tuple[datetime | None, str, str]:
        raise RuntimeError("away")

    hang(
        Freshness,
        [
            Freshness("a", "Tinggi air", lambda: (datetime.now(UTC) - timedelta(minutes=4), "ok", "8 dari 8 pos")),
            Freshness("b", "Hujan", broken),
        ],
    )
    body = client.get("/status").content.decode()
    assert "4 menit lalu" in body and "Berfungsi" in body
    assert "Diam" in body and "Sumber ini tidak dapat dibaca saat ini." in body


# --- search and tracking ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_search_puts_the_best_first_once_and_survives_a_broken_room(client: Client, hang: Any) -> None:
    def broken(query: str, actor: Actor) -> list[SearchHit]:
        raise RuntimeError("away")

    hits = [
        SearchHit("Kedua", "/b", "Tempat", score=10),
        SearchHit("Pertama", "/a", "Tempat", score=90),
        SearchHit("Pertama lagi", "/a", "Tempat", score=20),
    ]
    hang(Search, [Search("x", broken), Search("y", lambda query, actor: hits)])
    hang(MenuEntry, [])
    body = client.get("/cari?q=sesuatu").content.decode()
    assert body.index("Pertama") < body.index("Kedua") and "Pertama lagi" not in body
    assert "2 hasil untuk “sesuatu”" in body


@pytest.mark.django_db
def test_nobody_finds_staff_pages_without_a_role(client: Client, as_role: Any, hang: Any) -> None:
    hang(Search, [])
    hang(MenuEntry, [MenuEntry("staff", "Buku rahasia", "/kerja/rahasia", roles=("auditor",))])
    assert b"/kerja/rahasia" not in client.get("/cari?q=rahasia").content
    assert b"/kerja/rahasia" not in as_role("viewer").get("/cari?q=rahasia").content
    assert b"/kerja/rahasia" in as_role("auditor").get("/cari?q=rahasia").content


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=150))
@example("O'Neil")
@example("%_\\")
@example("'; DROP TABLE city_region; --")
@example("\x00")
@example("🌊" * 120)
@example("a" * 5000)
def test_any_words_can_be_searched(client: Client, words: str) -> None:
    response = client.get("/cari", {"q": words})
    assert response.status_code == 200
    assert "<script>" not in response.content.decode()


@pytest.mark.django_db
def test_a_number_leads_to_its_page_or_is_explained(client: Client, hang: Any) -> None:
    hit = SearchHit("Laporan", "/banjir", "Laporan", score=100)
    hang(Search, [Search("x", lambda query, actor: [hit] if query == "L-7K4M-2" else [])])
    assert client.get("/lacak?kode=L-7K4M-2").headers["Location"] == "/banjir"
    assert client.get("/en/lacak?kode=L-7K4M-2").headers["Location"] == "/en/banjir"
    response = client.get("/lacak?kode=X")
    body = response.content.decode()
    assert response.status_code == 404 and "<title>Galat:" in body
    assert 'value="X"' in body and 'aria-invalid="true"' in body and 'role="alert"' in body
