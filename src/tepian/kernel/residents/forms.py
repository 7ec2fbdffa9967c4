"""Forms of the register's pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tepian.kernel.regions import queries as regions

from . import policies, references, words
from .models import CivilEvent
from .operations import CORRECTABLE

EMPTY = [("", "—")]
BIRTH, MOVE_IN, KNOWN = "birth", "move_in", "known"


def _day(label: Any, *, required: bool = True, help_text: Any = "") -> forms.DateField:
    return forms.DateField(
        label=label, required=required, help_text=help_text,
        widget=forms.DateInput({"type": "date", "class": "field field-s"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("This is no date. Write day, month and year.")},
    )  # fmt: skip


def _text(label: Any, limit: int, *, required: bool = True, help_text: Any = "", **attrs: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=limit,
        required=required,
        help_text=help_text,
        widget=forms.TextInput({"class": "field", "autocomplete": "off", **attrs}),
    )


def _choice(label: Any, choices: Mapping[Any, Any], *, required: bool = False) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=[*EMPTY, *choices.items()], required=required, widget=forms.Select({"class": "field"})
    )


def _wards() -> list[Any]:
    return [("", "—"), *regions.choices()]


class PurposeForm(forms.Form):
    purpose = forms.ChoiceField(
        label=_("Why do you look people up now?"),
        choices=list(policies.PURPOSES.items()),
        widget=forms.RadioSelect,
        help_text=_("It is written beside every person whom you open, and the person can read it."),
        error_messages={"required": _("Choose why. Without it nobody is shown.")},
    )


class WhoForm(forms.Form):
    """One field for what people bring: a card with a number, or a name."""

    who = forms.CharField(
        label=_("Name, NIK or number of the family card"),
        max_length=120,
        help_text=_("A name may be written as it sounds. Spaces in numbers do no harm."),
        widget=forms.TextInput(
            {"class": "field", "type": "search", "autocomplete": "off", "spellcheck": "false", "data-key": "/"}
        ),
        error_messages={"required": _("Write a name or a number.")},
    )
    born_on = _day(_("Date of birth"), required=False, help_text=_("With a name: also when it is a little wrong."))


class AddressForm(forms.Form):
    """Who lives at an address. Whoever looks in the whole city names the ward."""

    address = _text(_("Words of the street"), 200)
    ward = forms.ChoiceField(label=_("Ward"), required=False, widget=forms.Select({"class": "field field-m"}))

    def __init__(self, *args: Any, whole_city: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if whole_city:
            self.fields["ward"].choices = _wards()  # type: ignore[attr-defined]
            self.fields["ward"].required = True
        else:
            del self.fields["ward"]


class _Place(forms.Form):
    """A ward, and in it an RT where it is known."""

    ward = forms.ChoiceField(label=_("Ward"), required=False, widget=forms.Select({"class": "field field-m"}))
    rt = forms.IntegerField(
        label=_("RT"), required=False, min_value=1, max_value=999,
        widget=forms.NumberInput({"class": "field field-s", "inputmode": "numeric"}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ward"].choices = _wards()  # type: ignore[attr-defined]

    def region(self) -> str:
        """The code of the smallest region that was named; empty for none."""
        ward, rt = self.cleaned_data.get("ward", ""), self.cleaned_data.get("rt")
        return f"{ward}.RT{rt:03d}" if ward and rt else ward


class RegisterForm(_Place):
    """A person new in the register."""

    kind = forms.ChoiceField(
        label=_("Why is this person new in the register?"),
        choices=[
            (BIRTH, _("Born here")),
            (MOVE_IN, _("Moved here from elsewhere")),
            (KNOWN, _("Lives here and was missing")),
        ],
        widget=forms.RadioSelect,
    )
    on = _day(_("Since when?"), required=False, help_text=_("The day of the move. For a birth, leave it empty."))
    basis = _text(_("Number of the letter or certificate"), 120, required=False)
    nik = _text("NIK", 25, inputmode="numeric")
    kk = _text(words.FIELDS["kk"], 25, required=False, inputmode="numeric")
    name = _text(words.FIELDS["name"], 120)
    sex = _choice(words.FIELDS["sex"], references.SEXES, required=True)
    born_on = _day(words.FIELDS["born_on"])
    born_in = _text(words.FIELDS["born_in"], 80, required=False)
    street = _text(words.FIELDS["street"], 200)
    relation = _choice(words.FIELDS["relation"], references.RELATIONS)
    father = _text(words.FIELDS["father"], 120, required=False)
    mother = _text(words.FIELDS["mother"], 120, required=False)
    religion = _choice(words.FIELDS["religion"], references.RELIGIONS)
    marriage = _choice(words.FIELDS["marriage"], references.MARRIAGES)
    education = _choice(words.FIELDS["education"], references.EDUCATIONS)
    occupation = _choice(words.FIELDS["occupation"], references.OCCUPATIONS)
    blood = _choice(words.FIELDS["blood"], references.BLOOD)
    citizenship = _choice(words.FIELDS["citizenship"], references.CITIZENSHIPS)
    field_order = (
        "kind", "on", "basis", "nik", "kk", "name", "sex", "born_on", "born_in", "ward", "rt", "street", "relation",
        "father", "mother", "religion", "marriage", "education", "occupation", "blood", "citizenship",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ward"].required = True

    def facts(self) -> dict[str, Any]:
        """What `register_resident` takes."""
        left_out = {"kind", "on", "basis", "kk", "ward", "rt"}
        facts = {
            key: value for key, value in self.cleaned_data.items() if key not in left_out and value not in ("", None)
        }
        return {key: int(value) if key in words.CHOICES and key != "sex" else value for key, value in facts.items()}

    def civil_event(self) -> str:
        kind = self.cleaned_data["kind"]
        return {BIRTH: CivilEvent.Kind.BIRTH.value, MOVE_IN: CivilEvent.Kind.MOVE_IN.value}.get(kind, "")


class DeathForm(forms.Form):
    on = _day(_("Day of death"))
    basis = _text(_("Number of the death certificate"), 120)
    revision = forms.IntegerField(widget=forms.HiddenInput)


class MoveForm(_Place):
    where = forms.ChoiceField(
        label=_("Where to?"),
        choices=[("here", _("Within this city")), ("away", _("To another city or country"))],
        widget=forms.RadioSelect,
    )
    street = _text(words.FIELDS["street"], 200, required=False)
    kk = _text(_("Number of the new family card (KK), if there is one"), 25, required=False, inputmode="numeric")
    elsewhere = _text(
        _("Place elsewhere"), 200, required=False, help_text=_("City and country, and the address if known.")
    )
    on = _day(_("Since when?"))
    basis = _text(_("Number of the moving letter"), 120)
    revision = forms.IntegerField(widget=forms.HiddenInput)
    field_order = ("where", "ward", "rt", "street", "kk", "elsewhere", "on", "basis", "revision")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("where") == "here" and not data.get("ward"):
            self.add_error("ward", _("Choose the ward of the new address."))
        if data.get("where") == "here" and not data.get("street"):
            self.add_error("street", _("Write the street and number of the new address."))
        if data.get("where") == "away" and not data.get("elsewhere"):
            self.add_error("elsewhere", _("Write where this person lives now."))
        return data


class CorrectionForm(forms.Form):
    """How one field should be, in the field's own kind of input."""

    reason = forms.CharField(
        label=_("Why? What shows it?"), max_length=1000, widget=forms.Textarea({"class": "field", "rows": 3}),
        help_text=_("For example: the birth certificate number …"),
    )  # fmt: skip
    field_order = ("wanted", "reason")

    def __init__(self, *args: Any, field: str, **kwargs: Any) -> None:
        if field not in CORRECTABLE:
            raise ValueError(field)
        super().__init__(*args, **kwargs)
        label = _("As it should be")
        if field in words.CHOICES:
            self.fields["wanted"] = _choice(label, words.CHOICES[field], required=True)
        elif field == "born_on":
            self.fields["wanted"] = _day(label)
        else:
            self.fields["wanted"] = _text(label, 120)
        self.order_fields(self.field_order)


