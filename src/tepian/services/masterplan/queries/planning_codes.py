"""Codes of regional planning and budgeting: urusan.bidang.program.kegiatan.sub-kegiatan, as in `1.01.01.2.02.0001`.

Source: Permendagri 90/2019 and the decrees that keep its list up to date. A code may end at any level; X stands for the
field of the agency itself (`X.XX.01.2.01.0001`). Older lists write the last level with two digits."""

from __future__ import annotations

import re

AFFAIR, FIELD, PROGRAMME, ACTIVITY, SUB_ACTIVITY = "urusan", "bidang", "program", "kegiatan", "sub-kegiatan"
_LEVELS = (AFFAIR, FIELD, PROGRAMME, ACTIVITY, SUB_ACTIVITY)
_CODE = re.compile(r"[1-9X](?:\.(?:\d\d|XX)(?:\.\d\d(?:\.\d\.\d\d(?:\.(?:\d{4}|\d\d))?)?)?)?")


def normal(text: str) -> str:
    """The code without what people add: blanks, points at the ends, commas or hyphens for points."""
    return re.sub(r"[\s\u00a0]*[.,\-/][\s\u00a0]*", ".", text.strip().upper()).strip(".")


def level(code: str) -> str:
    """Which level the code ends at; "" where it is no such code."""
    if not _CODE.fullmatch(code):
        return ""
    return _LEVELS[{1: 0, 2: 1, 3: 2, 5: 3, 6: 4}[code.count(".") + 1]]
