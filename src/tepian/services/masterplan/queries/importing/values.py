"""What single cells mean: money and numbers as people write them, years, agencies and dimensions by any of their names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from rapidfuzz import fuzz, process

from tepian.kernel.organisations import queries as organisations
from tepian.kernel.regions.folding import fold
from tepian.toolkit.tables import Cell

from ... import states
from ...models import Framework

HINT = 50.0  # likeness from which a name is suggested, from 0 to 100
SUGGESTED = 4
_MARKS = {
    "rb": 3,
    "ribu": 3,
    "jt": 6,
    "juta": 6,
    "m": 9,
    "mil": 9,
    "miliar": 9,
    "milyar": 9,
    "mlr": 9,
    "t": 12,
    "triliun": 12,
}
_MONEY = re.compile(r"(?:rp\.?|idr)?\s*(?P<number>\d[\d.,]*)\s*(?P<mark>[a-z]+)?\.?(?:\s*rupiah)?(?:,-)?")
_NUMBER = re.compile(r"[<>≤≥=~±]*\s*(?P<number>-?\d[\d.,]*)\s*(?P<rest>[%a-z/²³ ()-]*)", re.I)
_FORMS = ("dinas", "badan", "bagian", "kantor", "kota", "kabupaten", "pemerintah", "uptd")
NO = {"tidak", "t", "no", "n", "-", "0", "bukan", ""}
SOURCE_WORDS = {
    "apbd": states.APBD, "apbd kota": states.APBD, "apbd kabupaten": states.APBD, "pad": states.APBD, "dau": states.APBD,
    "apbn": states.APBN, "dak": states.APBN, "hibah pusat": states.APBN,
    "csr": states.CSR, "tjsl": states.CSR, "swasta": states.CSR,
    "lainnya": states.OTHER, "lain lain": states.OTHER, "other": states.OTHER, "apbd provinsi": states.OTHER,
    "bantuan keuangan provinsi": states.OTHER, "bankeu": states.OTHER, "hibah": states.OTHER,
}  # fmt: skip


def plain_number(text: str, *, whole: bool = False) -> Decimal | None:
    """1.250.000 and 1,25 as Indonesians write them; 1250000.50 and 1,250,000 where the marks prove it. `whole`: a lone
    point before three digits parts thousands, as in money; elsewhere “1.250” stays undecided."""
    if re.fullmatch(r"-?\d+", text):
        return Decimal(text)
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+(,\d+)?", text) and (whole or text.count(".") > 1 or "," in text):
        return Decimal(text.replace(".", "").replace(",", "."))
    if re.fullmatch(r"-?\d{1,3}(,\d{3}){2,}(\.\d+)?", text):
        return Decimal(text.replace(",", ""))
    if re.fullmatch(r"-?\d+,\d{1,2}|-?\d+,\d{4,}|-?0,\d+", text):
        return Decimal(text.replace(",", "."))
    if re.fullmatch(r"-?\d+\.\d{1,2}|-?\d+\.\d{4,}|-?0\.\d+", text):
        return Decimal(text)
    if re.fullmatch(r"-?\d+,\d{3}", text):
        return Decimal(text.replace(",", "")) if whole else None
    return None


def money(cell: Cell, scale: int) -> int | None:
    """Rupiah, or None where it is not understood. “1,25 M” is a milliard, “Rp 250 jt” a quarter of one."""
    if isinstance(cell.value, Decimal):
        amount = cell.value * scale
        return int(amount) if amount == int(amount) else None
    return money_text(str(cell.value or cell.raw), scale)


def money_text(text: str, scale: int = 1) -> int | None:
    found = _MONEY.fullmatch(" ".join(text.lower().split()))
    if not found or (found["mark"] and found["mark"] not in _MARKS):
        return None
    mark = found["mark"]
    digits = found["number"].rstrip(".,")
    number = plain_number(digits, whole=not mark)
    if number is None and mark:  # “1.250 jt” is more than a thousand million, “1,250 M” a bit more than one milliard
        number = Decimal(digits.replace(".", "") if "." in digits else digits.replace(",", "."))
    if number is None:
        return None
    amount = number * (10 ** _MARKS[mark] if mark else scale)
    return int(amount) if amount >= 0 and amount == int(amount) else None


def number(cell: Cell) -> float | None:
    """A target or a baseline: “≥ 90 %” is 90, “3 dokumen” is 3; None where it is not understood."""
    if isinstance(cell.value, Decimal):
        return float(cell.value)
    return number_text(str(cell.value or cell.raw))


def number_text(text: str) -> float | None:
    found = _NUMBER.fullmatch(" ".join(text.split()))
    value = plain_number(found["number"].rstrip(".,")) if found else None
    return None if value is None else float(value)


def years(text: str) -> tuple[int, int] | None:
    """“2025-2027”, “2025 s.d. 2027”, “2026”."""
    found = sorted(int(each) for each in re.findall(r"\b(?:19|20|21)\d\d\b", text))
    return (found[0], found[-1]) if found else None


class Lookup:
    """Codes by their names, folded; what is not known gets suggestions."""

    def __init__(self, names: Mapping[str, tuple[str, str]], forms: tuple[str, ...] = ()) -> None:
        """`names`: folded name → (code, name for people). `forms`: words that may be missing or too many."""
        self.names, self.forms = dict(names), forms
        self.bare: dict[str, set[str]] = {}
        for name, (code, _label) in names.items():
            self.bare.setdefault(self._bare(name), set()).add(code)
        self.labels = dict(names.values())

    def _bare(self, name: str) -> str:
        return " ".join(word for word in name.split() if word not in self.forms) or name

    def code(self, text: str) -> str:
        """ "" where it is not certain."""
        name = fold(text)
        if name in self.names:
            return self.names[name][0]
        codes = self.bare.get(self._bare(name), set())
        return next(iter(codes)) if len(codes) == 1 else ""

    def suggestions(self, text: str) -> list[tuple[str, str]]:
        """The most alike first, as (code, name)."""
        found = process.extract(fold(text), list(self.names), scorer=fuzz.WRatio, limit=12, score_cutoff=HINT)
        codes = dict.fromkeys(self.names[name][0] for name, _score, _at in found)
        return [(code, self.labels[code]) for code in list(codes)[:SUGGESTED]]


def agencies() -> Lookup:
    """Every agency that exists today, by code, name and short name."""
    names: dict[str, tuple[str, str]] = {}
    for each in organisations.agencies():
        for name in (each.code.replace(".", " "), each.name, each.short_name):
            if name:
                names.setdefault(fold(name), (each.code, each.label))
    return Lookup(names, _FORMS)


def dimension_lookup(framework: Framework) -> tuple[Lookup, Lookup]:
    """Dimensions and sub-dimensions by code and by their names in both languages; “Smart …” may stand before."""
    first: dict[str, tuple[str, str]] = {}
    second: dict[str, tuple[str, str]] = {}
    for each in framework.dimensions:
        for name in (each["code"], each["name"], each.get("name_en", "")):
            if name:
                first.setdefault(fold(name), (each["code"], each["name"]))
        for part in each.get("parts", []):
            for name in (part["code"], part["name"], part.get("name_en", "")):
                if name:
                    second.setdefault(fold(name), (part["code"], part["name"]))
    return Lookup(first, ("smart", "dimensi", "pilar", "kota")), Lookup(second, ("smart",))


def sources() -> Lookup:
    labels = {states.APBD: "APBD", states.APBN: "APBN", states.CSR: "CSR", states.OTHER: "…"}
    return Lookup({fold(word): (code, labels[code]) for word, code in SOURCE_WORDS.items()})
