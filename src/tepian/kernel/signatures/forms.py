"""Forms of signing keys, of who signs for whom, and of revoking."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.contributions import Signable, offered
from tepian.kernel.identity.forms import PositionField, dress
from tepian.kernel.organisations.models import Position

from . import certifying, policies, queries

KEY_REASONS = {
    "lost": _("lost, forgotten or known to somebody else"),
    "left": _("the person no longer holds a position"),
    "changed": _("name or office has changed"),
}


def _secret(label: Any, hint: Any = "", *, new: bool = False) -> forms.CharField:
    attrs = {"autocomplete": "new-password" if new else "current-password"}
    return forms.CharField(
        label=label, help_text=hint, max_length=200, strip=False, widget=forms.PasswordInput(attrs=attrs)
    )


class ActivateForm(forms.Form):
    passphrase = _secret(
        _("Your passphrase"),
        _("At least 12 characters; several words are best. Nobody else knows it, and nobody can look it up."),
        new=True,
    )
    again = _secret(_("The passphrase once more"), new=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class RenewForm(ActivateForm):
    old_passphrase = _secret(_("Present passphrase"))
    field_order = ["old_passphrase", "passphrase", "again"]


class OfferForm(forms.Form):
    account = forms.ChoiceField(label=_("Person"))
    identity = forms.CharField(
        label=_("NIK at BSrE"), max_length=150, help_text=_("Kept encrypted. 16 digits."), required=True
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = [
            (one.username, f"{one.display_name or one.username} ({one.username})")
            for one in queries.accounts_that_sign()
        ]
        self.fields["account"].choices = people  # type: ignore[attr-defined]
        if queries.provider() == "local":
            del self.fields["identity"]
        dress(self)


class DelegationForm(forms.Form):
    form = forms.ChoiceField(
        label=_("How"),
        choices=[("an", _("a.n. (on behalf of)")), ("ub", _("u.b. (for whoever signs on behalf)"))],
    )
    for_position = PositionField(label=_("In the name of"), queryset=Position.objects.none(), to_field_name="code")
    via = PositionField(
        label=_("Position in between"),
        queryset=Position.objects.none(),
        to_field_name="code",
        required=False,
        empty_label="–",
        help_text=_("For u.b. only: who would sign a.n."),
    )
    by_position = PositionField(label=_("Signed by"), queryset=Position.objects.none(), to_field_name="code")
    kinds = forms.MultipleChoiceField(
        label=_("Kinds of documents"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen: all kinds."),
    )
    valid_from = forms.DateField(label=_("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    valid_to = forms.DateField(label=_("Until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    basis = forms.CharField(label=_("Decision"), max_length=200, help_text=_("Number of the SK or surat perintah."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("for_position", "via", "by_position"):
            self.fields[name].queryset = Position.objects.select_related("agency")  # type: ignore[attr-defined]
        self.fields["kinds"].choices = [(one.kind, one.label) for one in offered(Signable)]  # type: ignore[attr-defined]
        dress(self)


class RevokeForm(forms.Form):
    reason = forms.ChoiceField(
        label=_("Why does it no longer count?"),
        choices=list(policies.REASONS.items()),
        widget=forms.RadioSelect,
        help_text=_("The public check shows these words."),
    )
    explanation = forms.CharField(
        label=_("For the office"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Not shown to the public."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        dress(self)


class KeyReasonForm(forms.Form):
    reason = forms.ChoiceField(
        choices=[(code, KEY_REASONS[code]) for code in certifying.CRL_REASONS if code in KEY_REASONS]
    )
