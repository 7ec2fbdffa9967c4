"""Letters: what the city writes is checked when it is saved, and what people are called stays what it is."""

from __future__ import annotations

import io
import re
import subprocess
from datetime import UTC, date, datetime, timedelta

import pypdf
import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tepian.kernel.actors import Conflict, Denied, Invalid, NotFound, system
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.contributions import Signatory
from tepian.kernel.catalogue.packs import CityPack, check_pack
from tepian.kernel.documents import letterheads, letters
from tepian.kernel.documents.letters import keeping, packs, setting, texts
from tepian.kernel.documents.models import LetterVersion
from tepian.kernel.documents.numbering import Number

WARD = "ward-99.01.01.1001"
DAY = date(2026, 11, 27)
SYSTEM = system("tests")
FIELDS = [
    letters.Field("name", "Nama", "Name", "Contoh Warga", needed=True),
    letters.Field("purpose", "Keperluan", "Purpose", "melamar pekerjaan"),
    letters.Field("note", "Catatan"),
]
TEXT = """Yang bertanda tangan di bawah ini, {signer_title}, menerangkan bahwa:

| Nama | **{name}**
| Catatan | {note?}

adalah penduduk {office}, {office_above}. Surat ini dibuat untuk {purpose}."""
LURAH = Signatory("lurah", "Nama Lurah, S.Sos.", "x", "an", "a.n. Camat, Lurah", ("a.n. Camat", "Lurah Riverside"))
ADDRESS = "https://kota.contoh.example/surat/cek/S-7K4M-2XYZ"


@pytest.fixture
def template(contoh):
    row = keeping.add_template(actor=SYSTEM, code="proof", name="Surat bukti", fields=FIELDS)
    keeping.save_draft(actor=SYSTEM, template=row, revision=0, layout="statement", title="SURAT BUKTI", text=TEXT)
    keeping.put_in_force(actor=SYSTEM, template=row, revision=1, day=today())
    return row


def made(template, *, version=None, qr=ADDRESS, **values):
    return letters.render_letter(
        template=version or letters.template_on(template.code, today()),
        values={"name": "Siti", "purpose": "melamar pekerjaan"} | values,
        head=letters.head_of(WARD),
        number=Number("007/470/01.1001/XI/2026", 7),
        on=DAY,
        signer=LURAH,
        qr=qr,
        created=datetime(2026, 11, 27, tzinfo=UTC),
    )


def words_of(pdf: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


def test_a_letter_is_small_searchable_and_made_to_last(template):
    pdf = made(template)
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) == 1 and len(pdf) < 60_000
    meta = pdf.decode("latin-1")
    assert "<pdfaid:part>2" in meta and "<pdfaid:conformance>A" in meta
    said = words_of(pdf)
    for wanted in (
        "PEMERINTAH KOTA CONTOH", "SURAT BUKTI", "Nomor: 007/470/01.1001/XI/2026", "Contoh, 27 November 2026", "a.n. Camat",
        "Lurah Riverside,", "Nama Lurah, S.Sos.", "melamar pekerjaan", "Halaman 1 dari 1", ADDRESS,
    ):  # fmt: skip
        assert wanted in said
    assert "Catatan" not in said, "a line whose only field is empty is left out"
    assert "Catatan : penting" in " ".join(words_of(made(template, note="penting")).split())
    assert made(template) == pdf, "the same input gives the same bytes"


def test_its_layout_needs_no_package_and_no_evaluation():
    layouts = list(setting.TEMPLATE.parent.glob("*.typ"))
    assert len(layouts) == 2
    for path in layouts:
        assert not re.search(r"@(preview|local)|\beval\(|\bplugin\(", path.read_text()), path


def test_its_code_is_read_from_paper(template, tmp_path):
    (tmp_path / "letter.pdf").write_bytes(made(template))
    subprocess.run(["pdftoppm", "-r", "150", "-png", tmp_path / "letter.pdf", tmp_path / "page"], check=True)
    done = subprocess.run(["zbarimg", "-q", "--raw", tmp_path / "page-1.png"], capture_output=True, text=True)
    assert done.stdout.strip() == ADDRESS
    assert "Periksa surat ini" not in words_of(made(template, qr="")), "without an address there is room for ink"


def test_a_name_is_printed_as_it_is_written(template):
    for name in (
        "O'Neil",
        'a#b $x$ *tebal* _miring_ @rujuk <label> `kode` \\u{41} [isi] // % ~ "kutip"',
        '#eval("1") {purpose} {{x}} **tebal** | bar',
        "A" * 80,
        "Sri",
    ):
        assert "".join(name.split()) in "".join(words_of(made(template, name=name)).split())


