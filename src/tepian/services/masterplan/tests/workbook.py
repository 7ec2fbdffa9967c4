"""A city's plan as its planners keep it: titles above, headings over several lines, goals and programmes merged down,
dimensions as lines between, sums among the rows, notes below, agencies under every name they have."""

from __future__ import annotations

import io
from typing import Any

import xlsxwriter

DIMENSIONS = (
    ("governance", "A. SMART GOVERNANCE"),
    ("branding", "B. SMART BRANDING"),
    ("economy", "C. SMART ECONOMY"),
    ("living", "D. SMART LIVING"),
    ("society", "E. SMART SOCIETY"),
    ("environment", "F. SMART ENVIRONMENT"),
)
AGENCIES = {  # as written → code; "" needs a person
    "Diskominfo": "diskominfo",
    "DISKOMINFO": "diskominfo",
    "Dinas Komunikasi & Informatika": "",
    "BPBD": "bpbd",
    "Bpbd.": "bpbd",
    "PUPR": "pupr",
    "Dinas PUPR": "pupr",
    "Diskominfoo": "",
}
YEARS = (2025, 2026, 2027, 2028, 2029)
HEAD = ("No", "Tujuan RPJMD", "Program", "Rencana Aksi", "Perangkat Daerah", "Indikator", "Satuan", "Kondisi Awal")
MONEY_SHAPES = ("plain", "dots", "million", "rp")


def amount_text(amount: int, shape: str) -> Any:
    """250000000 as 250000000, "250.000.000", "0,25 M", "Rp 250 jt"."""
    if shape == "dots":
        return f"{amount:,}".replace(",", ".")
    if shape == "million":
        return f"{amount / 1e9:.3f} M".replace(".", ",")
    if shape == "rp":
        return f"Rp {amount // 1_000_000} jt"
    return amount


def rows(count: int = 300) -> list[dict[str, Any]]:
    """The plan's actions as they are meant."""
    written, found = list(AGENCIES), []
    for number in range(count):
        dimension = number * 6 // count
        found.append(
            {
                "dimension": DIMENSIONS[dimension][0],
                "goal": f"Tujuan {dimension + 1}: kota yang lebih baik",
                "programme": f"Program {dimension + 1}.{number % count * 12 // count + 1} pelayanan",
                "title": f"Membangun layanan kota nomor {number + 1}",
                "agency": written[number % len(written)],
                "indicator": f"Jumlah layanan {number + 1}",
                "unit": "layanan" if number % 3 else "persen",
                "baseline": number % 7,
                "targets": {year: number % 7 + (year - 2024) * 2 for year in YEARS},
                "money": {year: 1_000_000 * (50 + number % 40 + year - 2025) for year in YEARS},
                "source": ("APBD", "APBD", "APBN", "CSR")[number % 4],
                "code": f"2.16.02.2.02.{number + 1:04d}",
            }
        )
    return found


def build(
    count: int = 300, *, totals_wrong: bool = False, shapes: tuple[str, ...] = ("plain",), sheets: int = 1
) -> bytes:
    """The workbook. `shapes`: how money is written, in turn; `totals_wrong`: the sum at the end is off by a million."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    for sheet in range(sheets):
        page = book.add_worksheet(f"Masterplan {sheet + 1}" if sheets > 1 else "Masterplan")
        _write(page, rows(count), totals_wrong, shapes)
    about = book.add_worksheet("Petunjuk")
    about.write(0, 0, "Diisi oleh tim penyusun. Pagu dalam rupiah.")
    book.close()
    return buffer.getvalue()


def _write(page: Any, plan: list[dict[str, Any]], totals_wrong: bool, shapes: tuple[str, ...]) -> None:
    last = len(HEAD) + 2 * len(YEARS) + 1
    page.merge_range(0, 0, 0, last, "MATRIKS RENCANA AKSI MASTERPLAN KOTA CERDAS TAHUN 2025-2029")
    page.write(1, 0, "Lampiran Peraturan Wali Kota")
    for at, name in enumerate(HEAD):
        page.merge_range(3, at, 4, at, name)
    first, money = len(HEAD), len(HEAD) + len(YEARS)
    page.merge_range(3, first, 3, money - 1, "Target")
    page.merge_range(3, money, 3, money + len(YEARS) - 1, "Pagu (Rp)")
    for at, year in enumerate(YEARS):
        page.write(4, first + at, year)
        page.write(4, money + at, year)
    page.merge_range(3, last - 1, 4, last - 1, "Sumber Dana")
    page.merge_range(3, last, 4, last, "Kode Sub Kegiatan")
    line, number = 5, 0
    sums = dict.fromkeys(YEARS, 0)
    for dimension, label in DIMENSIONS:
        block = [row for row in plan if row["dimension"] == dimension]
        if not block:
            continue
        page.write(line, 0, label)
        line += 1
        part = dict.fromkeys(YEARS, 0)
        for column, name in ((1, "goal"), (2, "programme")):
            at = line
            while at < line + len(block):
                until = at
                while until + 1 < line + len(block) and block[until + 1 - line][name] == block[at - line][name]:
                    until += 1
                if until > at:
                    page.merge_range(at, column, until, column, block[at - line][name])
                else:
                    page.write(at, column, block[at - line][name])
                at = until + 1
        for row in block:
            number += 1
            page.write_row(line, 0, [number])
            page.write_row(line, 3, [row["title"], row["agency"], row["indicator"], row["unit"], row["baseline"]])
            for at, year in enumerate(YEARS):
                page.write(line, first + at, row["targets"][year])
                page.write(line, money + at, amount_text(row["money"][year], shapes[number % len(shapes)]))
                part[year] += row["money"][year]
            page.write(line, last - 1, row["source"])
            page.write(line, last, row["code"])
            line += 1
        page.write(line, 1, "Jumlah " + label[3:].title())
        for at, year in enumerate(YEARS):
            page.write(line, money + at, part[year])
            sums[year] += part[year]
        line += 1
    page.write(line, 1, "TOTAL")
    for at, year in enumerate(YEARS):
        page.write(line, money + at, sums[year] + (1_000_000 if totals_wrong else 0))
    page.write(line + 2, 0, "Catatan: pagu bersifat indikatif dan dapat berubah.")
    page.write(line + 3, 0, "*) Termasuk kegiatan lanjutan tahun sebelumnya")
