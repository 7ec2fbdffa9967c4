"""The pages of projects, comments and meetings, as people use them without JavaScript."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from tepian.kernel.actors import ANONYMOUS, system
from tepian.kernel.identity import operations as identity
from tepian.toolkit.tests.photos import exif, jpeg_with

from .. import operations, states
from ..models import Comment, Project, ProjectPhoto
from ..queries import hall
from .built import BUDGET, DAY, START, SYSTEM, park, picture, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _july(contoh: Any, on_day: Callable[[date], None]) -> None:
    on_day(DAY)


@pytest.fixture(name="agency")
def _agency(as_role: Callable[..., Client]) -> Client:
    return as_role("plan_reporter", scope="agency", code="pupr", username="dinas")


@pytest.fixture(name="judge")
def _judge(as_role: Callable[..., Client]) -> Client:
    return as_role("plan_verifier", username="penilai")


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, (answer.status_code, answer.content[:600])
    return re.sub(r"\s+", " ", answer.content.decode())


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


# --- for everybody ----------------------------------------------------------------------------------------------------


def test_late_ones_stand_first_with_their_money(client):
    good, late = told(park(title="Alun-alun"), 9, 19, 29, 39, 49, 59), told(park(title="Zamrud"), 9, money=500_000_000)
    Project.objects.filter(pk=late.pk).update(promised_on=date(2025, 7, 1))
    page = text(client.get("/rencana/proyek"))
    assert page.index("Zamrud") < page.index("Alun-alun")
    assert "1 dari 2 proyek kota perlu perhatian" in page and "Terlambat 19 hari, terbangun 9%" in page
    assert "terpakai Rp500 juta dari Rp2 miliar" in page
    assert "1 of 2 city projects needs attention" in text(client.get("/en/rencana/proyek"))
    assert good.slug in page


def test_nothing_public_says_so(client):
    park(public=False)
    assert "Belum ada proyek yang diumumkan" in text(client.get("/rencana/proyek"))


def test_one_project_tells_everything_in_both_languages(client):
    row = told(park(), 8, 15, 24, 30, 41, 50, money=900_000_000)
    page = words(text(client.get(f"/rencana/proyek/{row.slug}")))
    for part in (
        "Terbangun 50% di akhir Juni 2025", "rencananya 60%", "PUPR", "Rp2 miliar", "Rp900 juta", "45% anggaran",
        "CV O&#x27;Neil &amp; Sons", "600/01", "Tanggul", "31 Oktober 2025", "sisa 50 persen ÷ 8,7 persen sebulan",
        "Terpakai Rp900 juta dari Rp2 miliar", "Tulis fakta atau pertanyaan",
    ):  # fmt: skip
        assert part in page, part
    assert "50% built at the end of June 2025, 60% were planned" in text(client.get(f"/en/rencana/proyek/{row.slug}"))


def test_what_is_hidden_from_the_public_is_not_there(client, agency):
    row = park(public=False)
    photo = operations.add_photo(
        actor=SYSTEM,
        project=row,
        content=picture(),
        name="a.png",
        phase=states.BEFORE,
        spot="x",
        caption="x",
        taken_on=DAY,
    )
    for path in ("", "/tulis", "/kurva.csv", "/kurva.json"):
        assert client.get(f"/rencana/proyek/{row.slug}{path}").status_code == 404
    assert client.get(f"/rencana/foto/{photo.key}").status_code == 404
    assert client.get(f"/kerja/rencana/proyek/foto/{photo.key}").status_code == 302
    assert agency.get(f"/kerja/rencana/proyek/foto/{photo.key}").status_code == 200
    assert list(hall.map_features(ANONYMOUS)) == []
    assert list(hall.find("Taman tepi", ANONYMOUS)) == []


def test_money_above_the_budget_and_missing_months_are_told(client):
    row = told(park(), 9, 19, 29, 39, money=BUDGET + 100_000_000)
    page = words(text(client.get(f"/rencana/proyek/{row.slug}")))
    assert "Rp100 juta melebihi anggaran" in page
    assert "2 bulan belum dilaporkan: Mei 2025, Juni 2025" in page


def test_two_figures_that_disagree_are_both_shown(client):
    row = told(park(), 80)
    page = words(text(client.get(f"/rencana/proyek/{row.slug}")))
    assert "Dinas melaporkan terbangun 80%; tahap yang selesai bernilai 0%" in page


def test_photos_stand_side_by_side_and_are_served_safely(client):
    row = park()
    for phase, day in ((states.BEFORE, date(2025, 1, 8)), (states.DURING, date(2025, 6, 1))):
        operations.add_photo(
            actor=SYSTEM, project=row, content=picture(f"#{day.month:02d}4488"), name="a.png", phase=phase, spot="Gerbang",
            caption=f"Gerbang {phase}", taken_on=day,
        )  # fmt: skip
    page = text(client.get(f"/rencana/proyek/{row.slug}"))
    assert page.index("Gerbang before") < page.index("Gerbang during") and page.count('<img class="foto"') == 2
    answer = client.get(f"/rencana/foto/{ProjectPhoto.objects.first().key}")
    assert answer["Content-Type"] == "image/png" and answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"] and b"".join(answer.streaming_content) == picture("#014488")


def test_the_curves_as_files(client):
    row = told(park(), 8, 15, money=7)
    answer = client.get(f"/rencana/proyek/{row.slug}/kurva.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 10 and rows[1] == {
        "Bulan": "2025-02", "Rencana, persen": "20.0", "Terbangun, persen": "15.0", "Rencana, rupiah": "400000000",
        "Terpakai, rupiah": "7", "Catatan": "",
    }  # fmt: skip
    data = json.loads(client.get(f"/rencana/proyek/{row.slug}/kurva.json").content)
    assert data["points"][0]["physical"] == 8 and data["budget"] == BUDGET


def test_a_remark_is_no_formula(client):
    row = park()
    operations.report_month(actor=SYSTEM, project=row, revision=row.revision, month=START, physical=8, text="=1+1")
    assert "'=1+1" in client.get(f"/rencana/proyek/{row.slug}/kurva.csv").content.decode()


def test_the_map_and_the_search_lead_there(client):
    row = told(park(), 9, 19, 29, 39, 49, 59)
    feature = next(iter(hall.map_features(ANONYMOUS)))
    assert (feature.url, feature.value, feature.level) == (f"/rencana/proyek/{row.slug}", "59%", "none")
    assert f"/rencana/proyek/{row.slug}" in text(client.get("/kota"))
    for wanted in ("tepi sungai", "riverside", "o'neil", "600/01"):
        assert [hit.url for hit in hall.find(wanted, ANONYMOUS)] == [f"/rencana/proyek/{row.slug}"], wanted
    assert list(hall.find("%_", ANONYMOUS)) == []


# --- a citizen writes, a judge shows, the agency answers --------------------------------------------------------------


def test_the_whole_way_of_a_fact(client, judge, agency):
    row = park()
    address = f"/rencana/proyek/{row.slug}/tulis"
    page = text(client.get(address))
    assert "tidak menanyakan nama" in page and "bukan dinas yang membangun" in page
    key = re.search(r'name="key" value="([0-9a-f-]{36})"', page)[1]
    photo = SimpleUploadedFile("rumah.jpg", jpeg_with(exif()), "image/jpeg")
    sent = client.post(
        address, {"kind": "fact", "text": "Lampu mati, hubungi 081234567890", "key": key, "photo": photo}
    )
    assert sent.status_code == 303
    comment = Comment.objects.get()
    assert sent["Location"] == f"/rencana/proyek/komentar/{comment.code}"
    assert comment.code in text(client.get(sent["Location"]))
    assert "Lampu mati" not in text(client.get(f"/rencana/proyek/{row.slug}"))
    assert client.get(f"/rencana/foto/komentar/{comment.key}").status_code == 404

    assert "Somebody waits" not in text(agency.get("/kerja"))
    assert "1 komentar menunggu dilihat" in text(judge.get("/kerja"))
    desk = text(judge.get("/kerja/rencana/komentar"))
    assert "nomor milik orang, sudah disamarkan" in desk and "▒▒▒" in desk
    assert judge.get(f"/kerja/rencana/komentar/{comment.key}/foto").status_code == 200
    judge.post(f"/kerja/rencana/komentar/{comment.key}/nilai", {"revision": comment.revision, "shown": "1"})
    comment.refresh_from_db()
    assert comment.state == states.SHOWN
    shown = text(client.get(f"/rencana/proyek/{row.slug}"))
    assert "Lampu mati" in shown and "Menunggu jawaban kota" in shown
    assert client.get(f"/rencana/foto/komentar/{comment.key}").status_code == 200

    assert "Ada yang menunggu jawaban Anda" in text(agency.get("/kerja"))
    back = agency.post(
        f"/kerja/rencana/komentar/{comment.key}/jawab", {"revision": comment.revision, "answer": "Besok diperbaiki."}
    )
    assert back.status_code == 302
    assert "Besok diperbaiki." in text(client.get(f"/rencana/proyek/{row.slug}"))
    assert "Kota sudah menjawab" in text(client.get(sent["Location"]))


def test_what_was_typed_stays_when_it_is_refused(client):
    row = park()
    address = f"/rencana/proyek/{row.slug}/tulis"
    page = text(client.post(address, {"kind": "fact", "text": "x" * 1001 + "<b>", "key": str(uuid4())}), 422)
    assert "x" * 1001 + "&lt;b&gt;" in page and "error-summary" in page
    page = text(client.post(address, {"text": "Tanpa jenis", "key": str(uuid4())}), 422)
    assert "Pilih dulu: fakta atau pertanyaan." in page and "Tanpa jenis" in page
    svg = SimpleUploadedFile("x.png", b"<svg onload='alert(1)'/>", "image/png")
    page = text(client.post(address, {"kind": "fact", "text": "Halo", "key": str(uuid4()), "photo": svg}), 422)
    assert "bukan foto" in page and "Halo" in page
    assert not Comment.objects.exists()


def test_a_key_that_is_none_is_refused_not_broken(client):
    row = park()
    for key in ("", "x", "0" * 400):
        answer = client.post(f"/rencana/proyek/{row.slug}/tulis", {"kind": "fact", "text": "Halo", "key": key})
        assert answer.status_code == 422, key


def test_a_flood_gets_429_and_keeps_its_words(client):
    row = park()
    for number in range(6):
        answer = client.post(
            f"/rencana/proyek/{row.slug}/tulis", {"kind": "fact", "text": f"Fakta {number}", "key": str(uuid4())}
        )
    assert "Fakta 5" in text(answer, 429) and Comment.objects.count() == 5


def test_a_hidden_comment_is_counted_for_everybody(client, judge):
    row = park()
    comment = operations.write_comment(actor=ANONYMOUS, project=row, kind="fact", text="Dasar goblok", key=uuid4())
    judge.post(f"/kerja/rencana/komentar/{comment.key}/nilai", {"revision": 1, "reason": "insult"})
    page = words(text(client.get(f"/rencana/proyek/{row.slug}")))
    assert "1 tidak ditampilkan: menghina orang (1)." in page and "goblok" not in page


def test_the_second_judge_reads_that_somebody_was_faster(judge):
    comment = operations.write_comment(actor=ANONYMOUS, project=park(), kind="fact", text="Halo", key=uuid4())
    for reason in ("insult", "off_topic"):
        answer = judge.post(
            f"/kerja/rencana/komentar/{comment.key}/nilai", {"revision": 1, "reason": reason}, follow=True
        )
    assert "Orang lain baru saja mengubah ini" in text(answer)
    comment.refresh_from_db()
    assert comment.reason == "insult"


def test_the_agency_cannot_open_the_judges_desk(agency):
    comment = operations.write_comment(actor=ANONYMOUS, project=park(), kind="fact", text="Halo", key=uuid4())
    assert agency.get("/kerja/rencana/komentar").status_code == 403
    assert agency.post(f"/kerja/rencana/komentar/{comment.key}/nilai", {"revision": 1, "shown": "1"}).status_code == 403
    page = text(agency.get(f"/kerja/rencana/komentar/{comment.key}"))
    assert "/nilai" not in page and "/jawab" not in page, "what waits is neither judged nor answered by the builder"


def test_comments_stay_when_a_project_is_cancelled(client, judge):
    row = park()
    comment = operations.write_comment(actor=ANONYMOUS, project=row, kind="fact", text="Lubang di jalan", key=uuid4())
    operations.judge_comment(actor=SYSTEM, comment=comment, revision=1, shown=True)
    operations.move_project(actor=SYSTEM, project=row, revision=row.revision, to=states.CANCELLED, reason="Sengketa.")
    page = text(client.get(f"/rencana/proyek/{row.slug}"))
    assert "Lubang di jalan" in page and "Sengketa." in page


# --- the agency's desk ------------------------------------------------------------------------------------------------


def test_a_project_from_nothing_to_public_by_forms(agency, client):
    page = text(agency.get("/kerja/rencana/proyek/baru"))
    assert "PUPR" in page and "Dinkes" not in page, "only one's own agency"
    form = {
        "title": "Dermaga O'Neil", "agency_code": "pupr", "summary": "Dermaga.", "place": "Pelabuhan", "source": "APBD",
        "point": "-0.53, 118.485", "budget": "Rp1.250.000.000", "starts_on": "2025-01-06", "ends_on": "2025-12-31",
    }  # fmt: skip
    sent = agency.post("/kerja/rencana/proyek/baru", form)
    row = Project.objects.get()
    assert sent["Location"] == f"/kerja/rencana/proyek/{row.slug}" and (row.lat, row.lon) == (-0.53, 118.485)
    assert row.budget == 1_250_000_000
    base = f"/kerja/rencana/proyek/{row.slug}"
    stages = {
        "s-TOTAL_FORMS": "2", "s-INITIAL_FORMS": "0", "s-0-title": "Tiang", "s-0-weight": "3",
        "s-0-starts_on": "2025-01-06", "s-0-ends_on": "2025-06-30", "s-1-title": "", "s-1-weight": "1",
        "revision": row.revision,
    }  # fmt: skip
    assert agency.post(f"{base}/tahap", stages).status_code == 302
    row.refresh_from_db()
    assert [stage.title for stage in row.stages.all()] == ["Tiang"]
    curve = "2025-06\t50,5\t600.000.000\n2025-12; 100; 1.250.000.000\n\n"
    assert agency.post(f"{base}/kurva", {"curve": curve, "revision": row.revision}).status_code == 302
    assert list(row.points.values_list("planned_physical", "planned_money")) == [
        (50.5, 600_000_000),
        (100, 1_250_000_000),
    ]
    row.refresh_from_db()
    agency.post(f"{base}/publik", {"public": "1", "revision": row.revision})
    row.refresh_from_db()
    agency.post(f"{base}/status", {"to": "running", "on": "2025-01-06", "reason": "", "revision": row.revision})
    row.refresh_from_db()
    sent = agency.post(
        f"{base}/lapor",
        {"month": "2025-06", "physical": "48,5", "money": "Rp1.300.000.000", "text": "", "revision": row.revision},
        follow=True,
    )
    assert "melebihi anggaran" in text(sent)
    photo = SimpleUploadedFile("a.jpg", jpeg_with(exif(taken="2025:06:14 09:00:00")), "image/jpeg")
    agency.post(f"{base}/foto", {"phase": "before", "spot": "Ujung", "caption": "Ujung dermaga", "photo": photo})
    assert row.photos.get().taken_on == date(2025, 6, 14)
    assert "Terbangun 48,5% di akhir Juni 2025" in text(client.get(f"/rencana/proyek/{row.slug}"))


def test_what_is_refused_keeps_what_was_typed(agency):
    row = told(park(), 20)
    base = f"/kerja/rencana/proyek/{row.slug}"
    page = text(
        agency.post(f"{base}/lapor", {"month": "2025-02", "physical": "12,5", "money": "7", "revision": row.revision}),
        422,
    )
    assert 'value="12,5"' in page and "Tulis sebabnya" in page
    page = text(agency.post(f"{base}/lapor", {"month": "2025-02", "physical": "dua", "revision": row.revision}), 422)
    assert 'value="dua"' in page and "Tulis angka" in page
    page = text(agency.post(f"{base}/kurva", {"curve": "2025-01; x", "revision": row.revision}), 422)
    assert "Baris 1 tidak dipahami" in page and "2025-01; x" in page
    page = text(agency.post(f"{base}/ubah", {"title": "Baru", "agency_code": "pupr", "source": "APBD",
                                             "ends_on": "2026-01-01", "revision": row.revision}), 422)  # fmt: skip
    assert 'value="Baru"' in page and "tulis mengapa" in page
    page = text(agency.post(f"{base}/status", {"to": "done", "revision": row.revision}), 422)
    assert "Belum selesai:" in page
    row.refresh_from_db()
    assert (row.title, row.state) == ("Taman tepi sungai", states.RUNNING)


def test_the_slower_reporter_is_told_and_sends_again(agency):
    row = park()
    stale = row.revision
    told(row, 8)
    form = {"month": "2025-02", "physical": "15", "money": "", "text": "", "revision": stale}
    page = text(agency.post(f"/kerja/rencana/proyek/{row.slug}/lapor", form), 422)
    assert "Orang lain baru saja mengubah" in page and 'value="15"' in page
    fresh = re.search(r'name="revision" value="(\d+)"', page)[1]
    assert int(fresh) == stale + 1
    assert agency.post(f"/kerja/rencana/proyek/{row.slug}/lapor", form | {"revision": fresh}).status_code == 302


def test_another_agency_sees_and_does_not_touch(as_role):
    row = park()
    other = as_role("plan_reporter", scope="agency", code="dinkes", username="lain")
    page = text(other.get(f"/kerja/rencana/proyek/{row.slug}"))
    assert "/lapor" not in page and '/foto"' not in page
    for path in ("ubah", "tahap", "kurva"):
        assert other.get(f"/kerja/rencana/proyek/{row.slug}/{path}").status_code == 403
    form = {"month": "2025-01", "physical": "90", "revision": row.revision}
    assert other.post(f"/kerja/rencana/proyek/{row.slug}/lapor", form).status_code == 422
    assert not row.points.exclude(physical=None).exists()


def test_a_missing_month_is_on_the_agencys_desk(agency):
    row = told(park(), 9, 19, 29, 39, 49)
    assert "laporan Juni 2025 belum ada" in text(agency.get("/kerja"))
    operations.report_month(actor=SYSTEM, project=row, revision=row.revision, month=date(2025, 6, 1), physical=59)
    assert "belum ada" not in words(text(agency.get("/kerja"))).split("Proyek")[0]


@pytest.mark.parametrize("path", ["rencana/proyek/x", "kerja/rencana/proyek/x", "rencana/proyek/x/tulis"])
def test_what_is_not_there_is_not_there(client, agency, path: str):
    assert agency.get(f"/{path}").status_code == 404


# --- programs ---------------------------------------------------------------------------------------------------------


def test_programs_read_and_an_agencys_program_reports(client):
    row = told(park(), 8, 15, 24, 30, 41, 50, money=900_000_000)
    park(public=False, title="Rahasia")
    page = client.get("/api/v1/plan/projects").json()
    assert page["count"] == 1 and page["items"][0]["slug"] == row.slug
    item = page["items"][0]
    assert (item["physical"], item["planned"], item["forecast_end"], item["month"]) == (50, 60, "2025-12-23", "2025-06")
    one = client.get(f"/api/v1/plan/projects/{row.slug}").json()
    assert len(one["points"]) == 10 and [s["title"] for s in one["stages"]] == ["Tanggul", "Taman"]
    assert one["comments"] == {"shown": 0, "waiting": 0, "answered": 0, "hidden": {}}
    assert client.get("/api/v1/plan/projects/rahasia").status_code == 404
    months = f"/api/v1/plan/projects/{row.slug}/months"
    body = {"revision": row.revision, "month": "2025-07", "physical": 55}
    assert client.post(months, body, content_type="application/json").status_code in (401, 403)
    _key, secret = identity.issue_device_key(
        actor=system("t"), name="pupr", grants=[{"role": "plan_reporter", "scope": "agency", "code": "pupr"}]
    )
    headers = {"Authorization": f"Bearer {secret}"}
    done = client.post(months, body, content_type="application/json", headers=headers)
    assert done.status_code == 200 and done.json()["physical"] == 55
    assert (
        client.post(months, body | {"physical": 57}, content_type="application/json", headers=headers).status_code
        == 409
    )
    for bad in ({"month": "2025-13"}, {"physical": 101}, {"physical": None}, {"money": -1}, {"revision": "x"}):
        answer = client.post(months, body | bad, content_type="application/json", headers=headers)
        assert answer.status_code == 422, bad
