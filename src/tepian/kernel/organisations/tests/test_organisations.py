"""Agencies and positions."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from tepian.kernel.actors import Actor, Conflict, Denied, Grant, Invalid, NotFound, system
from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.catalogue import versions
from tepian.kernel.catalogue.city import today
from tepian.kernel.organisations import operations, queries
from tepian.kernel.organisations.operations import AgencyFact

ME = system("tests")
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]


def test_the_pack_brings_agencies_offices_and_positions() -> None:
    assert queries.agency("bpbd.pusdalops").parent == "bpbd"
    assert queries.agency_name("bpbd") == "BPBD" and queries.agency_name("unknown") == "unknown"
    office = queries.office_of("99.01.01.1001")
    assert office and office.code == "ward-99.01.01.1001" and office.parent == "district-99.01.01"
    assert queries.units_within("district-99.01.01")[1:] == [f"ward-99.01.01.100{n}" for n in (1, 2, 3)]
    duty = queries.position("bpbd.duty-officer")
    assert Grant("duty_officer") in duty.grants and duty.agency == "bpbd.pusdalops"
    assert [item.code for item in queries.positions(role="auditor")] == ["inspektorat.auditor"]
    ward_head = queries.position("ward-99.01.01.1001.head").grants[0]
    assert ward_head.covers(region="99.01.01.1001.RT001") and not ward_head.covers(region="99.01.01.1002")


def test_units_are_placed_under_parents_in_any_order() -> None:
    facts = [AgencyFact("x.y.z", "Z", parent="x.y"), AgencyFact("x.y", "Y", parent="x"), AgencyFact("x", "X")]
    assert operations.define_agencies(actor=ME, agencies=facts) == {"added": 3, "changed": 0, "unchanged": 0}
    assert operations.define_agencies(actor=ME, agencies=facts)["unchanged"] == 3
    assert queries.units_within("x") == ["x", "x.y", "x.y.z"]
    assert [item.code for item in queries.agencies(parent="x")] == ["x.y"]


def test_a_change_of_rights_is_felt_and_recorded() -> None:
    before = versions.current(["identity"])
    position = operations.define_position(
        actor=ME,
        code="x.post",
        title="Post",
        agency="bpbd",
        grants=[{"role": "responder", "scope": "agency", "code": "bpbd"}],
    )
    assert position.grants == [{"role": "responder", "scope": "agency", "code": "bpbd"}]
    assert versions.current(["identity"]) != before
    entry = AuditEntry.objects.filter(operation="organisations.define_position").get()
    assert entry.details["grants"] == position.grants


def test_a_position_ends_at_once() -> None:
    operations.end_position(actor=ME, code="bpbd.head")
    assert not queries.position("bpbd.head").exists(today()) and queries.position("bpbd.head").exists(
        today() - timedelta(days=1)
    )
    assert "bpbd.head" not in [item.code for item in queries.positions()]


def test_an_agency_ends_only_when_it_is_empty() -> None:
    with pytest.raises(Conflict) as refused:
        operations.end_agency(actor=ME, code="inspektorat", on=date(2030, 1, 1))
    assert "inspektorat.auditor" in str(refused.value.message)
    operations.end_position(actor=ME, code="inspektorat.auditor", on=date(2030, 1, 1))
    operations.end_agency(actor=ME, code="inspektorat", on=date(2030, 1, 1))
    assert "inspektorat" not in [item.code for item in queries.agencies(on=date(2030, 1, 1))]
    assert "inspektorat" in [item.code for item in queries.agencies(on=date(2029, 12, 31))]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: operations.define_agency(actor=ME, code="Dinas X", name="X"), "bad_code"),
        (lambda: operations.define_agency(actor=ME, code="x", name=" "), "no_name"),
        (lambda: operations.define_agency(actor=ME, code="x", name="X", parent="nobody"), "no_agency"),
        (lambda: operations.define_agency(actor=ME, code="x", name="X", parent="x"), "circle"),
        (lambda: operations.define_agency(actor=ME, code="x", name="X", region="99.77"), "no_region"),
        (lambda: operations.define_position(actor=ME, code="x", title="", agency="bpbd"), "no_title"),
        (lambda: operations.define_position(actor=ME, code="x", title="X", agency="nobody"), "no_agency"),
        (
            lambda: operations.define_position(actor=ME, code="x", title="X", agency="bpbd", grants=[{"role": "king"}]),
            "bad_role",
        ),
        (
            lambda: operations.define_position(
                actor=ME, code="x", title="X", agency="bpbd", grants=[{"role": "head", "scope": "moon"}]
            ),
            "bad_scope",
        ),
        (
            lambda: operations.define_position(
                actor=ME, code="x", title="X", agency="bpbd", grants=[{"role": "head", "scope": "region", "code": "1"}]
            ),
            "no_region",
        ),
        (lambda: operations.end_position(actor=ME, code="nobody"), "no_position"),
        (lambda: operations.end_agency(actor=ME, code="nobody", on=date(2030, 1, 1)), "no_agency"),
    ],
)
def test_what_cannot_be_is_refused(call, code) -> None:
    with pytest.raises(Invalid) as refused:
        call()
    assert refused.value.code == code and str(refused.value.message)


def test_agencies_in_a_circle_are_refused() -> None:
    with pytest.raises(Invalid) as refused:
        operations.define_agencies(
            actor=ME, agencies=[AgencyFact("a", "A", parent="b"), AgencyFact("b", "B", parent="a")]
        )
    assert refused.value.code == "circle"
    with pytest.raises(NotFound):
        queries.agency("a")


def test_only_an_administrator_of_the_whole_city_gives_rights() -> None:
    for grants in ((), (Grant("administrator", "agency", "bpbd"),), (Grant("head"), Grant("duty_officer"))):
        with pytest.raises(Denied):
            operations.define_position(actor=Actor("person", "x", grants=grants), code="x", title="X", agency="bpbd")
    operations.define_position(
        actor=Actor("person", "x", grants=(Grant("administrator"),)), code="x", title="X", agency="bpbd"
    )
