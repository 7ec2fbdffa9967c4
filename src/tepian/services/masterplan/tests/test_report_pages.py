"""The desk, an action's page, the verification desk and the hand-over, as browsers without JavaScript use them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from lxml import html

from tepian.kernel.catalogue.versions import touch
from tepian.kernel.organisations.models import Agency
from tepian.toolkit import links, photos
from tepian.toolkit.tests.photos import exif, jpeg_with

from .. import operations, states
from ..models import Evidence, Handover, Part, Plan, Report
from ..queries import figures, work
from ..queries.figures import Value
from ..states import Quarter
from .planted import action, planted, report
from .test_reporting import accepted, evidence, sent

pytestmark = pytest.mark.django_db
DAY = date(2025, 7, 10)
Q2 = Quarter(2025, 2)


@pytest.fixture(autouse=True)
def _july(contoh: Any, on_day: Callable[[date], None]) -> None:
    on_day(DAY)


@pytest.fixture(name="road")
def _road() -> Part:
    _plan, revision = planted()
    return action(revision, "1.1.1", title="Jalan mulus", unit="km", targets={2025: 100},
                  milestones={"Lelang selesai": date(2025, 5, 1)})  # fmt: skip


@pytest.fixture(name="school")
def _school(road: Part) -> Part:
    return action(road.revision, "1.1.2", title="Sekolah aman", unit="sekolah", targets={2025: 10}, dimension="economy")


@pytest.fixture(name="clerk")
def _clerk(as_role: Callable[..., Any]) -> Any:
    return as_role("plan_reporter", scope="agency", code="pupr", username="lapor")


@pytest.fixture(name="bappeda")
def _bappeda(as_role: Callable[..., Any]) -> Any:
    return as_role("planner", username="bappeda")


@pytest.fixture(name="kominfo")
def _kominfo(as_role: Callable[..., Any]) -> Any:
    return as_role("plan_verifier", username="kominfo")


def plan_of(part: Part) -> Plan:
    return part.revision.plan


def page_of(part: Part, quarter: Quarter = Q2) -> str:
    return f"/kerja/rencana/{part.key}?triwulan={quarter}"


def read(client: Any, address: str, status: int = 200) -> Any:
    answer = client.get(address)
    assert answer.status_code == status, (address, answer.status_code, answer.content[-800:])
    return html.fromstring(answer.content.decode())


def text(node: Any) -> str:
    return " ".join(node.text_content().split())


def form_of(page: Any) -> dict[str, str]:
    """What a browser would send of the report's form."""
    (form,) = page.xpath("//form[@id='laporan']")
    return {name: value or "" for name, value in form.form_values() if name != "file"}


# --- the desk ---------------------------------------------------------------------------------------------------------


def test_an_agency_sees_what_it_owes_by_dimension(road, school, clerk):
    page = read(clerk, "/kerja/rencana")
    assert text(page.xpath("//h1")[0]) == "2 aksi menunggu laporan Anda"
    assert [text(each) for each in page.xpath("//main//h3")] == ["Kehidupan", "Ekonomi"]
    (first, second) = page.xpath("//a[contains(@class,'tugas')]")
    assert "1.1.1 Jalan mulus" in text(first) and first.get("data-key") == "1" and second.get("data-key") == "2"
    assert "TW2 2025" in text(page.xpath("//main")[0])


def test_what_is_reported_leaves_the_list_and_stays_under_all(road, school, clerk, reporter):
    sent(reporter, road)
    assert text(read(clerk, "/kerja/rencana").xpath("//h1")[0]) == "1 aksi menunggu laporan Anda"
    assert len(read(clerk, "/kerja/rencana?lihat=semua").xpath("//a[contains(@class,'tugas')]")) == 2


def test_the_offices_see_how_complete_each_agency_is(road, school, bappeda, reporter):
    sent(reporter, road)
    page = read(bappeda, "/kerja/rencana")
    (row,) = page.xpath("//table//tbody/tr")
    assert [text(cell) for cell in row] == [
        "PUPR",
        "2",
        "50%",
        "0",
        "0",
        "0",
        "0",
    ]  # nothing is missing before the due day
    assert text(page.xpath("//h1")[0]) == "1 laporan menunggu keputusan Anda"
    assert "Jalan mulus" in text(read(bappeda, "/kerja/rencana?dinas=pupr").xpath("//main")[0])


