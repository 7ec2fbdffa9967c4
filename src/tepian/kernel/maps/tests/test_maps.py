"""The city map: projection, drawing, layers, and what it does with odd data."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from typing import Any

import pytest
import shapely
from django.test import Client, RequestFactory
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from shapely.geometry import Polygon, box, mapping

from tepian.kernel.actors import ANONYMOUS, system
from tepian.kernel.catalogue import contributions
from tepian.kernel.catalogue.contributions import MapFeature, MapLayer
from tepian.kernel.catalogue.packs import CityPack
from tepian.kernel.maps import queries, sections
from tepian.kernel.maps.projection import Projection, brief, line_data, path_data
from tepian.kernel.regions.models import Region, RegionName
from tepian.kernel.templatetags.maps import city_map, credit_lines, draw

SYSTEM = system("tests")
SVG = "{http://www.w3.org/2000/svg}"


def build_city(rows: int = 7, columns: int = 8, *, kind: str = "official", jagged: bool = False) -> None:
    """A city of rows × columns wards in two districts."""
    city = Region.objects.create(code="98.71", level="city")
    RegionName.objects.create(region=city, name="Contoh")
    districts = []
    for number in (1, 2):
        district = Region.objects.create(code=f"98.71.0{number}", level="district")
        RegionName.objects.create(region=district, name=f"Kecamatan {number}", parent=city)
        districts.append(district)
    for row in range(rows):
        for column in range(columns):
            code = f"98.71.0{1 + (column >= columns // 2)}.{1000 + row * columns + column + 1}"
            cell = box(117 + column * 0.03, -0.6 + row * 0.03, 117 + (column + 1) * 0.03, -0.6 + (row + 1) * 0.03)
            shape = cell.segmentize(0.0004) if jagged else cell
            ward = Region.objects.create(
                code=code, level="ward", boundary=mapping(shape), boundary_kind=kind, boundary_source="tests"
            )
            RegionName.objects.create(
                region=ward, name=f"Kelurahan <{row}-{column}>", parent=districts[int(column >= columns // 2)]
            )


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`layer([features], audience="staff")` hangs one more layer on the map."""

    def hang(features: Any, *, key: str = "things", audience: str = "public") -> MapLayer:
        made = MapLayer(key, "Benda", features if callable(features) else lambda actor: features, audience=audience)
        before = contributions.offered
        monkeypatch.setattr(queries, "offered", lambda kind: [made] if kind is MapLayer else before(kind))
        return made

    return hang


def test_north_is_up_and_a_kilometre_is_a_kilometre() -> None:
    projection = Projection.fit((117.0, -0.7, 117.3, -0.3), 800)
    assert projection(117.1, -0.4)[1] < projection(117.1, -0.6)[1]
    east = projection(117.1 + 0.01 / projection.squeeze, -0.5)[0] - projection(117.1, -0.5)[0]
    south = projection(117.1, -0.51)[1] - projection(117.1, -0.5)[1]
    assert abs(east - south) < 0.01
    assert projection.shows(117.15, -0.5) and not projection.shows(118, -0.5)


boxes = st.tuples(st.floats(-179, 179), st.floats(-80, 80), st.floats(0, 3), st.floats(0, 3))


@given(boxes)
def test_any_city_fits_its_drawing(given: tuple[float, float, float, float]) -> None:
    west, south, width, height = given
    bounds = (west, south, min(180.0, west + width), min(85.0, south + height))
    projection = Projection.fit(bounds, 800)
    for lon in bounds[0::2]:
        for lat in bounds[1::2]:
            x, y = projection(lon, lat)
            assert -0.5 <= x <= projection.width + 0.5 and -0.5 <= y <= projection.height + 0.5
    assert projection.height <= 800 * 1.35 + 0.01


@given(st.floats(-5000, 5000))
def test_short_numbers_keep_their_value(value: float) -> None:
    assert abs(float(brief(value)) - value) <= 0.0501


