"""Addresses of the map."""

from __future__ import annotations

from django.urls import path

from . import views

PUBLIC = [path("kota", views.city, name="maps-city")]
