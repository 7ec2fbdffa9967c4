"""The room's addresses."""

from __future__ import annotations

from django.urls import path

from .api.sensorthings.views import sensorthings

PUBLIC: list = []
urlpatterns = [
    path("sensorthings/v1.1", sensorthings, name="sensors-sensorthings"),
    path("sensorthings/v1.1/<path:path>", sensorthings, name="sensors-sensorthings-path"),
]
