"""The agency's and the steward's pages, as their people click through them, and the door for programs."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tepian.kernel.actors import system
from tepian.kernel.identity.operations import issue_device_key
from tepian.toolkit import tables

from .. import queries, states
from ..models import Dataset, Edition, Indicator, Release
from ..views import template
from .test_editions import POPULATION, workbook

pytestmark = pytest.mark.django_db


@pytest.fixture
def producer(contoh, as_role):
    return as_role("data_producer", scope="agency", code="setda")


@pytest.fixture
def steward(contoh, as_role):
    return as_role("data_steward")


def upload(client, *lines, dataset="penduduk"):
    file = SimpleUploadedFile("p.xlsx", workbook(*lines))
    answer = client.post(reverse("statistics-upload"), {"dataset": dataset, "file": file})
    assert answer.status_code == 302
    return Edition.objects.order_by("-id").first(), answer.url


def post(client, name, edition, *more, **form):
    form.setdefault("revision", Edition.objects.get(pk=edition.pk).revision)
    return client.post(reverse(name, args=[edition.key, *more]), form, follow=True)


def test_from_the_upload_to_the_public_by_forms_alone(producer, steward):
    edition, address = upload(producer, *POPULATION)
    page = producer.get(address).content.decode()
    assert "Hiltop" in page
    assert "Hilltop" in page
    assert "perbaiki 1 sel" in page
    post(producer, "statistics-repair", edition, dimension="region", written="Hiltop", code="99.01.01.1002")
    page = post(producer, "statistics-send", edition).content.decode()
    assert "menunggu walidata" in page
    assert "Hiltop" not in page
    assert producer.post(reverse("statistics-approve", args=[edition.key])).status_code == 403
    desk = steward.get(reverse("statistics-steward")).content.decode()
    assert reverse("statistics-edition", args=[edition.key]) in desk
    post(steward, "statistics-remark", edition, text="Akhir tahun?", address="C4")
    post(steward, "statistics-approve", edition, checks=states.PRINCIPLES[:2])
    edition.refresh_from_db()
    assert edition.state == states.SENT
    post(steward, "statistics-approve", edition, checks=states.PRINCIPLES, embargo="bukan tanggal")
    edition.refresh_from_db()
    assert edition.state == states.SENT
    page = post(steward, "statistics-approve", edition, checks=states.PRINCIPLES).content.decode()
    edition.refresh_from_db()
    assert edition.state == states.PUBLISHED
    assert "Tarik" in page
    post(steward, "statistics-withdraw", edition, reason="Tertukar tahun.")
    edition.refresh_from_db()
    assert edition.state == states.WITHDRAWN


def test_columns_can_be_chosen_by_hand(producer):
    lines = [["Wil", "X", "Y"], ["Riverside", 5100, 5000], ["Market", 640, 700]]
    edition, address = upload(producer, *lines)
    assert edition.rows == 0
    page = producer.get(address).content.decode()
    assert "Arti kolom" in page
    form = {
        "column-0": json.dumps({"role": "dimension", "key": "region"}),
        "column-1": json.dumps(
            {"role": "value", "indicator": "jumlah-penduduk", "time": "2024", "place": {"sex": "L"}}
        ),
        "column-2": json.dumps({"role": "ignore"}),
    }
    post(producer, "statistics-choose", edition, **form)
    edition.refresh_from_db()
    assert (edition.rows, edition.open_problems) == (2, 0)
    post(producer, "statistics-choose", edition, **{"column-0": "{not json"})
    edition.refresh_from_db()
    assert edition.rows == 2


def test_the_template_is_understood_as_it_comes(producer):
    dataset = queries.dataset_by("penduduk")
    book = tables.read(template.workbook(dataset), "penduduk.xlsx")
    assert [column.name for column in book.tables[0].columns][1:3] == ["Kelurahan", "Jenis kelamin"]
    assert producer.get(reverse("statistics-template", args=["penduduk"])).status_code == 200


def test_others_do_not_see_drafts(producer, as_role):
    _edition, address = upload(producer, *POPULATION)
    assert as_role("data_producer", scope="agency", code="dinkes", username="other").get(address).status_code == 404
    assert as_role("viewer").get(address).status_code == 404
    assert as_role("auditor").get(address).status_code == 200
    assert as_role().get(address).status_code == 403


def test_a_steward_keeps_the_catalogue(steward):
    form = {
        "title": "Sekolah menurut kecamatan",
        "agency": "setda",
        "frequency": "A",
        "level": "district",
        "classifications": ["sex"],
        "indicators": "Jumlah murid | orang | 0 | sum\nGuru per murid | | 2 |",
    }
    answer = steward.post(reverse("statistics-new"), form, follow=True)
    row = Dataset.objects.get(code="sekolah-menurut-kecamatan")
    assert [each["key"] for each in row.dimensions] == ["region", "sex"]
    assert [(each.code, each.total, each.decimals) for each in row.indicators.all()] == [
        ("jumlah-murid", "sum", 0),
        ("guru-per-murid", "", 2),
    ]
    assert "Jumlah murid" in answer.content.decode()
    again = steward.post(reverse("statistics-new"), form)
    assert again.status_code == 422
    assert "Jumlah murid | orang" in again.content.decode()  # what was typed stays
    address = reverse("statistics-form", args=[row.code, "ms-ind", "jumlah-murid"])
    steward.post(address, {"definition": "Murid yang terdaftar", "unknown": "x"})
    assert Indicator.objects.get(code="jumlah-murid").form == {"definition": "Murid yang terdaftar"}
    steward.post(reverse("statistics-plan", args=[row.code]), {"period": "2027", "due": "2027-03-01"})
    steward.post(reverse("statistics-plan", args=[row.code]), {"period": "2027-13", "due": "2027-03-01"})
    assert list(Release.objects.filter(dataset=row).values_list("period", flat=True)) == ["2027"]


# --- programs ---------------------------------------------------------------------------------------------------------


def figure(ward, sex, value, period="2024"):
    codes = {"region": ward, "sex": sex}
    return {"indicator": "jumlah-penduduk", "period": period, "codes": codes, "value": value}


def test_an_agencys_program_sends_figures_and_reads_them_when_they_are_public(client, steward):
    _key, secret = issue_device_key(
        actor=system("test"), name="setda", grants=[{"role": "data_producer", "scope": "agency", "code": "setda"}]
    )
    address = "/api/v1/statistics/datasets/penduduk/editions"
    figures = [figure("99.01.01.1001", "L", 1200), figure("99.01.01.1001", "P", 1180)]
    headers = {"authorization": f"Bearer {secret}"}
    bad = client.post(
        address, {"figures": [*figures, figure("nowhere", "L", 1)]}, content_type="application/json", headers=headers
    )
    assert bad.status_code == 422
    assert bad.json()["code"] == "code_unknown"
    assert bad.json()["field"] == "figures.2"
    assert not Edition.objects.exists()
    sent = client.post(address, {"figures": figures}, content_type="application/json", headers=headers).json()
    assert (sent["state"], sent["rows"], sent["missing"]) == ("sent", 2, [])
    assert client.get("/api/v1/statistics/datasets").json()["count"] == 0
    edition = Edition.objects.get()
    post(steward, "statistics-approve", edition, checks=states.PRINCIPLES)
    page = client.get("/api/v1/statistics/indicators/jumlah-penduduk/figures?dimension=sex&codes=P").json()
    assert page["count"] == 1
    assert page["items"][0] == {
        "period": "2024", "codes": {"region": "99.01.01.1001", "sex": "P"}, "value": 1180.0, "status": "",
    }  # fmt: skip
    assert client.get("/api/v1/statistics/indicators?q=warga").json()[0]["code"] == "jumlah-penduduk"
    assert client.get("/api/v1/statistics/indicators/jumlah-penduduk/figures?since=x").status_code == 422
    twice = client.post(
        address, {"figures": [figure("99.01.01.1001", "L", 1300)]}, content_type="application/json", headers=headers
    ).json()
    assert twice["state"] == "draft"  # it would change a published figure and does not say why
    assert twice["missing"]


def test_a_program_of_another_agency_sends_nothing(client, contoh):
    _key, secret = issue_device_key(
        actor=system("test"), name="dinkes", grants=[{"role": "data_producer", "scope": "agency", "code": "dinkes"}]
    )
    answer = client.post(
        "/api/v1/statistics/datasets/penduduk/editions",
        {"figures": [figure("99.01.01.1001", "L", 1)]},
        content_type="application/json",
        headers={"authorization": f"Bearer {secret}"},
    )
    assert answer.status_code == 403
    assert not Edition.objects.exists()


def test_the_supervisor_advises_and_the_forum_plans_and_neither_publishes(producer, as_role):
    edition, _address = upload(producer, *POPULATION)
    post(producer, "statistics-repair", edition, dimension="region", written="Hiltop", code="99.01.01.1002")
    post(producer, "statistics-send", edition)
    adviser, forum = as_role("data_supervisor"), as_role("data_forum")
    post(adviser, "statistics-remark", edition, text="Konsepnya sudah sama?", address="")
    assert edition.remarks.get().text == "Konsepnya sudah sama?"
    assert adviser.post(reverse("statistics-approve", args=[edition.key])).status_code == 403
    forum.post(reverse("statistics-plan", args=["penduduk"]), {"period": "2027", "due": "2028-03-31"})
    assert Release.objects.filter(dataset__code="penduduk", period="2027").exists()
    assert forum.post(reverse("statistics-remark", args=[edition.key]), {"text": "x"}).status_code == 403


def test_a_program_puts_figures_together_and_hidden_parts_stay_hidden(client, steward, producer):
    lines = [list(line) for line in POPULATION]
    lines[4] = [2, "Hilltop", 900, 930, 1830]
    lines[7] = [5, "Mangrove", 3, 310, 313]
    lines[8] = ["", "Jumlah", 3153, 3470, 6623]
    edition, _address = upload(producer, *lines)
    post(producer, "statistics-send", edition)
    post(steward, "statistics-approve", edition, checks=states.PRINCIPLES)
    base = "/api/v1/statistics/indicators/jumlah-penduduk/summary"
    by_ward = client.get(f"{base}?by=region&order=-value&limit=3").json()["items"]
    assert [(each["keys"]["region"], each["value"]) for each in by_ward] == [
        ("99.01.01.1001", 2380.0), ("99.01.01.1002", 1830.0), ("99.01.01.1003", 1295.0),
    ]  # fmt: skip
    districts = client.get(f"{base}?by=region.parent,time.year").json()["items"]
    assert {each["keys"]["region.parent"]: each["value"] for each in districts} == {
        "99.01.01": 5505.0,
        "99.01.02": None,  # three men of Mangrove are not shown, so neither is a sum with them
    }
    assert client.get(f"{base}?by=time").json()["items"][0]["value"] is None
    women = client.get(f"{base}?by=time&filter=sex:P").json()["items"][0]
    assert (women["value"], women["count"]) == (3470.0, 5)
    figures = "/api/v1/statistics/indicators/jumlah-penduduk/figures"
    for asked, there in (("limit=3", 3), ("limit=10", 10), ("limit=3&offset=9", 1), ("limit=3&offset=40", 0)):
        page = client.get(f"{figures}?{asked}").json()
        assert (page["count"], len(page["items"])) == (10, there), asked
    for bad in ("by=nothing", "function=drop", "order=x", "filter=nothing:1", "since=2024-99", "by=value"):
        assert client.get(f"{base}?{bad}").status_code == 422, bad


def test_who_only_looks_on_is_offered_nothing_that_would_be_refused(producer, as_role):
    upload(producer, *POPULATION)
    for role in ("data_forum", "data_supervisor"):
        client = as_role(role)
        desk = client.get(reverse("statistics-steward")).content.decode()
        assert reverse("statistics-new") not in desk
        assert "menunggu Anda" not in desk
        table = client.get(reverse("statistics-table", args=["penduduk"])).content.decode()
        assert reverse("statistics-template", args=["penduduk"]) not in table
        assert reverse("statistics-template", args=["penduduk"]) not in client.get("/kerja/data").content.decode()


def test_what_was_remembered_is_told_in_words(producer, steward):
    edition, _address = upload(producer, *POPULATION)
    post(producer, "statistics-repair", edition, dimension="region", written="Hiltop", code="99.01.01.1002")
    prices = b"Tanggal;Komoditas;Harga eceran\n2026-01-01;Telur ayam ras;1.234\n"
    file = SimpleUploadedFile("h.csv", prices)
    producer.post(reverse("statistics-upload"), {"dataset": "harga-pangan", "file": file})
    post(
        producer, "statistics-repair", Edition.objects.get(dataset__code="harga-pangan"), dimension="decimal", code=","
    )
    assert "“Hiltop” → Hilltop" in steward.get(reverse("statistics-table", args=["penduduk"])).content.decode()
    page = steward.get(reverse("statistics-table", args=["harga-pangan"])).content.decode()
    assert "Titik dalam angka → pemisah ribuan" in page


def test_forms_that_are_refused_keep_what_was_typed_and_lead_to_the_field(steward):
    refused = steward.post(reverse("statistics-plan", args=["penduduk"]), {"period": "2027-13", "due": "2028-03-31"})
    page = refused.content.decode()
    assert refused.status_code == 422
    assert 'href="#r-periode"' in page
    assert 'value="2027-13"' in page and 'value="2028-03-31"' in page
    refused = steward.post(reverse("statistics-new"), {"title": " ", "agency": "setda", "indicators": "Murid | orang"})
    assert 'href="#n-title"' in refused.content.decode()
    assert "Beri nama" in refused.content.decode()
    typed = {
        "title": "Murid",
        "agency": "setda",
        "frequency": "A",
        "indicators": "Murid | orang | 0 | jumlah\nGuru | | x",
    }
    refused = steward.post(reverse("statistics-new"), typed)
    assert 'href="#n-ind"' in refused.content.decode()
    steward.post(reverse("statistics-new"), typed | {"indicators": "Murid | orang | 0 | jumlah"})
    assert Indicator.objects.get(code="murid").total == "sum"


def test_of_two_who_fill_in_one_form_the_slower_is_told_and_sees_both_answers(steward, as_role):
    other = as_role("data_steward", username="second")
    address = reverse("statistics-form", args=["penduduk", "ms-ind", "jumlah-penduduk"])
    drawn = steward.get(address).context["before"]
    steward.post(address, {"before": drawn, "definition": "Yang terdaftar"})
    refused = other.post(address, {"before": drawn, "definition": "Yang tinggal"})
    page = refused.content.decode()
    assert refused.status_code == 409
    assert "Yang tinggal" in page and "Yang terdaftar" in page
    assert Indicator.objects.get(code="jumlah-penduduk").form["definition"] == "Yang terdaftar"
    again = other.post(address, {"before": refused.context["before"], "definition": "Yang tinggal"})
    assert again.status_code == 302
    assert Indicator.objects.get(code="jumlah-penduduk").form == {"definition": "Yang tinggal"}
