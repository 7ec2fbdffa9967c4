"""Addresses. /banjir is the page for citizens, /kerja/peringatan the desk."""

from __future__ import annotations

from django.urls import path

from . import views

PUBLIC = [
    path("banjir", views.now, name="warnings-now"),
    path("banjir/riwayat", views.history, name="warnings-history"),
    path("banjir/cara-kami-memutuskan", views.how, name="warnings-how"),
    path("banjir/langganan", views.subscribe, name="warnings-subscribe"),
    path("banjir/langganan/<str:token>", views.confirm, name="warnings-confirm"),
    path("banjir/berhenti/<str:token>", views.leave, name="warnings-leave"),
    path("banjir/<str:number>", views.warning, name="warnings-warning"),
]
urlpatterns = [
    path("banjir/cap.xml", views.feed, name="warnings-feed"),
    path("banjir/cap/<str:identifier>.xml", views.message, name="warnings-message"),
    path("banjir/<str:number>/qr.svg", views.qr, name="warnings-qr"),
    path("kerja/peringatan", views.desk, name="warnings-desk"),
    path("kerja/peringatan/<str:number>/akhiri", views.end, name="warnings-end"),
]
