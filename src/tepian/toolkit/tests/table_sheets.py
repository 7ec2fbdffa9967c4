"""Messy sheets, each as an office might send it, with every value that must come out."""

from __future__ import annotations

from datetime import date

from .table_files import D, Expected, Messy

N = None

POPULATION = Messy(  # two header lines, merged cells, column numbers, a total, its source
    rows=[
        ["Tabel 3.1.2 Penduduk Menurut Kecamatan dan Jenis Kelamin, 2024"],
        [],
        ["No", "Kecamatan", "Penduduk (Jiwa)", N, N, "Kepadatan (jiwa/km2)"],
        [N, N, "Laki-laki", "Perempuan", "Jumlah", N],
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
        [1, "Palaran", 33512, 31520, 65032, 294.5],
        [2, "Seberang", 35001, 33120, 68121, 1705.25],
        [3, "Sambutan", 29100, 28222, 57322, "–"],
        [N, "J u m l a h", 97613, 92862, 190475, 611.1],
        ["Sumber: Dinas Kependudukan dan Pencatatan Sipil"],
    ],
    merges=("A1:F1", "A3:A4", "B3:B4", "C3:E3", "F3:F4"),
    tables=[
        Expected(
            columns=[
                ("No", "number", ""),
                ("Kecamatan", "text", ""),
                ("Penduduk – Laki-laki", "number", "Jiwa"),
                ("Penduduk – Perempuan", "number", "Jiwa"),
                ("Penduduk – Jumlah", "number", "Jiwa"),
                ("Kepadatan", "number", "jiwa/km2"),
            ],
            values=[
                [1, "Palaran", 33512, 31520, 65032, 294.5],
                [2, "Seberang", 35001, 33120, 68121, 1705.25],
                [3, "Sambutan", 29100, 28222, 57322, N],
                [N, "J u m l a h", 97613, 92862, 190475, D("611.1")],
            ],
            roles="dddt",
            titles=["Tabel 3.1.2 Penduduk Menurut Kecamatan dan Jenis Kelamin, 2024"],
            notes=["Sumber: Dinas Kependudukan dan Pencatatan Sipil"],
        )
    ],
)

BUDGET = Messy(  # sections with their subtotals, money as text, a grand total that is wrong in one column
    rows=[
        ["REALISASI BELANJA DAERAH"],
        ["Tahun Anggaran 2024"],
        ["(dalam juta rupiah)"],
        [],
        ["Uraian", "Anggaran", "Realisasi", "Persentase"],
        ["Belanja Operasi"],
        ["Belanja Pegawai", "1.254.300,50", "1.201.000,25", "95,75%"],
        ["Belanja Barang", "845.100,00", "790.250,00", "93,51%"],
        ["Sub Jumlah Belanja Operasi", "2.099.400,50", "1.991.250,25", "94,85%"],
        ["Belanja Modal"],
        ["Jalan", "310.000,00", "(1.500,75)", "-0,48%"],
        ["Gedung", "90.000,00", "88.000,00", "97,78%"],
        ["Sub Jumlah Belanja Modal", "400.000,00", "86.499,25", "21,62%"],
        ["TOTAL", "2.499.400,50", "2.077.749,00", "83,13%"],
        [],
        ["Keterangan: angka sementara"],
    ],
    tables=[
        Expected(
            columns=[
                ("Uraian", "text", ""),
                ("Anggaran", "number", "juta rupiah"),
                ("Realisasi", "number", "juta rupiah"),
                ("Persentase", "percent", "%"),
            ],
            values=[
                ["Belanja Operasi", N, N, N],
                ["Belanja Pegawai", D("1254300.50"), D("1201000.25"), D("95.75")],
                ["Belanja Barang", D("845100.00"), D("790250.00"), D("93.51")],
                ["Sub Jumlah Belanja Operasi", D("2099400.50"), D("1991250.25"), D("94.85")],
                ["Belanja Modal", N, N, N],
                ["Jalan", 310000, D("-1500.75"), D("-0.48")],
                ["Gedung", 90000, 88000, D("97.78")],
                ["Sub Jumlah Belanja Modal", 400000, D("86499.25"), D("21.62")],
                ["TOTAL", D("2499400.50"), D("2077749.00"), D("83.13")],
            ],
            roles="hddshddst",
            titles=["REALISASI BELANJA DAERAH", "Tahun Anggaran 2024", "(dalam juta rupiah)"],
            notes=["Keterangan: angka sementara"],
            findings={"total_disagrees"},
        )
    ],
)

