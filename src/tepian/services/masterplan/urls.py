"""Addresses. /rencana is for everybody, /kerja/rencana for the agencies, Bappeda and Diskominfo."""

from __future__ import annotations

from django.urls import path

from .views import comments, dossier, handover, meetings, projects, projects_public, proof, public, reporting, verify

PUBLIC = [
    path("rencana", public.plan, name="masterplan-plan"),
    path("rencana/aksi.csv", public.as_csv, name="masterplan-csv"),
    path("rencana/dokumen.pdf", dossier.as_pdf, name="masterplan-dossier"),
    path("rencana/aksi/<uuid:key>", public.action, name="masterplan-action"),
    path("rencana/proyek", projects_public.listing, name="masterplan-projects"),
    path("rencana/proyek/komentar/<str:code>", projects_public.track, name="masterplan-comment-track"),
    path("rencana/proyek/<slug:slug>", projects_public.project, name="masterplan-project"),
    path("rencana/proyek/<slug:slug>/tulis", projects_public.write, name="masterplan-write"),
    path("rencana/proyek/<slug:slug>/kurva.csv", projects_public.curve_csv, name="masterplan-curve-csv"),
    path("rencana/proyek/<slug:slug>/kurva.json", projects_public.curve_json, name="masterplan-curve-json"),
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
    path("rencana/foto/<uuid:key>", projects_public.photo, name="masterplan-photo"),
    path("rencana/foto/komentar/<uuid:key>", projects_public.comment_photo, name="masterplan-comment-photo"),
    path("kerja/rencana/proyek", projects.desk, name="masterplan-projects-desk"),
    path("kerja/rencana/proyek/baru", projects.new, name="masterplan-project-new"),
    path("kerja/rencana/proyek/foto/<uuid:key>", projects.photo, name="masterplan-photo-desk"),
    path("kerja/rencana/proyek/foto/<uuid:key>/tarik", projects.withdraw_photo, name="masterplan-photo-withdraw"),
    path("kerja/rencana/proyek/<slug:slug>", projects.project, name="masterplan-project-desk"),
    path("kerja/rencana/proyek/<slug:slug>/ubah", projects.change, name="masterplan-project-change"),
    path("kerja/rencana/proyek/<slug:slug>/tahap", projects.stages, name="masterplan-project-stages"),
    path("kerja/rencana/proyek/<slug:slug>/kurva", projects.curve, name="masterplan-project-curve"),
    path("kerja/rencana/proyek/<slug:slug>/lapor", projects.report, name="masterplan-project-report"),
    path("kerja/rencana/proyek/<slug:slug>/foto", projects.add_photo, name="masterplan-project-photo"),
    path("kerja/rencana/proyek/<slug:slug>/status", projects.move, name="masterplan-project-move"),
    path("kerja/rencana/proyek/<slug:slug>/publik", projects.publish, name="masterplan-project-publish"),
    path("kerja/rencana/komentar", comments.desk, name="masterplan-comments"),
    path("kerja/rencana/komentar/<uuid:key>", comments.comment, name="masterplan-comment"),
    path("kerja/rencana/komentar/<uuid:key>/nilai", comments.judge, name="masterplan-comment-judge"),
    path("kerja/rencana/komentar/<uuid:key>/jawab", comments.answer, name="masterplan-comment-answer"),
    path("kerja/rencana/komentar/<uuid:key>/foto", comments.photo, name="masterplan-comment-photo-desk"),
    path("kerja/rencana/rapat", meetings.desk, name="masterplan-meetings"),
    path("kerja/rencana/rapat/baru", meetings.new, name="masterplan-meeting-new"),
    path("kerja/rencana/rapat/keputusan/<uuid:key>/akhir", meetings.end, name="masterplan-resolution-end"),
    path("kerja/rencana/rapat/<uuid:key>", meetings.meeting, name="masterplan-meeting"),
    path("kerja/rencana/rapat/<uuid:key>.ics", meetings.as_ics, name="masterplan-meeting-ics"),
    path("kerja/rencana/rapat/<uuid:key>/ubah", meetings.change, name="masterplan-meeting-change"),
    path("kerja/rencana/rapat/<uuid:key>/selenggara", meetings.hold, name="masterplan-meeting-hold"),
    path("kerja/rencana/rapat/<uuid:key>/batal", meetings.cancel, name="masterplan-meeting-cancel"),
    path("kerja/rencana/rapat/<uuid:key>/keputusan", meetings.decide, name="masterplan-meeting-decide"),
    path("kerja/rencana/rapat/<uuid:key>/notulen", meetings.minutes, name="masterplan-meeting-minutes"),
]
