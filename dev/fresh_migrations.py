"""Before the first release: write every first migration anew. Afterwards this file goes, and migrations are only added."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
for path in (ROOT / "src" / "tepian").glob("**/migrations/0*.py"):
    path.unlink()
labels = ["city", *(plate.parent.name for plate in (ROOT / "src/tepian/services").glob("*/service.toml"))]
for label in labels:
    folder = ROOT / "src/tepian" / ("kernel" if label == "city" else f"services/{label}") / "migrations"
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").touch()
sys.exit(
    subprocess.run(
        [sys.executable, "-m", "django", "makemigrations", *labels, "--settings", "tepian.settings.test"], cwd=ROOT
    ).returncode
)
