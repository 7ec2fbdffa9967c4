"""Addresses. /rencana is for everybody, /kerja/rencana for the agencies, Bappeda and Diskominfo."""

from __future__ import annotations

from typing import Any

from django.urls import path

from .views import public

PUBLIC = [
    path("rencana", public.plan, name="masterplan-plan"),
    path("rencana/aksi.csv", public.as_csv, name="masterplan-csv"),
    path("rencana/aksi/<uuid:key>", public.action, name="masterplan-action"),
    path("rencana/<slug:slug>", public.dimension, name="masterplan-dimension"),  # last: it takes every word
]
urlpatterns: list[Any] = []
