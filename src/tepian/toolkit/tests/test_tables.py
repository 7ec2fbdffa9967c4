"""What is written is what is read, cell for cell; the shapes of the answer; wide tables made long."""

from __future__ import annotations

import json
import re
import string
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tepian.toolkit.tables import Finding, Table, Unreadable, melt, read

from .table_files import D, delimited, xlsx
from .table_sheets import POPULATION, QUARTERS, WARDS, YEARS

# Words that no reader could take for a number, a day, a note or a total; names are what offices put there.
WORDS = st.text(string.ascii_letters + "éñüçÀ '&/;,|\"", min_size=2, max_size=20).map(
    lambda text: "N" + text.strip() + "z"
)
NUMBERS = st.decimals(-(10**9), 10**9, places=3, allow_nan=False, allow_infinity=False).map(
    lambda number: number if number % 1 else number.quantize(Decimal(1))
)
DAYS = st.dates(date(1950, 1, 1), date(2099, 12, 31))
MISSING = st.sampled_from(["", "-", "…", "n/a", "tad"])
TABLES = st.lists(st.tuples(WORDS, NUMBERS, NUMBERS | MISSING, DAYS | MISSING), min_size=3, max_size=12)


def european(number: Decimal) -> str:
    return f"{number:,}".translate(str.maketrans(",.", ".,"))


def english(number: Decimal) -> str:
    return f"{number:,}"


def plain(number: Decimal) -> str:
    return f"{number:f}"


NOTATIONS = {"european": (european, ","), "english": (english, "."), "plain": (plain, ".")}
HEADER = ["Nama", "Nilai", "Besaran", "Tanggal"]


def check(table: Table, rows, mark: str) -> None:
    assert [(column.kind, column.decimal) for column in table.columns[:2]] == [("text", ""), ("number", mark)]
    read_rows = [row for row in table.rows if row.role in {"data", "total", "subtotal"}]
    assert len(read_rows) == len(rows)
    for row, wanted in zip(read_rows, rows, strict=True):
        for cell, value in zip(row.cells, wanted, strict=True):
            if isinstance(value, str) and value in {"", "-", "…", "n/a", "tad"}:
                assert cell.value is None or cell.value == value  # a column of nothing but signs is text
            else:
                assert cell.value == (" ".join(value.split(" ")) if isinstance(value, str) else value), (cell, value)


@pytest.mark.parametrize("notation", NOTATIONS)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@settings(max_examples=60, deadline=None)
@given(rows=TABLES, form=st.sampled_from(["%d-%m-%Y", "%Y-%m-%d"]))
def test_what_is_written_to_text_is_read(notation, delimiter, rows, form):
    write, mark = NOTATIONS[notation]
    # One row that proves notation and order of days, as real files have many.
    rows = [("Nawal", D("1234567.25"), D("7654321.75"), date(2025, 12, 31)), *rows]
    texts = [
        [
            write(cell) if isinstance(cell, Decimal) else cell.strftime(form) if isinstance(cell, date) else cell
            for cell in row
        ]
        for row in rows
    ]
    table = read(delimited([HEADER, *texts], delimiter), "x.csv").tables[0]
    check(table, rows, mark)
    assert [[cell.raw for cell in row.cells] for row in table.rows] == texts


@settings(max_examples=60, deadline=None)
@given(rows=TABLES)
def test_what_is_written_to_a_workbook_is_read(rows):
    rows = [("Nawal", D("1234567.25"), D("7654321.75"), date(2025, 12, 31)), *rows]
    cells = [[float(cell) if isinstance(cell, Decimal) else cell or None for cell in row] for row in rows]
    check(read(xlsx([HEADER, *cells]), "x.xlsx").tables[0], rows, "")


