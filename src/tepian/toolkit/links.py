"""Does a link that somebody typed open for everybody? Asked from the server, without letting the typist use the server to
look round its own network.

Each step of the way (the address and every redirect) is resolved first, all addresses found must be public ones, and the
connection is made to exactly the address that was judged, so that a name cannot answer differently the second time. No
proxy settings, cookies or credentials are used, and little is read.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import SplitResult, quote, urljoin, urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LONGEST = 600  # characters of an address
REDIRECTS = 5
SECONDS = 8.0  # for the whole way
PORTS = {80, 443, 8080, 8443}
REDIRECT = {301, 302, 303, 307, 308}
# Where the world's shared drives send a stranger who may not see a file.
SIGN_IN_HOSTS = {"accounts.google.com", "login.microsoftonline.com", "login.live.com"}
SIGN_IN_PATH = re.compile(r"/(log-?in|sign-?in|masuk|servicelogin|auth|sso)(/|$|\.)", re.I)
# What the answer means. NO_ANSWER may be different in an hour; the others are the link's own fault.
OPEN, MALFORMED, PRIVATE, SIGN_IN, MISSING, NO_ANSWER = (
    "open", "malformed", "private", "sign_in", "missing", "no_answer",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` is one of the words above, `status` the last HTTP status (0: none came), `url` where the way ended."""

    code: str
    url: str
    status: int = 0

    @property
    def is_open(self) -> bool:
        return self.code == OPEN


def is_public(address: Address) -> bool:
    """Only what the whole internet reaches. IPv4 inside IPv6 (mapped, 6to4, NAT64, Teredo) is judged as IPv4."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inner is None and address in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def well_formed(text: str) -> str | None:
    """The address as it may be stored and linked: http or https, a real host, no credentials; None otherwise."""
    text = text.strip()
    if len(text) > LONGEST or re.search(r"[\x00-\x20\x7f\\<>\"]", text):
        return None
    parts = _parts(text)
    return None if parts is None else text


def _parts(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname or ""
        host.encode("idna")
    except (ValueError, UnicodeError):
        return None
    right = parts.scheme in ("http", "https") and host and not parts.username and parts.password is None
    # A bare word names a machine of the own network; "0x7f.1" and "2130706433" are tricks to write one.
    named = "." in host or ":" in host
    return parts if right and named and (port is None or port in PORTS) else None


Resolve = Callable[[str, int], list[str]]


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def check(
    url: str,
    *,
    seconds: float = SECONDS,
    may_connect: Callable[[Address], bool] = is_public,
    resolve: Resolve = _resolve,
) -> Finding:
    """Open the address as a stranger would. Takes at most about `seconds`; call it outside a transaction."""
    until = time.monotonic() + seconds
    here = url.strip()
    if well_formed(here) is None:
        return Finding(MALFORMED, here)
    status = 0
    for _step in range(REDIRECTS + 1):
        parts = _parts(here)
        if parts is None:
            return Finding(PRIVATE, here, status)  # a redirect to something that no stranger opens
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            addresses = [ipaddress.ip_address(text.partition("%")[0]) for text in resolve(host, port)]
        except (OSError, ValueError):
            return Finding(NO_ANSWER, here, status)
        if not addresses or not all(may_connect(address) for address in addresses):
            return Finding(PRIVATE if addresses else NO_ANSWER, here, status)
        left = until - time.monotonic()
        if left <= 0:
            return Finding(NO_ANSWER, here, status)
        try:
            status, target = _ask(parts, host, port, str(addresses[0]), left)
        except (OSError, http.client.HTTPException, ValueError):
            return Finding(NO_ANSWER, here, status)
        if status not in REDIRECT or not target:
            return Finding(_meaning(status, here, moved=here != url.strip()), here, status)
        here = _absolute(here, target)
    return Finding(NO_ANSWER, here, status)


def _ask(parts: SplitResult, host: str, port: int, address: str, seconds: float) -> tuple[int, str]:
    """Status and redirect of one request to one address; the body is not read."""
    raw = socket.create_connection((address, port), timeout=seconds)

    late = threading.Event()

    def hang_up() -> None:  # one that answers a letter a second ends in time, too
        late.set()
        with contextlib.suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, hang_up)
    timer.start()
    try:
        if parts.scheme == "https":
            raw = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
        connection = http.client.HTTPConnection(host, port, timeout=seconds)
        connection.sock = raw
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._") + (
            f"?{quote(parts.query, safe='/%:@!$&()*+,;=~-._?')}" if parts.query else ""
        )
        shown = f"[{host}]" if ":" in host else host
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", shown if parts.port is None else f"{shown}:{port}")
        connection.putheader("User-Agent", "Tepian link check")
        connection.putheader("Accept", "*/*")
        connection.putheader("Range", "bytes=0-1023")
        connection.putheader("Connection", "close")
        connection.endheaders()
        answer = connection.getresponse()
        if late.is_set():
            raise TimeoutError
        return answer.status, answer.getheader("Location") or ""
    finally:
        timer.cancel()
        raw.close()


def _absolute(here: str, target: str) -> str:
    try:
        return urljoin(here, target)
    except ValueError:
        return ""


def _meaning(status: int, here: str, *, moved: bool) -> str:
    parts = urlsplit(here)
    if moved and (parts.hostname in SIGN_IN_HOSTS or SIGN_IN_PATH.search(parts.path)):
        return SIGN_IN
    if status in (200, 203, 206, 416):  # 416: the file is empty, but it is there
        return OPEN
    if status in (401, 402, 403, 407, 451):
        return SIGN_IN
    if status in (404, 410):
        return MISSING
    return NO_ANSWER
