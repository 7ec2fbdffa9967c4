"""Hidden insults are found, innocent words are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tepian.toolkit.wordlist import WordList

LIST = WordList(
    ["anjing", "goblok", "tai", "asu", "anal", "cunt", "ass", "kontol", "memek", "bangsat"],
    prefixes=["se", "ke"],
    suffixes=["nya", "mu", "lah", "an"],
    innocent=["anjing liar", "kotoran anjing", "gigitan anjing"],
)


@pytest.mark.parametrize(
    "text",
    [
        "anjing", "ANJING!", "dasar anjing.", "annnnjing", "annjing", "4njing", "an.jing", "a n j i n g", "a-n-j-i-n-g",
        "a.n.j.i.n.g", "an jing", "аnjing", "ánjing", "anj​ing", "anj*ing", "(anjing)", "anjingnya", "*anjing*",
    ],
)  # fmt: skip
def test_one_word_in_its_disguises(text: str) -> None:
    assert LIST.found_in(f"Kontraktor itu {text} sekali") == ["anjing"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("goblokmu", "goblok"), ("segoblok itu", "goblok"), ("gooobloook", "goblok"), ("g0bl0k", "goblok"), ("t4i", "tai"),
        ("b@ngs@t", "bangsat"), ("asss", "ass"), ("@ss", "ass"), ("k.o.n.t.o.l", "kontol"), ("a s u", "asu"),
    ],
)  # fmt: skip
def test_other_words_and_their_endings(text: str, found: str) -> None:
    assert LIST.found_in(text) == [found]


@pytest.mark.parametrize(
    "text",
    [
        "Scunthorpe", "pantai dan lantai", "santai saja", "asuransi", "kasus", "masuk", "analisis", "kanal", "Analisa",
        "memeriksa", "memekarkan", "kontrol", "kontraktor", "bangsa", "pass", "as roda", "kelas", "class", "assessment",
        "455 m", "1001 m2", "5 tahun", "Jl. Anggur 7", "Rp4.500.000", "Ada anjing liar di lokasi", "kotoran anjing di taman",
        "tahu tempe", "rantai", "petani", "cerita itu", "tipe A S U B", "Taiwan", "O'Neil", "Basuki", "pasutri", "sasaran",
        "kata i", "👷🏽‍♀️ 🚧", "", "   ", "……",
    ],
)  # fmt: skip
def test_innocent_words_stay_innocent(text: str) -> None:
    assert LIST.found_in(text) == []


def test_an_innocent_phrase_excuses_only_itself() -> None:
    assert LIST.found_in("Ada anjing liar, dasar anjing") == ["anjing"]


def test_each_word_is_told_once_in_order() -> None:
    assert LIST.found_in("goblok! anjing goblok") == ["goblok", "anjing"]


@given(st.text(max_size=300))
def test_whatever_is_written_it_ends(text: str) -> None:
    assert isinstance(LIST.found_in(text), list)


def test_five_thousand_signs_in_a_row() -> None:
    assert LIST.found_in("a" * 5000) == [] and LIST.found_in("a " * 5000) == [] and LIST.found_in(". " * 5000) == []


def test_an_empty_list_finds_nothing() -> None:
    assert WordList([]).found_in("anjing") == []
