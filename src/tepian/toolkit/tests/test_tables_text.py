"""CSV and HTML: encodings, delimiters, quotes, rejected rows, both notations; and the real files."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal

import pytest

from tepian.toolkit.tables import read

from .table_files import D, delimited

ROWS = [
    ["Nama", "Nilai", "Luas"],
    ["Désa Ñ", "1.234,5", "2,5"],
    ["Muara “A”", "10.000,25", "1.000"],
    ["Ulu", "7", "0,75"],
]
VALUES = [["Désa Ñ", D("1234.5"), D("2.5")], ["Muara “A”", D("10000.25"), D(1000)], ["Ulu", D(7), D("0.75")]]


def values(table, *roles):
    return [[cell.value for cell in row.cells] for row in table.rows if not roles or row.role in roles]


def column(texts, header="Nilai", **options):
    """The values and findings of one column beside a column of names."""
    data = delimited(
        [["Nama", header], *([f"baris {letter}", text] for letter, text in zip("abcdefgh", texts, strict=False))], ";"
    )
    table = read(data, "x.csv", **options).tables[0]
    return [row.cells[1].value for row in table.rows], {f.code: f for f in table.findings}, table.columns[1]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encodings_and_delimiters(delimiter, encoding):
    book = read(delimited(ROWS, delimiter, encoding), "x.csv")
    assert book.delimiter == delimiter
    assert book.encoding == encoding
    assert values(book.tables[0]) == VALUES
    assert {f.code for f in book.all_findings() if f.level != "info"} == (
        {"encoding_guessed"} if encoding == "cp1252" else set()
    )


def test_a_line_that_names_the_delimiter_and_quotes_with_line_ends():
    book = read(b'sep=|\r\nNama|Catatan\r\n"a ""b"""|"satu\ndua"\r\nc|d, e; f\r\n', "x.csv")
    assert values(book.tables[0]) == [['a "b"', "satu dua"], ["c", "d, e; f"]]
    assert book.tables[0].rows[0].cells[1].raw == "satu\ndua"
    book = read(b'Nama;Nilai\na;"1\nb;2\nc;3\n', "x.csv")
    assert "quotes_broken" in {f.code for f in book.findings}


def test_a_row_with_too_many_fields_is_rejected_not_shifted():
    table = read(b"Nama,Laki,Perempuan\na,10,20\nb,1,234,20\nc,5,6\nd,7\n", "x.csv").tables[0]
    assert [row.role for row in table.rows] == ["data", "rejected", "data", "data"]
    assert values(table, "data") == [["a", 10, 20], ["c", 5, 6], ["d", 7, None]]
    assert {(f.code, f.address) for f in table.findings} == {("too_many_fields", "A3:D3"), ("too_few_fields", "A5")}


@pytest.mark.parametrize(
    ("texts", "expected", "mark"),
    [
        (["1.234,56", "7"], ["1234.56", "7"], ","),
        (["1,234.56", "7"], ["1234.56", "7"], "."),
        (["1234.56", "7"], ["1234.56", "7"], "."),
        (["1.234.567", "1.234"], ["1234567", "1234"], ","),
        (["1,234,567", "1,234"], ["1234567", "1234"], "."),
        (["0.125", "1.234"], ["0.125", "1.234"], "."),
        (["12.345,0", "1.234"], ["12345.0", "1234"], ","),
        (["1 234 567,5", "1.234"], ["1234567.5", "1234"], ","),
        (["(1.500)", "2,25"], ["-1500", "2.25"], ","),
        (["-1,5", "−2,5", "3,5-", "+4,5"], ["-1.5", "-2.5", "-3.5", "4.5"], ","),
        (["12*)", "13 1)", "14,5²"], ["12", "13", "14.5"], ","),
        (["1,5E+03", "2"], None, ""),
        (["1.5E+03", "2"], ["1500", "2"], "."),
        (["Rp 1.500.000,-", "Rp2.000"], ["1500000", "2000"], ","),
        (["1,23,456", "2", "3", "4"], [None, "2", "3", "4"], ""),
    ],
)
def test_numbers_in_either_notation(texts, expected, mark):
    found, codes, about = column(texts)
    if expected is None:
        assert about.kind == "text"
        assert "mixed_column" in codes
    else:
        assert found == [None if one is None else Decimal(one) for one in expected]
        assert about.decimal == mark


