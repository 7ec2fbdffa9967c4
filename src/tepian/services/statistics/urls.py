"""Addresses. /data is the public catalogue, /kerja/data the agencies' desk, /kerja/walidata the steward's."""

from __future__ import annotations

from django.urls import path

from .api import csvw, dcat
from .api.ckan import views as ckan
from .api.sdmx import views as sdmx
from .views import desk, downloads, public, steward, tables

PUBLIC = [
    path("data", public.catalogue, name="statistics-catalogue"),
    path("data/<slug:code>", public.indicator, name="statistics-indicator"),
    path("data/<slug:code>.csv", downloads.as_csv, name="statistics-csv"),
    path("data/<slug:code>.xlsx", downloads.as_xlsx, name="statistics-xlsx"),
    path("data/<slug:code>.json", downloads.as_json, name="statistics-json"),
    path("data/<slug:code>.svg", downloads.as_svg, name="statistics-svg"),
    path("data/<slug:code>.png", downloads.as_png, name="statistics-png"),
]
urlpatterns = [
    path("kerja/data", desk.desk, name="statistics-desk"),
    path("kerja/data/kirim", desk.upload, name="statistics-upload"),
    path("kerja/data/templat/<slug:code>.xlsx", desk.template_file, name="statistics-template"),
    path("kerja/data/edisi/<uuid:key>", desk.edition, name="statistics-edition"),
    path("kerja/data/edisi/<uuid:key>/kolom", desk.choose, name="statistics-choose"),
    path("kerja/data/edisi/<uuid:key>/perbaiki", desk.repair, name="statistics-repair"),
    path("kerja/data/edisi/<uuid:key>/jelaskan", desk.explain, name="statistics-explain"),
    path("kerja/data/edisi/<uuid:key>/serahkan", desk.send, name="statistics-send"),
    path("kerja/data/edisi/<uuid:key>/buang", desk.discard, name="statistics-discard"),
    path("kerja/data/edisi/<uuid:key>/catatan/<int:remark>", desk.resolve, name="statistics-resolve"),
    path("kerja/data/tabel/<slug:code>", tables.table, name="statistics-table"),
    path("kerja/data/tabel/<slug:code>/ejaan/<int:spelling>", tables.forget, name="statistics-forget"),
    path("kerja/data/tabel/<slug:code>/rilis", tables.plan, name="statistics-plan"),
    path("kerja/data/tabel/<slug:code>/formulir/<str:form>/<slug:which>", tables.form, name="statistics-form"),
    path("kerja/walidata/tabel-baru", tables.new, name="statistics-new"),
    path("kerja/walidata", steward.desk, name="statistics-steward"),
    path("kerja/walidata/<uuid:key>/catatan", steward.remark, name="statistics-remark"),
    path("kerja/walidata/<uuid:key>/kembalikan", steward.give_back, name="statistics-return"),
    path("kerja/walidata/<uuid:key>/setujui", steward.approve, name="statistics-approve"),
    path("kerja/walidata/<uuid:key>/tarik", steward.withdraw, name="statistics-withdraw"),
    path("data/catalog.jsonld", dcat.catalogue, name="statistics-dcat"),
    path("data/<slug:code>.csv-metadata.json", csvw.metadata, name="statistics-csvw"),
    path("api/3/action/<str:name>", ckan.action, name="statistics-ckan"),
    path("api/action/<str:name>", ckan.action, name="statistics-ckan-newest"),
    path("sdmx/2.1/<path:rest>", sdmx.rest_v1, name="statistics-sdmx-v1"),
    path("sdmx/v2/<path:rest>", sdmx.rest_v2, name="statistics-sdmx-v2"),
]
