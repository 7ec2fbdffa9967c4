"""What this room hangs in the hall."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.contributions import (
    ConfigurationCheck,
    Figures,
    MenuEntry,
    PackSection,
    Search,
    SearchHit,
    UploadPath,
    WorkItem,
    WorkList,
    offer,
)
from tepian.kernel.documents import access
from tepian.toolkit.text import plain
from tepian.ui.words import in_language

from . import operations, policies, queries, states
from .jobs import JOBS
from .models import Dataset, Edition
from .operations.reading import MAX_MB
from .queries import followed

SHOWN = 20


def work(actor: Actor) -> Iterable[WorkItem]:
    """Returned editions and late tables for the agency; sent ones for the steward."""
    if not actor.has(*policies.STAFF):
        return
    rows = Edition.objects.select_related("dataset").filter(state__in=(states.SENT, states.RETURNED))
    for row in rows.order_by("sent_at")[: 5 * SHOWN]:
        agency = row.dataset.agency_code
        to_check = row.state == states.SENT and actor.has(policies.STEWARD, agency=agency)
        to_mend = row.state == states.RETURNED and actor.has(policies.PRODUCER, agency=agency)
        if to_check or to_mend:
            yield WorkItem(
                key=f"statistics/{row.key}",
                title=f"{in_language(row.dataset, 'title')}: {queries.STATE_LABELS[row.state]}",
                url=reverse("statistics-edition", args=[row.key]),
                level="warning" if to_mend else "notice",
                since=row.sent_at,
                icon="chart",
            )
    for due in queries.due(until=timezone.localdate())[:SHOWN]:
        if actor.has(policies.PRODUCER, agency=due.dataset.agency_code):
            yield WorkItem(
                key=f"statistics/due/{due.pk}",
                title=_("Figures are late: %(title)s, %(period)s")
                % {"title": in_language(due.dataset, "title"), "period": due.period},
                url=f"{reverse('statistics-desk')}?set={due.dataset.code}#kirim",
                level="warning",
                icon="chart",
            )


def find(text: str, actor: Actor) -> Iterable[SearchHit]:
    text = plain(text, 100)
    if len(text) < 3:
        return
    for row, score in queries.find_indicators(text, 5):
        yield SearchHit(
            title=in_language(row, "title"),
            url=f"/data/{row.code}",
            kind=str(_("Statistics")),
            detail=in_language(row.dataset, "title"),
            score=score,
        )


# --- the pack ---------------------------------------------------------------------------------------------------------

CLASSIFICATION_KEYS = ("code", "version", "title", "valid_from")
ACTIVITY_KEYS = ("code", "title", "agency", "year")
DATASET_KEYS = ("code", "title", "agency")


def check_pack(pack: Any) -> Iterable[Any]:
    """Problems of `statistics.toml`."""
    agencies = {row["code"] for row in pack.csv("agencies", ("code", "name"))} if pack.has("agencies.csv") else set()
    known = {row["code"] for row in pack.tables("statistics", "classification", CLASSIFICATION_KEYS)}
    activities = {row["code"] for row in pack.tables("statistics", "activity", ACTIVITY_KEYS)}
    codes: set[str] = set()
    for row in pack.tables("statistics", "dataset", DATASET_KEYS):
        name = str(row["code"])
        if row["agency"] not in agencies:
            yield pack.problem("statistics", _("unknown agency: %(code)s") % {"code": row["agency"]}, name)
        if row.get("activity") and row["activity"] not in activities:
            yield pack.problem("statistics", _("unknown activity: %(code)s") % {"code": row["activity"]}, name)
        if row.get("frequency", states.YEAR) not in states.FREQUENCIES:
            yield pack.problem("statistics", _("frequency must be A, S, Q, M or D"), name)
        for each in row.get("dimension", []):
            if each.get("role") == "category" and each.get("classification") not in known:
                code = each.get("classification", "")
                yield pack.problem("statistics", _("unknown classification: %(code)s") % {"code": code}, name)
            elif each.get("role") not in ("category", "region"):
                yield pack.problem("statistics", _("a dimension is a region or a category"), name)
        if not row.get("indicator"):
            yield pack.problem("statistics", _("a table needs at least one indicator"), name)
        for each in row.get("indicator", []):
            if each["code"] in codes:
                yield pack.problem("statistics", _("this indicator stands here twice: %(code)s") % each, name)
            codes.add(each["code"])
        for each in row.get("release", []):
            if not states.is_period(str(each["period"]), row.get("frequency", states.YEAR)):
                period = each["period"]
                yield pack.problem(
                    "statistics", _("“%(period)s” is no period of this table") % {"period": period}, name
                )


def load_pack(pack: Any, actor: Actor) -> dict[str, int]:
    return operations.load_catalogue(
        actor=actor,
        classifications=pack.tables("statistics", "classification", CLASSIFICATION_KEYS),
        activities=pack.tables("statistics", "activity", ACTIVITY_KEYS),
        datasets=pack.tables("statistics", "dataset", DATASET_KEYS),
    )


def check_configuration() -> tuple[bool, str, str]:
    count = Dataset.objects.count()
    if not count:
        return False, _("The catalogue of statistics is empty."), _("Load a city pack with statistics.toml.")
    return True, _("Statistics: %(count)s tables in the catalogue.") % {"count": count}, ""


access.allow("statistics", policies.may_read_file)
offer(
    MenuEntry(
        "public",
        gettext_lazy("Data and statistics"),
        "/data",
        icon="chart",
        hint=gettext_lazy("Population, prices, poverty: tables, maps and files"),
        order=60,
    ),
    MenuEntry(
        "staff",
        gettext_lazy("Statistics"),
        "/kerja/data",
        icon="chart",
        roles=policies.READERS,
        order=40,
    ),
    MenuEntry(
        "staff",
        gettext_lazy("Data steward"),
        "/kerja/walidata",
        icon="check",
        roles=(*policies.CHECKERS, policies.FORUM, "auditor"),
        order=41,
    ),
    WorkList("statistics", work),
    Search("statistics", find),
    Figures("statistics", followed.find, followed.read),
    UploadPath("/kerja/data/", MAX_MB + 1),  # a form wraps the workbook
    PackSection("statistics", check_pack, load_pack, order=70),
    ConfigurationCheck("statistics", check_configuration),
    *JOBS,
)
