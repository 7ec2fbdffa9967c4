"""What a part of the plan carries, checked: fields, targets, money, milestones, risks, dependencies.

`checked_fields` and `checked_lists` take what people, files and packs give and return what the tables hold. Every refusal
names its field. What is merely missing is no error here: a draft may be unfinished, proposing it says what is missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Invalid, checked_text
from tepian.kernel.organisations import queries as organisations

from .. import states
from ..models import Dependency, Milestone, Money, Part, Plan, Risk, Target
from ..queries import planning_codes

TEXTS = {
    "title": 300, "title_en": 300, "description": 6000, "renstra": 200, "indicator": 300, "unit": 60, "outcome": 4000,
    "impact": 4000,
    "figure": 160, "code": 40,
}  # fmt: skip
YEARS = ("first_year", "last_year")
FIELDS = (
    *TEXTS, "dimension", "subdimension", "agency_code", "quick_win", "planning_code", *YEARS, "direction", "rule",
    "baseline", "tolerance", "weight",
)  # fmt: skip
LISTS = ("targets", "money", "milestones", "risks", "dependencies")
OF_ACTIONS = ("quick_win", "indicator", "unit", "direction", "rule", "baseline", "figure", "tolerance", "weight")
MOST = 1e15  # a number beyond this is a slip of the hand
LONGEST_LIST = 60


@dataclass(slots=True)
class Lists:
    """What hangs on a part, ready to be written. None: not given, stays as it is."""

    targets: list[Target] | None = None
    money: list[Money] | None = None
    milestones: list[Milestone] | None = None
    risks: list[Risk] | None = None
    dependencies: list[Dependency] | None = None

    def given(self) -> dict[str, list[Any]]:
        return {name: rows for name in LISTS if (rows := getattr(self, name)) is not None}


def number(value: Any, name: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found) or abs(found) > MOST:
        raise Invalid(_("Write a number, for example 1.234,5."), code="number", field=name)
    return found


def _whole(value: Any, name: str, low: int, high: int, message: Any) -> int:
    found = number(value, name)
    if found is None or found != int(found) or not low <= found <= high:
        raise Invalid(message, code=name, field=name)
    return int(found)


def year(plan: Plan, value: Any, name: str) -> int:
    return _whole(
        value,
        name,
        plan.first_year,
        plan.last_year,
        format_lazy(
            _("Choose a year of the plan, from {first} to {last}."), first=plan.first_year, last=plan.last_year
        ),
    )


def checked_fields(plan: Plan, kind: str, given: Mapping[str, Any], present: Part | None = None) -> dict[str, Any]:
    """The fields that were given, as the table holds them. Raises `Invalid`."""
    for name in given:
        if name not in FIELDS and name not in LISTS:
            raise Invalid(format_lazy(_("“{name}” is not known here."), name=name), code="unknown_field", field=name)
    values: dict[str, Any] = {}
    for name, limit in TEXTS.items():
        if name in given:
            values[name] = checked_text(str(given[name] or ""), name, limit=limit, needed=name == "title")
    for name in YEARS:
        if name in given:
            values[name] = None if given[name] in (None, "") else year(plan, given[name], name)
    for name in ("baseline", "tolerance"):
        if name in given:
            values[name] = number(given[name], name)
    if "quick_win" in given:
        values["quick_win"] = bool(given["quick_win"])
    if "weight" in given:
        values["weight"] = _whole(
            given["weight"], "weight", 1, 100, _("The weight is a whole number from 1 to 100; 1 is usual.")
        )
    values |= _chosen(plan, given)
    _fit(kind, {**_present(present), **values}, values)
    return values


def _present(part: Part | None) -> dict[str, Any]:
    return {name: getattr(part, name) for name in FIELDS} if part else {}


def _chosen(plan: Plan, given: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    known = {each["code"]: {part["code"] for part in each.get("parts", [])} for each in plan.framework.dimensions}
    for name, allowed, message in (
        ("dimension", ("", *known), _("Choose a dimension of the plan.")),
        ("direction", ("", states.UP, states.DOWN), _("Choose whether more or less is better.")),
        ("rule", (states.LAST, states.SUM), _("Choose how quarters make a year.")),
    ):
        if name in given:
            values[name] = str(given[name] or ("" if name != "rule" else states.LAST))
            if values[name] not in allowed:
                raise Invalid(message, code=name, field=name)
    if "subdimension" in given:
        values["subdimension"] = str(given["subdimension"] or "")
        if values["subdimension"] and not any(values["subdimension"] in parts for parts in known.values()):
            raise Invalid(_("Choose a part of the dimension."), code="subdimension", field="subdimension")
    if "agency_code" in given:
        values["agency_code"] = str(given["agency_code"] or "")
        if values["agency_code"] and values["agency_code"] not in organisations.chart().agencies:
            raise Invalid(_("Choose an agency from the list."), code="agency", field="agency_code")
    if "planning_code" in given:
        code = planning_codes.normal(str(given["planning_code"] or ""))
        if code and not planning_codes.level(code):
            raise Invalid(
                format_lazy(
                    _("“{code}” is no planning code. Write it as 1.01.01.2.02.0001; you may stop at any level."),
                    code=code,
                ),
                code="planning_code",
                field="planning_code",
            )
        values["planning_code"] = code
    return values


def _fit(kind: str, together: Mapping[str, Any], values: dict[str, Any]) -> None:
    """What does not fit together. Goals and programmes are not measured themselves."""
    first, last = together.get("first_year"), together.get("last_year")
    if first and last and last < first:
        raise Invalid(_("The last year lies before the first."), code="years", field="last_year")
    tolerance = together.get("tolerance")
    if tolerance is not None and not 0 <= tolerance <= 100:
        raise Invalid(_("The tolerance is a percentage from 0 to 100."), code="tolerance", field="tolerance")
    if kind != states.ACTION:
        for name in OF_ACTIONS:
            if values.get(name) not in (None, "", False, states.LAST, 1):
                raise Invalid(
                    _("Only an action is measured. Write targets and indicators at its actions."),
                    code="not_an_action",
                    field=name,
                )


def checked_lists(plan: Plan, kind: str, key: UUID, given: Mapping[str, Any]) -> Lists:
    """The lists that were given. `targets`: year → value; `money`: (year, source) → rupiah; `milestones`:
    `{"key"?, "title", "due_on", "weight"?}`; `risks`: `{"text", "likelihood", "severity", "response"?}`; `dependencies`:
    `{"on_key", "note"?}`. Raises `Invalid`."""
    lists = Lists()
    for name in LISTS:
        rows = given.get(name)
        if rows is None:
            continue
        if rows and kind != states.ACTION:
            raise Invalid(
                _("Only an action is measured. Write targets and indicators at its actions."),
                code="not_an_action",
                field=name,
            )
        if len(rows) > LONGEST_LIST * (4 if name == "money" else 1):
            raise Invalid(_("These are too many lines for one action."), code="too_many", field=name)
    if (targets := given.get("targets")) is not None:
        lists.targets = [
            Target(year=year(plan, when, "targets"), value=value)
            for when, raw in sorted(targets.items())
            if (value := number(raw, "targets")) is not None
        ]
    if (money := given.get("money")) is not None:
        lists.money = list(_money(plan, money))
    if (milestones := given.get("milestones")) is not None:
        lists.milestones = _milestones(milestones)
    if (risks := given.get("risks")) is not None:
        lists.risks = [_risk(each) for each in risks]
        if len({each.text for each in lists.risks}) < len(lists.risks):
            raise Invalid(_("A risk is there twice."), code="risk_twice", field="risks")
    if (dependencies := given.get("dependencies")) is not None:
        lists.dependencies = _dependencies(key, dependencies)
    return lists


def _money(plan: Plan, money: Mapping[tuple[int, str], Any]) -> Iterable[Money]:
    for (when, source), raw in sorted(money.items()):
        amount = number(raw, "money")
        if amount is None:
            continue
        if source not in states.SOURCES:
            raise Invalid(_("Choose where the money comes from."), code="source", field="money")
        if amount < 0 or amount != int(amount):
            raise Invalid(_("Money is whole rupiah, 0 or more."), code="money", field="money")
        yield Money(year=year(plan, when, "money"), source=source, amount=int(amount))


def _milestones(rows: Iterable[Mapping[str, Any]]) -> list[Milestone]:
    found: dict[UUID, Milestone] = {}
    for each in rows:
        due = each.get("due_on")
        if not isinstance(due, date):
            raise Invalid(_("A milestone needs a day."), code="milestone_day", field="milestones")
        key = each.get("key") or uuid4()
        if key in found:
            raise Invalid(_("A milestone is there twice."), code="milestone_twice", field="milestones")
        found[key] = Milestone(
            key=key,
            title=checked_text(str(each.get("title") or ""), "milestones", limit=300),
            due_on=due,
            weight=_whole(
                each.get("weight") or 1,
                "milestones",
                1,
                100,
                _("The weight is a whole number from 1 to 100; 1 is usual."),
            ),
        )
    return list(found.values())


def _risk(given: Mapping[str, Any]) -> Risk:
    scale = _("Likelihood and severity of a risk are whole numbers from 1 (small) to 5 (great).")
    return Risk(
        text=checked_text(str(given.get("text") or ""), "risks", limit=500),
        likelihood=_whole(given.get("likelihood"), "risks", 1, 5, scale),
        severity=_whole(given.get("severity"), "risks", 1, 5, scale),
        response=checked_text(str(given.get("response") or ""), "risks", limit=500, needed=False),
    )


def _dependencies(key: UUID, rows: Iterable[Mapping[str, Any]]) -> list[Dependency]:
    found: dict[UUID, Dependency] = {}
    for each in rows:
        on = UUID(str(each["on_key"]))
        if on == key:
            raise Invalid(_("An action cannot wait for itself."), code="waits_for_itself", field="dependencies")
        found[on] = Dependency(
            on_key=on, note=checked_text(str(each.get("note") or ""), "dependencies", limit=300, needed=False)
        )
    return list(found.values())
