"""The typesetter itself: one folder in, one PDF out. Runs in this process or, as a script, in one of its own.

As a script it imports nothing of the house, so that it starts in a blink, and it ends itself after its time even when
whoever started it is gone. `request.json` in the folder: main, data, standards, created (Unix seconds), fonts (folders).
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from functools import cache
from pathlib import Path

import typst

REFUSED, NO_MEMORY = 3, 4  # exit codes of the script


@cache
def _fonts(folders: tuple[str, ...]) -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=list(folders))


def compile_folder(folder: Path) -> bytes:
    """The PDF of the folder's request. Raises `typst.TypstError` (a RuntimeError)."""
    request = json.loads((folder / "request.json").read_text())
    nowhere = folder / "no-packages"  # never exists: nothing is fetched from anywhere
    return typst.compile(
        str(folder / request["main"]),
        root=str(folder),
        font_paths=_fonts(tuple(request["fonts"])),
        ignore_system_fonts=True,
        sys_inputs={"data": request["data"]},
        pdf_standards=request["standards"],
        package_path=str(nowhere),
        package_cache_path=str(nowhere),
        timestamp=request["created"],
    )


def main() -> int:
    folder, seconds, memory = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    signal.alarm(seconds + 1)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        (folder / "out.pdf").write_bytes(compile_folder(folder))
    except MemoryError:
        return NO_MEMORY
    except RuntimeError as error:
        (folder / "error.txt").write_text(str(error))
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
