"""Locations as telephones and networks send them: AML (ETSI TS 103 625) and PIDF-LO (RFC 5491)."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tepian.kernel.actors import Invalid
from tepian.services.dispatch.adapters import locations
from tepian.toolkit.geodesy import distance_m

AML = (
    'A"ML=1;lt=-0.50231;lg=+117.15372;rd=50;top=20261122141935;lc=90;pm=W;si=123456789012345;ei=1234567890123456;ml=112'
)


def pidf(shape: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"
  xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:gml="http://www.opengis.net/gml"
  xmlns:gs="http://www.opengis.net/pidflo/1.0" entity="pres:caller@example.com">
  <dm:device id="d1"><gp:geopriv><gp:location-info>{shape}</gp:location-info><gp:usage-rules/>
  <gp:method>Wiremap</gp:method></gp:geopriv></dm:device></presence>"""


POINT = '<gml:Point srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>-34.407 150.883</gml:pos></gml:Point>'
CIRCLE = """<gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>42.5463 -73.2512</gml:pos>
<gs:radius uom="urn:ogc:def:uom:EPSG::9001">850.24</gs:radius></gs:Circle>"""
ELLIPSE = """<gs:Ellipse srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>42.5463 -73.2512</gml:pos>
<gs:semiMajorAxis uom="urn:ogc:def:uom:EPSG::9001">1275</gs:semiMajorAxis>
<gs:semiMinorAxis uom="urn:ogc:def:uom:EPSG::9001">670</gs:semiMinorAxis>
<gs:orientation uom="urn:ogc:def:uom:EPSG::9102">43.2</gs:orientation></gs:Ellipse>"""
ARC = """<gs:ArcBand srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>-43.5723 153.21760</gml:pos>
<gs:innerRadius uom="urn:ogc:def:uom:EPSG::9001">3594</gs:innerRadius>
<gs:outerRadius uom="urn:ogc:def:uom:EPSG::9001">4148</gs:outerRadius>
<gs:startAngle uom="urn:ogc:def:uom:EPSG::9102">20</gs:startAngle>
<gs:openingAngle uom="urn:ogc:def:uom:EPSG::9102">20</gs:openingAngle></gs:ArcBand>"""
POLYGON = """<gml:Polygon srsName="urn:ogc:def:crs:EPSG::4326"><gml:exterior><gml:LinearRing>
<gml:pos>43.311 -73.422</gml:pos><gml:pos>43.111 -73.322</gml:pos><gml:pos>43.111 -73.222</gml:pos>
<gml:pos>43.311 -73.122</gml:pos><gml:pos>43.411 -73.222</gml:pos><gml:pos>43.411 -73.322</gml:pos>
<gml:pos>43.311 -73.422</gml:pos></gml:LinearRing></gml:exterior></gml:Polygon>"""
HEIGHT = '<gml:Point srsName="urn:ogc:def:crs:EPSG::4979"><gml:pos>-0.5 117.1 12</gml:pos></gml:Point>'


def test_a_plain_point_and_a_circle():
    assert locations.read({"lon": 117.1, "lat": -0.5}) == locations.Located(117.1, -0.5, None, "network")
    assert locations.read({"lon": "117.1", "lat": "-0.5", "radius_m": 80}).radius_m == 80


def test_aml_as_sms():
    found = locations.read(AML)
    assert (found.lon, found.lat, found.radius_m, found.source) == (117.15372, -0.50231, 50, "aml-wifi")
    assert found.at == datetime(2026, 11, 22, 14, 19, 35, tzinfo=UTC)
    assert locations.read(AML.replace("pm=W", "pm=G")).source == "aml-gnss"
    assert locations.read(AML.replace("rd=50", "rd=N")).radius_m is None
    assert locations.read(AML.replace("20261122141935", "20261399999999")).at is None
    assert locations.read({"aml": AML}).lat == -0.50231


def test_aml_as_https_form():
    fields = {
        "v": "1", "emergency_number": "112", "location_latitude": "-0.50231", "location_longitude": "117.15372",
        "location_accuracy": "22.5", "location_time": "1795443575000", "location_source": "GPS",
    }  # fmt: skip
    found = locations.read(fields)
    assert (found.lon, found.lat, found.radius_m, found.source) == (117.15372, -0.50231, 22.5, "aml-gnss")
    assert found.at is not None and found.at.year == 2026
    text = "&".join(f"{key}={value}" for key, value in fields.items())
    assert locations.read(text) == found
    assert locations.read(fields | {"location_time": "1e30", "location_source": "unknown"}).source == "aml"


@pytest.mark.parametrize(
    ("shape", "lon", "lat", "radius"),
    [
        (POINT, 150.883, -34.407, None),
        (CIRCLE, -73.2512, 42.5463, 850.24),
        (ELLIPSE, -73.2512, 42.5463, 1275),
        (HEIGHT, 117.1, -0.5, None),
    ],
)
def test_pidf_lo_latitude_comes_first(shape, lon, lat, radius):
    found = locations.read(pidf(shape))
    assert (found.lon, found.lat, found.radius_m, found.source) == (lon, lat, radius, "pidf-lo")
    alone = shape.replace(
        " srsName", ' xmlns:gml="http://www.opengis.net/gml" xmlns:gs="http://www.opengis.net/pidflo/1.0" srsName', 1
    )
    assert locations.read(alone) == found


