"""The gazetteer's places."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Invalid, NotFound
from tepian.kernel.catalogue import kept
from tepian.kernel.events import note, operation

from .. import shapes
from ..folding import fold
from ..locate import regions_at
from ..models import Place, Region
from ..policies import may_keep_regions


@dataclass(frozen=True, slots=True)
class PlaceFact:
    """A named place or street. `key` stays when the place is told again; empty: made of kind, name and region."""

    name: str
    kind: str
    lon: float
    lat: float
    region: str = ""
    source: str = ""
    key: str = ""


@operation("regions.define_places", policy=may_keep_regions)
def define_places(*, actor: Actor, places: Sequence[PlaceFact]) -> Counter[str]:
    """Places of the gazetteer, added or corrected by key. Raises `Invalid` naming the place."""
    ids = dict(Region.objects.values_list("code", "id"))
    lost = [place for place in places if not place.region]
    for place in places:
        if problem := shapes.check_point(place.lon, place.lat):
            raise Invalid(problem, code="bad_point", field="lat", item=place.name)
        if place.region and place.region not in ids:
            raise NotFound(
                format_lazy(_("There is no region with the code {code}."), code=place.region),
                code="no_region",
                item=place.name,
            )
    found = dict(
        zip(
            ((place.lon, place.lat) for place in lost),
            regions_at([(place.lon, place.lat) for place in lost]),
            strict=True,
        )
    )
    stored = {place.key: place for place in Place.objects.all()}
    fresh: dict[str, Place] = {}
    told: set[str] = set()
    counts: Counter[str] = Counter(added=0, changed=0, unchanged=0)
    for place in places:
        region = place.region or found.get((place.lon, place.lat)) or ""
        spot = place.region or f"{place.lon:.3f},{place.lat:.3f}"
        key = (place.key or f"{place.kind}|{fold(place.name)}|{spot}")[:150]
        wanted = {
            "name": place.name[:150],
            "folded": fold(place.name)[:150],
            "kind": place.kind,
            "lon": place.lon,
            "lat": place.lat,
            "region_id": ids.get(region),
            "source": place.source[:200],
        }
        if key in told:  # the same name twice in one ward: the first point is enough
            continue
        told.add(key)
        current = stored.get(key)
        if current is None:
            counts["added"] += 1
            fresh[key] = Place(key=key, **wanted)
        elif any(getattr(current, field) != value for field, value in wanted.items()):
            Place.objects.filter(pk=current.pk).update(**wanted)
            counts["changed"] += 1
        else:
            counts["unchanged"] += 1
    Place.objects.bulk_create(fresh.values())
    if counts["added"] or counts["changed"]:
        note("places", "", counts=dict(counts))
        kept.changed("regions")
    return counts


@operation("regions.remove_place", policy=may_keep_regions)
def remove_place(*, actor: Actor, key: str) -> None:
    """Take a place out of the gazetteer. Raises `NotFound`."""
    deleted, _each = Place.objects.filter(key=key).delete()
    if not deleted:
        raise NotFound(format_lazy(_("There is no place with the key {key}."), key=key), code="no_place", item=key)
    note("place", key)
    kept.changed("regions")
