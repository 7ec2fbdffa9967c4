"""A closed assessment as a file."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page
from tepian.toolkit import csvfile

from .. import queries
from ..states import scoring
from .public import TOPICS


@public_page
@cached_page(*TOPICS)
def as_csv(request: HttpRequest, code: str) -> HttpResponse:
    """One line an item, and the weights of every weight set; numbers with a point, as programs read them."""
    try:
        row = queries.public_assessment(code)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    result = queries.result_of(row)
    sets = list(result.instrument.weight_sets.values())
    table: list[list[object]] = [
        ["year", "instrument", "version", "item", "title", "part", "dimension", "agency", "self_level", "score", "scores",
         "spread", *[f"weight_{weights.code}" for weights in sets]]
    ]  # fmt: skip
    for line in result.lines:
        mean = line.mean
        table.append(
            [
                row.year,
                row.instrument_code,
                row.instrument_version,
                line.node.code,
                queries.titled(line.node),
                line.node.parent,
                line.node.dimension,
                line.answer.agency_code,
                "" if line.answer.level is None else line.answer.level.normalize(),
                "" if mean is None else scoring.shown(mean),
                len(line.scores),
                line.spread.normalize() if line.scores else "",
                *[
                    scoring.shown(scoring.share_of(result.instrument, weights, line.node.code) * 100, 4)
                    for weights in sets
                ],
            ]
        )
    response = HttpResponse([csvfile.MARK, *csvfile.lines(table)], content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_("assessment")}-{row.code}.csv"'
    response["X-Robots-Tag"] = "noindex"
    return response
