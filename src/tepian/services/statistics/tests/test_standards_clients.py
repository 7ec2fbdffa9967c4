"""Independent clients read a running server: sdmx1, pysdmx, pandas and ckanapi."""

from __future__ import annotations

import io
import urllib.request

import pytest

from .standards_city import fill

pytestmark = pytest.mark.django_db(transaction=True)
FIGURES = {  # of women, by ward
    "9901011001": 1180.0,
    "9901011002": 930.0,
    "9901011003": 655.0,
    "9901021001": 395.0,
    "9901021002": 310.0,
}


@pytest.fixture
def city(live_server) -> str:
    fill()
    return str(live_server.url)


def get(address: str, accept: str = "") -> bytes:
    request = urllib.request.Request(address, headers={"Accept": accept} if accept else {})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return bytes(answer.read())


def test_sdmx1_reads_structures_and_figures(city):
    sdmx = pytest.importorskip("sdmx", reason="sdmx1 is not installed")
    everything = {resource.name: True for resource in sdmx.Resource}
    source = {"id": "ID9901", "url": f"{city}/sdmx/2.1", "name": "Kota Contoh", "supports": everything}
    sdmx.add_source(source, override=True)
    client = sdmx.Client("ID9901")

    flows = client.dataflow().dataflow
    assert set(flows) == {"penduduk", "harga-pangan"}
    assert flows["penduduk"].name.localizations["en"] == "Population by ward and sex"
    message = client.dataflow("penduduk")  # asks for everything around it
    structure = message.structure["DSD_penduduk"]
    assert [one.id for one in structure.dimensions] == ["FREQ", "INDICATOR", "REF_AREA", "SEX", "TIME_PERIOD"]
    assert [one.id for one in structure.attributes] == ["OBS_STATUS", "CONF_STATUS", "UNIT_MEASURE", "DECIMALS"]
    assert message.codelist["CL_SEX"]["P"].name.localizations == {"id": "Perempuan", "en": "Female"}
    assert message.codelist["CL_AREA_WARD"]["9901011001"].name.localizations["id"] == "Riverside"

    for accept in ("genericdata", "structurespecificdata"):
        headers = {"Accept": f"application/vnd.sdmx.{accept}+xml;version=2.1"}
        data = client.data("penduduk", key={"SEX": ["P"]}, dsd=structure, headers=headers)
        found = sdmx.to_pandas(data).reset_index().set_index("REF_AREA")["value"]
        assert found.to_dict() == FIGURES
        men = sdmx.to_pandas(client.data("penduduk", key="...L", dsd=structure, headers=headers), attributes="o")
        assert men["value"].isna().sum() == 1
        hidden = men[men["value"].isna()].iloc[0]
        assert (str(hidden["OBS_STATUS"]), str(hidden["CONF_STATUS"])) == ("Q", "C")
    prices = client.data("harga-pangan", params={"startPeriod": "2025-01-02", "endPeriod": "2025-01"})
    assert sorted(sdmx.to_pandas(prices).dropna()) == [15550.5, 15600.0, 29100.0]

    (constraint,) = client.get("availableconstraint", "penduduk", key="...L").constraint.values()
    region = constraint.data_content_region[0]
    assert {member.id for member in region.member} == {"FREQ", "INDICATOR", "REF_AREA", "SEX", "TIME_PERIOD"}
    assert set(client.agencyscheme(agency_id="SDMX").organisation_scheme) == {"AGENCIES"}
    assert set(client.dataproviderscheme().organisation_scheme) == {"DATA_PROVIDERS"}
    assert set(client.conceptscheme().concept_scheme) == {"CONCEPTS", "CONCEPTS_penduduk", "CONCEPTS_harga-pangan"}
    assert set(client.categoryscheme().category_scheme) == {"THEMES"}
    assert set(client.contentconstraint().constraint) == {"CR_penduduk", "CR_harga-pangan"}


