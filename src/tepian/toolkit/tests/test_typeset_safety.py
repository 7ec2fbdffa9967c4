"""Whatever people write or upload, the document is made, says it as it was written, and reaches for nothing else."""

from __future__ import annotations

import io
import json
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import unicodedata
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pypdf
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tepian.toolkit import typeset
from tepian.toolkit.typeset import (
    Chart,
    Column,
    Document,
    Facts,
    Heading,
    Note,
    Paragraph,
    Picture,
    Points,
    Table,
    composing,
    glyphs,
    rendering,
)

from .photos import JPEG, PNG

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
STRICT = ("a-2a", "ua-1")


def made(*blocks: typeset.Block, title: str = "Uji") -> str:
    content = typeset.pdf(Document(title, "Kota", "id", blocks), created=CREATED, seconds=None)
    return " ".join(" ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages).split())


def everywhere(text: str) -> list[typeset.Block]:
    return [
        Heading(text),
        Paragraph(text),
        Points([text]),
        Facts([(text, text)]),
        Table([Column(text), Column("b")], [[text, "1"]], text, text, totals=1),
        Note(text, text),
    ]


@pytest.mark.parametrize(
    "text",
    [
        '#read("/etc/passwd")',
        '#import "@preview/cetz:0.3.0": *',
        "#panic() *tebal* _miring_ `kode` $x^2$ = judul",
        "#{ while true {} }",
        r"\u{41} \ // komentar /* lagi */ @rujukan <label>",
        "- butir + angka / istilah: arti",
        "kutip \"ganda\" dan 'tunggal' -- --- ... ~",
        "https://contoh.go.id/?a=1&b=<2>",
        "O'Neil; DROP TABLE; {{ 7*7 }} {% if %}",
    ],
)
def test_text_is_never_markup(text):
    found = made(*everywhere(text), title=text)
    assert found.replace(" ", "").count(text.replace(" ", "")) >= 9


def test_letters_of_other_scripts_and_names_of_eighty_letters():
    name = "Nur" + "a" * 77
    found = made(Paragraph(f"{name}, Žižek, Ñandú, Ελλάδα, Москва"), Paragraph("שלום"), Paragraph("مرحبا"))
    for part in (name, "Žižek", "Ñandú", "Ελλάδα", "Москва"):
        assert part in found
    assert set("שלום") <= set(found)
    assert set("مرحبا") <= set(unicodedata.normalize("NFKC", found))


def test_letters_without_a_glyph_are_told_and_cost_nothing():
    assert made(Paragraph("banjir 🌊 di 漢 👩‍👩‍👧 ᨅ.")).count("□") == 6
    assert "a b c" in made(Paragraph("a\tb\u2028c"))
    assert "abc" in made(Paragraph("a\x00b\x1b\ufeffc"))


def test_no_name_turns_the_line_around():
    assert glyphs.printable("a\u202egnp.exe\u2066x\u2069") == "agnp.exex"


def test_a_lone_surrogate_is_a_missing_letter():
    assert "a□b" in made(Paragraph("a\ud800b"))


def test_every_letter_of_the_list_can_be_printed():
    """Fails when a new typst brings fonts with fewer letters: take them from `letters.txt`."""
    letters = []
    for part in glyphs.LETTERS.read_text(encoding="ascii").split():
        first, _to, last = part.partition("-")
        letters += [chr(code) for code in range(int(first, 16), int(last or first, 16) + 1)]
    alone = [
        letter for letter in letters if glyphs.printable(letter) == letter and unicodedata.category(letter) != "Mn"
    ]
    assert len(alone) > 6500
    lines = [" ".join(alone[at : at + 40]) for at in range(0, len(alone), 40)]
    blocks = [block for line in lines for block in (Paragraph(line), Note("x", line))]
    typeset.pdf(Document("Huruf", "Kota", "id", blocks), created=CREATED, seconds=None)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=6))
@example(["a\u0301\u0327\u0651", "\u05d0\u05b7\u0651", "\u0301x", "\u0628\u0650\u0301", "1\u20e3", "\u0e01\u0e33"])
@example(["\r\n\x85\u2029", "\u200d\u200d", "\ufe0f", "\u00ad", "\U000e0041", "\U0010ffff"])
def test_any_text_at_all_is_printed(texts):
    typeset.pdf(
        Document("Uji", "Kota", "id", [block for text in texts for block in everywhere(text)]),
        created=CREATED,
        seconds=None,
    )


# --- pictures ---------------------------------------------------------------------------------------------------------


