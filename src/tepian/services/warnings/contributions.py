"""What this room hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import (
    ConfigurationCheck,
    MapFeature,
    MapLayer,
    MenuEntry,
    PackSection,
    PublicNotice,
    PublicWording,
    RecordPart,
    RecordSection,
    Search,
    SearchHit,
    Tile,
    WallTile,
    offer,
)
from tepian.toolkit.identifiers import read_code
from tepian.toolkit.text import plain
from tepian.ui.words import in_language

from . import operations, queries, states
from .jobs import JOBS
from .models import PublicWarning, WarningKind


def notices() -> Iterable[tuple[str, str, str]]:
    """The banner: (level, sentence, address), worst first."""
    for warning in queries.in_force():
        sentence = in_language(warning, "headline")
        if warning.simulated:
            sentence = f"{_('SIMULATION')}: {sentence}"
        yield warning.level, sentence, queries.public_path("warnings-warning", warning.number)


def features(actor: Actor) -> Iterable[MapFeature]:
    for warning in queries.in_force():
        yield MapFeature(
            key=f"warning/{warning.number}",
            label=in_language(warning, "headline"),
            lon=warning.lon,
            lat=warning.lat,
            regions=tuple(warning.areas),
            level=warning.level,
            value=str(queries.LEVEL_LABELS[warning.level]),
            symbol="warning",
            at=warning.changed_at,
            detail=f"{_('SIMULATION')} · {warning.place}" if warning.simulated else warning.place,
            url=queries.public_path("warnings-warning", warning.number),
        )


def tile() -> Tile:
    rows = list(queries.in_force())
    return Tile(
        title=_("Warnings in force"),
        value=str(len(rows)),
        level=rows[0].level if rows else "normal",
        detail=rows[0].place if rows else _("No warning now"),
        at=timezone.now(),
        url=queries.public_path("warnings-now"),
    )


def find(text: str, actor: Actor) -> Iterable[SearchHit]:
    text = plain(text, 100)
    if len(text) < 3:
        return
    code = read_code(text, "P")
    rows = PublicWarning.objects.filter(number=code) if code else PublicWarning.objects.filter(headline__icontains=text)
    for warning in rows.order_by("-published_at")[:5]:
        yield SearchHit(
            title=in_language(warning, "headline"),
            url=queries.public_path("warnings-warning", warning.number),
            kind=str(_("Warning")),
            detail=f"{warning.number} · {queries.STATE_LABELS[warning.state]}",
            score=100.0 if code else 60.0,
        )


def record_part(incident_number: str) -> RecordSection | None:
    """The messages that went out for an incident."""
    rows = queries.of_incident(incident_number)
    if not rows:
        return None
    data = [
        {
            "number": row.number,
            "state": row.state,
            "level": row.level,
            "headline": {"id": row.headline, "en": row.headline_en},
            "confirmed_by": row.confirmed_by,
            "automatic": row.automatic,
            "messages": [
                {
                    "identifier": message.identifier,
                    "kind": message.kind,
                    "sent_at": message.sent_at,
                    "sha256": message.digest,
                }
                for message in row.messages.all()
            ],
        }
        for row in rows
    ]
    return RecordSection(
        title=gettext_lazy("Messages to the public"),
        html=render_to_string("warnings/record_part.html", {"warnings": rows}),
        data={"warnings": data},
        subjects=tuple(("warning", row.number) for row in rows),
    )


# --- the pack ---------------------------------------------------------------------------------------------------------


def check_pack(pack: Any) -> Iterable[Any]:
    """Problems of `warnings.toml`: every kind needs both languages and legal CAP values."""
    for kind in pack.tables("warnings", "kind", ("hazard", "name", "name_en")):
        hazard = str(kind["hazard"])
        if kind.get("category", "Met") not in states.CAP_CATEGORIES:
            yield pack.problem("warnings", _("“%(value)s” is no CAP category") % {"value": kind["category"]}, hazard)
        for level in states.LEVELS[1:]:
            texts = kind.get(level, {})
            for key in ("headline", "headline_en", "instruction", "instruction_en"):
                if not texts.get(key):
                    yield pack.problem(
                        "warnings", _("level %(level)s has no “%(key)s”") % {"level": level, "key": key}, hazard
                    )
            for key, allowed in states.CAP_VALUES.items():
                if key in texts and texts[key] not in allowed:
                    message = _("level %(level)s: “%(value)s” is no CAP value for %(key)s")
                    yield pack.problem("warnings", message % {"level": level, "value": texts[key], "key": key}, hazard)
            if not 1 <= int(texts.get("hours", 6)) <= 72:
                yield pack.problem(
                    "warnings", _("level %(level)s: hours must lie between 1 and 72") % {"level": level}, hazard
                )
        for rule in kind.get("publication", []):
            if "valid_from" not in rule or "automatic" not in rule:
                yield pack.problem("warnings", _("a publication rule needs “automatic” and “valid_from”"), hazard)


def load_pack(pack: Any, actor: Actor) -> dict[str, int]:
    return operations.load_kinds(actor=actor, kinds=pack.tables("warnings", "kind", ("hazard", "name", "name_en")))


def check_configuration() -> tuple[bool, str, str]:
    automatic = [kind.hazard for kind in WarningKind.objects.all() if queries.automatic(kind.hazard)]
    if not WarningKind.objects.exists():
        return (
            False,
            _("No kind of warning is set up: nobody can be warned."),
            _("Load a city pack with warnings.toml."),
        )
    if automatic:
        return True, _("Published without a person's confirmation: %(kinds)s.") % {"kinds": ", ".join(automatic)}, ""
    return True, _("Every warning waits for a person's confirmation."), ""


offer(
    MenuEntry(
        "public",
        gettext_lazy("Floods"),
        "/banjir",
        icon="flood",
        hint=gettext_lazy("Is there a warning now?"),
        order=10,
    ),
    MenuEntry(
        "staff",
        gettext_lazy("Warnings"),
        "/kerja/peringatan",
        icon="warning",
        roles=("duty_officer", "head", "viewer", "auditor"),
        order=20,
    ),
    PublicNotice("warnings", notices),
    MapLayer("warnings", gettext_lazy("Warnings"), features, audience="public", order=10),
    WallTile("warnings", tile, order=10),
    Search("warnings", find),
    PublicWording("warnings", queries.words),
    RecordPart("warnings", record_part, order=20),
    PackSection("warnings", check_pack, load_pack, order=60),
    ConfigurationCheck("warnings", check_configuration),
    *JOBS,
)
