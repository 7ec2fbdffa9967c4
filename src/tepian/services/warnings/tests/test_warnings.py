"""Publishing, changing, ending; asking to be told; and the pages that say so."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client
from django.utils import timezone, translation

from tepian.kernel.actors import Conflict, Denied, Invalid, NotFound
from tepian.kernel.events.models import OutboxEvent
from tepian.kernel.notifications.models import Message
from tepian.services.warnings import jobs, operations, queries
from tepian.services.warnings.contributions import features, notices, record_part, tile
from tepian.services.warnings.models import PublicWarning, Subscription, WarningMessage

from .conftest import LOCAL, OFFICER, OTHER, SYSTEM, VIEWER, WARD, change, publish

pytestmark = pytest.mark.django_db


# --- verbs ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"level": "normal"}, "level"),
        ({"level": "merah"}, "level"),
        ({"areas": []}, "areas"),
        ({"areas": ["1.2.3"]}, "areas"),
        ({"headline": " "}, "headline"),
        ({"headline": "x" * 301}, "headline"),
        ({"instruction": ""}, "instruction"),
        ({"expires_at": timezone.now() - timedelta(1)}, "expires_at"),
        ({"expires_at": timezone.now() + timedelta(9)}, "expires_at"),
        ({"hazard": "gempa"}, "hazard"),
    ],
)
def test_bad_warnings_are_refused_and_nothing_is_sent(city, bad, field):
    with pytest.raises(Invalid) as told:
        publish(**bad)
    assert told.value.field == field
    assert not PublicWarning.objects.exists() and not WarningMessage.objects.exists()
    assert not OutboxEvent.objects.filter(type__startswith="warnings.").exists()


def test_only_duty_officers_publish_and_only_in_their_area(city):
    with pytest.raises(Denied):
        publish(actor=VIEWER)
    with pytest.raises(Denied):
        publish(actor=LOCAL, areas=[WARD])
    assert publish(actor=LOCAL, areas=[OTHER]).number.startswith("P-")


def test_the_same_incident_is_told_once_and_newer_versions_update(city):
    first = publish(incident_number="K-2345-6", incident_version=2)
    again = publish(incident_number="K-2345-6", incident_version=2, headline="lain")
    older = publish(incident_number="K-2345-6", incident_version=1, headline="lain")
    newer = publish(incident_number="K-2345-6", incident_version=3, headline="Baru", level="awas")
    assert first.pk == again.pk == older.pk == newer.pk
    assert (newer.headline, newer.version) == ("Baru", 2)
    assert list(WarningMessage.objects.values_list("kind", flat=True)) == ["Alert", "Update"]


def test_updates_say_whether_it_became_worse(city):
    warning = publish()
    change(warning.number, level="awas")
    change(warning.number, level="siaga", areas=[WARD])
    rises = [
        event.data["rise"]
        for event in OutboxEvent.objects.filter(type="warnings.warning_updated.v1").order_by("position")
    ]
    assert rises == [True, False]


def test_a_stale_version_is_a_conflict(city):
    warning = publish()
    change(warning.number, version=1)
    with pytest.raises(Conflict):
        change(warning.number, version=1)
    operations.cancel_warning(actor=OFFICER, number=warning.number)
    with pytest.raises(Conflict):
        change(warning.number)


def test_cancelling_twice_is_cancelling_once(city):
    warning = publish()
    for _time in range(2):
        operations.cancel_warning(actor=OFFICER, number=warning.number.lower(), reason="Surut.")
    assert WarningMessage.objects.filter(kind="Cancel").count() == 1
    with pytest.raises(NotFound):
        operations.cancel_warning(actor=OFFICER, number="P-2222-3")


def test_time_runs_out(city, client):
    warning = publish()
    PublicWarning.objects.filter(pk=warning.pk).update(expires_at=timezone.now() - timedelta(minutes=1))
    assert not queries.in_force().exists()  # even before the job ran
    assert jobs.expire() == 1 and jobs.expire() == 0
    warning.refresh_from_db()
    assert warning.state == "expired" and warning.ended_at == warning.expires_at
    assert OutboxEvent.objects.filter(type="warnings.warning_expired.v1").count() == 1
    assert "Tidak ada peringatan banjir sekarang" in client.get("/banjir").content.decode()


def test_kinds_load_again_without_change(city):
    kinds = [
        {
            "hazard": "flood",
            "name": "Banjir",
            "name_en": "Flood",
            "category": "Met",
            "contact": "112",
            "siaga": {"headline": "a"},
            "publication": [{"automatic": True, "valid_from": timezone.localdate()}],
        }
    ]
    assert operations.load_kinds(actor=SYSTEM, kinds=kinds)["changed"] == 1
    assert operations.load_kinds(actor=SYSTEM, kinds=kinds) == {"created": 0, "changed": 0, "unchanged": 1}
    assert queries.automatic("flood") is True
    with pytest.raises(Denied):
        operations.load_kinds(actor=OFFICER, kinds=kinds)


# --- pages ------------------------------------------------------------------------------------------------------------


def test_the_first_sentence_answers_the_question(city, client):
    page = client.get("/banjir").content.decode()
    assert page.index("Tidak ada peringatan banjir sekarang") < page.index("</h1>")
    publish()
    page = client.get("/banjir").content.decode()
    assert "Ada 1 peringatan banjir sekarang" in page
    for text in (
        "Siaga banjir di Hulu",
        "Naikkan barang &amp; cabut listrik.",
        "Pos Hujan",
        "32 mm",
        "Petugas Jaga Pusdalops",
        "Hulu",
    ):
        assert text in page
    english = client.get("/en/banjir").content.decode()
    for text in ("There is 1 flood warning now", "Flood alert in Hulu", "Rain gauge"):
        assert text in english
    assert "Naikkan" not in english


def test_the_permanent_page_stays_after_the_end(city, client):
    warning = publish()
    operations.cancel_warning(actor=OFFICER, number=warning.number)
    page = client.get(f"/banjir/{warning.number}").content.decode()
    assert "Peringatan ini sudah berakhir" in page and f"/banjir/{warning.number}" in page
    assert client.get(f"/banjir/{warning.number.lower()}").status_code == 302
    assert client.get("/banjir/P-2222-9").status_code == 404
    assert client.get("/en/banjir/xyz").status_code == 404
    svg = client.get(f"/banjir/{warning.number}/qr.svg")
    assert svg["Content-Type"] == "image/svg+xml" and b"<svg" in svg.content


def test_pages_are_small_and_carry_no_script(city, client):
    for _number in range(5):
        publish()
    for address in ("/banjir", "/en/banjir", "/banjir/riwayat", "/banjir/cara-kami-memutuskan", "/banjir/langganan"):
        answer = client.get(address)
        assert answer.status_code == 200, address
        assert "<script>" not in answer.content.decode()
        assert len(answer.content) < 120_000


def test_hostile_text_is_escaped_everywhere(city, client):
    publish(headline='<img src=x onerror="alert(1)">', instruction="<script>alert(2)</script>")
    for address in ("/banjir", "/en/banjir", f"/banjir/{PublicWarning.objects.get().number}", "/banjir/cap.xml"):
        body = client.get(address).content.decode()
        assert "<img src=x" not in body and "<script>alert(2)" not in body, address


def test_cached_pages_are_fresh_at_once(city, client):
    client.get("/banjir")
    tag = client.get("/banjir").headers.get("ETag")
    publish()
    answer = client.get("/banjir", headers={"If-None-Match": tag or ""})
    assert answer.status_code == 200 and "Siaga banjir di Hulu" in answer.content.decode()


@pytest.mark.parametrize("query", ["?tahun=abcd", "?tahun=99999", "?tahun=2020", "?hal=0", "?hal=zzz", "?tahun=%00"])
def test_odd_filters_do_no_harm(city, client, query):
    assert client.get(f"/banjir/riwayat{query}").status_code == 200


def test_the_desk_is_for_staff(city, client):
    assert client.get("/kerja/peringatan").status_code in (302, 401, 403)
    warning = publish()
    assert client.post(f"/kerja/peringatan/{warning.number}/akhiri").status_code in (302, 401, 403)
    warning.refresh_from_db()
    assert warning.state == "active"


def test_what_hangs_in_the_hall(city):
    publish(areas=[WARD], level="siaga")
    publish(areas=[OTHER], level="awas", headline="Awas", simulated=True)
    with translation.override("id"):
        told = list(notices())
        assert [row[0] for row in told] == ["awas", "siaga"]
        assert told[0][1].startswith("SIMULASI: ")
        assert tile().value == "2" and tile().level == "awas"
        assert {feature.regions for feature in features(SYSTEM)} == {(WARD,), (OTHER,)}
        assert record_part("K-2222-2") is None


# --- subscriptions ----------------------------------------------------------------------------------------------------


def ask(client: Client, email: str = "Warga@Contoh.ID ", region: str = WARD, prefix: str = ""):
    return client.post(f"{prefix}/banjir/langganan", {"email": email, "region": region})


def test_nothing_counts_before_the_link_is_used(city, client):
    assert ask(client).status_code == 200
    row = Subscription.objects.get()
    assert row.address == "warga@contoh.id" and row.confirmed_at is None
    assert queries.subscribers([WARD]) == []
    letter = Message.objects.get()
    assert letter.address == "warga@contoh.id"
    link = re.search(r"https?://[^/]+(/banjir/langganan/\S+)", letter.body_id)[1]
    assert client.get(link).status_code == 200  # a mail filter opens it
    assert queries.subscribers([WARD]) == []
    assert client.post(link).status_code == 200
    assert [each.address for each in queries.subscribers([WARD])] == ["warga@contoh.id"]
    assert client.post(link).status_code == 200  # twice does no harm


def test_the_answer_never_tells_whether_an_address_is_known(city, client):
    first = ask(client).content
    Subscription.objects.update(confirmed_at=timezone.now())
    second = ask(client).content

    def plain(body: bytes) -> str:
        return body.decode().split("<main")[1]

    assert plain(first) == plain(second)
    assert Subscription.objects.count() == 1
    assert Message.objects.count() == 1  # no second letter


@pytest.mark.parametrize("email", ["", "bukan", "a@", "x" * 300 + "@contoh.id", "a@b.c\nBcc: z@z.zz"])
def test_bad_addresses_are_explained(city, client, email):
    answer = ask(client, email=email)
    assert answer.status_code == 422
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("region", ["", "1.2.3", "99.01.01.1001'--"])
def test_unknown_regions_are_refused(city, client, region):
    assert ask(client, region=region).status_code == 422


def test_a_mailbox_cannot_be_flooded(city, client):
    for _time in range(5):
        ask(client)
    for region in (OTHER, "99.01"):
        ask(client, region=region)
    assert Message.objects.count() <= 3


def test_leaving_deletes_the_address(city, client):
    ask(client)
    row = Subscription.objects.get()
    client.post(queries.confirm_path(row))
    link = queries.leave_path(row)
    assert client.get(link).status_code == 200
    assert Subscription.objects.exists()
    outside = Client(enforce_csrf_checks=True)
    assert outside.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Subscription.objects.exists()
    assert not Message.objects.exclude(address="").exists()  # nor does the list of letters know it
    assert client.post(link).status_code == 200


def test_wrong_and_old_links(city, client):
    ask(client)
    row = Subscription.objects.get()
    assert client.get("/banjir/langganan/palsu").status_code == 404
    assert client.post("/banjir/langganan/palsu").status_code == 404
    stolen = signing.dumps([row.pk, int(row.asked_at.timestamp())], salt="lain")
    assert client.post(f"/banjir/langganan/{stolen}").status_code == 404
    old = queries.confirm_path(row)
    Subscription.objects.update(asked_at=timezone.now() - timedelta(days=1))
    assert client.post(old).status_code == 404  # a newer letter was asked for
    Subscription.objects.update(asked_at=timezone.now() - timedelta(days=3))
    assert jobs.forget() == 1 and not Subscription.objects.exists()


def test_who_is_concerned_by_an_area(city, client):
    for address, region in (("kota@x.id", "99.01"), ("kec@x.id", "99.01.01"), ("kel@x.id", WARD), ("lain@x.id", OTHER)):
        Subscription.objects.create(
            address=address, region_code=region, asked_at=timezone.now(), confirmed_at=timezone.now()
        )
    assert {row.address for row in queries.subscribers([WARD])} == {"kota@x.id", "kec@x.id", "kel@x.id"}
    assert {row.address for row in queries.subscribers(["99.01"])} == {"kota@x.id", "kec@x.id", "kel@x.id", "lain@x.id"}
    assert queries.subscribers([]) == []


def test_english_subscribers_get_english_links(city, client):
    assert ask(client, prefix="/en").status_code == 200
    row = Subscription.objects.get()
    assert row.language == "en"
    assert "/en/banjir/langganan/" in Message.objects.get().body_en


# --- API --------------------------------------------------------------------------------------------------------------


def test_the_api_reads_publicly_and_ends_only_for_officers(city, client):
    warning = publish()
    listed = client.get("/api/v1/warnings").json()
    assert listed["count"] == 1 and listed["items"][0]["number"] == warning.number
    assert client.get(f"/api/v1/warnings?region={WARD}").json()["count"] == 1
    assert client.get(f"/api/v1/warnings?region={OTHER}").json()["count"] == 0
    detail = client.get(f"/api/v1/warnings/{warning.number}").json()
    assert detail["messages"][0]["kind"] == "Alert"
    assert client.get("/api/v1/warnings/P-2222-9").status_code == 404
    assert client.get("/api/v1/warnings?state=x").status_code == 422
    refused = client.post(f"/api/v1/warnings/{warning.number}/end", {"reason": "x"}, content_type="application/json")
    assert refused.status_code in (401, 403)
    warning.refresh_from_db()
    assert warning.state == "active"


def test_the_demonstration_is_an_exercise(city):
    from tepian.services.warnings import demo

    warning = demo.publish(actor=SYSTEM)
    assert warning is not None and warning.simulated
    assert "<status>Exercise</status>" in WarningMessage.objects.get().xml
