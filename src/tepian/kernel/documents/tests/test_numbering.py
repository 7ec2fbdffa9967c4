"""Numbers of letters: no gap, no double, however many take one at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from django.db import connection, connections, transaction
from django.utils import translation

from tepian.kernel.actors import Conflict, Invalid, NotFound, system
from tepian.kernel.documents import numbering
from tepian.kernel.documents.models import Letterhead, TakenNumber

RULE = "{number:03d}/{classification}/{office}/{month_roman}/{year}"
DAY = date(2026, 11, 27)
WARD = "ward-99.01.01.1001"


def take(subject: str, on: date = DAY, rule: str = RULE, **more: str) -> numbering.Number:
    with transaction.atomic():
        return numbering.take(
            series="letters", office=WARD, on=on, rule=rule, subject=subject, **{"classification": "470"} | more
        )


def test_numbers_run_in_a_year_and_begin_again(contoh):
    assert [take(f"letter/{n}").text for n in range(3)] == [
        "001/470/01.1001/XI/2026",
        "002/470/01.1001/XI/2026",
        "003/470/01.1001/XI/2026",
    ]
    assert take("letter/next-year", date(2027, 1, 2)).text == "001/470/01.1001/I/2027"
    assert take("letter/1") == numbering.Number("002/470/01.1001/XI/2026", 2), "a request that comes twice takes one"
    with transaction.atomic():
        other = numbering.take(
            series="letters", office="bpbd", on=DAY, rule=RULE, subject="letter/x", classification="3"
        )
    assert other.text == "001/3/BPBD/XI/2026", "each office counts for itself"
    Letterhead.objects.update_or_create(office=WARD, defaults={"number_code": "KEL-TS"})
    assert take("letter/4").text == "004/470/KEL-TS/XI/2026"


def test_what_fails_takes_no_number_and_a_cancelled_one_is_never_given_again(contoh):
    take("letter/1")
    with pytest.raises(RuntimeError, match="breaks"), transaction.atomic():
        numbering.take(series="letters", office=WARD, on=DAY, rule=RULE, subject="letter/2", classification="470")
        raise RuntimeError("breaks")
    assert take("letter/3").value == 2
    numbering.cancel(actor=system("tests"), subject="letter/3", reason="Salah orang")
    assert take("letter/3").value == 3, "the subject's own number is gone for good too"
    kept = TakenNumber.objects.get(value=2)
    assert (kept.reason, kept.cancelled_at is not None) == ("Salah orang", True)
    assert numbering.number_of("letter/3").value == 3
    numbering.cancel(actor=system("tests"), subject="letter/3", reason="Lagi")
    with pytest.raises(Conflict):
        numbering.cancel(actor=system("tests"), subject="letter/3", reason="Lagi")
    with pytest.raises(NotFound):
        numbering.cancel(actor=system("tests"), subject="letter/9", reason="Lagi")


def test_an_earlier_day_gets_a_suffix(contoh):
    take("letter/1", date(2026, 11, 20))
    take("letter/2", date(2026, 11, 26))
    assert take("letter/late", date(2026, 11, 21)).text == "001.01/470/01.1001/XI/2026"
    assert take("letter/later", date(2026, 11, 22)).text == "001.02/470/01.1001/XI/2026"
    assert take("letter/3").text == "003/470/01.1001/XI/2026", "what was put in moves nobody's number"
    assert take("letter/first", date(2026, 1, 2)).text == "000.01/470/01.1001/I/2026"


@pytest.mark.parametrize(
    ("rule", "code", "item"),
    [
        ("{number}/{year", "rule_brace", ""),
        ("{number}/{tahun}/{year}", "rule_part", "tahun"),
        ("{number}/{}/{year}", "rule_part", ""),
        ("{number.real}/{year}", "rule_part", "number.real"),
        ("{number:0999d}/{year}", "rule_form", "number"),
        ("{number!r}/{year}", "rule_form", "number"),
        ("{office}/{year}", "rule_needs", "number"),
        ("{number}/{office}", "rule_needs", "year"),
        ("{number}-{number}/{year}", "rule_needs", "number"),
        ("", "rule_length", ""),
        ("x" * 101, "rule_length", ""),
    ],
)
def test_a_bad_rule_is_refused_by_the_part_at_fault(db, rule, code, item):
    with pytest.raises(Invalid) as refused:
        numbering.check_rule(rule)
    assert (refused.value.code, refused.value.item, refused.value.field) == (code, item, "rule")
    assert "Tidak ada yang disimpan" in str(refused.value.message)
    with translation.override("en"):
        assert "Nothing was saved" in str(refused.value.message)


def test_a_rule_shows_what_it_writes(db):
    assert numbering.sample("{security}-{number:04d}/{office}/{day}.{month}/{year}") == "B-0007/05.1003/27.11/2026"


def test_a_classification_that_is_missing_takes_no_number(contoh):
    with pytest.raises(Invalid) as refused:
        take("letter/1", classification="")
    assert refused.value.code == "no_classification"
    assert not TakenNumber.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_get_one_to_ten():
    start = threading.Barrier(10)

    def one(number: int) -> int:
        try:
            start.wait(10)
            return take(f"letter/{number}").value
        finally:
            connections["default"].close()

    connection.close()
    with ThreadPoolExecutor(10) as pool:
        assert sorted(pool.map(one, range(10))) == list(range(1, 11))
    assert [each.value for each in TakenNumber.objects.order_by("value")] == list(range(1, 11))


@pytest.mark.django_db(transaction=True)
def test_a_number_needs_a_transaction():
    with pytest.raises(RuntimeError, match="transaction"):
        numbering.take(series="letters", office=WARD, on=DAY, rule="{number}/{year}", subject="letter/1")