YEARS = Messy(  # years as headings, a provisional one, missing values of three kinds, notes with marks
    rows=[
        ["Produksi Padi menurut Kecamatan (ton), 2020–2023"],
        ["Kecamatan", 2020, 2021, 2022, "2023*)"],
        ["Utara", 1250.5, 1300, "…", "1.310,25"],
        ["Selatan", "-", 210, 220, "215,5"],
        ["Timur", "tad", 99, 101, "98,75 r)"],
        ["*) Angka sementara"],
        ["r) Angka diperbaiki"],
    ],
    tables=[
        Expected(
            columns=[
                ("Kecamatan", "text", ""),
                ("2020", "number", "ton"),
                ("2021", "number", "ton"),
                ("2022", "number", "ton"),
                ("2023*)", "number", "ton"),
            ],
            values=[
                ["Utara", 1250.5, 1300, N, D("1310.25")],
                ["Selatan", N, 210, 220, D("215.5")],
                ["Timur", N, 99, 101, D("98.75")],
            ],
            titles=["Produksi Padi menurut Kecamatan (ton), 2020–2023"],
            notes=["*) Angka sementara", "r) Angka diperbaiki"],
        )
    ],
)

PRICES = Messy(  # a line of units, several ways to write a day, a stored error, a number that is none
    rows=[
        ["Komoditas", "Tanggal", "Harga Eceran", "Perubahan"],
        [N, N, "(Rp)", "(%)"],
        ["Beras Premium", "12-9-2025", "Rp 16.000", "3,23"],
        ["Beras Medium", "2025-09-13", "Rp13.250,-", "0"],
        ["Cabai Rawit", "13 September 2025", "Rp. 45.500", "-2,5"],
        ["Minyak Goreng", date(2025, 9, 14), "17.000", "1,1 *)"],
        ["Telur Ayam", "30/09/25", "kosong", "#REF!"],
    ],
    tables=[
        Expected(
            columns=[
                ("Komoditas", "text", ""),
                ("Tanggal", "date", ""),
                ("Harga Eceran", "number", "Rp"),
                ("Perubahan", "percent", "%"),
            ],
            values=[
                ["Beras Premium", date(2025, 9, 12), 16000, D("3.23")],
                ["Beras Medium", date(2025, 9, 13), 13250, 0],
                ["Cabai Rawit", date(2025, 9, 13), 45500, D("-2.5")],
                ["Minyak Goreng", date(2025, 9, 14), 17000, D("1.1")],
                ["Telur Ayam", date(2025, 9, 30), N, N],
            ],
            findings={"not_understood", "cell_error"},
        )
    ],
)

WARDS = Messy(  # keys merged downwards, codes with leading zeros, plain totals for each part and for all
    rows=[
        ["Kecamatan", "Kode", "Kelurahan", "KK", "Luas (ha)"],
        ["Barat", "01", "Melati", 1200, 51.5],
        [N, "02", "Mawar", 900, 40.25],
        [N, "03", "Kenanga", 1100, 39],
        ["Jumlah", N, N, 3200, 130.75],
        ["Timur", "04", "Anggrek", 500, 70],
        [N, "05", "Dahlia", 650, 81.5],
        ["Jumlah", N, N, 1150, 151.5],
        ["Jumlah Total", N, N, 4350, 282.25],
    ],
    merges=("A2:A4", "A6:A7"),
    tables=[
        Expected(
            columns=[
                ("Kecamatan", "text", ""),
                ("Kode", "text", ""),
                ("Kelurahan", "text", ""),
                ("KK", "number", ""),
                ("Luas", "number", "ha"),
            ],
            values=[
                ["Barat", "01", "Melati", 1200, 51.5],
                ["Barat", "02", "Mawar", 900, 40.25],
                ["Barat", "03", "Kenanga", 1100, 39],
                ["Jumlah", N, N, 3200, 130.75],
                ["Timur", "04", "Anggrek", 500, 70],
                ["Timur", "05", "Dahlia", 650, 81.5],
                ["Jumlah", N, N, 1150, 151.5],
                ["Jumlah Total", N, N, 4350, 282.25],
            ],
            roles="dddsddst",
        )
    ],
)

