"""CAP 1.2 messages: valid against the OASIS schema, read by an independent client, linked by references."""

from __future__ import annotations

import re
import sys
import types
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from lxml import etree

from tepian.services.warnings import operations
from tepian.services.warnings.models import WarningMessage
from tepian.services.warnings.operations import cap

from .conftest import OFFICER, OTHER, WARD, change, publish

pytestmark = pytest.mark.django_db
NS = {"c": cap.NAMESPACE, "a": "http://www.w3.org/2005/Atom"}


@pytest.fixture(scope="module")
def client_library():
    """capparselib, an independent reader. It asks setuptools for its own version, which may not be installed."""
    if "pkg_resources" not in sys.modules:
        stub = types.ModuleType("pkg_resources")
        stub.get_distribution = lambda name: types.SimpleNamespace(version="0")  # type: ignore[attr-defined]
        stub.DistributionNotFound = LookupError  # type: ignore[attr-defined]
        sys.modules["pkg_resources"] = stub
    import capparselib.parsers

    return capparselib.parsers


@pytest.fixture(scope="module")
def schema(client_library):
    return etree.XMLSchema(etree.parse(str(Path(client_library.__file__).parent / "schema" / "CAP-v1.2.xsd")))


def chain() -> list[WarningMessage]:
    warning = publish()
    change(warning.number)
    operations.cancel_warning(actor=OFFICER, number=warning.number, reason="Surut.")
    return list(WarningMessage.objects.order_by("sequence"))


def text(root, path: str) -> str:
    return root.findtext(path, namespaces=NS)


def test_alert_update_and_cancel_are_valid(city, schema):
    messages = chain()
    assert [message.kind for message in messages] == ["Alert", "Update", "Cancel"]
    for message in messages:
        schema.assertValid(etree.fromstring(message.xml.encode()))


def test_an_independent_client_reads_them(city, client_library):
    for message in chain():
        parser = client_library.CAPParser(message.xml.split("?>", 1)[1])
        alert = parser.as_dict()[0]
        assert str(alert["cap_id"]) == message.identifier
        assert str(alert["cap_message_type"]) == message.kind
        assert len(alert["cap_info"]) == 2
        assert {str(info["cap_language"]) for info in alert["cap_info"]} == {"id", "en"}
        area = alert["cap_info"][0]["cap_area"][0]
        assert str(area["area_description"]) == "Hulu"
        assert str(area["geocodes"][0]["value"]) == WARD
        assert area["polygons"]


def test_references_name_all_earlier_messages(city):
    first, second, third = chain()
    assert first.references == ""
    roots = [etree.fromstring(message.xml.encode()) for message in (first, second, third)]
    one = f"{text(roots[0], 'c:sender')},{text(roots[0], 'c:identifier')},{text(roots[0], 'c:sent')}"
    two = f"{text(roots[1], 'c:sender')},{text(roots[1], 'c:identifier')},{text(roots[1], 'c:sent')}"
    assert text(roots[1], "c:references") == one
    assert text(roots[2], "c:references") == f"{one} {two}"


def test_what_the_message_says(city):
    warning = publish()
    root = etree.fromstring(WarningMessage.objects.get().xml.encode())
    assert text(root, "c:status") == "Actual"
    assert text(root, "c:scope") == "Public"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", text(root, "c:sent"))
    indonesian, english = root.findall("c:info", NS)
    assert text(indonesian, "c:headline") == "Siaga banjir di Hulu"
    assert text(english, "c:headline") == "Flood alert in Hulu"
    assert text(indonesian, "c:instruction") == "Naikkan barang & cabut listrik."
    assert "Pos Hulu" in text(indonesian, "c:description") and "Petugas Jaga Pusdalops" in text(
        indonesian, "c:description"
    )
    assert "Rain gauge" in text(english, "c:description")
    assert text(indonesian, "c:web").endswith(f"/banjir/{warning.number}")
    assert (text(indonesian, "c:severity"), text(indonesian, "c:urgency")) == ("Severe", "Expected")
    assert text(indonesian, "c:eventCode/c:value") == "flood"
    assert text(indonesian, "c:parameter/c:value") == "siaga"


def test_polygons_are_latitude_first_and_closed(city):
    publish()
    polygon = text(etree.fromstring(WarningMessage.objects.get().xml.encode()), ".//c:polygon")
    points = [tuple(map(float, point.split(","))) for point in polygon.split()]
    assert points[0] == points[-1]
    assert all(-0.5 < lat < -0.3 and 117 < lon < 117.2 for lat, lon in points)


