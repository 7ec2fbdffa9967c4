"""Forms of the duty officer's desk."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import TEXT_LIMIT
from tepian.kernel.organisations.models import Agency
from tepian.kernel.regions import queries as regions

from . import queries, states
from .models import Incident

LEVEL_CHOICES = [(level, queries.LEVEL_LABELS[level]) for level in states.LEVELS[1:]]
HOURS = [(hours, str(hours)) for hours in (1, 2, 3, 6, 12, 24, 48, 72)]


class OwnIds:
    """Several forms stand on one page: each gives its fields ids of its own, so that a label finds its field."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("auto_id", f"id_{type(self).__name__.removesuffix('Form').lower()}_%s")
        super().__init__(*args, **kwargs)


class PublicForm(OwnIds, forms.Form):
    """What the public will read. `hours` counts from now."""

    level = forms.ChoiceField(label=_("Level"), choices=LEVEL_CHOICES, widget=forms.RadioSelect)
    areas = forms.MultipleChoiceField(label=_("Wards affected"), widget=forms.CheckboxSelectMultiple)
    headline = forms.CharField(label=_("Headline (Indonesian)"), max_length=300)
    instruction = forms.CharField(
        label=_("What people should do (Indonesian)"), max_length=TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 4})
    )
    headline_en = forms.CharField(label=_("Headline (English)"), max_length=300, required=False)
    instruction_en = forms.CharField(
        label=_("What people should do (English)"),
        max_length=TEXT_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    hours = forms.TypedChoiceField(label=_("Valid for (hours)"), choices=HOURS, coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["areas"].choices = regions.choices()  # type: ignore[attr-defined]

    def told(self) -> dict[str, Any]:
        """The cleaned answers as the operations want them."""
        answers = dict(self.cleaned_data)
        answers["valid_until"] = timezone.now() + timedelta(hours=answers.pop("hours"))
        return answers


def first_words(incident: Incident) -> dict[str, Any]:
    """What the confirm form starts from: the incident's own words, or the city's for this hazard and level."""
    level = incident.suggested_level if states.rank(incident.suggested_level) > 0 else incident.level
    words = queries.default_words(incident.hazard, level, incident.place)
    hours = int(words.get("hours", 6))
    own = {key: getattr(incident, key) for key in ("headline", "headline_en", "instruction", "instruction_en")}
    if own["headline"] and level == incident.level:
        words = own
    return {
        "level": level,
        "areas": incident.areas,
        "hours": min((h for h, _label in HOURS), key=lambda h: abs(h - hours)),
        **{key: words.get(key, "") for key in own},
    }


class DismissForm(OwnIds, forms.Form):
    reason_code = forms.ChoiceField(
        label=_("Reason"),
        choices=[(code, queries.REASON_LABELS[code]) for code in states.DISMISS_REASONS],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(label=_("In your words"), max_length=TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 3}))


class CloseForm(OwnIds, forms.Form):
    outcome = forms.ChoiceField(
        label=_("How did it end?"),
        choices=[(code, queries.OUTCOME_LABELS[code]) for code in states.OUTCOMES],
        widget=forms.RadioSelect,
    )
    text = forms.CharField(
        label=_("Remarks"), max_length=TEXT_LIMIT, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class ReopenForm(OwnIds, forms.Form):
    reason = forms.CharField(
        label=_("Why is it not over?"), max_length=TEXT_LIMIT, widget=forms.Textarea(attrs={"rows": 2})
    )
    hours = forms.TypedChoiceField(label=_("Valid for (hours)"), choices=HOURS, coerce=int, initial=6)


class AssignForm(OwnIds, forms.Form):
    agency = forms.ChoiceField(label=_("Agency"))
    unit = forms.CharField(label=_("Unit (if known)"), max_length=200, required=False)
    task = forms.CharField(label=_("Task"), max_length=300)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Agency.objects.filter(valid_to=None).order_by("name")
        self.fields["agency"].choices = [("", "—"), *((row.code, str(row)) for row in rows)]  # type: ignore[attr-defined]


class NoteForm(OwnIds, forms.Form):
    text = forms.CharField(
        label=_("Write in the time line"),
        max_length=TEXT_LIMIT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What happened, what was decided. No names or health data of citizens."),
    )
