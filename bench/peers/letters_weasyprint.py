"""The same letter as HTML, set by WeasyPrint. Runs in the peers' environment; prints JSON as `letters_set`."""

from __future__ import annotations

import html
import json
import sys
import time
from collections.abc import Callable

ADDRESS = "https://kota.contoh.example/surat/cek/S-7K4MQ2X-3"
EMBLEM = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 44"><path d="M2 2h36v22q0 12-18 18Q2 36 2 24z"/></svg>'
)
LINES = ("PEMERINTAH KOTA CONTOH", "KECAMATAN HULU", "KELURAHAN TEPI SUNGAI")
SIGNER = ("Lurah Tepi Sungai", "Nama Lurah")
TITLE = "SURAT KETERANGAN DOMISILI"
PERSON = {
    "name": "Contoh Warga",
    "nik": "9901014503900001",
    "birth": "Kota Contoh, 5 Maret 1990",
    "occupation": "Perdagangan",
    "address": "Jl. Contoh 12, RT 03, Tepi Sungai, Kota Contoh",
    "purpose": "melamar pekerjaan",
}
TEXT = """Yang bertanda tangan di bawah ini menerangkan bahwa:

| Nama | {name}
| NIK | {nik}
| Tempat dan tanggal lahir | {birth}
| Pekerjaan | {occupation}
| Alamat | {address}

adalah benar penduduk kelurahan ini dan bertempat tinggal di alamat tersebut sampai surat keterangan ini dibuat.

Surat keterangan ini dibuat dengan sebenarnya untuk keperluan {purpose}."""
STYLE = """@page { size: A4; margin: 18mm 22mm 24mm 25mm; @bottom-right { content: counter(page) "/" counter(pages) } }
body { font: 11.5pt serif } .head { text-align: center; border-bottom: 2pt solid } .sign { margin-left: 80mm }
p { text-align: justify; text-indent: 11mm } svg { width: 22mm }"""


def page(number: int, code: str) -> str:
    rows, texts = [], []
    for line in TEXT.format(**PERSON | {"name": f"Contoh Warga {number}"}).splitlines():
        if line.startswith("|"):
            _, label, value = (html.escape(part.strip()) for part in line.split("|"))
            rows.append(f"<tr><td>{label}<td>:<td>{value}")
        elif line:
            texts.append(f"<p>{html.escape(line)}</p>")
    return (
        f"<html lang=id><title>{TITLE}</title><style>{STYLE}</style><div class=head>{EMBLEM}{'<br>'.join(LINES)}</div>"
        f"<h2>{TITLE}</h2><div>Nomor: {number:03d}/470/01.1001/XI/2026</div>{texts[0]}<table>{''.join(rows)}</table>"
        f"{''.join(texts[1:])}<div class=sign>Contoh, 27 November 2026<br>{SIGNER[0]},<br>{code}<br><b>{SIGNER[1]}</b></div>"
    )


def maker() -> Callable[[int], bytes]:
    """What sets the letter of a number."""
    import segno
    from weasyprint import HTML

    def made(number: int) -> bytes:
        code = segno.make(ADDRESS, error="m").svg_inline(scale=3)
        done: bytes = HTML(string=page(number, code)).write_pdf(pdf_variant="pdf/a-2b")
        return done

    return made


def measured(made: Callable[[int], bytes], count: int) -> bytes:
    """Prints how many letters a second and how large one is, as JSON; gives the last one."""
    for number in range(5):
        last = made(number)
    started, total = time.perf_counter(), 0
    for number in range(count):
        last = made(number)
        total += len(last)
    print(json.dumps({"per_s": count / (time.perf_counter() - started), "bytes": total / count}))
    return last


if __name__ == "__main__":
    measured(maker(), int(sys.argv[1]))
