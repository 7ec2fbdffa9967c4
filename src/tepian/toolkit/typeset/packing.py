"""The same PDF, packed: objects that are not streams go into compressed object streams, and the table of places with them.

The tags of a dossier (one object for each cell of a table) are nine tenths of what typst writes, all of it plain text.
Sources: ISO 32000-1, 7.5.7 (object streams) and 7.5.8 (cross-reference streams); both are allowed in PDF/A-2 and PDF/UA-1.
"""

from __future__ import annotations

import re
import zlib
from itertools import pairwise

TOGETHER = 400  # objects in one stream
_TRAILER = re.compile(rb"trailer\s*<<(.*?)>>\s*startxref\s*(\d+)\s*%%EOF\s*$", re.S)
_TABLE = re.compile(rb"xref\s+0 (\d+)\s+")


def packed(pdf: bytes) -> bytes:
    """What typst wrote (one table of places, no updates), packed. Raises `ValueError` for any other file."""
    trailer = _TRAILER.search(pdf, max(0, len(pdf) - 4096))
    table = _TABLE.match(pdf, int(trailer[2])) if trailer else None
    if trailer is None or table is None or b"/Prev" in trailer[1]:
        raise ValueError("no PDF with one table of places")
    size = int(table[1])
    entries = (pdf[table.end() + 20 * n : table.end() + 20 * n + 20] for n in range(size))
    places = sorted(int(entry[:10]) for entry in entries if entry[17:18] == b"n")
    out = bytearray(pdf[: places[0]])
    rows: dict[int, tuple[int, int, int]] = {0: (0, 0, 65535)}  # number → kind, place or stream, generation or index
    loose: list[tuple[int, bytes]] = []
    for start, end in pairwise([*places, int(trailer[2])]):
        opened, closed = pdf.find(b" 0 obj", start, start + 20), pdf.rfind(b"endobj", start, end)
        if opened < 0 or closed < 0:
            raise ValueError(f"no object at {start}")
        each, body = int(pdf[start:opened]), pdf[opened + 6 : closed].strip()
        if body.endswith(b"endstream"):
            rows[each] = (1, len(out), 0)
            out += pdf[start:closed] + b"endobj\n"
        else:
            loose.append((each, body))
    number = size
    for first in range(0, len(loose), TOGETHER):
        part = loose[first : first + TOGETHER]
        heads, at = [], 0
        for index, (each, body) in enumerate(part):
            heads.append(f"{each} {at}")
            rows[each] = (2, number, index)
            at += len(body) + 1
        head = " ".join(heads).encode() + b"\n"
        rows[number] = (1, len(out), 0)
        keys = b"/Type/ObjStm/N %d/First %d" % (len(part), len(head))
        out += _stream(number, keys, head + b"".join(body + b"\n" for _each, body in part))
        number += 1
    start = len(out)
    rows[number] = (1, start, 0)
    listed = b"".join(
        kind.to_bytes(1, "big") + place.to_bytes(4, "big") + last.to_bytes(2, "big")
        for kind, place, last in (rows.get(each, (0, 0, 65535)) for each in range(number + 1))
    )
    kept = re.sub(rb"/Size\s+\d+", b"", trailer[1]).strip()
    out += _stream(number, b"/Type/XRef/W[1 4 2]/Size %d %b" % (number + 1, kept), listed)
    return bytes(out) + b"startxref\n%d\n%%%%EOF\n" % start


def _stream(number: int, keys: bytes, content: bytes) -> bytes:
    body = zlib.compress(content)
    head = b"%d 0 obj\n<<%b/Filter/FlateDecode/Length %d>>stream\n" % (number, keys, len(body))
    return head + body + b"\nendstream\nendobj\n"
