"""What a room hangs in the hall. Declared in the room's `contributions.py` at boot, then frozen.

The portal, the gateway, the worker and the command line read these lists; a room never imports another room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar

from tepian.kernel.actors import Actor

# --- what the portal shows -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """A link in the staff rail (`area="staff"`, shown to holders of `roles`), the public tasks (`"public"`) or the
    footer (`"about"`). `label` and `hint` are lazy translations; `icon` is a symbol of the sprite; lower `order` first."""

    area: str
    label: Any
    url: str
    icon: str = "dot"
    hint: Any = ""
    roles: tuple[str, ...] = ()
    order: int = 50


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One thing for a person to do. `level` is normal, notice, warning or danger; `decision` marks what waits for a
    decision by the city's head of operations ("1 hal perlu keputusan")."""

    key: str
    title: str
    url: str
    detail: str = ""
    level: str = "normal"
    since: datetime | None = None
    due: datetime | None = None
    decision: bool = False
    icon: str = "dot"


@dataclass(frozen=True, slots=True)
class WorkList:
    """`items(actor)` gives what waits for this actor; `url` is the whole list."""

    room: str
    items: Callable[[Actor], Iterable[WorkItem]]


@dataclass(frozen=True, slots=True)
class SignableItem:
    """One document that waits for a signature. `position` is the code of the position in whose name it is signed,
    `agency` its office's name; `title` and `detail` are for the head's list, `url` is the room's own page of it."""

    kind: str
    key: str
    title: str
    position: str
    agency: str = ""
    detail: str = ""
    url: str = ""
    since: datetime | None = None
    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs, in which position and on what ground, at the moment of signing.

    `position` is the code of the position signed for, `capacity` is definitive, plt, plh, an (a.n.) or ub (u.b.);
    `lines` are the printed lines above the name ("a.n. Lurah", "Sekretaris"), `title` the same in one line, `basis` the
    decision behind it, `agency` the office's name, `name` the person's."""

    account: str
    name: str
    position: str
    capacity: str
    title: str
    lines: tuple[str, ...]
    agency: str = ""
    agency_code: str = ""
    basis: str = ""


@dataclass(frozen=True, slots=True)
class DocumentFacts:
    """What the public check may say of a signed document: its `number`, the last day on which it counts, and the code
    of the document that it `replaces`. `about` is whom it concerns; only a mask of it is kept ("S··· A·····")."""

    number: str = ""
    about: str = ""
    valid_until: date | None = None
    replaces: str = ""


@dataclass(frozen=True, slots=True)
class Signable:
    """A kind of document that is signed. The room gives what waits and gets back what was signed; keys, passphrases and
    the signature itself are `kernel.signatures`' business.

    `waiting(actor)` gives what this actor may sign now. `render(key, code, signatory)` gives the PDF/A to sign with the
    QR of the public check address of `code`; it runs in the signing transaction, locks its row, takes the number, and
    raises `Conflict` when the thing no longer waits. The same call, rolled back, is the preview. `finish(key, file,
    code, signatory)` runs in the same transaction after the signed file was stored (a `StoredFile` of subject
    `document`/<code>) and gives what the public check may say. `send_back(actor, key, reason)` returns it to whoever
    wrote it; None where it cannot be returned. `label` is the kind's name for people; it stands on the public check
    page, so it names nobody."""

    kind: str
    label: Any
    waiting: Callable[[Actor], Iterable[SignableItem]]
    render: Callable[[str, str, Signatory], bytes]
    finish: Callable[[str, Any, str, Signatory], DocumentFacts]
    send_back: Callable[[Actor, str, str], None] | None = None
    order: int = 50


@dataclass(frozen=True, slots=True)
class MapFeature:
    """A thing on the map: a point (`lon`, `lat` in degrees, WGS 84) or an area by `region` codes.

    `level` is none, normal, waspada, siaga, awas or unknown; `symbol` is a symbol of the sprite; `value` is the short
    text beside the point. `key` is stable: live frames name it (`{"key", "level", "value"}`)."""

    key: str
    label: str
    lon: float | None = None
    lat: float | None = None
    regions: tuple[str, ...] = ()
    level: str = "none"
    value: str = ""
    url: str = ""
    symbol: str = "dot"
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class MapLayer:
    """`features(actor)` gives the layer's things; `audience` is public or staff."""

    key: str
    label: Any
    features: Callable[[Actor], Iterable[MapFeature]]
    audience: str = "staff"
    order: int = 50


