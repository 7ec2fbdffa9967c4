"""The public pages of figures: what they show, what they do not show, and what they say to odd questions."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest
from django.utils import timezone, translation
from lxml import html

from tepian.kernel.actors import system
from tepian.kernel.catalogue import pagecache

from .. import operations, queries, states
from ..queries import public
from .public_city import (  # noqa: F401 - fixtures
    FILES,
    PAGE,
    _cities,
    _corrected,
    _population,
    _producer,
    _steward,
    body,
    cells,
    read,
    table_of,
    text,
    years,
)
from .test_editions import published, workbook

pytestmark = pytest.mark.django_db


# --- the catalogue ----------------------------------------------------------------------------------------------------


def test_the_catalogue_shows_the_newest_value_its_direction_and_what_comes_next(client, population):
    page = read(client, "/data")
    (card,) = page.cssselect("a.kartu")
    assert card.get("href") == PAGE
    shown = text(card)
    assert "Jumlah penduduk" in shown and "24.200 orang" in shown and "2025" in shown
    assert "naik 4,3 %" in shown
    assert card.cssselect("svg.spark polyline")
    assert "Penduduk menurut kelurahan dan jenis kelamin, 2026" in text(page)
    assert "31 Maret 2027" in text(page)


@pytest.mark.parametrize("words", ["warga", "populasi", "jumlah pendudk", "Population", "penduduk"])
def test_search_knows_synonyms_english_and_misspellings(client, population, words):
    assert len(read(client, f"/data?q={words}").cssselect("a.kartu")) == 1


def test_search_that_finds_nothing_says_what_to_do(client, population):
    page = read(client, "/data?q=zzzzqqq")
    assert not page.cssselect("a.kartu")
    assert page.cssselect(".empty")
    assert read(client, "/data?tema=Kependudukan&instansi=setda").cssselect("a.kartu")
    assert not read(client, "/data?tema=Ekonomi").cssselect("a.kartu")
    assert not read(client, "/data?instansi=bpbd").cssselect("a.kartu")


def test_an_empty_city_has_an_empty_catalogue_and_a_page_of_what_is_to_come(client, contoh):
    assert read(client, "/data").cssselect(".empty")
    page = read(client, PAGE)
    assert page.cssselect(".empty")
    assert "Orang yang terdaftar di kelurahan" in text(page)
    for kind in FILES:
        assert client.get(f"{PAGE}.{kind}").status_code == 404


def test_what_is_not_published_does_not_appear(client, producer, steward, contoh):
    edition = operations.upload(
        actor=producer, dataset=queries.dataset_by("penduduk"), content=years(), name="draft.xlsx"
    )
    edition = operations.send_edition(actor=producer, edition=edition, revision=edition.revision)
    until = timezone.now() + timedelta(days=1)
    operations.approve_edition(actor=steward, edition=edition, checks=states.PRINCIPLES, embargo_until=until)
    assert not read(client, "/data").cssselect("a.kartu")
    assert "24.200" not in text(read(client, PAGE))
    read(client, f"{PAGE}?edisi=1", 404)
    assert client.get(f"{PAGE}.csv").status_code == 404


def test_english_pages_speak_english(client, population):
    assert "Population" in text(read(client, "/en/data"))
    page = read(client, f"/en{PAGE}")
    assert "Population 2025: 24,200 people, up 4.3% from 2024" in text(page)
    assert "/en/data/jumlah-penduduk.csv" in {link.get("href") for link in page.cssselect("a.unduh")}
    rows = list(csv.DictReader(io.StringIO(body(client, f"/en{PAGE}.csv").decode())))
    assert rows[0]["Sex"] == "Male" and rows[0]["Unit"] == "people"


# --- the page of a figure ---------------------------------------------------------------------------------------------


def test_the_title_is_the_finding_and_everything_about_the_figure_is_there(client, population):
    page = read(client, PAGE)
    assert text(page.cssselect("#grafik")[0]) == "Jumlah penduduk 2025: 24.200 orang, naik 4,3 % dari 2024"
    assert page.cssselect("svg.chart")[0].get("aria-label").startswith("Jumlah penduduk 2025")
    assert page.cssselect(".angka")[0].text == "24.200 orang"
    whole = text(page)
    for wanted in (
        "Orang yang terdaftar di kelurahan pada 31 Desember.",  # definition
        "Definisi", "Satuan", "Registrasi penduduk (2024)", "Kompilasi data administrasi",  # MS-Ind, MS-Keg
        "Sekretariat", "tahunan", "31 Maret 2027", "CC-BY-4.0", "Edisi 1",
    ):  # fmt: skip
        assert wanted in whole, wanted
    assert "edisi=1" in page.cssselect("#kutipan")[0].text
    assert len(page.cssselect("section .table tbody tr")) == 25
    assert client.get(PAGE).get("Content-Security-Policy")


def test_the_map_has_classes_a_legend_and_a_word_for_each_ward(client, population):
    page = read(client, PAGE)
    drawn = page.cssselect("figure.tingkat svg[role=img] g[class^=k] > title")
    assert {title.text for title in drawn} >= {"Riverside: 2.840 orang", "Mangrove: 6.840 orang"}
    assert len(page.cssselect("figure.tingkat figcaption li")) == 5
    assert len({title.getparent().get("class") for title in drawn}) == 5


def test_filters_are_in_the_address_and_reach_page_table_and_files(client, population):
    query = "?dari=2023&sampai=2024&sex=L&wilayah=99.01.01.1001"
    page = read(client, PAGE + query)
    assert text(page.cssselect("#grafik")[0]).startswith("Jumlah penduduk, Riverside, Laki-laki 2024: 1.300 orang")
    assert text(page.cssselect("#angka")[0]).startswith("2 ")
    for link in page.cssselect("a.unduh"):
        for part in query[1:].split("&"):
            assert part in link.get("href")
    rows = table_of(client, query)
    assert [row[1] for row in rows[1:]] == ["2023", "2024"]
    assert [row[6] for row in rows[1:]] == ["1200", "1300"]
    answer = json.loads(body(client, f"{PAGE}.json{query}"))
    assert [row["value"] for row in answer["rows"]] == [1200, 1300]
    assert answer["filters"] == {"from": "2023", "until": "2024", "region": ["99.01.01.1001"], "sex": ["L"]}
    checked = {box.get("value") for box in page.cssselect("input[type=checkbox]") if box.get("checked") is not None}
    assert checked == {"L", "99.01.01.1001"}
    assert [row[1] for row in table_of(client, "?tahun=2022")[1:]] == ["2022"] * 10


def test_a_code_may_be_written_as_its_name(client, population):
    page = read(client, f"{PAGE}?wilayah=riverside&sex=wanita")
    assert text(page.cssselect("#grafik")[0]).startswith("Jumlah penduduk, Riverside, Perempuan 2025: 1.440 orang")
    links = [link.get("href") for link in page.cssselect("a.unduh")]
    assert all("wilayah=99.01.01.1001" in link and "sex=P" in link for link in links)


def test_split_shows_lines_side_by_side_and_their_numbers(client, population):
    page = read(client, f"{PAGE}?per=sex")
    assert "most in" not in text(page)
    assert "tertinggi Perempuan" in text(page.cssselect("#grafik")[0])
    chart = page.cssselect("figure.grafik svg.chart")[0]
    assert len(chart.cssselect("path.garis")) == 2
    (pivot,) = [each for each in page.cssselect("details table") if "Laki-laki" in text(each.cssselect("thead")[0])]
    assert cells(pivot.cssselect("tbody tr")[0]) == ["2025", "12.200", "12.000"]
    wards = read(client, f"{PAGE}?per=wilayah")
    assert len(wards.cssselect("figure.grafik svg.chart path.garis")) == 5
    bars = read(client, f"{PAGE}?tahun=2025")
    assert len(bars.cssselect("figure.grafik svg.chart rect")) == 5, "one period: its parts as bars"
    together = read(client, f"{PAGE}?sex=L&sex=P&per=-")
    assert "24.200 orang" in text(together.cssselect("#grafik")[0])


def test_cities_stand_side_by_side(client, cities):
    page = read(client, "/data/persen-miskin")
    assert "4,21 %" in text(page.cssselect("#grafik")[0]) and "turun 0,24 poin" in text(page.cssselect("#grafik")[0])
    page = read(client, "/data/persen-miskin?wilayah=99.01&wilayah=98.01")
    chart = page.cssselect("figure.grafik svg.chart")[0]
    assert len(chart.cssselect("path.garis")) == 2
    assert {"Kota Contoh", "Kota Tetangga"} <= {node.text for node in chart.cssselect("text.label")}
    (pivot,) = [each for each in page.cssselect("details table") if "Kota Tetangga" in text(each.cssselect("thead")[0])]
    assert cells(pivot.cssselect("tbody tr")[-1]) == ["2023", "6,20", "4,59"]
    assert not page.cssselect("figure.tingkat"), "cities are no wards: no map"
    assert "Kota lain" not in text(page.cssselect("#saring")[0])


def test_a_table_of_one_city_says_what_a_comparison_needs(client, producer, steward):
    lines = [
        ["Tahun", "Wilayah", "Persentase penduduk miskin"],
        [2024, "Kota Contoh", 4.45],
        [2025, "Kota Contoh", 4.2],
    ]
    published(producer, steward, queries.dataset_by("kemiskinan"), workbook(*lines))
    page = read(client, "/data/persen-miskin")
    assert "Kota lain dapat dibandingkan" in text(page.cssselect("#saring")[0])


def test_the_table_is_sorted_by_links_and_paged(client, population):
    first = read(client, f"{PAGE}?urut=nilai").cssselect("section[aria-labelledby=angka] tbody tr")
    assert "1.000" in text(first[0])
    heads = read(client, f"{PAGE}?urut=-nilai").cssselect("th[aria-sort=descending] a")
    assert len(heads) == 1 and "urut=nilai" in heads[0].get("href")
    page = read(client, PAGE)
    assert len(page.cssselect("section[aria-labelledby=angka] tbody tr")) == 25
    (older,) = page.cssselect("nav.pages a[rel~=next]")
    second = read(client, older.get("href"))
    assert len(second.cssselect("section[aria-labelledby=angka] tbody tr")) == 25
    assert not second.cssselect("nav.pages a[rel~=next]") and second.cssselect("nav.pages a[rel~=prev]")
    assert not read(client, f"{PAGE}?hal=9").cssselect("section[aria-labelledby=angka] tbody tr")


# --- suppressed, provisional, withdrawn -------------------------------------------------------------------------------


def test_provisional_figures_say_so(client, producer, steward, contoh):
    dataset = queries.dataset_by("layanan-112")
    figures = {
        ("kejadian-112-selesai", "2026-09"): (120.0, ""),
        ("kejadian-112-selesai", "2026-10"): (130.0, ""),
        ("kejadian-112-selesai", "2026-11"): (90.0, states.PROVISIONAL),
    }
    assert operations.publish_computed(actor=system("tests"), dataset=dataset, figures=figures)
    page = read(client, "/data/kejadian-112-selesai")
    assert "November 2026: 90 kejadian, turun 30,8 % dari Oktober 2026" in text(page.cssselect("#grafik")[0])
    assert "sementara" in text(page.cssselect(".card")[0])
    assert page.cssselect("svg.chart circle.hampa")
    rows = list(csv.reader(io.StringIO(body(client, "/data/kejadian-112-selesai.csv").decode())))
    assert [row[-1] for row in rows[1:]] == ["", "", "sementara"]


def test_every_edition_can_be_read_and_says_what_it_is(client, corrected):
    page = read(client, PAGE)
    assert "24.250 orang" in text(page.cssselect("#grafik")[0])
    history = text(page.cssselect("section[aria-labelledby=riwayat]")[0])
    assert "Edisi 2" in history and "Edisi 1" in history and "Counted twice." in history
    old = read(client, f"{PAGE}?edisi=1")
    assert "24.200 orang" in text(old.cssselect("#grafik")[0])
    assert "edisi 1" in text(old.cssselect(".notice[role=status]")[0])
    assert "24.200" in text(old.cssselect(".angka")[0])
    links = {link.get("href") for link in old.cssselect("a.unduh")}
    assert f"{PAGE}.csv?edisi=1" in links
    assert json.loads(body(client, f"{PAGE}.json?edisi=1"))["edition"]["number"] == 1
    assert json.loads(body(client, f"{PAGE}.json"))["edition"] == {
        "number": 2, "published_at": corrected.published_at.isoformat(), "reason": "Counted twice.",
    }  # fmt: skip


def test_a_withdrawn_edition_leaves_its_notice_and_no_figures(client, steward, corrected):
    assert "24.250" in text(read(client, PAGE))
    operations.withdraw_edition(actor=steward, edition=corrected, reason="The correction was wrong.")
    page = read(client, PAGE)
    assert "24.200 orang" in text(page.cssselect("#grafik")[0])
    assert "The correction was wrong." in text(page.cssselect(".notice[role=status]")[0])
    gone = read(client, f"{PAGE}?edisi=2", 410)
    assert "The correction was wrong." in text(gone.cssselect(".notice[role=status]")[0])
    assert "24.250" not in text(gone) and not gone.cssselect("svg.chart, a.unduh, figure.tingkat")
    for kind in FILES:
        answer = client.get(f"{PAGE}.{kind}?edisi=2")
        assert answer.status_code == 404 and b"24250" not in answer.content
    assert "The correction was wrong." in text(read(client, "/data"))


def test_a_page_in_memory_is_never_older_than_a_withdrawal(client, steward, population):
    pagecache.forget_all()
    assert "24.200" in text(read(client, PAGE)) and "24.200" in text(read(client, PAGE))
    operations.withdraw_edition(actor=steward, edition=population, reason="Wrong year.")
    page = read(client, PAGE)
    assert "24.200" not in text(page) and "Wrong year." in text(page)
    assert client.get(f"{PAGE}.svg").status_code == 404


# --- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/data/tidak-ada", 404),
        ("/data/tidak-ada.csv", 404),
        (f"{PAGE}.exe", 404),
        (f"{PAGE}?edisi=7", 404),
        (f"{PAGE}?edisi=x", 404),
        (f"{PAGE}?edisi=1' OR '1'='1", 404),
        (f"{PAGE}?dari=kemarin", 422),
        (f"{PAGE}?sampai=2024-13", 422),
        (f"{PAGE}?sex=X", 422),
        (f"{PAGE}?sex=L' OR 1=1 --", 422),
        (f"{PAGE}?wilayah=%00", 422),
        (f"{PAGE}?wilayah=../../etc/passwd", 422),
        (f"{PAGE}?per=value; DROP TABLE x", 422),
        (f"{PAGE}?urut=status); DELETE", 422),
        (f"{PAGE}?hal=0", 422),
        (f"{PAGE}?hal=-1", 422),
        (f"{PAGE}?hal=999999999999", 422),
        (f"{PAGE}?hal=%C2%B2", 422),
        (f"{PAGE}.csv?sex=<script>", 422),
        (f"{PAGE}.png?dari=2024'", 422),
    ],
)
def test_what_does_not_exist_is_said_in_a_sentence(client, population, address, status):
    answer = client.get(address)
    assert answer.status_code == status
    assert b"<script>" not in answer.content.replace(b"<script src", b"")
    said = text(html.fromstring(answer.content.decode()).cssselect("main")[0])
    assert len(said) > 60
    if "edisi=" in address:
        assert "Edisi itu tidak ada." in said
    if status == 422:
        assert "tidak ada di sini. Pilih periode atau kode dari daftar." in said


@pytest.mark.parametrize(
    "query",
    [
        "?sampai=1999",
        "?dari=2025&sampai=2021",
        "?hal=900",
        "?utm_source=x&q=y&unknown=1",
        "?sex=&wilayah=",
        "?dari=2025",
    ],
)
def test_odd_but_harmless_questions_have_an_answer(client, population, query):
    read(client, PAGE + query)
    for kind in FILES:
        assert client.get(f"{PAGE}.{kind}{query}").status_code == 200, kind


def test_search_takes_any_text(client, population):
    for words in ("%00", "<script>alert(1)</script>", "'" * 500, "%F0%9F%98%80", "%ED%A0%80", "a" * 5000):
        answer = client.get(f"/data?q={words}&hal=99999999999&tema=%00")
        assert answer.status_code == 200
        assert b"<script>alert" not in answer.content


# --- parts ------------------------------------------------------------------------------------------------------------


def test_classes_hold_every_value_and_none_is_empty():
    for values in ([1.0], [1.0, 1.0, 1.0], [1.0, 2.0], list(map(float, range(59))), [0.0] * 40 + [5.0, 9.0]):
        shades = public.classes(values)
        assert 1 <= len(shades) <= 5
        for shade in shades:
            assert any(shade.low <= value <= shade.high for value in values)
        assert all(sum(shade.low <= value <= shade.high for shade in shades) == 1 for value in values)
    assert public.classes([]) == []


@pytest.mark.parametrize(
    ("period", "name", "short"),
    [
        ("2025", "2025", "2025"),
        ("2025-Q2", "triwulan 2 2025", "TW2 2025"),
        ("2025-S1", "semester 1 2025", "S1 2025"),
        ("2025-03", "Maret 2025", "Mar 2025"),
        ("2025-03-05", "5 Maret 2025", "5 Mar 2025"),
    ],
)
def test_periods_have_names(period, name, short):
    with translation.override("id"):
        assert public.period_name(period) == name
        assert public.period_name(period, short=True) == short
