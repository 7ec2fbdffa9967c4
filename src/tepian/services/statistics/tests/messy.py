# ruff: noqa: E501 - a line of a sheet is a line here
"""One table of population as ten offices would send it: the figures are the same in every file."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import xlsxwriter

WARDS = ("Riverside", "Hilltop", "Market", "Harbour", "Mangrove")
CODES = dict(
    zip(
        WARDS,
        ("99.01.01.1001", "99.01.01.1002", "99.01.01.1003", "99.01.02.1001", "99.01.02.1002"),
        strict=True,
    )
)
FIGURES = {
    2023: {"Riverside": (1188, 1167), "Hilltop": (893, 921), "Market": (633, 650), "Harbour": (405, 392), "Mangrove": (297, 305)},
    2024: {"Riverside": (1200, 1180), "Hilltop": (900, 930), "Market": (640, 655), "Harbour": (410, 395), "Mangrove": (300, 310)},
}  # fmt: skip


def expected(*years: int) -> dict[tuple[str, ...], tuple[float, str]]:
    return {
        ("jumlah-penduduk", str(year), CODES[ward], sex): (float(value), "")
        for year in years
        for ward, pair in FIGURES[year].items()
        for sex, value in zip("LP", pair, strict=True)
    }


def sheet(lines: Sequence[Sequence[Any]], *merged: tuple[int, int, int, int, str]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet("Tabel")
    for number, line in enumerate(lines):
        page.write_row(number, 0, line)
    for first, left, last, right, text in merged:
        page.merge_range(first, left, last, right, text)
    book.close()
    return buffer.getvalue()


def dotted(value: int) -> str:
    return f"{value:,}".replace(",", ".")


def totals(year: int) -> tuple[int, int]:
    return (
        sum(pair[0] for pair in FIGURES[year].values()),
        sum(pair[1] for pair in FIGURES[year].values()),
    )


def files() -> Iterator[tuple[str, bytes, dict[tuple[str, ...], tuple[float, str]]]]:
    """(file name, content, the figures in it)."""
    data = FIGURES[2024]
    men, women = totals(2024)
    total = ["Jumlah", men, women, men + women]
    plain = [[ward, *pair, sum(pair)] for ward, pair in data.items()]

    yield "judul-dan-jumlah.xlsx", sheet(
        [["DINAS KEPENDUDUKAN"], ["Jumlah Penduduk Menurut Kelurahan, 2024"], [], ["Kelurahan", "Laki-laki", "Perempuan", "Jumlah"], *plain, total, [], ["Sumber: registrasi"]]
    ), expected(2024)  # fmt: skip

    yield "judul-bertingkat.xlsx", sheet(
        [["Penduduk tahun 2024"], [], ["No", "Kelurahan", "Jenis kelamin", "", "Jumlah"], ["", "", "Laki-laki", "Perempuan", ""], ["(1)", "(2)", "(3)", "(4)", "(5)"], *([n, *line] for n, line in enumerate(plain, 1)), ["", *total]],
        (2, 2, 2, 3, "Jenis kelamin"),
        (2, 1, 3, 1, "Kelurahan"),
    ), expected(2024)  # fmt: skip

    yield "tahun-ke-samping.xlsx", sheet(
        [["Penduduk menurut kelurahan dan jenis kelamin"], ["", "2023", "", "2024", ""], ["Kelurahan", "L", "P", "L", "P"], *([ward, *FIGURES[2023][ward], *FIGURES[2024][ward]] for ward in WARDS)],
        (1, 1, 1, 2, "2023"),
        (1, 3, 1, 4, "2024"),
    ), expected(2023, 2024)  # fmt: skip

    lines = ["Tahun;Kelurahan;Jenis Kelamin;Jumlah Penduduk (orang)"]
    lines += [
        f"{year};{ward};{sex};{dotted(value)}"
        for year in (2023, 2024)
        for ward, pair in FIGURES[year].items()
        for sex, value in zip(("Laki-Laki", "Perempuan"), pair, strict=True)
    ]
    yield "panjang-titik-ribuan.csv", "\r\n".join(lines).encode("cp1252"), expected(2023, 2024)

    tabbed = ["Kel.\tPria\tWanita", *(f"Kel. {ward}\t{pair[0]}\t{pair[1]}" for ward, pair in data.items())]
    yield "pria-wanita-2024.tsv", ("Penduduk 2024\n\n" + "\n".join(tabbed)).encode("utf-16"), expected(2024)

    yield (
        "csv-bernama-excel.xls",
        (
            "Tahun,Kelurahan,Laki-laki,Perempuan\n"
            + "\n".join(f"2024,{w.upper()},{a},{b}" for w, (a, b) in data.items())
        ).encode("utf-8-sig"),
        expected(2024),
    )

    html = "".join(f"<tr><td>{w}</td><td>{a}</td><td>{b}</td></tr>" for w, (a, b) in data.items())
    yield (
        "dari-aplikasi-lama.xls",
        (
            "<html><body><h3>Penduduk 2024</h3><table><tr><th>Kelurahan</th><th>Laki-laki</th><th>Perempuan</th></tr>"
            f"{html}</table></body></html>"
        ).encode(),
        expected(2024),
    )

    codes = [["Kode Wilayah", "Laki-laki", "Perempuan"], *([CODES[ward], *pair] for ward, pair in data.items())]
    yield "kode-wilayah.xlsx", sheet([["Tahun 2024"], *codes]), expected(2024)

    marked = [[f"{ward} *)" if ward == "Harbour" else ward, *pair] for ward, pair in data.items()]
    yield "catatan-kaki.xlsx", sheet(
        [["Penduduk 2024"], ["Kelurahan", "Laki-laki", "Perempuan"], *marked, ["*) angka sementara"], ["Keterangan: akhir tahun"]]
    ), expected(2024)  # fmt: skip

    per_sex = [[ward, sex, value] for ward, pair in data.items() for sex, value in zip(("Lk", "Pr"), pair, strict=True)]
    yield "dua-tabel.xlsx", sheet(
        [["Penduduk, 2024"], ["Kelurahan", "Jenis Kelamin", "Jiwa"], *per_sex, [], [], ["Pegawai"], ["Nama seksi", "Orang"], ["Umum", 4], ["Data", 3]]
    ), expected(2024)  # fmt: skip

    yield "angka-sebagai-teks.xlsx", sheet(
        [["Penduduk per 31 Desember 2024"], ["Kelurahan", "Laki-laki", "Perempuan"], *([ward, f" {dotted(a)} ", dotted(b)] for ward, (a, b) in data.items()), ["Jumlah", dotted(men), dotted(women)]]
    ), expected(2024)  # fmt: skip

    yield "baris-kosong-di-tengah.xlsx", sheet(
        [[], ["", "Penduduk 2024"], [], ["", "Kelurahan", "Laki-laki", "Perempuan"], *(line for ward, pair in data.items() for line in (["", ward, *pair], []))]
    ), expected(2024)  # fmt: skip
