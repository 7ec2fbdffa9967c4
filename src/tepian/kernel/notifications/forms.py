"""The form of notification choices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from .models import Message
from .operations import gateway_is_open


class ChoiceForm(forms.Form):
    channels = forms.MultipleChoiceField(
        label=_("Besides the inbox, tell me by"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Danger always reaches you by every way that is open, day and night."),
    )
    quiet_from = forms.TimeField(
        label=_("Quiet from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time", "class": "field field-s"}, format="%H:%M"),
        help_text=_("What is not urgent waits until the quiet hours end."),
    )
    quiet_to = forms.TimeField(
        label=_("Quiet until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time", "class": "field field-s"}, format="%H:%M"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(Message.Channel.EMAIL.value, _("E-mail"))]
        if gateway_is_open():
            choices.append((Message.Channel.GATEWAY.value, _("WhatsApp or SMS")))
        self.fields["channels"].choices = choices  # type: ignore[attr-defined]
