"""The figures of a page as files: CSV, XLSX and JSON with everything that was asked for, the chart as SVG and PNG."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

import xlsxwriter
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _

from tepian.kernel.actors import Invalid, NotFound
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page
from tepian.toolkit import csvfile
from tepian.ui import pictures, words
from tepian.ui.words import in_language

from .. import queries, states
from ..queries import public
from . import public as pages
from .figures import drawing, page_of

MOST_SHEET_ROWS = 100_000  # of a workbook; a sheet holds a million, but making it would take a minute
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _asked(request: HttpRequest, code: str) -> public.Asked:
    found = pages.find(request, code)
    if found.asked is None:
        if found.edition is not None:
            raise NotFound(
                _("Edition %(number)s was withdrawn and is no longer shown: %(reason)s")
                % {"number": found.edition.number, "reason": found.edition.end_reason},
                code="withdrawn",
                item=code,
            )
        raise NotFound(_("Nothing is published of this figure yet."), code="not_published", item=code)
    return found.asked


def _name(asked: public.Asked, kind: str) -> str:
    return f"{asked.indicator.code}-{_('edition')}-{asked.edition.number}.{kind}"


def _attachment(response: Any, asked: public.Asked, kind: str) -> Any:
    response["Content-Disposition"] = f'attachment; filename="{_name(asked, kind)}"'
    response["X-Robots-Tag"] = "noindex"
    return response


# --- what every table has ---------------------------------------------------------------------------------------------


def _headings(asked: public.Asked) -> list[str]:
    named = [text for each in asked.dimensions for text in (f"{each.name}: {_('code')}", each.name)]
    return [_("Figure"), _("Period"), *named, _("Value"), _("Unit"), _("Remark")]


def _lines(asked: public.Asked) -> Iterator[list[Any]]:
    """Rows for people and programs: codes and names, the number or nothing, and why there is nothing. All words are
    looked up now, for the rows are sent when the reader's language is no longer set."""
    title, unit = in_language(asked.indicator, "title"), in_language(asked.indicator, "unit")
    names = [{code: public.code_name(each, code) for code in asked.codes(each.key)} for each in asked.dimensions]
    remarks = {status: str(label) for status, label in queries.STATUS_LABELS.items()}

    def rows() -> Iterator[list[Any]]:
        for row in public.every_row(asked):
            places = [
                text for known, code in zip(names, row[1:-2], strict=True) for text in (code, known.get(code, code))
            ]
            value = _exact(row[-2])
            remark = remarks.get(row[-1] or (states.MISSING if value is None else ""), "")
            yield [title, row[0], *places, value, unit, remark]

    return rows()


def _exact(value: float | None) -> float | int | None:
    """1200 rather than 1200.0: a count stays one."""
    if value is None or not math.isfinite(value):
        return None
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def _about(request: HttpRequest, asked: public.Asked) -> list[tuple[str, str]]:
    """What must travel with the figures, in the reader's language."""
    row, edition = asked.indicator, asked.edition
    chosen = [
        f"{each.name}: {', '.join(public.code_name(each, code) for code in asked.chosen[each.key])}"
        for each in asked.dimensions
        if each.key in asked.chosen
    ]
    span = [public.period_name(time) for time in dict.fromkeys((*asked.times[:1], *asked.times[-1:]))]
    facts = [
        (_("Figure"), in_language(row, "title")),
        (_("Definition"), in_language(row, "definition")),
        (_("Unit"), in_language(row, "unit")),
        (_("Formula"), row.formula),
        (_("Table"), in_language(row.dataset, "title")),
        (_("Source"), pages.agency_of(row.dataset.agency_code)),
        (_("Frequency"), str(queries.FREQUENCY_LABELS[row.dataset.frequency])),
        (_("Periods"), " – ".join(span)),
        (_("Chosen"), "; ".join(chosen)),
        (_("Edition"), str(edition.number)),
        (_("Published"), words.day(edition.published_at) if edition.published_at else ""),
        (_("Why it was corrected"), edition.reason),
        (_("Licence"), row.dataset.licence),
        (_("Contact"), row.dataset.contact),
        (_("Address"), _address(request, asked)),
        (_("Citation"), pages.citation(request, row, edition)),
    ]
    return [(name, text) for name, text in facts if text]


def _address(request: HttpRequest, asked: public.Asked) -> str:
    query = asked.query_string(edisi=str(asked.edition.number))
    return request.build_absolute_uri(f"{page_of(asked.indicator)}?{query}")


# --- tables -----------------------------------------------------------------------------------------------------------


@public_page
def as_csv(request: HttpRequest, code: str) -> Any:
    """`?bom=1` begins the file with the mark by which Excel knows UTF-8."""
    asked = _asked(request, code)
    headings, lines = _headings(asked), _lines(asked)
    content = csvfile.lines(chain([headings], lines))
    if request.GET.get("bom") == "1":
        content = chain([csvfile.MARK], content)
    return _attachment(StreamingHttpResponse(_bundled(content), content_type="text/csv; charset=utf-8"), asked, "csv")


def _bundled(parts: Iterator[str], size: int = 500) -> Iterator[str]:
    """Several lines at once: a write for each would cost more than the line."""
    bundle: list[str] = []
    for part in parts:
        bundle.append(part)
        if len(bundle) >= size:
            yield "".join(bundle)
            bundle.clear()
    if bundle:
        yield "".join(bundle)


