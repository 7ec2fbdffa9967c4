"""Every address. A room's `urls.py` gives `urlpatterns` with full paths (`banjir`, `kerja/insiden/<…>`), public pages
marked by `PUBLIC = [...]`, which are mirrored in English under `/en/`."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = []
public: list[URLPattern | URLResolver] = []
for app in apps.get_app_configs():
    if not app.name.startswith("tepian."):
        continue
    parts = [app.name]
    if app.label == "city":
        parts = [
            f"{app.name}.{part}"
            for part in (
                "identity",
                "notifications",
                "documents",
                "regions",
                "organisations",
                "maps",
                "residents",
                "signatures",
            )
        ]
    for part in parts:
        if find_spec(f"{part}.urls"):
            module = import_module(f"{part}.urls")
            urlpatterns += getattr(module, "urlpatterns", [])
            public += getattr(module, "PUBLIC", [])
urlpatterns = [*urlpatterns, *public, path("en/", include((public, "en")))]
handler400 = "tepian.portal.views.bad_request"
handler403 = "tepian.portal.views.permission_denied"
handler404 = "tepian.portal.views.not_found"
handler500 = "tepian.portal.views.server_error"
