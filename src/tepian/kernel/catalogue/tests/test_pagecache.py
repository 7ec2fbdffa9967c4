"""The page cache: quick, and right in the same moment in which the data changes."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from tepian.kernel.catalogue import pagecache, versions
from tepian.kernel.catalogue.pagecache import cached_page

pytestmark = pytest.mark.django_db
made = 0


def _page(request: HttpRequest, text: str = "") -> HttpResponse:
    global made
    made += 1
    return HttpResponse(f"<p>page {made} {request.GET.get('q', '')}</p>" + "x" * 1000)


urlpatterns = [
    path("public", cached_page("topic-a", "topic-b")(_page)),
    path("short", cached_page("topic-a", seconds=-1)(_page)),
    path("mine", cached_page("topic-a", per_session=True)(_page)),
    path("plain", _page),
]


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    global made
    made = 0
    pagecache.forget_all()
    with override_settings(
        ROOT_URLCONF=__name__,
        MIDDLEWARE=[
            "tepian.kernel.catalogue.pagecache.PageCacheMiddleware",
            "django.middleware.common.CommonMiddleware",
        ],
    ):
        yield
    pagecache.forget_all()


def text(address: str, client: Client | None = None, **headers: str) -> str:
    return (client or Client()).get(address, headers=headers).content.decode()[:20]


def test_a_page_is_made_once_while_nothing_changes() -> None:
    assert text("/public") == text("/public")
    assert made == 1


@pytest.mark.parametrize("topic", ["topic-a", "topic-b"])
def test_a_change_is_on_the_very_next_page(topic: str) -> None:
    before = text("/public")
    versions.touch(topic)
    assert text("/public") != before


def test_a_change_of_something_else_costs_nothing() -> None:
    text("/public")
    versions.touch("topic-c")
    text("/public")
    assert made == 1


def test_a_page_that_was_made_while_the_data_changed_is_not_kept_as_new() -> None:
    global _page

    def slow(request: HttpRequest) -> HttpResponse:
        versions.touch("topic-a")  # somebody writes while we read
        return _page(request)

    urlpatterns.append(path("slow", cached_page("topic-a")(slow)))
    assert text("/slow") != text("/slow")


def test_a_question_has_a_page_of_its_own() -> None:
    assert text("/public?q=1") != text("/public?q=2")
    assert made == 2


def test_age_ends_a_page() -> None:
    assert text("/short") != text("/short")


def test_what_a_signed_in_person_sees_is_not_shared() -> None:
    clients = []
    for _ in range(2):
        session = SessionStore()
        session.create()
        client = Client()
        client.cookies["sessionid"] = session.session_key
        clients.append(client)
    first, second = (text("/mine", client) for client in clients)
    assert first != second
    assert text("/mine", clients[0]) == first
    versions.touch("identity")  # somebody's role ended
    assert text("/mine", clients[0]) != first
    assert text("/public", clients[0]) != text("/public", clients[0])  # public pages are not kept for people signed in


def test_compressed_and_plain_are_the_same_page() -> None:
    plain = Client().get("/public")
    packed = Client().get("/public", headers={"Accept-Encoding": "gzip, br"})
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert "Accept-Encoding" in packed["Vary"]
    assert int(packed.get("Content-Length", len(packed.content))) == len(packed.content)
    assert not Client().get("/mine", headers={"Accept-Encoding": "gzip"}).has_header("Content-Encoding")


def test_a_browser_that_has_the_page_is_told_so() -> None:
    tag = Client().get("/public")["ETag"]
    again = Client().get("/public", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    versions.touch("topic-a")
    assert Client().get("/public", headers={"If-None-Match": tag}).status_code == 200


def test_posting_is_never_answered_from_memory() -> None:
    Client().get("/public")
    Client().post("/public")
    assert made == 2


def test_pages_that_ask_for_nothing_are_not_kept() -> None:
    assert text("/plain") != text("/plain")
