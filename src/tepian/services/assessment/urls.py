"""Addresses. /penilaian is for everybody, /kerja/penilaian for those who keep and answer, /kerja/asesor for assessors."""

from __future__ import annotations

from django.urls import path

from .views import agenda, downloads, items, keeping, public, scoring, survey

PUBLIC = [
    path("penilaian", public.overview, name="assessment-public"),
    path("penilaian/survei/<slug:code>", survey.page, name="assessment-survey"),
    path("penilaian/<slug:code>", public.result, name="assessment-result"),
    path("penilaian/<slug:code>.csv", downloads.as_csv, name="assessment-csv"),
]
urlpatterns = [
    path("kerja/penilaian", keeping.desk, name="assessment-desk"),
    path("kerja/penilaian/buka", keeping.start, name="assessment-open"),
    path("kerja/penilaian/terbit", keeping.publish, name="assessment-published"),
    path("kerja/penilaian/terbit/<int:number>/hapus", keeping.unpublish, name="assessment-unpublish"),
    path("kerja/penilaian/<slug:code>", keeping.overview, name="assessment-overview"),
    path("kerja/penilaian/<slug:code>/bagi", keeping.assign, name="assessment-assign"),
    path("kerja/penilaian/<slug:code>/langkah/<slug:step>", keeping.step, name="assessment-step"),
    path("kerja/penilaian/<slug:code>/bobot", keeping.weights, name="assessment-weights"),
    path("kerja/penilaian/<slug:code>/wawancara", agenda.agenda, name="assessment-agenda"),
    path("kerja/penilaian/<slug:code>/wawancara/<int:number>", agenda.change, name="assessment-interview"),
    path("kerja/penilaian/<slug:code>/survei", survey.keep, name="assessment-survey-keep"),
    path("kerja/penilaian/<slug:code>/butir/<slug:item>", items.item, name="assessment-item"),
    path("kerja/penilaian/<slug:code>/butir/<slug:item>/bukti", items.add, name="assessment-evidence-add"),
    path("kerja/penilaian/bukti/<uuid:key>", items.change_evidence, name="assessment-evidence"),
    path("kerja/asesor", scoring.desk, name="assessment-scoring-desk"),
    path("kerja/asesor/<slug:code>", scoring.begin, name="assessment-scoring"),
    path("kerja/asesor/<slug:code>/selesai", scoring.finish, name="assessment-scoring-finish"),
    path("kerja/asesor/<slug:code>/<slug:item>", scoring.item, name="assessment-score"),
]