@given(st.lists(st.tuples(st.floats(0, 800), st.floats(0, 800)), max_size=40))
def test_relative_steps_do_not_drift(points: list[tuple[float, float]]) -> None:
    data = line_data(points)
    if not data:
        return
    numbers = [float(number) for number in re.findall(r"-?\d*\.?\d+", data)]
    x, y = sum(numbers[0::2]), sum(numbers[1::2])
    assert abs(x - points[-1][0]) < 0.2 and abs(y - points[-1][1]) < 0.2


def test_empty_and_odd_geometry_draw_nothing() -> None:
    projection = Projection.fit((117.0, -0.7, 117.3, -0.3), 800)
    assert path_data(Polygon(), projection) == ""
    assert path_data(shapely.Point(117.1, -0.5), projection) == ""
    assert line_data([(1, 1), (1.01, 1.01)]) == ""


@pytest.mark.django_db
def test_a_large_city_stays_small(layer: Any) -> None:
    build_city(jagged=True)
    layer([])
    base = queries.base_map()
    assert len(base.wards) == 56
    markup = draw([])
    assert len(markup.encode()) < 45_000 and len(gzip.compress(markup.encode())) < 15_000
    root = etree.fromstring(re.search(r"<svg.*</svg>", markup, re.S)[0].encode())  # type: ignore[index]
    assert len(root.findall(".//path[@id]")) >= 56
    assert "Kelurahan &lt;0-0&gt;" in markup, "names are escaped"


@pytest.mark.django_db
def test_schematic_borders_are_called_schematic() -> None:
    build_city(1, 2, kind="schematic")
    with translation.override("id"):
        assert "Peta skematis: batas wilayah belum resmi" in draw([])
    Region.objects.filter(level="ward").update(boundary_kind="official")
    from tepian.kernel.catalogue.kept import changed

    changed("regions")
    with translation.override("id"):
        assert "skematis" not in draw([]), "a change shows in the next map"


@pytest.mark.django_db
def test_areas_and_points_show_level_by_shape_hatch_and_word() -> None:
    build_city(2, 4)
    area = MapFeature("warning/1", "Banjir <b>", regions=("98.71.01",), level="siaga", url="/banjir/1")
    gauge = MapFeature(
        "station/K1", "Pos Gelatik", lon=117.05, lat=-0.58, level="awas", value="3,1 m", url="/sensor/K1"
    )
    far = MapFeature("station/K2", "Jauh", lon=120.0, lat=-0.58, level="normal")
    layer = MapLayer("l", "L", lambda actor: [])
    with translation.override("id"):
        markup = draw([(layer, [area, gauge, far])])
    assert 'fill="url(#h-siaga)"' in markup and 'href="#m-awas"' in markup and 'href="#m-siaga"' in markup
    assert 'data-live-key="station/K1"' in markup and "Pos Gelatik · 3,1 m · Awas" in markup
    assert 'href="#w-98.71.01.1001"' in markup and "<b>" not in markup
    assert "1 hal berada di luar peta" in markup
    etree.fromstring(re.search(r"<svg.*</svg>", markup, re.S)[0].encode())  # type: ignore[index]


@pytest.mark.django_db
def test_staff_layers_never_reach_the_public(layer: Any) -> None:
    build_city(1, 2)
    secret = MapFeature("incident/1", "Rahasia", lon=117.02, lat=-0.59)
    layer([secret], audience="staff")
    request = RequestFactory().get("/kota")
    request.actor = ANONYMOUS  # type: ignore[attr-defined]
    assert "Rahasia" not in city_map({"request": request})
    assert "Rahasia" not in city_map({"request": request}, audience="staff"), "an anonymous reader gets the public map"
    request.actor = replace(ANONYMOUS, kind="person", id="jaga")  # type: ignore[attr-defined]
    assert "Rahasia" in city_map({"request": request}, audience="staff")
    assert "Rahasia" not in city_map({"request": request})


@pytest.mark.django_db
def test_a_layer_that_fails_leaves_the_map(layer: Any) -> None:
    build_city(1, 2)

    def broken(actor: object) -> list[MapFeature]:
        raise RuntimeError("away")

    layer(broken)
    request = RequestFactory().get("/kota")
    request.actor = ANONYMOUS  # type: ignore[attr-defined]
    assert "<svg" in city_map({"request": request})


