"""How well the rules did on recorded floods, and the limits that hold today: one page for everybody."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from tepian.kernel.catalogue.city import city_setting
from tepian.kernel.catalogue.pagecache import cached_page
from tepian.kernel.identity.access import public_page

from ..queries.latest import english
from ..queries.limits import limits_today


def of_ten(share: dict[str, Any]) -> int:
    """A share in words of ten: “2 of 10”."""
    return round(10 * share["right"] / share["of"]) if share["of"] else 0


@public_page
@cached_page("city", "sensors")
def rule_performance(request: HttpRequest) -> HttpResponse:
    """/air/aturan. Without figures in the city's pack the page says that nothing has been measured yet."""
    figures = city_setting("evaluation") or {}
    gates, rain = figures.get("gates"), figures.get("rain_and_tide")
    name = "name_en" if english() else "name"
    context: dict[str, Any] = {
        "figures": figures,
        "gates": gates,
        "rain": rain,
        "limits": limits_today(),
        "sources": [source.get(name) or source.get("name") for source in figures.get("sources", [])],
    }
    if figures.get("date"):
        context["measured_on"] = date.fromisoformat(figures["date"])
    if gates:
        context["estimates_of_ten"] = of_ten(gates["estimates"])
        context["foreseen_of_ten"] = of_ten(gates["foreseen"])
    if rain:
        tried = rain["test"]
        context["alarms_of_ten"] = of_ten(tried["precision"])
        context["floods_of_ten"] = of_ten(tried["recall"])
        context["base_of_ten"] = round(10 * tried["base_rate"])
        context["least_of_ten"] = math.floor(10 * tried["recall"]["low"])
        context["most_of_ten"] = math.ceil(10 * tried["recall"]["high"])
        # Better than guessing only if even the cautious end of the interval beats the share of floods among wet days.
        context["useful"] = tried["precision"]["low"] > tried["base_rate"]
    return render(request, "sensors/rules.html", context)
