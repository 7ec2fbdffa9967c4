"""Public pages of figures under load, against Django's bare hello under granian WSGI: the catalogue and a figure as they
are kept in memory, and a figure that is asked for in a new way each time, so that its chart, map and table are made anew.
"""

from __future__ import annotations

from bench import harness as h

PAGE = "/data/jumlah-penduduk"
NEW_EACH_TIME = f"""
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", "{PAGE}?per=sex&n=" .. tostring(n) .. "x%d")
end
"""


def run() -> None:
    granian = h.peer_python().parent / "granian"
    port = h.free_port()
    with (
        h.system() as ours,
        h.process(granian, "--interface", "wsgi", "--no-ws", "--port", str(port), "bare:hello", cwd=h.PEERS),
    ):
        h.wait_for(f"http://127.0.0.1:{port}/")
        for path in ("/data", PAGE):
            status, body = h.get(ours.url + path)
            assert status == 200 and b"<svg" in body, (path, status)
        turn = iter(range(1000))
        catalogue, kept, made, hello = h.interleave(
            lambda: h.wrk(f"{ours.url}/data"),
            lambda: h.wrk(f"{ours.url}{PAGE}"),
            lambda: h.wrk(ours.url, connections=4, script=NEW_EACH_TIME % next(turn)),
            lambda: h.wrk(f"http://127.0.0.1:{port}/"),
        )
    h.report("page_data_catalogue", catalogue, hello, "pages/s", what="Django bare hello", aim="0.3")
    h.report("page_data_figure", kept, hello, "pages/s", what="Django bare hello", aim="0.3")
    h.report(
        "page_data_figure_anew", made, hello, "pages/s", what="Django bare hello", note="chart, map and table made"
    )
