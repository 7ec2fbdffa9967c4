"""The typesetter itself: a request in, one PDF out. Runs in this process or, by `python -m tepian.toolkit.typeset`, in one
of its own, which ends itself after its time even when whoever started it is gone.

A request: sources (name → typst, with "main.typ"), root (the folder whose files it may read), data (JSON), standards,
created (Unix seconds), fonts (folders), packed.
"""

from __future__ import annotations

import json
import os
import resource
import signal
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import typst

from .packing import packed

# Read by typst when it first works. In the city's own process letters of a page or two are made: on a busy machine waiting
# for a second thread took up to six times as long as the page. A process of its own gets more (`rendering.THRIFTY`).
os.environ.setdefault("RAYON_NUM_THREADS", "1")
REFUSED, NO_MEMORY = 3, 4  # exit codes of the process


@cache
def _fonts(folders: tuple[str, ...]) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=list(folders))


def compiled(request: Mapping[str, Any]) -> bytes:
    """The PDF. Raises `typst.TypstError` (a RuntimeError)."""
    made: bytes = typst.compile(**_given(request), pdf_standards=request["standards"], timestamp=request["created"])
    return packed(made) if request["packed"] else made


def pictured(request: Mapping[str, Any]) -> list[bytes]:
    """Each page as PNG. Raises as `compiled`."""
    made = typst.compile(**_given(request), format="png", ppi=request["dots"])
    return made if isinstance(made, list) else [made]


def _given(request: Mapping[str, Any]) -> dict[str, Any]:
    nowhere = str(Path(request["root"]) / "no-packages")  # never exists: nothing is fetched from anywhere
    return {
        "input": {name: text.encode() for name, text in request["sources"].items()},
        "root": request["root"],
        "font_paths": _fonts(tuple(request["fonts"])),
        "ignore_system_fonts": True,
        "sys_inputs": {"data": request["data"]},
        "package_path": nowhere,
        "package_cache_path": nowhere,
    }


def main(folder: Path, seconds: int, memory: int) -> int:
    """Of the process: reads `request.json`, writes `out.pdf` or `error.txt` into the folder; the exit code says which."""
    signal.alarm(seconds + 1)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        (folder / "out.pdf").write_bytes(compiled(json.loads((folder / "request.json").read_text(encoding="utf-8"))))
    except MemoryError:
        return NO_MEMORY
    except RuntimeError as error:
        (folder / "error.txt").write_text(str(error), encoding="utf-8")
        return REFUSED
    return 0
