"""Forms as they are drawn."""

from __future__ import annotations

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation


class Report(forms.Form):
    place = forms.CharField(label="Tempat", help_text="Jalan dan patokan", max_length=20)
    kind = forms.ChoiceField(label="Jenis", choices=[("a", "Banjir"), ("b", "Longsor")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(label="Saya setuju")
    note = forms.CharField(label="Catatan", required=False)


def draw(data: dict[str, str] | None) -> str:
    return Template("{{ form }}").render(Context({"form": Report(data)}))


def test_labels_hints_and_groups_belong_to_their_fields() -> None:
    with translation.override("id"):
        text = draw(None)
    assert '<label for="id_place">' in text and 'id="id_place_helptext"' in text
    assert 'aria-describedby="id_place_helptext"' in text
    assert "<fieldset" in text and "<legend>Jenis" in text
    assert "(boleh kosong)" in text and "errsum" not in text
    assert text.count("Saya setuju") == 1


@pytest.mark.parametrize("language", ["id", "en"])
def test_errors_stand_on_top_and_beside_the_field(language: str) -> None:
    with translation.override(language):
        text = draw({"place": "x" * 21, "note": "<b>"})
    assert 'role="alert"' in text and 'href="#id_place"' in text
    assert 'id="id_place_error"' in text and 'aria-invalid="true"' in text
    assert ("Galat:" if language == "id" else "Error:") in text
    assert "&lt;b&gt;" in text and "style=" not in text
