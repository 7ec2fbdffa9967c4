"""The pack's `evaluation.toml`: measured figures of the rules, kept as a setting of the city."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue.packs import CityPack, Problem
from tepian.kernel.regions.operations import set_city_settings

SETTING = "evaluation"
NEEDED = {
    "gates": ("readings", "count", "crossings", "foreseen", "estimates", "gate"),
    "rain_and_tide": ("rule", "train", "test", "year_2025"),
}


def check(pack: CityPack) -> Iterator[Problem]:
    """A pack without the file is in order; one with it names date, command and sources, and has whole tables."""
    figures = pack.toml(SETTING)
    if not figures:
        return
    for key in ("date", "command", "sources"):
        if not figures.get(key):
            yield pack.problem(
                SETTING,
                _("has no “%(key)s”: figures need their date, their command and their sources") % {"key": key},
                key,
            )
    for table, keys in NEEDED.items():
        for key in keys:
            if table in figures and key not in figures[table]:
                yield pack.problem(
                    SETTING,
                    _("[%(table)s] has no “%(key)s”: write the file anew") % {"table": table, "key": key},
                    table,
                )


def load(pack: CityPack, actor: Actor) -> dict[str, int]:
    """Keep the figures, so that the page /air/aturan shows them. A pack without them changes nothing."""
    figures = pack.toml(SETTING)
    if not figures:
        return {}
    return set_city_settings(actor=actor, settings={SETTING: figures}, source=f"cities/{pack.name}/{SETTING}.toml")
