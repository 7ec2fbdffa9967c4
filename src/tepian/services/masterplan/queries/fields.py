"""What the fields of a part are called, and how their values are said."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tepian.kernel.organisations import queries as organisations
from tepian.ui import words

from .. import states
from ..models import Framework
from .plan import dimensions

FIELD_LABELS = {
    "code": gettext_lazy("Number"),
    "title": gettext_lazy("Name"),
    "title_en": gettext_lazy("Name in English"),
    "description": gettext_lazy("Description"),
    "dimension": gettext_lazy("Dimension"),
    "subdimension": gettext_lazy("Sub-dimension"),
    "agency_code": gettext_lazy("Agency"),
    "quick_win": gettext_lazy("Quick win"),
    "planning_code": gettext_lazy("Planning code"),
    "renstra": gettext_lazy("Reference in the Renstra"),
    "first_year": gettext_lazy("First year"),
    "last_year": gettext_lazy("Last year"),
    "indicator": gettext_lazy("Indicator"),
    "unit": gettext_lazy("Unit"),
    "direction": gettext_lazy("Which way is better"),
    "rule": gettext_lazy("How quarters make a year"),
    "baseline": gettext_lazy("Where it starts from"),
    "figure": gettext_lazy("Followed figure"),
    "tolerance": gettext_lazy("Tolerance in percent"),
    "weight": gettext_lazy("Weight"),
    "outcome": gettext_lazy("Outcome"),
    "impact": gettext_lazy("Impact"),
}
DIRECTION_LABELS = {states.UP: gettext_lazy("more is better"), states.DOWN: gettext_lazy("less is better")}
RULE_LABELS = {
    states.LAST: gettext_lazy("where it stands at the end of the quarter"),
    states.SUM: gettext_lazy("quarters add up"),
}
LONG = ("description", "outcome", "impact")


class Names:
    """The names of codes in the reader's language, looked up once for many values."""

    def __init__(self, framework: Framework) -> None:
        rows = dimensions(framework)
        self.dimensions = {each.code: each.name for each in rows}
        self.parts = {code: name for each in rows for code, name in each.parts}

    def said(self, name: str, value: Any) -> str:
        """A field's value as people read it; "" where there is none."""
        if value is None or value == "":
            return ""
        if name == "dimension":
            return self.dimensions.get(value, value)
        if name == "subdimension":
            return self.parts.get(value, value)
        if name == "agency_code":
            return organisations.agency_name(value)
        if name == "direction":
            return str(DIRECTION_LABELS.get(value, value))
        if name == "rule":
            return str(RULE_LABELS.get(value, value))
        if name == "quick_win":
            return _("yes") if value else _("no")
        if name in ("baseline", "tolerance"):
            return words.number(value)
        return str(value)