@public_page
def as_json(request: HttpRequest, code: str) -> Any:
    """One object: what it is, the columns, and the rows as objects with codes; names of the codes stand beside."""
    asked = _asked(request, code)
    row, edition = asked.indicator, asked.edition
    keys = [each.key for each in asked.dimensions]
    head = {
        "indicator": {
            "code": row.code,
            "title": in_language(row, "title"),
            "unit": in_language(row, "unit"),
            "decimals": row.decimals,
            "definition": in_language(row, "definition"),
            "formula": row.formula,
        },
        "dataset": {
            "code": row.dataset.code,
            "title": in_language(row.dataset, "title"),
            "agency": pages.agency_of(row.dataset.agency_code),
            "frequency": row.dataset.frequency,
            "licence": row.dataset.licence,
            "contact": row.dataset.contact,
        },
        "edition": {
            "number": edition.number,
            "published_at": edition.published_at.isoformat() if edition.published_at else None,
            "reason": edition.reason,
        },
        "address": _address(request, asked),
        "citation": pages.citation(request, row, edition),
        "filters": {
            "from": asked.times[0] if asked.times else None,
            "until": asked.times[-1] if asked.times else None,
            **{key: list(codes) for key, codes in asked.chosen.items()},
        },
        "dimensions": [
            {
                "key": each.key,
                "name": each.name,
                "codes": {
                    code: public.code_name(each, code)
                    for code in asked.codes(each.key)
                    if code in asked.chosen.get(each.key, (code,))
                },
            }
            for each in asked.dimensions
        ],
        "status": {"m": "missing", "s": "suppressed", "p": "provisional", "e": "estimated"},
    }

    def content() -> Iterator[str]:
        yield json.dumps(head, ensure_ascii=False)[:-1] + ', "rows": ['
        comma = ""
        for line in public.every_row(asked):
            value = _exact(line[-2])
            status = line[-1] or (states.MISSING if value is None else "")
            cells = {"time": line[0], **dict(zip(keys, line[1:-2], strict=True)), "value": value, "status": status}
            yield comma + json.dumps(cells, ensure_ascii=False)
            comma = ",\n"
        yield "]}\n"

    return _attachment(
        StreamingHttpResponse(_bundled(content()), content_type="application/json; charset=utf-8"), asked, "json"
    )


@public_page
def as_xlsx(request: HttpRequest, code: str) -> HttpResponse:
    """A sheet of figures and one that says what they are. Texts are written as texts, so none becomes a formula."""
    asked = _asked(request, code)
    rows = public.count(asked)
    if rows > MOST_SHEET_ROWS:
        raise Invalid(
            _("These are %(rows)s rows; a workbook is made of up to %(most)s. Choose fewer, or take the CSV.")
            % {"rows": words.number(rows), "most": words.number(MOST_SHEET_ROWS)},
            code="too_many_rows",
            field="xlsx",
        )
    buffer = io.BytesIO()
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(buffer, options)
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    decimals = asked.indicator.decimals
    number = book.add_format({"num_format": "#,##0" + (f".{'0' * decimals}" if decimals else "")})
    sheet = book.add_worksheet(_("Figures")[:31])
    headings = _headings(asked)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(headings) - 1, 18)
    _write(sheet, 0, headings, head)
    place = len(headings) - 3
    last = 0
    for last, line in enumerate(_lines(asked), 1):
        _write(sheet, last, line, None, {place: number})
    sheet.autofilter(0, 0, max(1, last), len(headings) - 1)
    about = book.add_worksheet(_("About")[:31])
    about.set_column(0, 0, 24)
    about.set_column(1, 1, 90)
    for at, (name, text) in enumerate(_about(request, asked)):
        about.write_string(at, 0, name, head)
        about.write_string(at, 1, text[:32_000], wrapped)
    book.set_properties({"title": in_language(asked.indicator, "title"), "comments": _address(request, asked)})
    book.close()
    return _attachment(HttpResponse(buffer.getvalue(), content_type=SHEET), asked, "xlsx")


def _write(sheet: Any, at: int, line: Sequence[Any], style: Any, styles: dict[int, Any] | None = None) -> None:
    for column, value in enumerate(line):
        if isinstance(value, str):
            if value:
                sheet.write_string(at, column, value, style)
        elif value is not None:
            sheet.write_number(at, column, value, (styles or {}).get(column, style))


# --- pictures ---------------------------------------------------------------------------------------------------------


def _picture(request: HttpRequest, asked: public.Asked) -> str:
    found = public.lines(asked)
    source = _("Source: %(agency)s · edition %(number)s, %(day)s · %(licence)s") % {
        "agency": pages.agency_of(asked.indicator.dataset.agency_code),
        "number": asked.edition.number,
        "day": words.day(asked.edition.published_at) if asked.edition.published_at else words.DASH,
        "licence": asked.indicator.dataset.licence,
    }
    chart = drawing(asked, found, width=640)
    return pictures.standalone(
        chart, title=public.finding(asked, found), notes=[source, _address(request, asked).partition("://")[2]]
    )


@public_page
@cached_page(*pages.TOPICS)
def as_svg(request: HttpRequest, code: str) -> HttpResponse:
    asked = _asked(request, code)
    response = HttpResponse(_picture(request, asked), content_type="image/svg+xml; charset=utf-8")
    return _attachment(response, asked, "svg")


@public_page
@cached_page(*pages.TOPICS)
def as_png(request: HttpRequest, code: str) -> HttpResponse:
    asked = _asked(request, code)
    return _attachment(HttpResponse(pictures.png(_picture(request, asked)), content_type="image/png"), asked, "png")
