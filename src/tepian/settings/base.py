"""Django settings. What an installation may change is in `knobs.py`; everything here follows from it."""

from __future__ import annotations

import os
import secrets
import tomllib
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import dj_database_url
from csp.constants import NONE, SELF

from .knobs import Knobs

knobs = Knobs()
KNOBS = knobs
PACKAGE = Path(__file__).resolve().parent.parent
HOME = knobs.home.resolve()
HOME.mkdir(parents=True, exist_ok=True, mode=0o750)


def _kept_secret(name: str) -> str:
    """A random secret made on first use and kept in the state folder, readable by the owner only."""
    path = HOME / name
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(value := secrets.token_urlsafe(48))
    return value


SECRET_KEY = knobs.secret_key or _kept_secret("secret-key")
DEBUG = knobs.debug
DEMO = knobs.demo
BASE_URL = knobs.base_url
_public_host = urlsplit(BASE_URL).hostname or "localhost"
ALLOWED_HOSTS = [h.strip() for h in knobs.allowed_hosts.split(",") if h.strip()] or [
    "localhost",
    "127.0.0.1",
    "[::1]",
    _public_host,
]
CSRF_TRUSTED_ORIGINS = [BASE_URL]

# The rooms name themselves on their nameplates, so a new folder needs no line here.
ROOMS = sorted(
    (
        tomllib.loads(path.read_text()) | {"module": f"tepian.services.{path.parent.name}"}
        for path in (PACKAGE / "services").glob("*/service.toml")
    ),
    key=lambda plate: plate["name"],
)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "csp",
    "django_htmx",
    "tepian.ui",
    "tepian.kernel",
    *[room["module"] for room in ROOMS],
    "tepian.journeys",
    "tepian.portal",
]

MIDDLEWARE = [
    "tepian.portal.observe.ObserveMiddleware",
    "tepian.kernel.catalogue.pagecache.PageCacheMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "tepian.kernel.catalogue.city.CityMiddleware",
    "tepian.kernel.identity.middleware.ActorMiddleware",
    "tepian.kernel.identity.middleware.LanguageMiddleware",
    "tepian.portal.errors.ReadableErrorsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "tepian.urls"
WSGI_APPLICATION = "tepian.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "kernel" / "templates"],  # before allauth's own pages, which these replace
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.messages.context_processors.messages",
                "django.contrib.auth.context_processors.auth",
                "tepian.portal.context.page",
            ],
        },
    }
]
FORM_RENDERER = "tepian.ui.forms.Renderer"

DATABASES = {"default": dj_database_url.parse(knobs.database_url or f"sqlite:///{HOME / 'tepian.sqlite3'}")}
SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if SQLITE:
    # FULL: a commit that was acknowledged survives a power cut. IMMEDIATE: writers queue instead of failing half-way.
    DATABASES["default"] |= {
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
            " PRAGMA cache_size=-16000; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=134217728;",
        },
    }
else:
    DATABASES["default"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "city.Account"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "/masuk"
LOGIN_REDIRECT_URL = "/kerja"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "tepian.portal.errors.csrf_failed"
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if knobs.secure:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31536000
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

LANGUAGE_CODE = "id"
LANGUAGES = [("id", "Bahasa Indonesia"), ("en", "English")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Makassar"
FORMAT_MODULE_PATH = ["tepian.ui.formats"]
LOCALE_PATHS = [PACKAGE / "locale", *sorted((PACKAGE / "kernel").glob("*/locale")), PACKAGE / "ui" / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATIC_ROOT.mkdir(exist_ok=True)
STATIC_ROOT.mkdir(exist_ok=True)
STATICFILES_DIRS: list[Path] = []
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 3600
MEDIA_ROOT = HOME / "files"
STATISTICS_ENGINE = knobs.statistics_engine

_mail = urlsplit(knobs.email_url)
DEFAULT_FROM_EMAIL = knobs.email_from
if _mail.scheme == "smtp":
    EMAIL_HOST, EMAIL_PORT = _mail.hostname or "localhost", _mail.port or 25
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.username or "", _mail.password or ""
    EMAIL_USE_TLS = "tls" in parse_qs(_mail.query)
    EMAIL_TIMEOUT = 15
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = HOME / "mail"

LOGGING_CONFIG = "tepian.toolkit.logs.from_settings"
LOGGING = {"level": knobs.log_level, "style": knobs.log_format}

CIVIL_REGISTRY_URL, CIVIL_REGISTRY_USER = knobs.civil_registry_url, knobs.civil_registry_user
CIVIL_REGISTRY_PASSWORD = knobs.civil_registry_password

DATA_UPLOAD_MAX_MEMORY_SIZE = knobs.body_limit_mb * 1024 * 1024

from .identity import *  # noqa: E402, F403
from .signing import *  # noqa: E402, F403
