"""The planner's desk in pages: written, imported, proposed, decided, read."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from .. import operations, queries, states
from ..models import Plan, Revision, Workbook
from . import workbook
from .draft import MACHINE, action_values, decide, found, new_draft, new_plan

pytestmark = pytest.mark.django_db
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.fixture
def desk(contoh: Any, as_role: Callable[..., Client]) -> Client:
    return as_role("planner", username="bappeda")


@pytest.fixture
def draft(contoh: Any) -> Revision:
    return new_draft(new_plan(), "Layanan A", "Layanan B")


def page(client: Client, name: str, *args: Any, query: str = "", status: int = 200) -> str:
    response = client.get(reverse(f"masterplan-{name}", args=args) + query, HTTP_ACCEPT_LANGUAGE="en")
    assert response.status_code == status
    return response.content.decode()


def form_of(text: str, **changes: str) -> dict[str, Any]:
    """What a browser would send of the page's main form, with some fields typed anew."""
    from lxml import html

    form = max(html.fromstring(text).xpath("//form[@method='post']"), key=lambda each: len(each.fields))
    sent: dict[str, list[str]] = {}
    for name, value in form.form_values():
        sent.setdefault(name, []).append(value)
    return {**sent, **changes}


class TestPlans:
    def test_a_plan_is_begun_with_its_draft(self, desk: Client) -> None:
        assert reverse("masterplan-plan-new") in page(desk, "plans")
        sent = {
            "title": "Rencana Kota Cerdas", "code": "smart-2025", "first_year": "2025", "last_year": "2029",
            "framework": "smart-city-2017",
        }  # fmt: skip
        response = desk.post(reverse("masterplan-plan-new"), sent)
        assert response.status_code == 302
        assert response["Location"] == reverse("masterplan-draft", args=["smart-2025", 1])
        again = desk.post(reverse("masterplan-plan-new"), sent)
        assert again.status_code == 422 and "Rencana Kota Cerdas" in again.content.decode()
        bad = desk.post(reverse("masterplan-plan-new"), {**sent, "code": "lain", "first_year": "dua ribu"})
        assert bad.status_code == 422 and "dua ribu" in bad.content.decode()

    def test_words_change_and_it_is_published(self, desk: Client, draft: Revision) -> None:
        code = draft.plan.code
        decide(draft)
        desk.post(reverse("masterplan-plan-change", args=[code]), {"title": "Rencana Baru", "vision": "Kota rapi"})
        refused = desk.post(reverse("masterplan-plan-change", args=[code]), {"title": "", "vision": "jangan hilang"})
        assert refused.status_code == 422 and "jangan hilang" in refused.content.decode()
        desk.post(reverse("masterplan-plan-publish", args=[code]), {"since": "2025-02-01"})
        plan = Plan.objects.get(code=code)
        assert (plan.title, plan.public_since) == ("Rencana Baru", date(2025, 2, 1))
        desk.post(reverse("masterplan-plan-publish", args=[code]), {"do": "hide", "reason": "keliru"})
        assert Plan.objects.get(code=code).public_since is None

    def test_a_change_begins_with_its_reason(self, desk: Client, draft: Revision) -> None:
        code = draft.plan.code
        decide(draft)
        refused = desk.post(reverse("masterplan-revision-start", args=[code]), {"title": "2026", "reason": ""})
        assert refused.status_code == 422
        response = desk.post(reverse("masterplan-revision-start", args=[code]), {"reason": "Pagu berubah"})
        assert response["Location"] == reverse("masterplan-draft", args=[code, 2])
        assert "Pagu berubah" in page(desk, "plan-desk", code)

    def test_readers_read_and_do_not_write(self, draft: Revision, as_role: Callable[..., Client]) -> None:
        code = draft.plan.code
        client = as_role("viewer", username="pembaca")
        for name, args in (
            ("plans", ()), ("plan-desk", (code,)), ("draft", (code, 1)), ("difference", (code, 1)), ("decision", (code, 1)),
            ("part", (code, 1, found(draft, "Layanan A").key)),
        ):  # fmt: skip
            page(client, name, *args)
        part = reverse("masterplan-part", args=[code, 1, found(draft, "Layanan A").key])
        client.post(part, {"title": "Diam-diam", "edits": "1"})
        assert found(draft, "Layanan A").title == "Layanan A"
        assert client.get(reverse("masterplan-upload", args=[code, 1])).status_code == 403
        assert Client().get(reverse("masterplan-draft", args=[code, 1])).status_code == 302

    @pytest.mark.parametrize("name", ["plan-desk", "draft", "difference", "decision", "difference-json"])
    def test_what_is_not_there(self, desk: Client, name: str) -> None:
        args = ["tidak-ada"] if name == "plan-desk" else ["tidak-ada", 1]
        assert desk.get(reverse(f"masterplan-{name}", args=args)).status_code == 404


