"""The register over HTTP: a purpose, a record before the answer, and nobody of another ward, not even in counts."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from tepian.kernel.audit.models import AuditEntry
from tepian.toolkit.logs import hide

from .. import operations, pace, policies
from ..models import Resident
from ..numbers import compose_nik
from .test_register import HILLTOP, RIVERSIDE, somebody

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]


@pytest.fixture
def clerk(as_role: Any) -> Any:
    return as_role("ward_clerk", scope="region", code="99.01.01.1001")


def look_up(client: Any, nik: str, purpose: str = "letter") -> Any:
    return client.post(
        "/api/v1/residents/look-up", json.dumps({"nik": nik, "purpose": purpose}), content_type="application/json"
    )


def looks() -> list[tuple[str, str]]:
    entries = AuditEntry.objects.filter(operation="audit.view", subject_type="resident").order_by("position")
    return list(entries.values_list("subject_id", "purpose"))


def test_a_resident_is_answered_and_the_look_is_recorded(clerk: Any) -> None:
    found = somebody()
    by_path = clerk.get(f"/api/v1/residents/{found.nik}?purpose=letter")
    by_header = clerk.get(f"/api/v1/residents/{found.nik}", HTTP_X_PURPOSE="aid")
    by_body = look_up(clerk, f" {found.nik[:6]} {found.nik[6:12]} {found.nik[12:]} ", "counter")
    assert by_path.json() == by_header.json() == by_body.json()
    told = by_path.json()
    assert (told["name"], told["kk"], told["born_on"], told["religion"]) == (
        "Siti Aminah", "9901010101200001", "1990-01-05", 1,
    )  # fmt: skip
    assert looks() == [(str(found.pk), "letter"), (str(found.pk), "aid"), (str(found.pk), "counter")]
    assert by_body["Cache-Control"] == "no-store"


def test_the_chair_of_a_neighbourhood_is_told_less(as_role: Any) -> None:
    found = somebody()
    told = look_up(as_role("neighbourhood_head", scope="region", code=RIVERSIDE), found.nik).json()
    assert told["nik"] == "990101••••••0001" and told["age"] > 30
    assert {told[key] for key in ("kk", "born_on", "religion", "mother", "blood")} == {None}


def test_another_ward_is_as_nobody_also_in_counts(clerk: Any) -> None:
    mine, theirs = somebody(1), somebody(2, HILLTOP)
    nobody = compose_nik("99.01.01", "P", date(1990, 1, 5), 77)
    answers = [look_up(clerk, nik) for nik in (theirs.nik, nobody)]
    assert [answer.status_code for answer in answers] == [404, 404]
    told = [answer.json() | {"request_id": ""} for answer in answers]
    assert told[0] == told[1] and told[0]["code"] == "no_resident"
    for question in ("name=Siti+Aminah", "name=Siti+Aminah&born_on=1990-01-05", "address=anggrek"):
        listed = clerk.get(f"/api/v1/residents?{question}&purpose=letter").json()
        assert [row["id"] for row in listed["residents"]] == [mine.pk] and listed["more"] is False
    assert str(theirs.pk) not in {pk for pk, _purpose in looks()}
    elsewhere = clerk.get("/api/v1/residents?address=anggrek&region=99.01.01.1002&purpose=letter").json()
    assert elsewhere == {"residents": [], "more": False}


def test_names_are_found_with_their_likeness(as_role: Any) -> None:
    wanted = somebody()
    told = as_role("registrar").get("/api/v1/residents?name=St.+Aminnah&born_on=1990-05-01&purpose=registry").json()
    assert told["residents"][0]["id"] == wanted.pk and told["residents"][0]["birth"] == "swapped"
    assert 0.72 <= told["residents"][0]["likeness"] < 1
    assert looks() == [(str(wanted.pk), "registry")], "who is shown in a list was looked at, too"


@pytest.mark.parametrize(
    ("question", "status", "code", "field"),
    [
        ("/{nik}", 422, "purpose_missing", "purpose"),
        ("/{nik}?purpose=curiosity", 422, "purpose_missing", "purpose"),
        ("/12345?purpose=letter", 422, "nik_length", "nik"),
        ("/99010145019000A1?purpose=letter", 422, "nik_digits", "nik"),
        ("?purpose=letter", 422, "name_or_address", "name"),
        ("?name=Siti&address=Melati&purpose=letter", 422, "name_or_address", "name"),
        ("?name=Siti&born_on=1990-13-01&purpose=letter", 422, "invalid", "born_on"),
        ("?address=Melati&purpose=letter", 422, "region_missing", "region"),
        ("?address=Melati&region=12.34&purpose=letter", 422, "no_ward", "region"),
        ("?name=Siti", 422, "purpose_missing", "purpose"),
    ],
)
def test_what_is_wrong_is_said_in_both_languages(
    as_role: Any, question: str, status: int, code: str, field: str
) -> None:
    nik = somebody().nik
    answer = as_role("registrar").get("/api/v1/residents" + question.format(nik=nik))
    told = answer.json()
    assert (answer.status_code, told["code"]) == (status, code)
    assert told["field"].endswith(field) and told["message_id"] != told["message_en"]
    assert looks() == []


def test_who_has_no_such_task_is_refused(client: Any, as_role: Any) -> None:
    nik = somebody().nik
    assert look_up(client, nik).status_code == 401
    refused = look_up(as_role("call_taker"), nik)
    assert (refused.status_code, refused.json()["code"]) == (403, "denied")
    assert as_role("viewer").get("/api/v1/residents?name=Siti&purpose=letter").status_code == 403
    assert looks() == []


def test_trying_numbers_one_after_the_other_is_stopped(clerk: Any, as_role: Any) -> None:
    found = somebody()
    for serial in range(100, 100 + pace.MISSES):
        assert look_up(clerk, compose_nik("99.01.01", "P", date(1990, 1, 5), serial)).status_code == 404
    stopped = look_up(clerk, found.nik)
    assert stopped.status_code == 429 and int(stopped["Retry-After"]) > 0
    assert clerk.get("/api/v1/residents?name=Siti&purpose=letter").status_code == 429
    colleague = as_role("ward_clerk", scope="region", code="99.01.01.1001", username="colleague")
    assert look_up(colleague, found.nik).status_code == 200, "only the one who guesses waits"


def test_people_who_ask_together_get_their_own_answers(actor_with: Any) -> None:
    mine, theirs = somebody(1), somebody(2, HILLTOP)
    clerk = actor_with("ward_clerk", scope="region", code="99.01.01.1001")
    registrar, stranger = actor_with("registrar"), actor_with("viewer")
    asked = [
        operations.Asked(actor, nik, "letter")
        for actor, nik in (
            (clerk, theirs.nik), (registrar, theirs.nik), (stranger, mine.nik), (clerk, mine.nik), (clerk, "1"),
        )
    ]  # fmt: skip
    seen = operations.looked_up(asked)
    assert [each.row and each.row.pk for each in seen] == [None, theirs.pk, None, mine.pk, None]
    assert [type(each.refused).__name__ for each in seen] == ["NotFound", "NoneType", "Denied", "NoneType", "Invalid"]
    assert looks() == [("", "letter"), (str(theirs.pk), "letter"), (str(mine.pk), "letter")]


def test_the_limit_is_the_same_for_one_at_hand_and_for_many(actor_with: Any) -> None:
    for serial, region in enumerate((RIVERSIDE, HILLTOP, "99.01.01.1001.RT002", "99.01.02.1002"), 1):
        somebody(serial, region)
    rows = list(Resident.objects.select_related("region"))
    for scope, code in (
        ("city", ""), ("region", "99.01.01"), ("region", "99.01.01.1001"), ("region", RIVERSIDE), ("region", "99.01.01.10"),
    ):  # fmt: skip
        for role in ("registrar", "ward_clerk", "neighbourhood_head", "viewer"):
            actor = actor_with(role, scope=scope, code=code)
            limit = policies.within(actor)
            many = set(Resident.objects.filter(limit)) if limit is not None else set()
            assert many == {row for row in rows if policies.knows(actor, ward=row.ward_code, region=row.region.code)}


def test_logs_hide_the_number_of_an_address() -> None:
    nik = compose_nik("99.01.01", "P", date(1990, 1, 5), 1)
    assert nik not in hide(f"/api/v1/residents/{nik}") and nik[:6] not in hide(f"/api/v1/residents/{nik[:6]} {nik[6:]}")


def test_codes_have_their_words_in_both_languages(client: Any) -> None:
    told = client.get("/api/v1/residents/codes").json()
    assert {"code": 2, "name_id": "Kawin", "name_en": "Married"} in told["marriage"]