def kept(*blocks: typeset.Block) -> str:
    return made(Paragraph("sebelum"), *blocks, Picture(PNG, "baik", "gambar yang baik"), Paragraph("sesudah"))


def svg(inside: str, head: str = "") -> bytes:
    return (
        f'{head}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="90" height="90">'
        f"{inside}</svg>"
    ).encode()


LAUGHS = "<!DOCTYPE s [<!ENTITY a 'haha'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)


@pytest.mark.parametrize(
    "broken",
    [
        Picture(b"", "rusak"),
        Picture(b"GIF89a", "rusak"),
        Picture(JPEG[: len(JPEG) // 2], "rusak"),
        Picture(PNG[:60], "rusak"),
        Chart(b"", "rusak"),
        Chart(b"\xff\xfe<svg", "rusak"),
        Chart(svg('<image xlink:href="/etc/passwd" width="9" height="9"/>'), "rusak"),
        Chart(svg('<image xlink:href="http://127.0.0.1:9/x.png" width="9" height="9"/>'), "rusak"),
        Chart(svg('<image xlink:href="../request.json" width="9" height="9"/>'), "rusak"),
        Chart(svg("<text>&j;</text>", LAUGHS + "]>"), "rusak"),
    ],
    ids=["empty", "gif", "half jpeg", "half png", "no svg", "no xml", "file", "network", "up", "laughs"],
)
def test_a_damaged_or_curious_picture_costs_itself_only(broken):
    found = kept(broken)
    assert "rusak Gambar seharusnya ada di sini" in found
    assert "sebelum" in found and "gambar yang baik" in found and "sesudah" in found


def test_several_damaged_among_many_are_all_found():
    good = [Chart(svg(f'<path d="M0 0h{n}v9z"/>'), f"baik {n}", f"gambar {n}") for n in range(9)]
    bad = [Chart(svg(f'<image xlink:href="/{n}" width="9" height="9"/>'), f"rusak {n}") for n in range(3)]
    found = kept(*good[:4], bad[0], *good[4:], *bad[1:])
    assert found.count("seharusnya ada di sini") == 3
    assert all(f"rusak {n} Gambar" in found for n in range(3)) and all(f". gambar {n}" in found for n in range(9))


def test_a_picture_is_not_called_damaged_because_others_are_at_work(monkeypatch):
    answers = iter([typeset.TypesetError("rusak"), typeset.TooLong("sibuk")])

    def busy(*_given: object, **_more: object) -> bytes:
        raise next(answers)

    monkeypatch.setattr(composing, "render", busy)
    with pytest.raises(typeset.TooLong):
        kept()


def test_a_chart_says_letters_it_lacks():
    found = kept(Chart(svg('<text x="5" y="40" font-family="DejaVu Sans">hujan 漢 &amp; "x"</text>'), "grafik"))
    assert "seharusnya" not in found and "hujan" in found


def test_a_picture_that_fills_the_memory_costs_itself_only(monkeypatch):
    monkeypatch.setattr(rendering, "MEMORY", 1 << 30)
    side = 40_000
    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    squeezed = zlib.compressobj(9)
    row = b"\0" * (side * 4 + 1)
    data = b"".join(squeezed.compress(row) for _ in range(400)) + squeezed.flush()

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    bomb = PNG[:8] + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    assert "bom Gambar seharusnya ada di sini" in kept(Picture(bomb, "bom"))


# --- what a template may reach ----------------------------------------------------------------------------------------


@pytest.fixture
def template(tmp_path):
    def write(text: str):
        path = tmp_path / "own.typ"
        path.write_text(text)
        return path

    rendering._read.cache_clear()
    yield write
    rendering._read.cache_clear()


@pytest.mark.parametrize("seconds", [None, 30])
@pytest.mark.parametrize(
    "text",
    [
        '#read("/etc/passwd")',
        '#read("../../../../../etc/passwd")',
        '#import "@preview/cetz:0.3.0": *',
        '#image("/files/x.png")',
    ],
)
def test_a_template_reaches_nothing_else(template, text, seconds):
    with pytest.raises(typeset.TypesetError):
        typeset.render(template(text), {}, title="x", language="id", seconds=seconds)


def test_our_templates_need_no_package_and_no_evaluation():
    templates = list(rendering.TEMPLATES.glob("*.typ"))
    assert len(templates) >= 3
    for path in templates:
        assert not re.search(r"@(preview|local)|\beval\(|\bplugin\(", path.read_text()), path


def test_a_room_may_bring_its_own_template(template):
    own = template(
        '#import "base.typ": *\n#show: sheet.with(organisation: data.office)\n#lebba\n#data.words.page #data.text'
        '\n#image("files/logo.png", alt: "logo")'
    )
    data = {"office": "Dinas", "text": "isi *surat*"}
    content = typeset.render(own, data, files={"logo.png": PNG}, title="Surat", language="id", created=CREATED)
    page = pypdf.PdfReader(io.BytesIO(content)).pages[0]
    assert "isi *surat*" in page.extract_text() and len(page["/Resources"]["/XObject"]) == 1


@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "a/b.png", ".x", ""])
def test_files_have_plain_names(name):
    with pytest.raises(ValueError, match="plain name"):
        typeset.render("pictures", {"files": [name]}, files={name: PNG}, title="x", language="id")


