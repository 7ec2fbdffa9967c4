"""Two agencies report a quarter, with a photo, a link that nobody can open and a claim that differs from the computed
value; Bappeda and Diskominfo verify by keys. In a real browser, 360 and 1280 wide."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tepian.services.masterplan import states
from tepian.services.masterplan.models import Part, Report
from tepian.services.masterplan.queries import figures
from tepian.services.masterplan.queries.figures import Value
from tepian.services.masterplan.states import Quarter
from tepian.services.masterplan.tests.conftest import on_day, the_net  # noqa: F401
from tepian.services.masterplan.tests.planted import action, part, planted, report
from tepian.toolkit import links
from tepian.toolkit.tests.photos import exif, jpeg_with

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
Q2 = Quarter(2025, 2)
CLOSED = "https://drive.contoh.id/berita-acara"
SHOTS = os.environ.get("TEPIAN_SHOTS", "")


@pytest.fixture(name="road")
def _road(contoh: Any, on_day: Callable[[date], None], monkeypatch: pytest.MonkeyPatch) -> Part:  # noqa: F811
    """Two agencies, two dimensions, a computed value that says 30 km."""
    on_day(date(2025, 7, 10))
    plan, revision = planted(simulated=True)
    goal = part(revision, "1", states.GOAL, title="Kota yang mudah dijalani")
    programme = part(revision, "1.1", states.PROGRAMME, goal, title="Jalan dan sekolah yang aman")
    road = action(
        revision, "1.1.1", title="Jalan mulus di semua kelurahan", unit="km", targets={2025: 100}, parent=programme,
        milestones={"Lelang selesai": date(2025, 5, 1), "Jembatan dibuka": date(2025, 11, 1)}, figure="statistics:jalan",
        money={(2025, "APBD"): 5_000_000_000}, description="Memperbaiki jalan lingkungan.",
    )  # fmt: skip
    action(revision, "1.1.2", title="Trotoar di depan sekolah", unit="sekolah", targets={2025: 10}, parent=programme)
    action(
        revision, "1.1.3", title="Posyandu buka setiap bulan", unit="%", targets={2025: 90}, agency_code="dinkes",
        dimension="economy", parent=programme,
    )  # fmt: skip
    report(plan, road, 2025, 1, 25, states.VERIFIED, obstacle="Hujan", next_step="Lelang tahap dua")

    def value_of(key: str, *_given: Any) -> Value:
        return Value("known", 30.0, "2025-Q2", Q2.last, "/data/jalan") if key else figures.NOTHING

    monkeypatch.setattr(figures, "value_of", value_of)
    return road


@contextlib.contextmanager
def signed_in(browser: Any, server: Any, client: Any, width: int = 360) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": width, "height": 800}, locale="id-ID")
    context.add_cookies(
        [{"name": name, "value": morsel.value, "url": server.url} for name, morsel in client.cookies.items()]
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    context.close()
    assert not problems


def shot(page: Any, name: str) -> None:
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth + 1"), f"{name} scrolls sideways"


def test_a_quarter_is_reported_and_verified(
    browser: Any,
    live_server: Any,
    road: Part,
    as_role: Callable[..., Any],
    the_net: dict[str, str],  # noqa: F811
) -> None:
    the_net[CLOSED] = links.SIGN_IN
    works = as_role("plan_reporter", scope="agency", code="pupr", username="pupr-lapor")
    health = as_role("plan_reporter", scope="agency", code="dinkes", username="dinkes-lapor")
    planner, verifier = as_role("planner", username="bappeda"), as_role("plan_verifier", username="kominfo")
    desk = f"{live_server.url}/kerja/rencana"
    with signed_in(browser, live_server, works) as page:
        page.goto(desk)
        page.get_by_role("heading", name="2 aksi menunggu laporan Anda").wait_for()
        shot(page, "meja-dinas-360")
        page.keyboard.press("1")
        page.get_by_role("heading", name="1.1.1 Jalan mulus di semua kelurahan").wait_for()
        assert page.input_value("#f-value") == "30"  # the platform's own value, to start from
        # Typing keeps itself.
        page.keyboard.press("F2")
        page.keyboard.type("40")
        page.locator("#simpan").get_by_text("Tersimpan").wait_for()
        assert page.inner_text("#dibaca") == "40 km"
        assert Report.objects.get(quarter=2).value == 40
        # Evidence that nobody can open, and a claim that differs: both are said.
        page.fill("#f-url", CLOSED)
        page.keyboard.press("Control+Enter")
        summary = page.locator("#error-summary")
        summary.get_by_text("sistem menghitung 30 km").wait_for()
        assert "Bukti tidak bisa dibuka publik. Unggah berkas atau ubah izin tautan." in summary.inner_text()
        assert page.input_value("#f-value") == "40"
        shot(page, "laporan-ditolak-360")
        page.set_input_files(
            "#f-file",
            {"name": "jalan.jpg", "mimeType": "image/jpeg", "buffer": jpeg_with(exif(taken="2025:06:14 09:00:00"))},
        )
        page.fill("#f-difference_reason", "Ruas yang selesai bulan ini belum masuk data.")
        page.keyboard.press("Control+Enter")
        page.get_by_role("heading", name="1.1.2 Trotoar di depan sekolah").wait_for()  # the next one is open
        # The second: three keys and a file.
        page.keyboard.press("F2")
        page.keyboard.type("4")
        page.set_input_files("#f-file", {"name": "trotoar.jpg", "mimeType": "image/jpeg", "buffer": jpeg_with(exif())})
        page.keyboard.press("Control+Enter")
        page.get_by_role("heading", name="Semua aksi Anda sudah dilaporkan").wait_for()
        shot(page, "meja-selesai-360")
    sent = Report.objects.get(key=road.key, quarter=2)
    assert (sent.state, sent.value, sent.computed) == (states.SENT, 40, 30)
    photo = sent.evidence.get(kind=states.PHOTO)
    assert photo.taken_on == date(2025, 6, 14) and photo.lat is not None
    with signed_in(browser, live_server, health, 1280) as page:
        page.goto(desk)
        page.keyboard.press("1")
        page.fill("#f-value", "85")
        page.fill("#f-url", "https://contoh.id/posyandu")
        page.keyboard.press("Control+Enter")
        page.get_by_role("heading", name="Semua aksi Anda sudah dilaporkan").wait_for()
        page.goto(f"{desk}/{road.key}?triwulan=2025-Q2")
        shot(page, "aksi-dinas-lain-1280")
        assert page.locator("#laporan").count() == 0
    with signed_in(browser, live_server, verifier, 1280) as page:
        page.goto(desk)
        page.get_by_role("heading", name="3 laporan menunggu keputusan Anda").wait_for()
        shot(page, "meja-pemeriksa-1280")
        page.keyboard.press("p")
        page.get_by_role("heading", name="1.1.1 Jalan mulus di semua kelurahan").wait_for()
        shot(page, "periksa-1280")
        page.keyboard.press("k")
        page.keyboard.type("Foto kurang jelas.")
        page.keyboard.press("Control+Enter")
        page.get_by_role("heading", name="2 laporan menunggu keputusan Anda").wait_for()
        for left in (1, 0):
            page.keyboard.press("t")
            name = (
                f"{left} laporan menunggu keputusan Anda" if left else "Tidak ada laporan yang menunggu keputusan Anda"
            )
            page.get_by_role("heading", name=name).wait_for()
    assert Report.objects.get(pk=sent.pk).state == states.RETURNED
    with signed_in(browser, live_server, works, 1280) as page:
        page.goto(f"{desk}/{road.key}?triwulan=2025-Q2")
        page.get_by_text("Foto kurang jelas.").wait_for()
        shot(page, "aksi-dikembalikan-1280")
        page.keyboard.press("Control+Enter")
        page.get_by_text("Terkirim: Jalan mulus di semua kelurahan").wait_for()
    with signed_in(browser, live_server, verifier) as page:
        page.goto(f"{desk}/periksa")
        page.get_by_role("heading", name="1 laporan menunggu keputusan Anda").wait_for()
        shot(page, "periksa-360")
        page.keyboard.press("t")
        page.get_by_role("heading", name="Tidak ada laporan yang menunggu keputusan Anda").wait_for()
    with signed_in(browser, live_server, planner, 1280) as page:
        page.goto(f"{desk}/periksa")
        for left in (2, 1, 0):
            page.keyboard.press("t")
            name = (
                f"{left} laporan menunggu keputusan Anda" if left else "Tidak ada laporan yang menunggu keputusan Anda"
            )
            page.get_by_role("heading", name=name).wait_for()
        page.goto(f"{desk}/alih")
        shot(page, "alih-1280")
    assert set(Report.objects.values_list("state", flat=True)) == {states.VERIFIED}
    answer = page_of_everybody(live_server, photo.key)
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"
    assert b"GPS" not in answer.content and b"2025:06:14" not in answer.content


def page_of_everybody(server: Any, key: Any) -> Any:
    import httpx

    return httpx.get(f"{server.url}/rencana/bukti/{key}")


def test_two_write_at_once_and_the_slower_is_told_in_the_page(
    browser: Any,
    live_server: Any,
    road: Part,
    as_role: Callable[..., Any],
) -> None:
    first, second = (
        as_role("plan_reporter", scope="agency", code="pupr", username=name) for name in ("lapor-a", "lapor-b")
    )
    address = f"{live_server.url}/kerja/rencana/{road.key}?triwulan=2025-Q2"
    with signed_in(browser, live_server, first) as one, signed_in(browser, live_server, second) as other:
        one.goto(address)
        other.goto(address)
        one.fill("#f-value", "31")
        one.locator("#simpan").get_by_text("Tersimpan").wait_for()
        other.fill("#f-value", "32")
        other.locator("#simpan.err").get_by_text("Orang lain baru saja mengubah").wait_for()
        assert other.input_value("#f-value") == "32" and Report.objects.get(quarter=2).value == 31
        other.get_by_role("button", name="Simpan", exact=True).click()
        other.get_by_text("Yang tersimpan sekarang").wait_for()
        assert other.input_value("#f-value") == "32"
        shot(other, "bentrok-360")
        other.get_by_role("button", name="Simpan", exact=True).click()
        other.get_by_text("Tersimpan. Rancangan ini").wait_for()
    assert Report.objects.get(quarter=2).value == 32


def test_without_a_script_the_same_form_works(
    browser: Any, live_server: Any, road: Part, as_role: Callable[..., Any]
) -> None:
    client = as_role("plan_reporter", scope="agency", code="pupr", username="tanpa-skrip")
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800})
    context.add_cookies(
        [{"name": name, "value": morsel.value, "url": live_server.url} for name, morsel in client.cookies.items()]
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/kerja/rencana/{road.key}?triwulan=2025-Q2")
    page.fill("#f-value", "")
    page.get_by_role("button", name="Simpan", exact=True).click()
    page.get_by_role("button", name="Salin triwulan lalu").click()
    assert page.input_value("#f-value") == "25"
    context.close()
