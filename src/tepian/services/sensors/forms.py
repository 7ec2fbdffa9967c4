"""What stewards and duty officers fill in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.city import today

from .models import Datastream
from .operations.imports import MAX_BYTES


def _text(**attrs: Any) -> forms.TextInput:
    return forms.TextInput(attrs={"class": "field", **attrs})


def _number() -> forms.NumberInput:
    return forms.NumberInput(attrs={"class": "field field-s", "step": "any"})


class ThresholdForm(forms.Form):
    """New bounds of one scale from a day on. Which combinations make sense is the operation's question."""

    datastream = forms.ChoiceField(label=_("Series"), widget=forms.Select(attrs={"class": "field"}))
    scale = forms.CharField(
        label=_("Short name of the scale"),
        max_length=40,
        widget=_text(),
        help_text=_("Small letters and hyphens, e.g. hilir"),
    )
    name = forms.CharField(label=_("Name of the scale"), max_length=120, widget=_text())
    waspada = forms.FloatField(label=_("Waspada from"), required=False, widget=_number())
    siaga = forms.FloatField(label=_("Siaga from"), required=False, widget=_number())
    awas = forms.FloatField(label=_("Awas from"), required=False, widget=_number())
    hysteresis = forms.FloatField(
        label=_("Margin for falling"),
        initial=0.05,
        widget=_number(),
        help_text=_("The level falls only when the value is this much below its bound."),
    )
    alerting = forms.BooleanField(label=_("This scale makes the level"), required=False, initial=True)
    valid_from = forms.DateField(
        label=_("Holds from"), initial=today, widget=forms.DateInput(attrs={"class": "field field-s", "type": "date"})
    )
    source = forms.CharField(
        label=_("Source"), max_length=300, widget=_text(), help_text=_("The decision or report that gives these bounds")
    )

    def __init__(self, *args: Any, station: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = Datastream.objects.filter(station__code=station).select_related("station")
        self.fields["datastream"].choices = [(row.key, f"{row.name} ({row.unit_label})") for row in rows]  # type: ignore[attr-defined]


class UploadForm(forms.Form):
    """A CSV file, and for files without a station column the series that it belongs to."""

    file = forms.FileField(
        label=_("CSV file"), widget=forms.FileInput(attrs={"class": "field", "accept": ".csv,text/csv"})
    )
    datastream = forms.ChoiceField(
        label=_("Series"),
        required=False,
        widget=forms.Select(attrs={"class": "field"}),
        help_text=_("Leave it empty when the file names the station in each row."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["datastream"].choices = series_choices()  # type: ignore[attr-defined]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 20 MB. Nothing was imported. Split it."))
        return file


def series_choices() -> list[tuple[str, Any]]:
    rows = Datastream.objects.select_related("station").order_by("station__name", "slug")
    return [("", _("– the file says it –")), *((row.key, f"{row.station.name}: {row.name}") for row in rows)]


class MappingForm(forms.Form):
    """Which column means what."""

    time = forms.ChoiceField(label=_("Time"), widget=forms.Select(attrs={"class": "field"}))
    value = forms.ChoiceField(label=_("Value"), widget=forms.Select(attrs={"class": "field"}))
    station = forms.ChoiceField(label=_("Station"), required=False, widget=forms.Select(attrs={"class": "field"}))
    datastream_column = forms.ChoiceField(
        label=_("Series"), required=False, widget=forms.Select(attrs={"class": "field"})
    )
    unit = forms.ChoiceField(label=_("Unit"), required=False, widget=forms.Select(attrs={"class": "field"}))
    datastream = forms.ChoiceField(
        label=_("All rows belong to"), required=False, widget=forms.Select(attrs={"class": "field"})
    )

    def __init__(self, *args: Any, columns: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "–"), *((column, column) for column in columns)]
        for name in ("time", "value", "station", "datastream_column", "unit"):
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        self.fields["datastream"].choices = series_choices()  # type: ignore[attr-defined]

    def mapping(self) -> dict[str, str]:
        names = {
            "time": "time",
            "value": "value",
            "station": "station",
            "datastream": "datastream_column",
            "unit": "unit",
        }
        return {role: self.cleaned_data.get(name, "") for role, name in names.items()}
