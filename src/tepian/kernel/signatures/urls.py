"""Addresses of the public check, of signing, and of keys."""

from __future__ import annotations

from django.urls import path

from .views import desk, keys, public

urlpatterns = [
    path("surat/sertifikat-akar.pem", public.root_certificate, name="signatures-root"),
    path("surat/daftar-pencabutan/<int:root_id>.crl", public.revocation_list, name="signatures-crl"),
    path("kerja/tanda-tangan", desk.desk, name="signatures-desk"),
    path("kerja/tanda-tangan/baca/<str:kind>/<str:key>", desk.read, name="signatures-read"),
    path("kerja/tanda-tangan/baca/<str:kind>/<str:key>/berkas", desk.file, name="signatures-file"),
    path("kerja/tanda-tangan/baca/<str:kind>/<str:key>/kembalikan", desk.send_back, name="signatures-send-back"),
    path("kerja/tanda-tangan/selesai", desk.done, name="signatures-done"),
    path("kerja/tanda-tangan/selesai/<str:code>", desk.document, name="signatures-document"),
    path("kerja/tanda-tangan/kunci", keys.own, name="signatures-own-key"),
    path("kerja/kelola/tanda-tangan", keys.manage, name="signatures-keys"),
    path("kerja/kelola/tanda-tangan/akar", keys.new_root, name="signatures-new-root"),
    path("kerja/kelola/tanda-tangan/kunci/<int:key_id>/cabut", keys.revoke, name="signatures-revoke-key"),
    path("kerja/kelola/tanda-tangan/wakil", keys.delegate, name="signatures-delegate"),
    path("kerja/kelola/tanda-tangan/wakil/<int:row_id>/akhiri", keys.end_delegation, name="signatures-end-delegation"),
]
PUBLIC = [
    path("surat/cek", public.check, name="signatures-check"),
    path("surat/cek/<str:code>", public.checked, name="signatures-checked"),
]
