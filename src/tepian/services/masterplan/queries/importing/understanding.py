"""Rows of a planners' table made to goals, programmes and actions. What needs a person is a `Trouble`; what a person
should merely know is a note."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tepian.toolkit.tables import Cell, Row, Table
from tepian.toolkit.tables.words import row_role
from tepian.ui import words as ui_words

from ... import states
from ...models import Plan
from .. import planning_codes
from ..given import Given
from . import values
from .columns import IGNORE, MONEY, TARGET, Role, undated

SHOWN = 30  # cells of one trouble that are named
Meanings = Mapping[tuple[str, str], str]  # (what it is of, what is written) → code; "" leaves it out
_ENUMERATION = re.compile(r"^(?:[A-Z]|[IVX]{1,5}|\d{1,2})[.)]\s+")
_GOAL = re.compile(r"^(tujuan|sasaran|misi|goal)\b", re.I)
_PROGRAMME = re.compile(r"^program", re.I)
_LIMITS = {"goal": 300, "programme": 300, "action": 300, "indicator": 300, "unit": 60, "renstra": 200, "title_en": 300,
           "outcome": 4000, "impact": 4000, "description": 6000}  # fmt: skip


@dataclass(slots=True)
class Trouble:
    """Something that keeps cells from being understood; one answer serves all cells that say the same.

    Codes: unknown (an agency, a dimension, a source), not_a_number (a target, money), planning_code, too_long, twice (an
    action with several lines), same (perhaps an action of the plan under another name), no_action_column, no_rows."""

    code: str
    of: str = ""
    written: str = ""
    count: int = 0
    cells: list[str] = field(default_factory=list)
    suggestions: list[tuple[str, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "of": self.of,
            "written": self.written,
            "count": self.count,
            "cells": self.cells,
            "suggestions": [list(each) for each in self.suggestions],
        }


@dataclass(slots=True)
class Understood:
    """`skipped`: lines that carry sums. `notes`: sentences. `totals`: sums that disagree, as sentences."""

    roles: list[Role]
    goals: list[Given] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    totals: list[str] = field(default_factory=list)
    skipped: int = 0
    actions: int = 0


def understand(table: Table, plan: Plan, roles: Sequence[Role], meanings: Meanings) -> Understood:
    """The tree that a table gives under these roles and answers."""
    return _Reading(table, plan, roles, meanings).run()


class _Reading:
    def __init__(self, table: Table, plan: Plan, roles: Sequence[Role], meanings: Meanings) -> None:
        self.table, self.plan, self.meanings = table, plan, meanings
        self.outside = sorted(
            {role.year for role in roles if role.year and not plan.first_year <= role.year <= plan.last_year}
        )
        self.roles = [Role(IGNORE) if role.year in self.outside else role for role in roles]
        self.result = Understood(self.roles)
        self.at = {role.name: at for at, role in enumerate(self.roles) if role.name not in (TARGET, MONEY, IGNORE)}
        self.figures = [(at, role) for at, role in enumerate(self.roles) if role.name in (TARGET, MONEY)]
        self.has_source = any(role.name == MONEY and role.source for _at, role in self.figures)
        self.troubles: dict[tuple[str, str, str], Trouble] = {}
        self.agencies, self.sources = values.agencies(), values.sources()
        self.dimensions, self.subdimensions = values.dimension_lookup(plan.framework)
        self.goals: dict[str, Given] = {}
        self.carried = dict.fromkeys(("goal", "programme", "dimension"), "")
        self.section_goal = self.section_programme = self.section_dimension = ""
        self.seen: dict[tuple[str, str, str], Given] = {}
        self.sums: dict[int, int] = {at: 0 for at, role in self.figures if role.name == MONEY}
        self.marks: dict[int, list[int]] = {at: [0] for at in self.sums}  # the sum so far at each line with sums
        self.guessed_down = self.guessed_up = self.without_goal = 0

    # --- the whole ----------------------------------------------------------------------------------------------------

    def run(self) -> Understood:
        result = self.result
        if "action" not in self.at:
            self.trouble("no_action_column")
        else:
            for row in self.table.rows:
                self.row(row)
            if not result.actions:
                self.trouble("no_rows")
        result.goals = list(self.goals.values())
        result.troubles = list(self.troubles.values())
        self.notes()
        return result

    def notes(self) -> None:
        result = self.result
        if self.outside:
            listed = ", ".join(map(str, self.outside))
            result.notes.append(_("Columns of years outside the plan were not taken: %(years)s.") % {"years": listed})
        lost = [self.table.columns[at].name for at in undated(self.table) if self.roles[at].name == IGNORE]
        if lost:
            result.notes.append(
                _("These columns name no year and were not taken: %(columns)s. Say below which year they are of.")
                % {"columns": ", ".join(lost)}
            )
        if result.skipped:
            result.notes.append(
                ngettext("%(n)s line with sums was left out.", "%(n)s lines with sums were left out.", result.skipped)
                % {"n": result.skipped}
            )
        if self.guessed_down or self.guessed_up:
            result.notes.append(
                _(
                    "Whether more or less is better was taken from the targets: %(down)s fall, %(up)s do not. Look at "
                    "them in the draft."
                )
                % {"down": self.guessed_down, "up": self.guessed_up}
            )
        if self.without_goal:
            result.notes.append(_("No goals are written; each dimension became a goal. Name the goals in the draft."))
        if any(role.name == MONEY for role in self.roles) and not self.has_source and "source" not in self.at:
            result.notes.append(
                _("No source of the money is written; all of it was taken as the city's budget (APBD).")
            )

    def trouble(
        self, code: str, of: str = "", written: str = "", cell: Cell | None = None, lookup: values.Lookup | None = None
    ) -> None:
        found = self.troubles.get((code, of, written))
        if found is None:
            found = self.troubles[code, of, written] = Trouble(code, of, written)
            if lookup is not None:
                found.suggestions = lookup.suggestions(written)
        found.count += 1
        if cell is not None and len(found.cells) < SHOWN:
            found.cells.append(cell.address)

    # --- rows ---------------------------------------------------------------------------------------------------------

    def text(self, row: Row, name: str) -> str:
        at = self.at.get(name)
        if at is None:
            return ""
        cell = row.cells[at]
        if cell.missing and cell.missing != "not_understood":
            return ""
        text = cell.raw if cell.value is None else str(cell.value) if isinstance(cell.value, str) else cell.raw
        text = " ".join(text.split())
        limit = _LIMITS.get(name)
        if limit and len(text) > limit:
            self.trouble("too_long", name, text, cell)
            return text[:limit]
        return text

    def row(self, row: Row) -> None:
        if row.role == "section":
            self.section(row.section)
        elif row.role in ("total", "subtotal", "average"):
            self.total(row)
        elif row.role == "data":
            first = next((str(cell.value) for cell in row.cells[:4] if isinstance(cell.value, str)), "")
            title = self.text(row, "action")
            if (not title or title == first) and row_role(first):
                self.total(row)
            elif title:
                self.action(row, title)
            else:
                for name in self.carried:  # a line that only names its goal or programme
                    self.carry(row, name)

    def section(self, text: str) -> None:
        """A heading between the rows: a dimension, a goal or a programme."""
        bare = _ENUMERATION.sub("", text.strip())
        code = self.meanings.get(("dimension", bare)) or self.dimensions.code(bare)
        if code and "dimension" not in self.at:
            self.section_dimension, self.section_goal, self.section_programme = code, "", ""
        elif _PROGRAMME.match(bare) and "programme" not in self.at:
            self.section_programme = bare[:300]
        elif "goal" not in self.at and not code:
            self.section_goal, self.section_programme = bare[:300], ""

    def carry(self, row: Row, name: str) -> str:
        """What stands in the row, or above it: written once and left blank below."""
        text = self.text(row, name)
        if text:
            if name == "goal" and text != self.carried["goal"]:
                self.carried["programme"] = ""
            self.carried[name] = text
        return self.carried[name]

    def action(self, row: Row, title: str) -> None:
        goal, programme, dimension = (self.carry(row, name) for name in ("goal", "programme", "dimension"))
        code = self.dimension(row, dimension) or self.section_dimension
        goal = goal or self.section_goal
        if not goal:
            self.without_goal += 1
            goal = self.dimensions.labels.get(code, self.plan.title)
        programme = programme or self.section_programme or goal
        given = {"title": title, "dimension": code, **self.fields(row, code)}
        indicator = str(given.get("indicator", ""))
        before = self.seen.get((goal, programme, title))
        if before is not None:
            cell = row.cells[self.at["action"]]
            answer = self.meanings.get(("twice", title))
            if answer is None:
                self.trouble("twice", "twice", title, cell)
                found = self.troubles["twice", "twice", title]
                found.suggestions = [
                    ("split", _("each line is an action of its own, named after its indicator")),
                    ("first", _("only the first line counts")),
                ]
            if answer != "split":
                return
            given["title"] = f"{title} ({indicator or len(self.seen)})"[:300]
        parent = self.branch(goal, programme)
        made = Given(states.ACTION, given, where=row.cells[self.at["action"]].address)
        parent.below.append(made)
        self.seen.setdefault((goal, programme, title), made)
        self.result.actions += 1

    def branch(self, goal: str, programme: str) -> Given:
        above = self.goals.setdefault(goal, Given(states.GOAL, {"title": _ENUMERATION.sub("", goal)}))
        for each in above.below:
            if each.where == programme:
                return each
        made = Given(states.PROGRAMME, {"title": _ENUMERATION.sub("", programme)}, where=programme)
        above.below.append(made)
        return made

    # --- cells --------------------------------------------------------------------------------------------------------

    def fields(self, row: Row, dimension: str) -> dict[str, Any]:
        """What the columns of this table say; a field without a column is not in it."""
        given: dict[str, Any] = {
            name: self.text(row, name)
            for name in ("indicator", "unit", "renstra", "description", "outcome", "impact", "title_en", "code")
            if name in self.at
        }
        if "agency" in self.at:
            given["agency_code"] = self.meant("agency", row, self.agencies)
        if "subdimension" in self.at:
            given["subdimension"] = self.meant("subdimension", row, self.subdimensions)
        if "planning_code" in self.at:
            given["planning_code"] = self.planning_code(row)
        if "quick_win" in self.at:
            given["quick_win"] = self.text(row, "quick_win").lower() not in values.NO
        if "period" in self.at and (found := values.years(self.text(row, "period"))):
            first, last = self.plan.first_year, self.plan.last_year
            given["first_year"], given["last_year"] = (min(max(year, first), last) for year in found)
        if "baseline" in self.at:
            given["baseline"] = self.number(row.cells[self.at["baseline"]])
        self.amounts(row, given)
        return given

    def amounts(self, row: Row, given: dict[str, Any]) -> None:
        targets: dict[int, float] = {}
        money: dict[tuple[int, str], int] = {}
        kinds = {role.name for _at, role in self.figures}
        if MONEY in kinds:
            source = self.meant("source", row, self.sources) if "source" in self.at else ""
        for at, role in self.figures:
            cell = row.cells[at]
            if role.name == TARGET:
                if (value := self.number(cell)) is not None:
                    targets[role.year] = value
            elif amount := self.money(cell, role):
                key = role.year, role.source or source or states.APBD
                money[key] = money.get(key, 0) + amount
                self.sums[at] += amount
        if TARGET in kinds:
            given["targets"] = targets
            if targets:
                given["direction"] = self.direction(targets, given.get("baseline"))
        if MONEY in kinds:
            given["money"] = money

    def direction(self, targets: Mapping[int, float], baseline: float | None) -> str:
        ordered = [targets[year] for year in sorted(targets)]
        start = baseline if baseline is not None else ordered[0]
        if ordered[-1] < start:
            self.guessed_down += 1
            return states.DOWN
        self.guessed_up += 1
        return states.UP

    def meant(self, of: str, row: Row, lookup: values.Lookup) -> str:
        text = self.text(row, of)
        if not text:
            return ""
        if (answer := self.meanings.get((of, text))) is not None:
            return answer
        code = lookup.code(text)
        if not code:
            self.trouble("unknown", of, text, row.cells[self.at[of]], lookup)
        return code

    def dimension(self, row: Row, text: str) -> str:
        if not text:
            return ""
        bare = _ENUMERATION.sub("", text)
        if (answer := self.meanings.get(("dimension", bare))) is not None:
            return answer
        code = self.dimensions.code(bare)
        if not code:
            self.trouble("unknown", "dimension", bare, row.cells[self.at["dimension"]], self.dimensions)
        return code

    def planning_code(self, row: Row) -> str:
        text = self.text(row, "planning_code")
        code = planning_codes.normal(text)
        if not code or planning_codes.level(code):
            return code
        if (answer := self.meanings.get(("planning_code", text))) is not None:
            return planning_codes.normal(answer) if planning_codes.level(planning_codes.normal(answer)) else ""
        self.trouble("planning_code", "planning_code", text, row.cells[self.at["planning_code"]])
        return ""

    def number(self, cell: Cell) -> float | None:
        if cell.missing and cell.missing not in ("not_understood", "ambiguous"):
            return None
        value = values.number(cell)
        return value if value is not None else self.answered("number", cell, values.number_text)

    def money(self, cell: Cell, role: Role) -> int | None:
        if cell.missing and cell.missing not in ("not_understood", "ambiguous"):
            return None
        value = values.money(cell, role.scale)
        return value if value is not None else self.answered("money", cell, values.money_text)

    def answered(self, of: str, cell: Cell, read: Any) -> Any:
        written = " ".join(cell.raw.split())
        answer = self.meanings.get((of, written))
        if answer is not None:
            return read(answer) if answer else None
        self.trouble("not_a_number", of, written, cell)
        return None

    # --- sums ---------------------------------------------------------------------------------------------------------

    def total(self, row: Row) -> None:
        """A line with sums is left out, and each sum held against the rows since one of the sums before, or since the
        first: programmes, dimensions and the whole are summed one within the other."""
        self.result.skipped += 1
        label = next((str(cell.value) for cell in row.cells if isinstance(cell.value, str)), "")
        for at, role in self.figures:
            if role.name != MONEY:
                continue
            cell = row.cells[at]
            said = values.money(cell, role.scale) if not cell.missing else None
            possible = [self.sums[at] - mark for mark in self.marks[at]]
            if said is not None and said not in possible:
                near = min(possible, key=lambda each: abs(each - said))
                self.result.totals.append(
                    _("%(cell)s “%(label)s” says %(said)s; the lines add up to %(sum)s.")
                    % {
                        "cell": cell.address,
                        "label": label,
                        "said": ui_words.rupiah(said),
                        "sum": ui_words.rupiah(near),
                    }
                )
            self.marks[at].append(self.sums[at])
