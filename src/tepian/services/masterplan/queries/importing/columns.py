"""What the columns of a planners' table are, by their headings, under the many names that offices give them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from tepian.toolkit.tables import Book, Column, Table

from ... import states

IGNORE = "ignore"
TARGET, MONEY = "target", "money"
ROLE_LABELS = {
    IGNORE: _("not taken"),
    "goal": _("Goal"),
    "programme": _("Programme"),
    "action": _("Action"),
    "code": _("Number"),
    "agency": _("Agency"),
    "dimension": _("Dimension"),
    "subdimension": _("Sub-dimension"),
    "indicator": _("Indicator"),
    "unit": _("Unit"),
    "baseline": _("Where it starts from"),
    TARGET: _("Yearly target"),
    MONEY: _("Money"),
    "source": _("Source of the money"),
    "planning_code": _("Planning code"),
    "renstra": _("Reference in the Renstra"),
    "period": _("Years"),
    "quick_win": _("Quick win"),
    "description": _("Description"),
    "outcome": _("Outcome"),
    "impact": _("Impact"),
    "title_en": _("Name in English"),
}
# In this order; the first that fits. A heading is folded to small letters, its lines joined.
_RULES = tuple(
    (role, re.compile(pattern))
    for role, pattern in (
        (IGNORE, r"^(no|nomor|no urut|#)$|\b(keterangan|catatan|realisasi|capaian tw|remarks?)\b"),
        ("planning_code", r"\bkode (sub ?)?-?(kegiatan|program|rekening|urusan|sipd)|nomenklatur|planning code"),
        ("code", r"^(no\.? )?(kode|code)( aksi| action)?$"),
        ("subdimension", r"\bsub ?-?(dimensi|pilar|dimension|pillar)\b"),
        ("dimension", r"\b(dimensi|pilar|dimension|pillar|smart)\b"),
        ("source", r"\bsumber (dana|pendanaan|anggaran|biaya|pembiayaan)|source of|funding source|^sumber$"),
        ("title_en", r"\b(in english|bahasa inggris|english)\b"),
        ("quick_win", r"\bquick ?win"),
        ("baseline", r"\bkondisi awal|baseline|data dasar|kondisi eksisting|nilai awal"),
        (MONEY, r"\b(pagu|anggaran|dana|biaya|pendanaan|budget|cost|rupiah|rp|apbd|apbn|csr)\b"),
        (TARGET, r"\btarget"),
        (
            "agency",
            r"\b(opd|skpd|perangkat daerah|dinas|instansi|penanggung ?jawab|pelaksana|agency|leading sector|pd)\b",
        ),
        ("indicator", r"\b(indikator|indicator|tolok ukur|kpi)\b"),
        ("unit", r"\b(satuan|unit)\b"),
        ("period", r"\b(tahun|waktu|jadwal|periode|years?)( pelaksanaan)?$|^(waktu|jadwal)\b"),
        ("renstra", r"\brenstra\b"),
        ("outcome", r"\b(outcome|hasil|manfaat)\b"),
        ("impact", r"\b(impact|dampak)\b"),
        ("description", r"\b(uraian|deskripsi|penjelasan|description)\b"),
        ("action", r"\b(aksi|inisiatif|actions?|initiative|kegiatan|activity|subkegiatan)\b"),
        ("programme", r"\bprogram(me)?\b"),
        ("goal", r"\b(tujuan|sasaran|misi|goals?|objective)\b"),
    )
)
# Of several columns that could name the action, the one that offices mean by it.
_ACTION_WORDS = ("aksi", "action", "inisiatif", "initiative", "sub", "kegiatan", "activity")
_SCALES = (
    (r"\b(ribu|ribuan|thousand)", 10**3),
    (r"\b(juta|jutaan|million)", 10**6),
    (r"\b(miliar|milyar|billion)", 10**9),
)
_ONCE = ("goal", "programme", "code", "agency", "dimension", "subdimension", "indicator", "unit", "baseline", "source",
         "planning_code", "renstra", "period", "quick_win", "description", "outcome", "impact", "title_en")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Role:
    """What a column holds. `year` and `source` for targets and money, `scale`: rupiah of one unit of the column."""

    name: str
    year: int = 0
    source: str = ""
    scale: int = 1

    @property
    def text(self) -> str:
        """As a form sends it: `money:2025:APBD`."""
        return ":".join([self.name, str(self.year or ""), self.source]).rstrip(":")

    def told(self, text: str) -> Role:
        """Another meaning, as a form sends it; the scale stays. An unknown text takes the column out."""
        name, _mark, rest = text.partition(":")
        year, _mark, source = rest.partition(":")
        if name not in ROLE_LABELS or (name in (TARGET, MONEY) and not (year.isascii() and year.isdecimal())):
            return Role(IGNORE)
        return Role(
            name, int(year) if name in (TARGET, MONEY) else 0, source if source in states.SOURCES else "", self.scale
        )


def guess(table: Table) -> list[Role]:
    """A role for each column of the table."""
    found: list[Role] = []
    for column in table.columns:
        found.append(_role(column, found[-1] if found else None, table))
    _one_action(table.columns, found)
    for name in _ONCE:
        for extra in [at for at, role in enumerate(found) if role.name == name][1:]:
            found[extra] = Role(IGNORE)
    return found


def _named(column: Column) -> tuple[str, list[int], str]:
    """What the heading names, the years in it, and its words without them."""
    heading = " ".join((*column.labels, column.unit)).lower()
    years = [int(each) for each in re.findall(r"\b(?:19|20|21)\d\d\b", heading)]
    words = " ".join(re.sub(r"[^\w#-]+|\b(?:19|20|21)\d\d\b", " ", heading).split())
    return next((role for role, pattern in _RULES if pattern.search(words)), ""), years, words


def _role(column: Column, left: Role | None, table: Table) -> Role:
    name, years, words = _named(column)
    if not name and years and left and left.name in (TARGET, MONEY):
        return Role(left.name, years[0], left.source, left.scale)  # “Target 2025”, “2026”, “2027”
    if name in (TARGET, MONEY):
        if not years:
            return Role(IGNORE)
        source = next((each for each in states.SOURCES if re.search(rf"\b{each.lower()}\b", words)), "")
        return Role(name, years[0], source, _scale(f"{words} {table.unit.lower()}") if name == MONEY else 1)
    return Role(name or IGNORE)


def undated(table: Table) -> list[int]:
    """Columns of targets or money whose heading says no year, by their place."""
    named = [_named(column) for column in table.columns]
    return [at for at, (name, years, _words) in enumerate(named) if name in (TARGET, MONEY) and not years]


def _scale(text: str) -> int:
    return next((scale for pattern, scale in _SCALES if re.search(pattern, text)), 1)


def _one_action(columns: Sequence[Column], roles: list[Role]) -> None:
    named = [at for at, role in enumerate(roles) if role.name == "action"]
    if not named:
        return

    def rank(at: int) -> int:
        words = " ".join(columns[at].labels).lower()
        return next((place for place, word in enumerate(_ACTION_WORDS) if word in words), len(_ACTION_WORDS))

    kept = min(named, key=rank)
    for at in named:
        if at != kept:
            roles[at] = Role(IGNORE)
    above = next((at for at in named if at < kept), None)
    if above is not None and not any(role.name == "programme" for role in roles):
        roles[above] = Role("programme")  # “Kegiatan” before “Rencana Aksi” does a programme's work


def plan_tables(book: Book) -> list[int]:
    """Tables that look like a plan: they name actions, and targets, money or agencies of them."""
    found = []
    for number, table in enumerate(book.tables):
        names = {role.name for role in guess(table)}
        if "action" in names and names & {TARGET, MONEY, "agency"} and len(table.data()) > 1:
            found.append(number)
    return found
