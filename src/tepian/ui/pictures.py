"""Charts as files: an SVG that stands alone, with its style inside, and a PNG of it.

A chart on a page gets its colours from the stylesheet. Saved or pasted into a report it has none, so here the sentence
above it, the source below it and the colours travel with it. PNG is drawn with the house's own fonts, so that it
looks the same on every server, also on one without fonts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import resvg_py
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from tepian.toolkit import fonts

MARGIN, LINE = 20, 22
# The light palette of css/tokens.css; a test holds them together.
COLOURS = {
    "ink": "#14211f", "ink2": "#45524f", "line": "#7c8a87", "hair": "#d5dcda", "paper": "#fff", "c1": "#069cbf",
    "c2": "#7c1b68", "c3": "#c98106", "c4": "#1f49cc", "c5": "#a73817", "c6": "#184c36",
}  # fmt: skip
DASHES = {2: "8 4", 3: "2 5", 4: "12 4 2 4", 5: "5 3", 6: "14 6"}
_OPENING = re.compile(r'<svg class="chart" viewBox="0 0 ([\d.]+) ([\d.]+)"')


@cache
def _style() -> str:
    c = COLOURS
    rules = [
        'text{font:500 13px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;'
        f"fill:{c['ink2']}}}",
        f".kisi{{fill:none;stroke:{c['hair']};stroke-width:1}}.sumbu{{fill:none;stroke:{c['line']};stroke-width:1}}",
        ".garis{fill:none;stroke-width:2.5;stroke-linejoin:round;stroke-linecap:round}",
        f"text.judul{{font-size:18px;font-weight:700;fill:{c['ink']}}}text.kaki{{font-size:12px}}",
        f"text.label{{font-weight:700;paint-order:stroke;stroke:{c['paper']};stroke-width:4px}}",
        *(f".s{n}{{stroke:{c[f'c{n}']}}}.f{n}{{fill:{c[f'c{n}']}}}" for n in range(1, 7)),
        *(f".d{n}{{stroke-dasharray:{dash}}}" for n, dash in DASHES.items()),
        f".hampa{{fill:{c['paper']};stroke-width:2.5}}",
    ]
    return "".join(rules)


def standalone(chart: SafeString, *, title: str, notes: Iterable[str] = ()) -> SafeString:
    """A whole SVG file: the title in lines that fit, the chart, and notes below (source, date, address)."""
    opening = _OPENING.match(chart)
    if opening is None:
        raise ValueError("not a chart of tepian.ui.charts")
    width, height = float(opening[1]), float(opening[2])
    head = _lines(title, int(width / 10.8))
    foot = [line for note in notes if note for line in _lines(note, int(width / 6.6))]
    top = MARGIN + LINE * len(head) + 8
    whole_width, whole_height = width + 2 * MARGIN, top + height + 14 + 17 * len(foot) + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole_width:g}" height="{whole_height:g}" '
        f'viewBox="0 0 {whole_width:g} {whole_height:g}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title><style>{_style()}</style>"
        f'<path fill="{COLOURS["paper"]}" d="M0 0h{whole_width:g}v{whole_height:g}H0z"/>'
    ]
    for number, line in enumerate(head, 1):
        parts.append(f'<text class="judul" x="{MARGIN}" y="{MARGIN + LINE * number - 6}">{escape(line)}</text>')
    inner = f'<svg class="chart" x="{MARGIN}" y="{top:g}" width="{width:g}" height="{height:g}" '
    parts.append(chart.replace('<svg class="chart" ', inner, 1))
    for number, line in enumerate(foot, 1):
        y = top + height + 14 + 17 * number
        parts.append(f'<text class="kaki" x="{MARGIN}" y="{y:g}">{escape(line)}</text>')
    parts.append("</svg>\n")
    return mark_safe("".join(parts))


def png(svg: str, *, zoom: int = 2) -> bytes:
    """A picture of `standalone`'s SVG, `zoom` points for each of its units."""
    files = [str(path) for path in sorted(fonts.FOLDER.glob("*.ttf"))]
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=str(svg),
            skip_system_fonts=True,
            font_files=files,
            font_family=fonts.FAMILY,
            sans_serif_family=fonts.FAMILY,
            zoom=zoom,
        )
    )


def _lines(text: str, most: int) -> list[str]:
    """The words in lines of at most `most` letters; a longer word has a line of its own."""
    found: list[str] = []
    for word in text.split():
        if found and len(found[-1]) + 1 + len(word) <= most:
            found[-1] += f" {word}"
        else:
            found.append(word)
    return found
