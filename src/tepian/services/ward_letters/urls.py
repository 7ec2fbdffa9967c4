"""Addresses. /surat is for everybody, /surat/permohonan for applicants by their secret address, /kerja/kelurahan for
offices. /surat/cek and the city's root certificate belong to `kernel.signatures`."""

from __future__ import annotations

from django.urls import path

from .views import apply, case, counter, desk, public

OWN = "surat/permohonan/<str:code>/<str:secret>"
PUBLIC = [
    path("surat", public.home, name="ward-letters-home"),
    path("surat/status/<str:code>", public.status, name="ward-letters-status"),
    path(OWN, apply.own, name="ward-letters-own"),
    path(f"{OWN}/surat.pdf", apply.letter, name="ward-letters-letter"),
    path(f"{OWN}/batal", apply.cancel, name="ward-letters-cancel"),
    path(f"{OWN}/<slug:step>", apply.step, name="ward-letters-step"),
    path("surat/<slug:code>", public.kind, name="ward-letters-kind"),
    path("surat/<slug:code>/mulai", public.begin, name="ward-letters-begin"),
]
urlpatterns = [
    path("kerja/kelurahan", desk.desk, name="ward-letters-desk"),
    path("kerja/kelurahan/loket", counter.begin, name="ward-letters-counter"),
    path("kerja/kelurahan/loket/<str:code>", counter.case, name="ward-letters-counter-case"),
    path("kerja/kelurahan/<str:code>", case.case, name="ward-letters-case"),
    path("kerja/kelurahan/<str:code>/langkah", case.act, name="ward-letters-act"),
    path("kerja/kelurahan/<str:code>/surat.pdf", case.letter, name="ward-letters-staff-letter"),
    path("kerja/kelurahan/<str:code>/tanda-terima", case.receipt, name="ward-letters-receipt"),
]
