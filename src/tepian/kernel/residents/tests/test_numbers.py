"""NIK and KK: what is refused, what is only a warning. All numbers are made up."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tepian.kernel.actors import Invalid

from ..numbers import FEMALE, MALE, compose_nik, masked, mismatches, read_kk, read_nik

TODAY = date(2026, 11, 27)


def test_a_woman_has_forty_added_to_her_day() -> None:
    nik = read_nik("9901014501900001", today=TODAY)
    assert (nik.sex, nik.births, nik.district, nik.serial) == (FEMALE, (date(1990, 1, 5),), "99.01.01", 1)


def test_two_digits_of_a_year_can_mean_two_people() -> None:
    assert read_nik("9901010501200001", today=TODAY).births == (date(2020, 1, 5), date(1920, 1, 5))
    assert read_nik("9901010501300001", today=TODAY).births == (date(1930, 1, 5),), "2030 has not come"


@pytest.mark.parametrize(
    "written", ["9901 0145 0190 0001", "9901014501.90.0001", " 9901014501900001 ", "990101-450190-0001"]
)
def test_people_write_spaces_dots_and_hyphens(written: str) -> None:
    assert read_nik(written, today=TODAY).text == "9901014501900001"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("990101450190001", "nik_length"),
        ("99010145019000011", "nik_length"),
        ("", "nik_length"),
        ("99010145019000O1", "nik_digits"),
        ("٩٩٠١٠١٤٥٠١٩٠٠٠٠١", "nik_digits"),
        ("9901013502900001", "nik_date"),
        ("9901017202900001", "nik_date"),
        ("9901014513900001", "nik_date"),
        ("9901014501900000", "nik_serial"),
    ],
)
def test_what_is_no_nik(written: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_nik(written, today=TODAY)
    assert refused.value.code == code


def test_the_refusal_says_how_many_were_written() -> None:
    with pytest.raises(Invalid) as refused:
        read_nik("990101450190001", today=TODAY)
    assert "15" in str(refused.value.message)


def test_a_mismatch_is_a_warning() -> None:
    nik = read_nik("9901014501900001", today=TODAY)
    assert mismatches(nik, sex=MALE, born_on=date(1990, 1, 6), districts={"99.01.02"}) == ["sex", "birth", "district"]
    assert mismatches(nik, sex=FEMALE, born_on=date(1990, 1, 5), districts={"99.01.01"}) == []
    assert mismatches(nik) == []


def test_a_family_card_has_the_day_of_recording_without_forty() -> None:
    card = read_kk("9901010501200007", today=TODAY)
    assert card.recorded[0] == date(2020, 1, 5) and card.serial == 7
    for wrong, code in (("9901014501200007", "kk_date"), ("9901010501200000", "kk_serial"), ("12", "kk_length")):
        with pytest.raises(Invalid) as refused:
            read_kk(wrong, today=TODAY)
        assert refused.value.code == code


def test_masked_shows_district_and_serial_only() -> None:
    assert masked("9901014501900001") == "990101••••••0001"


@given(born=st.dates(date(1905, 1, 1), TODAY), sex=st.sampled_from([MALE, FEMALE]), serial=st.integers(1, 9999))
def test_what_a_registry_composes_is_read_back(born: date, sex: str, serial: int) -> None:
    nik = read_nik(compose_nik("99.01.02", sex, born, serial), today=TODAY)
    assert (nik.district, nik.sex, nik.serial) == ("99.01.02", sex, serial) and born in nik.births
    assert mismatches(nik, sex=sex, born_on=born) == []


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for reader in (read_nik, read_kk):
        try:
            reader(text, today=TODAY)
        except Invalid as refused:
            assert refused.code.split("_")[1] in {"digits", "length", "date", "serial"}
