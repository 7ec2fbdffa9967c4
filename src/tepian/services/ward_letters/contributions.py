"""What this room hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Actor, NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.contributions import (
    ConfigurationCheck,
    Indicators,
    LetterTexts,
    MenuEntry,
    PackSection,
    Search,
    SearchHit,
    Signable,
    WorkItem,
    WorkList,
    offer,
)
from tepian.kernel.documents import access, letters
from tepian.toolkit.text import plain
from tepian.ui.templatetags.ui import public_url

from . import operations, policies, queries, states
from .jobs import JOBS
from .models import Request
from .queries import figures
from .queries import pack as reading
from .views.parts import title_of

SHOWN = 20


def work(actor: Actor) -> Iterable[WorkItem]:
    """Requests whose turn it is, the soonest due first."""
    if not actor.has(*policies.STAFF):
        return
    now = timezone.now()
    for row in queries.waiting(actor)[:SHOWN]:
        late = bool(row.due_at and row.due_at < now)
        yield WorkItem(
            key=f"ward_letters/{row.code}",
            title=f"{title_of(row.kind)}: {row.resident.name}",
            url=reverse("ward-letters-case", args=[row.code]),
            detail=row.code,
            level="danger" if late else "normal",
            since=row.state_since,
            due=row.due_at,
            icon="document",
        )


def find(text: str, actor: Actor) -> Iterable[SearchHit]:
    """A number leads to its case: staff of the ward to the desk, everybody else to what the public may know. Words find
    kinds of letters."""
    text = plain(text, 100)
    if code := queries.clean_code(text):
        row = Request.objects.select_related("kind").filter(code=code).first()
        if row is not None and actor.kind == "person" and policies.may_read(actor, row):
            url = reverse("ward-letters-case", args=[row.code])
        elif row is not None and row.state != states.DRAFT:
            url = public_url("ward-letters-status", row.code)
        else:
            return
        yield SearchHit(title=f"{row.code}: {title_of(row.kind)}", url=url, kind=str(_("Letter")), score=100.0)
        return
    if len(text) < 3:
        return
    for kind in queries.matching(text, queries.kinds())[:5]:
        yield SearchHit(
            title=title_of(kind), url=public_url("ward-letters-kind", kind.code), kind=str(_("Letter")), score=60.0
        )


def check_pack(pack: Any) -> Iterable[Any]:
    return reading.problems(pack)


def load_pack(pack: Any, actor: Actor) -> dict[str, int]:
    return operations.load_pack(
        actor=actor,
        times=pack.tables(reading.FILE, "office", reading.TIME_KEYS),
        kinds=pack.tables(reading.FILE, "kind", reading.KIND_KEYS),
        sentences=pack.tables(reading.FILE, "sentence", reading.SENTENCE_KEYS),
    )


def check_configuration() -> tuple[bool, str, str]:
    """Each kind needs a text that is in force."""
    kinds, missing = queries.kinds(), []
    for kind in kinds:
        try:
            letters.template_on(kind.template, today())
        except NotFound:
            missing.append(kind.code)
    if not kinds:
        return False, _("Ward letters: no kind of letter is set up."), _("Load a city pack with ward_letters.toml.")
    if missing:
        return (
            False,
            _("Ward letters without a text in force: %(kinds)s.") % {"kinds": ", ".join(missing)},
            _("Put a text in force at /kerja/kelola/surat."),
        )
    return True, _("Ward letters: %(count)s kinds.") % {"count": len(kinds)}, ""


access.allow(policies.SUBJECT, policies.may_read_file, personal=True, purpose="letter")
offer(
    MenuEntry(
        "public",
        gettext_lazy("Letters"),
        "/surat",
        icon="document",
        hint=gettext_lazy("Letters of the ward office, from your phone"),
        order=15,
    ),
    MenuEntry(
        "staff", gettext_lazy("Ward letters"), "/kerja/kelurahan", icon="document", roles=policies.STAFF, order=22
    ),
    WorkList("ward_letters", work),
    Search("ward_letters", find),
    Indicators("ward_letters", figures.indicators),
    LetterTexts("ward_letters", Path(__file__).with_name("letters")),
    Signable(
        operations.KIND,
        gettext_lazy("Letter of the ward office"),
        operations.waiting,
        operations.render,
        operations.finish,
        operations.return_unsigned,
        order=20,
    ),
    PackSection("ward_letters", check_pack, load_pack, order=76),
    ConfigurationCheck("ward_letters", check_configuration),
    *JOBS,
)
