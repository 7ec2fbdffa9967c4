"""The catalogue: datasets, their dimensions and codes, what is published, what is due."""

from __future__ import annotations

import tomllib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rapidfuzz import fuzz

from tepian.kernel.actors import NotFound
from tepian.kernel.catalogue.kept import Kept
from tepian.kernel.regions import queries as regions
from tepian.kernel.regions.folding import fold
from tepian.ui.words import english, in_language

from .. import states
from ..models import Category, Classification, Dataset, Edition, Indicator, Release

TOPIC = "statistics"
TOTAL = "_T"  # SDMX's code for "all of this dimension"
AMBIGUOUS = "?"  # a spelling that two codes share
STATE_LABELS = {
    states.DRAFT: gettext_lazy("draft"),
    states.SENT: gettext_lazy("waits for the data steward"),
    states.RETURNED: gettext_lazy("returned"),
    states.APPROVED: gettext_lazy("approved, waits for its day"),
    states.PUBLISHED: gettext_lazy("published"),
    states.REPLACED: gettext_lazy("replaced by a newer edition"),
    states.WITHDRAWN: gettext_lazy("withdrawn"),
    states.DISCARDED: gettext_lazy("discarded"),
}
FREQUENCY_LABELS = {
    states.YEAR: gettext_lazy("yearly"),
    states.SEMESTER: gettext_lazy("half-yearly"),
    states.QUARTER: gettext_lazy("quarterly"),
    states.MONTH: gettext_lazy("monthly"),
    states.DAY: gettext_lazy("daily"),
}
PRINCIPLE_LABELS = {
    "standard": gettext_lazy("Data standard: concept, definition, classification, measure and unit fit"),
    "metadata": gettext_lazy("Metadata: the forms MS-Keg, MS-Var and MS-Ind are filled in and true"),
    "interoperability": gettext_lazy("Interoperability: other systems can read it without asking"),
    "codes": gettext_lazy("Reference codes: regions and categories carry the official codes"),
}
STATUS_LABELS = {
    states.NORMAL: "",
    states.MISSING: gettext_lazy("not available"),
    states.SUPPRESSED: gettext_lazy("not shown, so that nobody can be recognised"),
    states.PROVISIONAL: gettext_lazy("provisional"),
    states.ESTIMATED: gettext_lazy("estimated"),
}
DIRECTION_LABELS = {
    states.UP: gettext_lazy("more is better"),
    states.DOWN: gettext_lazy("less is better"),
}
QUESTIONNAIRES = Path(__file__).parents[1] / "questionnaires"


@cache
def questionnaire(form: str, on: date) -> list[dict[str, str]]:
    """The questions of a form (`ms-keg`, `ms-var`, `ms-ind`) in force on a day: `{"key", "block", "text", "text_en"}`.
    Source: Peraturan BPS 5/2020."""
    newest: list[dict[str, str]] = []
    for path in sorted(QUESTIONNAIRES.glob(f"{form}-*.toml")):
        rows = tomllib.loads(path.read_text())
        if rows["valid_from"] <= on:
            newest = rows["question"]
    return newest


# --- dimensions and codes ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Dimension:
    """A dimension with its codes. `names` and `parents`: by code, in the order in which they are shown. `spellings`:
    folded other names → code."""

    key: str
    name: str
    role: str
    names: Mapping[str, str]
    parents: Mapping[str, str] = field(default_factory=dict)
    spellings: Mapping[str, str] = field(default_factory=dict)
    classification: str = ""
    level: str = ""


def classification_on(code: str, on: date | None = None) -> Classification | None:
    """The version of a classification in force on a day (today when none is given)."""
    on = on or timezone.localdate()
    rows = Classification.objects.filter(code=code, valid_from__lte=on).filter(Q(valid_to=None) | Q(valid_to__gte=on))
    return rows.order_by("-valid_from").first()


_categories = Kept(dict[Any, list[Category]], TOPIC)


def categories_of(code: str, on: date | None = None) -> list[Category]:
    """The categories of the version in force; none when the classification is not known."""
    place = (code, on or timezone.localdate())
    kept = _categories()
    if place not in kept:
        found = classification_on(*place)
        kept[place] = list(found.categories.all()) if found else []
    return kept[place]


_dimensions = Kept(dict[Any, list[Dimension]], TOPIC, "regions", "city")


def dimensions_of(dataset: Dataset, on: date | None = None) -> list[Dimension]:
    """The dataset's dimensions with their codes in the reader's language."""
    place = (dataset.pk, on or timezone.localdate(), english())
    kept = _dimensions()
    if place not in kept:
        kept[place] = [_dimension(given, on) for given in dataset.dimensions]
    return kept[place]


