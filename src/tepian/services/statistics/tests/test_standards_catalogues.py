"""DCAT by shapes, CKAN's envelope and datastore, CSVW beside the public CSV."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.django_db
SHAPES = Path(__file__).parent / "shapes" / "dcat.ttl"


# --- DCAT -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def graph(figures, client):
    rdflib = pytest.importorskip("rdflib", reason="rdflib is not installed")
    response = client.get("/data/catalog.jsonld")
    assert response["Content-Type"] == "application/ld+json"
    assert response["Access-Control-Allow-Origin"] == "*"
    return rdflib.Graph().parse(data=response.content, format="json-ld")


def test_the_catalogue_fits_the_shapes(graph):
    pyshacl = pytest.importorskip("pyshacl", reason="pyshacl is not installed")
    valid, _report, text = pyshacl.validate(graph, shacl_graph=str(SHAPES), advanced=False)
    assert valid, text


def test_the_shapes_notice_what_is_missing(graph):
    from rdflib.namespace import DCAT, DCTERMS

    pyshacl = pytest.importorskip("pyshacl", reason="pyshacl is not installed")
    graph.remove((None, DCTERMS.publisher, None))
    graph.remove((None, DCAT.contactPoint, None))
    assert not pyshacl.validate(graph, shacl_graph=str(SHAPES))[0]


def test_the_catalogue_says_what_satu_data_asks_for(graph):
    from rdflib import Namespace, URIRef
    from rdflib.namespace import DCAT, DCTERMS, FOAF, RDF

    own = Namespace("http://localhost:8000/data/catalog.jsonld#")
    assert set(graph.subjects(RDF.type, DCAT.Dataset)) == {own.penduduk, own["harga-pangan"]}
    (producer,) = graph.objects(own.penduduk, own.produsenData)
    assert str(graph.value(producer, FOAF.name)) == "City Secretariat"
    steward = graph.value(own.penduduk, own.walidata)
    assert str(graph.value(steward, FOAF.name)) == "Communications and Informatics Agency"
    assert str(graph.value(own.penduduk, DCTERMS.license)) == "https://creativecommons.org/licenses/by/4.0/"
    assert graph.value(own["harga-pangan"], DCTERMS.accrualPeriodicity) == URIRef(
        "http://publications.europa.eu/resource/authority/frequency/DAILY"
    )
    span = graph.value(own.penduduk, DCTERMS.temporal)
    assert (str(graph.value(span, DCAT.startDate)), str(graph.value(span, DCAT.endDate))) == (
        "2024-01-01",
        "2024-12-31",
    )
    assert {str(word) for word in graph.objects(own.penduduk, own.kodeReferensi) if word.language == "id"} >= {
        "Jenis kelamin 2020: Kode referensi BPS"
    }
    assert len(list(graph.objects(own.penduduk, DCAT.distribution))) == 6


def test_every_file_of_the_catalogue_is_there(figures, client, graph):
    from rdflib.namespace import DCAT

    addresses = {str(one).removeprefix("http://localhost:8000") for one in graph.objects(None, DCAT.downloadURL)}
    assert len(addresses) == 12
    for address in addresses:
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize(
    ("page", "status"), [("0", 400), ("x", 400), ("2", 404), ("99999999", 400), ("1", 200), ("²", 400)]
)
def test_pages_of_the_catalogue(figures, client, page, status):
    assert client.get("/data/catalog.jsonld", {"page": page}).status_code == status


def test_a_long_catalogue_has_pages(figures, client, monkeypatch):
    monkeypatch.setattr("tepian.services.statistics.api.dcat.PER_PAGE", 1)
    first = client.get("/data/catalog.jsonld").json()["@graph"][0]
    assert first["hydra:next"]["@id"].endswith("?page=2")
    second = client.get("/data/catalog.jsonld?page=2").json()["@graph"][0]
    assert second["hydra:previous"] and "hydra:next" not in second
    assert first["dcat:dataset"] != second["dcat:dataset"]


# --- CSVW -------------------------------------------------------------------------------------------------------------


def test_csvw_names_the_columns_of_the_public_csv(figures, client):
    for code in ("jumlah-penduduk", "harga-eceran"):
        meta = client.get(f"/data/{code}.csv-metadata.json")
        assert meta["Content-Type"] == "application/csvm+json"
        columns = meta.json()["tableSchema"]["columns"]
        for language, address in (("id", f"/data/{code}.csv"), ("en", f"/en/data/{code}.csv")):
            text = b"".join(client.get(address).streaming_content).decode()
            assert next(csv.reader(io.StringIO(text))) == [column["titles"][language] for column in columns]
    for code in ("nothing", "penduduk-miskin"):
        assert client.get(f"/data/{code}.csv-metadata.json").status_code == 404


def test_a_csvw_reader_types_the_cells(figures, client, tmp_path):
    csvw = pytest.importorskip("csvw", reason="csvw is not installed")
    for code in ("jumlah-penduduk", "harga-eceran"):
        described = client.get(f"/data/{code}.csv-metadata.json").json() | {"url": f"{code}.csv"}
        assert described["tableSchema"].pop("primaryKey")  # this reader looks for keys by heading, not by name
        place = tmp_path / f"{code}.csv-metadata.json"
        place.write_text(json.dumps(described))
        (tmp_path / f"{code}.csv").write_bytes(b"".join(client.get(f"/data/{code}.csv").streaming_content))
        read = csvw.CSVW(str(place))
        assert read.is_valid
        rows = [one for row in read.to_json()["tables"][0]["row"] for one in row["describes"]]
        values = [row.get("http://purl.org/linked-data/sdmx/2009/measure#obsValue") for row in rows]
        assert {type(value) for value in values if value is not None} <= {int, float}
        if code == "jumlah-penduduk":
            assert (len(rows), sum(value or 0 for value in values)) == (10, 6624 - 3)
            assert (rows[0]["region"], rows[0]["sex_code"], rows[0]["dc:temporal"]) == ("Riverside", "L", "2024")


# --- CKAN -------------------------------------------------------------------------------------------------------------


def ask(client, action: str, **given):
    response = client.get(f"/api/3/action/{action}", given)
    body = response.json()
    assert body["success"] is (response.status_code == 200)
    assert response["Access-Control-Allow-Origin"] == "*"
    return response.status_code, body["result"] if body["success"] else body["error"]


@pytest.fixture
def table(figures, client) -> str:
    _status, package = ask(client, "package_show", id="penduduk")
    return package["resources"][0]["id"]


def test_packages_are_found_by_words_filters_and_facets(figures, client):
    assert ask(client, "package_list") == (200, ["harga-pangan", "penduduk"])
    for given, names in (
        ({"q": "warga"}, ["penduduk"]),
        ({"q": "staple foods"}, ["harga-pangan"]),
        ({"q": "*:*", "sort": "name asc"}, ["harga-pangan", "penduduk"]),
        ({"q": "*:*", "sort": "name desc", "rows": 1}, ["penduduk"]),
        ({"q": "*:*", "sort": "name desc", "rows": 1, "start": 1}, ["harga-pangan"]),
        ({"fq": "tags:inflasi"}, ["harga-pangan"]),
        ({"fq": '+organization:setda -tags:"inflasi"'}, ["penduduk"]),
        ({"fq": "organization:bpbd"}, []),
        ({"q": "name:penduduk"}, ["penduduk"]),
        ({"q": "zzz"}, []),
        ({"fq": "groups:ekonomi"}, ["harga-pangan"]),
    ):
        status, found = ask(client, "package_search", **given)
        assert status == 200
        assert [one["name"] for one in found["results"]] == names, given
    _status, found = ask(client, "package_search", **{"facet.field": '["organization", "tags"]'})
    assert found["facets"]["organization"] == {"setda": 2}
    assert found["search_facets"]["organization"]["items"][0]["count"] == 2
    by_name, by_id = ask(client, "package_show", id="penduduk"), None
    by_id = ask(client, "package_show", id=by_name[1]["id"])
    assert by_name == by_id
    assert {one["key"]: one["value"] for one in by_id[1]["extras"]}["produsen_data"] == "City Secretariat"


def test_rows_by_filters_words_fields_and_order(client, table):
    def values(**given):
        status, found = ask(client, "datastore_search", resource_id=table, **given)
        assert status == 200, found
        return found["total"], [row["value"] for row in found["records"]]

    assert values(filters='{"sex": "L"}', sort="value desc", limit=2) == (5, [1201, 900])
    assert values(filters='{"sex": ["L"], "region_name": ["Market", "Harbour"]}', sort="value") == (2, [410, 640])
    assert values(filters='{"value": 930}') == (1, [930])
    assert values(q="hilltop perempuan") == (1, [930])
    assert values(q="mangrove", sort="value desc") == (2, [310, None])
    assert values(q="r", sort="value desc", limit=3, offset=2) == (9, [930, 655, 640])
    assert values(limit=0) == (10, [])
    assert values(offset=9) == (10, [310])
    _status, found = ask(
        client, "datastore_search", resource_id=table, fields="region_name,value", sort="region_name,value", limit=1
    )
    assert found["records"] == [{"region_name": "Harbour", "value": 395}]
    assert found["fields"] == [{"id": "region_name", "type": "text"}, {"id": "value", "type": "numeric"}]
    _status, found = ask(
        client,
        "datastore_search",
        resource_id=table,
        records_format="csv",
        limit=1,
        fields="sex,value",
        include_total="false",
    )
    assert found["records"] == "L,1201\n" and "total" not in found


def test_small_cells_stay_unknown_in_the_datastore(client, table):
    _status, found = ask(
        client, "datastore_search", resource_id=table, filters='{"region": "99.01.02.1002", "sex": "L"}'
    )
    assert [(row["value"], row["status"]) for row in found["records"]] == [(None, "s")]
    _status, found = ask(client, "datastore_search", resource_id=table, filters='{"value": 3}')
    assert found["total"] == 0


@pytest.mark.parametrize(
    ("status", "action", "given"),
    [
        (404, "package_show", {"id": "nothing"}),
        (404, "package_show", {"id": "kemiskinan"}),
        (409, "package_show", {}),
        (409, "package_search", {"rows": "-1"}),
        (409, "package_search", {"rows": "many"}),
        (409, "package_search", {"fq": "secret:1"}),
        (409, "package_search", {"fq": "organization:("}),
        (409, "package_search", {"fq": "tags:(a OR b)"}),
        (409, "package_search", {"sort": "password"}),
        (409, "package_search", {"facet.field": "organization"}),
        (404, "datastore_search", {"resource_id": "nothing"}),
        (409, "datastore_search", {}),
        (409, "datastore_search", {"filters": "{"}),
        (409, "datastore_search", {"filters": "[]"}),
        (409, "datastore_search", {"filters": '{"secret": 1}'}),
        (409, "datastore_search", {"filters": '{"sex": {"a": 1}}'}),
        (409, "datastore_search", {"filters": '{"value": "1 OR 1=1"}'}),
        (409, "datastore_search", {"fields": "value; DROP TABLE x"}),
        (409, "datastore_search", {"sort": "value; DROP TABLE x"}),
        (409, "datastore_search", {"sort": "secret desc"}),
        (409, "datastore_search", {"limit": "99999999999999999999999"}),
        (409, "datastore_search", {"offset": "-5"}),
        (409, "datastore_search", {"records_format": "xml"}),
        (409, "datastore_search", {"distinct": "true"}),
        (404, "datastore_search_sql", {"sql": 'SELECT * FROM "x"'}),
        (409, "datastore_search_sql", {}),
        (409, "datastore_search_sql", {"sql": "SELECT * FROM read_text('/etc/passwd')"}),
        (400, "package_delete", {"id": "penduduk"}),
        (400, "datastore_upsert", {}),
    ],
)
def test_refusals_in_ckans_own_form(client, table, status, action, given):
    if action == "datastore_search" and given and "resource_id" not in given:
        given = {"resource_id": table} | given
    found, error = ask(client, action, **given)
    assert found == status, error
    assert error["__type"]


def test_ckan_takes_json_bodies_and_refuses_others(client, table):
    place = "/api/3/action/datastore_search"
    posted = client.post(
        place, {"resource_id": table, "filters": {"sex": ["P"]}, "limit": 1}, content_type="application/json"
    )
    assert posted.json()["result"]["total"] == 5
    for body in (b"{", b"[]", b"\xff\xfe", b'"x"'):
        assert client.post(place, body, content_type="application/json").status_code == 400
    assert client.post(place, b" " * 200_000, content_type="application/json").status_code == 413
    assert client.delete(place).status_code == 405
    lowered = client.post(place, {"resource_id": table, "limit": 10**9}, content_type="application/json").json()
    assert lowered["result"]["limit"] == 32_000


@pytest.mark.parametrize("evil", ["'", '"; DROP', "<script>", "{}", "%00", "\\", "😀", "a" * 3000, "*", "$p0"])
def test_whatever_is_written_into_ckan_is_only_text(client, table, evil):
    for name in ("q", "filters", "fields", "sort", "limit", "offset", "records_format", "include_total"):
        assert client.get("/api/3/action/datastore_search", {"resource_id": table, name: evil}).status_code in (
            200,
            400,
            409,
        )
    for name in ("q", "fq", "rows", "start", "sort", "facet.field", "fq_list"):
        assert client.get("/api/3/action/package_search", {name: evil}).status_code in (200, 400, 409)
    for body in (
        {"resource_id": evil},
        {"resource_id": table, "filters": {evil: evil}},
        {"resource_id": table, "fields": [1]},
    ):
        assert client.post("/api/3/action/datastore_search", body, content_type="application/json").status_code in (
            404,
            409,
        )
