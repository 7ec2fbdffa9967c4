"""What goes out: CAP messages, written once and kept."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from tepian.kernel.catalogue.city import current_city
from tepian.kernel.regions.models import Region

from .. import queries
from ..models import PublicWarning, WarningMessage
from . import cap


def send(warning: PublicWarning, kind: str, now: datetime) -> WarningMessage:
    """Write down the CAP message. What is written here is what the feed gives, byte for byte."""
    city = current_city()
    sender = (city.domain or urlsplit(settings.BASE_URL).hostname or "localhost").replace(" ", "")
    identifier = f"{sender}.{warning.number}.{warning.version}"
    earlier = list(WarningMessage.objects.filter(warning=warning).order_by("sequence"))
    sent = now.replace(microsecond=0)
    references = " ".join(cap.reference(row.sender, row.identifier, row.sent_at) for row in earlier)
    regions = {row.code: row for row in Region.objects.filter(code__in=warning.areas)}
    names = dict(zip(warning.areas, queries.area_names(warning.areas), strict=True))
    areas = [
        cap.Area(code, names[code], regions[code].boundary, regions[code].boundary_kind == "schematic")
        for code in warning.areas
        if code in regions
    ]
    over = kind == "Cancel"
    document = cap.build(
        cap.Message(
            identifier=identifier,
            sender=sender,
            sender_name=city.name,
            sent=sent,
            kind=kind,
            exercise=warning.simulated,
            note="SIMULASI: bukan kejadian nyata. SIMULATION: not a real event." if warning.simulated else "",
            references=references,
            incident=warning.incident_number,
            category=warning.kind.category,
            hazard=warning.kind.hazard,
            level="normal" if over else warning.level,
            response="AllClear" if over else warning.response,
            urgency="Past" if over else warning.urgency,
            severity="Minor" if over else warning.severity,
            certainty=warning.certainty,
            effective=sent,
            onset=warning.onset_at,
            expires=warning.expires_at if not over else max(warning.expires_at, sent + timedelta(hours=1)),
            web=f"{settings.BASE_URL}{reverse('warnings-warning', args=[warning.number])}",
            contact=warning.kind.contact or city.emergency_number,
            infos=_infos(warning, over=over),
            areas=areas,
        )
    )
    return WarningMessage.objects.create(
        warning=warning,
        sequence=warning.version,
        kind=kind,
        identifier=identifier,
        sender=sender,
        sent_at=sent,
        expires_at=warning.expires_at,
        references=references,
        headline=warning.headline,
        xml=document,
        digest=hashlib.sha256(document.encode()).hexdigest(),
    )


def _infos(warning: PublicWarning, *, over: bool) -> list[cap.Info]:
    infos = []
    for language in ("id", "en"):
        with override(language):
            own = language == "id"
            headline = warning.headline if own else warning.headline_en or warning.headline
            instruction = warning.instruction if own else warning.instruction_en or warning.instruction
            description = warning.description if own else warning.description_en
            if over:
                headline = str(_("Ended: %(headline)s") % {"headline": headline})
                instruction = str(_("The warning has ended. Stay careful near water and follow what officers say."))
            if warning.simulated:
                headline = f"[{_('SIMULATION')}] {headline}"
            infos.append(
                cap.Info(
                    language=language,
                    event=warning.kind.name if own else warning.kind.name_en,
                    headline=headline[:300],
                    description=description or _evidence_text(warning, english=not own),
                    instruction=instruction,
                    area_note=str(_("schematic boundary")),
                )
            )
    return infos


def _evidence_text(warning: PublicWarning, *, english: bool) -> str:
    """Which sources said so, and who confirmed it; in the language that is active."""
    seen = [
        f"{source.get('label_en' if english else 'label')}: {queries.measured(source) or source.get('level')}"
        for source in queries.strongest_first(warning.sources)
    ]
    sentences = [str(_("Sources: %(sources)s.") % {"sources": "; ".join(seen)})] if seen else []
    if warning.automatic:
        sentences.append(str(_("Published by the system under the city's settings.")))
    else:
        sentences.append(str(_("Confirmed by: %(who)s.") % {"who": warning.confirmed_by}))
    return " ".join(sentences)
