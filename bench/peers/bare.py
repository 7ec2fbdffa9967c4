"""Raw limits: a bare WSGI answer, and Django's bare hello (no middleware)."""

from django.conf import settings
from django.http import HttpResponse
from django.urls import path

settings.configure(SECRET_KEY="x", ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, MIDDLEWARE=[])
urlpatterns = [path("", lambda request: HttpResponse("hello"))]

import django  # noqa: E402

django.setup()
from django.core.wsgi import get_wsgi_application  # noqa: E402

hello = get_wsgi_application()


def wsgi(environ, start_response):
    environ["wsgi.input"].read()
    start_response("201 Created", [("content-type", "application/json")])
    return [b"{}"]
