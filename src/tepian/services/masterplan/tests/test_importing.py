# ruff: noqa: E501 - a line of a sheet is a line here
"""A city's workbook of 300 actions: what is understood, what is asked, what is refused, and that nothing is half applied."""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
import xlsxwriter
from django.utils import translation

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid
from tepian.toolkit import tables

from .. import operations, queries, states
from ..models import Revision, Workbook
from ..operations.importing import Choices, Reading
from ..queries import given
from ..queries.differences import tree_of
from ..queries.importing import values
from . import workbook
from .draft import MACHINE, decide, new_plan

pytestmark = pytest.mark.django_db
SHAPES = ("plain", "dots", "million", "rp")
ANSWERS = {("agency", "Dinas Komunikasi & Informatika"): "diskominfo", ("agency", "Diskominfoo"): "diskominfo"}


@pytest.fixture
def draft(contoh: Any) -> Revision:
    return operations.start_revision(actor=MACHINE, plan=new_plan())


def read(content: bytes, draft: Revision, name: str = "rencana.xlsx", **choices: Any) -> Reading:
    return operations.read_workbook(content, name, draft, Choices(**choices))


def sheet(*lines: Sequence[Any]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    page = book.add_worksheet("Rencana")
    for number, line in enumerate(lines):
        page.write_row(number, 0, line)
    book.close()
    return buffer.getvalue()


def values_of(goals: list[given.Given]) -> list[Any]:
    return [each.values for each in given.actions(goals)]


def actions(draft: Revision) -> list[Any]:
    return [part for part in queries.parts(draft) if part.kind == states.ACTION]


class TestTheWorkbook:
    def test_300_actions_as_cities_keep_them(self, draft: Revision) -> None:
        content = workbook.build(shapes=SHAPES)
        first = read(content, draft)
        assert [(each.code, each.of, each.written) for each in first.troubles] == [
            ("unknown", "agency", "Dinas Komunikasi & Informatika"),
            ("unknown", "agency", "Diskominfoo"),
        ]
        assert all(each.suggestions[0][0] == "diskominfo" for each in first.troubles if each.written == "Diskominfoo")
        assert not first.ready
        with pytest.raises(Invalid) as refusal:
            operations.import_plan(actor=MACHINE, revision=draft, reading=first)
        assert refusal.value.code == "open_troubles"
        assert not draft.parts.exists()

        second = read(content, draft, meanings=ANSWERS)
        assert second.ready and second.understood.actions == 300 and second.understood.skipped == 7
        assert second.understood.totals == []
        operations.import_plan(actor=MACHINE, revision=draft, reading=second)
        written, meant = actions(draft), workbook.rows()
        assert len(written) == 300
        for part, row in zip(written, meant, strict=True):
            assert part.title == row["title"]
            assert part.parent.title == row["programme"] and part.parent.parent.title == row["goal"]
            assert (part.dimension, part.unit, part.indicator) == (row["dimension"], row["unit"], row["indicator"])
            assert part.agency_code == (workbook.AGENCIES[row["agency"]] or "diskominfo")
            assert part.baseline == row["baseline"] and part.planning_code == row["code"]
            assert {each.year: each.value for each in part.targets.all()} == row["targets"]
            assert {(each.year, each.source): each.amount for each in part.money.all()} == {
                (year, row["source"]): amount for year, amount in row["money"].items()
            }
        decide(draft)

    def test_the_dry_run_shows_what_will_be(self, draft: Revision) -> None:
        reading = read(workbook.build(60), draft, meanings=ANSWERS)
        assert reading.difference is not None
        assert reading.difference.counts["action"] == (0, 60)
        assert not draft.parts.exists()
        operations.import_plan(actor=MACHINE, revision=draft, reading=reading)
        assert tree_of(draft) == reading.difference.after

    def test_again_it_changes_nothing_and_keeps_every_key(self, draft: Revision) -> None:
        content = workbook.build(60)
        operations.import_plan(actor=MACHINE, revision=draft, reading=read(content, draft, meanings=ANSWERS))
        before = tree_of(draft)
        draft.refresh_from_db()
        again = read(content, draft, meanings=ANSWERS)
        assert again.difference is not None and again.difference.changes == []
        operations.import_plan(actor=MACHINE, revision=draft, reading=again)
        assert tree_of(draft) == before

    def test_sums_that_disagree_are_told_with_both_numbers(self, draft: Revision) -> None:
        with translation.override("en"):
            reading = read(workbook.build(60, totals_wrong=True), draft, meanings=ANSWERS)
        assert len(reading.understood.totals) == 5
        assert "TOTAL" in reading.understood.totals[0] and "Rp" in reading.understood.totals[0]
        assert reading.ready  # a person is told; whose sum is wrong the file cannot say

    def test_two_tables_are_asked_about(self, draft: Revision) -> None:
        content = workbook.build(30, sheets=2)
        first = read(content, draft, meanings=ANSWERS)
        assert [each.code for each in first.troubles] == ["which_table"] and len(first.candidates) == 2
        assert read(content, draft, meanings=ANSWERS, table=first.candidates[1]).ready
        with pytest.raises(Invalid):
            read(content, draft, table=99)

    def test_what_the_file_lacks_stays_unless_it_is_to_go(self, draft: Revision) -> None:
        operations.import_plan(actor=MACHINE, revision=draft, reading=read(workbook.build(60), draft, meanings=ANSWERS))
        draft.refresh_from_db()
        small = sheet(
            ["Tujuan", "Program", "Rencana Aksi", "OPD", "Target 2025", "2026"],
            ["Tujuan baru", "Program baru", "Aksi baru satu", "BPBD", 1, 2],
            ["Tujuan baru", "Program baru", "Yang lain lagi", "BPBD", 3, 4],
        )
        kept = read(small, draft)
        assert kept.difference is not None and kept.difference.how_many() == {
            "added": 4, "removed": 0, "moved": 0, "changed": 0
        }  # fmt: skip
        gone = read(small, draft, remove_missing=True)
        assert gone.difference is not None and gone.difference.counts["action"] == (60, 2)

    def test_what_has_no_column_stays_and_an_almost_same_name_is_asked(self, draft: Revision) -> None:
        head = ["Tujuan", "Program", "Rencana Aksi", "OPD", "Satuan", "Target 2025", "Target 2026"]
        first = sheet(
            head,
            ["T", "P", "Pembangunan taman kota", "BPBD", "taman", 1, 2],
            ["T", "P", "Lampu jalan", "PUPR", "titik", 5, 9],
        )
        operations.import_plan(actor=MACHINE, revision=draft, reading=read(first, draft))
        park = next(part for part in actions(draft) if "taman" in part.title)
        operations.change_part(
            actor=MACHINE,
            part=park,
            edits=park.edits,
            values={"risks": [{"text": "Lahan", "likelihood": 4, "severity": 4}]},
        )
        draft.refresh_from_db()
        second = sheet(
            head,
            ["T", "P", "Pembangunan taman-taman kota", "BPBD", "taman", 1, 3],
            ["T", "P", "Lampu jalan", "PUPR", "titik", 5, 9],
        )
        asked = read(second, draft)
        assert [(each.code, each.suggestions[0][0]) for each in asked.troubles] == [("same", str(park.key))]
        title = "Pembangunan taman-taman kota"
        same = read(second, draft, meanings={("same", title): str(park.key)})
        assert same.ready and same.difference is not None
        assert [each.how for each in same.difference.changes] == ["changed"]
        assert same.difference.after[park.key].risks == {"Lahan": (4, 4, "")}
        new = read(second, draft, meanings={("same", title): "new"})
        assert new.difference is not None and new.difference.how_many()["added"] == 1


class TestHabits:
    def test_scales_periods_sources_and_yes(self, draft: Revision) -> None:
        reading = read(
            sheet(
                ["No", "Pilar", "Program", "Kegiatan", "Inisiatif", "Penanggung Jawab", "Waktu Pelaksanaan", "APBD 2025 (juta rupiah)", "CSR 2025 (juta rupiah)", "Quick Win"],
                [1, "Smart Living", "P1", "K1", "Rumah sehat", "Dinkes", "2025-2027", 1250, "", "Ya"],
                [2, "Kehidupan", "P1", "K1", "Rute bus", "Dishub", "2026", 10.5, 3, "-"],
            ),
            draft,
        )  # fmt: skip
        assert reading.ready, reading.troubles
        first, second = values_of(reading.understood.goals)
        assert first["dimension"] == second["dimension"] == "living"
        assert first["money"] == {(2025, "APBD"): 1_250_000_000}
        assert second["money"] == {(2025, "APBD"): 10_500_000, (2025, "CSR"): 3_000_000}
        assert (first["first_year"], first["last_year"], first["quick_win"]) == (2025, 2027, True)
        assert second["quick_win"] is False

    def test_written_once_and_left_blank_below(self, draft: Revision) -> None:
        reading = read(
            sheet(
                ["Tujuan", "Program", "Aksi", "Dinas"],
                ["T1", "P1", "A satu", "BPBD"],
                ["", "", "A dua", "PUPR"],
                ["", "P2", "A tiga", "PUPR"],
                ["T2", "P3", "A empat", "PUPR"],
            ),
            draft,
        )
        assert [
            (goal.values["title"], programme.values["title"], len(programme.below))
            for goal in reading.understood.goals
            for programme in goal.below
        ] == [("T1", "P1", 2), ("T1", "P2", 1), ("T2", "P3", 1)]

    def test_one_action_on_several_lines_is_asked(self, draft: Revision) -> None:
        content = sheet(
            ["Tujuan", "Program", "Aksi", "Dinas", "Indikator", "Target 2025"],
            ["T1", "P1", "Kampung tangguh", "BPBD", "Jumlah kampung", 3],
            ["T1", "P1", "Kampung tangguh", "BPBD", "Jumlah relawan", 90],
        )
        assert [each.code for each in read(content, draft).troubles] == ["twice"]
        split = read(content, draft, meanings={("twice", "Kampung tangguh"): "split"})
        assert [each["title"] for each in values_of(split.understood.goals)] == [
            "Kampung tangguh",
            "Kampung tangguh (Jumlah relawan)",
        ]
        assert read(content, draft, meanings={("twice", "Kampung tangguh"): "first"}).understood.actions == 1

    def test_less_is_better_is_seen_in_the_targets_and_said(self, draft: Revision) -> None:
        reading = read(
            sheet(
                ["Tujuan", "Program", "Aksi", "Dinas", "Kondisi awal", "Target 2025", "Target 2026"],
                ["T1", "P1", "Titik banjir", "BPBD", 40, 30, 20],
                ["T1", "P1", "Pompa air", "PUPR", 4, 5, 6],
            ),
            draft,
        )
        assert [each["direction"] for each in values_of(reading.understood.goals)] == ["down", "up"]
        assert any("1" in note for note in reading.understood.notes)

    def test_numbers_that_are_none_are_asked_and_answered(self, draft: Revision) -> None:
        content = sheet(
            ["Tujuan", "Program", "Aksi", "Dinas", "Target 2025", "Pagu 2025", "Kode Sub Kegiatan"],
            ["T1", "P1", "A", "BPBD", "sesuai kebutuhan", "menyesuaikan", "1.2.3"],
            ["T1", "P1", "B", "BPBD", "≥ 90 %", "Rp 1,25 M", "2.16.02.2.02.0001"],
            ["T1", "P1", "C", "BPBD", "3 dokumen", "250 jt", ""],
        )
        troubles = {(each.code, each.of): each for each in read(content, draft).troubles}
        assert set(troubles) == {
            ("not_a_number", "number"),
            ("not_a_number", "money"),
            ("planning_code", "planning_code"),
        }
        assert troubles["not_a_number", "money"].cells == ["F2"]
        reading = read(
            content,
            draft,
            meanings={
                ("number", "sesuai kebutuhan"): "",
                ("money", "menyesuaikan"): "10 jt",
                ("planning_code", "1.2.3"): "",
            },
        )
        assert reading.ready
        a, b, c = values_of(reading.understood.goals)
        assert (a["targets"], a["money"], a["planning_code"]) == ({}, {(2025, "APBD"): 10_000_000}, "")
        assert (b["targets"], b["money"]) == ({2025: 90.0}, {(2025, "APBD"): 1_250_000_000})
        assert (c["targets"], c["money"]) == ({2025: 3.0}, {(2025, "APBD"): 250_000_000})

    def test_years_outside_the_plan_are_told(self, draft: Revision) -> None:
        reading = read(
            sheet(["Tujuan", "Program", "Aksi", "OPD", "Target 2019", "Target 2025"], ["T", "P", "A", "BPBD", 9, 1], ["T", "P", "B", "BPBD", 9, 1]),
            draft,
        )  # fmt: skip
        assert [each["targets"] for each in values_of(reading.understood.goals)] == [{2025: 1.0}] * 2
        assert any("2019" in note for note in reading.understood.notes)

    def test_sums_within_sums_agree(self, draft: Revision) -> None:
        reading = read(
            sheet(
                ["Tujuan", "Program", "Aksi", "OPD", "Pagu 2025"],
                ["T1", "P1", "A", "BPBD", 100], ["T1", "P1", "B", "BPBD", 200], ["Jumlah program", "", "", "", 300],
                ["T1", "P2", "C", "BPBD", 400], ["Jumlah program", "", "", "", 400],
                ["Jumlah tujuan", "", "", "", 700],
                ["T2", "P3", "D", "BPBD", 50], ["Jumlah program", "", "", "", 50], ["TOTAL", "", "", "", 750],
            ),
            draft,
        )  # fmt: skip
        assert (reading.understood.actions, reading.understood.skipped, reading.understood.totals) == (4, 5, [])

    def test_money_without_a_year_is_told_and_can_be_said(self, draft: Revision) -> None:
        content = sheet(
            ["Tujuan", "Program", "Aksi", "OPD", "Pagu Indikatif (Rp)"],
            ["T", "P", "A", "BPBD", 100],
            ["T", "P", "B", "BPBD", 200],
        )
        first = read(content, draft)
        assert any("Pagu Indikatif" in note for note in first.understood.notes)
        told = read(content, draft, columns={4: "money:2026"})
        assert [each["money"] for each in values_of(told.understood.goals)] == [
            {(2026, "APBD"): 100},
            {(2026, "APBD"): 200},
        ]
        assert not any("Pagu Indikatif" in note for note in told.understood.notes)

    def test_columns_can_be_told(self, draft: Revision) -> None:
        content = sheet(["Kelompok", "Apa", "Siapa"], ["T", "Rumah sehat", "BPBD"], ["T", "Rute bus", "BPBD"])
        assert [each.code for each in read(content, draft).troubles] == ["no_action_column"]
        told = read(content, draft, columns={0: "programme", 1: "action", 2: "agency"})
        assert told.ready and told.understood.actions == 2
        assert read(content, draft, columns={1: "nonsense:x"}).troubles[0].code == "no_action_column"

    def test_a_csv_with_semicolons(self, draft: Revision) -> None:
        content = "Tujuan;Program;Rencana Aksi;OPD;Pagu 2025\nT;P;Rumah sehat;Dinkes;1.250.000.000\nT;P;Rute bus;Dishub;750.000.000\n"
        reading = read(content.encode("cp1252"), draft, "rencana.csv")
        assert reading.ready
        assert values_of(reading.understood.goals)[0]["money"] == {(2025, "APBD"): 1_250_000_000}


class TestRefusals:
    @pytest.mark.parametrize(
        ("content", "name", "code"),
        [
            (b"", "rencana.xlsx", "empty_file"),
            (b"%PDF-1.7 rencana", "rencana.xlsx", "wrong_type"),
            (b"\x89PNG\r\n\x1a\n....", "foto.png", "wrong_type"),
            (b"PK\x03\x04 broken", "rencana.xlsx", "broken"),
        ],
    )
    def test_what_is_no_table(self, draft: Revision, content: bytes, name: str, code: str) -> None:
        with pytest.raises(Invalid) as refusal:
            read(content, draft, name)
        assert refusal.value.code == code and refusal.value.field == "file"

    def test_only_a_picture(self, draft: Revision) -> None:
        buffer = io.BytesIO()
        book = xlsxwriter.Workbook(buffer, {"in_memory": True})
        png = bytes.fromhex(
            "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
        )
        book.add_worksheet().insert_image(0, 0, "m.png", {"image_data": io.BytesIO(png)})
        book.close()
        with pytest.raises(Invalid) as refusal:
            read(buffer.getvalue(), draft)
        assert refusal.value.code == "only_pictures"

    def test_a_bomb(self, draft: Revision) -> None:
        import zipfile

        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr("xl/workbook.xml", "<workbook/>")
            archive.writestr("xl/worksheets/sheet1.xml", b" " * 150_000_000)
        with pytest.raises(Invalid) as refusal:
            read(buffer.getvalue(), draft)
        assert refusal.value.code.startswith(("archive", "broken"))

    def test_a_table_of_something_else(self, draft: Revision) -> None:
        reading = read(sheet(["Kelurahan", "Penduduk"], ["Riverside", 1200], ["Hilltop", 900]), draft)
        assert [each.code for each in reading.troubles] == ["no_action_column"]


class TestKept:
    @pytest.fixture
    def kept(self, draft: Revision, planner: Actor) -> Workbook:
        return operations.start_workbook(
            actor=planner, revision=draft, content=workbook.build(30), name="rencana aksi.xlsx"
        )

    def test_answered_and_applied_and_answers_serve_the_next(
        self, kept: Workbook, draft: Revision, planner: Actor
    ) -> None:
        with pytest.raises(Invalid):
            operations.apply_workbook(actor=planner, workbook=kept, edits=kept.edits, seen_edits=draft.edits)
        row = kept
        for (of, written), code in ANSWERS.items():
            row = operations.answer_workbook(
                actor=planner, workbook=row, edits=row.edits, of=of, written=written, code=code
            )
        operations.apply_workbook(actor=planner, workbook=row, edits=row.edits, seen_edits=draft.edits)
        assert len(actions(draft)) == 30
        row.refresh_from_db()
        with pytest.raises(Conflict):
            operations.apply_workbook(actor=planner, workbook=row, edits=row.edits, seen_edits=draft.edits)
        following = operations.start_workbook(
            actor=planner, revision=draft, content=workbook.build(30), name="lagi.xlsx"
        )
        draft.refresh_from_db()
        assert operations.reading_of(Workbook.objects.get(pk=following.pk)).ready

    def test_the_draft_that_changed_meanwhile_is_not_written_over(
        self, kept: Workbook, draft: Revision, planner: Actor
    ) -> None:
        for (of, written), code in ANSWERS.items():
            kept = operations.answer_workbook(
                actor=planner, workbook=kept, edits=kept.edits, of=of, written=written, code=code
            )
        operations.add_part(actor=MACHINE, revision=draft, kind="goal", values={"title": "Dari orang lain"})
        with pytest.raises(Conflict) as refusal:
            operations.apply_workbook(actor=planner, workbook=kept, edits=kept.edits, seen_edits=draft.edits)
        assert refusal.value.code == "too_late"
        assert draft.parts.count() == 1

    def test_nothing_is_half_applied(
        self, kept: Workbook, draft: Revision, planner: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from ..operations import tree

        for (of, written), code in ANSWERS.items():
            kept = operations.answer_workbook(
                actor=planner, workbook=kept, edits=kept.edits, of=of, written=written, code=code
            )
        operations.add_part(actor=MACHINE, revision=draft, kind="goal", values={"title": "Sudah ada"})
        draft.refresh_from_db()

        def fail(_written: Any) -> None:
            raise RuntimeError("the disk is full")

        monkeypatch.setattr(tree, "write_lists", fail)
        with pytest.raises(RuntimeError):
            operations.apply_workbook(actor=planner, workbook=kept, edits=kept.edits, seen_edits=draft.edits)
        assert [part.title for part in draft.parts.all()] == ["Sudah ada"]

    def test_two_who_answer_at_once(self, kept: Workbook, planner: Actor) -> None:
        operations.answer_workbook(actor=planner, workbook=kept, edits=1, of="agency", written="X", code="bpbd")
        with pytest.raises(Conflict):
            operations.answer_workbook(actor=planner, workbook=kept, edits=1, of="agency", written="Y", code="bpbd")

    def test_only_planners(self, draft: Revision, kept: Workbook, reporter: Actor) -> None:
        with pytest.raises(Denied):
            operations.start_workbook(actor=reporter, revision=draft, content=workbook.build(6), name="r.xlsx")
        with pytest.raises(Denied):
            operations.choose_workbook(actor=reporter, workbook=kept, edits=1, remove_missing=True)
        with pytest.raises(Denied):
            operations.apply_workbook(actor=reporter, workbook=kept, edits=1, seen_edits=1)


@pytest.mark.parametrize(
    ("text", "scale", "amount"),
    [
        ("1.250.000.000", 1, 1_250_000_000),
        ("1,25 M", 1, 1_250_000_000),
        ("Rp 250 jt", 1, 250_000_000),
        ("Rp. 250.000.000,-", 1, 250_000_000),
        ("Rp250.000.000,00", 1, 250_000_000),
        ("2,5 Miliar", 1, 2_500_000_000),
        ("750 ribu", 1, 750_000),
        ("1,250,000,000", 1, 1_250_000_000),
        ("1.250", 1_000_000, 1_250_000_000),
        ("12,5", 1_000_000, 12_500_000),
        ("1.5 M", 1, 1_500_000_000),
        ("menyesuaikan", 1, None),
        ("250 dollars", 1, None),
        ("-5 jt", 1, None),
        ("1,2345 ribu", 1, None),
        ("12.34.56", 1, None),
    ],
)
def test_money_as_people_write_it(text: str, scale: int, amount: int | None) -> None:
    assert values.money_text(text, scale) == amount


@pytest.mark.parametrize(
    ("text", "value"),
    [("90%", 90), ("≥ 90 %", 90), ("3 dokumen", 3), ("3,15", 3.15), ("0,75", 0.75), ("1.250.000", 1_250_000), ("1.250", None), ("WTP", None), ("-", None)],
)  # fmt: skip
def test_targets_as_people_write_them(text: str, value: float | None) -> None:
    cell = tables.Cell(1, 1, text, text)
    assert values.number(cell) == value
    assert values.number(tables.Cell(1, 1, "7", Decimal(7))) == 7.0