class TestDraft:
    def test_the_tree_with_what_is_missing(self, desk: Client, draft: Revision) -> None:
        code = draft.plan.code
        a = found(draft, "Layanan A")
        operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"agency_code": ""})
        text = page(desk, "draft", code, 1)
        assert "Layanan A" in text and "Layanan B" in text and "1 Tujuan" in text
        assert "lihat=kurang" in text
        only = page(desk, "draft", code, 1, query="?lihat=kurang")
        assert "Layanan A" in only and "Layanan B" not in only

    def test_filters(self, desk: Client, draft: Revision) -> None:
        code = draft.plan.code
        b = found(draft, "Layanan B")
        operations.change_part(
            actor=MACHINE, part=b, edits=b.edits, values={"dimension": "living", "agency_code": "dinkes"}
        )
        for query in ("?dimensi=living", "?dinas=dinkes", "?cari=layanan+b"):
            text = page(desk, "draft", code, 1, query=query)
            assert "Layanan B" in text and "Layanan A" not in text
        assert "Layanan" not in page(desk, "draft", code, 1, query="?cari=tidak+ada+sama+sekali").split("</nav>")[-1]

    def test_500_actions_in_the_same_queries(
        self, desk: Client, contoh: Any, django_assert_max_num_queries: Any
    ) -> None:
        revision = operations.start_revision(actor=MACHINE, plan=new_plan())
        meanings = {("agency", "Dinas Komunikasi & Informatika"): "diskominfo", ("agency", "Diskominfoo"): "diskominfo"}
        reading = operations.read_workbook(
            workbook.build(500), "r.xlsx", revision, operations.Choices(meanings=meanings)
        )
        operations.import_plan(actor=MACHINE, revision=revision, reading=reading)
        with django_assert_max_num_queries(22):
            text = page(desk, "draft", revision.plan.code, 1)
        assert text.count("Membangun layanan kota nomor") == 500
        with django_assert_max_num_queries(32):
            page(desk, "difference", revision.plan.code, 1)