def test_no_font_of_the_machine_is_used(template):
    own = template('#import "base.typ": data\n#set document(title: data.title)\n#text(font: "Liberation Sans")[halo]')
    content = typeset.render(own, {}, title="x", language="id")
    reader = pypdf.PdfReader(io.BytesIO(content))
    fonts = reader.pages[0]["/Resources"]["/Font"]
    assert all("Libertinus" in fonts[name]["/BaseFont"] for name in fonts)


# --- time, memory, threads --------------------------------------------------------------------------------------------

ENDLESS = "#let n = 0\n#for a in range(9999) { for b in range(9999) { n = calc.rem(n + a * b, 7) } }\n#n"
GREEDY = "#let a = range(400000000)\n#a.len()"


def test_what_takes_too_long_is_ended(template):
    with pytest.raises(typeset.TooLong):
        typeset.render(template(ENDLESS), {}, title="x", language="id", seconds=2)


def test_what_needs_too_much_memory_is_ended(template, monkeypatch):
    monkeypatch.setattr(rendering, "MEMORY", 1 << 30)
    with pytest.raises(typeset.TooLarge):
        typeset.render(template(GREEDY), {}, title="x", language="id", seconds=120)


def test_who_waits_too_long_is_told(template, monkeypatch):
    monkeypatch.setattr(rendering, "AT_ONCE", threading.BoundedSemaphore(1))
    with rendering.AT_ONCE, pytest.raises(typeset.TooLong, match="other documents"):
        typeset.render("pictures", {"files": ["a.png"]}, files={"a.png": PNG}, title="x", language="id", seconds=1)


def test_the_process_ends_itself_when_nobody_waits_for_it(template, tmp_path, monkeypatch):
    folder = tmp_path / "left"
    (folder / "root").mkdir(parents=True)
    request = {}
    monkeypatch.setattr(rendering, "_here", lambda given: request.update(given) or b"")
    typeset.render(template(ENDLESS), {}, title="x", language="id")
    (folder / "request.json").write_text(json.dumps(request))
    command = [sys.executable, "-P", "-m", "tepian.toolkit.typeset", str(folder), "1", str(2 << 30)]
    done = subprocess.run(command, timeout=120)
    assert done.returncode == -signal.SIGALRM


def test_two_threads_at_once_make_what_one_makes():
    documents = [
        Document(f"Surat {n}", "Kota", "id", [Paragraph(f"isi {n} " * 50), Table([Column("a")], [[f"{n}"]] * 60)])
        for n in range(6)
    ]
    alone = [typeset.pdf(document, created=CREATED, seconds=None) for document in documents]
    assert len(set(alone)) == 6
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda document: typeset.pdf(document, created=CREATED, seconds=None), documents * 3))
    assert together == alone * 3


def test_the_rest_of_the_process_goes_on_meanwhile():
    """The typesetter lets other threads run: a clock beside it keeps ticking while a document of many pages is made."""
    ticks: list[float] = []
    done = threading.Event()

    def clock() -> None:
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.01)

    beside = threading.Thread(target=clock)
    beside.start()
    try:
        begin = time.monotonic()
        blocks = [Table([Column("a"), Column("b")], [[f"{n}", "teks " * 9] for n in range(2500)])]
        typeset.pdf(Document("Panjang", "Kota", "id", blocks), created=CREATED, seconds=None)
        end = time.monotonic()
    finally:
        done.set()
        beside.join()
    longest = max(b - a for a, b in zip([begin, *ticks], [*ticks, end], strict=True) if a >= begin)
    assert longest < (end - begin) / 2


def test_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    typeset.pdf(Document("Uji", "Kota", "id", [Picture(JPEG, "foto"), Chart(b"<svg", "rusak")]), created=CREATED)
    assert not list(tmp_path.iterdir())
