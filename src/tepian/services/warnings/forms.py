"""Forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.city import current_city
from tepian.kernel.regions import queries as regions


class SubscribeForm(forms.Form):
    region = forms.ChoiceField(label=_("Where?"), help_text=_("Your ward (kelurahan), or the whole city."))
    email = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("Only for warnings. We delete it when you leave."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        city = current_city()
        choices: list[Any] = [("", "—")]
        if city.code:
            choices.append((city.code, _("The whole city")))
        self.fields["region"].choices = [*choices, *regions.choices()]  # type: ignore[attr-defined]