def test_what_can_be_read_two_ways_is_not_guessed():
    found, codes, _about = column(["1.234", "5.678", "910"])
    assert found == [None, None, 910]
    assert codes["ambiguous_numbers"].level == "error"
    assert codes["ambiguous_numbers"].params["cells"] == ["B2", "B3"]
    assert column(["1.234", "5.678"], decimal=",")[0] == [1234, 5678]
    assert column(["1.234", "5.678"], decimal=".")[0] == [D("1.234"), D("5.678")]
    assert column(["1.234,5", "5.678,5"], decimal=".")[0] == [D("1234.5"), D("5678.5")]  # proof beats the answer
    found, codes, _about = column(["1.234", "5.678"], "Penduduk (jiwa)")
    assert found == [1234, 5678]
    assert "notation_from_unit" in codes
    found, codes, _about = column(["1.234,5", "1,234.5", "1.234"])
    assert found == [D("1234.5"), D("1234.5"), None]
    assert {"notation_mixed", "ambiguous_numbers"} <= set(codes)
    assert column(["1.234", "1,234"])[0] == [None, None]


def test_a_total_or_another_column_proves_the_notation():
    rows = [["Nama", "A", "B"], ["a", "1.204", "1.100"], ["b", "987", "900"], ["Jumlah", "2.191", "2.000"]]
    table = read(delimited(rows, ";"), "x.csv").tables[0]
    assert values(table) == [["a", 1204, 1100], ["b", 987, 900], ["Jumlah", 2191, 2000]]
    assert {f.code for f in table.findings} == {"notation_from_total"}
    rows = [["Nama", "A", "B"], ["a", "1.204", "12,5"], ["b", "987", "0,5"]]
    table = read(delimited(rows, ";"), "x.csv").tables[0]
    assert values(table) == [["a", 1204, D("12.5")], ["b", 987, D("0.5")]]
    assert table.findings[0].params["proof"] == "B"
    rows = [["Nama", "A", "B"], ["a", "1.204", "1.100"], ["b", "2.000", "1.900"], ["Jumlah", "3.204", "3.000"]]
    table = read(delimited(rows, ";"), "x.csv").tables[0]  # agrees either way
    assert {f.code for f in table.findings} >= {"ambiguous_numbers"}


def test_missing_values_keep_their_reason():
    texts = ["5", "-", "…", "n/a", "tad", "nihil", "", "#DIV/0!"]
    table = read(
        delimited([["Nama", "Nilai"], *([f"x{n}y", text] for n, text in enumerate(texts))], ";"), "x.csv"
    ).tables[0]
    cells = [row.cells[1] for row in table.rows]
    assert [cell.missing for cell in cells] == [
        "",
        "dash",
        "ellipsis",
        "not_available",
        "not_available",
        "nil",
        "empty",
        "error",
    ]
    assert [cell.raw for cell in cells] == texts
    assert [cell.value for cell in cells] == [5] + [None] * 7


def test_days_in_every_form_and_none_guessed():
    texts = [
        "13-9-2025",
        "2025-09-13",
        "13 September 2025",
        "Senin, 1 Sept 2025",
        "01/10/25",
        "45913",
        "31-02-2025",
        "tak tahu",
    ]
    found, codes, about = column(texts, "Tanggal")
    assert about.kind == "date"
    day = date(2025, 9, 13)
    assert found == [day, day, day, date(2025, 9, 1), date(2025, 10, 1), day, None, None]
    assert {"serial_dates", "short_years", "not_understood"} <= set(codes)
    assert column(["09/13/2025", "02/03/2025"], "Date")[0] == [date(2025, 9, 13), date(2025, 2, 3)]
    found, codes, about = column(["01/02/2025", "02/03/2025"], "Date")
    assert found == [None, None]
    assert "ambiguous_dates" in codes
    assert column(["01/02/2025"] * 2, "Date", day_first=False)[0] == [date(2025, 1, 2)] * 2
    found, codes, about = column(["01/02/2025", "02/03/2025"], "Tanggal")
    assert found == [date(2025, 2, 1), date(2025, 3, 2)]
    assert "day_first_assumed" in codes
    found, codes, about = column(["13/09/2025", "09/13/2025", "01/02/2025"], "Date")
    assert found == [date(2025, 9, 13), date(2025, 9, 13), None]


