"""Logs: one line per happening, with the request's id, and never with personal data or secrets."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

HIDDEN = "[hidden]"
SECRET_NAMES = re.compile(
    r"pass(word|phrase|wd)?$|secret|token|authori[sz]ation|cookie|session_?(key|id)|api_?key|device_?key|^nik$|^kk$"
    r"|^phone$|^telepon$|^e?mail$|otp|totp",
    re.IGNORECASE,
)
PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # A URL's user:password before anything else would take it for an e-mail address.
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s:@]+:[^/\s@]+@"), r"\1[hidden]@"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "[e-mail]"),
    (re.compile(r"(?<![\w.-])\d{16}(?![\w-])"), "[nik]"),
    (re.compile(r"(?<![\w.-])\d{2}(?:[ .-]?\d{2}){2}[ .-]?\d{6}[ .-]?\d{4}(?![\w-])"), "[nik]"),
    (re.compile(r"(?<![\w.])(?:\+62|62|0)[ -]?8\d{1,3}(?:[ -]?\d{3,4}){2}\d{0,2}(?![\w.])"), "[phone]"),
    (re.compile(r"\btpn_[\w-]{6,}"), "[key]"),
    (re.compile(r"(?i)\b(bearer|basic|token)\s+[\w.~+/=-]{8,}"), r"\1 [hidden]"),
    (
        re.compile(
            r"""(?ix) (["']?\b[\w-]*(?:password|passphrase|secret|token|api_?key|sandi)\b["']?\s*[=:]\s*)
                ("[^"]*"|'[^']*'|[^\s&,;"'}]+)"""
        ),
        r"\1[hidden]",
    ),
)


def hide(text: str) -> str:
    """The text without NIK or KK numbers, phone numbers, e-mail addresses, tokens and passwords."""
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def hide_deep(value: Any, name: str = "") -> Any:
    """The same for nested values; a value whose name says that it is secret is hidden whole."""
    if name and SECRET_NAMES.search(name) and value not in (None, "", False, True):
        return HIDDEN
    if isinstance(value, str):
        return hide(value)
    if isinstance(value, bytes):
        return hide(value.decode("utf-8", "replace"))
    if isinstance(value, Mapping):
        return {key: hide_deep(item, str(key)) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [hide_deep(item) for item in value]
    if isinstance(value, (int, float)) or value is None:
        return hide_number(value)
    return hide(str(value))


def hide_number(value: Any) -> Any:
    return "[nik]" if isinstance(value, int) and len(str(abs(value))) == 16 else value


def redact(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor that runs last before a line is written."""
    return {
        key: value if key in {"timestamp", "level"} else hide_deep(value, "" if key == "event" else key)
        for key, value in event.items()
    }


class StandardError(logging.StreamHandler[Any]):
    """Writes to whatever standard error is at that moment, as the standard library's last resort does."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr

    @stream.setter
    def stream(self, value: Any) -> None:
        raise AttributeError("standard error cannot be exchanged here")


def configure(level: str = "info", style: str = "auto") -> None:
    """Send structlog and the standard library's logging to standard error. `style`: json, console, or auto."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    # Plain tracebacks: a pretty one prints the values of all variables, people's data among them.
    plain = structlog.dev.plain_traceback
    renderer: Any = structlog.processors.JSONRenderer()
    if console:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
    handler = StandardError()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            # Tracebacks become text before the redaction, so that values in them are hidden too.
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for noisy in ("django.request", "django.server", "django.security.DisallowedHost"):
        logging.getLogger(noisy).setLevel(logging.ERROR if noisy != "django.server" else logging.WARNING)


def from_settings(config: Mapping[str, str]) -> None:
    """For Django's `LOGGING_CONFIG`: every process that starts Django logs in this way. `config`: level, style."""
    for name in ("django", "django.server"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    configure(config.get("level", "info"), config.get("style", "auto"))
