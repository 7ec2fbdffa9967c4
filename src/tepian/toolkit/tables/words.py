"""The words that offices write in tables, Indonesian and English, and how they are recognised."""

from __future__ import annotations

import re

MISSING = {
    "-": "dash", "–": "dash", "—": "dash", "--": "dash", "---": "dash", "−": "dash", "‒": "dash",
    "…": "ellipsis", "...": "ellipsis", "..": "ellipsis", "....": "ellipsis",
    "n/a": "not_available", "na": "not_available", "n.a.": "not_available", "n.a": "not_available", "#n/a": "not_available",
    "tad": "not_available", "t.a.d": "not_available", "t.a.d.": "not_available", "td": "not_available",
    "tidak ada data": "not_available", "tidak ada": "not_available", "belum ada": "not_available",
    "belum tersedia": "not_available", "tidak tersedia": "not_available", "belum ada data": "not_available",
    "data tidak tersedia": "not_available", "not available": "not_available", "no data": "not_available",
    "null": "not_available", "nihil": "nil", "nil": "nil",
}  # fmt: skip
# Among texts only signs are certain to mean "nothing"; "NA" or "Tidak ada" may be an answer.
MISSING_AMONG_TEXTS = {"dash", "ellipsis"}
ERRORS = re.compile(r"#(N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|GETTING_DATA|BLOCKED!)|Err:\d{3}", re.I)

_TOTAL = re.compile(
    r"((grand|jumlah)\s+)?(jumlah|total)(\s*/\s*(jumlah|total))?"
    r"(\s+(keseluruhan|seluruhnya|semua|semuanya|umum|akhir|besar|total|jumlah|overall|all))?\s*[:.]?",
    re.I,
)
_SUBTOTAL = re.compile(r"sub\s*-?\s*(jumlah|total)\b.*", re.I)
_PERHAPS = re.compile(r"(jumlah|total)\s+\S.*", re.I)
_AVERAGE = re.compile(r"(rata\s*-?\s*rata|rerata|average|mean)(\s+(total|umum|keseluruhan))?\s*[:.]?", re.I)
_NOTE = re.compile(
    r"(sumber(\s*(data|/\s*source))?|source|keterangan|ket|catatan|note|notes|footnote|penjelasan|diolah)\b\s*(/\s*\w+\s*)?[:.=]"
    r"|(sumber|source|catatan|keterangan)\s*$|(sumber data|diolah dari|data per|kondisi per|update terakhir)\b"
    r"|\*{1,3}\)?\s*\S|\d{1,2}\)\s*\S|[a-z]\)\s*\S|[¹²³⁴⁵⁶⁷⁸⁹]\S*\s*\S|[-–…]\s*[:=]\s*\S",
    re.I,
)
_SPACED = re.compile(r"(?:\w\s){3,}\w")


def despaced(text: str) -> str:
    """ "J u m l a h" → "Jumlah"."""
    return text.replace(" ", "") if _SPACED.fullmatch(text) else " ".join(text.split())


def row_role(text: str) -> str:
    """total, subtotal, average, "perhaps" (its sums must tell) or "" for the first text of a row."""
    text = despaced(text.strip())
    if _SUBTOTAL.fullmatch(text):
        return "subtotal"
    if _TOTAL.fullmatch(text):
        return "total"
    if _AVERAGE.fullmatch(text):
        return "average"
    return "perhaps" if _PERHAPS.fullmatch(text) else ""


def is_note(text: str) -> bool:
    return bool(_NOTE.match(text.strip()))


# Columns whose total is not the sum of the rows.
NOT_SUMMED = re.compile(
    r"kepadatan|rata|rasio|ratio|laju|density|rate\b|indeks|index|harga|price|persen|percent|proporsi|share|tingkat|"
    r"koordinat|latitude|longitude|lintang|bujur|peringkat|rank|average|mean|per\s|/",
    re.I,
)
CODE = re.compile(
    r"(kode|code|id|nik|nip|npsn|nopol|npwp|kd|kodepos|uuid|telp|telepon|phone|hp|fax)\b|.*\b(kode|code|id)$|(kode|code|id|kd)_|.*_(kode|code|id)$"
    r"|no\.?\s*(hp|telp|telepon|ktp|kk|rekening|induk|polisi|surat)",
    re.I,
)
YEAR = re.compile(r"(tahun|thn|th|year|ta)\b\.?|.*\b(tahun|year)\s*(/\s*(tahun|year))?$|.*_(tahun|year)$", re.I)
DATE = re.compile(r".*(tanggal|tgl|\bdate\b|_date|date_|timestamp|waktu)", re.I)
INDONESIAN_DATE = re.compile(r".*(tanggal|tgl|waktu|bulan)", re.I)
SHARE = re.compile(r".*(persen|percent|\bpct\b|_pct\b|%)", re.I)
INDEX = re.compile(r"no\.?|nomor|nomer|#|no\.?\s*urut|nr\.?|num(ber)?", re.I)

