"""The server process: one port for pages, API, fast routes and live streams.

Granian speaks HTTP and hands each request to `Gateway.__rsgi__` on one event loop. Fast routes and streams are answered
there; everything else goes to Django's WSGI stack in a few threads. Rooms put listeners into the same loop by
`GatewayService` contributions.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import math
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, unquote_to_bytes

import structlog

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")

from django.core.wsgi import get_wsgi_application

wsgi = get_wsgi_application()

from django.conf import settings  # noqa: E402
from django.contrib.auth import get_user  # noqa: E402
from django.http import HttpRequest  # noqa: E402
from django.urls import get_resolver  # noqa: E402
from granian.server.embed import Server  # noqa: E402

from tepian.kernel.actors import ANONYMOUS, Actor  # noqa: E402
from tepian.kernel.catalogue import contributions  # noqa: E402
from tepian.kernel.catalogue.contributions import FastRoute, GatewayService, UploadPath, UrgentPath  # noqa: E402
from tepian.kernel.catalogue.fast import FastReply, FastRequest  # noqa: E402
from tepian.kernel.identity.queries import actor_for  # noqa: E402
from tepian.live import Hub  # noqa: E402
from tepian.settings.base import knobs  # noqa: E402

log = structlog.get_logger("gateway")
STREAM = "/api/v1/stream"
WAITING_LIMIT = 256  # requests that may wait for a thread before the answer is 503
REFUSAL_S = 0.5  # before a refusal: whoever asks again at once must not make refusing the load
URGENT_THREADS = 4  # for paths that must answer while all other threads are taken
GIVE_WAY = 0.5  # seconds for which an ordinary page waits at most for urgent ones
FEW, CAUTION = 2, 10.0  # so many ordinary pages at once, for so many seconds after an urgent one
SWITCH = (
    0.001  # seconds after which a busy thread lets another run; Python's own 5 ms add up over a page's many queries
)
MIB = 1024 * 1024
UPLOADS = 4  # large bodies at once: each is held in memory whole
YOUNG = 20_000  # new objects after which circles are looked for among them


class TooLarge(Exception):
    """The body passes the limit, in MiB."""


def problem(status: int, code: str, message_id: str, message_en: str, **headers: str) -> FastReply:
    """A readable error where Django is not asked."""
    body = {"code": code, "message_id": message_id, "message_en": message_en, "field": None, "docs": "/api/v1/docs"}
    return FastReply.json(body, status, **headers)


class Gateway:
    """The RSGI application."""

    def __init__(self) -> None:
        self.hub = Hub(source=settings.BASE_URL)
        self.fast = {(route.method, route.path): route.handler for route in contributions.offered(FastRoute)}
        self.services = contributions.offered(GatewayService)
        self.threads = ThreadPoolExecutor(knobs.threads, thread_name_prefix="page")
        self.waiting = 0
        self.slots = asyncio.Semaphore(knobs.threads)  # a page waits here, not for its thread
        self.few_slots = asyncio.Semaphore(FEW)
        self.urgent_now = 0
        self.urgent_last = -math.inf
        self.calm = asyncio.Event()
        self.calm.set()
        self.urgent = tuple(path.prefix for path in contributions.offered(UrgentPath))
        self.urgent_threads = ThreadPoolExecutor(URGENT_THREADS, thread_name_prefix="urgent")
        self.uploads = contributions.offered(UploadPath)
        self.upload = asyncio.Semaphore(UPLOADS)

    async def start(self) -> None:
        self.loop = asyncio.get_running_loop()
        for service in self.services:
            await service.start()
        await self.hub.start()

    async def stop(self) -> None:
        await self.hub.stop()
        for service in reversed(self.services):
            await service.stop()
        self.threads.shutdown(wait=True, cancel_futures=True)
        self.urgent_threads.shutdown(wait=True, cancel_futures=True)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.proto != "http":
            protocol.close()
            return
        handler = self.fast.get((scope.method, scope.path))
        reply: FastReply | None = None
        body: bytes | None = None
        try:
            if handler is not None:
                body = await self._body(scope, protocol)
                request = FastRequest(
                    scope.method, scope.path, scope.query_string, scope.headers, body, scope.client, settings.BASE_URL
                )
                reply = await handler(request)
            if reply is not None:
                pass
            elif scope.path == STREAM and scope.method == "GET":
                await self._stream(scope, protocol)
                return
            elif self.urgent and scope.path.startswith(self.urgent):
                body = await self._body(scope, protocol) if body is None else body
                self.urgent_now += 1
                self.calm.clear()
                try:
                    reply = await self.loop.run_in_executor(self.urgent_threads, self._page, scope, protocol, body)
                finally:
                    self.urgent_now -= 1
                    self.urgent_last = self.loop.time()
                    if not self.urgent_now:
                        self.calm.set()
                if reply is None:
                    return
            elif self.waiting >= WAITING_LIMIT:
                await asyncio.sleep(REFUSAL_S)
                reply = problem(
                    503,
                    "overloaded",
                    "Layanan sedang sangat sibuk. Tidak ada yang hilang. Coba lagi sebentar.",
                    "The service is very busy. Nothing was lost. Please try again shortly.",
                    **{"Retry-After": "2"},
                )
            else:
                body = await self._body(scope, protocol) if body is None else body
                self.waiting += 1
                try:
                    async with self._turn():
                        reply = await self.loop.run_in_executor(self.threads, self._page, scope, protocol, body)
                finally:
                    self.waiting -= 1
                if reply is None:  # streamed by the thread
                    return
        except TooLarge as refused:
            reply = problem(
                413,
                "body_too_large",
                f"Kiriman melebihi {refused} MB dan tidak diproses. Bagi menjadi beberapa kiriman.",
                f"The body is larger than {refused} MB and was not processed. Split it.",
                Connection="close",
            )
        typed = [("content-type", reply.content_type)] if reply.content_type else []
        protocol.response_bytes(reply.status, [*typed, *reply.headers], reply.body)

    @contextlib.asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """An ordinary page's turn. All threads share one interpreter, so while something urgent is answered other pages
        begin a little later, and for some seconds after it few of them run at once: what has begun cannot be stopped."""
        async with self.slots:
            few = self.urgent_now or self.loop.time() < self.urgent_last + CAUTION
            async with self.few_slots if few else contextlib.nullcontext():
                if self.urgent_now:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self.calm.wait(), GIVE_WAY)
                yield

    async def _body(self, scope: Any, protocol: Any) -> bytes:
        if scope.method in {"GET", "HEAD", "DELETE", "OPTIONS"}:
            return b""
        length = scope.headers.get("content-length")
        if length is not None and length.isdigit():
            return await self._whole(scope, protocol, int(length))
        parts, size = [], 0
        async for chunk in protocol:
            size += len(chunk)
            if size > knobs.body_limit_mb * MIB:
                raise TooLarge(knobs.body_limit_mb)
            parts.append(chunk)
        return b"".join(parts)

    async def _whole(self, scope: Any, protocol: Any, size: int) -> bytes:
        """A body whose size was said. A large one is taken where a room asked for it, from staff, few at once."""
        limit = knobs.body_limit_mb
        if size <= limit * MIB:
            return await protocol()
        larger = max((path.megabytes for path in self.uploads if scope.path.startswith(path.prefix)), default=limit)
        cookie = scope.headers.get("cookie", "")
        if larger > limit and settings.SESSION_COOKIE_NAME in cookie and await asyncio.to_thread(is_staff, cookie):
            limit = larger
        if size > limit * MIB:
            raise TooLarge(limit)
        async with self.upload:
            return await protocol()

    # --- pages -------------------------------------------------------------------------------------------------------

    def _page(self, scope: Any, protocol: Any, body: bytes) -> FastReply | None:
        """In a thread: one request through Django."""
        host, _, port = scope.server.rpartition(":")
        environ: dict[str, Any] = {
            "REQUEST_METHOD": scope.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(scope.path).decode("latin-1"),
            "QUERY_STRING": scope.query_string,
            "SERVER_NAME": host,
            "SERVER_PORT": port,
            "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
            "REMOTE_ADDR": scope.client.rpartition(":")[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": scope.scheme,
            "wsgi.input": io.BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "CONTENT_LENGTH": str(len(body)),
        }
        for name, value in scope.headers.items():
            if name == "content-type":
                environ["CONTENT_TYPE"] = value
            elif name != "content-length" and "_" not in name:  # an underscore could pose as another header
                key = "HTTP_" + name.upper().replace("-", "_")
                environ[key] = f"{environ[key]},{value}" if key in environ else value
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started.extend((status, headers))

        response: Any = wsgi(environ, start_response)
        try:
            status, headers = int(started[0][:3]), [(name.lower(), value) for name, value in started[1]]
            if getattr(response, "streaming", False):
                self._send_streaming(protocol, status, headers, response)
                return None
            return FastReply(status, b"".join(response), content_type="", headers=headers)
        finally:
            response.close()

    def _send_streaming(
        self, protocol: Any, status: int, headers: list[tuple[str, str]], response: Iterable[bytes]
    ) -> None:
        async def opened() -> Any:
            return protocol.response_stream(status, headers)

        transport = asyncio.run_coroutine_threadsafe(opened(), self.loop).result()

        async def send(chunk: bytes) -> None:
            await transport.send_bytes(chunk)

        for chunk in response:
            if chunk:
                asyncio.run_coroutine_threadsafe(send(chunk), self.loop).result()

    # --- streams -----------------------------------------------------------------------------------------------------

    async def _stream(self, scope: Any, protocol: Any) -> None:
        query = parse_qs(scope.query_string)
        seen = scope.headers.get("last-event-id") or query.get("after", [""])[0]
        last_seen = int(seen) if seen.isdigit() and len(seen) < 19 else None
        cookie = scope.headers.get("cookie", "")
        staff = await asyncio.to_thread(is_staff, cookie) if settings.SESSION_COOKIE_NAME in cookie else False
        transport = protocol.response_stream(
            200,
            [
                ("content-type", "text/event-stream; charset=utf-8"),
                ("cache-control", "no-store"),
                ("x-accel-buffering", "no"),
            ],
        )
        checked = time.monotonic()
        async for data in self.hub.frames("staff" if staff else "public", last_seen):
            if staff and time.monotonic() - checked > 30:
                checked = time.monotonic()
                if not await asyncio.to_thread(is_staff, cookie):
                    return  # the position or the session has ended; the browser comes back as a citizen
            try:
                await transport.send_bytes(data)
            except Exception:
                return  # the browser is gone


def is_staff(cookie_header: str) -> bool:
    """Does this cookie belong to a session whose person holds any position now? In a thread."""
    return bool(actor_of(cookie_header).grants)


def actor_of(cookie_header: str) -> Actor:
    """The actor of a session cookie, asked outside the page stack."""
    from importlib import import_module

    try:
        cookies = SimpleCookie(cookie_header)
    except CookieError:
        return ANONYMOUS
    morsel = cookies.get(settings.SESSION_COOKIE_NAME)
    if morsel is None:
        return ANONYMOUS
    request = HttpRequest()
    request.session = import_module(settings.SESSION_ENGINE).SessionStore(morsel.value)
    account = get_user(request)
    return actor_for(account) if account.is_authenticated else ANONYMOUS


async def serve() -> None:
    """Run until SIGTERM or SIGINT; then finish what was accepted and stop."""
    gateway = Gateway()
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stopping.set)
    await gateway.start()
    _settle()
    server = Server(gateway, address=knobs.host, port=knobs.port, websockets=False, log_enabled=False, backlog=2048)
    serving = loop.create_task(server.serve())
    log.info("listening", address=settings.BASE_URL)
    await asyncio.wait({serving, loop.create_task(stopping.wait())}, return_when=asyncio.FIRST_COMPLETED)
    server.stop()
    await gateway.stop()
    await asyncio.wait({serving}, timeout=3)
    if serving.done() and serving.exception():
        raise serving.exception()  # type: ignore[misc]


def _settle() -> None:
    """Loads all pages, and takes what has been made so far out of the collector's sight: it lives as long as the process,
    and every search for circles in it would stop all requests for some tenths of a second. What is made later (kept
    pages, codes) is searched more seldom than after Python's own 700 objects: one answer of the API makes thousands."""
    _ = get_resolver().url_patterns
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 10, 10)


def main() -> None:
    sys.setswitchinterval(SWITCH)
    asyncio.run(serve())
