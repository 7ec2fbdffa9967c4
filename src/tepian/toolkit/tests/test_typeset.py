"""What is given as blocks stands in the PDF: read back by another library, and by the tools of poppler where they are."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest

from tepian.toolkit import typeset
from tepian.toolkit.typeset import (
    Chart,
    Column,
    Document,
    Facts,
    Heading,
    Note,
    PageBreak,
    Paragraph,
    Picture,
    Points,
    Table,
    composing,
    packing,
    rendering,
)
from tepian.toolkit.typeset.words import WORDS

from .photos import JPEG, PNG, WEBP, exif, jpeg_with

CREATED = datetime(2026, 11, 27, 6, 30, tzinfo=UTC)
CHART = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="300" height="80" viewBox="0 0 300 80">'
    b'<style>text{font:500 13px system-ui,"DejaVu Sans",sans-serif}.f1{fill:#069cbf}</style>'
    b'<path class="f1" d="M10 60V20h40v40z"/><text x="10" y="75">Genangan 2024</text></svg>'
)
needs_poppler = pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler's tools")


def pdf(*blocks: typeset.Block, language: str = "id", seconds: int | None = None, **more: object) -> bytes:
    given = {"title": "Rencana Induk", "organisation": "Pemerintah Kota Contoh", **more}
    document = Document(language=language, blocks=blocks, **given)  # type: ignore[arg-type]
    return typeset.pdf(document, created=CREATED, seconds=seconds)


def read(content: bytes) -> pypdf.PdfReader:
    return pypdf.PdfReader(io.BytesIO(content), strict=True)


def pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in read(content).pages]


def said(content: bytes) -> str:
    return " ".join(" ".join(pages(content)).split())


@pytest.fixture(scope="module")
def dossier() -> bytes:
    rows = [(str(n), f"Aksi nomor {n}", "1.234,5", "17%") for n in range(1, 91)]
    table = Table(
        [Column("No", "right"), Column("Aksi"), Column("Target", "right"), Column("Realisasi", "right")],
        [*rows, ("", "Jumlah", "111.105,0", "17%")],
        "Aksi menurut target",
        "Bappeda, 2026",
        totals=1,
    )
    return pdf(
        Heading("Pendahuluan"),
        Paragraph("Rencana ini berlaku lima tahun."),
        Facts([("Penanggung jawab", "Dinas Pekerjaan Umum"), ("Anggaran", "Rp1.250.000.000")]),
        Heading("Aksi", 2),
        table,
        Heading("Grafik"),
        Chart(CHART, "Batang genangan tahun 2024", "Genangan turun dua pertiga", "BPBD"),
        Picture(PNG, "Saluran baru", "Saluran yang selesai", "Dokumentasi", width=0.4),
        Note("Angka masih sementara."),
        Note("Dua kelurahan belum melapor.", warning=True),
        Points(["satu", "dua"], numbered=True),
        PageBreak(),
        Heading("Lampiran"),
        Table([Column(f"K{n}", "right") for n in range(12)], [["12.345"] * 12] * 3, "Lebar", wide=True),
        subtitle="Buku I",
        date_text="27 November 2026",
        contents=True,
        numbered=True,
        seconds=120,
    )


def test_everything_given_stands_in_it(dossier):
    text = said(dossier)
    for part in (
        "Rencana Induk", "Pemerintah Kota Contoh", "Buku I", "27 November 2026", "Daftar isi", "1 Pendahuluan", "1.1 Aksi",
        "Rencana ini berlaku lima tahun.", "Penanggung jawab", "Dinas Pekerjaan Umum", "Rp1.250.000.000",
        "Tabel 1. Aksi menurut target", "Sumber: Bappeda, 2026", "Gambar 1. Genangan turun dua pertiga", "Sumber: BPBD",
        "Genangan 2024", "Gambar 2. Saluran yang selesai", "Catatan Angka masih sementara.",
        "Perhatian Dua kelurahan belum melapor.", "1. satu", "2. dua", "Tabel 2. Lebar", "Jumlah", "111.105,0",
    ):  # fmt: skip
        assert part in text, part
    for n in range(1, 91):
        assert text.count(f"Aksi nomor {n} ") == 1, n


def test_each_page_says_which_of_how_many(dossier):
    texts = pages(dossier)
    for number, text in enumerate(texts, 1):
        assert f"Halaman {number} dari {len(texts)}" in text
        assert "Pemerintah Kota Contoh" in text


def test_english_words(dossier):
    table = Table([Column("A")], [["1"]], "Numbers", "BPS")
    text = said(pdf(Heading("One"), table, Note("Provisional."), language="en", contents=True))
    for part in ("Contents", "Page 1 of 2", "Table 1. Numbers", "Source: BPS", "Note Provisional."):
        assert part in text, part
    assert not [indonesian for english, indonesian in WORDS.values() if indonesian != english and indonesian in text]


def test_a_table_that_breaks_repeats_its_head_and_not_its_sums(dossier):
    heads = [text for text in pages(dossier) if "No Aksi Target Realisasi" in " ".join(text.split())]
    assert len(heads) == 2
    assert sum("Jumlah" in text for text in heads) == 1


def test_the_wide_table_lies_on_its_side_alone(dossier):
    sizes = [(float(page.mediabox.width), float(page.mediabox.height)) for page in read(dossier).pages]
    wide = [number for number, (width, height) in enumerate(sizes) if width > height]
    assert wide == [len(sizes) - 1]
    assert [round(side) for side in sizes[0]] == [595, 842]


def test_it_names_itself_for_archives_screen_readers_and_search(dossier):
    reader = read(dossier)
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "id-ID"
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert root["/OutputIntents"][0]["/S"] == "/GTS_PDFA1"
    assert reader.metadata.title == "Rencana Induk"
    assert reader.metadata.author == "Pemerintah Kota Contoh"
    assert reader.metadata.creation_date == CREATED
    xmp = root["/Metadata"].get_data().decode()
    assert re.search(r"pdfaid:part>2<", xmp)
    assert re.search(r"pdfaid:conformance>A<", xmp)
    assert re.search(r"pdfuaid:part>1<", xmp)
    assert not {"/AcroForm", "/OpenAction", "/AA"} & set(root)


def test_headings_are_bookmarks(dossier):
    reader = read(dossier)
    outline = reader.outline
    assert [mark.title for mark in outline if not isinstance(mark, list)] == ["1 Pendahuluan", "2 Grafik", "3 Lampiran"]
    assert [mark.title for mark in outline[1]] == ["1.1 Aksi"]
    assert "Lampiran" in reader.pages[reader.get_destination_page_number(outline[-1])].extract_text()


def test_pictures_have_words_for_who_cannot_see_them(dossier):
    reader = read(dossier)
    objects = (reader.get_object(number) for number in range(1, int(reader.trailer["/Size"])))
    alts = {str(each["/Alt"]) for each in objects if isinstance(each, dict) and "/Alt" in each}
    assert {"Batang genangan tahun 2024", "Saluran baru"} <= alts


def test_every_font_is_inside_and_one_of_ours(dossier):
    reader = read(dossier)
    fonts = set()
    for number in range(1, int(reader.trailer["/Size"])):
        each = reader.get_object(number)
        if isinstance(each, dict) and each.get("/Type") == "/FontDescriptor":
            assert any(key in each for key in ("/FontFile2", "/FontFile3")), each
            fonts.add(str(each["/FontName"]).split("+")[1].split("-")[0])
    assert fonts == {"LibertinusSerif", "DejaVuSans"}


@needs_poppler
def test_poppler_reads_and_draws_it(dossier, tmp_path):
    path = tmp_path / "dossier.pdf"
    path.write_bytes(dossier)

    def tool(*command: str) -> str:
        done = subprocess.run([*command], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    text = " ".join(tool("pdftotext", "dossier.pdf", "-").split())
    assert "Tabel 1. Aksi menurut target" in text and "Genangan 2024" in text
    assert re.search(r"Tagged: +yes", tool("pdfinfo", "dossier.pdf"))
    rows = tool("pdffonts", "dossier.pdf").splitlines()[2:]
    assert rows and all(row.split()[-5:-2] == ["yes", "yes", "yes"] for row in rows)  # embedded, a part, searchable
    tool("pdftoppm", "-r", "40", "-f", "1", "-l", "1", "dossier.pdf", "page")
    head, size, _depth, points = next(tmp_path.glob("page-*.ppm")).read_bytes().split(b"\n", 3)
    width, height = (int(side) for side in size.split())
    assert head == b"P6" and len(points) == 3 * width * height

    def near(point: bytes, colour: tuple[int, int, int]) -> bool:
        return all(abs(a - b) < 25 for a, b in zip(point, colour, strict=True))

    plum = [n // width for n in range(width * height) if near(points[3 * n : 3 * n + 3], (0x7A, 0x23, 0x58))]
    assert plum and max(plum) - min(plum) <= 6  # the check of the weave: one band and nowhere else
    assert max(plum) < height / 6


def test_the_same_document_gives_the_same_bytes(dossier):
    blocks = [Heading("A"), Chart(CHART, "grafik"), Table([Column("x")], [["1"]] * 200), Picture(JPEG, "foto")]
    first = pdf(*blocks, seconds=60)
    assert pdf(*blocks, seconds=60) == first
    letter = [Paragraph("Yang bertanda tangan di bawah ini")]
    assert pdf(*letter) == pdf(*letter, seconds=60)  # here and in a process of its own
    other = typeset.pdf(Document("Rencana Induk", "Pemerintah Kota Contoh", "id", letter), created=datetime.now(UTC))
    assert other != pdf(*letter)


@pytest.mark.parametrize("content", [JPEG, PNG, WEBP])
def test_a_picture_is_shown(content):
    made = read(pdf(Picture(content, "foto"), seconds=60))
    pictures = [each.get_object() for each in made.pages[0]["/Resources"]["/XObject"].values()]
    assert [(each["/Width"], each["/Height"]) for each in pictures if each["/Subtype"] == "/Image"] == [(24, 16)]


def test_a_photo_leaves_its_place_and_time_outside():
    assert b"2026:03:14" in jpeg_with(exif())
    made = pdf(Picture(jpeg_with(exif(orientation=1)), "foto"), seconds=60)
    reader = read(made)
    streams = [reader.get_object(number) for number in range(1, int(reader.trailer["/Size"]))]
    inside = b"".join(each._data for each in streams if hasattr(each, "_data"))
    assert b"\xff\xd8\xff" in inside
    assert b"Exif" not in inside and b"2026:03:14" not in inside


def test_headings_never_skip_a_level_and_are_never_empty():
    made = pdf(Heading("Bab", 3), Heading("   "), Heading("\x00"), Heading("Anak", 4), Paragraph("isi"))
    outline = read(made).outline
    assert outline[0].title == "Bab" and outline[1][0].title == "Anak"


def test_nothing_is_a_document_too():
    empty = pdf(Table([Column("")], []), Facts([]), Points([]), Paragraph(""), Note(""), Heading(""))
    assert "Halaman 1 dari 1" in said(empty)
    assert "Halaman 1 dari" in said(pdf(contents=True))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Heading("x", 5),
        lambda: Table([], []),
        lambda: Table([Column("a"), Column("b")], [["1"]]),
        lambda: Table([Column("a", width=0.7), Column("b", width=0.3), Column("c")], []),
        lambda: Table([Column("a", width=0)], []),
        lambda: Picture(PNG, "  "),
        lambda: Chart(CHART, "\x07"),
        lambda: Picture(PNG, "foto", width=0),
        lambda: Document("", "Kota", "id", []),
        lambda: Document("Judul", "Kota", "fr", []),
        lambda: typeset.pdf(Document("Judul", "Kota", "id", []), created=datetime(2026, 1, 1)),
    ],
)
def test_what_cannot_be_printed_well_is_refused_at_once(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        wrong()


def test_columns_get_what_their_words_need():
    columns = [Column("No"), Column("Uraian"), Column("Nilai")]
    rows = [["1", "kegiatan pembangunan saluran primer " * 4, "1.234.567.890"]] * 10
    shares = composing.widths(columns, rows, composing.LINE)
    assert sum(shares) == pytest.approx(1)
    assert shares[0] < shares[2] < shares[1]
    assert shares[2] * composing.LINE >= len("1.234.567.890")
    fixed = composing.widths([Column("a", width=0.2), Column("b"), Column("c")], [["x", "x", "x"]], composing.LINE)
    assert fixed == pytest.approx([0.2, 0.4, 0.4])


def test_long_words_stay_on_the_page_and_can_be_copied_whole():
    address = "https://contoh.go.id/berkas/" + "a" * 90
    made = pdf(Heading("N" * 80), Paragraph("P" * 200), Table([Column("Tautan"), Column("x")], [[address, "1"]]))
    text = "".join(said(made).split())
    for word in ("N" * 80, "P" * 200, address):
        assert word in text
    places: list[float] = []
    read(made).pages[0].extract_text(visitor_text=lambda _t, _cm, matrix, _font, _size: places.append(matrix[4]))
    assert max(places) < 595
    assert "\u200b" not in text


def test_running_heads_stay_in_one_line():
    long = {"title": "Judul yang panjang " * 30, "organisation": "Dinas Kesehatan " * 12, "date_text": "hari ini " * 40}
    last = pages(pdf(Paragraph("a"), PageBreak(), Paragraph("b"), **long))[-1]
    assert last.count("…") == 3 and len(last) < 300


def test_colours_are_those_of_the_stylesheet():
    tokens = (Path(typeset.__file__).parents[2] / "ui" / "css" / "tokens.css").read_text().split("@media")[0]
    template = (rendering.TEMPLATES / "base.typ").read_text()
    found = dict(re.findall(r'#let ([\w-]+) = rgb\("(#\w+)"\)', template))
    names = {"line-colour": "line", "ground": "bg", "info-soft": "mahakam-soft"}
    assert len(found) > 8
    for name, colour in found.items():
        assert f"--color-{names.get(name, name)}: {colour};" in tokens, name


def test_packing_changes_the_size_only():
    rows = [[str(n), "teks"] for n in range(400)]
    document = Document("Tabel", "Kota", "id", [Table([Column("a"), Column("b")], rows)])
    data = composing._data(document.blocks[0], {}, "id")
    given = {
        "organisation": "", "subtitle": "", "date_text": "", "heading": "Tabel", "running": ["", ""], "foot": "",
        "contents": False, "numbered": False, "blocks": [data],
    }  # fmt: skip
    plain = typeset.render("document", given, title="Tabel", language="id", standard=("a-2a", "ua-1"), created=CREATED)
    packed = packing.packed(plain)
    assert len(packed) < len(plain) / 3
    assert pages(packed) == pages(plain)
    assert read(packed).trailer["/ID"] == read(plain).trailer["/ID"]
    for other in (b"", b"%PDF-1.7\n%%EOF", packed, plain[:-40]):
        with pytest.raises(ValueError, match="no PDF"):
            packing.packed(other)
