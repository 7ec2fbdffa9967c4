"""Addresses of the peer (read after its apps are ready, as it needs)."""

from django.urls import include, path

urlpatterns = [path("sensorthings/", include("sensorthings.versions.v1_1.urls"))]
