"""The figures against numbers computed by hand; what the public and the nation get; who may look."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta
from itertools import product

import pytest
from django.test import Client
from django.utils import timezone

from tepian.kernel.actors import system
from tepian.services.dispatch import operations, states
from tepian.services.dispatch.models import Call, ClockTarget, FollowUp, Incident
from tepian.services.dispatch.queries import board

from .conftest import SUPERVISOR


@pytest.fixture
def day(city):
    """Ten calls: six answered after 5 to 55 s, three lost, one rings; two pranks, one silent, three that needed help."""
    board.forget_live()
    now = timezone.now() - timedelta(minutes=30)
    ClockTarget.objects.create(clock="answer", seconds=20, share=90, valid_from="2020-01-01")
    ClockTarget.objects.create(clock="dispatch", seconds=60, valid_from="2020-01-01")
    kinds = [states.PRANK, states.PRANK, states.GHOST, states.REAL, states.REAL, states.REAL]
    for n, kind in enumerate(kinds):
        incident = None
        if kind == states.REAL:
            incident = Incident.objects.create(
                number=f"D-{n}", type_code="K1", severity="D", state=states.CLOSED, place="x", lon=117.10, lat=-0.40,
                region_code="99.01.01.1001", opened_at=now, opened_by="t", outcome="helped",
                dispatched_at=now + timedelta(seconds=30 * (n - 2)), arrived_at=now + timedelta(seconds=300 * (n - 2)),
                victims={"injured": 1},
            )  # fmt: skip
        Call.objects.create(
            key=f"a{n}", first_at=now, ringing_at=now, answered_at=now + timedelta(seconds=5 + 10 * n),
            ended_at=now + timedelta(seconds=200), closed_at=now, state=states.ENDED, kind=kind, incident=incident,
            number_sealed="x", number_key="y", number_end="777",
        )  # fmt: skip
    for n, stage in enumerate(("menu", "menu", "queue")):
        Call.objects.create(key=f"l{n}", first_at=now, lost_at=now, closed_at=now, state=states.LOST, lost_stage=stage)
    Call.objects.create(key="r", first_at=now, ringing_at=now)
    Call.objects.create(
        key="s", first_at=now, answered_at=now + timedelta(seconds=900), state="answered", simulated=True
    )
    return now


def test_the_figures_are_those_of_the_rows(day):
    figures = board.period(day - timedelta(hours=1), day + timedelta(hours=1))
    assert (figures["calls"], figures["lost"], figures["lost_share"]) == (10, 3, 30)
    assert figures["stages"] == {"menu": 2, "queue": 1}
    assert figures["answer"] == {"count": 6, "median": 25.0, "p90": 55.0, "target": 20, "wanted": 90, "share": 33}
    assert (figures["prank_share"], figures["real_share"]) == (33, 50)
    assert figures["dispatch"]["median"] == 60.0
    assert figures["dispatch"]["share"] == 67
    assert figures["arrival"]["median"] == 600.0
    assert figures["closed"] == 3


def test_nothing_is_none_and_never_zero(city):
    figures = board.period(timezone.now(), timezone.now() + timedelta(hours=1))
    assert figures["answer"]["share"] is None
    assert figures["dispatch"]["p90"] is None
    assert figures["prank_share"] is None


def test_the_report_tells_no_number(day):
    rows = list(board.report_rows(day - timedelta(hours=1), day + timedelta(hours=1)))
    assert len(rows) == 10
    assert set(rows[0]) == set(board.COLUMNS)
    assert not any("777" in str(value) for row in rows for value in row.values())
    assert [row["dispatch_seconds"] for row in rows if row["incident"]] == [30, 60, 90]


def test_small_counts_of_a_ward_are_not_told_but_the_city_is_whole(day):
    figures = board.public_figures(day - timedelta(hours=1), day + timedelta(hours=1))
    assert figures["incidents"] == 3
    assert figures["casualties"]["injured"] == 3
    assert [row["count"] for row in figures["by_ward"]] == [None]
    keys = {row["key"]: row["value"] for row in figures["indicators"]}
    assert keys["112.answered_in_time"] == 33


@pytest.mark.parametrize(("wards", "small", "most"), [(2, 5, 15), (3, 5, 16), (4, 3, 12), (5, 3, 11)])
def test_no_hidden_count_can_be_worked_out_from_the_total(wards, small, most):
    """Who knows the rule and all that is published, and tries every day of the city, is left with more than one count
    for each hidden ward. Totals from `most` on are left out: not all of their days are tried here."""
    possible = defaultdict(list)
    for counts in product(range(most), repeat=wards):
        if sum(counts) < most:
            day = {f"w{n}": count for n, count in enumerate(counts) if count}
            told = states.told_counts(day, small)
            possible[(sum(counts), tuple(sorted(told.items())))].append(counts)
    for (total, told), days in possible.items():
        known = dict(told)
        for n in range(wards):
            if total and (known.get(f"w{n}", 0) is None or "" in known):
                assert len({counts[n] for counts in days}) > 1, (total, known, days)


def test_the_next_ward_is_hidden_with_a_single_small_one_and_the_day_stays_whole(city):
    now = timezone.now()
    for ward, count in (("99.01.01.1001", 2), ("99.01.01.1002", 9), ("99.01.02.1001", 6), ("99.01.02.1002", 0)):
        for n in range(count):
            Incident.objects.create(
                number=f"D-{ward[-6:]}{n}", type_code="K1", state=states.CLOSED, region_code=ward, opened_at=now, opened_by="t"
            )  # fmt: skip
    figures = board.public_figures(now - timedelta(hours=1), now + timedelta(hours=1))
    assert {row["region"]: row["count"] for row in figures["by_ward"]} == {
        "99.01.01.1001": None, "99.01.01.1002": 9, "99.01.02.1001": None,
    }  # fmt: skip
    assert [row["count"] for row in figures["by_day"]] == [17]
    Incident.objects.exclude(region_code="99.01.01.1001").delete()
    alone = board.public_figures(now - timedelta(hours=1), now + timedelta(hours=1))
    assert [(row["region"], row["count"]) for row in alone["by_ward"]] == [("", None)]


def test_the_report_is_whole_over_its_pages(day, as_role):
    from tepian.kernel.identity import operations as identity

    key = identity.issue_device_key(actor=system("tests"), name="pusat")[1]
    client = Client(headers={"Authorization": f"Bearer {key}"})
    first = client.get("/api/v1/emergency/report?limit=4").json()
    assert len(first["items"]) == 4 and first["next"]
    late = Call.objects.create(key="late", first_at=day - timedelta(seconds=5), state=states.LOST)
    found, after = first["items"], first["next"]
    while after:
        page = client.get(f"/api/v1/emergency/report?limit=4&after={after}").json()
        found, after = found + page["items"], page["next"]
    known = [row["call"] for row in found]
    assert sorted(known) == sorted(
        Call.objects.filter(simulated=False).exclude(pk=late.pk).values_list("pk", flat=True)
    )
    assert len(known) == len(set(known)) == 10
    whole = client.get("/api/v1/emergency/report").json()
    assert whole["next"] is None and len(whole["items"]) == 11
    assert client.get("/api/v1/emergency/report?limit=11").json()["next"] is None
    for wrong in ("x", "20260101T000000.000000-x", "-1"):
        refused = client.get(f"/api/v1/emergency/report?after={wrong}")
        assert (refused.status_code, refused.json()["field"]) == (422, "after")


def test_hot_spots_gather_what_is_near(day):
    [spot] = board.hot_spots(day - timedelta(hours=1), day + timedelta(hours=1))
    assert (spot["count"], spot["region"]) == (3, "99.01.01.1001")


def test_pages_and_who_may(day, as_role, client):
    supervisor, viewer = as_role("supervisor"), as_role("viewer")
    page = supervisor.get("/kerja/112/langsung").content.decode()
    assert "1" in page and "33" in page
    for address in ("/kerja/112/langsung", "/kerja/112/tinjau", "/kerja/112/laporan.csv", "/kerja/112"):
        assert viewer.get(address).status_code == 403, address
        assert client.get(address).status_code == 302, address
    text = b"".join(supervisor.get("/kerja/112/laporan.csv").streaming_content).decode()
    assert len(text.splitlines()) == 11
    assert client.get("/api/v1/emergency/figures").json()["incidents"] == 3
    assert client.get("/api/v1/emergency/report").status_code == 401
    ghost = Call.objects.get(kind=states.GHOST)
    assert "blokir" not in supervisor.get(f"/kerja/112/tinjau/{ghost.pk}").content.decode().lower().replace(
        "diblokir", ""
    )
    prank = Call.objects.filter(kind=states.PRANK).first()
    address = f"/kerja/112/tinjau/{prank.pk}"
    assert f"{address}/blokir" in supervisor.get(address).content.decode()
    supervisor.post(f"/kerja/112/tinjau/{prank.pk}/blokir", {"reason": "menyanyi"})
    assert f"{address}/blokir" not in supervisor.get(address).content.decode()
    assert "menyanyi" in supervisor.get("/kerja/112/tinjau").content.decode()
    supervisor.post(f"/kerja/112/tinjau/{prank.pk}/nilai", {"greeting": "4", "place": "3", "type": "3", "calm": "4"})
    prank.refresh_from_db()
    assert prank.review.marks == {"greeting": 4, "place": 3, "type": 3, "calm": 4}


def test_the_board_says_in_plain_words_what_ninety_percent_means(day, as_role, monkeypatch):
    monkeypatch.setattr(board, "day_start", lambda: day - timedelta(hours=1))  # also in the hour after midnight
    page = as_role("supervisor").get("/kerja/112/langsung").content.decode()
    assert "P90" not in page
    assert "90 dari 100 panggilan dijawab dalam 55 detik" in page
    assert "Pada 90 dari 100 kejadian, unit diminta dalam waktu ini" in page


@pytest.fixture
def case(day):
    return FollowUp.objects.create(
        incident=Incident.objects.first(), agency_code="ambulans", opened_at=day, contacts=3, reached=1
    )


def test_closing_a_case_keeps_the_numbers_that_were_typed_with_it(case, as_role):
    nurse, address = as_role("responder", scope="agency", code="ambulans"), f"/kerja/112/lanjutan/{case.pk}"
    form = {"agency": "ambulans", "contacts": "9", "reached": "8", "close": "1"}
    assert nurse.post(address, form).status_code == 302
    case.refresh_from_db()
    assert (case.contacts, case.reached) == (9, 8) and case.closed_at
    assert nurse.post(address, form | {"contacts": "10"}).status_code == 302, "repeating changes nothing"
    case.refresh_from_db()
    assert case.contacts == 9


@pytest.mark.parametrize("more", [{}, {"close": "1"}])
@pytest.mark.parametrize(("contacts", "reached"), [("tujuh", "5"), ("5", "7"), ("", "1"), ("-1", "0")])
def test_wrong_numbers_of_a_case_stay_in_their_fields(case, as_role, more, contacts, reached):
    nurse = as_role("responder", scope="agency", code="ambulans")
    form = {"agency": "ambulans", "contacts": contacts, "reached": reached} | more
    answer = nurse.post(f"/kerja/112/lanjutan/{case.pk}", form)
    page = answer.content.decode()
    assert answer.status_code == 422 and 'role="alert"' in page
    assert re.search(rf'name="contacts"[^>]* value="{contacts}"', page)
    assert re.search(rf'name="reached"[^>]* value="{reached}"', page)
    case.refresh_from_db()
    assert (case.contacts, case.reached, case.closed_at) == (3, 1, None)


def test_a_case_names_its_agency(case, as_role):
    page = as_role("supervisor").get("/kerja/112/lanjutan").content.decode()
    assert "· Ambulans<" in page and "· ambulans" not in page


def test_marks_are_one_to_four(day):
    from tepian.kernel.actors import Invalid

    call = Call.objects.first()
    for marks in ({}, {"greeting": 5}, {"smile": 3}):
        with pytest.raises(Invalid):
            operations.review_call(actor=SUPERVISOR, call=call.pk, marks=marks)
