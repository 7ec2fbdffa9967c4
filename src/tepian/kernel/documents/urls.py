"""The addresses of files and of letters' texts."""

from django.urls import path

from . import views
from .views import letters

TEXTS = "kerja/kelola/surat"
urlpatterns = [
    path("berkas/<uuid:file_id>", views.download, name="documents-download"),
    path(TEXTS, letters.letters, name="documents-letters"),
    path(f"{TEXTS}/baru", letters.new_letter, name="documents-new-letter"),
    path(f"{TEXTS}/kop", letters.heads, name="documents-heads"),
    path(f"{TEXTS}/kop/<str:office>", letters.head, name="documents-head"),
    path(f"{TEXTS}/nomor", letters.numbers, name="documents-numbers"),
    path(f"{TEXTS}/<slug:code>", letters.letter, name="documents-letter"),
    path(f"{TEXTS}/<slug:code>/ubah", letters.change_letter, name="documents-change-letter"),
    path(f"{TEXTS}/<slug:code>/naskah", letters.letter_text, name="documents-letter-text"),
    path(f"{TEXTS}/<slug:code>/versi/<int:number>", letters.version, name="documents-letter-version"),
    path(f"{TEXTS}/<slug:code>/versi/<int:number>/langkah", letters.change_version, name="documents-change-version"),
    path(f"{TEXTS}/<slug:code>/versi/<int:number>/contoh.pdf", letters.version_pdf, name="documents-version-pdf"),
    path(
        f"{TEXTS}/<slug:code>/versi/<int:number>/halaman-<int:page>.png",
        letters.version_page,
        name="documents-version-page",
    ),
]
