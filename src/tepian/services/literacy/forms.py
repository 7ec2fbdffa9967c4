"""Forms."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.city import city_timezone
from tepian.kernel.organisations import queries as organisations
from tepian.kernel.regions import queries as regions

from . import policies, queries, states
from .models import Programme, Question, Session

EMPTY = [("", "—")]
ELSEWHERE = "-"  # a select's empty value means that nothing was chosen


class ProgrammeForm(forms.Form):
    agency = forms.ChoiceField(label=_("Agency that answers for it"))
    title = forms.CharField(label=_("Name of the programme"), max_length=200)
    title_en = forms.CharField(label=_("Name in English"), max_length=200, required=False)
    summary = forms.CharField(
        label=_("What is taught, in two or three sentences"),
        max_length=2000,
        required=False,
        widget=forms.Textarea({"rows": 3}),
    )
    summary_en = forms.CharField(
        label=_("The same in English"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3})
    )
    groups = forms.MultipleChoiceField(label=_("For whom?"), widget=forms.CheckboxSelectMultiple)
    dimension = forms.ChoiceField(label=_("Smart-city dimension"), required=False)
    aim_people = forms.IntegerField(
        label=_("People to reach in a year"), min_value=1, max_value=100_000, required=False
    )
    aim_wards = forms.IntegerField(label=_("Wards to reach in a year"), min_value=1, max_value=1000, required=False)
    active = forms.BooleanField(label=_("The programme goes on"), required=False, initial=True)

    def __init__(self, *args: Any, actor: Any, programme: Programme | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["groups"].choices = list(queries.group_names().items())
        fields["dimension"].choices = [*EMPTY, *queries.DIMENSION_LABELS.items()]
        if programme is not None:
            del fields["agency"]
        else:
            del fields["active"]
            fields["agency"].choices = [
                (row.code, row.name)
                for row in organisations.agencies()
                if actor.has(policies.ORGANISER, agency=row.code)
            ]


class SessionForm(forms.Form):
    title = forms.CharField(label=_("Subject of the session"), max_length=200)
    title_en = forms.CharField(label=_("Subject in English"), max_length=200, required=False)
    place = forms.CharField(label=_("Place"), max_length=200, help_text=_("Building and room, so that people find it."))
    region = forms.ChoiceField(label=_("Ward (kelurahan)"))
    on = forms.DateField(label=_("Day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    starts = forms.TimeField(label=_("From"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    ends = forms.TimeField(label=_("Until"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    capacity = forms.IntegerField(label=_("Seats"), min_value=1, max_value=5000)
    speaker = forms.CharField(
        label=_("Speaker"), max_length=200, required=False, help_text=_("A function or an office, not a person's name.")
    )
    poster = forms.BooleanField(
        label=_("A printed poster is used"),
        required=False,
        initial=True,
        help_text=_("Its code stays the same and counts from one hour before to half an hour after the session."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["region"].choices = [*EMPTY, *regions.choices()]

    def values(self) -> dict[str, Any]:
        """As the operations take them; the hours are the city's."""
        given = dict(self.cleaned_data)
        on, zone = given.pop("on"), city_timezone()
        return given | {
            "starts_at": datetime.combine(on, given.pop("starts"), zone),
            "ends_at": datetime.combine(on, given.pop("ends"), zone),
        }

    @staticmethod
    def initial_of(session: Session) -> dict[str, Any]:
        zone = city_timezone()
        starts, ends = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
        own = {name: getattr(session, name) for name in ("title", "title_en", "place", "capacity", "speaker", "poster")}
        return own | {"region": session.region_code, "on": starts.date(), "starts": starts.time(), "ends": ends.time()}


FIELDS_OF_TIMES = {"starts_at": "starts", "ends_at": "ends"}


class AttendForm(forms.Form):
    ticket = forms.CharField(widget=forms.HiddenInput, max_length=400)
    region = forms.ChoiceField(label=_("Where do you live? Ward (kelurahan)"))
    group = forms.ChoiceField(label=_("You come as"), widget=forms.RadioSelect)
    age = forms.ChoiceField(label=_("Your age"), required=False)
    gender = forms.ChoiceField(label=_("You are"), required=False)

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["region"].choices = [*EMPTY, *regions.choices(), (ELSEWHERE, queries.ELSEWHERE)]
        fields["group"].choices = queries.groups_of(programme)
        fields["age"].choices = [*EMPTY, *queries.AGE_LABELS.items()]
        fields["gender"].choices = [*EMPTY, *queries.GENDER_LABELS.items()]

    def clean_region(self) -> str:
        region = str(self.cleaned_data["region"])
        return "" if region == ELSEWHERE else region


class QuestionForm(forms.Form):
    text = forms.CharField(label=_("Question"), max_length=300)
    text_en = forms.CharField(label=_("Question in English"), max_length=300, required=False)
    choices = forms.CharField(
        label=_("Answers, one a line"),
        max_length=2600,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Begin the right one with *. After | the English words: * Jangan diklik | Do not click"),
    )

    def values(self) -> dict[str, Any]:
        """As the operations take them. `right` is -1 where no line, or more than one, is marked."""
        lines = [line.strip() for line in self.cleaned_data["choices"].splitlines() if line.strip()]
        marked = [number for number, line in enumerate(lines) if line.startswith("*")]
        parts = [line.lstrip("* ").partition("|") for line in lines]
        return {
            "text": self.cleaned_data["text"],
            "text_en": self.cleaned_data["text_en"],
            "choices": [{"text": text.strip(), "text_en": english.strip()} for text, _bar, english in parts],
            "right": marked[0] if len(marked) == 1 else -1,
        }

    @staticmethod
    def initial_of(question: Question) -> dict[str, Any]:
        lines = []
        for number, each in enumerate(question.choices):
            english = f" | {each['text_en']}" if each.get("text_en") else ""
            lines.append(f"{'* ' if number == question.right else ''}{each['text']}{english}")
        return {"text": question.text, "text_en": question.text_en, "choices": "\n".join(lines)}


class MaterialForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=200)
    file = forms.FileField(label=_("File"), required=False, help_text=_("PDF, picture, Word or text, at most 10 MB."))
    link = forms.CharField(label=_("Or a link"), max_length=500, required=False)
    language = forms.ChoiceField(label=_("Language"))
    audience = forms.ChoiceField(label=_("Who may read it?"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["language"].choices = list(queries.LANGUAGE_LABELS.items())
        fields["audience"].choices = list(queries.AUDIENCE_LABELS.items())


class CountForm(forms.Form):
    region = forms.ChoiceField(label=_("Ward (kelurahan)"))

    def __init__(self, *args: Any, programme: Programme, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["region"].choices = [*EMPTY, *regions.choices(), (ELSEWHERE, queries.ELSEWHERE)]
        self.groups = queries.groups_of(programme)
        for code, name in self.groups:
            fields[f"n-{code}"] = forms.IntegerField(label=name, min_value=0, max_value=5000, required=False)

    def rows(self) -> list[tuple[str, str, int]]:
        """(ward, group, people) of what was filled in."""
        region = str(self.cleaned_data["region"])
        ward = "" if region == ELSEWHERE else region
        found = [(code, self.cleaned_data.get(f"n-{code}")) for code, _name in self.groups]
        return [(ward, code, n) for code, n in found if n is not None]


PHASES = {"awal": states.BEFORE, "akhir": states.AFTER}
