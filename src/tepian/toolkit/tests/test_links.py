"""Links are opened with a real server; what lies in the own network is never asked."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tepian.toolkit import links

ANSWERS = {
    "/open": (200, ""),
    "/closed": (403, ""),
    "/gone": (404, ""),
    "/broken": (500, ""),
    "/here": (302, "/open"),
    "/wall": (302, "/accounts/login/?next=/open"),
    "/accounts/login/": (200, ""),
    "/round": (302, "/round"),
    "/inside": (302, "http://169.254.169.254/latest/meta-data"),
    "/file": (302, "file:///etc/passwd"),
    "/nowhere": (302, "http://[::1"),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.server.asked.append(self.path)  # type: ignore[attr-defined]
        if self.path == "/drip":
            self.wfile.write(b"HTTP/1.1 200 OK\r\n")
            for _number in range(400):
                try:
                    self.wfile.write(b"x")
                except OSError:
                    return
                if self.server.over.wait(0.02):  # type: ignore[attr-defined]
                    return
            return
        status, target = ANSWERS[self.path.partition("?")[0]]
        self.send_response(status)
        if target:
            self.send_header("Location", target)
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.over = [], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.over.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def look(site: ThreadingHTTPServer, path: str, monkeypatch: pytest.MonkeyPatch, seconds: float = 5) -> links.Finding:
    port = site.server_address[1]
    monkeypatch.setattr(links, "PORTS", links.PORTS | {port})
    return links.check(
        f"http://evidence.example:{port}{path}",
        seconds=seconds,
        may_connect=lambda address: str(address) == "127.0.0.1" or links.is_public(address),
        resolve=lambda host, _port: ["127.0.0.1"] if host.endswith(".example") else [host],
    )


@pytest.mark.parametrize(
    ("path", "code", "status"),
    [
        ("/open", links.OPEN, 200),
        ("/here", links.OPEN, 200),
        ("/closed", links.SIGN_IN, 403),
        ("/wall", links.SIGN_IN, 200),
        ("/gone", links.MISSING, 404),
        ("/broken", links.NO_ANSWER, 500),
        ("/round", links.NO_ANSWER, 302),
        ("/inside", links.PRIVATE, 302),
        ("/file", links.PRIVATE, 302),
        ("/nowhere", links.PRIVATE, 302),
    ],
)
def test_what_a_stranger_would_see(site, monkeypatch, path, code, status):
    found = look(site, path, monkeypatch)
    assert (found.code, found.status) == (code, status)
    assert found.is_open is (code == links.OPEN)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://10.1.2.3/", "http://192.168.1.1/x", "http://169.254.169.254/",
        "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://[fd00::1]/",
        "http://0.0.0.0/", "http://100.64.0.1/", "http://224.0.0.1/",
    ],
)  # fmt: skip
def test_the_own_network_is_never_asked(url, monkeypatch):
    monkeypatch.setattr(links, "_ask", lambda *_args: pytest.fail("a connection was made"))
    found = links.check(url, resolve=lambda host, _port: [host])
    assert found.code == links.PRIVATE


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    monkeypatch.setattr(links, "_ask", lambda *_args: pytest.fail("a connection was made"))
    found = links.check("https://two.example/", resolve=lambda _host, _port: ["93.184.215.14", "10.0.0.5"])
    assert found.code == links.PRIVATE


def test_a_name_that_answers_differently_the_second_time_gains_nothing(site, monkeypatch):
    """The connection goes to the address that was judged; the name is not asked again."""
    asked = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["93.184.215.14"] if len(asked) == 1 else ["127.0.0.1"]

    went = []
    monkeypatch.setattr(links, "_ask", lambda _parts, _host, _port, address, _s: went.append(address) or (200, ""))
    assert links.check("http://rebind.example/", resolve=resolve).code == links.OPEN
    assert (asked, went) == (["rebind.example"], ["93.184.215.14"])
    assert site.asked == []


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "ftp://a.example/", "javascript:alert(1)", "http://", "http://intranet/", "http://2130706433/",
        "http://user:pw@a.example/", "http://user@a.example/", "http://a.example:22/", "http://a.example:99999/",
        "https://a.example/\nHost: b", "https://a.example/ x", "http://a..example/", "https://a.example/" + "x" * 700,
        "//a.example/", "http:\\\\a.example", "http://[::1",
    ],
)  # fmt: skip
def test_addresses_that_are_none(text):
    assert links.well_formed(text) is None
    assert links.check(text, resolve=lambda *_a: pytest.fail("asked")).code == links.MALFORMED


@pytest.mark.parametrize(
    "text", [" https://a.example/x?y=1#z ", "http://kota.example:8080/berkas%20baru", "https://désa.example/é"]
)
def test_addresses_that_are_some(text):
    assert links.well_formed(text) == text.strip()


def test_a_name_that_nobody_knows_gives_no_answer():
    def nobody(_host: str, _port: int) -> list[str]:
        raise OSError("unknown")

    assert links.check("https://nobody.example/", resolve=nobody).code == links.NO_ANSWER


def test_public_addresses_are_public():
    assert links.is_public(ipaddress.ip_address("1.1.1.1"))
    assert links.is_public(ipaddress.ip_address("2606:4700:4700::1111"))


def test_a_site_that_answers_letter_by_letter_is_left(site, monkeypatch):
    assert look(site, "/drip", monkeypatch, seconds=0.3).code == links.NO_ANSWER