@dataclass(frozen=True, slots=True)
class Tile:
    """One of at most seven numbers round the wall's map. `value` None is shown as “–”, never as 0."""

    title: str
    value: str | None
    unit: str = ""
    detail: str = ""
    level: str = "normal"
    at: datetime | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class WallTile:
    key: str
    tile: Callable[[], Tile]
    order: int = 50


@dataclass(frozen=True, slots=True)
class Indicators:
    """Figures that a room computes from its own records, for statistics, the plan and the wall: nobody retypes them.

    `read(since, until)` gives for the moments of a period `{"key", "name", "unit", "value", "target", "direction"}`, one
    a figure; `value` None where nothing was there to count. `direction` is up (more is better), down or empty."""

    room: str
    read: Callable[[datetime, datetime], Iterable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class Figure:
    """A published figure of the whole city: `value` for `period` (2025, 2025-Q3, 2025-09 …), None where nothing is
    known. `unit` and `title` in the reader's language; `direction` is up, down or empty; `day` is the period's last."""

    key: str
    title: str
    unit: str
    direction: str = ""
    value: float | None = None
    period: str = ""
    day: date | None = None
    url: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures that a room has published, for whoever follows them (a plan's action): `find(text, limit)` gives those
    whose name fits, without a value; `read(key, since, until)` the newest value of a period that ended in these days,
    both counted, None for an unknown key. A key is never changed once it is published."""

    room: str
    find: Callable[[str, int], Iterable[Figure]]
    read: Callable[[str, date, date], Figure | None]


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old a kind of data is. `state` gives (newest time or None, ok|late|silent, sentence)."""

    key: str
    label: Any
    state: Callable[[], tuple[datetime | None, str, str]]


@dataclass(frozen=True, slots=True)
class PublicNotice:
    """The banner on public pages: `notices()` gives (level, sentence, url), worst first."""

    key: str
    notices: Callable[[], Iterable[tuple[str, str, str]]]


@dataclass(frozen=True, slots=True)
class SearchHit:
    title: str
    url: str
    kind: str
    detail: str = ""
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Search:
    """`find(query, actor)` gives hits, best first."""

    key: str
    find: Callable[[str, Actor], Iterable[SearchHit]]


# --- what one room shows on another's pages --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ServiceSurvey:
    """A question to whoever was served: how was it? Whoever hands something over calls `ask(subject=…, service=…,
    title=…, title_en=…, office=…, region="")` in the same transaction: `subject` ("letter/S-7K4M-2") is asked once, `service`
    ("letter.domisili") is what answers are counted by, `office` an agency's code. `link(subject)` gives the address to
    answer at, "" once it was answered or is over; show it beside what was handed over."""

    room: str
    ask: Callable[..., None]
    link: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class EvidencePanel:
    """What a sign's source looked like: `render(source_key, since, until)` gives HTML (a chart, a still) for sources of
    `source_kind` (station, rain, camera, call, report), empty when there is nothing to show."""

    source_kind: str
    render: Callable[[str, datetime, datetime], str]


@dataclass(frozen=True, slots=True)
class PublicWording:
    """Words to start from when the public is told of a hazard. `words(hazard, level, place)` gives
    `{"headline", "headline_en", "instruction", "instruction_en", "hours"}`, or an empty dict for an unknown hazard."""

    key: str
    words: Callable[[str, str, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RecordSection:
    """A room's part in an incident's record: `html` to print, `data` for programs, and the subjects (type, id) under
    which the audit record knows these things."""

    title: Any
    html: str
    data: Any
    subjects: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class RecordPart:
    """`part(incident_number)` gives the room's section, or None when it has nothing to tell."""

    key: str
    part: Callable[[str], RecordSection | None]
    order: int = 50


@dataclass(frozen=True, slots=True)
class DossierPart:
    """A room's chapters in the dossier that the city hands to an assessor: `blocks(year, language)` gives what
    `tepian.toolkit.typeset` prints, nothing when there is nothing to tell."""

    key: str
    blocks: Callable[[int, str], Sequence[Any]]
    order: int = 50


# --- what runs -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Job:
    """A periodic job of the worker: `run()` every `seconds`. Must be idempotent; runs in one worker at a time."""

    name: str
    run: Callable[[], Any]
    seconds: float


@dataclass(frozen=True, slots=True)
class FastRoute:
    """A path answered by the gateway's event loop without the page stack. `handler(request)` is awaited; see
    `tepian.kernel.catalogue.fast` for the request and reply it speaks. None leaves the request to the page stack."""

    method: str
    path: str
    handler: Callable[[Any], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class UrgentPath:
    """Pages below `prefix` have threads and a waiting line of their own in the gateway, so that they answer while
    everything else is overloaded (112)."""

    prefix: str


@dataclass(frozen=True, slots=True)
class UploadPath:
    """Below `prefix` staff who are signed in may send bodies of up to `megabytes` MiB, few at once in each gateway;
    everybody else, and every other path, keeps the general limit."""

    prefix: str
    megabytes: int


@dataclass(frozen=True, slots=True)
class GatewayService:
    """Something that lives in the gateway's event loop (a listener, a writer): `start()` is awaited at boot, `stop()`
    at the end, `state()` gives (ok, sentence) for /readyz."""

    name: str
    start: Callable[[], Awaitable[None]]
    stop: Callable[[], Awaitable[None]]
    state: Callable[[], tuple[bool, str]] = field(default=lambda: (True, ""))


@dataclass(frozen=True, slots=True)
class LiveState:
    """State that changes too often for the outbox (a gauge's newest value). `changes(cursor)` gives (new cursor,
    JSON-able objects changed behind it); the newest always wins, so a missed one does no harm. `audience` as events."""

    name: str
    changes: Callable[[Any], tuple[Any, list[dict[str, Any]]]]
    audience: str = "public"


@dataclass(frozen=True, slots=True)
class PackSection:
    """A room's part of a city pack. `check(pack)` gives problems (`packs.Problem`, or sentences naming file and item);
    `load(pack, actor)` gives counts of what it changed, all 0 the second time (the key `unchanged` counts no change).
    `order`: regions 10, organisations 20, accounts 30, rooms 50 and up."""

    name: str
    check: Callable[[Any], Iterable[Any]]
    load: Callable[[Any, Actor], dict[str, int]]
    order: int = 50


@dataclass(frozen=True, slots=True)
class LetterTexts:
    """Texts of letters that a room brings to every city: `<code>.toml` in `folder`. A city's pack replaces one by a file
    of the same name in its `letters/`; in the running city they are edited at /kerja/kelola/surat."""

    room: str
    folder: Path


@dataclass(frozen=True, slots=True)
class ConfigurationCheck:
    """For `tepian check`: `run()` gives (ok, sentence, what to do)."""

    name: str
    run: Callable[[], tuple[bool, str, str]]


@dataclass(frozen=True, slots=True)
class Measure:
    """A number for `/metrics`, shown as `tepian_<name>`: `read()` gives label value → number, asked at each scrape in
    the process that answers it; a name that ends in `_total` only grows. `label` names what is told apart; no personal
    data."""

    name: str
    help: str
    label: str
    read: Callable[[], Mapping[str, float]]


T = TypeVar("T")
_offers: dict[type, list[Any]] = defaultdict(list)
_frozen = False


def offer(*things: Any) -> None:
    """Declare contributions. Only at boot."""
    if _frozen:
        raise RuntimeError("contributions are declared at boot, in contributions.py")
    for thing in things:
        _offers[type(thing)].append(thing)


def freeze() -> None:
    """Called once, when all apps are ready."""
    global _frozen
    _frozen = True


def offered(kind: type[T]) -> list[T]:
    """All contributions of one kind, in `order` where they have one."""
    return sorted(_offers[kind], key=lambda thing: getattr(thing, "order", 0))
