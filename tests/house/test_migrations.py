"""Migrations are complete, and only they change tables."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import sys

import pytest

from . import tree

MIGRATED = sorted(tree.PACKAGE.rglob("migrations/0*.py"))
needs_migrations = pytest.mark.skipif(not MIGRATED, reason="this tree has no migrations yet")


@needs_migrations
def test_migrations_are_complete(tmp_path):
    """In a process of its own: the tests themselves run without migrations."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("TEPIAN_", "DJANGO_"))}
    environment["TEPIAN_HOME"] = str(tmp_path)
    environment["PYTHONPATH"] = str(tree.REPOSITORY / "src")
    environment["DJANGO_SETTINGS_MODULE"] = "tepian.settings.base"
    command = [sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run"]
    done = subprocess.run(command, cwd=tree.REPOSITORY, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_migrations
def test_every_app_with_tables_has_migrations():
    for room in tree.rooms():
        models = room.folder / "models.py"
        if models.exists() and "models.Model" in models.read_text():
            assert list((room.folder / "migrations").glob("0*.py")), f"{room.name} has tables and no migrations"


@needs_migrations
@pytest.mark.parametrize("path", MIGRATED, ids=tree.shown)
def test_migrations_do_not_repair_data(path):
    """Data is repaired by an operation or a job, where it is recorded."""
    calls = [getattr(node.func, "attr", "") for node in ast.walk(tree.parse(path)) if isinstance(node, ast.Call)]
    assert "RunPython" not in calls


def test_django_finds_nothing_wrong():
    from django.core.management import call_command

    call_command("check", stdout=io.StringIO(), fail_level="WARNING")
