"""Addresses. /rencana is for everybody, /kerja/rencana for the agencies, Bappeda and Diskominfo."""

from __future__ import annotations

from django.urls import path

from .views import dossier, handover, proof, public, reporting, verify

PUBLIC = [
    path("rencana", public.plan, name="masterplan-plan"),
    path("rencana/aksi.csv", public.as_csv, name="masterplan-csv"),
    path("rencana/dokumen.pdf", dossier.as_pdf, name="masterplan-dossier"),
    path("rencana/aksi/<uuid:key>", public.action, name="masterplan-action"),
    path("rencana/<slug:slug>", public.dimension, name="masterplan-dimension"),  # last: it takes every word
]
urlpatterns = [
    path("kerja/rencana", reporting.desk, name="masterplan-desk"),
    path("kerja/rencana/alih", handover.hand_over, name="masterplan-handover"),
    path("kerja/rencana/periksa", verify.desk, name="masterplan-verify"),
    path("kerja/rencana/periksa/<int:report>", verify.verdict, name="masterplan-verdict"),
    path("kerja/rencana/periksa/<int:report>/buka", verify.reopen, name="masterplan-reopen"),
    path("kerja/rencana/bukti/<uuid:evidence>/periksa", reporting.look_again, name="masterplan-evidence-check"),
    path("kerja/rencana/bukti/<uuid:evidence>/tarik", reporting.withdraw, name="masterplan-evidence-withdraw"),
    path("kerja/rencana/<uuid:key>", reporting.action, name="masterplan-report"),
    path("rencana/bukti/<uuid:key>", proof.file, name="masterplan-evidence"),
]
