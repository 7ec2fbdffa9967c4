"""Which format an asker reads, by `format` or `Accept`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ..answers import Refused

SDMX = "application/vnd.sdmx."


@dataclass(frozen=True, slots=True)
class Format:
    """`key`: what writes it; `names`: what `format=` may say; `also`: plainer names that an asker may accept."""

    key: str
    media_type: str
    names: tuple[str, ...]
    also: tuple[str, ...] = ()
    ending: str = "xml"


DATA = (
    Format(
        "generic",
        f"{SDMX}genericdata+xml;version=2.1",
        ("genericdata", "generic", "sdmx-ml-generic", "xml-generic"),
        (f"{SDMX}genericdata+xml",),
    ),
    Format(
        "specific",
        f"{SDMX}structurespecificdata+xml;version=2.1",
        ("structurespecificdata", "structurespecific", "xml", "sdmx-ml"),
        (f"{SDMX}structurespecificdata+xml", "application/xml", "text/xml"),
    ),
    Format("json1", f"{SDMX}data+json;version=1.0.0", ("jsondata", "sdmx-json-1", "json1"), ending="json"),
    Format(
        "json2",
        f"{SDMX}data+json;version=2.0.0",
        ("sdmx-json", "json", "sdmx-json-2", "json2"),
        (f"{SDMX}data+json", "application/json"),
        "json",
    ),
    Format(
        "csv1",
        f"{SDMX}data+csv;version=1.0.0",
        ("csv", "sdmx-csv-1", "csvdata", "csvfile", "csv1"),
        ("text/csv",),
        "csv",
    ),
    Format("csv2", f"{SDMX}data+csv;version=2.0.0", ("sdmx-csv", "sdmx-csv-2", "csv2"), (f"{SDMX}data+csv",), "csv"),
)
STRUCTURES = (
    Format(
        "ml",
        f"{SDMX}structure+xml;version=2.1",
        ("xml", "sdmx-ml", "structure"),
        (f"{SDMX}structure+xml", "application/xml", "text/xml"),
    ),
    Format("json1", f"{SDMX}structure+json;version=1.0.0", ("jsonstructure", "sdmx-json-1", "json1"), ending="json"),
    Format(
        "json2",
        f"{SDMX}structure+json;version=2.0.0",
        ("sdmx-json", "json", "sdmx-json-2", "json2"),
        (f"{SDMX}structure+json", "application/json"),
        "json",
    ),
)
NONE = _("None of the formats asked for is written here: %(known)s.")


def choose(request: HttpRequest, formats: tuple[Format, ...], default: str) -> tuple[Format, dict[str, str]]:
    """The format and the other parameters of its media type (`labels`). Raises Refused with 406."""
    named = request.GET.get("format", "").lower()
    if named:
        for one in formats:
            if named in one.names or named.replace(" ", "+") in (one.media_type, *one.also):
                return one, {}
        raise Refused(406, NONE, known=", ".join(name for one in formats for name in one.names[:1]))
    wanted = _accepted(request.headers.get("Accept", ""))
    for media, parameters in wanted:
        if media in ("*/*", "application/*"):
            return next(one for one in formats if one.key == default), parameters
        version = parameters.get("version", "")
        full = f"{media};version={version}" if version else media
        for one in formats:
            if full in (one.media_type, *one.also) or full + ".0" == one.media_type or full + ".0.0" == one.media_type:
                return one, parameters
        if media == "text/html":  # a browser: it shows XML and asks nothing else
            return next(one for one in formats if one.key == default), parameters
    if not wanted:
        return next(one for one in formats if one.key == default), {}
    raise Refused(406, NONE, known=", ".join(one.media_type for one in formats))


def _accepted(header: str) -> list[tuple[str, dict[str, str]]]:
    """(media type, parameters), the best first. A weight of nought is a refusal."""
    found = []
    for place, text in enumerate(header[:2000].split(",")):
        media, *rest = [part.strip() for part in text.split(";")]
        parameters = dict(part.split("=", 1) for part in rest if "=" in part)
        weight = parameters.pop("q", "1")
        value = float(weight) if re.fullmatch(r"[01](\.\d{1,3})?", weight) else 1.0
        if media and value > 0:
            found.append(
                (-value, place, media.lower(), {key.strip(): one.strip(' "') for key, one in parameters.items()})
            )
    return [(media, parameters) for _weight, _place, media, parameters in sorted(found, key=lambda one: one[:2])]