TWO_BELOW = Messy(  # two tables under one another, each with title, heading and source
    rows=[
        ["Tabel 1. Sekolah menurut Jenjang"],
        ["Jenjang", "Negeri", "Swasta"],
        ["SD", 163, 61],
        ["SMP", 49, 50],
        ["Sumber: Dinas Pendidikan"],
        [],
        ["Tabel 2. Murid menurut Jenjang"],
        ["Jenjang", "Murid", "Guru", "Rasio"],
        ["SD", 78231, 4012, 19.5],
        ["SMP", 35410, 2210, 16.02],
        ["Total", 113641, 6222, 18.26],
        [],
        ["Catatan: keadaan akhir semester"],
    ],
    tables=[
        Expected(
            columns=[("Jenjang", "text", ""), ("Negeri", "number", ""), ("Swasta", "number", "")],
            values=[["SD", 163, 61], ["SMP", 49, 50]],
            titles=["Tabel 1. Sekolah menurut Jenjang"],
            notes=["Sumber: Dinas Pendidikan"],
        ),
        Expected(
            columns=[("Jenjang", "text", ""), ("Murid", "number", ""), ("Guru", "number", ""), ("Rasio", "number", "")],
            values=[["SD", 78231, 4012, 19.5], ["SMP", 35410, 2210, D("16.02")], ["Total", 113641, 6222, D("18.26")]],
            roles="ddt",
            titles=["Tabel 2. Murid menurut Jenjang"],
            notes=["Catatan: keadaan akhir semester"],
        ),
    ],
)

TWO_BESIDE = Messy(  # two tables beside one another, the right one shorter
    rows=[
        ["Puskesmas 2024", N, N, N, "Apotek 2024"],
        ["Kecamatan", "Unit", "Dokter", N, "Kecamatan", "Apotek"],
        ["Utara", 4, 21, N, "Utara", 17],
        ["Selatan", 3, 14, N, "Selatan", 11],
        ["Timur", 2, 9, N, N, N],
    ],
    tables=[
        Expected(
            columns=[("Kecamatan", "text", ""), ("Unit", "number", ""), ("Dokter", "number", "")],
            values=[["Utara", 4, 21], ["Selatan", 3, 14], ["Timur", 2, 9]],
            titles=["Puskesmas 2024"],
        ),
        Expected(
            columns=[("Kecamatan", "text", ""), ("Apotek", "number", "")],
            values=[["Utara", 17], ["Selatan", 11]],
            titles=["Apotek 2024"],
        ),
    ],
)

INFLATION = Messy(  # periods as rows, per cent by number format, an empty column and empty lines inside
    rows=[
        ["Bulan", N, "Inflasi", "IHK"],
        ["Jan-24", N, 0.0004, 105.19],
        ["Feb-24", N, 0.0037, 105.58],
        [],
        ["Maret 2024", N, 0.0052, 106.13],
        ["Apr 2024", N, -0.0025, 105.86],
    ],
    formats={(r, 2): "0.00%" for r in range(1, 6)},
    tables=[
        Expected(
            columns=[("Bulan", "period", ""), ("Inflasi", "percent", "%"), ("IHK", "number", "")],
            values=[
                ["2024-01", D("0.04"), 105.19],
                ["2024-02", D("0.37"), 105.58],
                ["2024-03", D("0.52"), D("106.13")],
                ["2024-04", D("-0.25"), D("105.86")],
            ],
        )
    ],
)

