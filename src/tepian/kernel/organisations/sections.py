"""The agencies' and positions' part of a city pack: agencies.csv, positions.toml, and the offices of the regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.packs import CityPack, Problem, notice

from .operations import CODE, ROLES, SCOPES, AgencyFact, PositionFact, define_agencies, define_positions


def _office_words(pack: CityPack) -> dict[str, str]:
    """From city.toml, `[offices]`: what the offices of districts and wards are called; none when it says nothing."""
    words = pack.toml("city").get("offices", {})
    return {level: str(words[level]) for level in ("district", "ward") if words.get(level)}


def agency_facts(pack: CityPack) -> list[AgencyFact]:
    """The agencies of agencies.csv, and one office for each district and ward (`office_code`)."""
    facts = [
        AgencyFact(
            code=row["code"],
            name=row["name"],
            short_name=row["short_name"],
            parent=row["parent"],
            region=row["region"],
            contact=row["contact"],
        )
        for row in pack.csv("agencies", required=("code", "name"))
    ]
    words = _office_words(pack)
    living = {row["code"]: row for row in pack.csv("regions") if not row["valid_to"]}
    for code, row in living.items():
        if row["level"] in words:
            word = words[row["level"]]
            parent = office_code(row["parent"], "district") if row["level"] == "ward" and "district" in words else ""
            facts.append(
                AgencyFact(
                    code=office_code(code, row["level"]), name=f"{word} {row['name']}", parent=parent, region=code
                )
            )
    return facts


def office_code(region: str, level: str) -> str:
    """The code of a region's office: `ward-64.72.05.1003`."""
    return f"{level}-{region}".lower()


def position_facts(pack: CityPack) -> list[PositionFact]:
    return [
        PositionFact(
            code=str(table["code"]),
            title=str(table["title"]),
            agency=str(table["agency"]),
            grants=table.get("grants", []),
        )
        for table in pack.tables("positions", "positions", required=("code", "title", "agency"))
    ]


def check(pack: CityPack) -> Iterator[Problem]:
    if not pack.has("agencies.csv"):
        yield notice(_("no agencies: nobody can be given a task"), file="agencies.csv")
    facts = agency_facts(pack)
    codes = {fact.code for fact in facts}
    regions = {row["code"] for row in pack.csv("regions")}
    seen: dict[str, int] = {}
    for row in pack.csv("agencies"):
        if row["code"] in seen:
            yield row.problem(_("the same code stands in line %(line)d") % {"line": seen[row["code"]]})
        seen.setdefault(row["code"], row.line)
        if not CODE.fullmatch(row["code"]) or not row["name"]:
            yield row.problem(_("an agency needs a code (small letters, digits, dots, hyphens) and a name"))
        if row["parent"] and row["parent"] not in codes:
            yield row.problem(_("its parent agency %(parent)s is not known") % {"parent": row["parent"]})
        if row["region"] and row["region"] not in regions:
            yield row.problem(_("its region %(region)s is not in regions.csv") % {"region": row["region"]})
    known: set[str] = set()
    for table in pack.tables("positions", "positions", required=("code", "title", "agency")):
        code = str(table["code"])
        if code in known:
            yield pack.problem("positions", _("this code stands twice"), code)
        known.add(code)
        if table["agency"] not in codes:
            yield pack.problem("positions", _("its agency %(agency)s is not known") % {"agency": table["agency"]}, code)
        yield from _check_grants(pack, code, table.get("grants", []), codes, regions)


def _check_grants(pack: CityPack, code: str, grants: Any, agencies: set[str], regions: set[str]) -> Iterator[Problem]:
    if not isinstance(grants, list) or not all(isinstance(grant, dict) for grant in grants):
        yield pack.problem("positions", _("grants must be a list of {role, scope, code}"), code)
        return
    for grant in grants:
        scope = grant.get("scope", "city")
        if grant.get("role") not in ROLES:
            yield pack.problem("positions", _("“%(role)s” is no role") % {"role": grant.get("role")}, code)
        if scope not in SCOPES:
            yield pack.problem("positions", _("“%(scope)s” is no scope") % {"scope": scope}, code)
        target = str(grant.get("code", ""))
        if (scope == "agency" and target not in agencies) or (scope == "region" and target not in regions):
            yield pack.problem(
                "positions", _("it is granted for “%(code)s”, which is not known") % {"code": target}, code
            )


def load(pack: CityPack, actor: Actor) -> dict[str, int]:
    agencies = define_agencies(actor=actor, agencies=agency_facts(pack))
    positions = define_positions(actor=actor, positions=position_facts(pack))
    return dict(agencies + positions)
