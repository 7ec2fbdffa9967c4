"""Boundary files: what is repaired and reported, what is refused, and that a refusal loads nothing."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tepian.kernel.actors import system
from tepian.kernel.catalogue.packs import PackError
from tepian.kernel.events.models import OutboxEvent
from tepian.kernel.regions import boundaries, operations, queries, shapes
from tepian.kernel.regions.locate import region_at
from tepian.kernel.regions.models import Region

ME = system("tests")
SQUARES = {  # west, south of squares of 0.04 degrees
    "99.01.01.1001": (118.45, -0.50),
    "99.01.01.1002": (118.49, -0.50),
    "99.01.01.1003": (118.53, -0.50),
    "99.01.02.1001": (118.45, -0.54),
    "99.01.02.1002": (118.49, -0.54),
}


def ring(west: float, south: float, size: float = 0.04) -> list[list[float]]:
    return [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]


def collection() -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"kode": code},
                "geometry": {"type": "Polygon", "coordinates": [ring(*corner)]},
            }
            for code, corner in SQUARES.items()
        ],
    }


def load(data: dict[str, Any], **options: Any) -> shapes.BoundaryReport:
    return boundaries.import_collection(data, actor=ME, source="test survey", file="wards.geojson", **options)


def refused(data: dict[str, Any], **options: Any) -> str:
    before = list(Region.objects.order_by("code").values_list("code", "boundary", "boundary_kind"))
    with pytest.raises(PackError) as error:
        load(data, **options)
    assert list(Region.objects.order_by("code").values_list("code", "boundary", "boundary_kind")) == before
    return str(error.value.message)


@pytest.mark.django_db
@pytest.mark.usefixtures("contoh")
class TestImport:
    def test_wards_are_stored_and_make_their_districts_and_the_city(self) -> None:
        report = load(collection())
        assert report.changed == 5 + 2 + 1
        upper = shapes.from_geojson(queries.boundary("99.01.01"))
        assert upper.bounds == pytest.approx((118.45, -0.50, 118.57, -0.46)) and upper.geom_type == "Polygon"
        city = queries.find("99.01")
        assert city.boundary_kind == "official" and city.bbox == pytest.approx((118.45, -0.54, 118.57, -0.46))
        assert queries.find("99.01.01.1001").boundary_source == "test survey"
        assert region_at(118.50, -0.48).code == "99.01.01.1002"  # type: ignore[union-attr]
        assert OutboxEvent.objects.filter(type="regions.boundaries_replaced.v1").last().data["kind"] == "official"  # type: ignore[union-attr]
        # The label of Hilltop lay inside; those that lay outside are moved inside and reported.
        for code in SQUARES:
            lon, lat = queries.label_point(code)  # type: ignore[misc]
            assert shapely.Point(lon, lat).within(shapes.from_geojson(queries.boundary(code)))
        assert "99.01.02.1002" in " ".join(str(item) for item in report.notices)

    def test_the_second_time_nothing_changes(self) -> None:
        load(collection())
        events = OutboxEvent.objects.count()
        assert load(collection()).changed == 0
        assert OutboxEvent.objects.count() == events

    def test_swapped_axes_are_detected_and_can_be_turned_round(self) -> None:
        data = collection()
        for feature in data["features"]:
            feature["geometry"]["coordinates"] = [[[lat, lon] for lon, lat in feature["geometry"]["coordinates"][0]]]
        message = refused(data)
        assert "99.01.01.1001 Riverside" in message and "--swap" in message
        load(data, swap=True)
        assert queries.find("99.01").bbox == pytest.approx((118.45, -0.54, 118.57, -0.46))
        assert "--swap" in refused(collection(), swap=True)

    def test_swapped_axes_are_detected_where_no_degree_is_out_of_range(self) -> None:
        known = [shapes.Known("12.34.01.1001", "", "Somewhere", lon=30.0, lat=-1.0)]
        data = {
            "type": "FeatureCollection",
            "features": [
                {
                    "properties": {"code": "12.34.01.1001"},
                    "geometry": {"type": "Polygon", "coordinates": [ring(-1.02, 29.98)]},
                }
            ],
        }
        with pytest.raises(PackError, match="--swap"):
            shapes.read_collection(data, known)

    def test_an_open_ring_is_closed_and_reported(self) -> None:
        data = collection()
        data["features"][0]["geometry"]["coordinates"][0].pop()
        report = load(data)
        assert [item.item for item in report.notices if item.item.startswith("99.01.01.1001")] == [
            "99.01.01.1001 Riverside"
        ]
        assert region_at(118.46, -0.49).code == "99.01.01.1001"  # type: ignore[union-attr]

    def test_a_bow_tie_is_repaired_and_reported(self) -> None:
        data = collection()
        data["features"][0]["geometry"]["coordinates"] = [
            [[118.45, -0.50], [118.49, -0.46], [118.49, -0.50], [118.45, -0.46], [118.45, -0.50]]
        ]
        report = load(data)
        assert any("99.01.01.1001" in item.item for item in report.notices)
        repaired = shapes.from_geojson(queries.boundary("99.01.01.1001"))
        assert repaired.is_valid and repaired.area == pytest.approx(0.04 * 0.04 / 2)

    def test_a_multipolygon_with_a_hole_stays_whole(self) -> None:
        data = collection()
        hole = ring(118.46, -0.49, 0.01)[::-1]
        data["features"][0]["geometry"] = {
            "type": "MultiPolygon",
            "coordinates": [[ring(118.45, -0.50), hole], [ring(118.40, -0.50, 0.02)]],
        }
        load(data)
        assert region_at(118.465, -0.485) is None
        assert region_at(118.41, -0.49).code == "99.01.01.1001"  # type: ignore[union-attr]

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (
                lambda f: f["geometry"].update(coordinates=[[[118.45, -0.5], [118.46, -0.5], [118.45, -0.5]]]),
                "99.01.01.1001 Riverside",
            ),
            (
                lambda f: f["geometry"].update(
                    coordinates=[[[118.45, -0.5], [float("nan"), -0.5], [118.46, -0.4], [118.45, -0.5]]]
                ),
                "99.01.01.1001 Riverside",
            ),
            (
                lambda f: f["geometry"].update(
                    coordinates=[[[118.45, -0.5], ["118.46", -0.5], [118.46, -0.4], [118.45, -0.5]]]
                ),
                "99.01.01.1001 Riverside",
            ),
            (
                lambda f: f["geometry"].update(
                    coordinates=[
                        [[500000.0, 9943000.0], [500100.0, 9943000.0], [500100.0, 9943100.0], [500000.0, 9943000.0]]
                    ]
                ),
                "WGS 84",
            ),
            (lambda f: f["geometry"].update(coordinates=[]), "99.01.01.1001 Riverside"),
            (
                lambda f: f["geometry"].update(
                    coordinates=[[[118.45, -0.5], [118.46, -0.5], [118.47, -0.5], [118.45, -0.5]]]
                ),
                "99.01.01.1001 Riverside",
            ),
            (lambda f: f["geometry"].update(type="LineString"), "LineString"),
            (lambda f: f.update(geometry=None), "99.01.01.1001 Riverside"),
            (lambda f: f["properties"].update(kode="99.01.01.1777"), "99.01.01.1777"),
            (lambda f: f["geometry"].update(coordinates=[ring(10.0, 50.0)]), "99.01.01.1001 Riverside"),
            (lambda f: f.update(properties={}), "1"),
            (lambda f: f.update(properties={"nama": "Nowhere"}), "Nowhere"),
        ],
    )
    def test_a_whole_fault_names_the_feature_and_loads_nothing(self, change: Any, told: str) -> None:
        data = collection()
        change(data["features"][0])
        assert told in refused(data)

    def test_every_fault_is_told_at_once(self) -> None:
        data = collection()
        for feature in data["features"][:3]:
            feature["geometry"] = None
        assert refused(data).count("error:") == 3

    def test_two_features_of_one_code_are_joined_unless_their_names_differ(self) -> None:
        data = collection()
        data["features"].append(copy.deepcopy(data["features"][0]))
        data["features"][-1]["geometry"]["coordinates"] = [ring(118.41, -0.50)]
        assert load(data).shapes["99.01.01.1001"].bounds[0] == pytest.approx(118.41)
        data["features"][0]["properties"]["nama"] = "Riverside"
        data["features"][-1]["properties"]["nama"] = "Hilltop"
        assert "Hilltop" in refused(data)

    def test_matching_by_bps_code_by_digits_and_by_name(self) -> None:
        data = collection()
        data["features"][0]["properties"] = {"kode_bps": 9901010001}
        data["features"][1]["properties"] = {"KDEPUM": "9901011002"}
        data["features"][2]["properties"] = {"NAMOBJ": "MAR KET", "WADMKC": "Upper Contoh"}
        assert set(load(data).shapes) == set(SQUARES)

    def test_neighbouring_cities_are_left_out_and_gaps_and_overlaps_are_told(self) -> None:
        data = collection()
        data["features"][4]["properties"]["kode"] = "99.02.01.1001"
        data["features"][3]["geometry"]["coordinates"] = [ring(118.45, -0.52)]
        told = "\n".join(str(item) for item in load(data).notices)
        assert "99.01.01.1001" in told and "50" in told  # overlaps by half
        assert "1 " in told

    def test_a_projected_coordinate_system_is_refused(self) -> None:
        data = collection() | {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32750"}}}
        assert "32750" in refused(data)

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"type": "Feature"}', '{"type": "FeatureCollection", "features": {}}', "\ufeff{}"]
    )
    def test_what_is_no_geojson_is_refused(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "broken.geojson"
        path.write_text(text)
        with pytest.raises(PackError, match=r"broken\.geojson"):
            boundaries.import_file(path, actor=ME)

    def test_a_single_boundary_can_be_set(self) -> None:
        assert operations.set_boundary(
            actor=ME,
            code="99.01.02.1002",
            geometry={"type": "Polygon", "coordinates": [ring(118.51, -0.55)]},
            source="survey",
        )
        found = region_at(118.53, -0.54)
        assert found and found.code == "99.01.02.1002" and found.boundary_kind == "official"
        assert operations.draw_schematic_cells(actor=ME)["changed"] == 0  # never over an official one


def test_a_shape_survives_the_round_trip() -> None:
    area = shapely.Polygon(ring(117.123456, -0.5), [ring(117.13, -0.49, 0.01)])
    assert (
        shapes.from_geojson(json.loads(json.dumps(shapes.to_geojson(area))))
        .normalize()
        .equals_exact(area.normalize(), 1e-6)
    )


POINTS = st.tuples(st.floats(117.0, 117.3).map(lambda x: round(x, 5)), st.floats(-0.7, -0.3).map(lambda y: round(y, 5)))


@given(points=st.lists(POINTS, min_size=1, max_size=25))
def test_schematic_cells_hold_their_points_and_never_overlap(points: list[tuple[float, float]]) -> None:
    named = {f"{number:03d}": point for number, point in enumerate(points)}
    cells = shapes.cells(named)
    assert set(cells) == set(named)
    assert all(cell.is_valid and cell.area > 0 for cell in cells.values())
    for code, point in named.items():
        assert cells[code].distance(shapely.Point(point)) < 2e-3  # some metres where several share one place
    assert shapely.union_all(list(cells.values())).area == pytest.approx(
        sum(cell.area for cell in cells.values()), rel=1e-6
    )


@given(points=st.lists(POINTS, min_size=3, max_size=30))
def test_whatever_ring_is_given_it_is_refused_or_becomes_a_valid_area(points: list[tuple[float, float]]) -> None:
    known = [shapes.Known("64.72.01.1001", "", "X", lon=117.15, lat=-0.5)]
    data = {
        "type": "FeatureCollection",
        "features": [
            {
                "properties": {"code": "64.72.01.1001"},
                "geometry": {"type": "Polygon", "coordinates": [[list(point) for point in points]]},
            }
        ],
    }
    try:
        report = shapes.read_collection(data, known)
    except PackError as error:
        assert "64.72.01.1001" in str(error.message)
        return
    shape = report.shapes["64.72.01.1001"]
    assert shape.is_valid and shape.area > 0
    assert shapes.from_geojson(shapes.to_geojson(shape)).is_valid
    lon, lat = shapes.label_of(shape, None)
    assert shape.distance(shapely.Point(lon, lat)) < 1e-5
