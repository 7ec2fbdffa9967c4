"""The workbook that an agency fills in."""

from __future__ import annotations

import io

import xlsxwriter
from django.utils import timezone
from django.utils.translation import gettext as _

from tepian.ui.words import in_language

from .. import queries, states
from ..models import Dataset


def workbook(dataset: Dataset) -> bytes:
    """XLSX with one sheet to fill in and one with the codes; the reader understands it without a repair."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
    sheet, codes = book.add_worksheet(_("Figures")[:31]), book.add_worksheet(_("Codes")[:31])
    dimensions = queries.dimensions_of(dataset)
    headings = [_("Period"), *(each.name for each in dimensions)]
    headings += [in_language(row, "title") for row in dataset.indicators.all()]
    sheet.write_row(0, 0, headings, head)
    sheet.set_column(0, len(headings) - 1, 22)
    sheet.freeze_panes(1, 0)
    line, period = 1, _next_period(dataset)
    if dimensions:
        names = [list(each.names.items()) for each in dimensions]
        for combination in _combinations(names):
            sheet.write_row(line, 0, [period, *(name for _code, name in combination)])
            line += 1
    for column, each in enumerate(dimensions):
        codes.write_row(0, 2 * column, [f"{each.name}: {_('code')}", each.name], head)
        for row, (code, name) in enumerate(each.names.items(), 1):
            codes.write_row(row, 2 * column, [code, name])
    codes.set_column(0, max(1, 2 * len(dimensions)), 24)
    book.close()
    return buffer.getvalue()


MOST_LINES = 5000


def _combinations(names: list[list[tuple[str, str]]]) -> list[tuple[tuple[str, str], ...]]:
    """Every combination of codes, as long as they are few enough to be filled in by hand."""
    rows: list[tuple[tuple[str, str], ...]] = [()]
    for each in names:
        rows = [(*row, one) for row in rows for one in each]
        if len(rows) > MOST_LINES:
            return []
    return rows


def _next_period(dataset: Dataset) -> str:
    due = dataset.releases.filter(met_at=None).order_by("due").first()
    return due.period if due else states.period_of(timezone.localdate(), dataset.frequency)
