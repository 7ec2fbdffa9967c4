"""Addresses. /kepuasan is for everybody, /kerja/kepuasan for the offices."""

from __future__ import annotations

from django.urls import path

from .views import desk, public

PUBLIC = [
    path("kepuasan", public.results, name="feedback-results"),
    path("kepuasan/isi", public.by_hand, name="feedback-by-hand"),
    path("kepuasan/isi/<str:code>", public.survey, name="feedback-survey"),
    path("kepuasan/data.csv", public.results_csv, name="feedback-csv"),
    path("kepuasan/<str:key>", public.service, name="feedback-service"),
]
urlpatterns = [
    path("kerja/kepuasan", desk.desk, name="feedback-desk"),
    path("kerja/kepuasan/<uuid:key>", desk.comment, name="feedback-comment"),
]