def _dimension(given: Mapping[str, Any], on: date | None) -> Dimension:
    name = (english() and given.get("name_en")) or given["name"]
    if given["role"] == "region":
        city = regions.of_level("city", on)
        rows = [*city, *(row for row in regions.of_level(given["level"], on) if row not in city)]
        day = on or timezone.localdate()
        spellings: dict[str, str] = {}
        for row in rows:
            for text in (row.code, row.bps_code, row.name(day), regions.bare_name(row.code, day)):
                if text:
                    spellings[fold(text)] = row.code if spellings.get(fold(text), row.code) == row.code else AMBIGUOUS
        return Dimension(
            given["key"],
            name,
            "region",
            {row.code: row.name(day) for row in rows},
            {row.code: row.parent(day) for row in rows},
            spellings,
            level=given["level"],
        )
    rows_ = categories_of(given["classification"], on)
    known: dict[str, str] = {}
    for category in rows_:
        for text in (category.code, category.name, category.name_en, *category.synonyms):
            if text:
                known.setdefault(fold(text), category.code)
    return Dimension(
        given["key"],
        name,
        "category",
        {row.code: in_language(row, "name") for row in rows_},
        {row.code: row.parent for row in rows_ if row.parent},
        known,
        classification=given["classification"],
    )


# --- datasets and indicators ------------------------------------------------------------------------------------------


def datasets() -> QuerySet[Dataset]:
    """Living datasets."""
    return Dataset.objects.filter(retired_at=None).prefetch_related("indicators")


def dataset_by(code: str) -> Dataset:
    row = Dataset.objects.prefetch_related("indicators").filter(code=code).first()
    if row is None:
        raise NotFound(_("There is no dataset with this code."), code="dataset_unknown", item=code[:80])
    return row


def indicator_by(code: str) -> Indicator:
    row = Indicator.objects.select_related("dataset").filter(code=code).first()
    if row is None:
        raise NotFound(_("There is no indicator with this code."), code="indicator_unknown", item=code[:80])
    return row


def edition_by(key: str | uuid.UUID) -> Edition:
    try:
        wanted = uuid.UUID(str(key))
    except ValueError:
        wanted = None
    row = Edition.objects.select_related("dataset").filter(key=wanted).first() if wanted else None
    if row is None:
        raise NotFound(_("There is no such edition."), code="edition_unknown", item=str(key)[:40])
    return row


def published_edition(dataset: Dataset) -> Edition | None:
    """The edition that the public sees now."""
    return dataset.editions.filter(state=states.PUBLISHED).first()


def published() -> QuerySet[Edition]:
    """The newest edition of every dataset that has one."""
    return (
        Edition.objects.filter(state=states.PUBLISHED, dataset__retired_at=None)
        .select_related("dataset")
        .order_by("dataset__title")
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    indicator: Indicator
    words: Sequence[str]


def _index() -> list[_Entry]:
    public = set(published().values_list("dataset_id", flat=True))
    entries = []
    for row in Indicator.objects.filter(dataset_id__in=public).select_related("dataset"):
        texts = [row.title, row.title_en, *row.synonyms, *row.dataset.keywords, row.dataset.title, row.dataset.title_en]
        entries.append(_Entry(row, [fold(text) for text in texts if text]))
    return entries


_search = Kept(_index, TOPIC)
ENOUGH = 70.0  # of 100: likeness of a name that counts as found


def find_indicators(text: str, limit: int = 50) -> list[tuple[Indicator, float]]:
    """Public indicators whose name, synonym or keyword is like the words, best first, with the likeness from 0 to 100.
    Without words all, by title."""
    wanted = fold(text)
    if not wanted:
        return [(entry.indicator, 100.0) for entry in sorted(_search(), key=lambda entry: entry.indicator.title)][
            :limit
        ]
    found = []
    for entry in _search():
        best = max((fuzz.token_set_ratio(wanted, words) for words in entry.words), default=0.0)
        if any(wanted in words for words in entry.words):
            best = max(best, 90.0)
        if best >= ENOUGH:
            found.append((entry.indicator, best))
    return sorted(found, key=lambda hit: (-hit[1], hit[0].title))[:limit]


# --- the calendar -----------------------------------------------------------------------------------------------------


def due(agencies: Sequence[str] | None = None, *, until: date | None = None) -> QuerySet[Release]:
    """What is still to come, soonest first; of some agencies when given."""
    rows = Release.objects.filter(met_at=None, dataset__retired_at=None).select_related("dataset")
    if agencies is not None:
        rows = rows.filter(dataset__agency_code__in=agencies)
    if until is not None:
        rows = rows.filter(due__lte=until)
    return rows.order_by("due", "dataset__title")
