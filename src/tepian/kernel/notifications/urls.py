"""Addresses of messages."""

from django.urls import path

from . import views

urlpatterns = [
    path("akun/pesan", views.inbox, name="notifications-inbox"),
    path("akun/pesan/<int:message_id>/buka", views.open_message, name="notifications-open"),
    path("akun/pesan/baca-semua", views.read_all, name="notifications-read-all"),
    path("akun/pemberitahuan", views.choices, name="notifications-choices"),
    path("kerja/kelola/pesan", views.failed, name="notifications-failed"),
    path("kerja/kelola/pesan/<int:message_id>/ulang", views.retry, name="notifications-retry"),
]
