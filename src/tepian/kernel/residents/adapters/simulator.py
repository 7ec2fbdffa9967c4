"""A registry's service for tests and for trying out: speaks the shape of `web_service` over HTTP, and can be away."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Simulator:
    """`people` by NIK in the service's own words. `trouble` is empty, or what it does instead of answering: `down`,
    `quota`, `denied`, `garbage`, `another`. Use as a context; `url` is its address."""

    def __init__(self, people: dict[str, dict[str, Any]]) -> None:
        self.people, self.trouble = people, ""
        self.asked: list[dict[str, Any]] = []
        simulator = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                simulator.asked.append(asked)
                status, body = simulator.answer(asked)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/dukcapil/get_json/CONTOH/CALL_NIK"

    def answer(self, asked: dict[str, Any]) -> tuple[int, bytes]:
        if self.trouble == "down":
            return 503, b""
        if self.trouble == "garbage":
            return 200, b"<html>proxy</html>"
        if self.trouble == "denied":
            return 200, self._content({"RESPON": "User ID atau Password salah"})
        if self.trouble == "quota":
            return 200, self._content({"RESPON": "Kuota Akses Hari ini telah Habis", "RESPONSE_CODE": "05"})
        person = self.people.get(asked["NIK"])
        if self.trouble == "another" and self.people:
            person = next(iter(self.people.values()))
        return 200, self._content(person or {"RESPON": "Data Tidak Ditemukan", "RESPONSE_CODE": "13"})

    @staticmethod
    def _content(item: dict[str, Any]) -> bytes:
        return json.dumps({"content": [item], "lastPage": True, "numberOfElements": 1}).encode()

    def __enter__(self) -> Simulator:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()
