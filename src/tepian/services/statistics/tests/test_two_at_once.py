"""Two producers, two stewards, the clock: at the very same moment, by verb and by browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from tepian.kernel.actors import Conflict, Invalid, system

from .. import operations, queries, states
from ..models import Edition
from ..queries import data
from .test_editions import POPULATION, sent, workbook
from .test_pages import post, upload

HILLTOP = "99.01.01.1002"


def at_once(*work: Callable[[], Any]) -> tuple[list[Any], list[Conflict], list[BaseException]]:
    """Run all in the same moment, each with a connection of its own: what came back, who was told, what broke."""
    gate, won, told, broken = threading.Barrier(len(work)), [], [], []

    def run(one: Callable[[], Any]) -> None:
        try:
            gate.wait()
            won.append(one())
        except Conflict as refusal:
            told.append(refusal)
        except BaseException as error:
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    return won, told, broken


@pytest.fixture
def producer(contoh, actor_with):
    return actor_with("data_producer", scope="agency", code="setda")


@pytest.fixture
def stewards(contoh, actor_with):
    return [actor_with("data_steward", username=f"wali-{n}") for n in range(2)]


def of_year(year: int, riverside: int = 1200) -> bytes:
    lines = [list(line) for line in POPULATION]
    lines[0] = [f"Penduduk menurut kelurahan dan jenis kelamin, {year}"]
    lines[3][2], lines[4][1] = riverside, "Hilltop"
    return workbook(*lines)


def approve(steward, edition, **more) -> Callable[[], Edition]:
    return lambda: operations.approve_edition(actor=steward, edition=edition, checks=states.PRINCIPLES, **more)


@pytest.mark.django_db(transaction=True)
def test_of_two_stewards_who_publish_one_edition_one_does(producer, stewards):
    dataset = queries.dataset_by("penduduk")
    edition = sent(producer, dataset, of_year(2024))
    won, told, broken = at_once(*(approve(each, edition, revision=edition.revision) for each in stewards * 2))
    assert not broken
    assert [row.number for row in won] == [1]
    assert [refusal.code for refusal in told] == ["too_late"] * 3
    assert Edition.objects.get().number == 1


@pytest.mark.django_db(transaction=True)
def test_two_editions_of_one_table_published_at_once_get_two_numbers_and_lose_no_figure(producer, stewards):
    """The first of a table too, when there is no published edition yet that both could wait for."""
    dataset = queries.dataset_by("penduduk")
    for turn in range(3):
        pair = [sent(producer, dataset, of_year(2010 + 2 * turn + n)) for n in range(2)]
        won, told, broken = at_once(*(approve(who, row) for who, row in zip(stewards, pair, strict=True)))
        assert not (told or broken)
        assert {row.number for row in won} == {2 * turn + 1, 2 * turn + 2}
        public = Edition.objects.get(state=states.PUBLISHED)
        assert public.number == 2 * turn + 2
        years = {key[1] for key in data.figures_of(public, {str(year) for year in range(2010, 2020)})}
        assert years == {str(year) for year in range(2010, 2012 + 2 * turn)}


@pytest.mark.django_db(transaction=True)
def test_withdrawing_and_publishing_at_once_end_with_one_public_edition(producer, stewards):
    dataset = queries.dataset_by("penduduk")
    first = approve(stewards[0], sent(producer, dataset, of_year(2020)))()
    for turn in range(4):
        public = queries.published_edition(dataset)
        other = sent(producer, dataset, of_year(2021 + turn))
        _won, told, broken = at_once(
            approve(stewards[0], other),
            lambda row=public: operations.withdraw_edition(actor=stewards[1], edition=row, reason="Tertukar."),
        )
        assert not broken
        assert [refusal.code for refusal in told] in ([], ["moved_on"])  # it was replaced a moment before
        assert Edition.objects.filter(state=states.PUBLISHED).count() == 1
    numbers = list(Edition.objects.exclude(number=None).order_by("number").values_list("number", flat=True))
    assert numbers == list(range(1, 6))
    assert first.number == 1


@pytest.mark.django_db(transaction=True)
def test_an_embargo_that_ends_while_it_is_returned_is_one_or_the_other(producer, stewards):
    dataset = queries.dataset_by("penduduk")
    for turn in range(3):
        edition = sent(producer, dataset, of_year(2020 + turn))
        until = timezone.now() + timedelta(days=1)
        edition = approve(stewards[0], edition, embargo_until=until)()
        Edition.objects.filter(pk=edition.pk).update(embargo_until=timezone.now() - timedelta(seconds=1))
        won, told, broken = at_once(
            lambda: operations.publish_due(actor=system("test")),
            lambda row=edition: operations.return_edition(actor=stewards[1], edition=row, text="Tunggu."),
        )
        assert not broken
        edition.refresh_from_db()
        if edition.state == states.PUBLISHED:
            assert won == [1]
            assert [refusal.code for refusal in told] == ["moved_on"]
        else:
            assert edition.state == states.RETURNED
            assert (edition.number, told) == (None, [])
            operations.discard_edition(actor=producer, edition=edition)


@pytest.mark.django_db(transaction=True)
def test_of_two_producers_who_repair_one_draft_one_does(producer, stewards):
    dataset = queries.dataset_by("penduduk")
    edition = operations.upload(actor=producer, dataset=dataset, content=workbook(*POPULATION), name="p.xlsx")
    others = [replace(producer, id=f"p{n}", label=f"Produsen {n}") for n in range(4)]

    def repair(actor: Any, code: str) -> Callable[[], Edition]:
        return lambda: operations.repair(
            actor=actor, edition=edition, revision=1, dimension="region", written="Hiltop", code=code
        )

    won, told, broken = at_once(*(repair(each, HILLTOP if n % 2 else "") for n, each in enumerate(others)))
    assert not broken
    assert len(won) == 1
    assert [refusal.code for refusal in told] == ["too_late"] * 3
    row = Edition.objects.get()
    assert (row.revision, row.repairs) == (2, won[0].repairs)


@pytest.mark.django_db(transaction=True)
def test_whatever_is_done_to_the_editions_of_a_table_nobody_waits_for_ever(producer, stewards):
    """Every verb against every other, as fast as it goes: no deadlock, no number twice, one public edition."""
    dataset = queries.dataset_by("penduduk")
    approve(stewards[0], sent(producer, dataset, of_year(2019)))()
    drafts = [
        operations.upload(actor=producer, dataset=dataset, content=of_year(2020 + n), name="p.xlsx") for n in range(2)
    ]

    def again(verb: Callable[[Edition], Any]) -> Callable[[], None]:
        def run() -> None:
            for turn in range(12):
                with suppress(Conflict, Invalid):
                    verb(Edition.objects.select_related("dataset").get(pk=drafts[turn % 2].pk))

        return run

    def change(row: Edition) -> Any:
        return operations.repair(
            actor=producer, edition=row, revision=row.revision, dimension="region", written="Nirgendwo", code=HILLTOP
        )

    def send(row: Edition) -> Any:
        return operations.send_edition(actor=producer, edition=row, revision=row.revision, reason="Perbaikan.")

    def withdraw(_row: Edition) -> Any:
        public = queries.published_edition(dataset)
        return public and operations.withdraw_edition(actor=stewards[1], edition=public, reason="Salah.")

    verbs: Sequence[Callable[[Edition], Any]] = (
        change,
        send,
        lambda row: operations.add_remark(actor=stewards[0], edition=row, text="Benar?"),
        lambda row: operations.return_edition(actor=stewards[1], edition=row, text="Lihat lagi."),
        lambda row: approve(stewards[0], row)(),
        withdraw,
    )
    _won, _told, broken = at_once(*(again(verb) for verb in verbs))
    assert not broken
    assert Edition.objects.filter(state=states.PUBLISHED).count() <= 1
    numbers = list(Edition.objects.exclude(number=None).values_list("number", flat=True))
    assert len(set(numbers)) == len(numbers)


# --- by browser -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_the_slower_one_typed_stays_on_the_page(contoh, as_role):
    first = as_role("data_producer", scope="agency", code="setda", username="satu")
    second = as_role("data_producer", scope="agency", code="setda", username="dua")
    steward, other = as_role("data_steward", username="wali-a"), as_role("data_steward", username="wali-b")
    edition, _address = upload(first, *POPULATION)
    seen = edition.revision
    post(first, "statistics-repair", edition, dimension="region", written="Hiltop", code=HILLTOP)
    refused = post(
        second, "statistics-repair", edition, revision=seen, dimension="region", written="Hiltop", code="99.01.01.1003"
    )
    page = refused.content.decode()
    assert refused.status_code == 409
    assert 'id="error-summary"' in page
    assert "Galat:" in page.split("</title>")[0]
    assert "99.01.01.1003" in page.split('id="error-summary"')[1].split("</dl>")[0]
    post(first, "statistics-send", edition)
    late = post(second, "statistics-send", edition, revision=seen, reason="Salah ketik di sumber")
    assert late.status_code == 409
    assert "Salah ketik di sumber" in late.content.decode()  # the form is gone, the words are not
    seen = Edition.objects.get().revision
    post(steward, "statistics-return", edition, text="Lengkapi Mangrove.")
    for name, form in (
        ("statistics-approve", {"checks": states.PRINCIPLES, "embargo": "2030-01-01T08:00"}),
        ("statistics-return", {"text": "Tanggalnya keliru."}),
        ("statistics-remark", {"text": "Lihat C4.", "address": "C4"}),
    ):
        refused = post(other, name, edition, revision=seen, **form)
        assert refused.status_code == 409, name
        for text in form.values():
            assert isinstance(text, tuple) or text in refused.content.decode(), (name, text)


@pytest.mark.django_db
def test_a_steward_publishes_what_was_looked_at_and_nothing_sent_since(contoh, as_role):
    producer = as_role("data_producer", scope="agency", code="setda")
    steward, other = as_role("data_steward", username="wali-a"), as_role("data_steward", username="wali-b")
    edition, _address = upload(producer, *POPULATION)
    post(producer, "statistics-repair", edition, dimension="region", written="Hiltop", code=HILLTOP)
    post(producer, "statistics-send", edition)
    looked_at = Edition.objects.get().revision
    post(other, "statistics-return", edition, text="Salah tahun.")
    post(producer, "statistics-repair", edition, dimension="region", written="Hiltop", code="")
    post(producer, "statistics-send", edition)
    refused = post(steward, "statistics-approve", edition, revision=looked_at, checks=states.PRINCIPLES)
    assert refused.status_code == 409
    assert Edition.objects.get().state == states.SENT


@pytest.mark.django_db
def test_a_refused_form_keeps_what_was_ticked_and_typed(contoh, as_role):
    producer, steward = as_role("data_producer", scope="agency", code="setda"), as_role("data_steward")
    edition, _address = upload(producer, *POPULATION)
    post(producer, "statistics-repair", edition, dimension="region", written="Hiltop", code=HILLTOP)
    post(producer, "statistics-send", edition)
    refused = post(steward, "statistics-approve", edition, checks=states.PRINCIPLES[:2], embargo="2030-01-01T08:00")
    page = refused.content.decode()
    assert refused.status_code == 422
    assert [f'value="{each}" checked' in page for each in states.PRINCIPLES] == [True, True, False, False]
    assert 'value="2030-01-01T08:00"' in page
    assert steward.post(reverse("statistics-approve", args=[edition.key])).status_code == 409  # without what was seen
    refused = post(steward, "statistics-remark", edition, text="", address="C4")
    assert refused.status_code == 422
    assert 'value="C4"' in refused.content.decode()
