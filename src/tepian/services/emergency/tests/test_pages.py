"""The duty officer's pages: who sees what, what the forms do, and what never gets through."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation

from tepian.kernel.actors import Actor, Grant
from tepian.kernel.identity.models import Account, Holding
from tepian.kernel.organisations.models import Agency, Position
from tepian.services.emergency import operations
from tepian.services.emergency.contributions import active_tile, draft_tile, features, find, work
from tepian.services.emergency.models import Incident

from .conftest import HEAD, OFFICER, SECOND, UNIT, VIEWER, message, sign

pytestmark = pytest.mark.django_db
ROLES = ["duty_officer", "responder", "head", "viewer", "auditor", "administrator", "sensor_steward", ""]


def person(role: str, name: str = "", scope: str = "city", code: str = "") -> Client:
    """A browser in which somebody with this role is signed in."""
    name = name or role or "none"
    agency = Agency.objects.filter(code="damkar").first()
    account = Account.objects.create_user(username=name, password="x")
    if role:
        position = Position.objects.create(
            code=name, title=f"Jabatan {name}", agency=agency, grants=[{"role": role, "scope": scope, "code": code}]
        )
        Holding.objects.create(account=account, position=position, starts_at=datetime(2020, 1, 1, tzinfo=UTC))
    client = Client()
    client.force_login(account, backend="tepian.kernel.identity.backends.AccountBackend")
    return client


@pytest.fixture
def draft(city) -> str:
    sign("a", "siaga")
    sign("b", "siaga")
    return Incident.objects.get().number


def answers(**more):
    return {
        "level": "siaga",
        "areas": ["99.01.01.1001"],
        "headline": "Banjir di Hulu",
        "instruction": "Naikkan barang.",
        "headline_en": "",
        "instruction_en": "",
        "hours": "6",
    } | more


def test_who_sees_and_who_decides(draft):
    reading = {"duty_officer", "responder", "head", "viewer", "auditor", "administrator"}
    for role in ROLES:
        client = person(role)
        for page in (
            "/kerja/kejadian",
            f"/kerja/kejadian/{draft}",
            f"/kerja/kejadian/{draft}/catatan",
            f"/kerja/kejadian/{draft}/catatan.json",
            f"/kerja/kejadian/{draft}/garis-waktu",
        ):
            answer = client.get(page)
            assert answer.status_code == (200 if role in reading else 403), (role, page)
            if role not in reading:
                assert "Pos a" not in answer.content.decode()
        page = client.get(f"/kerja/kejadian/{draft}").content.decode()
        assert ("/konfirmasi" in page) == (role == "duty_officer"), role
        if role != "duty_officer":
            for step in ("konfirmasi", "tolak", "ubah", "terkendali", "tutup", "buka-lagi", "tugas"):
                assert client.post(f"/kerja/kejadian/{draft}/{step}", answers()).status_code == 403, (role, step)
    assert Client().get(f"/kerja/kejadian/{draft}").status_code == 302
    assert Incident.objects.get().state == "draft"


def test_the_form_comes_filled_and_one_click_confirms(draft):
    client = person("duty_officer")
    page = client.get(f"/kerja/kejadian/{draft}").content.decode()
    assert "3,2 m" in page and "Pos a" in page and "Pos b" in page
    assert 'value="siaga"' in page
    answer = client.post(f"/kerja/kejadian/{draft}/konfirmasi", answers(), follow=True)
    assert answer.status_code == 200
    incident = Incident.objects.get()
    assert (incident.state, incident.decided_by) == ("open", "Jabatan duty_officer")
    assert "Dipastikan oleh Jabatan duty_officer" in answer.content.decode()


def test_the_second_officer_is_told_who_was_faster(draft):
    first, second = person("duty_officer", "satu"), person("duty_officer", "dua")
    first.post(f"/kerja/kejadian/{draft}/konfirmasi", answers())
    page = second.post(f"/kerja/kejadian/{draft}/konfirmasi", answers(headline="Lain"), follow=True).content.decode()
    assert "Jabatan satu lebih dulu" in page
    assert Incident.objects.get().headline == "Banjir di Hulu"


@pytest.mark.parametrize(
    "bad",
    [
        {"level": ""},
        {"areas": []},
        {"areas": ["1.2"]},
        {"headline": ""},
        {"headline": "x" * 400},
        {"instruction": " "},
        {"hours": "9999"},
        {"hours": "abc"},
        {"instruction": "y" * 5000},
    ],
)
def test_bad_answers_keep_every_other_answer(draft, bad):
    answer = person("duty_officer").post(f"/kerja/kejadian/{draft}/konfirmasi", answers(**bad))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>Galat:" in page and 'id="error-summary"' in page
    if "headline" not in bad:
        assert "Banjir di Hulu" in page
    assert Incident.objects.get().state == "draft"


def test_dismissing_needs_both_reason_and_words(draft):
    client = person("duty_officer")
    assert client.post(f"/kerja/kejadian/{draft}/tolak", {"reason_code": "other"}).status_code == 422
    assert client.post(f"/kerja/kejadian/{draft}/tolak", {"reason": "x"}).status_code == 422
    page = client.post(
        f"/kerja/kejadian/{draft}/tolak", {"reason_code": "nothing_seen", "reason": "Kering."}, follow=True
    )
    assert "Warga tidak diberi tahu" in page.content.decode()
    assert Incident.objects.get().state == "dismissed"


def test_the_whole_story_by_forms(draft):
    officer, unit = person("duty_officer"), person("responder", "regu", "agency", "damkar")
    base = f"/kerja/kejadian/{draft}"
    officer.post(f"{base}/konfirmasi", answers())
    officer.post(f"{base}/tugas", {"agency": "damkar", "unit": "Regu 1", "task": "Evakuasi RT 12"})
    task = Incident.objects.get().assignments.get()
    assert "Evakuasi RT 12" in unit.get(base).content.decode()
    unit.post(f"{base}/tugas/{task.pk}/terima")
    unit.post(f"{base}/tugas/{task.pk}/selesai")
    assert unit.post(f"{base}/tugas/{task.pk}/ngawur").status_code == 404
    unit.post(f"{base}/tulis", {"text": "12 orang dievakuasi."})
    version = Incident.objects.get().version
    officer.post(f"{base}/ubah", answers(level="awas", version=version))
    assert Incident.objects.get().level == "awas"
    page = officer.post(f"{base}/ubah", answers(level="waspada", version=version), follow=True).content.decode()
    assert "lebih dulu" in page and Incident.objects.get().level == "awas"
    assert officer.post(f"{base}/tutup", {}).status_code == 422
    officer.post(f"{base}/terkendali")
    officer.post(f"{base}/tutup", {"outcome": "happened", "text": "Surut."})
    assert Incident.objects.get().state == "closed"
    record = officer.get(f"{base}/catatan").content.decode()
    for text in (
        "12 orang dievakuasi.",
        "Evakuasi RT 12",
        "Regu 1",
        "emergency.confirm_draft",
        "SHA-256",
        "Surut.",
        "Jabatan regu",
    ):
        assert text in record
    data = json.loads(officer.get(f"{base}/catatan.json").content)
    assert data["state"] == "closed" and len(data["hash"]) == 64 and data["hash"] in record
    officer.post(f"{base}/buka-lagi", {"reason": "Naik lagi.", "hours": "3"})
    assert Incident.objects.get().state == "open"


def test_notes_are_text_and_nothing_else(draft):
    client = person("duty_officer")
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)> O'Neil 🌊"
    client.post(f"/kerja/kejadian/{draft}/tulis", {"text": evil})
    client.post(
        f"/kerja/kejadian/{draft}/konfirmasi", answers(headline="<b>x</b>", instruction="<svg onload=alert(3)>")
    )
    for page in ("", "/garis-waktu", "/catatan"):
        body = client.get(f"/kerja/kejadian/{draft}{page}").content.decode()
        assert "<script>alert" not in body and "<img src=x" not in body and "<svg onload" not in body
        assert "O&#x27;Neil 🌊" in body
    assert "<b>x</b>" not in client.get("/kerja/kejadian").content.decode()


def test_filters_stand_in_the_address(draft):
    client = person("viewer")
    cases = {
        "state=draft": 1,
        "state=closed": 0,
        "level=awas": 0,
        "q=hulu": 1,
        f"q={draft.lower()}": 1,
        "q=tidakada": 0,
        "from=2020-01-01": 1,
        "to=2020-01-01": 0,
        "from=ngawur": 1,
        "hazard=flood": 1,
        "hazard=x": 0,
        "q=%27%3B--": 0,
        "hal=99": 1,
        "state=%00": 1,
    }
    for query, rows in cases.items():
        answer = client.get(f"/kerja/kejadian?{query}")
        assert answer.status_code == 200, query
        assert (f'/kerja/kejadian/{draft}"' in answer.content.decode().split("<form")[-1]) == bool(rows), query


def test_numbers_are_forgiving_and_unknown_ones_are_404(draft):
    client = person("viewer")
    assert client.get(f"/kerja/kejadian/{draft.lower()}").status_code == 302
    assert client.get("/kerja/kejadian/K-2222-9").status_code == 404
    assert client.post(f"/kerja/kejadian/{draft}/catatan").status_code == 405


def test_pages_ask_few_questions_of_the_database(city, django_assert_max_num_queries):
    for number in range(12):
        sign(f"s{number}", "siaga")
    number = Incident.objects.get().number
    client = person("duty_officer")
    client.get(f"/kerja/kejadian/{number}")
    with django_assert_max_num_queries(45):
        assert client.get(f"/kerja/kejadian/{number}").status_code == 200
    with django_assert_max_num_queries(30):
        assert client.get("/kerja/kejadian").status_code == 200


# --- the hall ---------------------------------------------------------------------------------------------------------


def test_a_draft_is_work_for_those_who_decide(draft):
    items = list(work(OFFICER))
    assert items[0].decision and items[0].level == "warning" and items[0].url == f"/kerja/kejadian/{draft}"
    assert [item.decision for item in work(HEAD)] == [True]
    assert list(work(VIEWER)) == [] and list(work(UNIT)) == []
    operations.confirm_draft(actor=OFFICER, number=draft, **message())
    assert list(work(OFFICER)) == []
    operations.assign(actor=OFFICER, number=draft, agency="damkar", task="Evakuasi")
    assert [item.title for item in work(UNIT)] == ["Evakuasi"]
    Incident.objects.update(valid_until=timezone.now() - timedelta(minutes=1))
    assert [item.key for item in work(SECOND)] == [f"incident/{draft}/validity"]


def test_tiles_layers_and_search(draft):
    with translation.override("id"):
        assert (draft_tile().value, active_tile().value) == ("1", "0")
        assert [feature.key for feature in features(VIEWER)] == [f"incident/{draft}"]
        assert list(features(Actor())) == [] and list(find("hulu", Actor())) == []
        assert next(iter(find(draft, VIEWER))).url == f"/kerja/kejadian/{draft}"
        assert next(iter(find("Banjir", Actor(kind="person", grants=(Grant("head"),))))).detail.startswith(draft)


# --- API --------------------------------------------------------------------------------------------------------------


def body(**more):
    given = {
        "level": "siaga",
        "areas": ["99.01.01.1001"],
        "headline": "Banjir",
        "instruction": "Naik.",
        "valid_until": (timezone.now() + timedelta(hours=3)).isoformat(),
    }
    return json.dumps(given | more)


def test_the_api_keeps_the_same_rules(draft):
    officer, viewer = person("duty_officer"), person("viewer")
    assert Client().get("/api/v1/incidents").status_code in (401, 403)
    assert viewer.get("/api/v1/incidents").json()["count"] == 1
    detail = viewer.get(f"/api/v1/incidents/{draft}").json()
    assert len(detail["signs"]) == 2 and detail["timeline"]
    path = f"/api/v1/incidents/{draft}/confirm"
    assert viewer.post(path, body(), content_type="application/json").status_code == 403
    assert officer.post(path, body(level="x"), content_type="application/json").status_code == 422
    assert officer.post(path, "{", content_type="application/json").status_code in (400, 422)
    assert officer.post(path, body(), content_type="application/json").json()["state"] == "open"
    again = officer.post(path, body(), content_type="application/json")
    assert again.status_code == 409
    assert "Jabatan duty_officer" in again.json()["message_id"]
    closed = officer.post(
        f"/api/v1/incidents/{draft}/close", json.dumps({"outcome": "happened"}), content_type="application/json"
    )
    assert closed.json()["state"] == "closed"
    assert viewer.get(f"/api/v1/incidents/{draft}/record").json()["hash"]
    assert viewer.get("/api/v1/incidents/K-2222-9").status_code == 404


def test_signs_by_api_are_for_devices_and_officers(city):
    given = {
        "source_kind": "call",
        "source_key": "112-1",
        "label": "Telepon 112",
        "level": "siaga",
        "observed_at": timezone.now().isoformat(),
        "region_code": "99.01.01.1001",
    }
    path = "/api/v1/signs"
    assert person("viewer").post(path, json.dumps(given), content_type="application/json").status_code == 403
    officer = person("duty_officer")
    first = officer.post(path, json.dumps(given), content_type="application/json")
    assert first.status_code == 200
    assert officer.post(path, json.dumps(given | {"lat": 999}), content_type="application/json").status_code == 422


def test_the_training_draft_is_marked(city):
    from tepian.services.emergency import demo

    from .conftest import SYSTEM

    incident = demo.open_draft(actor=SYSTEM)
    assert incident is not None and incident.simulated and incident.state == "draft"
    page = person("duty_officer").get(f"/kerja/kejadian/{incident.number}").content.decode()
    assert "SIMULASI" in page


@pytest.mark.parametrize("path", ["/kerja/kejadian/%00", "/kerja/kejadian/K%00-2222-9", "/kerja/kejadian/%F0%9F%8C%8A"])
def test_odd_addresses_are_404_on_every_database(city, path):
    assert person("viewer").get(path).status_code == 404


def test_odd_signs_by_api_do_not_break_anything(city):
    given = {
        "source_kind": "report",
        "source_key": "a\x00b",
        "label": "Pos \x07 O'Neil 🌊",
        "level": "siaga",
        "value": "3\x00",
        "observed_at": timezone.now().isoformat(),
    }
    client = person("duty_officer")
    stored = client.post("/api/v1/signs", json.dumps(given), content_type="application/json")
    assert stored.status_code == 200 and stored.json()["source_key"] == "ab"
    empty = client.post("/api/v1/signs", json.dumps(given | {"source_key": "\x00"}), content_type="application/json")
    assert empty.status_code == 422
