"""Addresses."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("kerja/kejadian", views.incidents, name="emergency-incidents"),
    path("kerja/kejadian/<str:number>", views.incident, name="emergency-incident"),
    path("kerja/kejadian/<str:number>/garis-waktu", views.timeline, name="emergency-timeline"),
    path("kerja/kejadian/<str:number>/konfirmasi", views.confirm, name="emergency-confirm"),
    path("kerja/kejadian/<str:number>/tolak", views.dismiss, name="emergency-dismiss"),
    path("kerja/kejadian/<str:number>/ubah", views.change, name="emergency-change"),
    path("kerja/kejadian/<str:number>/terkendali", views.control, name="emergency-control"),
    path("kerja/kejadian/<str:number>/tutup", views.close, name="emergency-close"),
    path("kerja/kejadian/<str:number>/buka-lagi", views.reopen, name="emergency-reopen"),
    path("kerja/kejadian/<str:number>/tugas", views.assign, name="emergency-assign"),
    path("kerja/kejadian/<str:number>/tugas/<int:assignment>/<str:step>", views.answer, name="emergency-answer"),
    path("kerja/kejadian/<str:number>/tulis", views.write, name="emergency-write"),
    path("kerja/kejadian/<str:number>/catatan", views.record, name="emergency-record"),
    path("kerja/kejadian/<str:number>/catatan.json", views.record_json, name="emergency-record-json"),
]
