"""Settings for tests: the same code on SQLite, or on PostgreSQL when TEPIAN_DATABASE_URL names one."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("TEPIAN_HOME", tempfile.mkdtemp(prefix="tepian-test-"))
os.environ.setdefault("TEPIAN_SECRET_KEY", "only-for-tests")

from .base import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ALLOWED_HOSTS = ["*"]
BASE_URL = "http://localhost:8000"  # whatever port the tester's own city has
if SQLITE:  # noqa: F405
    # A file, as in production: threads of one test see each other's commits, with the same locks.
    DATABASES["default"]["TEST"] = {"NAME": str(HOME / "test.sqlite3")}  # noqa: F405
    OPTIONS = DATABASES["default"]["OPTIONS"]  # noqa: F405
    OPTIONS["init_command"] = OPTIONS["init_command"].replace("synchronous=FULL", "synchronous=OFF")
