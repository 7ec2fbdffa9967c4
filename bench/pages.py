"""The public flood page and a desk page, against Django's bare hello under granian WSGI.

The cache must be right while it is measured: a warning that is published between two requests has to be on the next
page (checked by the test `page cache`; here the pages are asked while values keep arriving).
"""

from __future__ import annotations

from bench import harness as h


def run() -> None:
    granian = h.peer_python().parent / "granian"
    port = h.free_port()
    with (
        h.system() as ours,
        h.process(granian, "--interface", "wsgi", "--no-ws", "--port", str(port), "bare:hello", cwd=h.PEERS),
    ):
        h.wait_for(f"http://127.0.0.1:{port}/")
        cookie = {"Cookie": h.sign_in(ours, "duty_officer")}
        for path, headers in (("/banjir", {}), ("/kerja", cookie)):
            status, body = h.get(ours.url + path, headers=headers)
            assert status == 200 and b"<h1" in body, (path, status)
        flood, desk, hello = h.interleave(
            lambda: h.wrk(f"{ours.url}/banjir"),
            lambda: h.wrk(f"{ours.url}/kerja", headers=cookie),
            lambda: h.wrk(f"http://127.0.0.1:{port}/"),
        )
    h.report("page_flood", flood, hello, "pages/s", what="Django bare hello", aim="0.3")
    h.report("page_desk", desk, hello, "pages/s", what="Django bare hello", aim="0.3")
