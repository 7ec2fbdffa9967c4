"""Forms of sign-in and of the account pages."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm, ReauthenticateForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateCodeForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, EditWebAuthnForm
from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.utils.translation import gettext_lazy as _

from tepian.kernel.organisations.models import Agency, Position

from .models import Account, Holding
from .roles import ROLES, SCOPES


def dress(form: forms.BaseForm) -> None:
    """Give every control the house's classes; no placeholders, for they vanish when people type."""
    for field in form.fields.values():
        attrs = field.widget.attrs
        attrs.pop("placeholder", None)
        if not isinstance(field.widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
            attrs["class"] = "field"


class SignInForm(LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("Username")
        self.fields["login"].widget.attrs |= {
            "autocapitalize": "none",
            "spellcheck": "false",
            "autocomplete": "username webauthn",
        }
        self.fields["password"].label = _("Password")
        self.fields["password"].help_text = ""
        for field in self.fields.values():
            field.error_messages["required"] = _("Fill this in, then try again.")
        dress(self)


class ChangePasswordForm(AllauthChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].label = _("Present password")
        self.fields["oldpassword"].help_text = ""
        self.fields["password1"].label = _("New password")
        self.fields["password1"].help_text = _("At least 10 characters. Not a common word and not your name.")
        self.fields["password2"].label = _("New password once more")
        dress(self)

    def clean(self) -> dict[str, Any]:
        data = forms.Form.clean(self) or {}
        if data.get("password1") and data.get("password2") and data["password1"] != data["password2"]:
            self.add_error("password2", _("The two new passwords differ. Type the same one twice."))
        return data

    def save(self) -> None:
        from .operations import change_own_password

        request = context.request
        change_own_password(
            actor=request.actor, password=self.cleaned_data["password1"], keep_session=request.session.session_key or ""
        )
        self.user.refresh_from_db()


class ConfirmPasswordForm(ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("Password")
        self.fields["password"].help_text = ""
        dress(self)


class _CountedCode:
    """Wrong codes count like wrong passwords, in the database, so that a second factor cannot be guessed either."""

    user: Account
    fields: dict[str, forms.Field]

    def _label(self) -> None:
        self.fields["code"].label = _("Code")
        self.fields["code"].help_text = _("Six digits from the app, or a recovery code.")
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code"}

    def clean_code(self) -> str:
        request, credentials = context.request, {"username": self.user.username}
        if not AxesProxyHandler.is_allowed(request, credentials):
            request.axes_locked_out = True
            request.axes_credentials = credentials
        try:
            return super().clean_code()  # type: ignore[misc]
        except forms.ValidationError:
            user_login_failed.send(sender=__name__, credentials=credentials, request=request)
            raise


class SecondFactorForm(_CountedCode, AuthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._label()
        dress(self)


class ConfirmCodeForm(_CountedCode, ReauthenticateCodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._label()
        dress(self)


class ActivateTotpForm(ActivateTOTPForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = _("Code from the app")
        self.fields["code"].help_text = _("Six digits, new every half minute.")
        self.fields["code"].widget.attrs |= {"inputmode": "numeric", "autocomplete": "one-time-code"}
        dress(self)


class AddPasskeyForm(AddWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of this passkey")
        self.fields["name"].help_text = _("For example: office computer, phone.")
        self.fields["passwordless"].label = _("Sign in with this passkey alone")
        self.fields["passwordless"].help_text = _("Needs a device that asks for a fingerprint, face or PIN.")
        dress(self)


class RenamePasskeyForm(EditWebAuthnForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name of this passkey")
        dress(self)


# --- administration ---------------------------------------------------------------------------------------------------


class PositionField(forms.ModelChoiceField):
    def label_from_instance(self, obj: Position) -> str:  # type: ignore[override]
        return f"{obj.title} ({obj.agency})"


class AccountForm(forms.Form):
    username = forms.CharField(
        label=_("Username"),
        max_length=150,
        validators=[UnicodeUsernameValidator()],
        help_text=_("Small letters, digits, dot or dash. People sign in with it."),
    )
    display_name = forms.CharField(label=_("Name shown to colleagues"), max_length=150)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = forms.CharField(label=_("Phone"), required=False, max_length=20)
    position = PositionField(
        label=_("Position"), queryset=Position.objects.none(), required=False, empty_label=_("None yet")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["position"].queryset = Position.objects.select_related("agency")  # type: ignore[attr-defined]
        dress(self)


class AssignForm(forms.Form):
    position = PositionField(label=_("Position"), queryset=Position.objects.none(), empty_label=_("Choose a position"))
    kind = forms.ChoiceField(label=_("How"), choices=[])
    starts_at = forms.DateTimeField(
        label=_("From"),
        required=False,
        help_text=_("Empty: now."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    ends_at = forms.DateTimeField(
        label=_("Until"),
        required=False,
        help_text=_("Required for Plt. and Plh."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
    )
    basis = forms.CharField(
        label=_("Decision"), required=False, max_length=200, help_text=_("Number of the SK or surat perintah.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["position"].queryset = Position.objects.select_related("agency")  # type: ignore[attr-defined]
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (Holding.Kind.DEFINITIVE, _("Definitive")),
            (Holding.Kind.PLT, _("Plt. (the post is vacant)")),
            (Holding.Kind.PLH, _("Plh. (the holder is away)")),
        ]
        dress(self)


class DeviceKeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("What speaks with this key, for example: rain gauges of BPBD.")
    )
    agency = forms.ModelChoiceField(label=_("Agency"), queryset=Agency.objects.none(), required=False)
    role = forms.ChoiceField(label=_("Role"), choices=[])
    scope = forms.ChoiceField(label=_("Where"), choices=[])
    code = forms.CharField(
        label=_("Code"), required=False, max_length=60, help_text=_("Region or agency code, where the scope needs one.")
    )
    days = forms.IntegerField(
        label=_("Valid for days"),
        required=False,
        min_value=1,
        max_value=3650,
        initial=365,
        help_text=_("Empty: no end."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agency"].queryset = Agency.objects.all()  # type: ignore[attr-defined]
        self.fields["role"].choices = [(role, ROLES[role]) for role in ("device", "viewer")]  # type: ignore[attr-defined]
        self.fields["scope"].choices = list(SCOPES.items())  # type: ignore[attr-defined]
        dress(self)
