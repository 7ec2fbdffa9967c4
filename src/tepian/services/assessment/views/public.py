"""What everybody reads: closed assessments with every formula, and where citizens are asked."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.kept import one_look
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page
from tepian.ui import charts
from tepian.ui.templatetags.ui import public_url
from tepian.ui.words import in_language

from .. import queries, states
from ..models import Survey
from ..states.instruments import ROOT
from .parts import comparison, elsewhere, gain_rows, listed, name_of, rows_of, ways

TOPICS = (queries.TOPIC, "organisations")


def _card(result: queries.Result) -> dict[str, Any]:
    """An assessment as the list shows it."""
    outcome = result.outcome()
    return listed(result.row) | {
        "score": queries.score_text(outcome.value) if outcome else "–",
        "known": outcome is not None and outcome.value is not None,
        "low": queries.number(outcome.low) if outcome else "",
        "high": queries.number(outcome.high) if outcome else "",
        "top": _top(result),
        "weights": queries.titled(result.weights) if result.weights and len(result.instrument.weight_sets) > 1 else "",
        "url": public_url("assessment-result", result.row.code),
    }


def _top(result: queries.Result) -> str:
    scale = result.instrument.scale
    return queries.number(scale.high, 0) if scale else ""


@public_page
@cached_page(*TOPICS)
def overview(request: HttpRequest) -> HttpResponse:
    """/penilaian"""
    with one_look():
        results = queries.results_of(list(queries.assessments().filter(state=states.CLOSED)[:20]))
        open_rows = queries.assessments().filter(state__in=states.UNFINISHED)
        return render(
            request,
            "assessment/public/overview.html",
            {
                "cards": [_card(result) for result in results],
                "running": [listed(row) for row in open_rows],
                "surveys": [
                    {
                        "name": name_of(survey.assessment),
                        "until": survey.closes_on,
                        "demonstration": survey.assessment.demonstration,
                        "url": public_url("assessment-survey", survey.code),
                    }
                    for survey in queries.open_surveys()
                ],
                "elsewhere": elsewhere(),
            },
        )


@public_page
@cached_page(*TOPICS)
def result(request: HttpRequest, code: str) -> HttpResponse:
    """/penilaian/<assessment>: the score, how it comes about, what is missing."""
    try:
        row = queries.public_assessment(code)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    with one_look():
        found = queries.result_of(row)
        return render(request, "assessment/public/result.html", _context(found))


def _context(found: queries.Result) -> dict[str, Any]:
    shown = ways(found, queries.SCORES)
    rows = rows_of(found)
    survey = Survey.objects.select_related("assessment").filter(assessment=found.row).first()
    story, chart = chart_of(found)
    return _card(found) | {
        "ways": shown,
        "way": shown[0] if shown else None,
        "others": shown[1:],
        "own": ways(found, queries.SELF)[:1],
        "rows": rows,
        "missing": [each for each in rows if not each["line"].scores],
        "doubtful": [each for each in rows if each["line"].doubtful],
        "gains": gain_rows(found, 5),
        "before": comparison(found),
        "elsewhere": elsewhere(found.row.instrument_code),
        "decisions": [
            (decision, queries.titled(found.instrument.weight_sets[decision.weights]))
            for decision in found.decisions
            if decision.weights in found.instrument.weight_sets
        ]
        if len(found.decisions) > 1
        else [],
        "note": in_language(found.instrument, "note"),
        "source": in_language(found.instrument, "source"),
        "assessors": len({score.assessor_id for line in found.lines for score in line.scores}),
        "story": story,
        "chart": chart,
        "survey": queries.survey_result(survey) if survey else None,
        "survey_open": survey is not None and queries.is_open(survey),
        "few": states.FEW,
    }


def chart_of(found: queries.Result) -> tuple[str, Any]:
    """The parts of the whole as bars, and what they say in a sentence."""
    if found.weights is None:
        return "", ""
    outcomes = found.outcomes(found.weights)
    nodes = [found.instrument.nodes[code] for code in found.instrument.children[ROOT]]
    values = [(queries.titled(node), outcomes[node.code].value) for node in nodes]
    known = [(value, title) for title, value in values if value is not None]
    if not known:
        return "", ""
    best, worst = max(known)[0], min(known)[0]
    if best == worst:
        story = _("All parts have the same score: %(score)s") % {"score": queries.score_text(best)}
    else:
        story = _("Strongest: %(best)s (%(high)s). Weakest: %(worst)s (%(low)s)") % {
            "best": ", ".join(title for value, title in known if value == best),
            "high": queries.score_text(best),
            "worst": ", ".join(title for value, title in known if value == worst),
            "low": queries.score_text(worst),
        }
    bars = [(title, None if value is None else float(value)) for title, value in values]
    missing = {title: _("not scored") for title, value in values if value is None}
    return story, charts.bar_chart(bars, missing=missing, decimals=2, title=story)
