"""A planner imports a city's messy workbook, answers what is asked, repairs and proposes; the head of the city reads the
difference and decides. In a real browser, 360 and 1280 wide."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tepian.services.masterplan import operations, states
from tepian.services.masterplan.models import Revision
from tepian.services.masterplan.tests import workbook
from tepian.services.masterplan.tests.draft import MACHINE, new_plan

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("TEPIAN_SHOTS", "")


@contextlib.contextmanager
def signed_in(browser: Any, server: Any, client: Any, width: int) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": width, "height": 800}, locale="id-ID")
    context.add_cookies(
        [{"name": name, "value": morsel.value, "url": server.url} for name, morsel in client.cookies.items()]
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert not problems


def shot(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"), f"{name} scrolls sideways"


@pytest.fixture
def draft(contoh: Any) -> Revision:
    return operations.start_revision(actor=MACHINE, plan=new_plan(simulated=True))


@pytest.mark.parametrize("width", [360, 1280])
def test_a_workbook_becomes_a_plan_in_force(
    browser: Any, live_server: Any, draft: Revision, as_role: Callable[..., Any], tmp_path: Path, width: int
) -> None:
    file = tmp_path / "Matriks rencana aksi FINAL.xlsx"
    file.write_bytes(workbook.build(300, totals_wrong=True))
    planner, head = as_role("planner", username="bappeda"), as_role("head", username="walikota")
    desk = f"{live_server.url}/kerja/rencana/susun/{draft.plan.code}"
    with signed_in(browser, live_server, planner, width) as page:
        page.goto(f"{live_server.url}/kerja/rencana/susun")
        shot(page, f"plans-{width}")
        page.goto(f"{desk}/1/impor")
        page.set_input_files("#f-berkas", str(file))
        shot(page, f"plan-upload-{width}")
        page.get_by_role("button", name="Baca buku kerja").or_(page.get_by_role("button", name="Baca berkas")).click()
        page.wait_for_selector("#tanya")
        assert page.locator("#tanya section").count() == 2
        shot(page, f"plan-questions-{width}")
        page.locator("#tanya section", has_text="Diskominfoo").locator("button[value=diskominfo]").click()
        page.wait_for_function("document.querySelectorAll('#tanya section').length === 1")
        page.locator("#tanya button[value=diskominfo]").click()
        page.wait_for_selector("form[action$='/pakai']")
        assert "TOTAL" in page.locator("#j-tahu").locator("..").inner_text()
        shot(page, f"plan-understood-{width}")
        page.locator("form[action$='/pakai'] button").click()
        page.wait_for_selector("text=Membangun layanan kota nomor 300")
        shot(page, f"plan-tree-{width}")
        assert draft.parts.filter(kind=states.ACTION).count() == 300

        page.get_by_role("link", name="1.1.01 Membangun layanan kota nomor 1", exact=True).click()
        page.fill("#f-outcome", "Warga tidak perlu datang dua kali")
        page.fill("input[name=target-2026]", "12,5")
        page.fill("#m-t1", "Lelang selesai")
        page.fill("#m-d1", "2025-05-31")
        shot(page, f"plan-part-{width}")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("text=Tersimpan dalam rancangan")
        part = draft.parts.get(code="1.1.01")
        assert part.targets.get(year=2026).value == 12.5 and part.milestones.get().due_on == date(2025, 5, 31)

        page.goto(f"{desk}/1/putusan")
        page.get_by_role("button", name="Usulkan").click()
        page.wait_for_selector("text=Orang lain yang memutuskan")
    with signed_in(browser, live_server, head, width) as page:
        page.goto(f"{live_server.url}/kerja")
        page.get_by_role("link", name="Putuskan perubahan 1").first.click()
        shot(page, f"plan-decision-{width}")
        page.fill("#f-nomor", "Peraturan Wali Kota Nomor 7 Tahun 2025")
        page.fill("#f-tanggal", "2025-01-06")
        page.get_by_role("button", name="Berlakukan").click()
        page.wait_for_selector("text=berlaku")
        draft.refresh_from_db()
        assert (draft.state, draft.in_force_from) == (states.IN_FORCE, date(2025, 1, 6))
    second = operations.start_revision(actor=MACHINE, plan=draft.plan, reason="Pagu disesuaikan dengan perubahan APBD")
    part = second.parts.get(code="1.1.01")
    operations.change_part(
        actor=MACHINE,
        part=part,
        edits=part.edits,
        values={"money": {(2025, "APBD"): 90_000_000}, "agency_code": "bpbd"},
    )
    with signed_in(browser, live_server, head, width) as page:
        page.goto(f"{desk}/2/beda")
        text = page.locator("main").inner_text()
        assert "semula “Diskominfo”, kini “BPBD”" in text and "menjadi Rp90.000.000" in text
        shot(page, f"plan-difference-{width}")
        page.goto(desk)
        shot(page, f"plan-history-{width}")