def test_many_pages_are_counted_and_the_signature_stays_whole(template):
    text = "@ Sifat | Biasa\n@ Lampiran | {note?}\n{name}\n\n****\n\n+ Camat {office}\n+ Arsip {note?}\n+ Arsip\n\n"
    row = keeping.save_draft(
        actor=SYSTEM,
        template=template,
        revision=0,
        layout="letter",
        title="Hal {purpose}",
        recipient="Yth.\n1. Kepala {office}\n2. {note?}",
        text=text + "Satu baris yang panjang sekali. " * 150,
    )
    said = words_of(made(template, version=row))
    pages = said.split("\f")
    assert "Halaman 1 dari 2" in pages[0] and "Halaman 2 dari 2" in pages[1]
    assert "Hal" in pages[0] and "1. Kepala Ward office Riverside" in pages[0] and "2." not in pages[0]
    top = " ".join(pages[0].split())
    assert "Sifat : Biasa Hal" in top and "Lampiran" not in said, "between number and subject; an empty one is left out"
    assert "Tembusan: 1. Camat Ward office Riverside 2. Arsip" in " ".join(said.split())
    last = next(page for page in pages if "Nama Lurah" in page)
    assert "Lurah Riverside," in last and "Nomor" in pages[0]


def test_a_bad_text_is_refused_naming_what_is_wrong(template):
    for text, code, item in (
        ("{name} {nick}", "unknown_field", "nick"),
        ("{name} {Nama}", "text_name", "Nama"),
        ("satu\n{name", "text_brace", "2"),
        ("{name} }", "text_brace", "1"),
        ("**{name}", "text_bold", "1"),
        ("| {name}", "text_row", "1"),
        ("tanpa nama", "missing_field", "name"),
        ("@ Sifat | Biasa\n{name}", "head_line", ""),
        ("  ", "text_missing", ""),
        ("{name}" + "x" * 12_001, "text_too_long", ""),
    ):
        with pytest.raises(Invalid) as refused:
            keeping.save_draft(
                actor=SYSTEM, template=template, revision=0, layout="statement", title="SURAT", text=text
            )
        assert (refused.value.code, refused.value.item) == (code, item), text
        with translation.override("en"):
            assert item in str(refused.value.message)
    assert keeping.draft_of(template) is None


