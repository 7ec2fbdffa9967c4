"""What this room hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from rapidfuzz import fuzz

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import (
    ConfigurationCheck,
    DossierPart,
    Figures,
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

from . import operations, policies, queries, states
from .models import Assessment
from .queries import followed
from .states import instruments
from .views.dossier import chapter

ENOUGH = 70.0  # of 100: likeness of a title that counts as found


def work(actor: Actor) -> Iterable[WorkItem]:
    """Items to answer for the agency, to score for the assessor, to close for the planner and the head."""
    if not actor.has(policies.REPORTER, policies.ASSESSOR, policies.PLANNER, policies.HEAD):
        return
    for each in queries.waiting(actor):
        row, count = each["row"], each["count"]
        name = f"{queries.titled(queries.instrument_of(row))} {row.year}"
        key, level, decision = f"assessment/{row.code}/{each['kind']}", "notice", False
        if each["kind"] == "answer":
            title = ngettext("%(n)s item to answer: %(name)s", "%(n)s items to answer: %(name)s", count)
            url = reverse("assessment-overview", args=[row.code])
        elif each["kind"] == "score":
            title = ngettext("%(n)s item to score: %(name)s", "%(n)s items to score: %(name)s", count)
            url = reverse("assessment-scoring", args=[row.code])
        else:
            title, decision = _("Scored, waits to be closed: %(name)s"), True
            url = reverse("assessment-overview", args=[row.code])
        yield WorkItem(
            key=key,
            title=title % {"n": count, "name": name},
            url=url,
            level=level,
            since=row.submitted_at or row.opened_at,
            decision=decision,
            icon="badge",
        )


def find(text: str, _actor: Actor) -> Iterable[SearchHit]:
    """Closed assessments and their items: what the public may read."""
    text = plain(text, 100).casefold()
    if len(text) < 3:
        return
    for row in Assessment.objects.filter(state=states.CLOSED)[:30]:
        instrument = queries.instrument_of(row)
        names = [
            instrument.title,
            instrument.title_en,
            _("Smart-city score"),
            *(node.title for node in instrument.items),
        ]
        score = max(95.0 if text in name.casefold() else fuzz.token_set_ratio(text, name.casefold()) for name in names)
        if score >= ENOUGH:
            yield SearchHit(
                title=f"{queries.titled(instrument)} {row.year}",
                url=f"/penilaian/{row.code}",
                kind=str(_("Assessment")),
                detail=str(queries.STATE_LABELS[row.state]),
                score=score,
            )


# --- the pack ---------------------------------------------------------------------------------------------------------

PUBLISHED_KEYS = ("city", "instrument", "version", "year", "score", "source")


def check_pack(pack: Any) -> Iterable[Any]:
    """Problems of `assessment.toml`: the city's own instruments and the published results."""
    known = {key: queries.parsed(document) for key, document in queries.shipped().items()}
    for given in pack.tables("assessment", "instrument", ("code", "version")):
        name, key = str(given["code"]), (str(given["code"]), str(given["version"]))
        wrong = False
        for message, item in instruments.problems(given):
            wrong = True
            yield pack.problem("assessment", str(message), item or name)
        if key in known and known[key].complete:
            yield pack.problem(
                "assessment", _("this instrument and version come with Tepian: give yours a version of its own"), name
            )
        elif not wrong:
            known[key] = instruments.read(given)
    for given in pack.tables("assessment", "published", PUBLISHED_KEYS):
        name, key = str(given["city"]), (str(given["instrument"]), str(given["version"]))
        if key not in known:
            yield pack.problem("assessment", _("unknown instrument: %(code)s") % {"code": " ".join(key)}, name)
            continue
        instrument = known[key]
        if given.get("weights") and given["weights"] not in instrument.weight_sets:
            yield pack.problem("assessment", _("unknown weight set: %(code)s") % {"code": given["weights"]}, name)
        for code, value in {"": given["score"], **given.get("values", {})}.items():
            if code and code not in instrument.nodes:
                yield pack.problem("assessment", _("unknown item or part: %(code)s") % {"code": code}, name)
            elif not _stands_on(instrument, value):
                yield pack.problem("assessment", _("“%(value)s” does not stand on the scale") % {"value": value}, name)


def _stands_on(instrument: instruments.Instrument, value: Any) -> bool:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return False
    return number.is_finite() and (instrument.scale is None or instrument.scale.low <= number <= instrument.scale.high)


def load_pack(pack: Any, actor: Actor) -> dict[str, int]:
    return operations.load_pack(
        actor=actor,
        instruments=pack.tables("assessment", "instrument", ("code", "version")),
        published=pack.tables("assessment", "published", PUBLISHED_KEYS),
    )


def check_configuration() -> tuple[bool, str, str]:
    frames = [each for each in queries.instruments() if not each.computable]
    if frames:
        names = ", ".join(f"{each.code} {each.version}" for each in frames)
        return True, _("Assessment: not complete yet: %(names)s.") % {"names": names}, ""
    return True, _("Assessment: %(count)s instruments.") % {"count": len(queries.instruments())}, ""


access.allow("assessment_evidence", policies.may_read_file)
offer(
    MenuEntry(
        "public",
        gettext_lazy("Smart-city score"),
        "/penilaian",
        icon="badge",
        hint=gettext_lazy("How the city is assessed, with every formula"),
        order=62,
    ),
    MenuEntry("staff", gettext_lazy("Assessment"), "/kerja/penilaian", icon="badge", roles=policies.READERS, order=44),
    MenuEntry("staff", gettext_lazy("Scoring"), "/kerja/asesor", icon="check", roles=(policies.ASSESSOR,), order=45),
    WorkList("assessment", work),
    Search("assessment", find),
    PackSection("assessment", check_pack, load_pack, order=72),
    ConfigurationCheck("assessment", check_configuration),
    DossierPart("assessment", chapter, order=55),
    Figures("assessment", followed.find, followed.read),
)
