"""Tables of unusual form in the standards: awkward codes, two dimensions of regions, words that SDMX keeps for itself,
and editions older than the catalogue's present form."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tepian.kernel.actors import system

from .. import operations, queries
from ..api.answers import Refused
from ..api.sdmx.asking import bounds_of
from ..models import Dataset, Indicator
from ..queries import standards


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_identifiers_are_lawful_and_never_two_alike(one, other):
    assert standards.UNSAFE.sub("", standards.identifier(one).replace("$", "")) == standards.identifier(one).replace(
        "$", ""
    )
    assert (standards.identifier(one) == standards.identifier(other)) is (one == other)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-A1", "2024-01-01", "2024-12-31"),
        ("2024-S2", "2024-07-01", "2024-12-31"),
        ("2024-T2", "2024-05-01", "2024-08-31"),
        ("2024-Q1", "2024-01-01", "2024-03-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-M12", "2024-12-01", "2024-12-31"),
        ("2024-W01", "2024-01-01", "2024-01-07"),
        ("2024-D366", "2024-12-31", "2024-12-31"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2024-02-29T10:00:00", "2024-02-29", "2024-02-29"),
    ],
)
def test_every_form_of_period_has_its_days(text, first, last):
    assert bounds_of(text) == (date.fromisoformat(first), date.fromisoformat(last))


@given(st.text(max_size=12))
def test_no_text_breaks_the_reading_of_periods(text):
    try:
        first, last = bounds_of(text)
    except Refused as refused:
        assert refused.status == 400
    else:
        assert first <= last


def table(code: str, dimensions: list[dict[str, str]], unit: str = "Rp.") -> Dataset:
    row = Dataset.objects.create(
        code=code, title=code, agency_code="bpbd.pusdalops", frequency="Q", dimensions=dimensions, computed=True
    )
    Indicator.objects.create(dataset=row, code=f"{code}-i", title="I", unit=unit, decimals=2)
    return row


REGION = {"role": "region", "level": "ward", "name": "Wilayah"}


@pytest.mark.django_db
def test_two_dimensions_of_regions_and_words_of_sdmx(figures, client):
    row = table(
        "asal-tujuan", [{"key": "origin", **REGION}, {"key": "destination", **REGION}, {"key": "freq", **REGION}]
    )
    key = ("asal-tujuan-i", "2025-Q1", "99.01.01.1001", "99.01.01.1002", "99.01")
    operations.publish_computed(actor=system("tests"), dataset=row, figures={key: (1.5, "e")})
    (flow,) = standards.flows("asal-tujuan")
    assert [part.id for part in flow.parts] == [
        "FREQ",
        "INDICATOR",
        "REF_AREA",
        "DESTINATION",
        "DIM_FREQ",
        "TIME_PERIOD",
    ]
    text = client.get("/sdmx/2.1/data/asal-tujuan/Q..9901011001.9901011002.9901?format=csv").content.decode()
    assert text.splitlines()[1].endswith(",2025-Q1,1.5,E,F,RP,2")
    structure = client.get("/sdmx/2.1/dataflow/all/asal-tujuan?references=descendants")
    assert len(list(etree.fromstring(structure.content).iter("{*}Dimension"))) >= 5
    assert client.get("/data/catalog.jsonld").status_code == 200
    assert (
        client.get("/api/3/action/package_show?id=asal-tujuan").json()["result"]["organization"]["name"]
        == "bpbd-pusdalops"
    )


@pytest.mark.django_db
def test_an_edition_keeps_its_form_when_the_catalogue_changes(figures, client):
    row = table("berubah", [{"key": "kelas", "role": "category", "classification": "sex", "name": "Kelas"}])
    operations.publish_computed(
        actor=system("tests"), dataset=row, figures={("berubah-i", "2025-Q1", "a.b+c"): (1.0, "")}
    )
    Dataset.objects.filter(pk=row.pk).update(dimensions=[])
    standards.shelf.forget()
    (flow,) = standards.flows("berubah")
    assert [part.id for part in flow.parts] == ["FREQ", "INDICATOR", "KELAS", "TIME_PERIOD"]
    assert standards.codes_used(flow, "kelas") == ["a.b+c"]
    found = client.get("/sdmx/2.1/data/berubah/..a$2Eb$2Bc?format=csv")
    assert found.status_code == 200 and ",a$2Eb$2Bc," in found.content.decode()
    assert queries.published_edition(row) is not None
