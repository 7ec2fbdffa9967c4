"""Messages: once per key, quiet hours, retries with proof, the inbox and its choices."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.test import Client

from tepian.kernel.actors import Actor, Conflict, Denied, Grant, Invalid, system
from tepian.kernel.events import delivery
from tepian.kernel.identity import operations as identity
from tepian.kernel.identity.models import Account
from tepian.kernel.notifications import adapters, operations, queries
from tepian.kernel.notifications.adapters.http_gateway import HttpGateway
from tepian.kernel.notifications.models import Message, Preference
from tepian.kernel.notifications.quiet import quiet_until
from tepian.kernel.organisations.models import Agency, Position

pytestmark = pytest.mark.django_db
SYSTEM = system("tests")
WITA = ZoneInfo("Asia/Makassar")


@pytest.fixture
def budi() -> Account:
    return Account.objects.create(username="budi", email="budi@contoh.id", phone="0811-555-123")


def tell(*people: Account, key: str = "k", **options: Any) -> int:
    return operations.notify(
        actor=SYSTEM,
        to=people,
        topic="warnings",
        title="Siaga banjir",
        title_en="Flood alert",
        body="Air naik.",
        body_en="Water rises.",
        url="/banjir",
        key=key,
        **options,
    )


def local(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 22, hour, minute, tzinfo=WITA).astimezone(UTC)


@pytest.mark.parametrize(
    "hour,begins,ends,expected",
    [
        (23, 21, 6, datetime(2026, 11, 23, 6, tzinfo=WITA)),
        (3, 21, 6, datetime(2026, 11, 22, 6, tzinfo=WITA)),
        (12, 21, 6, None),
        (13, 12, 14, datetime(2026, 11, 22, 14, tzinfo=WITA)),
        (14, 12, 14, None),
        (9, 9, 9, None),
    ],
)
def test_quiet_hours_also_over_midnight(hour: int, begins: int, ends: int, expected: datetime | None) -> None:
    assert quiet_until(local(hour), time(begins), time(ends), WITA) == expected


def test_one_key_is_one_message(budi: Account) -> None:
    assert tell(budi) == 2  # inbox and e-mail
    assert tell(budi) == 0
    assert tell(budi, key="other") == 2
    assert queries.unread_count(Actor(account_id=budi.pk)) == 2
    assert queries.unread_count(Actor()) == 0


def test_e_mail_goes_out_in_the_readers_language(budi: Account) -> None:
    sari = Account.objects.create(username="sari", email="sari@contoh.id", language="en")
    tell(budi, sari, urgency="danger")
    assert operations.deliver_due() == {"sent": 2, "later": 0, "failed": 0}
    assert operations.deliver_due() == {"sent": 0, "later": 0, "failed": 0}
    by_person = {message.to[0]: message for message in mail.outbox}
    assert by_person["budi@contoh.id"].subject == "Siaga banjir" and "/banjir" in by_person["budi@contoh.id"].body
    assert by_person["sari@contoh.id"].subject == "Flood alert"
    message = Message.objects.get(account=budi, channel="email")
    assert message.state == "sent" and message.attempts == 1 and message.proof[-1]["outcome"] == "sent"
    assert by_person["budi@contoh.id"].extra_headers["Message-ID"] == message.proof[-1]["detail"]


def test_quiet_hours_hold_back_what_is_not_danger(budi: Account) -> None:
    Preference.objects.create(account=budi, channels=["email"], quiet_from=time(0, 0), quiet_to=time(23, 59))
    tell(budi, key="a")
    tell(budi, key="b", urgency="danger")
    waiting = Message.objects.get(key=f"a:{budi.pk}:email")
    assert waiting.next_attempt_at.astimezone(WITA).time() == time(23, 59)
    assert operations.deliver_due()["sent"] == 1
    assert mail.outbox[0].extra_headers["Importance"] == "high"
    assert operations.deliver_due(now=waiting.next_attempt_at) == {"sent": 1, "later": 0, "failed": 0}


def test_preferences_choose_the_ways(budi: Account, settings: Any) -> None:
    actor = Actor(kind="person", account_id=budi.pk)
    operations.choose(actor=actor, channels=[])
    assert tell(budi, key="a") == 1  # the inbox only
    assert tell(budi, key="b", urgency="danger") == 2  # danger reaches all open ways: no gateway is set up
    settings.DEMO = True
    assert tell(budi, key="c", urgency="danger") == 3
    operations.choose(actor=actor, channels=["gateway", "carrier pigeon"], topic="warnings")
    assert sorted(queries.preferences([budi.pk], "warnings")[budi.pk].channels) == ["gateway"]
    with pytest.raises(Invalid):
        operations.choose(actor=actor, channels=[], quiet_from=time(21))


class Broken:
    """A way that fails a number of times before it works."""

    def __init__(self, failures: int, refuse: bool = False) -> None:
        self.failures, self.refuse = failures, refuse

    def send(self, message: Message, to: str, title: str, body: str) -> str:
        if self.refuse:
            raise adapters.Refused("550 no such user")
        self.failures -= 1
        if self.failures >= 0:
            raise ConnectionError("mail server is away")
        return "accepted"

    def close(self) -> None:
        pass


def test_retry_waits_longer_each_time_and_keeps_proof(budi: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    way = Broken(3)
    monkeypatch.setattr(operations, "way_for", lambda channel: way)
    tell(budi)
    now, waits = datetime.now(UTC), []
    for _ in range(3):
        assert operations.deliver_due(now)["later"] == 1
        message = Message.objects.get(channel="email")
        waits.append((message.next_attempt_at - now).total_seconds())
        assert operations.deliver_due(now + timedelta(seconds=1)) == {"sent": 0, "later": 0, "failed": 0}
        now = message.next_attempt_at
    assert 9 <= waits[0] <= 11 and 18 <= waits[1] <= 22 and 36 <= waits[2] <= 44
    assert operations.deliver_due(now)["sent"] == 1
    message.refresh_from_db()
    assert [proof["outcome"] for proof in message.proof] == ["later", "later", "later", "sent"]


def test_after_eight_tries_a_person_is_asked(budi: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "way_for", lambda channel: Broken(99))
    tell(budi)
    now = datetime.now(UTC)
    for _ in range(20):
        operations.deliver_due(now)
        now += timedelta(hours=2)
    message = Message.objects.get(channel="email")
    assert (message.state, message.attempts) == ("failed", 8) and "mail server is away" in message.proof[-1]["detail"]
    admin = Actor(kind="person", id="admin", account_id=None, grants=(Grant("administrator"),))
    with pytest.raises(Denied):
        operations.retry(actor=Actor(kind="person", id="x"), message=message)
    operations.retry(actor=admin, message=message)
    with pytest.raises(Conflict):
        operations.retry(actor=admin, message=message)
    assert Message.objects.get(channel="email").state == "queued"


def test_a_refusal_is_not_tried_again(budi: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "way_for", lambda channel: Broken(0, refuse=True))
    tell(budi)
    assert operations.deliver_due()["failed"] == 1
    assert Message.objects.get(channel="email").attempts == 1


def test_a_crash_while_sending_sends_again_later(budi: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    class Crash(Broken):
        def send(self, *args: Any) -> str:
            raise KeyboardInterrupt

    monkeypatch.setattr(operations, "way_for", lambda channel: Crash(0))
    tell(budi)
    now = datetime.now(UTC)
    with pytest.raises(KeyboardInterrupt):
        operations.deliver_due(now)
    monkeypatch.setattr(operations, "way_for", lambda channel: Broken(0))
    assert operations.deliver_due(now + timedelta(minutes=1))["sent"] == 0  # leased
    assert operations.deliver_due(now + timedelta(minutes=6))["sent"] == 1


def test_nobody_is_written_to_after_leaving(budi: Account) -> None:
    tell(budi)
    Account.objects.filter(pk=budi.pk).update(is_active=False)
    assert operations.deliver_due() == {"sent": 0, "later": 0, "failed": 1}


def test_role_and_region_find_the_people(budi: Account) -> None:
    agency = Agency.objects.create(code="bpbd", name="BPBD")
    post = Position.objects.create(
        code="jaga",
        title="Petugas jaga",
        agency=agency,
        grants=[{"role": "duty_officer", "scope": "region", "code": "64.72.05"}],
    )
    identity.assign_position(actor=SYSTEM, account=budi, position=post)
    assert tell(key="far", role="duty_officer", region="64.72.06") == 0
    assert tell(key="near", role="duty_officer", region="64.72.05.1003") == 2


def test_subscribers_without_account(settings: Any, tmp_path: Path) -> None:
    settings.HOME = tmp_path
    send = {"actor": SYSTEM, "topic": "warnings", "title": "Siaga", "key": "w1"}
    assert operations.send_to_address(address="warga@contoh.id", channel="email", **send)
    assert not operations.send_to_address(address="warga@contoh.id", channel="email", **send)
    assert operations.send_to_address(address="0812 3456 789", channel="gateway", **send)
    for bad in (
        {"address": "bukan alamat", "channel": "email"},
        {"address": "12", "channel": "gateway"},
        {"address": "x", "channel": "inapp"},
    ):
        with pytest.raises(Invalid):
            operations.send_to_address(**bad, **send)
    many = [(f"warga{number}@contoh.id", "en", "Stop: /x") for number in range(30)]
    bulk = send | {"addresses": many, "channel": "email", "title_en": "Alert"}
    assert operations.send_to_addresses(**bulk) == 30
    assert operations.send_to_addresses(**bulk) == 0
    assert operations.deliver_due()["sent"] == 32
    line = json.loads(next((tmp_path / "outbox").glob("*.jsonl")).read_text())
    assert line["to"] == "+628123456789" and line["title"] == "Siaga"
    assert mail.outbox[-1].subject == "Alert" and "Stop: /x" in mail.outbox[-1].body


def test_devices_and_strangers_write_to_nobody(budi: Account) -> None:
    for actor in (Actor(), Actor(kind="device", id="x", grants=(Grant("device"),)), Actor(kind="person", id="x")):
        with pytest.raises(Denied):
            operations.notify(actor=actor, to=[budi], topic="t", title="x", key="x")


def test_a_title_cannot_smuggle_mail_headers(budi: Account) -> None:
    operations.notify(actor=SYSTEM, to=[budi], topic="t", title="Halo\r\nBcc: semua@contoh.id", key="x")
    assert operations.deliver_due()["sent"] == 1
    assert mail.outbox[0].subject == "Halo Bcc: semua@contoh.id" and not mail.outbox[0].bcc


def test_http_gateway_speaks_its_documented_body(budi: Account) -> None:
    seen: list[Any] = []
    answers = [(200, b'{"id": "wa-1"}'), (202, b"ok"), (404, b""), (503, b""), (302, b"")]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((dict(self.headers), json.loads(body)))
            status, reply = answers[len(seen) - 1]
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    way = HttpGateway(f"http://127.0.0.1:{server.server_port}/", "rahasia")
    message = Message(key="k1", topic="warnings", urgency="danger", url="/banjir", language="id")
    try:
        assert way.send(message, "+62811", "Siaga", "Air naik") == "wa-1"
        assert way.send(message, "+62811", "Siaga", "Air naik") == "HTTP 202"
        with pytest.raises(adapters.Refused):
            way.send(message, "+62811", "Siaga", "Air naik")
        for _ in range(2):
            with pytest.raises(OSError):  # an HTTP error that may pass
                way.send(message, "+62811", "Siaga", "Air naik")
    finally:
        server.shutdown()
    headers, body = seen[0]
    assert headers["Authorization"] == "Bearer rahasia" and headers["Idempotency-Key"] == "k1"
    assert body == {
        "id": "k1",
        "to": "+62811",
        "title": "Siaga",
        "text": "Siaga\n\nAir naik",
        "url": "/banjir",
        "urgency": "danger",
        "topic": "warnings",
        "language": "id",
    }
    with pytest.raises(ValueError):
        HttpGateway("http://gateway.example/")


def test_inbox_page_in_both_languages_and_only_ones_own(budi: Account) -> None:
    tell(budi)
    sari = Account.objects.create(username="sari", language="en")
    tell(sari, key="for sari")
    client = Client()
    client.force_login(budi)
    page = client.get("/akun/pesan").content.decode()
    assert "Siaga banjir" in page and "Pesan" in page
    mine, hers = queries.inbox(budi.pk).get(), queries.inbox(sari.pk).get()
    assert client.post(f"/akun/pesan/{hers.pk}/buka").status_code == 404
    assert client.post(f"/akun/pesan/{mine.pk}/buka").headers["Location"] == "/banjir"
    assert queries.unread_count(Actor(account_id=budi.pk)) == 0
    assert queries.unread_count(Actor(account_id=sari.pk)) == 1
    other = Client()
    other.force_login(sari)
    assert "Flood alert" in other.get("/akun/pesan").content.decode()
    other.post("/akun/pesan/baca-semua")
    assert queries.unread_count(Actor(account_id=sari.pk)) == 0


def test_choices_page(budi: Account) -> None:
    client = Client()
    client.force_login(budi)
    assert client.get("/akun/pemberitahuan").status_code == 200
    assert client.post("/akun/pemberitahuan", {"channels": ["email"], "quiet_from": "21:00"}).status_code == 422
    done = client.post("/akun/pemberitahuan", {"channels": ["email"], "quiet_from": "21:00", "quiet_to": "06:00"})
    assert done.status_code == 302
    assert Preference.objects.get(account=budi).quiet_to == time(6)


def test_failed_messages_page_is_for_administrators(budi: Account) -> None:
    client = Client()
    client.force_login(budi)
    assert client.get("/kerja/kelola/pesan").status_code == 403
    post = Position.objects.create(
        code="admin",
        title="Admin",
        agency=Agency.objects.create(code="k", name="K"),
        grants=[{"role": "administrator", "scope": "city"}],
    )
    identity.assign_position(actor=SYSTEM, account=budi, position=post)
    tell(budi)
    Message.objects.filter(channel="email").update(
        state="failed", proof=[{"at": "x", "outcome": "failed", "detail": "550 habis"}]
    )
    page = client.get("/kerja/kelola/pesan")
    assert page.status_code == 200 and "550 habis" in page.content.decode()
    message = Message.objects.get(channel="email")
    assert client.post(f"/kerja/kelola/pesan/{message.pk}/ulang").status_code == 302
    assert client.post(f"/kerja/kelola/pesan/{message.pk}/ulang").status_code == 409


def test_people_are_told_about_their_own_accounts(budi: Account) -> None:
    post = Position.objects.create(code="jaga", title="Petugas jaga", agency=Agency.objects.create(code="b", name="B"))
    identity.assign_position(actor=SYSTEM, account=budi, position=post)
    identity.record_lock(actor=SYSTEM, account=budi, until=datetime.now(UTC) + timedelta(minutes=15))
    delivery.deliver_all()
    delivery.deliver_all()
    titles = list(queries.inbox(budi.pk).values_list("title_id", flat=True))
    assert sorted(titles) == ["Anda diberi jabatan: Petugas jaga", "Banyak percobaan masuk yang salah untuk akun Anda"]
    assert Message.objects.filter(channel="email").count() == 2
