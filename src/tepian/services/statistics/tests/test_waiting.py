"""Large workbooks: kept at once, read outside the pages, and read again with every repair."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tepian.kernel.actors import Conflict, Denied
from tepian.kernel.documents.models import StoredFile

from .. import jobs, operations, queries, states
from ..models import Edition, Spelling
from ..operations import reading, waiting
from .test_editions import POPULATION, workbook
from .test_pages import post

pytestmark = pytest.mark.django_db
HILLTOP = "99.01.01.1002"
TWO_WRONG = tuple([2, "Hiltop", *line[2:]] if line[1:2] == ["Hiltop"] else list(line) for line in POPULATION)
TWO_WRONG[7][1] = "Mangrov"


@pytest.fixture
def large(monkeypatch):
    """Every workbook counts as a large one."""
    monkeypatch.setattr(reading, "AT_ONCE", 0)


@pytest.fixture
def opened(monkeypatch):
    """The workbooks that the reader took from the store, by name."""
    names = []

    def open_book(content, name, answers):
        names.append((name, answers))
        return reading.open_book(content, name, answers)

    monkeypatch.setattr(waiting, "open_book", open_book)
    return names


@pytest.fixture
def producer(contoh, actor_with):
    return actor_with("data_producer", scope="agency", code="setda")


@pytest.fixture
def population(contoh):
    return queries.dataset_by("penduduk")


def sent_in(producer, population, *lines, name="p.xlsx"):
    return operations.upload(actor=producer, dataset=population, content=workbook(*(lines or POPULATION)), name=name)


def repaired(producer, edition, written, code, revision=None):
    return operations.repair(
        actor=producer,
        edition=edition,
        revision=revision or edition.revision,
        dimension="region",
        written=written,
        code=code,
    )


def test_how_large_is_told_by_what_it_unpacks_to(monkeypatch):
    import io

    content = workbook(*([["Riverside" * 20, n] for n in range(2000)]))
    monkeypatch.setattr(reading, "AT_ONCE", len(content) + 1)
    assert reading.is_large(io.BytesIO(content))
    assert not reading.is_large(io.BytesIO(b"a;b\n1;2\n"))
    assert reading.is_large(io.BytesIO(b"1;2\n" * len(content)))
    assert not reading.is_large(io.BytesIO(b"PK\x03\x04broken"))


def test_it_is_kept_before_it_is_read_and_the_page_waits_for_it(large, contoh, as_role):
    client = as_role("data_producer", scope="agency", code="setda")
    file = SimpleUploadedFile("p.xlsx", workbook(*POPULATION))
    address = client.post(reverse("statistics-upload"), {"dataset": "penduduk", "file": file}).url
    edition = Edition.objects.get()
    assert (edition.rows, edition.draft_file) == (0, "")
    assert StoredFile.objects.filter(pk=edition.file).exists()
    page = client.get(address).content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert 'http-equiv="refresh"' in page  # without a script
    assert "serahkan" not in page
    asked = client.get(address, headers={"HX-Request": "true"})
    assert (asked.status_code, "HX-Refresh" in asked) == (204, False)
    assert post(client, "statistics-send", edition).status_code == 422
    assert Edition.objects.get().state == states.DRAFT
    reader = operations.Reader()
    assert reader.read_next()
    assert not reader.read_next()
    assert client.get(address, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    page = client.get(address).content.decode()
    assert "Hiltop" in page
    assert "hx-trigger" not in page.split("<main")[1].split("</main>")[0]
    assert Edition.objects.get().rows == 8


def test_repairs_are_kept_at_once_and_read_together_from_the_same_book(large, opened, producer, population):
    edition = sent_in(producer, population, *TWO_WRONG)
    reader = operations.Reader()
    reader.read_next()
    edition.refresh_from_db()
    assert edition.open_problems == 2
    edition = repaired(producer, edition, "Hiltop", HILLTOP)
    assert [each["written"] for each in edition.findings["troubles"]] == ["Mangrov"]
    edition = repaired(producer, edition, "Mangrov", "99.01.02.1002")
    assert edition.rows == 6  # as it was read before
    assert Spelling.objects.count() == 2
    reader.read_next()
    edition.refresh_from_db()
    assert (edition.rows, edition.open_problems, edition.unread_since) == (10, 0, None)
    assert len(opened) == 1
    other = sent_in(producer, population, *POPULATION[:5], name="p.xlsx")  # the same name, other figures
    reader.read_next()
    other.refresh_from_db()
    assert (other.rows, len(opened)) == (4, 2)
    edition = operations.send_edition(actor=producer, edition=edition, revision=edition.revision)
    assert edition.state == states.SENT


def test_a_repair_made_while_it_is_read_is_not_lost(large, opened, producer, population, monkeypatch):
    edition = sent_in(producer, population, *TWO_WRONG)
    reader = operations.Reader()
    reader.read_next()
    edition.refresh_from_db()
    edition = repaired(producer, edition, "Hiltop", HILLTOP)
    read, told = waiting.read, []

    def slowly(*args, **kwargs):
        if not told:
            told.append(repaired(producer, edition, "Mangrov", ""))
        return read(*args, **kwargs)

    monkeypatch.setattr(waiting, "read", slowly)
    reader.read_next()
    edition.refresh_from_db()
    assert edition.unread_since is not None  # what was read is old by now
    reader.read_next()
    edition.refresh_from_db()
    assert (edition.rows, edition.open_problems, len(opened)) == (8, 0, 1)
    assert {each["written"] for each in edition.repairs} == {"Hiltop", "Mangrov"}


def test_another_table_and_other_columns_are_chosen_of_a_large_one_too(large, producer, population):
    lines = [["Wil", "X"], ["Riverside", 5100], ["Market", 640]]
    edition = sent_in(producer, population, *lines)
    with pytest.raises(Conflict) as refusal:
        operations.choose(actor=producer, edition=edition, revision=edition.revision, mapping={"columns": {}})
    assert refusal.value.code == "unread"
    reader = operations.Reader()
    reader.read_next()
    edition.refresh_from_db()
    assert edition.rows == 0
    value = {"role": "value", "indicator": "jumlah-penduduk", "time": "2024", "place": {"sex": "L"}}
    mapping = {"columns": {"0": {"role": "dimension", "key": "region"}, "1": value}}
    edition = operations.choose(actor=producer, edition=edition, revision=edition.revision, mapping=mapping)
    assert edition.findings["troubles"] == []
    reader.read_next()
    edition.refresh_from_db()
    assert (edition.rows, edition.mapping["columns"]["1"]) == (2, value)
    with pytest.raises(Conflict):
        operations.choose(actor=producer, edition=edition, revision=edition.revision - 1, table=0)


def test_what_a_file_leaves_open_is_asked_and_the_book_read_anew(large, opened, producer, contoh):
    prices = queries.dataset_by("harga-pangan")
    content = "Tanggal;Komoditas;Harga eceran\n2026-01-01;Telur ayam ras;1.234\n2026-01-02;Telur ayam ras;2.345\n"
    edition = operations.upload(actor=producer, dataset=prices, content=content.encode(), name="h.csv")
    reader = operations.Reader()
    reader.read_next()
    edition.refresh_from_db()
    assert [each["code"] for each in edition.findings["troubles"]] == ["decimal"]
    operations.repair(
        actor=producer, edition=edition, revision=edition.revision, dimension="decimal", written="", code=","
    )
    reader.read_next()
    edition.refresh_from_db()
    assert (edition.rows, edition.open_problems) == (2, 0)
    assert [answers for _name, answers in opened] == [("", None), (",", None)]


def test_one_that_cannot_be_read_says_why_and_can_only_be_discarded(large, contoh, as_role):
    client = as_role("data_producer", scope="agency", code="setda")
    file = SimpleUploadedFile("p.csv", b"no table here\n")
    address = client.post(reverse("statistics-upload"), {"dataset": "penduduk", "file": file}).url
    operations.Reader().read_next()
    edition = Edition.objects.get()
    page = client.get(address).content.decode()
    assert edition.findings["refused"]["id"] in page
    assert "serahkan" not in page
    assert post(client, "statistics-send", edition).status_code == 422
    post(client, "statistics-discard", edition)
    assert Edition.objects.get().state == states.DISCARDED
    assert not operations.Reader().read_next()


def test_one_that_ends_the_process_each_time_keeps_no_other_waiting(large, producer, population, monkeypatch):
    bad, good = sent_in(producer, population), sent_in(producer, population)

    class Killed(BaseException):
        pass

    def killed(content, name, answers):
        raise Killed

    with monkeypatch.context() as only:
        only.setattr(waiting, "open_book", killed)
        for _try in range(waiting.TRIES):
            with pytest.raises(Killed):
                operations.Reader().read_next()
    reader = operations.Reader()
    while reader.read_next():
        pass
    bad.refresh_from_db()
    good.refresh_from_db()
    assert "terlalu" in bad.findings["refused"]["id"]
    assert (bad.unread_since, good.rows) == (None, 8)


def test_of_two_readers_one_keeps_what_it_read(large, producer, population, monkeypatch):
    edition = sent_in(producer, population)
    read = waiting.read

    def meanwhile(*args, **kwargs):
        monkeypatch.setattr(waiting, "read", read)
        operations.Reader().read_next()
        return read(*args, **kwargs)

    monkeypatch.setattr(waiting, "read", meanwhile)
    operations.Reader().read_next()
    edition.refresh_from_db()
    assert (edition.rows, edition.revision, edition.unread_since) == (8, 1, None)


def test_nobody_but_the_platform_keeps_a_reading(large, producer, population):
    edition = sent_in(producer, population)
    with pytest.raises(Denied):
        operations.refuse_reading(actor=producer, edition=edition, revision=1, sentences={"en": "x", "id": "x"})


def test_the_worker_starts_one_reader_when_something_waits(large, producer, population, monkeypatch):
    started = []

    class Process:
        def __init__(self, command):
            self.ended = None
            started.append((command, self))

        def poll(self):
            return self.ended

    monkeypatch.setattr(jobs.subprocess, "Popen", Process)
    monkeypatch.setattr(jobs, "_reader", None)
    assert not jobs.read_waiting()
    sent_in(producer, population)
    assert jobs.read_waiting()
    assert not jobs.read_waiting()
    assert started[0][0][-2:] == ["statistics", "read-waiting"]
    started[0][1].ended = -9
    assert jobs.read_waiting()


def test_the_reader_ends_when_nothing_waits_or_its_parent_is_gone(large, producer, population, monkeypatch):
    edition = sent_in(producer, population)
    monkeypatch.setattr(waiting, "PAUSE", 0.0)
    monkeypatch.setattr(waiting, "LINGER", 0.05)
    operations.Reader().work(lambda: False)
    edition.refresh_from_db()
    assert edition.rows == 8
    again = sent_in(producer, population)
    operations.Reader().work(lambda: True)
    again.refresh_from_db()
    assert again.rows == 0
