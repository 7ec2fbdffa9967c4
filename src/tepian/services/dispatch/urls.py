"""Addresses."""

from __future__ import annotations

from typing import Any

from django.urls import path

from .views import board, calls, chat, crew, dispatch

urlpatterns: list[Any] = [
    path("kerja/112/langsung", board.live, name="dispatch-board"),
    path("kerja/112/langsung/isi", board.live_content, name="dispatch-board-content"),
    path("kerja/112/tinjau", board.reviews, name="dispatch-reviews"),
    path("kerja/112/tinjau/<int:call>", board.review, name="dispatch-review"),
    path("kerja/112/tinjau/<int:call>/nilai", board.mark, name="dispatch-review-mark"),
    path("kerja/112/tinjau/<int:call>/blokir", board.block, name="dispatch-block"),
    path("kerja/112/nomor/<int:block>/buka", board.lift, name="dispatch-lift"),
    path("kerja/112/laporan.csv", board.report, name="dispatch-report"),
    path("kerja/112/lanjutan", board.follow_ups, name="dispatch-follow-ups"),
    path("kerja/112/lanjutan/<int:case>", board.count, name="dispatch-follow-up"),
    path("unit", crew.unit, name="dispatch-unit"),
    path("unit/isi", crew.content, name="dispatch-unit-content"),
    path("unit/sw.js", crew.worker, name="dispatch-unit-worker"),
    path("unit/tugas", crew.sign_on, name="dispatch-unit-on"),
    path("unit/lepas", crew.sign_off, name="dispatch-unit-off"),
    path("unit/periksa", crew.readiness, name="dispatch-unit-readiness"),
    path("unit/jaga", crew.plan, name="dispatch-unit-plan"),
    path("unit/langkah", crew.step, name="dispatch-unit-step"),
    path("unit/tolak", crew.decline, name="dispatch-unit-decline"),
    path("unit/tulis", crew.write, name="dispatch-unit-write"),
    path("unit/penelepon", crew.caller, name="dispatch-unit-caller"),
    path("kerja/112", calls.desk, name="dispatch-desk"),
    path("kerja/112/antrean", calls.line, name="dispatch-line"),
    path("kerja/112/meja", calls.set_desk, name="dispatch-set-desk"),
    path("kerja/112/tempat", calls.places, name="dispatch-places"),
    path("kerja/112/panggilan/<int:call>", calls.card, name="dispatch-card"),
    path("kerja/112/panggilan/<int:call>/ambil", calls.claim, name="dispatch-claim"),
    path("kerja/112/panggilan/<int:call>/draf", calls.draft, name="dispatch-draft"),
    path("kerja/112/panggilan/<int:call>/sekitar", calls.near, name="dispatch-near"),
    path("kerja/112/panggilan/<int:call>/kirim", calls.send, name="dispatch-send"),
    path("kerja/112/panggilan/<int:call>/tutup", calls.close, name="dispatch-close-call"),
    path("kerja/112/panggilan/<int:call>/gabung", calls.attach, name="dispatch-attach"),
    path("kerja/dispatch", dispatch.desk, name="dispatch-dispatch"),
    path("kerja/dispatch/daftar", dispatch.listing, name="dispatch-list"),
    path("kerja/dispatch/<str:number>", dispatch.pane, name="dispatch-pane"),
    path("kerja/dispatch/<str:number>/unit", dispatch.ask_unit, name="dispatch-ask-unit"),
    path("kerja/dispatch/<str:number>/batal/<int:deployment>", dispatch.call_off, name="dispatch-call-off"),
    path("kerja/dispatch/<str:number>/langkah/<int:deployment>", dispatch.step, name="dispatch-step"),
    path("kerja/dispatch/<str:number>/dinas", dispatch.ask_agency, name="dispatch-ask-agency"),
    path("kerja/dispatch/<str:number>/tugas/<int:task>", dispatch.answer_task, name="dispatch-answer-task"),
    path("kerja/dispatch/<str:number>/gabung", dispatch.merge, name="dispatch-merge"),
    path("kerja/dispatch/<str:number>/pisah", dispatch.split, name="dispatch-split"),
    path("kerja/dispatch/<str:number>/serah", dispatch.hand_over, name="dispatch-hand-over"),
    path("kerja/dispatch/<str:number>/tutup", dispatch.close, name="dispatch-close"),
    path("kerja/dispatch/<str:number>/peringatan", dispatch.warn, name="dispatch-warn"),
    path("kerja/dispatch/<str:number>/tulis", dispatch.write, name="dispatch-write"),
    path("kerja/112/teks/<int:call>", chat.desk_lines, name="dispatch-chat-lines"),
    # The pages below 112/ with a word of their own stand above; whatever else follows is an incident's number.
    path("kerja/112/<str:number>", dispatch.incident, name="dispatch-incident"),
    path("kerja/112/<str:number>/catatan", dispatch.paper, name="dispatch-record"),
    path("kerja/112/<str:number>/catatan.json", dispatch.paper_json, name="dispatch-record-json"),
]
PUBLIC: list[Any] = [
    path("112", chat.page, name="dispatch-chat"),
    path("112/baris", chat.news, name="dispatch-chat-news"),
    path("112/kirim", chat.say, name="dispatch-chat-say"),
    path("112/lupakan", chat.leave, name="dispatch-chat-leave"),
]
