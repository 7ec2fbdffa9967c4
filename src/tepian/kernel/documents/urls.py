"""The address of files."""

from django.urls import path

from . import views

urlpatterns = [path("berkas/<uuid:file_id>", views.download, name="documents-download")]
