"""The plan as one PDF, with what other rooms add to it: what the city hands to an assessor, and to whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime, time

import structlog
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.city import current_city, today
from tepian.kernel.catalogue.contributions import DossierPart, offered
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page
from tepian.toolkit import typeset
from tepian.ui import words
from tepian.ui.words import in_language

from .. import queries
from ..queries import dossier
from . import public

log = structlog.get_logger("masterplan")
SECONDS = 600  # other rooms' chapters are at most so old


@public_page
@cached_page(*public.TOPICS, seconds=SECONDS)
def as_pdf(request: HttpRequest) -> HttpResponse:
    """/rencana/dokumen.pdf?triwulan="""
    plan = queries.shown()
    if plan is None:
        raise NotFound(_("No plan of the city is public yet."), code="no_plan")
    seen = public.look(request, plan)
    language = "en" if (get_language() or "id").startswith("en") else "id"
    blocks = dossier.chapters(plan, seen.revision, seen.quarter)
    for part in offered(DossierPart):
        try:
            added = list(part.blocks(seen.quarter.year, language))
        except Exception:
            # One room's trouble does not cost the city its document, and the reader learns that a chapter is missing.
            log.exception("dossier_part_failed", key=part.key)
            added = [typeset.Note(_("A chapter could not be read now and is missing here."), warning=True)]
        blocks += added
    document = typeset.Document(
        title=in_language(plan, "title"),
        organisation=current_city().display_name,
        language=language,
        blocks=blocks,
        subtitle=_("As of the end of %(quarter)s.") % {"quarter": dossier.public.quarter_name(seen.quarter)},
        date_text=words.day(today()),
        contents=True,
        numbered=True,
    )
    content = typeset.pdf(document, created=datetime.combine(today(), time(), UTC))
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{plan.code}-{seen.quarter}.pdf"'
    return response