# For a refusal; one of them is enough in most cases.
READY = (
    _("The certificate is missing. Please bring the original to the civil registry."),
    _("The certificate says what the register says. Please bring another proof."),
    _("This needs a decision of the court. Please bring it when you have it."),
)


class DecideForm(forms.Form):
    accept = forms.ChoiceField(
        label=_("Correct it or not?"),
        choices=[("yes", _("Correct it")), ("no", _("Do not correct it"))],
        widget=forms.RadioSelect,
    )
    ready = forms.ChoiceField(
        label=_("A ready sentence"),
        required=False,
        choices=[("", "—"), *((str(number), text) for number, text in enumerate(READY))],
        widget=forms.Select({"class": "field"}),
    )
    answer = forms.CharField(
        label=_("Answer to the person"), required=False, max_length=1000, widget=forms.Textarea({"class": "field", "rows": 3}),
        help_text=_("Needed when it is not corrected: why, and what to bring."),
    )  # fmt: skip
    revision = forms.IntegerField(widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("accept") == "no" and not data.get("answer") and not data.get("ready"):
            self.add_error("answer", _("Say why it is not corrected, and what to bring."))
        return data

    def words(self) -> str:
        """The chosen sentence and what was written after it."""
        ready = self.cleaned_data["ready"]
        parts = [str(READY[int(ready)]) if ready else "", self.cleaned_data["answer"]]
        return " ".join(part for part in parts if part)


class PairForm(forms.Form):
    verdict = forms.ChoiceField(
        label=_("One person or two?"),
        choices=[
            ("first", _("One person: the left entry counts from now on")),
            ("second", _("One person: the right entry counts from now on")),
            ("different", _("Two people")),
        ],
        widget=forms.RadioSelect,
    )
    why = forms.CharField(
        label=_("What shows it?"), max_length=1000, widget=forms.Textarea({"class": "field", "rows": 3}),
    )  # fmt: skip
    revision = forms.IntegerField(widget=forms.HiddenInput)


class ReopenForm(forms.Form):
    why = forms.CharField(
        label=_("Why is the decision taken back?"),
        max_length=1000,
        widget=forms.Textarea({"class": "field", "rows": 2}),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)