def test_a_book_tells_all_of_itself_as_json(tmp_path: Path):
    path = tmp_path / "buku.xlsx"
    path.write_bytes(xlsx(POPULATION.rows, POPULATION.merges))
    told = json.loads(json.dumps(read(path, path.name).as_json()))
    table = told["tables"][0]
    assert table["area"] == "A3:F9"
    assert table["columns"][2] == {
        "column": "C", "name": "Penduduk – Laki-laki", "labels": ["Penduduk (Jiwa)", "Laki-laki"], "kind": "number",
        "unit": "Jiwa", "decimal": "", "period": "",
    }  # fmt: skip
    assert table["rows"][0]["cells"][5] == {"address": "F6", "raw": "294.5", "value": "294.5"}
    assert table["rows"][2]["cells"][5] == {"address": "F8", "raw": "–", "value": None, "missing": "dash"}
    assert table["rows"][3]["role"] == "total"


def test_years_as_headings_become_rows():
    table = read(xlsx(YEARS.rows), "x.xlsx").tables[0]
    long = melt(table)
    assert [(one.keys["Kecamatan"], one.heading, one.value, one.cell.missing) for one in long[:6]] == [
        ("Utara", "2020", D("1250.5"), ""), ("Utara", "2021", 1300, ""), ("Utara", "2022", None, "ellipsis"),
        ("Utara", "2023", D("1310.25"), ""), ("Selatan", "2020", None, "dash"), ("Selatan", "2021", 210, ""),
    ]  # fmt: skip
    assert long[0].unit == "ton"
    assert len(long) == 12


def test_periods_under_a_common_heading_keep_it_as_measure():
    table = read(xlsx(QUARTERS.rows, QUARTERS.merges), "x.xlsx").tables[0]
    long = melt(table)
    assert [(one.keys["Wilayah"], one.heading, one.measure, one.value) for one in long[:3]] == [
        ("Utara", "2023-Q1", "Penerimaan Pajak – 2023", 100),
        ("Utara", "2023-Q2", "Penerimaan Pajak – 2023", 110),
        ("Utara", "2024-Q1", "Penerimaan Pajak – 2024", 120),
    ]
    assert len(melt(table, roles=("data", "total"))) == 12


def test_categories_can_be_melted_by_name_and_unknown_ones_are_told():
    table = read(xlsx(POPULATION.rows, POPULATION.merges), "x.xlsx").tables[0]
    long = melt(table, ["Penduduk – Laki-laki", "Penduduk – Perempuan"])
    assert [(one.heading, one.measure, one.value) for one in long[:2]] == [
        ("Laki-laki", "Penduduk (Jiwa)", 33512), ("Perempuan", "Penduduk (Jiwa)", 31520),
    ]  # fmt: skip
    with pytest.raises(KeyError):
        melt(table, ["Anak"])
    assert melt(read(xlsx(WARDS.rows, WARDS.merges), "x.xlsx").tables[0]) == ()


def test_several_sheets_each_with_its_name_and_hidden_ones_are_told():
    import io

    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    for name in ("2023", "2024", "Catatan"):
        sheet = book.add_worksheet(name)
        if name == "Catatan":
            sheet.write_string(0, 0, "Angka 2024 masih sementara")
            sheet.hide()
            continue
        for line, row in enumerate([["Nama", "Nilai"], ["a", 1], ["b", 2], ["c", 4]]):
            sheet.write_row(line, 0, row)
        sheet.set_row(2, None, None, {"hidden": True})
    book.close()
    read_book = read(out.getvalue(), "x.xlsx")
    assert [table.sheet for table in read_book.tables] == ["2023", "2024"]
    assert [(f.code, f.sheet) for f in read_book.findings] == [
        ("hidden_rows", "2023"), ("hidden_rows", "2024"), ("hidden_sheet", "Catatan"), ("nothing_tabular", "Catatan"),
    ]  # fmt: skip


def test_an_unnamed_total_and_doubtful_counts_are_told():
    rows = [["Wilayah", "Penduduk (jiwa)"], ["Utara", 10.5], ["Timur", 20], ["Barat", 30], ["Kota", 60.5]]
    table = read(xlsx(rows), "x.xlsx").tables[0]
    assert {f.code for f in table.findings} == {"unmarked_total", "fraction_in_count"}
    assert [row.role for row in table.rows] == ["data"] * 4


