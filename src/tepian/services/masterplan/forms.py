"""Forms of projects, comments and meetings. Numbers are read as people write them here: 1.250.000.000 and 62,5."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import formats, timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Denied, Invalid
from tepian.kernel.organisations import queries as organisations
from tepian.ui import words
from tepian.ui.words import in_language

from . import policies, states
from .models import Part, Plan, Project, Stage
from .operations.comments import LONGEST
from .queries import comments, meetings, projects
from .queries.plan import SOURCE_LABELS, current, dimensions, revision_on

NOTHING: tuple[str, str] = ("", "—")
PHOTO_TYPES = "image/jpeg,image/png,image/webp"


def as_written(value: float | None) -> str:
    """What `words.written_number` reads: 62,5 and 1.250.000; nothing for None."""
    if value is None:
        return ""
    whole = int(value) if float(value).is_integer() else value
    return formats.number_format(whole, use_l10n=True, force_grouping=True)


class NumberField(forms.CharField):
    """A number, or None for nothing."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=40, **options)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return as_written(value)
        return value

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return words.written_number(text)
        except ValueError:
            raise forms.ValidationError(_("Write a number, for example 1.250.000 or 62,5.")) from None

    def clean(self, value: Any) -> Any:
        found = self.to_python(value)
        if found is None and self.required:
            raise forms.ValidationError(self.error_messages["required"])
        return found


class MoneyField(NumberField):
    """Whole rupiah."""

    def to_python(self, value: Any) -> Any:
        found = super().to_python(value)
        if found is not None and not float(found).is_integer():
            raise forms.ValidationError(_("Write whole rupiah."))
        return None if found is None else int(found)


