"""Every refusal and finding in a sentence, Indonesian and English. A tool without a city word has no catalogue of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# code → (English, Indonesian). The names in braces are the finding's params.
SENTENCES: dict[str, tuple[str, str]] = {
    # refusals
    "empty_file": ("The file is empty.", "Berkas kosong."),
    "too_large": (
        "The file has {size} bytes; at most {limit} are read.",
        "Berkas berukuran {size} bita; paling banyak {limit} yang dibaca.",
    ),
    "wrong_type": (
        "This is no table but {found}. Please give XLSX, XLS, ODS, CSV or TSV.",
        "Ini bukan tabel melainkan {found}. Mohon berikan XLSX, XLS, ODS, CSV, atau TSV.",
    ),
    "broken": (
        "The file is damaged and cannot be read: {detail}. Please open it, save it again and send it once more.",
        "Berkas rusak dan tidak dapat dibaca: {detail}. Mohon buka, simpan ulang, lalu kirim kembali.",
    ),
    "encrypted": (
        "The file is protected by a password. Please save it without one.",
        "Berkas dilindungi kata sandi. Mohon simpan tanpa kata sandi.",
    ),
    "archive_too_large": (
        "Unpacked, the file would have {size} bytes; at most {limit} are unpacked.",
        "Setelah dibuka, berkas akan berukuran {size} bita; paling banyak {limit} yang dibuka.",
    ),
    "archive_ratio": (
        "The part {part} grows {ratio} times when unpacked; such a file is not opened.",
        "Bagian {part} membesar {ratio} kali saat dibuka; berkas seperti itu tidak dibuka.",
    ),
    "archive_entries": (
        "The file has {count} parts; at most {limit} are opened.",
        "Berkas memiliki {count} bagian; paling banyak {limit} yang dibuka.",
    ),
    "archive_twice": (
        "The file has the part {part} twice; such a file is not opened.",
        "Berkas memiliki bagian {part} dua kali; berkas seperti itu tidak dibuka.",
    ),
    "entities": (
        "The part {part} declares entities of its own; such a file is not opened.",
        "Bagian {part} menetapkan entitas sendiri; berkas seperti itu tidak dibuka.",
    ),
    "too_many_sheets": (
        "The file has {count} sheets; at most {limit} are read.",
        "Berkas memiliki {count} lembar; paling banyak {limit} yang dibaca.",
    ),
    "too_many_columns": (
        "The sheet {sheet} uses {count} columns; at most {limit} are read.",
        "Lembar {sheet} memakai {count} kolom; paling banyak {limit} yang dibaca.",
    ),
    "too_many_cells": (
        "The file has more than {limit} cells. Please split it.",
        "Berkas memiliki lebih dari {limit} sel. Mohon pecah berkasnya.",
    ),
    "area_too_large": (
        "The cells of the sheet {sheet} lie too far apart ({count} places; at most {limit}). Please remove "
        "stray cells.",
        "Sel pada lembar {sheet} terpencar terlalu jauh ({count} tempat; paling banyak {limit}). Mohon hapus "
        "sel yang tersesat.",
    ),
    "undecodable": (
        "The letters of the file are in no known encoding. Please save it as UTF-8.",
        "Huruf dalam berkas memakai pengodean yang tidak dikenal. Mohon simpan sebagai UTF-8.",
    ),
    "only_pictures": (
        "The file has pictures only, no cells. A picture of a table cannot be read.",
        "Berkas hanya berisi gambar, tanpa sel. Gambar sebuah tabel tidak dapat dibaca.",
    ),
    "no_table": ("No table was found in the file.", "Tidak ditemukan tabel dalam berkas."),
    # the file
    "name_differs": (
        "By its name the file is {name}, by its content {content}. It was read by its content.",
        "Menurut namanya berkas ini {name}, menurut isinya {content}. Berkas dibaca menurut isinya.",
    ),
    "macros": (
        "The file has macros. They were not run.",
        "Berkas memuat makro. Makro tidak dijalankan.",
    ),
    "macro_sheet": (
        "The sheet {sheet} holds macros; it was not read.",
        "Lembar {sheet} berisi makro; lembar itu tidak dibaca.",
    ),
    "chart_sheet": ("The sheet {sheet} is a chart; it was not read.", "Lembar {sheet} berupa grafik; tidak dibaca."),
    "external_links": (
        "The file takes values from {count} other files or sources. They were not opened; the values last "
        "stored are used.",
        "Berkas mengambil nilai dari {count} berkas atau sumber lain. Semua itu tidak dibuka; nilai terakhir "
        "yang tersimpan dipakai.",
    ),
    "connections": (
        "The file has connections to databases or web addresses. They were not opened.",
        "Berkas memiliki sambungan ke basis data atau alamat web. Sambungan itu tidak dibuka.",
    ),
    "stale_results": (
        "The file asks to be computed anew on opening; the stored results of formulas may not be the right ones.",
        "Berkas minta dihitung ulang saat dibuka; hasil rumus yang tersimpan mungkin belum benar.",
    ),
    "pictures": ("The file has {count} pictures; they were not read.", "Berkas memuat {count} gambar; tidak dibaca."),
    "encoding_guessed": (
        "The letters were read as {encoding}, since they are not UTF-8. Please look at names with accents.",
        "Huruf dibaca sebagai {encoding} karena bukan UTF-8. Mohon periksa nama yang beraksen.",
    ),
    "quotes_broken": (
        "A quotation mark is not closed or stands inside a cell near line {line}; the rows after it may be joined.",
        "Tanda kutip tidak ditutup atau berada di dalam sel dekat baris {line}; baris sesudahnya mungkin tergabung.",
    ),
    "delimiter_doubtful": (
        "The cells were split at {delimiter}; other marks fit nearly as well.",
        "Sel dipisah pada {delimiter}; tanda lain hampir sama cocoknya.",
    ),
    "hidden_sheet": ("The sheet is hidden; it was read.", "Lembar ini disembunyikan; tetap dibaca."),
    "hidden_rows": (
        "{count} rows are hidden, perhaps by a filter; they were read.",
        "{count} baris disembunyikan, mungkin oleh saringan; tetap dibaca.",
    ),
    "nothing_tabular": (
        "The cells here form no table; they were not read.",
        "Sel di sini tidak membentuk tabel; tidak dibaca.",
    ),
    # formulas
    "computed": (
        "{count} cells are computed; the results stored in the file are used.",
        "{count} sel merupakan hasil rumus; hasil yang tersimpan dalam berkas dipakai.",
    ),
    "formula_calls_out": (
        "This formula asks another file, program or address. It was not run; the stored value is used: {formula}",
        "Rumus ini meminta data dari berkas, program, atau alamat lain. Rumus tidak dijalankan; nilai "
        "tersimpan dipakai: {formula}",
    ),
    "formula_without_value": (
        "The file has a formula here but no result; the cell counts as missing.",
        "Di sini terdapat rumus tanpa hasil; sel dianggap kosong.",
    ),
    "cell_error": ("The cell shows the error {text}; it counts as missing.", "Sel menunjukkan galat {text}; dianggap kosong."),
    # the table
    "no_header": (
        "The table has no heading; the columns are called by their letters.",
        "Tabel tidak memiliki kepala; kolom disebut menurut hurufnya.",
    ),
    "unnamed_column": ("The column has no heading.", "Kolom tidak memiliki kepala."),
    "same_name": (
        "Two columns are called {name}; the later one is called {given}.",
        "Dua kolom bernama {name}; yang belakangan disebut {given}.",
    ),
    "empty_column": ("The column {name} has no values.", "Kolom {name} tidak berisi nilai."),
    "repeated_header": (
        "The heading is repeated among the rows; the repetition was left out.",
        "Kepala tabel diulang di antara baris; pengulangan itu dilewati.",
    ),
    "filled_from_merge": (
        "{count} merged cells were given the text of their first cell.",
        "{count} sel gabungan diberi teks sel pertamanya.",
    ),
    "merged_number": (
        "A number is merged over several rows; it counts for the first one only.",
        "Sebuah angka digabung melintasi beberapa baris; angka itu hanya dihitung pada baris pertama.",
    ),
    "too_many_fields": (
        "The row has {count} cells but the heading {expected}; it may be shifted and was rejected.",
        "Baris memiliki {count} sel sedangkan kepala tabel {expected}; baris mungkin bergeser dan ditolak.",
    ),
    "too_few_fields": (
        "{count} rows have fewer cells than the heading; the last ones count as missing.",
        "{count} baris memiliki sel lebih sedikit daripada kepala tabel; sel terakhir dianggap kosong.",
    ),
    "stray_cell": (
        "The cell stands outside the table's headings and was left out: {text}",
        "Sel berada di luar kepala tabel dan dilewati: {text}",
    ),
    # values
    "not_understood": (
        "“{text}” is not understood as {kind} in the column {name}; it counts as missing.",
        "“{text}” tidak dipahami sebagai {kind} pada kolom {name}; dianggap kosong.",
    ),
    "ambiguous_numbers": (
        "{count} numbers such as “{text}” in the column {name} can be read two ways and nothing in the table "
        "decides; they "
        "count as missing until somebody says which mark is the decimal one.",
        "{count} angka seperti “{text}” pada kolom {name} dapat dibaca dengan dua cara dan tidak ada yang "
        "menentukan; dianggap "
        "kosong sampai ada yang menyatakan tanda desimalnya.",
    ),
    "notation_mixed": (
        "The column {name} mixes “1.234,5” and “1,234.5”; texts that can be read two ways count as missing.",
        "Kolom {name} mencampur “1.234,5” dan “1,234.5”; teks yang dapat dibaca dua cara dianggap kosong.",
    ),
    "notation_from_elsewhere": (
        "“{text}” in the column {name} was read with “{mark}” as the decimal mark, as in {proof} of this table.",
        "“{text}” pada kolom {name} dibaca dengan “{mark}” sebagai tanda desimal, seperti {proof} tabel ini.",
    ),
    "notation_from_unit": (
        "“{text}” in the column {name} was read as a whole number, since {unit} are counted.",
        "“{text}” pada kolom {name} dibaca sebagai bilangan bulat karena {unit} dihitung satu per satu.",
    ),
    "notation_from_total": (
        "“{text}” in the column {name} was read with “{mark}” as the decimal mark, since only so the total agrees.",
        "“{text}” pada kolom {name} dibaca dengan “{mark}” sebagai tanda desimal karena hanya dengan itu "
        "jumlahnya cocok.",
    ),
    "numbers_as_text": (
        "{count} numbers in the column {name} were stored as text; they were read as numbers.",
        "{count} angka pada kolom {name} tersimpan sebagai teks; dibaca sebagai angka.",
    ),
    "mixed_column": (
        "The column {name} has {numbers} numbers among {count} values; it is kept as text.",
        "Kolom {name} memiliki {numbers} angka di antara {count} nilai; disimpan sebagai teks.",
    ),
    "kept_as_text": (
        "The column {name} looks like numbers with leading zeros; it is kept as text so that none is lost.",
        "Kolom {name} tampak seperti angka berawalan nol; disimpan sebagai teks agar nol tidak hilang.",
    ),
    "fraction_in_count": (
        "{count} values of the column {name} have fractions though {unit} are counted; perhaps thousands "
        "marks became decimal.",
        "{count} nilai pada kolom {name} memiliki pecahan padahal {unit} dihitung satu per satu; mungkin "
        "tanda ribuan menjadi desimal.",
    ),
    "digits_lost": (
        "{count} numbers in the column {name} have more digits than a spreadsheet keeps; the last digits may "
        "be wrong.",
        "{count} angka pada kolom {name} memiliki lebih banyak digit daripada yang disimpan lembar sebar; "
        "digit terakhir mungkin salah.",
    ),
    "percent_mixed": (
        "The column {name} mixes values with and without “%”; those without were read as they stand.",
        "Kolom {name} mencampur nilai dengan dan tanpa “%”; yang tanpa tanda dibaca apa adanya.",
    ),
    "footnote_marks": (
        "{count} values of the column {name} carry a footnote mark, such as “{text}”; the mark was kept apart.",
        "{count} nilai pada kolom {name} bertanda catatan kaki, misalnya “{text}”; tandanya disimpan terpisah.",
    ),
    "day_first_assumed": (
        "Nothing proves the order of day and month in the column {name}; “{text}” was read day first, as "
        "Indonesian headings are used.",
        "Tidak ada yang membuktikan urutan hari dan bulan pada kolom {name}; “{text}” dibaca hari dahulu "
        "karena kepala tabel berbahasa Indonesia.",
    ),
    "ambiguous_dates": (
        "{count} dates such as “{text}” in the column {name} can be day first or month first; they count as missing.",
        "{count} tanggal seperti “{text}” pada kolom {name} dapat berarti hari dahulu atau bulan dahulu; "
        "dianggap kosong.",
    ),
    "date_order_mixed": (
        "The column {name} mixes day first and month first; dates that can be either count as missing.",
        "Kolom {name} mencampur hari dahulu dan bulan dahulu; tanggal yang dapat berarti keduanya dianggap kosong.",
    ),
    "serial_dates": (
        "{count} dates of the column {name} were stored as day numbers; they were turned into dates.",
        "{count} tanggal pada kolom {name} tersimpan sebagai nomor hari; diubah menjadi tanggal.",
    ),
    "short_years": (
        "{count} values of the column {name} have years of two digits, such as “{text}”; 70 to 99 were read "
        "as 19…, others as 20….",
        "{count} nilai pada kolom {name} memakai tahun dua digit, misalnya “{text}”; 70 sampai 99 dibaca "
        "19…, lainnya 20….",
    ),
    # totals
    "total_disagrees": (
        "The total in {name} says {found}, the rows above it give {expected}.",
        "Jumlah pada {name} tertulis {found}, sedangkan barisnya menghasilkan {expected}.",
    ),
    "total_not_checked": (
        "The total in {name} could not be checked, since {count} of its rows have no understood value.",
        "Jumlah pada {name} tidak dapat diperiksa karena {count} barisnya tidak memiliki nilai yang dipahami.",
    ),
    "total_by_sum": (
        "“{text}” was taken as a total, since its numbers are the sums of the rows.",
        "“{text}” dianggap baris jumlah karena angkanya merupakan jumlah baris-barisnya.",
    ),
    "unmarked_total": (
        "The numbers of “{text}” are the sums of all other rows, though it is not called a total; it is kept "
        "as data.",
        "Angka pada “{text}” merupakan jumlah semua baris lain walau tidak disebut jumlah; tetap disimpan "
        "sebagai data.",
    ),
    # melting
    "nothing_to_melt": ("No column names a year or period.", "Tidak ada kolom yang menyebut tahun atau periode."),
    "more": ("{count} more findings of this kind ({of}).", "Masih ada {count} temuan sejenis ({of})."),
}  # fmt: skip

KINDS = {
    "number": ("a number", "angka"),
    "percent": ("a percentage", "persentase"),
    "date": ("a date", "tanggal"),
    "year": ("a year", "tahun"),
    "period": ("a period", "periode"),
    "text": ("a text", "teks"),
}


def sentence(code: str, params: Mapping[str, Any], language: str = "en") -> str:
    """The sentence of a code in "en" or "id". An unknown code is shown as it is, for nothing may stay unsaid."""
    place = 1 if language.startswith("id") else 0
    words = SENTENCES.get(code)
    if words is None:
        return f"{code} {dict(params)}" if params else code
    filled = dict(params)
    if filled.get("kind") in KINDS:
        filled["kind"] = KINDS[filled["kind"]][place]
    return words[place].format_map(_Shown(filled))


class _Shown(dict[str, Any]):
    """Leaves a name without a value visible instead of failing while something is being reported."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
