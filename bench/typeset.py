"""A dossier of 300 pages (tables, facts, charts) and a letter of one page, against a bare typst compile of the same words.

The bare side is a document written by hand in typst, compiled to the same standards in a process of its own, as ours is:
no data to read, no head with the organisation, no sources, no packing. The ratio says what our layout and data cost.
"""

from __future__ import annotations

import io
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pypdf

from bench import harness as h
from tepian.toolkit import typeset
from tepian.toolkit.typeset import Block, Chart, Column, Document, Facts, Heading, Paragraph, Table

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = (
    "rencana", "aksi", "kota", "banjir", "jalan", "warga", "layanan", "data", "target", "capaian", "anggaran", "dinas",
    "kelurahan", "tahun", "kegiatan",
)  # fmt: skip
HEADS = ("No", "Aksi", "Target", "Realisasi", "Keterangan")
LETTERS = 100
BARE = """
import sys, typst
fonts = typst.Fonts(include_system_fonts=False)
typst.compile(sys.argv[1], output=sys.argv[2], font_paths=fonts, pdf_standards=["a-2a", "ua-1"], timestamp=0)
"""
PREAMBLE = """
#set document(title: "Rencana")
#set page(paper: "a4", margin: (x: 22mm, top: 25mm, bottom: 22mm), numbering: "1")
#set text(size: 10.5pt, lang: "id", font: "Libertinus Serif")
#set par(leading: 0.62em, spacing: 0.95em, linebreaks: "simple")
#set heading(numbering: "1.1")
#show figure.where(kind: table): set block(breakable: true)
#set table(stroke: (_, y) => (top: 0.5pt), inset: (x: 4pt, y: 3.5pt))
#outline(depth: 2)
"""


def run() -> None:
    blocks = _blocks()
    dossier = Document("Rencana induk", "Pemerintah kota", "id", blocks, contents=True, numbered=True)
    with tempfile.TemporaryDirectory(prefix="tepian-bench-") as name:
        folder = Path(name)
        _by_hand(blocks, folder)
        made: dict[str, bytes] = {}

        def ours() -> float:
            started = time.perf_counter()
            made["ours"] = typeset.pdf(dossier, created=CREATED, seconds=600)
            return time.perf_counter() - started

        def bare() -> float:
            started = time.perf_counter()
            out = folder / "out.pdf"
            subprocess.run([sys.executable, "-c", BARE, str(folder / "main.typ"), str(out)], check=True)
            made["bare"] = out.read_bytes()
            return time.perf_counter() - started

        mine, theirs = h.interleave(ours, bare)
        pages = {side: len(pypdf.PdfReader(io.BytesIO(content)).pages) for side, content in made.items()}
        sizes = {side: f"{len(content) / 1e6:.1f} MB" for side, content in made.items()}
        note = f"{pages['ours']} pages, {sizes['ours']}; by hand {pages['bare']} pages, {sizes['bare']}"
        h.report(
            "typeset",
            pages["ours"] / mine,
            pages["bare"] / theirs,
            "pages/s",
            what="bare typst",
            aim="≥ 0.6",
            note=note,
        )
        letter = Document("Surat keterangan", "Pemerintah kota", "id", [Paragraph(_text(random.Random(3), 120))])

        def letters() -> float:
            started = time.perf_counter()
            for number in range(LETTERS):
                typeset.pdf(_numbered(letter, number), created=CREATED, seconds=None)
            return (time.perf_counter() - started) / LETTERS * 1000

        def bare_letters() -> float:
            import typst

            fonts = typst.Fonts(include_system_fonts=False)
            started = time.perf_counter()
            for number in range(LETTERS):
                words = f"{PREAMBLE.replace('#outline(depth: 2)', '')}\n{number}. {letter.blocks[0].text}"  # type: ignore[union-attr]
                typst.compile(words.encode(), font_paths=fonts, pdf_standards=["a-2a", "ua-1"], timestamp=0)
            return (time.perf_counter() - started) / LETTERS * 1000

        mine, theirs = h.interleave(letters, bare_letters)
        size = len(typeset.pdf(letter, created=CREATED, seconds=None)) / 1000
        h.report(
            "typeset_letter",
            mine,
            theirs,
            "ms",
            what="bare typst",
            lower_is_better=True,
            note=f"one page, {size:.0f} kB",
        )


def _numbered(letter: Document, number: int) -> Document:
    return Document(f"{letter.title} {number}", letter.organisation, letter.language, letter.blocks)


def _text(chance: random.Random, length: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(length)).capitalize() + "."


def _blocks() -> list[Block]:
    chance = random.Random(7)
    blocks: list[Block] = []
    for _chapter in range(12):
        blocks.append(Heading(_text(chance, 4)))
        for _section in range(12):
            blocks.append(Heading(_text(chance, 5), 2))
            blocks += [Paragraph(_text(chance, 75)) for _ in range(4)]
            blocks.append(Facts([(_text(chance, 2), _text(chance, 6)) for _ in range(5)]))
            rows = [
                (str(n), _text(chance, 9), f"{chance.randrange(9999):,}", f"{chance.randrange(100)}%", _text(chance, 6))
                for n in range(1, 31)
            ]
            aligned = [Column(head, "right" if head in ("No", "Target", "Realisasi") else "left") for head in HEADS]
            blocks.append(Table(aligned, rows, _text(chance, 6), "Bappeda"))
            blocks.append(Chart(_chart(chance), _text(chance, 4), _text(chance, 6), "BPS", 0.8))
    return blocks


def _chart(chance: random.Random) -> bytes:
    bars = "".join(
        f'<path d="M{40 * n} 180v-{(height := chance.randrange(150))}h28v{height}z"/><text x="{40 * n}" y="195">{2014 + n}</text>'
        for n in range(12)
    )
    opening = '<svg xmlns="http://www.w3.org/2000/svg" width="480" height="200" viewBox="0 0 480 200">'
    return f'{opening}<style>path{{fill:#069cbf}}text{{font:12px "DejaVu Sans",serif}}</style>{bars}</svg>'.encode()


def _by_hand(blocks: list[Block], folder: Path) -> None:
    """The same words in typst's own markup."""
    parts = [PREAMBLE]
    for number, block in enumerate(blocks):
        match block:
            case Heading(text, level):
                parts.append(f"{'=' * level} {text}")
            case Paragraph(text):
                parts.append(text)
            case Facts(rows):
                cells = "".join(f"[{label}], [{value}], " for label, value in rows)
                parts.append(f"#table(columns: (32%, 1fr), {cells})")
            case Table(columns, rows, caption):
                head = ", ".join(f"[*{column.title}*]" for column in columns)
                cells = ",\n".join(", ".join(f"[{cell}]" for cell in row) for row in rows)
                shape = "columns: (1fr, 9fr, 2fr, 2fr, 6fr), align: (right, left, right, right, left)"
                parts.append(f"#figure(table({shape}, table.header({head}),\n{cells}), caption: [{caption}])")
            case Chart(svg, alt, caption):
                (folder / f"{number}.svg").write_bytes(svg)
                parts.append(f'#figure(image("{number}.svg", width: 80%), alt: "{alt}", caption: [{caption}])')
    (folder / "main.typ").write_text("\n\n".join(parts), encoding="utf-8")