def test_readers_look_and_strangers_do_not(road, as_role):
    assert "PUPR" in text(read(as_role("viewer"), "/kerja/rencana").xpath("//main")[0])
    assert not read(as_role("viewer"), page_of(road)).xpath("//form[@id='laporan']")
    assert as_role("call_taker").get("/kerja/rencana").status_code == 403
    assert as_role("viewer").get("/kerja/rencana/periksa").status_code == 403
    assert as_role("plan_verifier").get("/kerja/rencana/alih").status_code == 403


def test_without_a_plan_the_desk_says_so(clerk):
    assert "belum punya rencana" in text(read(clerk, "/kerja/rencana"))


@pytest.mark.parametrize("query", ["triwulan=2025-Q9", "triwulan=2031-Q1", "triwulan=2019-Q1", "rencana=tidak-ada"])
def test_addresses_that_lead_nowhere(road, clerk, query):
    assert clerk.get(f"/kerja/rencana?{query}").status_code == 404
    assert clerk.get(f"/kerja/rencana/{road.key}?{query}").status_code == 404


# --- writing a report -------------------------------------------------------------------------------------------------


def test_one_form_one_press_and_the_next_action_is_open(road, school, clerk, the_net):
    given = form_of(read(clerk, page_of(road)))
    photo = SimpleUploadedFile("jalan.jpg", jpeg_with(exif()), content_type="image/jpeg")
    answer = clerk.post(
        page_of(road),
        given | {"value": "42,5", "spent": "1.250.000.000", "next_step": "Aspal", "file": photo, "send": "1"},
    )
    assert answer.status_code == 302 and str(school.key) in answer.url
    row = Report.objects.get()
    assert (row.state, row.value, row.spent, row.next_step) == (states.SENT, 42.5, 1_250_000_000, "Aspal")
    assert row.evidence.get().kind == states.PHOTO


def test_looking_writes_nothing_and_shows_what_a_report_would_begin_with(road, clerk):
    report(plan_of(road), road, 2025, 1, 30, obstacle="Hujan")
    given = form_of(read(clerk, page_of(road)))
    assert (given["value"], given["obstacle"], given["revision"]) == ("30", "Hujan", "0")
    assert Report.objects.count() == 1


def test_the_computed_value_stands_beside_with_its_source(road, clerk, monkeypatch):
    Part.objects.update(figure="statistics:x")
    known = Value("known", 33.5, "2025-Q2", Q2.last, "/data/x")
    monkeypatch.setattr(figures, "value_of", lambda *_given: known)
    page = read(clerk, page_of(road))
    assert "33,5 km" in text(page) and page.xpath("//a[@href='/data/x']")
    assert form_of(page)["value"] == "33,5"
    monkeypatch.setattr(figures, "value_of", lambda *_given: Value("unknown"))
    assert "sedang tidak menjawab" in text(read(clerk, page_of(road)))


def test_what_is_missing_is_said_and_nothing_typed_is_lost(road, clerk):
    given = form_of(read(clerk, page_of(road)))
    answer = clerk.post(page_of(road), given | {"value": "42,5", "obstacle": "Hujan deras", "send": "1"})
    page = html.fromstring(answer.content.decode())
    assert answer.status_code == 422
    assert "tambahkan berkas, foto, atau tautan" in text(page.xpath("//*[@id='error-summary']")[0])
    again = form_of(page)
    assert (again["value"], again["obstacle"]) == ("42,5", "Hujan deras")
    assert Report.objects.get().state == states.REPORT_DRAFT  # saved, not sent


def test_a_link_that_does_not_open_is_kept_with_the_sentence(road, clerk, the_net):
    the_net["https://drive.contoh.id/x"] = links.SIGN_IN
    given = form_of(read(clerk, page_of(road)))
    answer = clerk.post(page_of(road), given | {"value": "42", "url": "https://drive.contoh.id/x", "send": "1"})
    sentence = "Bukti tidak bisa dibuka publik. Unggah berkas atau ubah izin tautan."
    page = html.fromstring(answer.content.decode())
    assert answer.status_code == 422 and sentence in text(page.xpath("//*[@id='error-summary']")[0])
    assert sentence in text(page.xpath("//*[@id='bukti']")[0])
    the_net.clear()
    found = Evidence.objects.get()
    clerk.post(f"/kerja/rencana/bukti/{found.key}/periksa")
    given = form_of(read(clerk, page_of(road)))
    assert clerk.post(page_of(road), given | {"send": "1"}).status_code == 302
    assert Report.objects.get().state == states.SENT


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("1.234,5", 1234.5),
        ("12.5", 12.5),
        ("1.234", 1234),
        ("0,25", 0.25),
        ("-3", -3),
        (" 7 ", 7),
        ("45%", 45),
        ("", None),
    ],
)
def test_numbers_as_people_write_them(road, clerk, typed, value):
    clerk.post(page_of(road), form_of(read(clerk, page_of(road))) | {"value": typed, "save": "1"})
    assert Report.objects.get().value == value


