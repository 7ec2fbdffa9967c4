"""The plan as a document to print: what is proven, how it was counted, what is late, and every action with its targets,
money, milestones, reports and evidence. What a reader of `/rencana` may see, nothing more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from tepian.kernel.organisations import queries as organisations
from tepian.toolkit.typeset import Block, Chart, Column, Facts, Heading, Note, PageBreak, Paragraph, Table
from tepian.ui import charts, pictures, words
from tepian.ui.words import in_language

from .. import states
from ..models import Part, Plan, Report, Revision
from ..states import Quarter
from . import public, rollup
from .plan import SOURCE_LABELS, dimensions, parts
from .rollup import Standing, Total


def chapters(plan: Plan, revision: Revision, quarter: Quarter) -> list[Block]:
    """The plan's own chapters as of the end of a quarter, in the reader's language."""
    rows = rollup.standings(plan, quarter, revision=revision)
    described = {part.key: part for part in parts(revision)}
    reports = _reports(plan)
    return [
        *_summary(plan, revision, quarter, rows),
        *_late(rows),
        *_history(plan, quarter),
        *_money(rows, quarter),
        *(
            block
            for each in dimensions(plan.framework)
            for block in _dimension(each.name, [row for row in rows if row.dimension == each.code], described, reports)
        ),
    ]


def _summary(plan: Plan, revision: Revision, quarter: Quarter, rows: list[Standing]) -> Iterable[Block]:
    total, split = rollup.total(rows), rollup.by(rows, rollup.DIMENSION)
    named = [(each.name, split[each.code]) for each in dimensions(plan.framework) if each.code in split]
    yield Heading(_("What is proven"))
    if plan.simulated:
        yield Note(
            _("This plan, its reports and all its figures are made up, to show how the page works."),
            title=_("Demonstration."),
            warning=True,
        )
    yield Paragraph(
        f"{public.finding(total)}. {_('As of the end of %(quarter)s.') % {'quarter': public.quarter_name(quarter)}}"
    )
    if vision := in_language(plan, "vision"):
        yield Paragraph(f"{_('Vision:')} {vision}")
    yield Facts(
        [
            (_("Period"), f"{plan.first_year}–{plan.last_year}"),
            (_("What this plan rests on"), plan.basis or words.DASH),
            (_("Revision"), " · ".join(each for each in (str(revision.number), revision.decision) if each)),
            (_("In force since"), words.day(revision.in_force_from) if revision.in_force_from else words.DASH),
            (_("Actions of the plan"), words.number(total.actions)),
            (_("Proven"), public.percent(total.verified)),
            (_("Claimed"), public.percent(total.claimed)),
            (_("Computed"), f"{public.percent(total.computed)} ({total.followed})"),
        ]
    )
    yield Table(
        [
            Column(_("Dimension")), Column(_("Actions of the plan"), "right"), Column(_("Proven"), "right"),
            Column(_("Claimed"), "right"), Column(_("Need attention"), "right"), Column(_("Budget"), "right"),
        ],
        [
            *([name, *_totals(each)] for name, each in named),
            [_("City"), *_totals(total)],
        ],
        caption=_("Dimension by dimension"),
        totals=1,
    )  # fmt: skip
    yield Heading(_("How this is counted"), 2)
    yield Paragraph(
        _(
            "Each action has a target for the year. Reached in full it counts 100, more than that still 100, and without a "
            "report it counts 0. The city's figure is the mean of all actions by their weight, and it is the same whether "
            "one adds up actions or dimensions:"
        )
    )
    if line := public.formula(named, total):
        yield Paragraph(line)
    yield Paragraph(
        _(
            "Proven means reported with evidence and accepted by Bappeda and Diskominfo; claimed is what the agencies say; "
            "computed is what the city's own systems count."
        ),
        small=True,
    )


def _totals(total: Total) -> list[str]:
    return [
        words.number(total.actions),
        public.percent(total.verified),
        public.percent(total.claimed),
        words.number(total.count(*public.URGENT)),
        words.rupiah(total.budgeted, short=True),
    ]


def _late(rows: list[Standing]) -> Iterable[Block]:
    urgent = public.urgent(rows)
    yield Heading(_("Late things first"))
    if not urgent:
        yield Paragraph(_("No action is late, silent or behind."))
        return
    yield Table(
        [
            Column(_("Action"), width=0.36),
            Column(_("Status"), width=0.14),
            Column(_("Why so"), width=0.34),
            Column(_("Agency")),
        ],
        [
            [f"{row.code} {row.label}", str(rollup.STATUS_LABELS[row.status]), public.why(row), _agency(row.agency)]
            for row in urgent
        ],
    )
    differing = public.disagreeing(rows)
    if differing:
        yield Table(
            [Column(_("Action"), width=0.6), Column(_("Claimed"), "right"), Column(_("Computed"), "right")],
            [
                [f"{row.code} {row.label}", public.amount(row.claimed, row.unit), public.amount(row.computed, row.unit)]
                for row in differing
            ],
            caption=_("Where two figures disagree"),
        )


def _history(plan: Plan, quarter: Quarter) -> Iterable[Block]:
    points = rollup.history(plan, rollup.quarters_of(plan, quarter))
    if len(points) < 2:
        return
    yield Heading(_("Quarter by quarter"))
    drawing = charts.period_chart(
        [f"{each.number}/{each.year % 100:02d}" for each, _total in points],
        [
            (_("Proven"), [total.verified for _each, total in points]),
            (_("Claimed"), [total.claimed for _each, total in points]),
        ],
        decimals=0,
        unit="%",
    )
    title = _("Proven and claimed, in percent of the targets")
    yield Chart(_drawn(drawing, title), alt=title, width=0.8)
    yield Table(
        [
            Column(_("Quarter")),
            Column(_("Proven"), "right"),
            Column(_("Claimed"), "right"),
            Column(_("Actions of the plan"), "right"),
        ],
        [
            [
                public.quarter_name(each),
                public.percent(total.verified),
                public.percent(total.claimed),
                words.number(total.actions),
            ]
            for each, total in points
        ],
    )


def _drawn(chart: SafeString, title: str) -> bytes:
    return pictures.standalone(chart, title=title).encode()


def _money(rows: list[Standing], quarter: Quarter) -> Iterable[Block]:
    total = rollup.total(rows)
    yield Heading(_("Money in %(year)s") % {"year": quarter.year})
    if not total.budgeted:
        yield Paragraph(_("No budget is written for this year."))
        return
    yield Table(
        [Column(_("Source")), Column(_("Budget"), "right")],
        [
            *([str(SOURCE_LABELS[source]), words.rupiah(amount)] for source, amount in total.budget.items() if amount),
            [_("Together"), words.rupiah(total.budgeted)],
        ],
        totals=1,
    )
    yield Paragraph(
        _("%(spent)s of %(budget)s are reported as spent: %(share)s.")
        % {
            "spent": words.rupiah(total.spent, short=True),
            "budget": words.rupiah(total.budgeted, short=True),
            "share": public.percent(100 * total.spent / total.budgeted),
        }
    )


def _dimension(
    name: str, rows: list[Standing], described: dict[UUID, Part], reports: dict[UUID, list[Report]]
) -> Iterable[Block]:
    yield PageBreak()
    yield Heading(name)
    if not rows:
        yield Paragraph(_("The plan has no action here"))
        return
    yield Paragraph(f"{public.finding(rollup.total(rows))}.")
    for programme, members in rollup.grouped(rows, rollup.PROGRAMME):
        part = described.get(members[0].programme) if members[0].programme else None
        yield Heading(in_language(part, "title") if programme and part else _("Actions without a programme"), 2)
        for row in members:
            yield from _action(row, described[row.key], reports.get(row.key, []))


def _action(row: Standing, part: Part, reports: list[Report]) -> Iterable[Block]:
    yield Heading(f"{row.code} {row.label}", 3)
    facts = [
        (_("Status"), f"{rollup.STATUS_LABELS[row.status]}. {public.why(row)}".strip()),
        (_("Agency"), _agency(row.agency)),
        (
            _("Target of %(year)s and where it stands") % {"year": row.year},
            _("target %(target)s, proven %(verified)s, claimed %(claimed)s")
            % {
                "target": public.amount(row.target, row.unit),
                "verified": public.amount(row.verified, row.unit),
                "claimed": public.amount(row.claimed, row.unit),
            },
        ),
    ]
    if row.figure:
        facts.append((_("Computed"), public.amount(row.computed, row.unit)))
    facts += [
        (label, text)
        for label, text in (
            (_("Budget code"), part.planning_code),
            (_("In the agency's plan (Renstra)"), part.renstra),
            (_("Outcome"), part.outcome),
            (_("Impact"), part.impact),
        )
        if text
    ]
    yield Facts(facts)
    money: dict[int, int] = defaultdict(int)
    for each in part.money.all():
        money[each.year] += each.amount
    targets = {each.year: each.value for each in part.targets.all()}
    if years := sorted({*targets, *money}):
        yield Table(
            [Column(_("Year")), Column(_("The target"), "right"), Column(_("Budget"), "right")],
            [
                [
                    str(year),
                    public.amount(targets.get(year), part.unit),
                    words.rupiah(money[year]) if year in money else words.DASH,
                ]
                for year in years
            ],
        )
    if milestones := list(part.milestones.all()):
        passed = {reached.key: reached.reached_on for report in reports for reached in report.reached.all()}
        yield Table(
            [Column(_("Milestones"), width=0.5), Column(_("due on")), Column(_("reached on"))],
            [
                [each.title, words.day(each.due_on), words.day(passed[each.key]) if each.key in passed else words.DASH]
                for each in milestones
            ],
        )
    if reports:
        yield Table(
            [Column(_("Quarter")), Column(_("Value"), "right"), Column(_("Status")), Column(_("Evidence"), width=0.45)],
            [
                [
                    f"{each.quarter}/{each.year}",
                    public.amount(each.value, part.unit),
                    _("proven") if each.state == states.VERIFIED else _("not yet verified"),
                    _evidence(each),
                ]
                for each in reports
            ],
        )


def _evidence(report: Report) -> str:
    shown = [
        each.title + (f" ({each.url})" if each.url else "")
        for each in report.evidence.all()
        if each.public and not each.withdrawn_at and report.state == states.VERIFIED
    ]
    withdrawn = [
        f"{each.title}: {_('withdrawn:')} {each.withdrawn_reason}"
        for each in report.evidence.all()
        if each.withdrawn_at
    ]
    return "\n".join([*shown, *withdrawn]) or words.DASH


def _reports(plan: Plan) -> dict[UUID, list[Report]]:
    found: dict[UUID, list[Report]] = defaultdict(list)
    rows = Report.objects.filter(plan=plan, state__in=(states.SENT, states.VERIFIED))
    for report in rows.prefetch_related("evidence", "reached").order_by("year", "quarter"):
        found[report.key].append(report)
    return found


def _agency(code: str) -> str:
    return organisations.agency_name(code) if code else words.DASH
