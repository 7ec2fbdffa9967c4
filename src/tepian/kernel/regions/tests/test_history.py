"""Regions through time: what a region was called on a day, what became of it, and what may not be done to it."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tepian.kernel.actors import Actor, Conflict, Denied, Grant, Invalid, NotFound, system
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.kept import one_look
from tepian.kernel.events.models import OutboxEvent
from tepian.kernel.regions import operations, queries
from tepian.kernel.regions.models import Region, RegionName
from tepian.kernel.regions.operations import RegionFact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]
ME = system("tests")
RIVERSIDE = "99.01.01.1001"
HARBOUR = "99.01.02.1001"


def test_a_renamed_ward_has_the_name_of_the_day() -> None:
    code = "99.01.01.1003"
    assert queries.name_of(code, date(2020, 12, 31)) == "Old Market"
    assert queries.name_of(code, date(2021, 1, 1)) == "Market"
    assert queries.label(code) == "Kel. Market, Kec. Upper Contoh"
    assert [(item.name, item.valid_to) for item in queries.history(code)] == [
        ("Old Market", date(2020, 12, 31)),
        ("Market", None),
    ]


def test_a_merged_rt_says_what_it_was_called_and_what_became_of_it() -> None:
    former = f"{RIVERSIDE}.RT003"
    assert queries.exists(former, date(2023, 12, 31)) and not queries.exists(former, date(2024, 1, 1))
    assert queries.name_of(former, date(2022, 5, 1)) == "RT 003"
    assert queries.name_of(former) == "RT 003"  # history stays readable
    assert [(link.successor, link.on) for link in queries.became(former)] == [(f"{RIVERSIDE}.RT005", date(2024, 1, 1))]
    assert queries.living_successors(former) == [f"{RIVERSIDE}.RT005"]
    assert queries.living_successors(former, date(2023, 1, 1)) == [former]
    assert [link.former for link in queries.came_from(f"{RIVERSIDE}.RT005")] == [former, f"{RIVERSIDE}.RT004"]


def test_the_children_of_a_ward_are_those_of_the_day() -> None:
    def on(day: date) -> list[str]:
        return [code[-5:] for code in queries.children(RIVERSIDE, day)]

    assert on(date(2023, 6, 1)) == ["RT001", "RT002", "RT003", "RT004"]
    assert on(date(2024, 6, 1)) == ["RT001", "RT002", "RT005"]
    assert [code[-5:] for code in queries.children(HARBOUR, date(2025, 6, 30))] == ["RT001"]
    assert [code[-5:] for code in queries.children(HARBOUR, date(2025, 7, 1))] == ["RT002", "RT003"]
    assert len(queries.regions_within("99.01", date(2026, 1, 1))) == 1 + 2 + 5 + 9
    assert queries.regions_within("no such code") == []
    (root,) = queries.tree()
    assert [child.name for child in root.children] == ["Upper Contoh", "Lower Contoh"]


def test_renaming_keeps_the_earlier_name_and_tells_it() -> None:
    operations.rename_region(actor=ME, code=HARBOUR, name="New Harbour", on=date(2026, 3, 1))
    assert queries.name_of(HARBOUR, date(2026, 2, 28)) == "Harbour"
    assert queries.name_of(HARBOUR, date(2026, 3, 1)) == "New Harbour"
    event = OutboxEvent.objects.get(type="regions.region_renamed.v1")
    assert event.data == {"code": HARBOUR, "name": "New Harbour", "on": "2026-03-01"}
    assert AuditEntry.objects.filter(operation="regions.rename", subject_id=HARBOUR).exists()
    # A change in the middle of history ends where the next one begins.
    operations.rename_region(actor=ME, code=HARBOUR, name="Port", on=date(2025, 1, 1))
    assert queries.name_of(HARBOUR, date(2025, 6, 1)) == "Port"
    assert queries.name_of(HARBOUR, date(2026, 3, 1)) == "New Harbour"
    # The same day again is a correction, not another period.
    operations.rename_region(actor=ME, code=HARBOUR, name="Porto", on=date(2025, 1, 1))
    assert [item.name for item in queries.history(HARBOUR)] == ["Harbour", "Porto", "New Harbour"]


def test_merging_wards_moves_what_lies_inside_and_joins_the_areas() -> None:
    on = date(2026, 7, 1)
    codes = [RIVERSIDE, "99.01.01.1002"]
    merged = operations.merge_regions(actor=ME, codes=codes, into="99.01.01.1009", name="Riverhill", on=on)
    assert merged.boundary_kind == "schematic" and merged.boundary
    assert not queries.exists(RIVERSIDE, on) and queries.exists(RIVERSIDE, on - timedelta(days=1))
    assert [code[-5:] for code in queries.children("99.01.01.1009", on)] == [
        "RT001",
        "RT002",
        "RT005",
        "RT001",
        "RT002",
    ]
    assert queries.children(RIVERSIDE, on - timedelta(days=1)) == [
        f"{RIVERSIDE}.RT001",
        f"{RIVERSIDE}.RT002",
        f"{RIVERSIDE}.RT005",
    ]
    assert queries.ancestors(f"{RIVERSIDE}.RT001", on) == ["99.01.01.1009", "99.01.01", "99.01"]
    assert queries.living_successors(RIVERSIDE, on) == ["99.01.01.1009"]


def test_one_of_the_merged_may_keep_its_code() -> None:
    on = date(2026, 7, 1)
    rt = [f"{HARBOUR}.RT002", f"{HARBOUR}.RT003"]
    operations.merge_regions(actor=ME, codes=rt, into=rt[0], on=on)
    assert queries.exists(rt[0], on) and not queries.exists(rt[1], on)
    assert {link.former for link in queries.came_from(rt[0]) if link.on == on} == set(rt)


def test_a_split_must_say_where_everything_inside_goes() -> None:
    on = date(2026, 7, 1)
    parts = [
        RegionFact("99.01.01.1008", "ward", "West", lon=118.46, lat=-0.48),
        RegionFact("99.01.01.1009", "ward", "East", lon=118.48, lat=-0.48),
    ]
    with pytest.raises(Invalid) as refused:
        operations.split_region(
            actor=ME, code=RIVERSIDE, parts=parts, on=on, inside={f"{RIVERSIDE}.RT001": "99.01.01.1008"}
        )
    assert refused.value.code == "children_left" and "RT002" in str(refused.value.message)
    assert not Region.objects.filter(code="99.01.01.1008").exists()
    inside = {
        f"{RIVERSIDE}.RT001": "99.01.01.1008",
        f"{RIVERSIDE}.RT002": "99.01.01.1009",
        f"{RIVERSIDE}.RT005": "99.01.01.1009",
    }
    operations.split_region(actor=ME, code=RIVERSIDE, parts=parts, on=on, inside=inside)
    assert queries.living_successors(RIVERSIDE, on) == ["99.01.01.1008", "99.01.01.1009"]
    assert queries.children("99.01.01.1009", on) == [f"{RIVERSIDE}.RT002", f"{RIVERSIDE}.RT005"]
    assert queries.ancestors("99.01.01.1008", on) == ["99.01.01", "99.01"]


def test_a_split_may_leave_the_rest_under_the_old_code() -> None:
    on = date(2026, 7, 1)
    parts = [
        RegionFact(RIVERSIDE, "ward", "Riverside"),
        RegionFact("99.01.01.1009", "ward", "East", lon=118.48, lat=-0.48),
    ]
    operations.split_region(actor=ME, code=RIVERSIDE, parts=parts, on=on)
    assert queries.exists(RIVERSIDE, on) and len(queries.children(RIVERSIDE, on)) == 3
    assert [link.successor for link in queries.became(RIVERSIDE)] == [RIVERSIDE, "99.01.01.1009"]


@pytest.mark.parametrize(
    ("call", "error", "code"),
    [
        (
            lambda: operations.merge_regions(
                actor=ME, codes=[RIVERSIDE, f"{HARBOUR}.RT002"], into=RIVERSIDE, on=today()
            ),
            Invalid,
            "bad_level",
        ),
        (
            lambda: operations.merge_regions(actor=ME, codes=[RIVERSIDE], into=RIVERSIDE, on=today()),
            Invalid,
            "one_region",
        ),
        (
            lambda: operations.merge_regions(actor=ME, codes=[RIVERSIDE, HARBOUR], into="99.01.01.1099", on=today()),
            Invalid,
            "no_name",
        ),
        (
            lambda: operations.merge_regions(
                actor=ME, codes=[f"{RIVERSIDE}.RT003", f"{RIVERSIDE}.RT001"], into=f"{RIVERSIDE}.RT001", on=today()
            ),
            Conflict,
            "region_ended",
        ),
        (lambda: operations.rename_region(actor=ME, code="99.77", name="X", on=today()), NotFound, "no_region"),
        (lambda: operations.rename_region(actor=ME, code=RIVERSIDE, name="  ", on=today()), Invalid, "no_name"),
        (lambda: operations.set_parent(actor=ME, code=RIVERSIDE, parent=HARBOUR, on=today()), Invalid, "bad_parent"),
        (
            lambda: operations.define_region(actor=ME, code="99.01.09", level="district", name="X", parent="99.02"),
            Invalid,
            "no_parent",
        ),
        (
            lambda: operations.define_region(actor=ME, code="99.01.09", level="village", name="X", parent="99.01"),
            Invalid,
            "bad_level",
        ),
        (
            lambda: operations.define_region(
                actor=ME, code="99.01.09", level="district", name="X", parent="99.01", lon=-0.5, lat=118.5
            ),
            Invalid,
            "bad_point",
        ),
        (
            lambda: operations.define_region(
                actor=ME, code="99.01.09", level="district", name="X", parent="99.01", lon=float("nan"), lat=1
            ),
            Invalid,
            "bad_point",
        ),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(call, error, code) -> None:
    before = list(RegionName.objects.order_by("id").values_list("region__code", "name", "valid_from", "valid_to"))
    entries = AuditEntry.objects.count()
    with pytest.raises(error) as refused:
        call()
    assert refused.value.code == code
    assert str(refused.value.message)
    assert (
        list(RegionName.objects.order_by("id").values_list("region__code", "name", "valid_from", "valid_to")) == before
    )
    assert AuditEntry.objects.count() == entries


def test_only_an_administrator_of_the_whole_city_may() -> None:
    ward = Actor(kind="person", id="x", grants=(Grant("administrator", "region", RIVERSIDE), Grant("duty_officer")))
    with pytest.raises(Denied) as refused:
        operations.rename_region(actor=ward, code=RIVERSIDE, name="Mine", on=today())
    assert str(refused.value.helper)
    operations.rename_region(
        actor=Actor(kind="person", id="a", grants=(Grant("administrator"),)), code=RIVERSIDE, name="Bank", on=today()
    )
    assert queries.name_of(RIVERSIDE) == "Bank"


def test_names_cost_no_query_each(django_assert_max_num_queries) -> None:
    queries.names()
    with one_look(), django_assert_max_num_queries(2):  # the versions of two topics, once each
        names = queries.names()
        assert [names[code] for code in queries.regions_within("99.01.01")][:2] == ["Upper Contoh", "Riverside"]


def test_lookups_for_other_rooms() -> None:
    assert queries.by_bps_code("9901010001").code == RIVERSIDE
    assert queries.region_id(RIVERSIDE) == Region.objects.get(code=RIVERSIDE).pk
    assert queries.label_point(RIVERSIDE) == (118.47, -0.48)
    assert queries.choices()[0] == ("Lower Contoh", [(HARBOUR, "Harbour"), ("99.01.02.1002", "Mangrove")])
    assert queries.name_of("unknown") == "unknown"
    with pytest.raises(NotFound):
        queries.find("unknown")


@given(days=st.lists(st.dates(date(2000, 1, 1), date(2049, 12, 31)), min_size=1, max_size=6))
def test_after_any_renames_each_day_has_exactly_one_name(days: list[date]) -> None:
    from django.db import transaction

    with transaction.atomic():
        for number, day in enumerate(days):
            operations.rename_region(actor=ME, code=HARBOUR, name=f"Name {number}", on=day)
        history = queries.history(HARBOUR)
        for earlier, later in itertools.pairwise(history):
            assert earlier.valid_to is not None and later.valid_from == earlier.valid_to + timedelta(days=1)
        assert history[0].valid_from is None and history[-1].valid_to is None
        for day in days:
            assert queries.name_of(HARBOUR, day) == f"Name {max(n for n, other in enumerate(days) if other == day)}"
        transaction.set_rollback(True)
