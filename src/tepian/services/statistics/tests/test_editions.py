"""An edition from the agency's workbook to the public, with the real reader, store and engine."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
import xlsxwriter
from django.utils import timezone

from tepian.kernel.actors import Conflict, Denied, Invalid, system
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.queries import is_intact

from .. import operations, queries, states
from ..models import Edition, Spelling
from ..operations import keeping
from ..queries import data

pytestmark = pytest.mark.django_db


def workbook(*lines: list[object]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet("Data")
    for number, line in enumerate(lines):
        sheet.write_row(number, 0, line)
    book.close()
    return buffer.getvalue()


POPULATION = (
    ["Penduduk menurut kelurahan dan jenis kelamin, 2024"],
    [],
    ["No", "Kelurahan", "Laki-laki", "Perempuan", "Jumlah"],
    [1, "Riverside", 1200, 1180, 2380],
    [2, "Hiltop", 900, 930, 1830],
    [3, "Market", 640, 655, 1295],
    [4, "Harbour", 410, 395, 805],
    [5, "Mangrove", 300, 310, 610],
    ["", "Jumlah", 3450, 3470, 6920],
    ["Sumber: registrasi penduduk"],
)


@pytest.fixture
def producer(contoh, actor_with):
    return actor_with("data_producer", scope="agency", code="setda")


@pytest.fixture
def steward(contoh, actor_with):
    return actor_with("data_steward")


@pytest.fixture
def population(contoh):
    return queries.dataset_by("penduduk")


def sent(producer, dataset, content, name="data.xlsx", reason=""):
    edition = operations.upload(actor=producer, dataset=dataset, content=content, name=name)
    for trouble in edition.findings["troubles"]:
        edition = operations.repair(
            actor=producer,
            edition=edition,
            revision=edition.revision,
            dimension=trouble["dimension"],
            written=trouble["written"],
            code=trouble["suggestions"][0][0],
        )
    for code in edition.findings["jumped"]:
        edition = operations.explain_jumps(
            actor=producer, edition=edition, revision=edition.revision, indicator=code, text="Checked."
        )
    return operations.send_edition(actor=producer, edition=edition, revision=edition.revision, reason=reason)


def published(producer, steward, dataset, content, **more):
    edition = sent(producer, dataset, content, **more)
    return operations.approve_edition(actor=steward, edition=edition, checks=states.PRINCIPLES)


def test_a_real_workbook_is_understood_and_one_click_repairs_all_its_cells(producer, population):
    edition = operations.upload(actor=producer, dataset=population, content=workbook(*POPULATION), name="p.xlsx")
    (trouble,) = edition.findings["troubles"]
    assert trouble["code"] == "unknown"
    assert trouble["written"] == "Hiltop"
    assert trouble["suggestions"][0] == ["99.01.01.1002", "Hilltop"]
    assert edition.rows == 8  # four wards, two sexes; the line of totals and the column "Jumlah" are no figures
    assert edition.periods == ["2024"]
    repaired = operations.repair(
        actor=producer, edition=edition, revision=edition.revision,
        dimension="region", written="Hiltop", code="99.01.01.1002",
    )  # fmt: skip
    assert repaired.open_problems == 0
    assert repaired.rows == 10
    figures = data.figures_of(repaired, {"2024"})
    assert figures["jumlah-penduduk", "2024", "99.01.01.1002", "P"] == (930.0, "")
    assert sum(value for value, _status in figures.values()) == 6920
    assert Spelling.objects.get().code == "99.01.01.1002"
    again = operations.upload(actor=producer, dataset=population, content=workbook(*POPULATION), name="p.xlsx")
    assert again.open_problems == 0  # remembered


def test_what_the_file_leaves_open_is_asked_once_for_all_cells(producer, population):
    lines = ["Tahun;Kelurahan;Laki-laki;Perempuan", "2024;Riverside;1.200;1.180", "2024;Market;1.001;1.002"]
    content = "\n".join(lines).encode()
    edition = operations.upload(actor=producer, dataset=population, content=content, name="p.csv")
    (trouble,) = edition.findings["troubles"]
    assert (trouble["code"], trouble["count"], edition.rows) == ("decimal", 4, 0)
    edition = operations.repair(
        actor=producer, edition=edition, revision=edition.revision, dimension="decimal", written="", code=","
    )
    assert (edition.rows, edition.open_problems) == (4, 0)
    assert data.figures_of(edition, {"2024"})["jumlah-penduduk", "2024", "99.01.01.1003", "P"] == (1002.0, "")
    again = operations.upload(actor=producer, dataset=population, content=content, name="p.csv")
    assert again.open_problems == 0


def test_the_way_to_the_public(producer, steward, population):
    edition = published(producer, steward, population, workbook(*POPULATION))
    assert edition.state == states.PUBLISHED
    assert edition.number == 1
    assert queries.published_edition(population) == edition
    assert StoredFile.objects.filter(subject_type="statistics", subject_id=str(edition.key)).count() >= 2
    assert all(is_intact(file) for file in StoredFile.objects.filter(subject_id=str(edition.key)))
    indicator = queries.indicator_by("jumlah-penduduk")
    assert data.newest(edition, indicator) == ("2024", 6920.0, "")
    wards = data.series(edition, data.slice_of(edition, indicator), by="region")
    assert wards["99.01.01.1001"] == [("2024", 2380.0, "")]
    assert population.releases.get(period="2024").met_at is not None
    assert [row.code for row, _score in queries.find_indicators("warga")] == ["jumlah-penduduk"]


def test_a_correction_says_why_and_keeps_what_was_published(producer, steward, population):
    first = published(producer, steward, population, workbook(*POPULATION))
    changed = [list(line) for line in POPULATION]
    changed[3] = [1, "Riverside", 1210, 1180, 2390]
    changed[8] = ["", "Jumlah", 3460, 3470, 6930]
    edition = operations.upload(actor=producer, dataset=population, content=workbook(*changed), name="p.xlsx")
    assert edition.changed_cells == 1
    with pytest.raises(Invalid) as refusal:
        operations.send_edition(actor=producer, edition=edition, revision=edition.revision)
    assert refusal.value.code == "reason"
    edition = operations.send_edition(
        actor=producer, edition=edition, revision=edition.revision, reason="Ten people were counted twice."
    )
    second = operations.approve_edition(actor=steward, edition=edition, checks=states.PRINCIPLES)
    first.refresh_from_db()
    assert (first.state, second.number) == (states.REPLACED, 2)
    assert data.figures_of(first, {"2024"})["jumlah-penduduk", "2024", "99.01.01.1001", "L"] == (1200.0, "")
    assert data.figures_of(second, {"2024"})["jumlah-penduduk", "2024", "99.01.01.1001", "L"] == (1210.0, "")
    withdrawn = operations.withdraw_edition(actor=steward, edition=second, reason="The correction was wrong.")
    first.refresh_from_db()
    assert (withdrawn.state, first.state) == (states.WITHDRAWN, states.PUBLISHED)


def test_a_new_year_is_added_to_the_years_before_and_jumps_ask_for_a_note(producer, steward, population):
    published(producer, steward, population, workbook(*POPULATION))
    lines = [list(line) for line in POPULATION]
    lines[0] = ["Penduduk menurut kelurahan dan jenis kelamin, 2025"]
    lines[7] = [5, "Mangrove", 600, 310, 910]
    lines[8] = ["", "Jumlah", 3750, 3470, 7220]
    edition = operations.upload(actor=producer, dataset=population, content=workbook(*lines), name="p.xlsx")
    (jump,) = edition.findings["jumps"]
    assert (jump["before"], jump["now"], jump["percent"]) == (300.0, 600.0, 100.0)
    with pytest.raises(Invalid) as refusal:
        operations.send_edition(actor=producer, edition=edition, revision=edition.revision)
    assert refusal.value.code == "not_ready"
    edition = operations.explain_jumps(
        actor=producer, edition=edition, revision=edition.revision, indicator="jumlah-penduduk", text="A new estate."
    )
    edition = operations.send_edition(actor=producer, edition=edition, revision=edition.revision)
    edition = operations.approve_edition(actor=steward, edition=edition, checks=states.PRINCIPLES)
    indicator = queries.indicator_by("jumlah-penduduk")
    assert data.series(edition, data.slice_of(edition, indicator))[""] == [("2024", 6920.0, ""), ("2025", 7220.0, "")]


def test_small_cells_leave_with_what_would_give_them_away(producer, steward, population):
    lines = [list(line) for line in POPULATION]
    lines[7] = [5, "Mangrove", 3, 310, 313]
    lines[8] = ["", "Jumlah", 3153, 3470, 6623]
    edition = published(producer, steward, population, workbook(*lines))
    public = {
        row[:-2]: row[-2:] for row in data.ask(edition, data.cube.Query(columns=tuple(data.columns(population)))).rows
    }
    assert public["jumlah-penduduk", "2024", "99.01.02.1002", "L"] == (None, "s")
    indicator = queries.indicator_by("jumlah-penduduk")
    assert data.newest(edition, indicator) == ("2024", None, "s")  # the sum would give it away
    assert data.figures_of(edition, {"2024"})["jumlah-penduduk", "2024", "99.01.02.1002", "L"] == (3.0, "")


def test_the_city_keeps_its_total_when_several_hidden_cells_cannot_be_told_apart(producer, steward, population):
    lines = [list(line) for line in POPULATION]
    lines[6], lines[7] = [4, "Harbour", 410, 2, 412], [5, "Mangrove", 3, 310, 313]
    lines[8] = ["", "Jumlah", 3153, 3077, 6230]
    edition = published(producer, steward, population, workbook(*lines))
    indicator = queries.indicator_by("jumlah-penduduk")
    assert data.newest(edition, indicator) == ("2024", 6230.0, "")  # the hidden are 5 together: from 1 to 4 each
    men = data.series(edition, data.slice_of(edition, indicator, {"sex": ["L"]}))
    assert men[""] == [("2024", None, "s")]  # that sum would give one of them away
    by_ward = data.series(edition, data.slice_of(edition, indicator), by="region")
    assert by_ward["99.01.02.1002"] == [("2024", None, "s")]


@pytest.mark.parametrize(
    ("hidden", "count", "told"),
    [(8, 2, False), (7, 2, False), (5, 2, True), (5, 5, False), (3, 1, False), (40, 2, True)],
)
def test_a_sum_of_hidden_counts_is_told_only_when_it_leaves_each_open(hidden, count, told):
    assert keeping._stays_open(hidden, count, 5) is told


def test_returned_with_a_remark_on_a_cell_and_sent_again(producer, steward, population):
    edition = sent(producer, population, workbook(*POPULATION))
    operations.add_remark(actor=steward, edition=edition, text="Is this the end of the year?", address="C4")
    edition = operations.return_edition(actor=steward, edition=edition, text="See C4.")
    assert edition.state == states.RETURNED
    remark = edition.remarks.get(address="C4")
    operations.resolve_remark(actor=producer, edition=edition, remark=remark.pk)
    remark.refresh_from_db()
    assert remark.resolved_by == producer.label
    edition = operations.send_edition(actor=producer, edition=edition, revision=edition.revision)
    with pytest.raises(Invalid) as refusal:
        operations.approve_edition(actor=steward, edition=edition, checks=["standard"])
    assert refusal.value.code == "principles"
    assert edition.state == states.SENT


def test_an_embargo_ends_by_itself(producer, steward, population):
    edition = sent(producer, population, workbook(*POPULATION))
    until = timezone.now() + timedelta(days=2)
    edition = operations.approve_edition(actor=steward, edition=edition, checks=states.PRINCIPLES, embargo_until=until)
    assert queries.published_edition(population) is None
    assert operations.publish_due(actor=system("test")) == 0
    Edition.objects.filter(pk=edition.pk).update(embargo_until=timezone.now() - timedelta(seconds=1))
    assert operations.publish_due(actor=system("test")) == 1
    assert queries.published_edition(population).number == 1


def test_who_may_not(producer, steward, population, actor_with):
    edition = sent(producer, population, workbook(*POPULATION))
    other = actor_with("data_producer", scope="agency", code="dinkes", username="other")
    with pytest.raises(Denied):
        operations.upload(actor=other, dataset=population, content=workbook(*POPULATION), name="p.xlsx")
    with pytest.raises(Denied):
        operations.approve_edition(actor=producer, edition=edition, checks=states.PRINCIPLES)
    own = sent(steward, population, workbook(*POPULATION))
    with pytest.raises(Denied):
        operations.approve_edition(actor=steward, edition=own, checks=states.PRINCIPLES)


def test_of_two_who_change_one_draft_the_slower_is_told(producer, population):
    edition = operations.upload(actor=producer, dataset=population, content=workbook(*POPULATION), name="p.xlsx")
    seen = edition.revision
    operations.repair(
        actor=producer, edition=edition, revision=seen, dimension="region", written="Hiltop", code="99.01.01.1002"
    )
    with pytest.raises(Conflict) as refusal:
        operations.repair(actor=producer, edition=edition, revision=seen, dimension="region", written="Hiltop", code="")
    assert refusal.value.code == "too_late"


@pytest.mark.parametrize(
    ("content", "name", "says"),
    [(b"", "a.xlsx", "empty"), (b"PK\x03\x04broken", "a.xlsx", ""), (b"\x00\x01\x02", "a.csv", "")],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(producer, population, content, name, says):
    with pytest.raises(Invalid) as refusal:
        operations.upload(actor=producer, dataset=population, content=content, name=name)
    assert len(str(refusal.value.message)) > 10
    assert not Edition.objects.exists()


@pytest.mark.parametrize(
    ("mapping", "code"),
    [
        ({"columns": {"0": {"role": "value", "indicator": "nothing"}}}, "mapping"),
        ({"columns": {"0": {"role": "dimension", "key": "nothing"}}}, "mapping"),
        ({"columns": {"x": {"role": "time"}}}, "mapping"),
        ({"columns": {}, "constants": {"time": "2024-13"}}, "constant"),
        ({"columns": {}, "constants": {"region": "atlantis"}}, "constant"),
    ],
)
def test_a_mapping_names_only_what_exists(producer, population, mapping, code):
    edition = operations.upload(actor=producer, dataset=population, content=workbook(*POPULATION), name="p.xlsx")
    with pytest.raises(Invalid) as refusal:
        operations.choose(actor=producer, edition=edition, revision=edition.revision, mapping=mapping)
    assert refusal.value.code == code
