"""How forms are drawn: label, hint, error and field under each other, and a summary with links on top."""

from __future__ import annotations

from django.forms.renderers import DjangoTemplates


class Renderer(DjangoTemplates):
    """Set in the settings for all forms. The summary's words are the same as those beside each field."""

    form_template_name = "ui/forms/form.html"
    field_template_name = "ui/forms/field.html"

    def get_template(self, template_name: str) -> object:
        """Templates of `ui/` come from the project's engine, so that they may use its tags and translations."""
        if template_name.startswith("ui/"):
            from django.template.loader import get_template

            return get_template(template_name)
        return super().get_template(template_name)