# What a bracket in a header must consist of to be a unit and not a part of the name.
_UNIT_WORDS = (
    "rp rp. idr rupiah usd us$ $ eur € % persen percent jiwa orang org kk rt rw keluarga penduduk people "
    "person persons km km2 km² km^2 m m2 m² m3 m³ ha hektar hektare are cm mm kg g gr gram ton tons kw "
    "kuintal kwintal ku liter ltr l unit buah bh ekor rumah tangga ruta batang pohon lembar bidang kasus "
    "kejadian kali hari jam menit detik tahun bulan kwh mwh gwh va kva watt °c ‰ poin indeks=100 paket butir "
    "ikat bungkus sachet kaleng tabung sak titik ruas meter lokasi sekolah siswa murid guru kelas tempat "
    "tidur kamar households household units hours days years months thousand thousands million millions "
    "billion billions ribu juta miliar milyar triliun trilyun 000 1000 000.000 1.000 000.000.000 dalam in per "
    "square sq pcs bps mbps gb mb ml nilai= "
)
_UNITS = set(_UNIT_WORDS.split())
COUNTED = {
    "jiwa", "orang", "org", "kk", "rt", "rw", "keluarga", "unit", "buah", "bh", "ekor", "rumah tangga", "people", "persons",
    "households", "kasus", "kejadian", "batang", "siswa", "murid", "guru", "sekolah", "rupiah", "rp", "rp.", "idr",
}  # fmt: skip
SNAKE_UNITS = {"pct": "%", "persen": "%", "percent": "%", "km2": "km2", "ha": "ha", "m2": "m2", "kg": "kg", "rp": "Rp"}
_BRACKET = re.compile(r"\s*[(\[]\s*([^()\[\]]+?)\s*[)\]]\s*$")
_SAID_UNIT = re.compile(
    r"[(\[]\s*(?:dalam\s+|in\s+|satuan\s*:?\s*|unit\s*:\s*)?([^()\[\]]{1,40}?)\s*[)\]]|^(?:satuan|unit)\s*:\s*(.{1,40})$",
    re.I,
)


def is_unit(text: str) -> bool:
    """Does the text consist of unit words only? "juta rupiah", "jiwa/km2", "Rp./Kg" do; "P1" and "laki-laki" do not."""
    tokens = [token for token in re.split(r"[\s/]+|(?<=\d)-", text.lower()) if token]
    return bool(tokens) and all(token in _UNITS for token in tokens)


def split_unit(label: str) -> tuple[str, str]:
    """ "Luas (km2)" → ("Luas", "km2"); ("Indeks (P1)", "") when the bracket is no unit."""
    found = _BRACKET.search(label)
    if found and is_unit(found[1]):
        return label[: found.start()].strip(), found[1]
    return label, ""


def bracketed(label: str) -> str:
    """The text of a label that is nothing but a bracket: "(Rp)" → "Rp"."""
    found = re.fullmatch(r"[(\[]\s*([^()\[\]]+?)\s*[)\]]", label.strip())
    return found[1] if found else ""


def title_unit(titles: tuple[str, ...]) -> str:
    """A unit said once for the whole table: "(dalam juta rupiah)", "Satuan: Jiwa"."""
    for title in titles:
        for found in _SAID_UNIT.finditer(title.strip()):
            unit = (found[1] or found[2]).strip()
            if is_unit(unit):
                return unit
    return ""


MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "jan januari january", "feb februari february pebruari peb", "mar maret march mrt", "apr april", "mei may",
            "jun juni june", "jul juli july", "agu agt ags agustus aug august agst", "sep sept september",
            "okt oktober oct october", "nov november nopember nop", "des desember dec december",
        ),
        1,
    )
    for word in words.split()
}  # fmt: skip
