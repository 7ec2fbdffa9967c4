"""Verbs on regions, boundaries, places and the city's settings. Dates are days of the city; `on` is the first day."""

from .drawing import draw_schematic_cells, set_boundaries, set_boundary
from .naming import RegionFact, define_region, define_regions, rename_region, set_parent
from .places import PlaceFact, define_places, remove_place
from .settings import set_city_settings
from .succeeding import link_successions, merge_regions, split_region

__all__ = [
    "PlaceFact",
    "RegionFact",
    "define_places",
    "define_region",
    "define_regions",
    "draw_schematic_cells",
    "link_successions",
    "merge_regions",
    "remove_place",
    "rename_region",
    "set_boundaries",
    "set_boundary",
    "set_city_settings",
    "set_parent",
    "split_region",
]