def test_per_cent_by_format_and_by_sign_do_not_mix_silently():
    rows = [["Nama", "Nilai"], ["a", 0.125], ["b", 0.5], ["c", 3]]
    table = read(xlsx(rows, (), {(1, 1): "0.0%", (2, 1): "0%"}), "x.xlsx").tables[0]
    assert [(row.cells[1].raw, row.cells[1].value) for row in table.rows] == [
        ("12.5%", D("12.5")),
        ("50%", 50),
        ("3", 3),
    ]
    assert [(f.code, f.address) for f in table.findings] == [("percent_mixed", "B4")]
    rows = [["Nama", "Nilai"], ["a", 0.125], ["b", 5], ["c", 3]]
    table = read(xlsx(rows, (), {(1, 1): "0.0%"}), "x.xlsx").tables[0]
    assert [row.cells[1].value for row in table.rows] == [None, 5, 3]
    assert [(f.code, f.address) for f in table.findings] == [("not_understood", "B2")]
    table = read(xlsx([["Nama", "Nilai"], ["a", "12,5 %"], ["b", "7%"], ["c", 0.3]]), "x.xlsx").tables[0]
    assert ("percent_mixed", "B4") in {(f.code, f.address) for f in table.findings}


def test_a_letterhead_of_several_cells_is_kept_as_title():
    rows = [
        ["PEMERINTAH KOTA", None, None, "Lampiran 1"],
        ["Tabel X"],
        ["No", "Nama", "Nilai", "Ket"],
        [1, "a", 3.5, "ok"],
    ]
    table = read(xlsx([*rows, [2, "b", 4, "-"]]), "x.xlsx").tables[0]
    assert table.titles == ("PEMERINTAH KOTA Lampiran 1", "Tabel X")


def test_numbers_that_a_spreadsheet_cuts_are_told():
    table = read(xlsx([["Nama", "Nomor"], ["a", 6472011234567890], ["b", 6472011234567891]]), "x.xlsx").tables[0]
    assert {f.code for f in table.findings} == {"digits_lost"}


def test_a_finding_speaks_both_languages():
    finding = Finding("warning", "not_understood", "B2", params={"text": "x", "kind": "number", "name": "Nilai"})
    assert "a number" in finding.sentence("en")
    assert "angka" in finding.sentence("id")
    assert finding.as_json()["sentence"]["id"] == finding.sentence("id")


SCRAPS = [
    "Nama", "Utara", "Jumlah", "Sumber: x", "12", "1.234", "1.234,5", "2020", "-", "Tabel 1", "(Rp)", "Sub Jumlah", "x y",
    "jiwa", "Januari 2024", "12*)",
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(
        st.lists(st.none() | st.tuples(st.sampled_from(SCRAPS), st.integers(100, 999)), min_size=4, max_size=4),
        min_size=2,
        max_size=9,
    )
)
def test_no_line_of_any_sheet_is_lost_in_silence(rows):
    """Whatever is strewn over a sheet: each filled line ends in a row, a label, a title, a note or a finding."""
    texts = [[cell and f"{cell[0]} q{cell[1]}" for cell in row] for row in rows]
    try:
        book = read(xlsx(texts), "x.xlsx")
    except Unreadable as refusal:
        assert refusal.code == "no_table"
        return
    lines: set[int] = set()
    words: list[str] = []
    for table in book.tables:
        lines |= {row.line for row in table.rows}
        words += [*table.titles, *table.notes, *(label for column in table.columns for label in column.labels)]
    for finding in book.all_findings():
        numbers = [int(number) for number in re.findall(r"[A-Z](\d+)", finding.address)]
        lines |= set(range(min(numbers), max(numbers) + 1)) if numbers else set()
    for line, row in enumerate(texts, 1):
        for text in filter(None, row):
            assert line in lines or any(text in word for word in words), (line, text)
