"""The city that this installation serves: its name, zone and centre, as its pack or a person set them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from .kept import Kept, one_look
from .models import CitySetting


@dataclass(frozen=True, slots=True)
class City:
    """The city as of today. Before a pack is loaded `loaded` is False and the rest are harmless defaults.

    `bbox` is west, south, east, north and `lon`/`lat` the centre, in degrees, WGS 84. `domain` is the address that
    people may trust, shown in the masthead; `attribution` lists whom the city's data must credit.
    """

    loaded: bool = False
    name: str = "Tepian"
    name_en: str = "Tepian"
    code: str = ""
    bps_code: str = ""
    timezone: str = settings.TIME_ZONE
    language: str = settings.LANGUAGE_CODE
    bbox: tuple[float, float, float, float] = (95.0, -11.0, 141.0, 6.0)
    lon: float = 117.0
    lat: float = -0.5
    domain: str = ""
    emergency_number: str = "112"
    pack: str = ""
    brand: Mapping[str, str] = field(default_factory=dict)
    attribution: tuple[str, ...] = ()

    @property
    def display_name(self) -> str:
        """The name in the language of the reader."""
        return self.name_en if (translation.get_language() or "id").startswith("en") else self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def zone_label(self) -> str:
        """The zone as people here say it: WIB, WITA or WIT; elsewhere the abbreviation of the zone."""
        hours = datetime.now(self.zone).utcoffset()
        known = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}
        return known.get(self.timezone) or datetime.now(self.zone).tzname() or str(hours)


FIELDS = tuple(name for name in City.__dataclass_fields__ if name != "loaded")


def _read_periods() -> dict[str, list[tuple[date | None, date | None, Any]]]:
    periods: dict[str, list[tuple[date | None, date | None, Any]]] = defaultdict(list)
    for row in sorted(CitySetting.objects.all(), key=lambda row: row.valid_from or date.min):
        periods[row.key].append((row.valid_from, row.valid_to, row.value))
    return dict(periods)


_periods = Kept(_read_periods, "city")


def city_setting(key: str, on: date | None = None, default: Any = None) -> Any:
    """The setting's value on a day (today in the city, when none is given), or `default`."""
    return _value(_periods().get(key, []), on or today(), default)


def _value(periods: list[tuple[date | None, date | None, Any]], day: date, default: Any) -> Any:
    for begins, ends, value in reversed(periods):
        if (begins is None or begins <= day) and (ends is None or day <= ends):
            return value
    return default


_cities = Kept(dict[date, City], "city")  # one entry per day, for a setting may begin tomorrow


def current_city() -> City:
    """The city today. Costs one indexed read, none inside a request that has asked before."""
    periods = _periods()
    zone = _zone(_value(periods.get("timezone", []), date.today(), settings.TIME_ZONE))
    day = datetime.now(zone).date()
    kept = _cities()
    city = kept.get(day)
    if city is None:
        values = {key: _value(periods[key], day, None) for key in FIELDS if key in periods}
        values = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in values.items()
            if value is not None
        }
        values["timezone"] = zone.key
        city = City(loaded="code" in values, **values)
        kept.clear()
        kept[day] = city
    return city


def city_timezone() -> ZoneInfo:
    """The zone in which this city's clocks run."""
    return current_city().zone


def today() -> date:
    """Today's date in the city."""
    zone = _value(_periods().get("timezone", []), date.today(), settings.TIME_ZONE)
    return datetime.now(_zone(zone)).date()


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)


class CityMiddleware:
    """Shows times in the city's zone, and lets a request see one state of the city."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with one_look(), timezone.override(city_timezone()):
            return self.get_response(request)
