"""Settings for tests: the same code on SQLite, or on PostgreSQL when TEPIAN_DATABASE_URL names one."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("TEPIAN_HOME", tempfile.mkdtemp(prefix="tepian-test-"))
os.environ.setdefault("TEPIAN_SECRET_KEY", "only-for-tests")

from .base import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ALLOWED_HOSTS = ["*"]
