"""Which ward is this point in? With schematic cells always, with the real boundaries where they lie beside the
repository."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

import pytest

from tepian.kernel.actors import Invalid, system
from tepian.kernel.catalogue.packs import PackError, load_pack
from tepian.kernel.regions import boundaries, operations, queries, shapes
from tepian.kernel.regions.locate import region_at, regions_at
from tepian.kernel.regions.models import Region

ME = system("tests")
pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("pack", "districts", "wards"), [("samarinda", 10, 59), ("balikpapan", 6, 34), ("contoh", 2, 5)]
)
def test_every_label_point_falls_in_its_own_schematic_cell(pack: str, districts: int, wards: int) -> None:
    load_pack(pack, ME)
    found = queries.of_level("ward")
    assert (len(queries.of_level("district")), len(found)) == (districts, wards)
    for region in found:
        located = region_at(region.lon, region.lat)  # type: ignore[arg-type]
        assert located and located.code == region.code and located.exact and located.boundary_kind == "schematic"
        assert region_at(region.lon, region.lat, "district").code == region.code.rsplit(".", 1)[0]  # type: ignore[arg-type, union-attr]
    assert regions_at([(region.lon, region.lat) for region in found]) == [region.code for region in found]  # type: ignore[misc]


@pytest.fixture
def samarinda(shared_data: Path) -> Path:
    load_pack("samarinda", ME)
    path = shared_data / "1-wilayah" / "kelurahan_samarinda.geojson"
    if not path.exists():
        pytest.skip(f"no real boundaries at {path}")
    return path


def test_every_label_point_falls_in_its_own_real_ward(samarinda: Path) -> None:
    points = {region.code: (region.lon, region.lat) for region in queries.of_level("ward")}
    report = boundaries.import_file(samarinda, actor=ME)
    assert len(report.shapes) == 59 and report.changed == 70
    assert report.labels_moved == [], "a label point of the pack lies outside its ward"
    for code, (lon, lat) in points.items():
        located = region_at(lon, lat)  # type: ignore[arg-type]
        assert located and located.code == code and located.boundary_kind == "official"
    area = shapes.from_geojson(queries.boundary("64.72")).area * shapes.METRES_PER_DEGREE**2 / 1e6  # type: ignore[arg-type]
    assert area == pytest.approx(716.8, rel=0.01)
    # Loading the pack again keeps the official boundaries.
    assert load_pack("samarinda", ME).changes == 0
    assert queries.find("64.72.05.1003").boundary_kind == "official"


def test_the_original_file_is_understood_and_streets_lie_in_their_wards(samarinda: Path) -> None:
    raw = samarinda.with_name("samarinda_kelurahan_BIG2022_asli.geojson")
    report = boundaries.import_file(raw, actor=ME)
    assert len(report.shapes) == 59
    rows = Path(__file__).resolve().parents[5] / "cities" / "samarinda" / "places-osm.csv"
    lines = [line for line in rows.read_text().splitlines() if not line.startswith("#")]
    streets = list(csv.DictReader(lines))
    found = regions_at([(float(row["lon"]), float(row["lat"])) for row in streets])
    assert sum(code == row["region"] for code, row in zip(found, streets, strict=True)) > 0.97 * len(streets)


def test_the_real_file_with_latitude_first_is_detected_and_can_be_turned(samarinda: Path, tmp_path: Path) -> None:
    def turned(value: Any) -> Any:
        return [value[1], value[0]] if isinstance(value[0], float) else [turned(item) for item in value]

    data = json.loads(samarinda.read_text())
    for feature in data["features"]:
        feature["geometry"]["coordinates"] = turned(feature["geometry"]["coordinates"])
    path = tmp_path / "turned.geojson"
    path.write_text(json.dumps(data))
    with pytest.raises(PackError) as refused:
        boundaries.import_file(path, actor=ME)
    assert len(refused.value.problems) == 59 and "--swap" in str(refused.value.message)
    assert queries.find("64.72.01.1001").boundary_kind == "schematic"
    assert len(boundaries.import_file(path, actor=ME, swap=True).shapes) == 59


def test_real_balikpapan_is_matched_by_code(shared_data: Path) -> None:
    path = shared_data / "1-wilayah" / "kelurahan_balikpapan.geojson"
    if not path.exists():
        pytest.skip(f"no real boundaries at {path}")
    report = load_pack("balikpapan", ME, boundaries=path)
    assert report.counts["regions"]["boundaries"] == 41
    for region in queries.of_level("ward"):
        assert region_at(region.lon, region.lat).code == region.code  # type: ignore[arg-type, union-attr]


@pytest.mark.usefixtures("contoh")
class TestEdges:
    def test_just_outside_is_the_nearest_with_its_distance(self) -> None:
        west, _south, _east, _north = queries.find("99.01").bbox  # type: ignore[misc]
        edge = shapes.from_geojson(queries.boundary("99.01"))  # type: ignore[arg-type]
        lat = next(y for x, y in edge.exterior.coords if x == pytest.approx(west))
        near = region_at(west - 0.001, lat)
        assert near and not near.exact and near.distance_m == pytest.approx(111.3, abs=10)
        assert near.code == "99.01.01.1001"
        assert region_at(west - 0.002, lat) is None

    def test_far_away_and_without_boundaries_there_is_none(self) -> None:
        assert region_at(0.0, 0.0) is None
        assert region_at(118.5, -0.5, "neighbourhood") is None
        assert regions_at([(0.0, 0.0)]) == [None]
        assert regions_at([]) == []

    @pytest.mark.parametrize(("lon", "lat"), [(float("nan"), 0), (float("inf"), 0), (181, 0), (0, 91), (-0.5, 117.1)])
    def test_a_point_that_is_none_is_refused(self, lon: float, lat: float) -> None:
        with pytest.raises(Invalid):
            region_at(lon, lat)

    def test_on_a_shared_border_the_answer_is_always_the_same(self) -> None:
        shared = shapes.from_geojson(queries.boundary("99.01.01.1001")).intersection(
            shapes.from_geojson(queries.boundary("99.01.01.1002"))
        )  # type: ignore[arg-type]
        spot = shared.interpolate(0.5, normalized=True)
        codes = {region_at(spot.x, spot.y).code for _round in range(5)}  # type: ignore[union-attr]
        assert len(codes) == 1

    def test_a_new_boundary_is_used_at_once(self) -> None:
        before = region_at(118.53, -0.535)
        square = {
            "type": "Polygon",
            "coordinates": [[[118.52, -0.545], [118.56, -0.545], [118.56, -0.525], [118.52, -0.525], [118.52, -0.545]]],
        }
        operations.set_boundary(actor=ME, code="99.01.01.1003", geometry=square, source="x")
        Region.objects.filter(code="99.01.02.1002").update(boundary=None, boundary_kind="")
        operations.rename_region(actor=ME, code="99.01.01.1003", name="Moved", on=queries.today())
        after = region_at(118.53, -0.535)
        assert before and before.code == "99.01.02.1002"
        assert after and after.code == "99.01.01.1003" and after.name == "Moved"


def test_a_lookup_is_quick() -> None:
    load_pack("samarinda", ME)
    region_at(117.15, -0.5)
    started = time.perf_counter()
    for number in range(500):
        region_at(117.10 + number * 0.0002, -0.5)
    assert (time.perf_counter() - started) / 500 < 0.005
