"""Addresses of the hall."""

from __future__ import annotations

from django.urls import path

from . import api, desk, health, views, wall

PUBLIC = [
    path("", views.home, name="portal-home"),
    path("layanan", views.services, name="portal-services"),
    path("lacak", views.track, name="portal-track"),
    path("lacak/<str:code>", views.track, name="portal-track-code"),
    path("cari", views.search, name="portal-search"),
    path("status", views.status, name="portal-status"),
    path("bantuan", views.about, {"page": "help"}, name="portal-help"),
    path("tentang", views.about, {"page": "about"}, name="portal-about"),
    path("privasi", views.about, {"page": "privacy"}, name="portal-privacy"),
    path("aksesibilitas", views.about, {"page": "accessibility"}, name="portal-accessibility"),
]
urlpatterns = [
    path("kerja", desk.desk, name="portal-desk"),
    path("kerja/tugas", desk.tasks, name="portal-tasks"),
    path("dinding", wall.wall, name="portal-wall"),
    path("dinding/isi", wall.wall_content, name="portal-wall-content"),
    path("dinding/<slug:layout>", wall.wall, name="portal-wall-layout"),
    path("dinding/<slug:layout>/isi", wall.wall_content, name="portal-wall-layout-content"),
    *health.urls,
    *api.urls,
]