@pytest.mark.parametrize("typed", ["banyak", "1,2,3", "--1", "1e9", "NaN", "9" * 40])
def test_what_is_no_number_is_said_and_kept(road, clerk, typed):
    answer = clerk.post(page_of(road), form_of(read(clerk, page_of(road))) | {"value": typed, "save": "1"})
    page = html.fromstring(answer.content.decode())
    assert answer.status_code == 422 and form_of(page)["value"] == typed
    assert not Report.objects.exists()


def test_a_value_beyond_belief_asks_and_a_tick_answers(road, clerk, the_net):
    given = form_of(read(clerk, page_of(road))) | {"value": "4000", "url": "https://contoh.id/a", "send": "1"}
    answer = clerk.post(page_of(road), given)
    page = html.fromstring(answer.content.decode())
    assert answer.status_code == 422 and page.xpath("//input[@name='confirmed']")
    assert clerk.post(page_of(road), form_of(page) | {"confirmed": "1", "send": "1"}).status_code == 302
    assert Report.objects.get().value == 4000


def test_last_quarter_is_copied_without_a_script_too(road, clerk):
    report(plan_of(road), road, 2025, 1, 30, obstacle="Hujan", next_step="Aspal")
    given = form_of(read(clerk, page_of(road))) | {"value": "", "obstacle": "", "next_step": ""}
    clerk.post(page_of(road), given | {"save": "1"})
    clerk.post(page_of(road), form_of(read(clerk, page_of(road))) | {"copy": "1"})
    row = Report.objects.get(quarter=2)
    assert (row.value, row.obstacle, row.next_step) == (30, "Hujan", "Aspal")


def test_milestones_are_ticked_with_their_day(road, clerk):
    key = road.milestones.get().key
    given = form_of(read(clerk, page_of(road)))
    clerk.post(page_of(road), given | {f"reached-{key}": "1", f"on-{key}": "2025-05-20", "save": "1"})
    assert Report.objects.get().reached.get().reached_on == date(2025, 5, 20)
    given = form_of(read(clerk, page_of(road)))
    clerk.post(
        page_of(road),
        {name: value for name, value in given.items() if key.hex not in name.replace("-", "")} | {"save": "1"},
    )
    assert not Report.objects.get().reached.exists()


def test_two_reporters_the_slower_keeps_what_was_typed(road, clerk, bappeda):
    mine, theirs = form_of(read(clerk, page_of(road))), form_of(read(bappeda, page_of(road)))
    assert clerk.post(page_of(road), mine | {"value": "10", "save": "1"}).status_code == 302
    answer = bappeda.post(page_of(road), theirs | {"value": "20", "obstacle": "Banjir", "save": "1"})
    page = html.fromstring(answer.content.decode())
    assert answer.status_code == 409 and Report.objects.get().value == 10
    assert "Yang tersimpan sekarang" in text(page) and "10" in text(
        page.xpath("//*[contains(@class,'notice-warn')]")[0]
    )
    again = form_of(page)
    assert (again["value"], again["obstacle"]) == ("20", "Banjir")
    assert bappeda.post(page_of(road), again | {"save": "1"}).status_code == 302  # knowingly
    assert Report.objects.get().value == 20


def test_it_keeps_itself_while_somebody_writes(road, clerk, bappeda):
    given = form_of(read(clerk, page_of(road)))
    told = clerk.post(page_of(road), given | {"value": "12,5", "autosave": "1"}).json()
    assert told["revision"] == 2 and told["value"] == "12,5 km"
    assert clerk.post(page_of(road), given | {"value": "13", "autosave": "1", "revision": "2"}).json()["revision"] == 3
    refused = bappeda.post(page_of(road), given | {"value": "99", "autosave": "1"})
    assert refused.status_code == 409 and "problem" in refused.json()
    refused = clerk.post(page_of(road), given | {"value": "dua", "autosave": "1", "revision": "3"})
    assert refused.status_code == 422 and refused.json()["field"] == "value"
    assert Report.objects.get().value == 13


def test_another_agency_cannot_post(road, as_role):
    stranger = as_role("plan_reporter", scope="agency", code="dinkes", username="lain")
    assert stranger.post(page_of(road), {"value": "1", "save": "1"}).status_code == 403
    assert not Report.objects.exists()


