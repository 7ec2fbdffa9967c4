"""Making names comparable: what people type for a place, and what the place is called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from tepian.kernel.catalogue.city import city_setting
from tepian.kernel.catalogue.kept import Kept

# How people in Indonesia shorten words in addresses and names. A city adds its own in city.toml, `[abbreviations]`.
ABBREVIATIONS: dict[str, str] = {
    "jl": "jalan",
    "jln": "jalan",
    "jalanan": "jalan",
    "gg": "gang",
    "gng": "gang",
    "lr": "lorong",
    "lrg": "lorong",
    "kel": "kelurahan",
    "kec": "kecamatan",
    "kab": "kabupaten",
    "ds": "desa",
    "kp": "kampung",
    "kpg": "kampung",
    "perum": "perumahan",
    "prum": "perumahan",
    "komp": "kompleks",
    "komplek": "kompleks",
    "blk": "blok",
    "sp": "simpang",
    "spg": "simpang",
    "simp": "simpang",
    "prapatan": "simpang",
    "perempatan": "simpang",
    "pertigaan": "simpang",
    "ir": "insinyur",
    "h": "haji",
    "hj": "hajah",
    "kh": "kiai haji",
    "dr": "dokter",
    "drs": "doktorandus",
    "prof": "profesor",
    "jend": "jenderal",
    "jendral": "jenderal",
    "let": "letnan",
    "letjen": "letnan jenderal",
    "letjend": "letnan jenderal",
    "mayjen": "mayor jenderal",
    "mayjend": "mayor jenderal",
    "brigjen": "brigadir jenderal",
    "brigjend": "brigadir jenderal",
    "kol": "kolonel",
    "kapt": "kapten",
    "ltn": "letnan",
    "lettu": "letnan satu",
    "pgr": "pangeran",
    "pang": "pangeran",
    "p": "pangeran",
    "st": "sultan",
    "slt": "sultan",
    "ra": "raden ajeng",
    "a": "a",
    "m": "muhammad",
    "moh": "muhammad",
    "moch": "muhammad",
    "muh": "muhammad",
    "mohammad": "muhammad",
    "mohamad": "muhammad",
    "mochammad": "muhammad",
    "muhamad": "muhammad",
    "achmad": "ahmad",
    "akhmad": "ahmad",
    "rs": "rumah sakit",
    "rsud": "rumah sakit umum daerah",
    "rsia": "rumah sakit ibu anak",
    "pkm": "puskesmas",
    "damkar": "pemadam kebakaran",
    "ps": "pasar",
    "psr": "pasar",
    "sma": "sma",
    "tpi": "tempat pelelangan ikan",
    "sei": "sungai",
    "sg": "sungai",
    "sungei": "sungai",
    "gn": "gunung",
    "tl": "teluk",
    "tlk": "teluk",
    "tj": "tanjung",
    "tg": "tanjung",
    "tjg": "tanjung",
    "bt": "bukit",
    "kr": "karang",
    "no": "nomor",
    "nmr": "nomor",
    "km": "km",
    "utr": "utara",
    "sel": "selatan",
    "tmr": "timur",
    "brt": "barat",
    "tgh": "tengah",
    "sbrg": "seberang",
}
ROMAN = {
    "i": "1",
    "ii": "2",
    "iii": "3",
    "iv": "4",
    "v": "5",
    "vi": "6",
    "vii": "7",
    "viii": "8",
    "ix": "9",
    "x": "10",
    "xi": "11",
    "xii": "12",
    "xiii": "13",
    "xiv": "14",
    "xv": "15",
}
_INITIALS = re.compile(r"\b(?:[a-z]\.\s?){2,}(?=[a-z]?\b|\s|$)")
_WORD = re.compile(r"[a-z]+|\d+")


def _read_table() -> dict[str, str]:
    return ABBREVIATIONS | {
        str(key).lower(): str(value).lower() for key, value in (city_setting("abbreviations") or {}).items()
    }


_table = Kept(_read_table, "city")


def plain(text: str) -> str:
    """Lower case without marks above and below letters: "Pasar Pagí" → "pasar pagi". Unknown scripts give ""."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in spread if not unicodedata.combining(char))


def words(text: str, table: Mapping[str, str] | None = None) -> list[str]:
    """The words of a name or query as they are compared: abbreviations written out, Roman numerals and leading zeros
    made plain numbers, punctuation gone. Folding the result again changes nothing."""
    known = _table() if table is None else table
    lowered = plain(text)
    # "K.H." is one abbreviation, not two letters.
    lowered = _INITIALS.sub(lambda found: re.sub(r"[.\s]", "", found.group()) + " ", lowered)
    found: list[str] = []
    for word in _WORD.findall(re.sub(r"['’`]", "", lowered)):
        if word.isdigit():
            found.append(word.lstrip("0") or "0")
        elif word in ROMAN:
            found.append(ROMAN[word])
        else:
            found.extend(known.get(word, word).split())
    return found


def fold(text: str, table: Mapping[str, str] | None = None) -> str:
    """A name as the forgiving search compares it: `fold("Jl. P. Antasari")` = "jalan pangeran antasari"."""
    return " ".join(words(text, table))