def test_sdmx1_reads_rest_3(city):
    sdmx = pytest.importorskip("sdmx", reason="sdmx1 is not installed")
    source = {"id": "ID9901", "url": f"{city}/sdmx/v2", "name": "Kota Contoh", "versions": ["3.0.0"]}
    sdmx.add_source(source, override=True)
    client = sdmx.Client("ID9901")
    xml = {"Accept": "application/vnd.sdmx.structure+xml;version=2.1"}
    assert set(client.dataflow("penduduk", headers=xml).dataflow) == {"penduduk"}
    xml = {"Accept": "application/vnd.sdmx.structurespecificdata+xml;version=2.1"}
    data = client.get("data", "penduduk", context="dataflow", key="*.*.*.P", headers=xml)
    assert sdmx.to_pandas(data).reset_index().set_index("REF_AREA")["value"].to_dict() == FIGURES
    message = client.get("dataflow", "penduduk", params={"references": "all"}, headers={"Accept": "application/xml"})
    text = get(f"{city}/sdmx/v2/data/dataflow/*/penduduk?format=sdmx-csv")
    table = sdmx.read_sdmx(io.BytesIO(text), format="csv", structure=message.structure["DSD_penduduk"])
    assert len(table.data[0].obs) == 10


def test_pysdmx_reads_structures(city):
    pytest.importorskip("pysdmx", reason="pysdmx is not installed")
    from pysdmx.io import read_sdmx

    for form in ("json2", "xml"):
        text = get(f"{city}/sdmx/2.1/dataflow/all/penduduk?references=descendants&format={form}").decode()
        message = read_sdmx(text)
        (structure,) = message.get_data_structure_definitions()
        assert [one.id for one in structure.components.dimensions][:4] == ["FREQ", "INDICATOR", "REF_AREA", "SEX"], form
        assert {one.id for one in message.get_codelists()} >= {"CL_SEX", "CL_AREA_WARD", "CL_UNIT", "CL_FREQ"}


def test_pysdmx_reads_figures(city):
    pytest.importorskip("pysdmx", reason="pysdmx is not installed")
    pytest.importorskip("pyarrow", reason="pysdmx reads figures with pyarrow; its 156 MB are not part of the checks")
    from pysdmx.io import read_sdmx

    for form in ("genericdata", "structurespecificdata", "csv1", "csv2"):
        text = get(f"{city}/sdmx/2.1/data/penduduk/...P?format={form}").decode()
        (dataset,) = read_sdmx(text).get_datasets()
        found = {str(row["REF_AREA"]): float(row["OBS_VALUE"]) for _n, row in dataset.data.iterrows()}
        assert found == FIGURES, form


def test_pandas_reads_both_csv(city):
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    table = pandas.read_csv(f"{city}/sdmx/2.1/data/penduduk?format=csv", dtype={"REF_AREA": str})
    assert table.groupby("SEX")["OBS_VALUE"].sum().to_dict() == {"L": 3154.0 - 3, "P": 3470.0}
    public = pandas.read_csv(f"{city}/data/jumlah-penduduk.csv")
    assert public["Nilai"].sum() == 6624 - 3


def test_ckanapi_reads_packages_and_rows(city):
    ckanapi = pytest.importorskip("ckanapi", reason="ckanapi is not installed")
    with ckanapi.RemoteCKAN(city, user_agent="tests") as ckan:
        assert ckan.action.package_list() == ["harga-pangan", "penduduk"]
        found = ckan.action.package_search(q="penduduk", fq="organization:setda", rows=5)
        assert (found["count"], found["results"][0]["name"]) == (1, "penduduk")
        package = ckan.action.package_show(id="penduduk")
        table = package["resources"][0]["id"]
        rows = ckan.action.datastore_search(resource_id=table, filters={"sex": "P"}, sort="value desc", limit=3)
        assert (rows["total"], [row["value"] for row in rows["records"]]) == (5, [1180, 930, 655])
        with pytest.raises(ckanapi.NotFound):
            ckan.action.package_show(id="nothing")
        with pytest.raises(ckanapi.ValidationError):
            ckan.action.datastore_search(resource_id=table, filters={"secret": 1})
        answer = ckan.action.datastore_search_sql(
            sql=f'SELECT sex, count(*) AS wards, sum(value)::numeric FROM "{table}" GROUP BY sex ORDER BY sex'
        )
        assert answer["records"] == [{"sex": "L", "wards": 5, "sum": 3151}, {"sex": "P", "wards": 5, "sum": 3470}]
        with pytest.raises(ckanapi.NotAuthorized):
            ckan.action.datastore_search_sql(sql=f"SELECT getenv('HOME') FROM \"{table}\"")
        with pytest.raises(ckanapi.ValidationError):
            ckan.action.datastore_search_sql(sql=f'SELECT * FROM "{table}"; DROP TABLE "{table}"')
    with ckanapi.RemoteCKAN(city, get_only=True) as ckan:
        assert ckan.action.package_show(id="harga-pangan")["num_resources"] == 6
