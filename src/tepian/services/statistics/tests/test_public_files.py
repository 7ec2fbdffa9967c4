"""Every download of a figure, read back with other programs' readers; no format gives a hidden value away."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import struct
import subprocess
import zipfile

import pytest
import python_calamine
from django.http import QueryDict
from lxml import etree, html

from tepian.kernel.catalogue.versions import touch

from .. import queries, states
from ..models import Category, Indicator
from ..queries import data, public
from .public_city import PAGE, _hidden, _population, _producer, _steward, body, read, table_of, text, years  # noqa: F401 - fixtures
from .test_editions import published

pytestmark = pytest.mark.django_db


def test_small_cells_leak_in_no_format(client, hidden):
    secret = {key[1:] for key, (value, _s) in data.figures_of(hidden, {"2025"}).items() if value == 3.0}
    assert secret == {("2025", "99.01.02.1002", "L")}
    shown = {row[:-2]: row[-2:] for row in public.every_row(_question(hidden))}
    holes = {key for key, (value, status) in shown.items() if value is None and status == states.SUPPRESSED}
    assert secret <= holes
    rows = [row for row in table_of(client) if row[1] == "2025" and row[4:6] == ["L", "Laki-laki"]]
    assert [row[6:] for row in rows if row[3] == "Mangrove"] == [
        ["", "orang", "tidak ditampilkan agar tidak ada orang yang dapat dikenali"]
    ]
    answer = json.loads(body(client, f"{PAGE}.json"))
    by_key = {(row["time"], row["region"], row["sex"]): row for row in answer["rows"]}
    assert all(by_key[key]["value"] is None and by_key[key]["status"] == "s" for key in holes)
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body(client, f"{PAGE}.xlsx")))
    lines = sheet.get_sheet_by_index(0).to_python()
    assert all(line[6] == "" for line in lines[1:] if (line[1], line[2], line[4]) in holes)
    for query in ("", "?sex=L", "?per=sex", "?per=wilayah", "?tahun=2025&per=wilayah&sex=L", "?wilayah=99.01.02.1002"):
        page = read(client, PAGE + query)
        assert "tidak ditampilkan" in text(page), query
        chart = body(client, f"{PAGE}.svg{query}").decode()
        assert not re.search(r">3 orang<|>3<|Laki-laki 3<", chart), query
    tile = read(client, f"{PAGE}?wilayah=99.01.02.1002&sex=L").cssselect(".angka")[0]
    assert tile.text == "tidak ditampilkan"
    assert "tidak ditampilkan" in text(read(client, "/data").cssselect("a.kartu")[0])
    assert read(client, f"{PAGE}?sex=L").cssselect("g.kx"), "a hole in the map is hatched"


def test_no_format_tells_a_hidden_three_from_a_hidden_four(client, producer, steward, hidden):
    """Whatever is computed from a hidden value would differ: two editions that differ only in it look the same."""
    published(producer, steward, hidden.dataset, years(2025, 2025, Mangrove_L_2025=4), reason="One more.")
    assert data.figures_of(queries.published_edition(hidden.dataset), {"2025"})[
        "jumlah-penduduk", "2025", "99.01.02.1002", "L"
    ] == (4.0, "")

    def seen(number: int, query: str) -> list[object]:
        query = f"?edisi={number}{query}"
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body(client, f"{PAGE}.xlsx{query}")))
        page = read(client, PAGE + query)
        drawn = page.cssselect(
            "h2, figure.tingkat, figure.grafik svg, section[aria-labelledby=angka], .card > p, details"
        )
        return [
            table_of(client, query),
            json.loads(body(client, f"{PAGE}.json{query}"))["rows"],
            book.get_sheet_by_index(0).to_python(),
            [re.sub(r"edis\w+[ =]\d|name=\"edisi\" value=\"\d\"", "", html.tostring(node).decode()) for node in drawn],
            re.sub(r"edisi[ =]\d", "", body(client, f"{PAGE}.svg{query}").decode()),
        ]

    for query in (
        "",
        "&sex=L",
        "&per=sex",
        "&per=wilayah",
        "&dari=2025&per=wilayah",
        "&wilayah=99.01.02.1002&urut=nilai",
    ):
        assert seen(1, query) == seen(2, query), query


def _question(edition):
    indicator = Indicator.objects.select_related("dataset").get(code="jumlah-penduduk")
    return public.read_question(indicator, edition, QueryDict(""))


# --- read back -------------------------------------------------------------------------------------------------


def test_csv_has_a_header_codes_names_and_numbers(client, population):
    answer = client.get(f"{PAGE}.csv")
    assert answer.streaming and answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="jumlah-penduduk-edisi-1.csv"'
    rows = table_of(client)
    assert rows[0] == [
        "Angka", "Periode", "Kelurahan: kode", "Kelurahan", "Jenis kelamin: kode", "Jenis kelamin", "Nilai", "Satuan",
        "Catatan",
    ]  # fmt: skip
    assert len(rows) == 51
    assert sum(int(row[6]) for row in rows if row[1] == "2025") == 24200
    assert body(client, f"{PAGE}.csv?bom=1").startswith(b"\xef\xbb\xbf")
    assert not body(client, f"{PAGE}.csv").startswith(b"\xef\xbb\xbf")


def test_a_name_that_is_a_formula_stays_a_text(client, population):
    Category.objects.filter(code="L").update(name='=HYPERLINK("http://x","y")', name_en="")
    Category.objects.filter(code="P").update(name="+1-800", name_en="")
    touch("statistics")
    rows = table_of(client)
    names = {row[5] for row in rows[1:]}
    assert names == {'\'=HYPERLINK("http://x","y")', "'+1-800"}
    assert all(row[6].lstrip("-").isdigit() for row in rows[1:]), "numbers stay numbers"
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(body(client, f"{PAGE}.xlsx")))
    cells = sheet.get_sheet_by_index(0).to_python()
    assert {line[5] for line in cells[1:]} == {'=HYPERLINK("http://x","y")', "+1-800"}, "a text cell, no formula"
    with zipfile.ZipFile(io.BytesIO(body(client, f"{PAGE}.xlsx"))) as book:
        assert b"<f>" not in b"".join(book.read(name) for name in book.namelist())


def test_xlsx_has_figures_and_what_they_mean(client, population):
    answer = client.get(f"{PAGE}.xlsx?sex=L")
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    assert book.sheet_names == ["Data", "Tentang"]
    cells = book.get_sheet_by_index(0).to_python()
    assert len(cells) == 26
    assert sum(line[6] for line in cells[1:] if line[1] == "2025") == 12000
    about = dict(line[:2] for line in book.get_sheet_by_index(1).to_python())
    assert about["Definisi"].startswith("Orang yang terdaftar")
    assert about["Edisi"] == "1" and about["Lisensi"] == "CC-BY-4.0"
    assert about["Pilihan"] == "Jenis kelamin: Laki-laki"
    assert "edisi=1" in about["Alamat"] and "sex=L" in about["Alamat"]


def test_json_tells_what_the_codes_mean(client, population):
    answer = json.loads(body(client, f"{PAGE}.json"))
    assert answer["indicator"]["code"] == "jumlah-penduduk"
    assert answer["dimensions"][1]["codes"] == {"L": "Laki-laki", "P": "Perempuan"}
    assert len(answer["rows"]) == 50
    assert set(answer["rows"][0]) == {"time", "region", "sex", "value", "status"}
    assert sum(row["value"] for row in answer["rows"] if row["time"] == "2025") == 24200


def test_svg_stands_alone_and_png_is_drawn_from_it(client, population):
    for query in ("", "?per=sex", "?tahun=2025", "?sampai=1999"):
        raw = body(client, f"{PAGE}.svg{query}")
        root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False))
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.find("{*}style").text
        assert b"var(--" not in raw and b"href" not in raw, "needs nothing from outside"
        words = " ".join(node.text or "" for node in root.iter("{*}text"))
        assert "Jumlah penduduk" in words and "Sumber: " in words and "edisi 1" in words
        picture = body(client, f"{PAGE}.png{query}")
        assert picture.startswith(b"\x89PNG\r\n\x1a\n")
        width, height = struct.unpack(">II", picture[16:24])
        assert (width, height) == (2 * round(float(root.get("width"))), 2 * round(float(root.get("height"))))
        assert len(picture) > 8000


def test_libreoffice_opens_what_we_send(client, population, tmp_path):
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed on this machine (Debian: libreoffice-calc)")
    for kind in ("xlsx", "csv"):
        (tmp_path / f"figures.{kind}").write_bytes(body(client, f"{PAGE}.{kind}"))
        done = subprocess.run(
            [office, "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to",
             'csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,1', "--outdir",
             str(tmp_path / kind), str(tmp_path / f"figures.{kind}")],
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        found = list((tmp_path / kind).glob("*.csv"))
        assert found, done.stdout + done.stderr
        rows = list(csv.reader(io.StringIO(found[0].read_text(encoding="utf-8"))))
        assert len(rows) == 51
        assert sum(int(re.sub(r"\D", "", row[6])) for row in rows if row[1] == "2025") == 24200
