"""The room's addresses."""

from __future__ import annotations

from django.urls import path

from .api.sensorthings.views import sensorthings
from .views import public, rules, simulation, staff

PUBLIC = [
    path("air", public.air, name="sensors-air"),
    path("air/aturan", rules.rule_performance, name="sensors-rules"),
    path("air/<slug:code>", public.station, name="sensors-station"),
    path("air/<slug:code>/data.csv", public.station_csv, name="sensors-station-csv"),
]
urlpatterns = [
    path("sensorthings/v1.1", sensorthings, name="sensors-sensorthings"),
    path("sensorthings/v1.1/<path:path>", sensorthings, name="sensors-sensorthings-path"),
    path("kerja/sensor", staff.health, name="sensors-health"),
    path("kerja/sensor/impor", staff.upload, name="sensors-import"),
    path("kerja/sensor/impor/<str:token>", staff.confirm_import, name="sensors-import-confirm"),
    path("kerja/sensor/<slug:code>", staff.station, name="sensors-edit"),
    path("kerja/simulasi", simulation.panel, name="sensors-simulation"),
    path("kerja/simulasi/<str:verb>", simulation.control, name="sensors-simulation-control"),
]