def test_periods_and_years():
    assert column(["Jan-24", "Februari 2024", "2024-03", "Mei 2024"], "Bulan")[0] == [
        "2024-01",
        "2024-02",
        "2024-03",
        "2024-05",
    ]
    assert column(["Triwulan I 2024", "Q2 2024", "Semester 2 2024", "2023/2024"], "Masa")[0] == [
        "2024-Q1", "2024-Q2", "2024-S2", "2023/2024",
    ]  # fmt: skip
    found, _codes, about = column(["2023", "2024*", "Tahun 2025"], "Tahun")
    assert (found, about.kind) == ([2023, 2024, 2025], "year")
    assert column(["2023", "2024"], "Jumlah Kendaraan")[2].kind == "number"


def test_codes_and_telephone_numbers_stay_texts():
    assert column(["64.71", "64.72"], "Kode")[0] == ["64.71", "64.72"]
    assert column(["0541123", "811"], "Kontak")[0] == ["0541123", "811"]
    assert column(["6472011234567890"], "NIK")[0] == ["6472011234567890"]


HTML = b"""<html><head><meta charset="iso-8859-1"><script>alert(1)</script></head><body>
<table border=1><tr><th rowspan=2>Kelurahan<th colspan=2>Penduduk<th rowspan=2>Luas<br>(km2)</tr><tr><th>L<th>P</tr>
<tr><td>D\xe9sa A<td>1.234<td>1.100<td>2,5</tr><tr><td>B<td>998<td>1.001<td>1,25</tr>
<tr><td><b>Jumlah</b><td>2.232<td>2.101<td>3,75</tr></table><p>Sumber: kantor</body></html>"""


def test_a_page_that_is_called_a_workbook():
    book = read(HTML, "laporan.xls")
    assert book.kind == "html"
    assert [f.code for f in book.findings] == ["name_differs"]
    table = book.tables[0]
    assert [(c.name, c.unit) for c in table.columns] == [
        ("Kelurahan", ""), ("Penduduk – L", ""), ("Penduduk – P", ""), ("Luas", "km2"),
    ]  # fmt: skip
    assert values(table) == [
        ["Désa A", 1234, 1100, D("2.5")], ["B", 998, 1001, D("1.25")], ["Jumlah", 2232, 2101, D("3.75")],
    ]  # fmt: skip
    assert read(delimited(ROWS, "\t", "utf-16"), "laporan.xls").kind == "csv"


FOLDERS = ("5-statistik", "1-wilayah/penduduk_dan_luas_kota.csv")
CONVERT = {"number": Decimal, "percent": Decimal, "year": Decimal, "text": lambda text: text.strip()}


def real_day(text):
    parts = text.split("-")
    year, month, day = parts if len(parts[0]) == 4 else reversed(parts)
    return date(int(year), int(month), int(day))


def test_every_cell_of_the_real_files(shared_data):
    folder, file = (shared_data / name for name in FOLDERS)
    paths = [*folder.glob("*.csv"), file]
    if not all(path.exists() for path in paths) or len(paths) < 2:
        pytest.skip(f"no statistics in {shared_data}")
    for path in paths:
        book = read(path, path.name)
        assert len(book.tables) == 1
        table = book.tables[0]
        assert not [f for f in book.all_findings() if f.level != "info"], path
        with path.open(encoding="utf-8-sig", newline="") as lines:
            header, *rows = csv.reader(lines)
        assert [column.labels[-1] for column in table.columns] == [" ".join(label.split()) for label in header]
        assert len(table.rows) == len(rows)
        for row, texts in zip(table.rows, rows, strict=True):
            assert row.role == "data"
            for cell, text, column in zip(row.cells, texts, table.columns, strict=True):
                convert = {**CONVERT, "date": real_day}[column.kind]
                assert cell.raw == text
                assert cell.value == (convert(text) if text not in {"", "-"} else None), (path, cell)