class TestPart:
    def test_saved_with_everything(self, desk: Client, draft: Revision) -> None:
        code, a, b = draft.plan.code, found(draft, "Layanan A"), found(draft, "Layanan B")
        here = reverse("masterplan-part", args=[code, 1, a.key])
        sent = form_of(desk.get(here).content.decode())
        sent |= {
            "title_en": "Service A", "planning_code": "2.16.02.2.02.0001", "baseline": "1,5", "target-2027": "7,25",
            "money-2026-CSR": "1.250.000.000", "quick_win": "1",
            "milestones-key": ["", ""], "milestones-title": ["Lelang", ""], "milestones-due_on": ["2025-05-01", ""],
            "milestones-weight": ["2", "1"],
            "risks-text": ["Lahan"], "risks-likelihood": ["3"], "risks-severity": ["4"], "risks-response": ["Mediasi"],
            "dependencies-code": ["1.1.02 Layanan B"], "dependencies-note": ["butuh data"],
        }  # fmt: skip
        response = desk.post(here, sent, HTTP_ACCEPT_LANGUAGE="id")
        assert response.status_code == 302, response.content.decode()[:2000]
        a = found(draft, "Layanan A")
        assert (a.title_en, a.planning_code, a.baseline, a.quick_win) == ("Service A", "2.16.02.2.02.0001", 1.5, True)
        assert {each.year: each.value for each in a.targets.all()} == {2025: 1.0, 2026: 2.0, 2027: 7.25}
        assert a.money.get(source="CSR").amount == 1_250_000_000
        assert (a.milestones.get().title, a.milestones.get().weight) == ("Lelang", 2)
        assert (a.risks.get().likelihood, a.dependencies.get().on_key) == (3, b.key)
        key = a.milestones.get().key
        sent = form_of(desk.get(here).content.decode())
        assert desk.post(here, sent).status_code == 302
        again = found(draft, "Layanan A")
        assert again.milestones.get().key == key and again.edits == a.edits

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("title", ""),
            ("planning_code", "1.2.3.4"),
            ("target-2026", "banyak"),
            ("money-2025-APBD", "12,5"),
            ("first_year", "1999"),
            ("dependencies-code", "9.9.99"),
        ],
    )
    def test_what_was_typed_stays_when_it_is_refused(
        self, desk: Client, draft: Revision, name: str, value: str
    ) -> None:
        a = found(draft, "Layanan A")
        here = reverse("masterplan-part", args=[draft.plan.code, 1, a.key])
        sent = form_of(desk.get(here).content.decode(), outcome="Kalimat panjang yang tidak boleh hilang")
        sent[name] = [value] if name.startswith("dep") else value
        if name.startswith("dep"):
            sent["dependencies-note"] = [""]
        response = desk.post(here, sent)
        assert response.status_code == 422
        text = response.content.decode()
        assert "Kalimat panjang yang tidak boleh hilang" in text and (not value or value in text)
        assert found(draft, "Layanan A").outcome == ""

    def test_the_slower_of_two_keeps_what_was_typed_and_sees_the_other(self, desk: Client, draft: Revision) -> None:
        a = found(draft, "Layanan A")
        here = reverse("masterplan-part", args=[draft.plan.code, 1, a.key])
        mine = form_of(desk.get(here).content.decode(), outcome="Punya saya")
        operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"unit": "unit lain"})
        response = desk.post(here, mine)
        text = response.content.decode()
        assert response.status_code == 409
        assert "Punya saya" in text and "unit lain" in text
        assert f'name="edits" value="{a.edits + 1}"' in text
        assert found(draft, "Layanan A").outcome == ""
        assert desk.post(here, form_of(text)).status_code == 302
        assert found(draft, "Layanan A").outcome == "Punya saya"

    def test_added_moved_and_taken_out(self, desk: Client, draft: Revision) -> None:
        code = draft.plan.code
        programme = found(draft, "Program")
        new = reverse("masterplan-part-new", args=[code, 1])
        response = desk.post(f"{new}?jenis=action&induk={programme.key}", {"title": "Layanan C", "rule": "last"})
        assert response.status_code == 302
        c = found(draft, "Layanan C")
        assert c.code == "1.1.03"
        refused = desk.post(f"{new}?jenis=goal", {"title": ""})
        assert refused.status_code == 422
        desk.post(
            reverse("masterplan-part-move", args=[code, 1, c.key]),
            {"edits": c.edits, "parent": programme.key, "before": found(draft, "Layanan A").key},
        )
        assert [part.title for part in queries.parts(draft)][2] == "Layanan C"
        c = found(draft, "Layanan C")
        desk.post(reverse("masterplan-part-remove", args=[code, 1, c.key]), {"edits": c.edits, "with_parts": 0})
        assert not draft.parts.filter(key=c.key).exists()
        page(desk, "part", code, 1, c.key, status=404)
        assert desk.get(f"{new}?jenis=mimpi").status_code == 404


