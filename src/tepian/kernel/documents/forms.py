"""Forms of letters."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .letters import texts

FIELDS_HELP = _("One a line: name | label | label in English | example. A * behind the name: no text may leave it out.")


class TemplateForm(forms.Form):
    code = forms.CharField(
        label=_("Code"), max_length=60, help_text=_("Small letters, digits, hyphens. It is never changed afterwards.")
    )
    name = forms.CharField(label=_("Name"), max_length=200)
    name_en = forms.CharField(label=_("Name in English"), max_length=200, required=False)
    fields_given = forms.CharField(
        label=_("Fields that the service fills in"),
        required=False,
        widget=forms.Textarea({"rows": 10, "spellcheck": "false"}),
        help_text=FIELDS_HELP,
    )

    def __init__(self, *args: Any, code: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not code:
            del self.fields["code"]


class TextForm(forms.Form):
    layout = forms.ChoiceField(label=_("Layout"), choices=list(texts.LAYOUTS.items()))
    title = forms.CharField(label=_("Title or subject"), max_length=texts.LONGEST_TITLE)
    recipient = forms.CharField(
        label=_("Recipient"),
        max_length=300,
        required=False,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Only for the layout “letter”."),
    )
    text = forms.CharField(label=_("Text"), max_length=texts.LONGEST_TEXT, widget=forms.Textarea({"rows": 24}))


class ForceForm(forms.Form):
    day = forms.DateField(
        label=_("In force from"), widget=forms.DateInput({"type": "date", "class": "field field-s"}, format="%Y-%m-%d")
    )


class HeadForm(forms.Form):
    lines = forms.CharField(
        label=_("Lines"),
        required=False,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("From the city down to the office, one a line. Empty: as the offices are called."),
    )
    address = forms.CharField(label=_("Address"), max_length=300, required=False)
    contact = forms.CharField(label=_("Telephone, e-mail"), max_length=300, required=False)
    number_code = forms.CharField(
        label=_("Code in numbers"),
        max_length=30,
        required=False,
        help_text=_("What {office} becomes in a letter's number."),
    )
    emblem = forms.FileField(
        label=_("Emblem"),
        required=False,
        help_text=_(
            "SVG of drawn shapes or PNG, at most 100 kB and 800 pixels. It stands on the letters of all offices."
        ),
    )
    no_emblem = forms.BooleanField(label=_("Take the emblem away"), required=False)

    def __init__(self, *args: Any, city: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not city:
            del self.fields["emblem"], self.fields["no_emblem"]
