"""The organisations' section of a city pack."""

from __future__ import annotations

from tepian.kernel.catalogue.contributions import PackSection, offer

from . import sections

offer(PackSection("organisations", sections.check, sections.load, order=20))