class TestDecision:
    def test_proposed_sent_back_and_put_in_force(
        self, desk: Client, draft: Revision, as_role: Callable[..., Client]
    ) -> None:
        code = draft.plan.code
        here = reverse("masterplan-decision", args=[code, 1])
        draft.refresh_from_db()
        desk.post(here, {"do": "propose", "edits": draft.edits})
        draft.refresh_from_db()
        assert draft.state == states.PROPOSED
        mine = desk.post(here, {"do": "decide", "decision": "Perwali 1/2025", "decided_on": "2025-01-02"})
        draft.refresh_from_db()
        assert mine.status_code == 302 and draft.state == states.PROPOSED
        head = as_role("head", username="walikota")
        assert "f-nomor" in head.get(here).content.decode()
        head.post(here, {"do": "return", "reason": "Pagu belum pas"})
        assert "Pagu belum pas" in page(desk, "draft", code, 1)
        draft.refresh_from_db()
        desk.post(here, {"do": "propose", "edits": draft.edits})
        refused = head.post(here, {"do": "decide", "decision": "Perwali 7/2025", "decided_on": ""})
        assert refused.status_code == 422 and "Perwali 7/2025" in refused.content.decode()
        head.post(here, {"do": "decide", "decision": "Perwali 7/2025", "decided_on": "2025-01-02"})
        draft.refresh_from_db()
        assert (draft.state, draft.decision) == (states.IN_FORCE, "Perwali 7/2025")
        assert "Perwali 7/2025" in page(desk, "decision", code, 1)

    def test_the_obstacles_are_listed_and_linked(self, desk: Client, draft: Revision) -> None:
        a = found(draft, "Layanan A")
        operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"targets": {}})
        here = reverse("masterplan-decision", args=[draft.plan.code, 1])
        assert str(a.key) in desk.get(here).content.decode()
        draft.refresh_from_db()
        response = desk.post(here, {"do": "propose", "edits": draft.edits})
        assert response.status_code == 422
        assert desk.post(here, {"do": "nonsense"}).status_code == 422

    def test_dropped(self, desk: Client, draft: Revision) -> None:
        here = reverse("masterplan-decision", args=[draft.plan.code, 1])
        assert desk.post(here, {"do": "drop", "reason": ""}).status_code == 422
        assert desk.post(here, {"do": "drop", "reason": "Salah"}).status_code == 302
        draft.refresh_from_db()
        assert draft.state == states.DROPPED

    def test_the_difference_as_page_and_json(self, desk: Client, draft: Revision) -> None:
        code = draft.plan.code
        decide(draft)
        second = operations.start_revision(actor=MACHINE, plan=draft.plan, reason="Pagu")
        a = found(second, "Layanan A")
        operations.change_part(actor=MACHINE, part=a, edits=a.edits, values={"money": {(2025, "APBD"): 7}})
        programme = found(second, "Program")
        operations.add_part(
            actor=MACHINE, revision=second, kind="action", parent=programme.key, values=action_values("Layanan C")
        )
        text = page(desk, "difference", code, 2)
        assert "Layanan A" in text and "Layanan C" in text and "Rp7" in text
        assert "Layanan C" not in page(desk, "difference", code, 2, query="?jenis=changed")
        told = json.loads(page(desk, "difference-json", code, 2))
        assert (told["before"], told["after"], len(told["changes"])) == (1, 2, 2)
        assert json.loads(page(desk, "difference-json", code, 2, query="?dari=2"))["changes"] == []
        page(desk, "difference", code, 2, query="?halaman=99&jenis=kacau")