def test_earlier_quarters_and_an_action_that_left_the_plan_stay_readable(road, clerk, reporter):
    sent(reporter, road)
    road.revision.parts.all().delete()
    assert clerk.get(page_of(road)).status_code == 404
    assert Report.objects.count() == 1


# --- verifying --------------------------------------------------------------------------------------------------------


def test_the_desk_goes_from_one_report_to_the_next(road, school, bappeda, kominfo, reporter):
    first, second = sent(reporter, road), sent(reporter, school, 4)
    page = read(bappeda, "/kerja/rencana/periksa")
    assert text(page.xpath("//h1")[0]) == "2 laporan menunggu keputusan Anda"
    assert (
        page.xpath("//button[@data-key='T']")
        and page.xpath("//textarea[@data-key='K']")
        and page.xpath("//a[@data-key='N']")
    )
    (form,) = page.xpath(f"//form[@action='/kerja/rencana/periksa/{first.pk}']")
    given = dict(form.form_values())
    answer = bappeda.post(form.action, given | {"accept": "1"})
    assert answer.status_code == 302 and answer.url == f"/kerja/rencana/periksa?laporan={second.pk}"
    for office in ("planner", "plan_verifier"):
        client = bappeda if office == "planner" else kominfo
        client.post(
            f"/kerja/rencana/periksa/{second.pk}",
            {"revision": second.revision, "office": office, "accept": "1", "desk": "1"},
        )
    assert Report.objects.get(pk=second.pk).state == states.VERIFIED
    assert Report.objects.get(pk=first.pk).state == states.SENT


def test_sending_back_needs_words_which_are_kept(road, kominfo, reporter):
    row = sent(reporter, road)
    given = {"revision": row.revision, "office": "plan_verifier", "return": "1", "desk": "1"}
    assert kominfo.post(f"/kerja/rencana/periksa/{row.pk}", given | {"text": ""}).status_code == 422
    assert kominfo.post(f"/kerja/rencana/periksa/{row.pk}", given | {"text": "Foto kabur"}).status_code == 302
    assert Report.objects.get().state == states.RETURNED
    assert "Foto kabur" in text(read(kominfo, page_of(road)))


def test_two_verifiers_at_once(road, kominfo, bappeda, reporter):
    row = sent(reporter, road)
    given = {"revision": row.revision, "office": "plan_verifier"}
    kominfo.post(f"/kerja/rencana/periksa/{row.pk}", given | {"return": "1", "text": "Kurang"})
    answer = bappeda.post(
        f"/kerja/rencana/periksa/{row.pk}", {"revision": row.revision, "office": "planner", "accept": "1"}, follow=True
    )
    assert "Orang lain baru saja mengubah" in answer.content.decode()
    assert Report.objects.get().verifications.count() == 1


def test_a_verified_report_is_opened_again_with_words(road, planner, verifier, kominfo, reporter):
    row = accepted(sent(reporter, road), (planner, "planner"), (verifier, "plan_verifier"))
    assert "Ternyata salah" in text(read(kominfo, page_of(road)))
    kominfo.post(f"/kerja/rencana/periksa/{row.pk}/buka", {"text": "Jalannya belum ada."})
    assert Report.objects.get().state == states.RETURNED


# --- evidence for everybody -------------------------------------------------------------------------------------------


@pytest.fixture(name="shown")
def _shown(road, reporter, planner, verifier) -> Evidence:
    row = operations.start_report(actor=reporter, plan=plan_of(road), key=road.key, quarter=Q2)
    found = operations.add_file(actor=reporter, report=row, content=jpeg_with(exif()), name="jalan.jpg")
    row = operations.save_report(actor=reporter, report=row, revision=row.revision, value=40)
    row = operations.send_report(actor=reporter, report=row, revision=row.revision)
    accepted(row, (planner, "planner"), (verifier, "plan_verifier"))
    return found


def test_a_verified_photo_is_public_without_its_traces(shown, client):
    answer = client.get(f"/rencana/bukti/{shown.key}")
    assert answer.status_code == 200 and answer["Content-Type"] == "image/jpeg"
    seen = photos.facts(answer.content)
    assert (seen.lat, seen.taken) == (None, None)
    assert answer["X-Content-Type-Options"] == "nosniff" and "sandbox" in answer["Content-Security-Policy"]
    assert "public" in answer["Cache-Control"] and "max-age=300" in answer["Cache-Control"]
    assert client.get(f"/rencana/bukti/{shown.key}", headers={"If-None-Match": answer["ETag"]}).status_code == 304


