"""What the map hangs in the hall."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tepian.kernel.catalogue.contributions import MenuEntry, PackSection, offer

from . import sections

offer(
    MenuEntry("public", _("City map"), "/kota", icon="map", hint=_("Water levels, warnings, districts"), order=20),
    PackSection("map", sections.check, sections.load, order=15),
)
