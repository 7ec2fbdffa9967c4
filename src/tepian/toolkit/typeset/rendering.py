"""A template, data and pictures made into a PDF: in this process, or in one of its own with a time and a memory of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
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
) -> bytes:
    """The PDF of a template: the name of one in this folder ("document") or the path of another, which finds `base.typ`
    beside it. The template reads `json(bytes(sys.inputs.data))`: `data`, and `title`, `language`, `words`. `files` lie
    below `files/`, under plain names; nothing else can be read.

    The same input with the same `created` (aware; None: now) gives the same bytes. With `seconds`, it is made in a
    process of its own, which is ended after them; None makes it here, which is for letters of a few pages. Raises
    `TypesetError`, also as `TooLong` and `TooLarge`.
    """
    main = TEMPLATES / f"{template}.typ" if isinstance(template, str) else template
    at = created or datetime.now(UTC)
    if at.tzinfo is None:
        raise ValueError("`created` needs its zone")
    given = _clean({**data, "title": title, "language": language, "words": words(language)})
    request = {
        "main": main.name,
        "data": json.dumps(given, ensure_ascii=False),
        "standards": [standard] if isinstance(standard, str) else list(standard),
        "created": int(at.timestamp()),
        "fonts": [str(fonts.FOLDER)],
    }
    with tempfile.TemporaryDirectory(prefix="tepian-typeset-") as name:
        folder = Path(name)
        for source in {*TEMPLATES.glob("*.typ"), main}:
            shutil.copyfile(source, folder / source.name)
        (folder / "files").mkdir()
        for path, content in (files or {}).items():
            if Path(path).name != path or path.startswith("."):
                raise ValueError(f"{path!r} is no plain name of a file")
            (folder / "files" / path).write_bytes(content)
        (folder / "request.json").write_text(json.dumps(request), encoding="utf-8")
        if seconds is None:
            try:
                return compiling.compile_folder(folder)
            except RuntimeError as error:
                raise TypesetError(str(error)) from error
        return _apart(folder, seconds)


def _apart(folder: Path, seconds: int) -> bytes:
    started = time.monotonic()
    if not AT_ONCE.acquire(timeout=seconds):
        raise TooLong(f"other documents were still being made after {seconds} s")
    try:
        left = max(1, round(seconds - (time.monotonic() - started)))
        command = [sys.executable, "-I", compiling.__file__, str(folder), str(left), str(MEMORY)]
        done = subprocess.run(command, capture_output=True, timeout=left, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise TooLong(f"it was not done after {seconds} s") from error
    finally:
        AT_ONCE.release()
    if done.returncode == 0:
        return (folder / "out.pdf").read_bytes()
    if done.returncode == compiling.REFUSED:
        raise TypesetError((folder / "error.txt").read_text())
    said = done.stderr.decode(errors="replace")[-500:]
    if done.returncode == compiling.NO_MEMORY or "memory allocation" in said:
        raise TooLarge(f"it needed more than {MEMORY} bytes")
    raise TypesetError(f"the typesetter ended with {done.returncode}: {said}")


def _clean(value: Any) -> Any:
    """The same data with letters that can be printed, in keys and values."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Mapping):
        return {printable(str(key)): _clean(inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_clean(inner) for inner in value]
    return value
