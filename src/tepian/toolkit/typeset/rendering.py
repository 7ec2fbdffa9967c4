"""A template, data and pictures made into a PDF: in this process, or in one of its own with a time and a memory of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tepian.toolkit import fonts

from . import compiling
from .glyphs import printable
from .parts import TooLarge, TooLong, TypesetError
from .words import words

TEMPLATES = Path(__file__).parent
MEMORY = 3 << 30  # bytes of address space of the process; the dossier of 300 pages uses a tenth
AT_ONCE = threading.BoundedSemaphore(2)
# On a server of many cores the city keeps its cores, and each thread's reserve of addresses does not use up MEMORY.
THRIFTY = {"RAYON_NUM_THREADS": "2", "MALLOC_ARENA_MAX": "2"}


def render(
    template: str | Path,
    data: Mapping[str, Any],
    *,
    files: Mapping[str, bytes] | None = None,
    title: str,
    language: str,
    standard: str | Sequence[str] = "a-2b",
    created: datetime | None = None,
    seconds: int | None = None,
    packed: bool = False,
) -> bytes:
    """The PDF of a template: the name of one in this folder ("document"), or the path of another, which may import
    `base.typ`. The template reads `json(bytes(sys.inputs.data))`: `data`, and `title`, `language`, `words`. `files` lie
    below `files/`, under plain names; it can read nothing else that is not ours.

    The same input with the same `created` (aware; None: now) gives the same bytes. With `seconds`, it is made in a
    process of its own, which is ended after them; None makes it here, which is for letters of a few pages. `packed`
    makes a file with many tables a fifth as large. Raises `TypesetError`, also as `TooLong` and `TooLarge`.
    """
    request = _request(template, data, title, language, created) | {
        "standards": [standard] if isinstance(standard, str) else list(standard),
        "packed": packed,
    }
    if seconds is None and not files:
        return _here(request)
    with tempfile.TemporaryDirectory(prefix="tepian-typeset-") as name:
        folder = Path(name)
        (folder / "root" / "files").mkdir(parents=True)
        for path, content in (files or {}).items():
            if not path or Path(path).name != path or path.startswith("."):
                raise ValueError(f"{path!r} is no plain name of a file")
            (folder / "root" / "files" / path).write_bytes(content)
        request["root"] = str(folder / "root")
        return _here(request) if seconds is None else _apart(request, folder, seconds)


def pictures(template: Path, data: Mapping[str, Any], *, title: str, language: str, dots: int = 96) -> list[bytes]:
    """The pages as PNG, `dots` to the inch, for a preview; made here, of a few pages without files. Raises `TypesetError`."""
    try:
        return compiling.pictured(_request(template, data, title, language, None) | {"dots": dots})
    except RuntimeError as error:
        raise TypesetError(str(error)) from error


def _request(
    template: str | Path, data: Mapping[str, Any], title: str, language: str, created: datetime | None
) -> dict[str, Any]:
    at = created or datetime.now(UTC)
    if at.tzinfo is None:
        raise ValueError("`created` needs its zone")
    main = TEMPLATES / f"{template}.typ" if isinstance(template, str) else template
    return {
        "sources": {"base.typ": _read(TEMPLATES / "base.typ"), "main.typ": _read(main)},
        "root": str(TEMPLATES),
        "data": json.dumps(_clean({**data, "title": title, "language": language, "words": words(language)})),
        "created": int(at.timestamp()),
        "fonts": [str(fonts.FOLDER)],
    }


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _here(request: Mapping[str, Any]) -> bytes:
    try:
        return compiling.compiled(request)
    except RuntimeError as error:
        raise TypesetError(str(error)) from error


def _apart(request: Mapping[str, Any], folder: Path, seconds: int) -> bytes:
    (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
    started = time.monotonic()
    if not AT_ONCE.acquire(timeout=seconds):
        raise TooLong(f"other documents were still being made after {seconds} s")
    try:
        left = max(1, round(seconds - (time.monotonic() - started)))
        command = [sys.executable, "-P", "-m", __package__, str(folder), str(left), str(MEMORY)]
        done = subprocess.run(command, env=os.environ | THRIFTY, capture_output=True, timeout=left, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise TooLong(f"it was not done after {seconds} s") from error
    finally:
        AT_ONCE.release()
    if done.returncode == 0:
        return (folder / "out.pdf").read_bytes()
    if done.returncode == compiling.REFUSED:
        raise TypesetError((folder / "error.txt").read_text(encoding="utf-8"))
    said = done.stderr.decode(errors="replace")
    if done.returncode == compiling.NO_MEMORY or "memory allocation" in said:
        raise TooLarge(f"it needed more than {MEMORY} bytes")
    raise TypesetError(f"the typesetter ended with {done.returncode}: {said[:500]}")


def _clean(value: Any) -> Any:
    """The same data with letters that can be printed, in keys and values."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(str(key)): _clean(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_clean(inner) for inner in value]
    return value
