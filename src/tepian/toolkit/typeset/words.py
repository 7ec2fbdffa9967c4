"""The words that the typesetter adds by itself, in the document's language. A tool without a city word has no catalogue."""

from __future__ import annotations

# key → (English, Indonesian)
WORDS: dict[str, tuple[str, str]] = {
    "contents": ("Contents", "Daftar isi"),
    "page": ("Page", "Halaman"),
    "of": ("of", "dari"),
    "table": ("Table", "Tabel"),
    "figure": ("Figure", "Gambar"),
    "source": ("Source", "Sumber"),
    "note": ("Note", "Catatan"),
    "warning": ("Attention", "Perhatian"),
    "unreadable": (
        "The picture belongs here, but its file is damaged and cannot be shown.",
        "Gambar seharusnya ada di sini, tetapi berkasnya rusak sehingga tidak dapat ditampilkan.",
    ),
}


def words(language: str) -> dict[str, str]:
    """All of them in "id" or, for every other language, "en"."""
    place = 1 if language.startswith("id") else 0
    return {key: said[place] for key, said in WORDS.items()}
