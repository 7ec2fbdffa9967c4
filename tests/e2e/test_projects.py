"""An agency reports a month of its project with a photo; a citizen writes a fact with a photo on a narrow telephone;
somebody who does not build shows it; the agency answers; everybody reads it. In a real browser, 360 and 1280 wide."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.queries import open_file
from tepian.services.masterplan import states
from tepian.services.masterplan.models import Comment, Project
from tepian.services.masterplan.tests.built import park, picture, told
from tepian.services.masterplan.tests.conftest import on_day  # noqa: F401
from tepian.toolkit import photos
from tepian.toolkit.tests.photos import exif, jpeg_with

from .test_plan_reporting import shot, signed_in

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
JPEG = {"name": "IMG_0001.jpg", "mimeType": "image/jpeg", "buffer": jpeg_with(exif(taken="2025:06:28 09:00:00"))}


@pytest.fixture(name="garden")
def _garden(contoh: Any, on_day: Callable[[date], None]) -> Project:  # noqa: F811
    on_day(date(2025, 7, 20))
    return told(park(), 9, 19, 28, 37, 44, money=900_000_000)


def until(page: Any, true: str) -> None:
    """Waits in steps: the page's own policy forbids the browser's waiting by evaluation."""
    for _attempt in range(150):
        if page.evaluate(true):
            return
        page.wait_for_timeout(100)
    raise AssertionError(true)


def kept(file: Any) -> photos.Facts:
    with open_file(StoredFile.objects.get(pk=file)) as content:
        return photos.facts(content.read())


def test_from_a_months_report_to_a_citizens_answered_fact(
    browser: Any, live_server: Any, garden: Project, client: Any, as_role: Callable[..., Any]
) -> None:
    agency = as_role("plan_reporter", scope="agency", code="pupr", username="pupr-lapor")
    verifier = as_role("plan_verifier", username="kominfo")
    desk, public = f"{live_server.url}/kerja/rencana", f"{live_server.url}/rencana/proyek/{garden.slug}"

    assert agency.get(f"/kerja/rencana/proyek/{garden.slug}").status_code == 200  # the first page of a process is slow
    with signed_in(browser, live_server, agency, 1280) as page:
        page.goto(f"{desk}/proyek/{garden.slug}")
        assert page.input_value("#id_month") == "2025-06", "the month that is missing comes first"
        page.fill("#id_physical", "51,5")
        page.fill("#id_money", "1.150.000.000")
        page.get_by_role("button", name="Laporkan bulan ini").press("Enter")
        page.get_by_text("Laporan bulan itu tersimpan.").wait_for()
        page.set_input_files("#id_photo", JPEG)
        page.select_option("#id_phase", "during")
        page.fill("#id_spot", "Gerbang utara")
        page.fill("#id_caption", "Gerbang berdiri, jalan belum rata")
        page.locator("form[action$='/foto'] button").press("Enter")
        page.get_by_text("Foto tersimpan.").wait_for()
        shot(page, "projects-desk-1280")
    photo = garden.photos.get()
    assert photo.taken_on == date(2025, 6, 28) and photo.lat is not None
    assert kept(photo.file).lat is None, "the map knows where, the file no longer does"

    with signed_in(browser, live_server, client) as page:
        page.goto(public)
        assert "51,5% di akhir Juni 2025" in page.inner_text("main")
        shot(page, "project-360")
        page.get_by_role("link", name="Tulis fakta atau pertanyaan").click()
        shot(page, "project-write-360")
        page.get_by_label("Fakta: apa yang saya lihat").check()
        page.fill("#id_text", "Lampu kedua dari gerbang sudah seminggu mati. Hubungi 0812-3456-7890.")
        page.set_input_files(
            "#id_photo", {"name": "rumah.png", "mimeType": "image/png", "buffer": picture("#223344", 800, 600)}
        )
        page.get_by_role("button", name="Kirim").click()
        page.get_by_text("Sudah kami terima.").wait_for()
        shot(page, "project-receipt-360")
        code = page.inner_text(".kartu-nilai")
        receipt = page.url
    comment = Comment.objects.get(code=code)
    assert comment.findings == ["personal"] and "0812" not in comment.text and comment.photo is not None

    with signed_in(browser, live_server, verifier, 1280) as page:
        page.goto(f"{desk}/komentar")
        assert "▒▒▒" in page.inner_text("main")
        shot(page, "comments-desk-1280")
        page.keyboard.press("t")
        page.get_by_text("Ditampilkan untuk semua orang.").wait_for()
    with signed_in(browser, live_server, agency) as page:
        page.goto(f"{desk}/komentar/{comment.key}")
        page.fill("#id_answer", "Terima kasih. Kabelnya putus; diganti Jumat ini.")
        page.locator("form[action$='/jawab'] button").press("Enter")
        page.get_by_text("Sekarang semua orang membaca jawaban Anda.").wait_for()
        shot(page, "comment-answered-360")
    for width in (360, 1280):
        with signed_in(browser, live_server, client, width) as page:
            page.goto(public)
            told_now = page.inner_text("main")
            assert "Lampu kedua dari gerbang" in told_now and "diganti Jumat ini" in told_now
            page.locator(".foto-s").scroll_into_view_if_needed()
            until(page, "document.querySelector('.foto-s').naturalWidth === 800")
            shot(page, f"project-answered-{width}")
            page.goto(f"{live_server.url}/rencana/proyek")
            shot(page, f"projects-{width}")
    with signed_in(browser, live_server, client) as page:
        page.goto(f"{live_server.url}/lacak")
        page.fill("input[name=kode]", code.lower())
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(f"{code}$"))
        assert page.url == receipt and "Kota sudah menjawab" in page.inner_text("h1")


def test_before_and_after_stand_side_by_side_and_one_below_the_other_on_a_telephone(
    browser: Any, live_server: Any, garden: Project, client: Any
) -> None:
    from tepian.services.masterplan import operations
    from tepian.services.masterplan.tests.built import SYSTEM

    for phase, day in ((states.BEFORE, date(2025, 1, 8)), (states.DURING, date(2025, 6, 1))):
        operations.add_photo(
            actor=SYSTEM, project=garden, content=picture(f"#{day.month:02d}4488", 800, 600), name="a.png", phase=phase,
            spot="Gerbang", caption=f"Gerbang {phase}", taken_on=day,
        )  # fmt: skip
    for width, beside in ((360, False), (1280, True)):
        with signed_in(browser, live_server, client, width) as page:
            page.goto(f"{live_server.url}/rencana/proyek/{garden.slug}")
            first, second = (each.bounding_box() for each in page.locator(".sebelum-sesudah figure").all())
            assert (first["y"] == second["y"]) is beside, (width, first, second)
            shot(page, f"project-pairs-{width}")


def test_a_large_photo_is_made_small_on_the_telephone(
    browser: Any, live_server: Any, garden: Project, client: Any
) -> None:
    with signed_in(browser, live_server, client) as page:
        page.goto(f"{live_server.url}/rencana/proyek/{garden.slug}/tulis")
        large = page.evaluate(
            """async () => {
                const canvas = document.createElement("canvas"); canvas.width = 3000; canvas.height = 2000;
                const pen = canvas.getContext("2d"), dots = pen.createImageData(3000, 2000);
                for (let at = 0; at < dots.data.length; at += 65000) crypto.getRandomValues(dots.data.subarray(at, at + 65000));
                for (let at = 3; at < dots.data.length; at += 4) dots.data[at] = 255;
                pen.putImageData(dots, 0, 0);
                const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.9));
                const files = new DataTransfer(); files.items.add(new File([blob], "besar.jpg", { type: "image/jpeg" }));
                const input = document.querySelector("#id_photo");
                input.files = files.files; input.dispatchEvent(new Event("change", { bubbles: true }));
                return blob.size;
            }"""
        )
        until(page, f"document.querySelector('#id_photo').files[0].size < {large}")
        page.get_by_label("Pertanyaan", exact=True).check()
        page.fill("#id_text", "Ini foto besar?")
        page.get_by_role("button", name="Kirim").click()
        page.get_by_text("Sudah kami terima.").wait_for()
    with open_file(StoredFile.objects.get(pk=Comment.objects.get().photo)) as content:
        assert photos.size(content.read()) == (1600, 1067)