DISAGREES = Messy(  # a total that does not agree, a provisional year, the heading repeated on a second page
    rows=[
        ["Tahun", "Kasus", "Sembuh"],
        ["2021", "1.204", "1.100"],
        ["2022", "987", "900"],
        ["Tahun", "Kasus", "Sembuh"],
        ["2023*)", "1.015", "1.001"],
        ["Jumlah", "3.206", "3.002"],
    ],
    tables=[
        Expected(
            columns=[("Tahun", "year", ""), ("Kasus", "number", ""), ("Sembuh", "number", "")],
            values=[[2021, 1204, 1100], [2022, 987, 900], [2023, 1015, 1001], ["Jumlah", 3206, 3002]],
            roles="dddt",
            findings={"total_disagrees"},
        )
    ],
)

QUARTERS = Messy(  # three header lines with quarters as headings, a total above its rows
    rows=[
        ["Wilayah", "Penerimaan Pajak", N, N, N],
        [N, "2023", N, "2024", N],
        [N, "Triwulan I 2023", "Triwulan II 2023", "Triwulan I 2024", "Triwulan II 2024"],
        ["Total", 300, 330, 360, 390],
        ["Utara", 100, 110, 120, 130],
        ["Selatan", 200, 220, 240, 260],
    ],
    merges=("A1:A3", "B1:E1", "B2:C2", "D2:E2"),
    tables=[
        Expected(
            columns=[
                ("Wilayah", "text", ""),
                ("Penerimaan Pajak – 2023 – Triwulan I 2023", "number", ""),
                ("Penerimaan Pajak – 2023 – Triwulan II 2023", "number", ""),
                ("Penerimaan Pajak – 2024 – Triwulan I 2024", "number", ""),
                ("Penerimaan Pajak – 2024 – Triwulan II 2024", "number", ""),
            ],
            values=[["Total", 300, 330, 360, 390], ["Utara", 100, 110, 120, 130], ["Selatan", 200, 220, 240, 260]],
            roles="tdd",
        )
    ],
)

UNMERGED = Messy(  # a grouped heading without merged cells, as it comes out of a text file
    rows=[
        ["Kelurahan", "Penduduk", N, "Luas"],
        [N, "L", "P", "km2"],
        ["Melati", 1234, 1250, 2.5],
        ["Mawar", 998, 1003, 1.75],
        ["Rata-rata", 1116, 1126.5, 2.125],
    ],
    tables=[
        Expected(
            columns=[
                ("Kelurahan", "text", ""),
                ("Penduduk – L", "number", ""),
                ("Penduduk – P", "number", ""),
                ("Luas – km2", "number", ""),
            ],
            values=[
                ["Melati", 1234, 1250, 2.5],
                ["Mawar", 998, 1003, 1.75],
                ["Rata-rata", 1116, 1126.5, 2.125],
            ],
            roles="dda",
        )
    ],
)

STRAY = Messy(  # a remark beside the table, a text-only column with signs for nothing, a section in capitals
    rows=[
        ["Nama Pasar", "Kios", "Retribusi (Rp)", "Pengelola"],
        ["PASAR TIPE A"],
        ["Pasar Pagi", 120, 45000000, "UPTD"],
        ["Pasar Sore", 80, 21500000, "-", N, "cek lagi!"],
        ["PASAR TIPE B"],
        ["Pasar Baru", 45, 9750000.5, "Tidak ada"],
    ],
    tables=[
        Expected(
            columns=[
                ("Nama Pasar", "text", ""),
                ("Kios", "number", ""),
                ("Retribusi", "number", "Rp"),
                ("Pengelola", "text", ""),
            ],
            values=[
                ["PASAR TIPE A", N, N, N],
                ["Pasar Pagi", 120, 45000000, "UPTD"],
                ["Pasar Sore", 80, 21500000, N],
                ["PASAR TIPE B", N, N, N],
                ["Pasar Baru", 45, 9750000.5, "Tidak ada"],
            ],
            roles="hddhd",
            findings={"stray_cell", "fraction_in_count"},
        )
    ],
)

ALL = {
    "population": POPULATION,
    "budget": BUDGET,
    "years": YEARS,
    "prices": PRICES,
    "wards": WARDS,
    "two below": TWO_BELOW,
    "two beside": TWO_BESIDE,
    "inflation": INFLATION,
    "disagrees": DISAGREES,
    "quarters": QUARTERS,
    "unmerged": UNMERGED,
    "stray": STRAY,
}
