"""The room's chapter in the dossier that the city hands to an assessor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import override

from tepian.toolkit.typeset import Block, Chart, Column, Facts, Heading, Note, Paragraph, Points, Table
from tepian.ui import pictures, words
from tepian.ui.words import in_language

from .. import queries, states
from ..models import Survey
from .parts import Way, comparison, gain_rows, name_of, rows_of, text_of, ways
from .public import chart_of


def chapter(year: int, language: str) -> Sequence[Block]:
    """The year's assessments: how far they are, the score with its formula, every item with its evidence, what citizens
    say. Scores only of what the assessors have finished, and never who gave them; nothing where there is none."""
    rows = list(queries.assessments().filter(year=year))
    if not rows:
        return []
    with override(language):
        blocks: list[Block] = [Heading(_("Assessment"))]
        for result in queries.results_of(rows):
            blocks += _assessment(result)
        return blocks


def _assessment(result: queries.Result) -> Iterator[Block]:
    row = result.row
    finished = row.state in (states.SCORED, states.CLOSED)
    yield Heading(name_of(row), 2)
    if row.demonstration:
        yield Note(_("Demonstration: these figures are made up."), warning=True)
    facts = [
        (_("Instrument"), f"{queries.titled(result.instrument)} ({row.instrument_version})"),
        (_("Source"), in_language(result.instrument, "source")),
        (_("State"), str(queries.STATE_LABELS[row.state])),
    ]
    if row.closed_at:
        facts.append((_("Final since"), words.day(row.closed_at)))
    if result.weights is not None and len(result.instrument.weight_sets) > 1:
        facts.append((_("Which weights count"), queries.titled(result.weights)))
    yield Facts(facts)
    if note := in_language(result.instrument, "note"):
        yield Paragraph(note, small=True)
    if result.doubtful:
        names = ", ".join(queries.titled(line.node) for line in result.doubtful)
        yield Note(f"{_('These scores must be looked at again')}: {names}", warning=True)
    basis = queries.SCORES if finished else queries.SELF
    found = ways(result, basis)
    if not found:
        yield Paragraph(_("The score cannot be computed yet."))
    else:
        yield Heading(_("The score by the assessors") if finished else _("What the city gives itself"), 3)
        for way in found:
            yield from _way(way, alone=len(found) == 1)
    if finished:
        yield from _drawn(result)
        yield from _compared(result)
    yield Heading(_("Items"), 3)
    yield _items(result, finished=finished)
    if finished and (gains := gain_rows(result)):
        yield Heading(_("What would raise it most"), 3)
        yield Table(
            [
                Column(_("Item")), Column(_("Agency")), Column(_("Now → next"), "right"),
                Column(_("Weight"), "right"), Column(_("Gain"), "right"),
            ],
            [
                [each["title"], each["agency"], f"{each['now']} → {each['following']}", f"{each['share']}%", f"+{each['gain']}"]
                for each in gains
            ],
            source=_("One step up on one item: its share × (next level − level)."),
        )  # fmt: skip
    yield from _explained(result)
    yield from _asked(result)


def _way(way: Way, *, alone: bool) -> Iterator[Block]:
    score = way.score if way.known else _("between %(low)s and %(high)s") % {"low": way.low, "high": way.high}
    title = way.title if alone or not way.counts else f"{way.title} ({_('counts')})"
    yield Facts([(title, f"{score} {way.band}".strip())])
    yield Paragraph(way.formula, small=True)
    if way.counts and way.parts:
        yield Points([f"{part}: {formula}" for part, _value, formula in way.parts])


def _drawn(result: queries.Result) -> Iterator[Block]:
    story, chart = chart_of(result)
    if chart:
        yield Chart(pictures.standalone(chart, title=story).encode(), alt=story, width=0.8)


def _compared(result: queries.Result) -> Iterator[Block]:
    before = comparison(result)
    if before is None:
        return
    if before["known"]:
        yield Paragraph(
            _("Against %(name)s (%(score)s): %(difference)s")
            % {"name": before["name"], "score": before["score"], "difference": before["difference"]}
        )
    else:
        yield Paragraph(f"{before['name']}: {before['score']}")


def _items(result: queries.Result, *, finished: bool) -> Table:
    columns = [
        Column(_("Item")), Column(_("Agency")), Column(_("Own level"), "right"),
        Column(_("Evidence"), "right"),
    ]  # fmt: skip
    if finished:
        columns.append(Column(_("Score"), "right"))
    rows = []
    for each in rows_of(result):
        line = each["line"]
        cells = [f"{each['number']}. {each['title']}", line.agency, each["own"], str(line.evidence_count)]
        if finished:
            cells.append(each["score"] if each["count"] else _("not scored"))
        rows.append(cells)
    return Table(columns, rows, caption=_("Item by item"))


def _explained(result: queries.Result) -> Iterator[Block]:
    """What the city says to each item, and the evidence that it names."""
    told = [line for line in result.lines if line.answer.explanation or line.answer.evidence.all()]
    if not told:
        return
    yield Heading(_("What the city says"), 3)
    for line in told:
        yield Heading(queries.titled(line.node), 4)
        level = text_of(line.answer.level)
        yield Paragraph(f"{_('Own level')}: {level} · {line.agency}", small=True)
        if line.answer.explanation:
            yield Paragraph(line.answer.explanation)
        named = []
        for each in line.answer.evidence.all():
            text = f"{each.title} ({queries.KIND_LABELS[each.kind]})"
            if each.url:
                text += f": {each.url}"
            if each.withdrawn_at:
                text += f". {_('withdrawn')}: {each.withdrawn_reason}"
            named.append(text)
        if named:
            yield Points(named)


def _asked(result: queries.Result) -> Iterator[Block]:
    """The citizen survey."""
    survey = Survey.objects.select_related("assessment").filter(assessment=result.row).first()
    if survey is None:
        return
    found = queries.survey_result(survey)
    yield Heading(_("What citizens say"), 3)
    if not found.questions:
        yield Paragraph(
            _("%(n)s answers so far. The figures are shown from %(few)s answers on.")
            % {"n": found.n, "few": states.FEW}
        )
        return
    yield Table(
        [Column(_("Statement")), Column(_("Mean"), "right"), Column("n", "right")],
        [[each.text, queries.number(each.mean), str(each.n)] for each in found.questions],
        caption=_("Answered from %(low)s (not at all) to %(high)s (fully)")
        % {"low": survey.lowest, "high": survey.highest},
    )