@pytest.mark.django_db
def test_without_regions_the_map_says_so(client: Client) -> None:
    with translation.override("id"):
        assert "Peta belum tersedia" in draw([])
    assert client.get("/kota").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    "boundary",
    [{}, {"type": "Polygon", "coordinates": "x"}, {"type": "Nonsense"}, [], {"type": "Polygon", "coordinates": []}],
)
def test_a_broken_boundary_leaves_a_gap(boundary: Any) -> None:
    build_city(1, 3)
    Region.objects.filter(code="98.71.01.1001").update(boundary=boundary)
    assert len(queries.base_map().wards) == 2


@pytest.mark.django_db
def test_the_page_shows_chosen_layers_and_survives_any_query(client: Client, layer: Any) -> None:
    build_city(1, 2)
    layer([MapFeature("a", "Pos Satu", lon=117.02, lat=-0.59, level="waspada", value="2 m")])
    assert b"Pos Satu" in client.get("/kota?lapis=things").content
    for query in (
        "lapis=nope",
        "pilih=1",
        "wilayah=98.71.01",
        "wilayah=%00%22%3E",
        "lapis=%27%3B--",
        "wilayah=" + "9" * 900,
    ):
        response = client.get(f"/kota?{query}")
        assert response.status_code == 200, query
    assert b'class="fokus"' in client.get("/kota?wilayah=98.71.01").content
    english = client.get("/en/kota?lapis=things").content.decode()
    assert "City map" in english and 'href="/kota?lapis=things"' in english


# --- the pack's waters ------------------------------------------------------------------------------------------------

RIVER = {
    "type": "Feature",
    "properties": {"name": "Sungai Uji", "width_m": 300},
    "geometry": {"type": "LineString", "coordinates": [[117.0, -0.58], [117.1, -0.57], [117.2, -0.58]]},
}


def pack(tmp_path: Any, *features: Any) -> CityPack:
    import json

    (tmp_path / "map").mkdir()
    (tmp_path / "map" / "rivers.geojson").write_text(
        json.dumps(
            {
                "type": "FeatureCollection",
                "attribution": "© OpenStreetMap contributors, ODbL 1.0",
                "features": list(features),
            }
        )
    )
    return CityPack(tmp_path)


@pytest.mark.django_db
def test_rivers_come_from_the_pack_with_their_credit(tmp_path: Any) -> None:
    build_city(2, 6)
    city = pack(tmp_path, RIVER)
    assert list(sections.check(city)) == []
    assert sections.load(city, SYSTEM)["added"] == 1
    assert sections.load(city, SYSTEM)["unchanged"] == 1
    markup = draw([])
    assert 'class="air"' in markup and "Sungai Uji" in markup and "© OpenStreetMap contributors" in markup


@pytest.mark.parametrize(
    "geometry",
    [None, {"type": "Point", "coordinates": [1, 2]}, {"type": "LineString", "coordinates": [[1, 2]]},
     {"type": "LineString", "coordinates": [[1, "x"], [2, 3]]},
     {"type": "LineString", "coordinates": [[500, 2], [2, 3]]},
     {"type": "MultiPolygon", "coordinates": [[[[1, 2], [True, 3]]]]}, {"type": "Polygon", "coordinates": []}],
)  # fmt: skip
def test_waters_that_cannot_be_drawn_are_named(tmp_path: Any, geometry: Any) -> None:
    problems = list(sections.check(pack(tmp_path, RIVER | {"geometry": geometry})))
    assert len(problems) == 1 and problems[0].item == "Sungai Uji" and problems[0].file == "map/rivers.geojson"


def test_credits_are_named_once() -> None:
    assert credit_lines(["OpenStreetMap, ODbL", "© OpenStreetMap contributors", "BIG"]) == [
        "© OpenStreetMap contributors",
        "BIG",
    ]