class TestWorkbook:
    @pytest.fixture
    def empty(self, contoh: Any) -> Revision:
        return operations.start_revision(actor=MACHINE, plan=new_plan())

    def send(self, client: Client, revision: Revision, content: bytes, name: str = "rencana aksi.xlsx") -> Any:
        file = SimpleUploadedFile(name, content, content_type=XLSX)
        return client.post(reverse("masterplan-upload", args=[revision.plan.code, revision.number]), {"file": file})

    def test_uploaded_repaired_and_applied(self, desk: Client, empty: Revision) -> None:
        response = self.send(desk, empty, workbook.build(60))
        row = Workbook.objects.get()
        here = reverse("masterplan-workbook", args=[row.key])
        assert response["Location"] == here
        text = desk.get(here).content.decode()
        assert "Diskominfoo" in text and 'value="diskominfo"' in text
        assert reverse("masterplan-workbook-apply", args=[row.key]) not in text
        for written in ("Diskominfoo", "Dinas Komunikasi &amp; Informatika"):
            row.refresh_from_db()
            desk.post(
                reverse("masterplan-workbook-answer", args=[row.key]),
                {"edits": row.edits, "of": "agency", "written": written.replace("&amp;", "&"), "code": "diskominfo"},
            )
        row.refresh_from_db()
        text = desk.get(here).content.decode()
        assert reverse("masterplan-workbook-apply", args=[row.key]) in text
        empty.refresh_from_db()
        response = desk.post(
            reverse("masterplan-workbook-apply", args=[row.key]), {"edits": row.edits, "seen_edits": empty.edits}
        )
        assert response["Location"] == reverse("masterplan-draft", args=[empty.plan.code, 1])
        assert empty.parts.filter(kind="action").count() == 60
        assert reverse("masterplan-workbook-answer", args=[row.key]) not in desk.get(here).content.decode()

    def test_columns_and_tables_are_chosen(self, desk: Client, empty: Revision) -> None:
        self.send(desk, empty, workbook.build(12, sheets=2))
        row = Workbook.objects.get()
        here = reverse("masterplan-workbook", args=[row.key])
        text = desk.get(here).content.decode()
        sent = form_of(text)
        assert sent["column-3"] == ["action"]
        desk.post(
            reverse("masterplan-workbook-answer", args=[row.key]), {"edits": row.edits, "of": "table", "code": "1"}
        )
        row.refresh_from_db()
        assert row.choices["table"] == 1
        sent = form_of(desk.get(here).content.decode()) | {"column-4": ["ignore"], "remove_missing": "1"}
        desk.post(reverse("masterplan-workbook-choose", args=[row.key]), sent)
        row.refresh_from_db()
        assert row.choices["columns"]["4"] == "ignore" and row.choices["remove_missing"] is True
        assert "Diskominfoo" not in desk.get(here).content.decode()

    @pytest.mark.parametrize("content", [b"", b"%PDF-1.7", b"PK\x03\x04nothing"])
    def test_bad_files_are_refused_in_words(self, desk: Client, empty: Revision, content: bytes) -> None:
        response = self.send(desk, empty, content)
        assert response.status_code == 422 and 'role="alert"' in response.content.decode()
        assert not Workbook.objects.exists()
        assert desk.post(reverse("masterplan-upload", args=[empty.plan.code, 1])).status_code == 422

    def test_nothing_is_answered_by_an_empty_form(self, desk: Client, empty: Revision) -> None:
        self.send(desk, empty, workbook.build(12))
        row = Workbook.objects.get()
        desk.post(
            reverse("masterplan-workbook-answer", args=[row.key]),
            {"edits": row.edits, "of": "agency", "written": "Diskominfoo", "code": ""},
        )
        row.refresh_from_db()
        assert row.choices["meanings"] == []
        assert (
            desk.get(reverse("masterplan-workbook", args=["0" * 8 + "-0000-4000-8000-" + "0" * 12])).status_code == 404
        )


class TestBlueprint:
    def test_downloaded_and_begun_from(self, desk: Client, draft: Revision) -> None:
        code = draft.plan.code
        content = desk.get(reverse("masterplan-blueprint-file", args=[code, 1])).content
        take = reverse("masterplan-blueprint-take")

        def send(**fields: str) -> Any:
            return desk.post(take, {"file": SimpleUploadedFile("b.json", content), "first_year": "2027", **fields})

        looked = send(look="1")
        assert looked.status_code == 200 and "diskominfo" in looked.content.decode()
        assert Plan.objects.count() == 1
        response = send(code="kota-kami", title="Rencana kami")
        assert response["Location"] == reverse("masterplan-draft", args=["kota-kami", 1])
        assert Plan.objects.get(code="kota-kami").last_year == 2031
        assert send(code="kota-kami", title="Rencana kami").status_code == 422
        assert desk.post(take, {"first_year": "2027"}).status_code == 422
        page(desk, "blueprint-take")

    def test_everybody_takes_it_home_once_the_plan_is_public(
        self, client: Client, draft: Revision, on_day: Callable[[date], None]
    ) -> None:
        on_day(date(2026, 3, 1))
        assert client.get("/rencana/cetak-biru.json").status_code == 404
        decide(draft)
        operations.publish_plan(actor=MACHINE, plan=draft.plan, since=date(2025, 2, 1))
        response = client.get("/rencana/cetak-biru.json")
        assert response.status_code == 200
        told = json.loads(response.content)
        assert told["goals"][0]["programmes"][0]["actions"][0]["title"] == "Layanan A"
        assert "100000000" not in response.content.decode()