def test_a_polygon_becomes_the_circle_that_holds_it():
    found = locations.read(pidf(POLYGON))
    corners = [(-73.422, 43.311), (-73.322, 43.111), (-73.222, 43.111), (-73.122, 43.311), (-73.222, 43.411)]
    far = [distance_m(found.lon, found.lat, *corner) for corner in corners]
    assert max(far) <= found.radius_m + 0.01
    assert 16_000 < found.radius_m < 18_000 and sum(each > found.radius_m - 150 for each in far) >= 2
    listed = """<gml:Polygon srsName="urn:ogc:def:crs:EPSG::4326"><gml:exterior><gml:LinearRing><gml:posList>
      -0.50 117.10 -0.50 117.11 -0.51 117.11 -0.51 117.10 -0.50 117.10</gml:posList></gml:LinearRing></gml:exterior>
      </gml:Polygon>"""
    square = locations.read(pidf(listed))
    assert square.lon == pytest.approx(117.105) and square.lat == pytest.approx(-0.505)
    assert square.radius_m == pytest.approx(786.3, abs=1)


def test_an_arc_band_becomes_the_circle_that_holds_it():
    import math

    found = locations.read(pidf(ARC))
    lon0, lat0 = 153.2176, -43.5723
    for radius in (3594, 3900, 4148):
        for angle in range(20, 41):
            lat = lat0 + radius * math.cos(math.radians(angle)) / 111_195
            lon = lon0 + radius * math.sin(math.radians(angle)) / (111_195 * math.cos(math.radians(lat0)))
            assert distance_m(found.lon, found.lat, lon, lat) <= found.radius_m * 1.01
    assert found.radius_m < 1000
    wide = locations.read(pidf(ARC.replace(">20</gs:openingAngle>", ">360</gs:openingAngle>")))
    assert (wide.lon, wide.lat, wide.radius_m) == (lon0, lat0, 4148)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (None, "location_unreadable"),
        (7, "location_unreadable"),
        ("somewhere", "location_unreadable"),
        ({}, "location_unreadable"),
        ({"lon": 1}, "location_unreadable"),
        ({"lon": True, "lat": 1}, "location_unreadable"),
        ({"lon": "nan", "lat": 1}, "location_unreadable"),
        ({"lon": float("inf"), "lat": 1}, "location_unreadable"),
        ({"lon": 10**400, "lat": 1}, "location_unreadable"),
        ({"lon": 1, "lat": 1, "radius_m": -1}, "location_unreadable"),
        ({"lon": -0.5, "lat": 117.1}, "location_off_globe"),
        (AML.replace("pm=W", "pm=N"), "location_missing"),
        (AML.replace("lt=-0.50231;", ""), "location_missing"),
        (AML.replace("-0.50231", "here"), "location_unreadable"),
        ("<presence", "location_unreadable"),
        ("<a/>", "location_unreadable"),
        ("<" + "a" * 30_000, "location_too_large"),
        (pidf(POINT.replace("4326", "27700")), "location_crs"),
        (pidf(POINT.replace("-34.407 150.883", "150.883 -34.407")), "location_off_globe"),
        (pidf(POINT.replace("-34.407 150.883", "1 2 3")), "location_unreadable"),
        (pidf(CIRCLE.replace("EPSG::9001", "EPSG::9999")), "location_unreadable"),
        (pidf(ARC.replace("3594", "9999")), "location_unreadable"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(given, code):
    with pytest.raises(Invalid) as refused:
        locations.read(given)
    assert refused.value.code == code and refused.value.field == "location"


@pytest.mark.parametrize(
    "head",
    [
        '<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE p [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>',
        '<!doctype p SYSTEM "http://example.com/x.dtd">',
    ],
)
def test_entities_are_refused(head):
    text = pidf(POINT).replace("?>", f"?>{head}", 1).replace("-34.407", "&x;")
    with pytest.raises(Invalid) as refused:
        locations.read(text)
    assert refused.value.code == "location_too_large"


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5)), min_size=1, max_size=20))
def test_the_smallest_circle_holds_every_point(points):
    x, y, radius = locations.smallest_circle(points)
    assert all(((px - x) ** 2 + (py - y) ** 2) ** 0.5 <= radius * (1 + 1e-6) + 1e-3 for px, py in points)
    widest = max(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5 for a in points for b in points)
    assert radius <= widest / 3**0.5 * (1 + 1e-6) + 1e-3  # Jung's theorem


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(max_size=200))
def test_no_text_breaks_it(text):
    for given_text in (text, f'A"ML=1;{text}', f"<a>{text}</a>"):
        with contextlib.suppress(Invalid):
            locations.read(given_text)
