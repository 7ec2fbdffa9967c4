"""A workbook of 200,000 rows read into typed, checked tables, against the bare reader of cells beneath.

The bare reader hands over raw cells. Ours also weighs the archive, finds the table, types every column, looks for totals
and keeps each cell's address and text; the ratio says what that costs.
"""

from __future__ import annotations

import random
import resource
import tempfile
import time
from pathlib import Path

import python_calamine
import xlsxwriter

from bench import harness as h
from tepian.toolkit.tables import read

ROWS = 200_000
HEADER = ["Kelurahan", "Tahun", "Laki-laki", "Perempuan", "Luas (km2)", "Kepadatan", "Anggaran (Rp)", "Keterangan"]


def run() -> None:
    with tempfile.TemporaryDirectory(prefix="tepian-bench-") as folder:
        path = Path(folder) / "besar.xlsx"
        _write(path)

        def ours() -> float:
            started = time.perf_counter()
            table = read(path, path.name).tables[0]
            taken = time.perf_counter() - started
            if len(table.data()) != ROWS:
                raise RuntimeError(f"{len(table.data())} rows instead of {ROWS}")
            return ROWS / taken

        def bare() -> float:
            started = time.perf_counter()
            with python_calamine.load_workbook(str(path)) as book:
                rows = sum(1 for _row in book.get_sheet_by_index(0).iter_rows())
            taken = time.perf_counter() - started
            if rows != ROWS + 1:
                raise RuntimeError(f"{rows} rows instead of {ROWS + 1}")
            return ROWS / taken

        mine, theirs = h.interleave(ours, bare)
        note = f"{ROWS:,} rows of {len(HEADER)} cells, {path.stat().st_size / 1e6:.0f} MB"
        h.report("table_reading", mine, theirs, "rows/s", what="bare python-calamine", note=note)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        h.say("table_reading", f"most memory of the process {peak:,.0f} MiB")


def _write(path: Path) -> None:
    chance = random.Random(7)
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("Data")
    sheet.write_row(0, 0, HEADER)
    for n in range(1, ROWS + 1):
        men, women = chance.randrange(9_000), chance.randrange(9_000)
        area = round(0.1 + chance.random() * 50, 2)
        density = round((men + women) / area, 1)
        remark = "sementara" if n % 7 else "-"
        row = [f"Kelurahan {n % 900}", 2000 + n % 25, men, women, area, density, n * 50, remark]
        sheet.write_row(n, 0, row)
    book.close()