def _day(**options: Any) -> forms.DateField:
    return forms.DateField(
        widget=forms.DateInput(attrs={"type": "date", "class": "field field-s"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("Choose a day from the calendar.")},
        **options,
    )


class Base(forms.Form):
    """With the house's classes and words; what an operation refuses stands beside its field."""

    use_required_attribute = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
                field.error_messages["required"] = _("Fill this in.")
            if not isinstance(field.widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
                field.widget.attrs.setdefault("class", "field")

    def refuse(self, error: Invalid | Denied) -> None:
        field = getattr(error, "field", "")
        words = str(getattr(error, "message", error))
        self.add_error(field if field in self.fields else None, words)


def choose(field: forms.Field, choices: Iterable[tuple[Any, Any]]) -> None:
    field.choices = list(choices)  # type: ignore[attr-defined]


def agencies_of(actor: Actor) -> list[tuple[str, str]]:
    """The agencies that this actor may write for."""
    return [(each.code, each.label) for each in organisations.agencies() if policies.reports_for(actor, each.code)]


def actions(plan: Plan | None) -> list[tuple[str, str]]:
    """The plan's actions as choices, by their lasting key."""
    revision = revision_on(plan) if plan else None
    if revision is None:
        return []
    rows = Part.objects.filter(revision=revision, kind=states.ACTION).order_by("position", "code")
    return [(str(row.key), f"{row.code} {in_language(row, 'title')}"[:110]) for row in rows]


# --- projects ---------------------------------------------------------------------------------------------------------


class ProjectForm(Base):
    title = forms.CharField(label=_("Name of the project"), max_length=200)
    title_en = forms.CharField(label=_("Name in English"), max_length=200, required=False)
    agency_code = forms.ChoiceField(label=_("Agency that builds it"))
    summary = forms.CharField(
        label=_("What it is, for people who live there"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    summary_en = forms.CharField(
        label=_("The same in English"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    place = forms.CharField(label=_("Place"), max_length=200, required=False)
    point = forms.CharField(
        label=_("Point on the map"),
        max_length=60,
        required=False,
        help_text=_("Latitude, longitude, as map applications copy them: -0.5021, 117.1537"),
    )
    dimension = forms.ChoiceField(label=_("Dimension of the plan"), required=False)
    part_key = forms.ChoiceField(label=_("Action of the plan"), required=False)
    budget = MoneyField(label=_("Budget in rupiah"), required=False)
    source = forms.ChoiceField(label=_("Where the money comes from"), choices=list(SOURCE_LABELS.items()))
    contractor = forms.CharField(label=_("Firm, as in the published contract"), max_length=200, required=False)
    contract = forms.CharField(label=_("Number of the contract"), max_length=120, required=False)
    contract_amount = MoneyField(label=_("Amount of the contract in rupiah"), required=False)
    starts_on = _day(label=_("Planned start"), required=False)
    ends_on = _day(label=_("Planned end"), required=False)
    reason = forms.CharField(
        label=_("Why the end or the budget changes"),
        max_length=500,
        required=False,
        help_text=_("Needed once work has begun. Everybody reads it."),
    )

    def __init__(self, *args: Any, actor: Actor, project: Project | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = agencies_of(actor)
        if project is not None and all(code != project.agency_code for code, _name in mine):
            mine.append((project.agency_code, organisations.agency_name(project.agency_code)))
        choose(self.fields["agency_code"], mine)
        self.plan = (project.plan if project else None) or current()
        names = dimensions(self.plan.framework) if self.plan else []
        choose(self.fields["dimension"], [NOTHING, *((each.code, each.name) for each in names)])
        choose(self.fields["part_key"], [NOTHING, *actions(self.plan)])
        if project is None or project.promised_on is None:
            del self.fields["reason"]

    def clean_point(self) -> tuple[float | None, float | None]:
        text = str(self.cleaned_data["point"]).strip()
        if not text:
            return None, None
        numbers = re.findall(r"-?\d+(?:\.\d+)?", text)
        if len(numbers) != 2:
            raise forms.ValidationError(_("Write two numbers with a comma between: -0.5021, 117.1537"))
        lat, lon = map(float, numbers)
        if abs(lat) > 90:  # copied the other way round
            lat, lon = lon, lat
        if abs(lat) > 90 or abs(lon) > 180:
            raise forms.ValidationError(_("This point is not on the globe."))
        return lon, lat

    def values(self) -> dict[str, Any]:
        """As the operations take them."""
        data = {**self.cleaned_data}
        data.pop("reason", None)
        data["lon"], data["lat"] = data.pop("point")
        data["plan"] = self.plan
        data["part_key"] = data["part_key"] or None
        return data

    @staticmethod
    def of(project: Project) -> dict[str, Any]:
        """What stands in the record, to begin with."""
        names = [name for name in ProjectForm.base_fields if hasattr(project, name) and name != "reason"]
        found = {name: getattr(project, name) for name in names}
        if project.lat is not None:
            found["point"] = f"{project.lat:g}, {project.lon:g}"
        return found


class StageForm(Base):
    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    title = forms.CharField(label=_("Stage"), max_length=200)
    title_en = forms.CharField(label=_("In English"), max_length=200, required=False)
    weight = forms.IntegerField(label=_("Weight"), min_value=1, max_value=1000, initial=1)
    starts_on = _day(label=_("Planned start"))
    ends_on = _day(label=_("Planned end"))
    started_on = _day(label=_("Began on"), required=False)
    ended_on = _day(label=_("Ended on"), required=False)

    @staticmethod
    def of(stage: Stage) -> dict[str, Any]:
        return {name: getattr(stage, name) for name in StageForm.base_fields}


Stages = forms.formset_factory(StageForm, extra=2, max_num=40, validate_max=True, can_delete=True)


class CurveForm(Base):
    curve = forms.CharField(
        label=_("Month, percent built, money spent since the start"),
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false"}),
        help_text=_(
            "One month a line, as copied from a spreadsheet or with a semicolon between: 2026-03; 12,5; 150.000.000. Money "
            "may be left out."
        ),
    )
    reason = forms.CharField(label=_("Why the plan changes"), max_length=500, required=False)

    def clean_curve(self) -> list[tuple[date, float, int | None]]:
        found = []
        for number, line in enumerate(str(self.cleaned_data["curve"]).splitlines(), 1):
            if not line.strip():
                continue
            cells = [cell.strip() for cell in re.split(r"\t|;", line)]
            month = projects.month_by(cells[0])
            try:
                if month is None or not 2 <= len(cells) <= 3:
                    raise ValueError(line)
                money = int(words.written_number(cells[2])) if len(cells) == 3 and cells[2] else None
                found.append((month, words.written_number(cells[1]), money))
            except ValueError:
                raise forms.ValidationError(
                    format_lazy(_("Line {number} is not understood: {line}"), number=number, line=line[:80])
                ) from None
        return found

    @staticmethod
    def of(project: Project) -> dict[str, Any]:
        rows = [
            f"{point.month:%Y-%m}; {as_written(point.planned_physical)}; {as_written(point.planned_money)}"
            for point in project.points.all()
            if point.planned_physical is not None
        ]
        return {"curve": "\n".join(rows)}


class MonthForm(Base):
    month = forms.ChoiceField(label=_("Month"))
    physical = NumberField(label=_("Built since the start, in percent"))
    money = MoneyField(label=_("Money spent since the start, in rupiah"), required=False)
    text = forms.CharField(
        label=_("What happened this month"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("Needed when a value falls."),
    )

    def __init__(self, *args: Any, months: Iterable[date], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self.fields["month"], [(f"{month:%Y-%m}", projects.month_name(month)) for month in months])


class PhotoForm(Base):
    photo = forms.FileField(label=_("Photo"), widget=forms.FileInput(attrs={"accept": PHOTO_TYPES}))
    phase = forms.ChoiceField(label=_("It shows the place"), choices=list(projects.PHASE_LABELS.items()))
    spot = forms.CharField(
        label=_("Spot"),
        max_length=100,
        help_text=_("Photos of one spot stand side by side, before and after. Use the same words again."),
        widget=forms.TextInput(attrs={"list": "titik-foto"}),
    )
    caption = forms.CharField(
        label=_("What the photo shows"), max_length=300, help_text=_("Also read to people who do not see it.")
    )
    taken_on = _day(label=_("Taken on"), required=False, help_text=_("Empty: as the camera wrote it."))


class MoveForm(Base):
    to = forms.ChoiceField(label=_("What happens"))
    on = _day(label=_("On which day"), required=False)
    reason = forms.CharField(
        label=_("Why?"),
        max_length=500,
        required=False,
        help_text=_("Everybody reads it. Needed to stop, cancel or reopen."),
    )

    def __init__(self, *args: Any, project: Project, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self.fields["to"], [(to, move_label(project.state, to)) for to in states.PROJECT_NEXT[project.state]])


def move_label(state: str, to: str) -> Any:
    if to == states.RUNNING:
        return {
            states.PLANNED: _("Work begins"),
            states.PAUSED: _("Work goes on"),
            states.DONE: _("Open again: it is not finished after all"),
        }[state]
    return {states.PAUSED: _("Stop for now"), states.DONE: _("Finished"), states.CANCELLED: _("Call it off")}[to]


# --- comments ---------------------------------------------------------------------------------------------------------


class CommentForm(Base):
    kind = forms.ChoiceField(
        label=_("What do you want to tell?"),
        choices=[(states.FACT, _("A fact: what I saw")), (states.QUESTION, _("A question"))],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose whether it is a fact or a question.")},
    )
    text = forms.CharField(
        label=_("Your words"),
        max_length=LONGEST,
        help_text=_("What, where, when. At most 1,000 characters."),
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": str(LONGEST)}),
    )
    photo = forms.FileField(
        label=_("Photo"),
        required=False,
        help_text=_("Without faces and number plates. Where you took it is removed from the file."),
        widget=forms.FileInput(attrs={"accept": PHOTO_TYPES, "data-shrink": ""}),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)


class AnswerForm(Base):
    answer = forms.CharField(
        label=_("The city's answer"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("Everybody reads it below the comment."),
    )  # fmt: skip


HIDE_CHOICES = [(code, comments.REASON_LABELS[code]) for code in states.HIDE_REASONS]


# --- meetings ---------------------------------------------------------------------------------------------------------


class MeetingForm(Base):
    body = forms.ChoiceField(label=_("Who meets"))
    title = forms.CharField(label=_("About what"), max_length=200)
    day = _day(label=_("Day"))
    begins = forms.TimeField(
        label=_("From"), widget=forms.TimeInput(attrs={"type": "time", "class": "field field-s"}, format="%H:%M")
    )
    ends = forms.TimeField(
        label=_("Until"), widget=forms.TimeInput(attrs={"type": "time", "class": "field field-s"}, format="%H:%M")
    )
    place = forms.CharField(label=_("Place"), max_length=200, required=False)
    agenda = forms.CharField(
        label=_("Agenda"), max_length=4000, required=False, widget=forms.Textarea(attrs={"rows": 5})
    )

    def __init__(self, *args: Any, fixed: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self.fields["body"], [(body.code, in_language(body, "title")) for body in meetings.bodies()])
        if fixed:
            del self.fields["body"]

    def times(self) -> tuple[datetime, datetime]:
        """Aware; a meeting that ends before it begins ends the next day is not guessed: the operation refuses it."""
        data = self.cleaned_data
        return (
            timezone.make_aware(datetime.combine(data["day"], data["begins"])),
            timezone.make_aware(datetime.combine(data["day"], data["ends"])),
        )


class HoldForm(Base):
    present = forms.MultipleChoiceField(
        label=_("Who was there"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Tick who was there.")},
    )
    guests = forms.IntegerField(label=_("Guests"), min_value=0, max_value=2000, initial=0)
    minutes = forms.CharField(label=_("Minutes"), max_length=40_000, widget=forms.Textarea(attrs={"rows": 12}))

    def __init__(self, *args: Any, names: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self.fields["present"], names)


class ResolutionForm(Base):
    text = forms.CharField(label=_("What is to be done"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))
    agency = forms.ChoiceField(label=_("By which agency"))
    due_on = _day(label=_("Until"))
    part_key = forms.ChoiceField(label=_("Action of the plan"), required=False)

    def __init__(self, *args: Any, plan: Plan | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choose(self.fields["agency"], [NOTHING, *((each.code, each.label) for each in organisations.agencies())])
        choose(self.fields["part_key"], [NOTHING, *actions(plan)])