def test_what_is_not_public_is_not_there(shown, client, verifier):
    address = f"/rencana/bukti/{shown.key}"
    Evidence.objects.update(public=False)
    assert client.get(address).status_code == 404
    Evidence.objects.update(public=True)
    Report.objects.update(state=states.SENT)
    assert client.get(address).status_code == 404
    Report.objects.update(state=states.VERIFIED)
    Plan.objects.update(public_since=None)
    assert client.get(address).status_code == 404
    Plan.objects.update(public_since=date(2025, 1, 1))
    operations.withdraw_evidence(actor=verifier, evidence=shown, reason="Salah foto")
    assert client.get(address).status_code == 404


def test_other_files_are_downloads(road, reporter, planner, verifier, client):
    row = operations.start_report(actor=reporter, plan=plan_of(road), key=road.key, quarter=Q2)
    found = operations.add_file(actor=reporter, report=row, content=b"a;b\n1;2\n", name="data.csv")
    row = operations.save_report(actor=reporter, report=row, revision=row.revision, value=40)
    accepted(
        operations.send_report(actor=reporter, report=row, revision=row.revision),
        (planner, "planner"), (verifier, "plan_verifier"),
    )  # fmt: skip
    answer = client.get(f"/rencana/bukti/{found.key}")
    assert (
        answer["Content-Disposition"].startswith("attachment") and b"".join(answer.streaming_content) == b"a;b\n1;2\n"
    )


def test_withdrawing_from_the_page(shown, kominfo, road):
    assert "Tarik" in text(read(kominfo, page_of(road)))
    kominfo.post(f"/kerja/rencana/bukti/{shown.key}/tarik", {"reason": ""})
    assert Report.objects.get().state == states.VERIFIED  # a reason is needed
    kominfo.post(f"/kerja/rencana/bukti/{shown.key}/tarik", {"reason": "Foto dari proyek lain"})
    assert Report.objects.get().state == states.RETURNED
    assert "Foto dari proyek lain" in text(read(kominfo, page_of(road)))


# --- handing over, and what waits on desks ----------------------------------------------------------------------------


def test_handing_over_on_the_page(road, school, bappeda):
    Agency.objects.filter(code="pupr").update(valid_to=date(2025, 6, 30))
    touch("organisations")
    page = read(bappeda, "/kerja/rencana")
    assert "belum punya penerus" in text(page)
    (link,) = page.xpath("//a[contains(@href,'/kerja/rencana/alih?dari=pupr')]")
    form = read(bappeda, link.get("href")).xpath("//main//form")[0]
    given = dict(form.form_values()) | {"to_agency": "dishub", "on": "2025-07-01"}
    answer = bappeda.post("/kerja/rencana/alih", given)
    assert answer.status_code == 422 and not Handover.objects.exists()  # no decision
    assert bappeda.post("/kerja/rencana/alih", given | {"decision": "Perda 3/2025"}).status_code == 302
    assert "belum punya penerus" not in text(read(bappeda, "/kerja/rencana"))
    for bad in ({"key": "x"}, {"on": "kemarin"}, {"to_agency": ""}):
        assert bappeda.post("/kerja/rencana/alih", given | {"decision": "1"} | bad).status_code in (404, 422)


def test_work_on_desks(road, school, reporter, planner, verifier, actor_with, on_day):
    assert [each.title for each in work.items(reporter)] == ["2 aksi perlu dilaporkan"]
    assert list(work.items(actor_with("viewer"))) == [] and list(work.items(planner)) == []
    row = sent(reporter, road)
    evidence(row)
    assert [each.title for each in work.items(verifier)] == ["1 laporan rencana perlu diperiksa"]
    operations.verify(
        actor=verifier, report=row, revision=row.revision, office="plan_verifier", verdict="returned", text="Kurang"
    )
    assert [each.title for each in work.items(reporter)] == [
        "1 aksi perlu dilaporkan",
        "Dikembalikan: 1.1.1 Jalan mulus",
    ]
    on_day(date(2025, 7, 16))
    assert next(iter(work.items(reporter))).level == "warning"
    Agency.objects.filter(code="pupr").update(valid_to=date(2025, 6, 30))
    touch("organisations")
    assert any("perlu penerus" in each.title for each in work.items(planner))
    assert work.check()[0] is False


def test_how_old_the_plan_is(road, reporter):
    assert work.freshness()[1] == "silent"
    sent(reporter, road)
    assert work.freshness()[1] == "ok"
    assert re.match(r"Dinas melapor", work.freshness()[2])
