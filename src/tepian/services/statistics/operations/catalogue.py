"""The catalogue as stewards keep it in the running city: tables, their indicators, and the forms of BPS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.events import note, operation
from tepian.kernel.organisations import queries as organisations

from .. import policies, queries, states
from ..models import Activity, Dataset, Indicator, Release, Spelling, Variable
from ..queries.catalogue import TOPIC

ANSWER_LIMIT = 2000  # characters of one answer of a form
MOST_INDICATORS = 30


@operation("statistics.add_dataset", policy=policies.may_configure)
def add_dataset(
    *,
    actor: Actor,
    title: str,
    agency: str,
    frequency: str,
    dimensions: Sequence[Mapping[str, str]],
    indicators: Sequence[Mapping[str, Any]],
    title_en: str = "",
) -> Dataset:
    """A new table in the catalogue, with its figures. Codes are made from the titles and stay."""
    if not title.strip():
        raise Invalid(_("Give the table a name."), code="title_missing", field="title")
    title = checked_text(title, "title", limit=200)
    code = slugify(title)[:80]
    note("dataset", code)
    if not code or Dataset.objects.filter(code=code).exists():
        raise Invalid(_("A table of this name exists. Choose another name."), code="title_taken", field="title")
    if organisations.agency_name(agency) == "":
        raise Invalid(_("Choose the agency that answers for it."), code="agency_unknown", field="agency")
    if frequency not in states.FREQUENCIES:
        raise Invalid(_("Choose how often it is made."), code="frequency_unknown", field="frequency")
    if not 0 < len(indicators) <= MOST_INDICATORS:
        raise Invalid(
            _("Write between 1 and %(most)s figures, one a line.") % {"most": MOST_INDICATORS},
            code="indicators",
            field="indicators",
        )
    row = Dataset.objects.create(
        code=code,
        title=title,
        title_en=checked_text(title_en, "title_en", limit=200, needed=False),
        agency_code=agency,
        frequency=frequency,
        dimensions=[dict(each) for each in dimensions],
    )
    for position, each in enumerate(indicators):
        name = checked_text(str(each["title"]), "indicators", limit=200)
        slug = slugify(name)[:80]
        if not slug or Indicator.objects.filter(code=slug).exists():
            raise Invalid(
                _("There is a figure “%(name)s” already. Give it another name.") % {"name": name},
                code="indicator_taken",
                field="indicators",
                item=name,
            )
        Indicator.objects.create(
            dataset=row,
            code=slug,
            title=name,
            unit=str(each.get("unit", ""))[:60],
            decimals=int(each.get("decimals", 0)),
            total=str(each.get("total", "")),
            position=position,
        )
    touch(TOPIC)
    return row


@operation("statistics.fill_form", policy=policies.may_configure)
def fill_form(
    *,
    actor: Actor,
    row: Activity | Variable | Indicator,
    answers: Mapping[str, str],
    before: Mapping[str, str] | None = None,
) -> None:
    """Answers to the questions of MS-Keg, MS-Var or MS-Ind in force today; what is not asked is not kept. `before`: the
    answers that this person was shown; `Conflict` when somebody else has changed them since."""
    form = {Activity: "ms-keg", Variable: "ms-var", Indicator: "ms-ind"}[type(row)]
    note(form, row.code)
    now = type(row).objects.select_for_update(of=("self",)).get(pk=row.pk)  # type: ignore[attr-defined]
    if before is not None and dict(before) != now.form:
        raise Conflict(
            _("Somebody else filled in this form a moment ago. Nothing of yours was saved: it stands here still."),
            code="too_late",
            item=row.code,
        )
    asked = [question["key"] for question in queries.questionnaire(form, timezone.localdate())]
    kept = {
        key: checked_text(answers.get(key, ""), key, limit=ANSWER_LIMIT, needed=False)
        for key in asked
        if answers.get(key, "").strip()
    }
    type(row).objects.filter(pk=row.pk).update(form=kept)  # type: ignore[attr-defined]
    touch(TOPIC)


@operation("statistics.plan_release", policy=policies.may_plan)
def plan_release(*, actor: Actor, dataset: Dataset, period: str, due: date) -> Release:
    """A line of the release calendar; planning it again moves the day."""
    note("dataset", dataset.code, period=period)
    if not states.is_period(period, dataset.frequency):
        raise Invalid(_("This is no period of this table."), code="period_unknown", field="period")
    row, _new = Release.objects.update_or_create(dataset=dataset, period=period, defaults={"due": due})
    touch(TOPIC)
    return row


@operation("statistics.forget_spelling", policy=policies.may_keep_dataset)
def forget_spelling(*, actor: Actor, dataset: Dataset, spelling: int) -> None:
    """A remembered repair was wrong: ask again next time."""
    note("dataset", dataset.code, spelling=spelling)
    Spelling.objects.filter(dataset=dataset, pk=spelling).delete()
    touch(TOPIC)