PARTS = st.lists(
    st.sampled_from(
        ["| ", " | ", "- ", "1. ", "> ", "@ ", "+ ", "**", "{", "}", "{{", "}}", "{name}", "{note?}", "\n", "\n\n", "a", "#x",
         "$y$", "`", "<a>", "\\", "\u202e", "\x00", "\N{SLIGHTLY SMILING FACE}", "=", "//", "[", "_", "~", "0" * 60]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=PARTS, value=PARTS, layout=st.sampled_from(["statement", "letter"]))
def test_any_text_is_refused_by_its_line_or_printed_with_any_value(db, text, value, layout):
    version = LetterVersion(layout=layout, title="SURAT", recipient="", text=f"{text}\n{{name?}} {{note?}}")
    try:
        texts.check_text(layout=layout, title="SURAT", recipient="", text=version.text, fields=FIELDS)
        pdf = letters.render_letter(
            template=version, values={"name": value, "note": value}, head=letters.Head((value or "X",)), number="1", on=DAY,
            signer=LURAH,
        )  # fmt: skip
    except Invalid as refused:
        assert refused.code != "not_set" and (refused.field in ("text", "name")), "never by the typesetter"
    else:
        assert pdf.startswith(b"%PDF")


def test_a_value_that_is_missing_makes_no_letter(template):
    for value in ("", "  \x00 "):
        with pytest.raises(Invalid) as refused:
            made(template, name=value)
        assert (refused.value.code, refused.value.field) == ("missing_value", "name")
    with pytest.raises(Invalid) as refused:
        made(template, name="x" * 2001)
    assert refused.value.code == "value_too_long"


def test_what_is_in_force_never_changes(template):
    first = letters.template_on("proof", today())
    with pytest.raises(Conflict) as refused:
        keeping.take_back(actor=SYSTEM, version=first, revision=first.revision)
    assert refused.value.code == "in_force"
    draft = keeping.save_draft(
        actor=SYSTEM, template=template, revision=0, layout="statement", title="BARU", text="{name} baru"
    )
    with pytest.raises(Invalid):
        keeping.put_in_force(actor=SYSTEM, template=template, revision=1, day=today() - timedelta(days=1))
    planned = keeping.put_in_force(actor=SYSTEM, template=template, revision=1, day=today() + timedelta(days=9))
    assert letters.template_on("proof", today()) == first
    assert letters.template_on("proof", today() + timedelta(days=9)) == draft == planned
    with pytest.raises(NotFound):
        letters.template_on("proof", today() - timedelta(days=1))
    with pytest.raises(NotFound):
        letters.template_on("nothing", today())
    another = keeping.save_draft(
        actor=SYSTEM, template=template, revision=0, layout="statement", title="TIGA", text="{name}"
    )
    with pytest.raises(Conflict) as refused:
        keeping.put_in_force(actor=SYSTEM, template=template, revision=1, day=today())
    assert refused.value.code == "later_version"
    with pytest.raises(Conflict) as refused:
        keeping.take_back(actor=SYSTEM, version=planned, revision=planned.revision)
    assert refused.value.code == "other_draft"
    keeping.drop_draft(actor=SYSTEM, template=template, revision=another.revision)
    back = keeping.take_back(actor=SYSTEM, version=planned, revision=planned.revision)
    assert back.valid_from is None and LetterVersion.objects.get(pk=first.pk).text == TEXT


def test_two_editors_at_once_and_who_may_write(template, actor_with):
    write = {"layout": "statement", "title": "A", "text": "{name}"}
    keeping.save_draft(actor=actor_with("administrator"), template=template, revision=0, **write)
    with pytest.raises(Conflict):
        keeping.save_draft(actor=actor_with("registrar"), template=template, revision=0, **write)
    for role, options in (("ward_clerk", {}), ("registrar", {"scope": "region", "code": "99.01.01"})):
        with pytest.raises(Denied):
            keeping.save_draft(actor=actor_with(role, **options), template=template, revision=1, **write)
    assert keeping.draft_of(template).revision == 1
    with pytest.raises(Invalid) as refused:
        keeping.change_template(
            actor=SYSTEM, template=template, revision=template.revision, name="Surat", fields=FIELDS[1:]
        )
    assert (refused.value.code, refused.value.item) == ("unknown_field", "name"), "a living text uses it"


def test_a_head_says_who_writes(contoh):
    assert letters.head_of(WARD).lines[-1] == "KELURAHAN RIVERSIDE" and "<svg" in letters.head_of(WARD).emblem, (
        "of the pack"
    )
    other = letters.head_of("ward-99.01.01.1002").lines
    assert (other[0], other[-1]) == ("PEMERINTAH KOTA CONTOH", "WARD OFFICE HILLTOP"), "of the offices' names"
    svg = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M1 1h7v7z"/></svg>'
    drawn = b"<?xml version='1.0'?><!-- drawn -->" + svg
    letterheads.keep_head(actor=SYSTEM, office="", lines=[], emblem=drawn)
    letterheads.keep_head(actor=SYSTEM, office=WARD, lines=["KELURAHAN TEPI"], address="Jl. Tepian 1", revision=1)
    head = letters.head_of(WARD)
    assert (head.lines, head.address, head.emblem) == (
        ("KELURAHAN TEPI",),
        "Jl. Tepian 1",
        drawn.decode().replace("<!-- drawn -->", ""),
    )
    with pytest.raises(Conflict):
        letterheads.keep_head(actor=SYSTEM, office=WARD, lines=["X"], revision=1)
    for bad in (
        b"<svg",
        b"<html/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1">&a;</svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><script>1</script></svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><image href="/etc/passwd"/></svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><a href="https://evil.example"/></svg>',
        b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>',
        b"\x89PNG\r\n\x1a\nnothing",
        b"x" * 100_001,
    ):
        with pytest.raises(Invalid) as refused:
            letterheads.keep_head(actor=SYSTEM, office="", lines=[], emblem=bad)
        assert refused.value.code == "emblem"


def test_texts_come_from_the_pack_once(contoh, tmp_path):
    pack = tmp_path / "kota"
    (pack / "letters").mkdir(parents=True)
    for file in ("city.toml", "regions.csv", "agencies.csv"):
        (pack / file).write_text((contoh_folder() / file).read_text())
    file = pack / "letters" / "proof.toml"
    file.write_text(
        'name = "Surat bukti"\n[[field]]\nname = "name"\nlabel = "Nama"\n'
        '[[version]]\nvalid_from = 2026-01-01\ntitle = "BUKTI"\ntext = """{name}"""\n'
    )
    assert packs.load(CityPack(pack), SYSTEM)["created"] >= 2
    assert packs.load(CityPack(pack), SYSTEM).get("created", 0) == 0
    assert letters.template_on("proof", DAY).text == "{name}"
    file.write_text(file.read_text().replace("{name}", "{name} lain"))
    with pytest.raises(Conflict):
        packs.load(CityPack(pack), SYSTEM)
    file.write_text(file.read_text().replace("{name} lain", "{nick}"))
    wrong = [str(problem) for problem in check_pack(pack) if problem.is_error]
    assert any("letters/proof.toml" in each and "nick" in each for each in wrong)


def contoh_folder():
    from conftest import ROOT

    return ROOT / "cities" / "contoh"
