"""The form of a goal, a programme or an action in a draft. What somebody typed is never lost: a refusal or a faster
colleague draws it again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from tepian.kernel.actors import Conflict, Invalid, NotFound
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui import words

from .. import operations, policies, queries, states
from ..models import Part, Plan, Revision
from ..queries import differences, fields, figures, given
from ..queries.missing import LEVELS, problems
from . import typed
from .acting import act, counter, seen_revision
from .drafts import head

TEXTS = (
    "code", "title", "title_en", "description", "dimension", "agency_code", "planning_code", "renstra", "first_year",
    "last_year", "outcome", "impact",
)  # fmt: skip
MEASURES = ("subdimension", "indicator", "unit", "direction", "rule", "baseline", "figure", "tolerance", "weight")
NUMBERS = ("baseline", "tolerance", "weight", "first_year", "last_year")
BLANK = {"milestones": 3, "risks": 2, "dependencies": 2}  # empty lines that wait for something
COLUMNS = {
    "milestones": ("key", "title", "due_on", "weight"),
    "risks": ("text", "likelihood", "severity", "response"),
    "dependencies": ("code", "note"),
}
LONGEST = 6000


def _shown(value: Any) -> str:
    """A number as it would be typed here."""
    return "" if value is None else words.number(round(value, 6)).replace("\u2212", "-")


@dataclass(slots=True)
class Written:
    """The form as text: from the record, or as somebody typed it. `targets`: year → text; `money`: "year-source" → text;
    `lines`: list → lines of columns."""

    fields: dict[str, str] = field(default_factory=dict)
    targets: dict[int, str] = field(default_factory=dict)
    money: dict[str, str] = field(default_factory=dict)
    lines: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    @classmethod
    def of(cls, part: Part, codes: Mapping[UUID, str]) -> Written:
        shown = {name: str(getattr(part, name) or "") for name in (*TEXTS, *MEASURES)}
        shown |= {name: _shown(getattr(part, name)) for name in ("baseline", "tolerance")}
        shown["weight"] = str(part.weight)
        shown["quick_win"] = "1" if part.quick_win else ""
        return cls(
            shown,
            {each.year: _shown(each.value) for each in part.targets.all()},
            {f"{each.year}-{each.source}": _shown(each.amount) for each in part.money.all()},
            {
                "milestones": [
                    {"key": str(each.key), "title": each.title, "due_on": each.due_on.isoformat(), "weight": str(each.weight)}
                    for each in part.milestones.all()
                ],
                "risks": [
                    {
                        "text": each.text, "likelihood": str(each.likelihood), "severity": str(each.severity),
                        "response": each.response,
                    }
                    for each in part.risks.all()
                ],
                "dependencies": [
                    {"code": codes.get(each.on_key, str(each.on_key)), "note": each.note} for each in part.dependencies.all()
                ],
            },
        )  # fmt: skip

    @classmethod
    def typed(cls, post: Any, plan: Plan) -> Written:
        years = range(plan.first_year, plan.last_year + 1)
        return cls(
            {name: str(post.get(name, ""))[:LONGEST] for name in (*TEXTS, *MEASURES, "quick_win")},
            {year: str(post.get(f"target-{year}", ""))[:40] for year in years},
            {
                f"{year}-{source}": str(post.get(f"money-{year}-{source}", ""))[:40]
                for year in years
                for source in states.SOURCES
            },
            {name: _lines(post, name, columns) for name, columns in COLUMNS.items()},
        )

    def values(self, plan: Plan, kind: str, codes: Mapping[str, UUID]) -> dict[str, Any]:
        """As `add_part` and `change_part` take it. Raises `Invalid` at the field."""
        told: dict[str, Any] = {name: self.fields[name] for name in TEXTS}
        for name in ("first_year", "last_year"):
            told[name] = typed.number(self.fields[name], name)
        if kind != states.ACTION:
            return told
        told |= {name: self.fields[name] for name in MEASURES if name not in NUMBERS}
        told["quick_win"] = bool(self.fields["quick_win"])
        told["baseline"] = typed.number(self.fields["baseline"], "baseline")
        told["tolerance"] = typed.number(self.fields["tolerance"], "tolerance")
        told["weight"] = typed.number(self.fields["weight"], "weight") or 1
        told["targets"] = {year: typed.number(text, f"target-{year}") for year, text in self.targets.items()}
        told["money"] = {}
        for key, text in self.money.items():
            year, _mark, source = key.partition("-")
            told["money"][int(year), source] = typed.rupiah(text, f"money-{key}")
        return told | self._listed(codes)

    def _listed(self, codes: Mapping[str, UUID]) -> dict[str, Any]:
        dependencies = []
        for line in self.lines["dependencies"]:
            if not line["code"].strip():
                continue
            code = line["code"].split()[0]
            on = codes.get(code) or (UUID(code) if re.fullmatch(r"[0-9a-f-]{36}", code) else None)
            if on is None:
                raise Invalid(
                    _("There is no action with the number “%(code)s” in this draft.") % {"code": code},
                    code="no_action",
                    field="dependencies",
                )
            dependencies.append({"on_key": on, "note": line["note"]})
        return {
            "milestones": [
                {
                    "key": UUID(line["key"]) if re.fullmatch(r"[0-9a-f-]{36}", line["key"]) else None,
                    "title": line["title"],
                    "due_on": typed.day(line["due_on"], "milestones"),
                    "weight": typed.number(line["weight"], "milestones") or 1,
                }
                for line in self.lines["milestones"]
                if line["title"].strip() or line["due_on"]
            ],
            "risks": [
                {
                    "text": line["text"],
                    "likelihood": typed.number(line["likelihood"], "risks"),
                    "severity": typed.number(line["severity"], "risks"),
                    "response": line["response"],
                }
                for line in self.lines["risks"]
                if line["text"].strip()
            ],
            "dependencies": dependencies,
        }


def _lines(post: Any, name: str, columns: tuple[str, ...]) -> list[dict[str, str]]:
    by_column = [post.getlist(f"{name}-{column}")[:80] for column in columns]
    return [
        {column: str(value)[:1000] for column, value in zip(columns, line, strict=True)}
        for line in zip(*by_column, strict=False)
        if any(value.strip() for column, value in zip(columns, line, strict=True) if column not in ("key", "weight"))
    ]


# --- the page ---------------------------------------------------------------------------------------------------------


def _codes(revision: Revision) -> dict[str, UUID]:
    return {part.code: part.key for part in revision.parts.filter(kind=states.ACTION)}


def _context(
    request: HttpRequest,
    revision: Revision,
    kind: str,
    part: Part | None,
    parent: Part | None,
    written: Written,
    **more: Any,
) -> dict[str, Any]:
    plan = revision.plan
    names = fields.Names(plan.framework)
    years = range(plan.first_year, plan.last_year + 1)
    context = head(request, revision)
    actions = list(revision.parts.filter(kind=states.ACTION).order_by("position")) if kind == states.ACTION else []
    return (
        context
        | {
            "kind": kind,
            "kind_name": queries.KIND_LABELS[kind],
            "is_action": kind == states.ACTION,
            "part": part,
            "parent": parent,
            "edits": part.edits if part else 0,
            "f": written.fields,
            "labels": fields.FIELD_LABELS,
            "dimensions": names.dimensions.items(),
            "subdimensions": [(each.name, each.parts) for each in queries.dimensions(plan.framework)],
            "agencies": [(each.code, each.label) for each in organisations.agencies()],
            "directions": fields.DIRECTION_LABELS.items(),
            "rules": fields.RULE_LABELS.items(),
            "figures": figures.find("") if kind == states.ACTION and context["may_edit"] else [],
            "years": [
                {
                    "year": year,
                    "target": written.targets.get(year, ""),
                    "money": [(source, written.money.get(f"{year}-{source}", "")) for source in states.SOURCES],
                }
                for year in years
            ],
            "sources": queries.SOURCE_LABELS.items(),
            **{
                name: [*written.lines.get(name, []), *({} for _n in range(BLANK[name] if context["may_edit"] else 0))]
                for name in COLUMNS
            },
            "scale": range(1, 6),
            "others": [each for each in actions if part is None or each.pk != part.pk],
            "below": _below(part),
            "places": _places(revision, part) if part and context["may_edit"] else [],
            "siblings": [each for each in _siblings(revision, part) if each.pk != part.pk] if part else [],
            "problems": [each for each in problems(revision) if part and each.key == part.key]
            if revision.state == states.DRAFT
            else [],
        }
        | more
    )


def _below(part: Part | None) -> int:
    if part is None or part.kind == states.ACTION:
        return 0
    children = list(part.children.values_list("pk", flat=True))
    return len(children) + Part.objects.filter(parent__in=children).count()


def _places(revision: Revision, part: Part) -> list[Part]:
    above = LEVELS[part.kind]
    return list(revision.parts.filter(kind=above).order_by("position")) if above else []


def _siblings(revision: Revision, part: Part) -> list[Part]:
    return list(revision.parts.filter(parent=part.parent_id).order_by("position"))


def _find(revision: Revision, key: UUID | str) -> Part:
    try:
        return queries.part_by(revision, key)
    except (NotFound, ValueError) as error:
        raise Http404(str(getattr(error, "message", error))) from None


@staff_page(*policies.READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def part(request: HttpRequest, code: str, number: int, key: UUID) -> HttpResponse:
    """A part: read by everybody who reads plans, written by planners while it is a draft."""
    revision = seen_revision(code, number)
    row = _find(revision, key)
    codes = _codes(revision)
    if request.method != "POST":
        written = Written.of(row, {each: name for name, each in codes.items()})
        return render(
            request, "masterplan/plans/part.html", _context(request, revision, row.kind, row, row.parent, written)
        )
    written = Written.typed(request.POST, revision.plan)

    def again(refusal: Invalid) -> HttpResponse:
        fresh = _find(seen_revision(code, number), key)
        more: dict[str, Any] = {"problem": refusal.message, "field": refusal.field}
        if isinstance(refusal, Conflict) and refusal.code == "too_late":
            more["theirs"] = _theirs(revision, fresh, written, codes)
        context = _context(request, revision, row.kind, fresh, fresh.parent, written, **more)
        return render(request, "masterplan/plans/part.html", context, status=409 if "theirs" in more else 422)

    return act(
        request,
        lambda: operations.change_part(
            actor=request.actor,  # type: ignore[attr-defined]
            part=row,
            edits=counter(request.POST),
            values=written.values(revision.plan, row.kind, codes),
        ),
        _("Saved in the draft."),
        reverse("masterplan-part", args=[code, number, key]),
        again,
    )


def _theirs(revision: Revision, fresh: Part, written: Written, codes: Mapping[str, UUID]) -> list[str]:
    """How what is typed differs from what a colleague has saved: what saving again would change."""
    try:
        values = written.values(revision.plan, fresh.kind, codes)
    except Invalid:
        return []
    present = differences.tree_of(revision)
    state = present[fresh.key]
    mine = given.state_with(state, values)
    return differences.Sentences(revision.plan).all(
        differences.Change(differences.CHANGED, state, mine, differences.details(state, mine, present, present))
    )


@staff_page(policies.PLANNER)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """?jenis=action&induk=<key of its programme>."""
    revision = seen_revision(code, number)
    kind, above = request.GET.get("jenis", states.GOAL), request.GET.get("induk", "")
    if kind not in states.KINDS:
        raise Http404
    parent = _find(revision, above) if above else None
    codes = _codes(revision)
    if request.method != "POST":
        start = {"weight": "1", "rule": states.LAST, "direction": states.UP if kind == states.ACTION else ""}
        if parent is not None:
            start |= {"dimension": parent.dimension, "agency_code": parent.agency_code}
        return render(
            request, "masterplan/plans/part.html", _context(request, revision, kind, None, parent, Written(start))
        )
    written = Written.typed(request.POST, revision.plan)

    def again(refusal: Invalid) -> HttpResponse:
        context = _context(request, revision, kind, None, parent, written, problem=refusal.message, field=refusal.field)
        return render(request, "masterplan/plans/part.html", context, status=422)

    return act(
        request,
        lambda: operations.add_part(
            actor=request.actor,  # type: ignore[attr-defined]
            revision=revision,
            kind=kind,
            parent=parent.key if parent else None,
            values=written.values(revision.plan, kind, codes),
        ),
        _("It is in the draft."),
        lambda made: reverse("masterplan-part", args=[code, number, made.key]),
        again,
    )
