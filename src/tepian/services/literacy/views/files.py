"""Files: materials, calendars, the table of whom it reaches."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import current_city
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.documents import queries as documents
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.identity.access import public_page
from tepian.toolkit import csvfile, ical

from .. import policies, queries, states
from ..models import Material, Programme
from ..queries import door
from .door import person_of
from .parts import private, seen_programme, seen_session, year_from

MAKER = "-//Tepian//literacy//ID"


@public_page
@require_GET
def material(request: HttpRequest, key: int) -> Any:
    """A material's file, always as a download; those for attendees only to phones that were there, and to staff."""
    row = Material.objects.filter(pk=key).first()
    actor = request.actor  # type: ignore[attr-defined]
    may = row is not None and (
        row.audience == states.PUBLIC
        or actor.has(*policies.READERS)
        or door.attended_programme(row.programme_id, person_of(request))
    )
    if row is None or not may:
        raise Http404(
            str(_("There is no such material, or it is for people who attended. Open it on the phone that was there."))
        )
    if row.link:
        return private(HttpResponseRedirect(row.link))
    file = StoredFile.objects.filter(pk=row.file).first() if row.file else None
    if file is None:
        raise Http404(str(_("There is no such material.")))
    try:
        content = documents.open_file(file)
    except NotFound as error:
        raise Http404(str(error.message)) from None
    response = FileResponse(content, as_attachment=True, filename=file.name, content_type=file.media_type)
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    response["Cache-Control"] = "private, no-store"
    return response


def _calendar(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.ics"'
    return response


@public_page
@require_GET
@cached_page("literacy", "city", "regions", seconds=300)
def session_ics(request: HttpRequest, number: str) -> HttpResponse:
    """One session for the phone's calendar; a cancelled one takes itself out."""
    row = seen_session(number)
    return _calendar(ical.calendar([queries.entry(row)], maker=MAKER), row.number)


@public_page
@require_GET
@cached_page("literacy", "city", "regions", seconds=300)
def all_ics(request: HttpRequest) -> HttpResponse:
    """All sessions to come, to subscribe to."""
    name = _("Digital literacy in %(city)s") % {"city": current_city().display_name}
    return _calendar(
        ical.calendar([queries.entry(row) for row in queries.upcoming()[:500]], maker=MAKER, name=name), "literasi"
    )


@public_page
@require_GET
@cached_page("literacy", "city", "regions", seconds=300)
def reach_csv(request: HttpRequest) -> HttpResponse:
    """People by ward and group, as the page shows them: what is hidden there is empty here."""
    year, code = year_from(request), request.GET.get("program", "")
    programme: Programme | None = seen_programme(code) if code else None
    found = queries.reach(programme, year)
    table: list[tuple[object, ...]] = [("year", "programme", "ward_code", "ward", "group", "people", "status")]
    for (ward, group), n in sorted(found.cells.items()):
        name = "" if ward == queries.WHOLE else queries.ward_name(ward)
        table.append((year, code, ward, name, group, n, "s" if n is None else ""))
    response = HttpResponse([*csvfile.lines(table)], content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = (
        f'attachment; filename="literasi-{programme.code if programme else "semua"}-{year}.csv"'
    )
    return response