def test_a_schematic_boundary_says_so(city):
    publish(areas=[OTHER])
    descriptions = etree.fromstring(WarningMessage.objects.get().xml.encode()).findall(".//c:areaDesc", NS)
    assert [element.text for element in descriptions] == [
        "Hilir (batas berupa gambaran kasar)",
        "Hilir (schematic boundary)",
    ]


def test_large_boundaries_are_simplified_and_stay_valid():
    from math import cos, pi, sin

    ring = [[117 + cos(2 * pi * i / 5000) / 50, -0.5 + sin(2 * pi * i / 5000) / 50] for i in range(5000)]
    rings = cap.polygons({"type": "MultiPolygon", "coordinates": [[[*ring, ring[0]]]]})
    points = rings[0].split()
    assert len(rings) == 1 and 4 <= len(points) <= cap.MAX_POINTS + 1 and points[0] == points[-1]
    assert cap.polygons(None) == []
    assert cap.polygons({"type": "Point", "coordinates": [1, 2]}) == []


def test_a_simulation_is_an_exercise(city, schema):
    publish(simulated=True)
    root = etree.fromstring(WarningMessage.objects.get().xml.encode())
    schema.assertValid(root)
    assert text(root, "c:status") == "Exercise"
    assert "SIMULASI" in text(root, "c:note")
    assert [element.text.split("]")[0] for element in root.findall(".//c:headline", NS)] == ["[SIMULASI", "[SIMULATION"]


def test_hostile_text_stays_text(city, schema):
    publish(headline='<b>Banjir</b> & "air" \x07\x00]]>', instruction="a\x0bb <script>")
    root = etree.fromstring(WarningMessage.objects.get().xml.encode())
    schema.assertValid(root)
    assert text(root.find("c:info", NS), "c:headline") == '<b>Banjir</b> & "air" ]]>'


def test_messages_never_change(city):
    publish()
    message = WarningMessage.objects.get()
    message.xml = "x"
    with pytest.raises(RuntimeError):
        message.save()
    with pytest.raises(RuntimeError):
        message.delete()


def test_times_carry_the_citys_offset():
    assert cap.moment(datetime(2026, 11, 22, 6, 30, 15, 999, tzinfo=UTC)) == "2026-11-22T14:30:15+08:00"


# --- the feed ---------------------------------------------------------------------------------------------------------


def test_the_feed_is_atom_and_its_links_work(city, client, schema):
    warning = publish()
    answer = client.get("/banjir/cap.xml")
    assert answer["Content-Type"].startswith("application/atom+xml")
    root = etree.fromstring(answer.content)
    for name in ("id", "title", "updated"):
        assert root.findtext(f"a:{name}", namespaces=NS)
    entries = root.findall("a:entry", NS)
    assert len(entries) == 1
    for name in ("id", "title", "updated"):
        assert entries[0].findtext(f"a:{name}", namespaces=NS)
    link = entries[0].find("a:link", NS)
    assert link.get("type") == "application/cap+xml"
    message = client.get(link.get("href").split("//", 1)[1].partition("/")[2].join(["/", ""]))
    assert message["Content-Type"].startswith("application/cap+xml")
    assert message.content.decode() == WarningMessage.objects.get(warning=warning).xml
    schema.assertValid(etree.fromstring(message.content))


def test_the_feed_answers_not_modified_until_something_changes(city, client):
    publish()
    tag = client.get("/banjir/cap.xml")["ETag"]
    assert client.get("/banjir/cap.xml", headers={"If-None-Match": tag}).status_code == 304
    publish(areas=[OTHER])
    answer = client.get("/banjir/cap.xml", headers={"If-None-Match": tag})
    assert answer.status_code == 200 and answer["ETag"] != tag


def test_the_feed_shows_the_newest_message_of_each_warning(city, client):
    messages = chain()
    body = client.get("/banjir/cap.xml").content.decode()
    assert messages[2].identifier in body
    assert messages[0].identifier not in body and messages[1].identifier not in body
    assert client.get(f"/banjir/cap/{messages[0].identifier}.xml").status_code == 200


def test_an_empty_feed_is_a_feed(city, client):
    answer = client.get("/banjir/cap.xml")
    assert answer.status_code == 200
    assert etree.fromstring(answer.content).findtext("a:updated", namespaces=NS)
    assert client.get("/banjir/cap/tidak-ada.xml").status_code == 404


def test_expiry_leaves_the_feed_after_two_days(city, client):
    warning = publish()
    past = timezone.now() - timedelta(days=3)
    WarningMessage.objects.update(sent_at=past, expires_at=past)
    type(warning).objects.update(expires_at=past, state="expired")
    assert b"<entry>" not in client.get("/banjir/cap.xml").content
