"""Addresses. /literasi is for everybody, /kerja/literasi for those who organise."""

from __future__ import annotations

from django.urls import path

from .views import desk, door, files, programmes, public, sessions

PUBLIC = [
    path("literasi", public.home, name="literacy-home"),
    path("literasi/hadir", door.by_hand, name="literacy-door"),
    path("literasi/hadir/<str:code>", door.come_in, name="literacy-come-in"),
    path("literasi/saya/<str:number>", door.mine, name="literacy-mine"),
    path("literasi/tes/<str:number>/<slug:phase>", door.test, name="literacy-test"),
    path("literasi/sesi/<str:number>.ics", files.session_ics, name="literacy-ics"),
    path("literasi/sesi/<str:number>", public.session, name="literacy-session"),
    path("literasi/bahan/<int:key>", files.material, name="literacy-material"),
    path("literasi/jangkauan.csv", files.reach_csv, name="literacy-reach-csv"),
    path("literasi/kalender.ics", files.all_ics, name="literacy-calendar"),
    path("literasi/<slug:code>", public.programme, name="literacy-programme"),
]
urlpatterns = [
    path("kerja/literasi", desk.desk, name="literacy-desk"),
    path("kerja/literasi/program-baru", programmes.new, name="literacy-new-programme"),
    path("kerja/literasi/program/<slug:code>", programmes.programme, name="literacy-run"),
    path("kerja/literasi/program/<slug:code>/ubah", programmes.change, name="literacy-change-programme"),
    path("kerja/literasi/program/<slug:code>/sesi-baru", sessions.plan, name="literacy-plan"),
    path("kerja/literasi/program/<slug:code>/soal-baru", programmes.new_question, name="literacy-new-question"),
    path("kerja/literasi/program/<slug:code>/bahan-baru", programmes.new_material, name="literacy-new-material"),
    path("kerja/literasi/soal/<int:key>", programmes.question, name="literacy-question"),
    path("kerja/literasi/soal/<int:key>/berhenti", programmes.retire, name="literacy-retire"),
    path("kerja/literasi/bahan/<int:key>/hapus", programmes.remove_material, name="literacy-remove-material"),
    path("kerja/literasi/sesi/<str:number>", sessions.session, name="literacy-control"),
    path("kerja/literasi/sesi/<str:number>/isi", sessions.content, name="literacy-control-content"),
    path("kerja/literasi/sesi/<str:number>/ubah", sessions.change, name="literacy-change"),
    path("kerja/literasi/sesi/<str:number>/langkah", sessions.step, name="literacy-step"),
    path("kerja/literasi/sesi/<str:number>/hitung", sessions.count, name="literacy-count"),
    path("kerja/literasi/sesi/<str:number>/layar", sessions.screen, name="literacy-screen"),
    path("kerja/literasi/sesi/<str:number>/layar/isi", sessions.screen_content, name="literacy-screen-content"),
    path("kerja/literasi/sesi/<str:number>/poster", sessions.poster, name="literacy-poster"),
]
