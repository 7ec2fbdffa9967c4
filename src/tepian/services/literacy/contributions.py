"""What this room hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import (
    ConfigurationCheck,
    DossierPart,
    Indicators,
    MenuEntry,
    PackSection,
    Search,
    SearchHit,
    WorkItem,
    WorkList,
    offer,
)
from tepian.kernel.documents import access
from tepian.toolkit.text import plain
from tepian.ui.templatetags.ui import public_url
from tepian.ui.words import in_language

from . import operations, policies, queries, states
from .jobs import JOBS
from .models import AudienceGroup, Programme, Session
from .queries import figures
from .views.dossier import chapter

SHOWN = 20


def work(actor: Actor) -> Iterable[WorkItem]:
    """Sessions of today, sessions whose day passed without a word, and held ones without a count."""
    if not actor.has(policies.ORGANISER):
        return
    now = timezone.now()
    tonight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    said = {
        "today": (gettext_lazy("Session today: %(title)s"), "notice"),
        "forgotten": (gettext_lazy("Was it held? %(title)s"), "warning"),
        "uncounted": (gettext_lazy("Nobody was counted: %(title)s"), "warning"),
    }
    for row in queries.waiting(now, tonight)[: 3 * SHOWN]:
        if actor.has(policies.ORGANISER, agency=row.programme.agency_code):
            words, level = said[queries.needs(row, now)]
            yield WorkItem(
                key=f"literacy/{row.number}",
                title=str(words % {"title": in_language(row, "title")}),
                url=reverse("literacy-control", args=[row.number]),
                detail=queries.place_of(row),
                level=level,
                since=row.starts_at,
                icon="school",
            )


def find(text: str, actor: Actor) -> Iterable[SearchHit]:
    text = plain(text, 100)
    if len(text) < 3:
        return
    for row in queries.find(text):
        title = in_language(row, "title")
        if isinstance(row, Session):
            url, detail = public_url("literacy-session", row.number), queries.place_of(row)
        else:
            url, detail = public_url("literacy-programme", row.code), in_language(row, "summary")[:120]
        yield SearchHit(title=title, url=url, kind=str(_("Literacy")), detail=detail, score=55.0)


# --- the pack ---------------------------------------------------------------------------------------------------------

GROUP_KEYS = ("code", "name")
PROGRAMME_KEYS = ("code", "title", "agency", "groups")


def check_pack(pack: Any) -> Iterable[Any]:
    """Problems of `literacy.toml`."""
    agencies = {row["code"] for row in pack.csv("agencies", ("code", "name"))} if pack.has("agencies.csv") else set()
    groups = {str(row["code"]) for row in pack.tables("literacy", "group", GROUP_KEYS)}
    for row in pack.tables("literacy", "programme", PROGRAMME_KEYS):
        name = str(row["code"])
        if row["agency"] not in agencies:
            yield pack.problem("literacy", _("unknown agency: %(code)s") % {"code": row["agency"]}, name)
        for code in row["groups"]:
            if code not in groups:
                yield pack.problem("literacy", _("unknown group: %(code)s") % {"code": code}, name)
        if name in states.RESERVED:
            yield pack.problem("literacy", _("this code is an address of the platform"), name)
        if row.get("dimension", "") not in ("", *states.DIMENSIONS):
            yield pack.problem("literacy", _("unknown dimension: %(code)s") % {"code": row["dimension"]}, name)
        for each in row.get("question", []):
            choices = each.get("choices", [])
            if not each.get("text") or not all(isinstance(one, list) and len(one) == 2 for one in choices):
                yield pack.problem("literacy", _("a question needs a text and choices in both languages"), name)
            elif not states.FEWEST_CHOICES <= len(choices) <= states.MOST_CHOICES:
                yield pack.problem("literacy", _("a question needs two to six choices"), name)
            elif not 0 <= int(each.get("right", -1)) < len(choices):
                yield pack.problem("literacy", _("“right” is the place of the right choice, from 0"), name)


def load_pack(pack: Any, actor: Actor) -> dict[str, int]:
    return operations.load_pack(
        actor=actor,
        groups=pack.tables("literacy", "group", GROUP_KEYS),
        programmes=pack.tables("literacy", "programme", PROGRAMME_KEYS),
    )


def check_configuration() -> tuple[bool, str, str]:
    if not AudienceGroup.objects.exists():
        return (
            False,
            _("Literacy: no audience group is set up, so no programme can be made."),
            _("Load a city pack with literacy.toml."),
        )
    return True, _("Literacy: %(count)s programmes.") % {"count": Programme.objects.filter(active=True).count()}, ""


access.allow("literacy", policies.may_read_file)
offer(
    MenuEntry(
        "public",
        gettext_lazy("Digital literacy"),
        "/literasi",
        icon="school",
        hint=gettext_lazy("Sessions near you, materials, what people learnt"),
        order=65,
    ),
    MenuEntry("staff", gettext_lazy("Literacy"), "/kerja/literasi", icon="school", roles=policies.READERS, order=46),
    WorkList("literacy", work),
    Search("literacy", find),
    Indicators("literacy", figures.indicators),
    DossierPart("literacy", chapter, order=60),
    PackSection("literacy", check_pack, load_pack, order=75),
    ConfigurationCheck("literacy", check_configuration),
    *JOBS,
)
