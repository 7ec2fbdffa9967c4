"""Forms: who somebody is, one question, all questions at the counter, and what the desk writes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tepian.kernel.regions import queries as regions
from tepian.kernel.residents.models import Resident

from . import queries, states
from .queries import answers as asking
from .queries.kinds import choice_label, said

DAY_HINT = _("Day, month, year: for example 27-11-1990.")


class DayField(forms.Field):
    """A day as people type it; its clean value is a date."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            widget=forms.TextInput({"class": "field field-s", "autocomplete": "off", "maxlength": 30}), **options
        )

    def to_python(self, value: Any) -> Any:
        text = str(value or "").strip()
        if not text:
            return None
        day = asking.read_day(text[:30])
        if day is None:
            raise forms.ValidationError(asking.NO_DAY)
        return day

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%d-%m-%Y}" if isinstance(value, date) else value


class IdentityForm(forms.Form):
    nik = forms.CharField(
        label=_("NIK"), help_text=_("16 digits on your identity card. Spaces are fine."), max_length=40,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "class": "field field-m"}),
    )  # fmt: skip
    kk = forms.CharField(
        label=_("Number of the family card (KK)"), help_text=_("16 digits on top of the family card."), max_length=40,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "class": "field field-m"}),
    )  # fmt: skip
    born_on = DayField(label=_("Day of birth"), help_text=DAY_HINT)


def field_of(question: Mapping[str, Any], resident: Resident, *, counter: bool = False) -> forms.Field:
    """The field of a question. At the counter a question that another answer decides about may stay empty: the operation
    knows."""
    kind = question["type"]
    common: dict[str, Any] = {
        "label": said(question, "text"),
        "help_text": said(question, "hint"),
        "required": asking.needed(question) and not (counter and question.get("when")),
    }
    if kind == states.DATE:
        return DayField(**common | {"help_text": common["help_text"] or DAY_HINT})
    if kind == states.NUMBER:
        return forms.CharField(
            max_length=30, widget=forms.TextInput({"inputmode": "numeric", "class": "field field-s"}), **common
        )
    if kind == states.REGION:
        return forms.ChoiceField(choices=[("", "—"), *regions.choices()], **common)
    picks: Any = {
        states.YES_NO: [(states.YES, _("Yes")), (states.NO, _("No"))],
        states.CHOICE: [(each[0], choice_label(each)) for each in question.get("choices", [])],
        states.MEMBER: [(str(row.pk), row.name) for row in asking.members(resident)] if kind == states.MEMBER else [],
    }.get(kind)
    if picks is not None:
        return forms.ChoiceField(choices=picks, widget=forms.RadioSelect, **common)
    limit = int(question.get("limit", asking.LONGEST))
    widget = forms.Textarea({"rows": 3}) if limit > 120 else forms.TextInput()
    return forms.CharField(max_length=limit, widget=widget, **common)


class AnswerForm(forms.Form):
    """Some questions of a kind, named by their codes. Its clean values are the texts that `operations.answer` takes."""

    def __init__(
        self, *args: Any, questions: list[dict[str, Any]], resident: Resident, counter: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for question in questions:
            self.fields[str(question["code"])] = field_of(question, resident, counter=counter)

    def texts(self) -> dict[str, str]:
        return {
            code: value.isoformat() if isinstance(value, date) else str(value or "")
            for code, value in self.cleaned_data.items()
        }


def initial(questions: list[dict[str, Any]], given: Mapping[str, str], resident: Resident) -> dict[str, Any]:
    """What the fields show first: the answer, else what the register proposes."""
    found: dict[str, Any] = {}
    for question in questions:
        code = str(question["code"])
        value = given.get(code, "") or asking.prefilled(question, resident)
        found[code] = date.fromisoformat(value) if value and question["type"] == states.DATE else value
    return found


class PaperForm(forms.Form):
    file = forms.FileField(
        label=_("Photo or PDF"),
        widget=forms.ClearableFileInput(
            {"accept": "image/jpeg,image/png,image/webp,application/pdf", "data-shrink": ""}
        ),
    )


class SendForm(forms.Form):
    contact = forms.CharField(
        label=_("Phone number for messages about this request"),
        help_text=_("Only for this request. Without it, look at your address from time to time."),
        max_length=30,
        required=False,
        widget=forms.TextInput({"inputmode": "tel", "autocomplete": "tel", "class": "field field-m"}),
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason, as the applicant reads it"), max_length=500, widget=forms.Textarea({"rows": 3})
    )
    basis = forms.CharField(label=_("Legal ground"), max_length=200, required=False)


class InspectionForm(forms.Form):
    on = DayField(label=_("Day of the inspection"), help_text=DAY_HINT)
    found = forms.CharField(label=_("What was found on site"), max_length=1000, widget=forms.Textarea({"rows": 4}))
    fits = forms.ChoiceField(
        label=_("Does it agree with the request?"),
        choices=[(states.YES, _("Yes")), (states.NO, _("No"))],
        widget=forms.RadioSelect,
    )
    photo = forms.FileField(
        label=_("Photo from the site"),
        required=False,
        widget=forms.ClearableFileInput({"accept": "image/*", "data-shrink": ""}),
    )


class CounterForm(forms.Form):
    kind = forms.ChoiceField(label=_("Which letter?"))
    nik = forms.CharField(
        label=_("NIK"), help_text=_("Scan or type the identity card. Spaces are fine."), max_length=40,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "class": "field field-m", "autofocus": True}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["kind"].choices = [
            (row.code, said({"title": row.title, "title_en": row.title_en}, "title")) for row in queries.kinds()
        ]
