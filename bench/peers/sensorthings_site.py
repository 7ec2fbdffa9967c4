"""The peer django-ogc-sensorthings as its documentation sets it up, on SQLite (WAL, NORMAL)."""

import os
import sys
from pathlib import Path

from django.conf import settings

HOME = Path(os.environ["PEER_HOME"])
settings.configure(
    SECRET_KEY="peer",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="sensorthings_urls",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "sensorthings.versions.v1_1",
        "sensorthings.versions.v1_1.backends.django",
        "sensorthings.versions.v1_1.extensions.dataarray",
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": HOME / "peer.sqlite3",
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
            },
        }
    },
    SENSORTHINGS_V1_1_SERVICE_URL="http://127.0.0.1/sensorthings",
    SENSORTHINGS_V1_1_BACKEND_ADAPTER="sensorthings.versions.v1_1.backends.django.adapter.DjangoBackendAdapter",
    SENSORTHINGS_V1_1_ID_TYPE=__import__("uuid").UUID,
    SENSORTHINGS_V1_1_ID_DELIMITER="'",
)

import django  # noqa: E402

django.setup()
if __name__ == "__main__":
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    sys.exit()
from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_asgi_application()
wsgi = get_wsgi_application()
