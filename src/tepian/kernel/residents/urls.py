"""Addresses of the register's pages."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("kerja/kelurahan/warga", views.search, name="residents-search"),
    path("kerja/kelurahan/warga/tujuan", views.purpose, name="residents-purpose"),
    path("kerja/kelurahan/warga/baru", views.register, name="residents-register"),
    path("kerja/kelurahan/warga/koreksi", views.corrections, name="residents-corrections"),
    path("kerja/kelurahan/warga/koreksi/<uuid:key>", views.decide, name="residents-decide"),
    path("kerja/kelurahan/warga/ganda", views.duplicates, name="residents-duplicates"),
    path("kerja/kelurahan/warga/ganda/<int:pk>", views.pair, name="residents-pair"),
    path("kerja/kelurahan/warga/<int:pk>", views.person, name="residents-person"),
    path("kerja/kelurahan/warga/<int:pk>/meninggal", views.death, name="residents-death"),
    path("kerja/kelurahan/warga/<int:pk>/pindah", views.move, name="residents-move"),
    path("kerja/kelurahan/warga/<int:pk>/koreksi", views.ask, name="residents-ask"),
]
