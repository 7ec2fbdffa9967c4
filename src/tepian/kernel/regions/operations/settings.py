"""The city's settings."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from tepian.kernel.actors import Actor
from tepian.kernel.catalogue import kept
from tepian.kernel.catalogue.city import today
from tepian.kernel.catalogue.models import CitySetting
from tepian.kernel.events import note, operation

from ..policies import may_keep_regions
from .naming import FIRST


@operation("regions.set_city", policy=may_keep_regions)
def set_city_settings(
    *, actor: Actor, settings: Mapping[str, Any], on: date | None = None, source: str = ""
) -> Counter[str]:
    """The city's settings from a day on (None: as long as known, for what was never set). A changed value begins today;
    the earlier one stays readable with `city_setting(key, on=day)`."""
    begins = on or today()
    rows: dict[str, list[CitySetting]] = defaultdict(list)
    for row in CitySetting.objects.filter(key__in=list(settings)):
        rows[row.key].append(row)
    counts: Counter[str] = Counter(added=0, changed=0, unchanged=0)
    for key, value in settings.items():
        periods = sorted(rows[key], key=lambda row: row.valid_from or FIRST)
        current = next((row for row in reversed(periods) if row.valid_from is None or row.valid_from <= begins), None)
        if current is not None and current.value == value:
            counts["unchanged"] += 1
            continue
        if current is None:
            CitySetting.objects.create(
                key=key,
                value=value,
                valid_from=on,
                source=source[:200],
                valid_to=periods[0].valid_from - timedelta(days=1) if periods and periods[0].valid_from else None,
            )
            counts["added"] += 1
            continue
        if current.valid_from == begins:
            current.value, current.source = value, source[:200]
            current.save(update_fields=["value", "source"])
        else:
            ends, current.valid_to = current.valid_to, begins - timedelta(days=1)
            current.save(update_fields=["valid_to"])
            CitySetting.objects.create(key=key, value=value, valid_from=begins, valid_to=ends, source=source[:200])
        counts["changed"] += 1
    if counts["added"] or counts["changed"]:
        note("city", "", keys=sorted(settings))
        kept.changed("city")
    return counts
