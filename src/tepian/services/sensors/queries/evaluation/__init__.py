"""How well our rules would have done on recorded floods: figures from real series, for the benches and for the public.

`report(data)` prints them, `write(path, data)` keeps them in a city pack (`evaluation.toml`), from where the page
/air/aturan shows them. `python -m bench rules` prints them again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from . import floods, gates
from .floods import wilson
from .gates import GateScore

__all__ = ["figures", "floods", "gates", "report", "sentences", "write"]

COMMAND = "python -m bench rules"
SERIES = "4-deret-waktu"
SOURCES = (
    {
        "name": "Tinggi muka air 21 pintu air Jakarta, Desember 2019 sampai Januari 2020 (data terbuka Jakarta)",
        "name_en": "Water levels of 21 flood gates in Jakarta, December 2019 to January 2020 (Jakarta open data)",
    },
    {
        "name": "Hujan per jam 2020–2025, hasil hitungan (reanalisis) Open-Meteo, CC BY 4.0",
        "name_en": "Hourly rain 2020–2025, computed (reanalysis), Open-Meteo, CC BY 4.0",
    },
    {
        "name": "Pasang surut: hitungan harian 2020–2025, dan BMKG tiap 10 menit tahun 2025",
        "name_en": "Tide: computed daily 2020–2025, and BMKG every 10 minutes in 2025",
    },
    {
        "name": "Hari hujan 2020–2025 yang diperiksa satu per satu di berita: banjir atau tidak",
        "name_en": "Wet days 2020–2025, each looked up in the news: flood or no flood",
    },
)


def figures(data: Path, on: date | None = None) -> dict[str, Any]:
    """All figures as plain values: `date`, `command`, `sources`, `gates`, `rain_and_tide`. Takes some seconds.

    `data` is the folder of recorded series. Shares are 0…1 with two decimals and their 95 % interval."""
    record = gates.read_gates(data / SERIES / "tma_pintu_air_jakarta_2020.csv")
    return {
        "date": (on or date.today()).isoformat(),
        "command": COMMAND,
        "sources": [dict(source) for source in SOURCES],
        "gates": _gates(record, [gates.score_gate(gate) for gate in record.gates]),
        "rain_and_tide": _rain_and_tide(floods.evaluate(data / SERIES)),
    }


def _share(hits: int, of: int) -> dict[str, Any]:
    low, high = wilson(hits, of)
    return {
        "right": hits,
        "of": of,
        "share": round(hits / of, 2) if of else 0.0,
        "low": round(low, 2),
        "high": round(high, 2),
    }


def _foreseen(scores: Sequence[GateScore]) -> dict[str, Any]:
    """Of the crossings that our level did not hold already: how many were said at an earlier reading."""
    return _share(sum(len(score.ahead) for score in scores), sum(len(score.leads) + score.missed for score in scores))


def _leads(scores: Sequence[GateScore]) -> dict[str, int]:
    ahead = [lead for score in scores for lead in score.ahead]
    return {"median": round(median(ahead)), "least": round(min(ahead)), "most": round(max(ahead))} if ahead else {}


def _gates(record: gates.Record, scores: list[GateScore]) -> dict[str, Any]:
    estimates = sum(score.foreseen for score in scores)
    wrong = sum(score.false_foreseen for score in scores)
    return {
        "rows": record.rows,
        "unreadable": len(record.unreadable),
        "repeated": sum(gate.repeated for gate in record.gates),
        "differing": sum(gate.differing for gate in record.gates),
        "readings": sum(score.readings for score in scores),
        "count": len(scores),
        "within_minutes": gates.WITHIN_MINUTES,
        "follow_hours": gates.FOLLOW_MS // 3_600_000,
        "margin_mm": round(gates.HYSTERESIS_MM),
        "crossings": sum(score.events for score in scores),
        "held": sum(score.held for score in scores),
        "missed": sum(score.missed for score in scores),
        "false_levels": sum(score.false_levels for score in scores),
        "unjudged": sum(score.unjudged for score in scores),
        "agreement": round(1 - sum(s.contradicting for s in scores) / sum(s.readings for s in scores), 4),
        "contradicting_gates": [score.name for score in scores if score.contradicting],
        "foreseen": _foreseen(scores),
        "foreseen_rivers": _foreseen([score for score in scores if not score.sea]),
        "foreseen_coast": _foreseen([score for score in scores if score.sea]),
        "estimates": _share(estimates - wrong, estimates),
        "lead_minutes": _leads(scores),
        "gate": [_gate(score) for score in scores],
    }


def _gate(score: GateScore) -> dict[str, Any]:
    return {
        "name": score.name,
        "coast": score.sea,
        "readings": score.readings,
        "interval": score.interval_minutes,
        **score.crossings,
        "held": score.held,
        "missed": score.missed,
        "ahead": len(score.ahead),
        "same_reading": len(score.leads) - len(score.ahead),
        **({"lead": round(median(score.ahead)), "least": round(min(score.ahead))} if score.ahead else {}),
        "false_alarms": score.false_alarms,
        "contradicting": score.contradicting,
    }


def _rain_and_tide(result: floods.FloodResult) -> dict[str, Any]:
    rule, year = result.rule, result.year

    def part(score: floods.Score) -> dict[str, Any]:
        return {
            "days": score.days,
            "floods": score.floods,
            "base_rate": round(score.base_rate, 2),
            "precision": _share(score.hits, score.alarms),
            "recall": _share(score.hits, score.floods),
        }

    return {
        "rule": {"rain_3h_mm": rule.rain_3h, "rain_day_mm": rule.rain_day, "tide_m": rule.tide},
        "tried": len(floods.RAIN_3H) * len(floods.RAIN_DAY) * len(floods.TIDE),
        "left_out": result.left_out,
        "train": {"years": "2020-2023", **part(result.train)},
        "test": {"years": "2024-2025", **part(result.test)},
        "year_2025": {
            "days": year.days,
            "spoke": year.spoke,
            "floods": year.floods,
            "dry": year.dry,
            "unlabelled": year.unlabelled,
            "missed": year.missed,
        },
        "tide_difference_m": round(result.tide_difference, 2),
    }


# --- as text ---------------------------------------------------------------------------------------------------------


def report(data: Path) -> Iterator[str]:
    """One line per figure."""
    return sentences(figures(data))


def sentences(found: dict[str, Any]) -> Iterator[str]:
    jakarta = found["gates"]
    for gate in jakarta["gate"]:
        lead = f"lead time median {gate['lead']} min (least {gate['least']})" if gate["ahead"] else "no lead time"
        yield (
            f"jakarta {gate['name']}: n {gate['readings']:,} every {gate['interval']} min, events waspada"
            f" {gate['waspada']} siaga {gate['siaga']} awas {gate['awas']}, foreseen {gate['ahead']}, at the same"
            f" reading {gate['same_reading']}, held {gate['held']}, missed {gate['missed']}, {lead},"
            f" false alarms {gate['false_alarms']}"
            + (f", {gate['contradicting']} readings contradict the bounds" if gate["contradicting"] else "")
        )
    lead = jakarta["lead_minutes"]
    yield (
        f"jakarta all: {jakarta['rows']:,} rows, {jakarta['unreadable']} unreadable, {jakarta['repeated']:,} repeated"
        f" ({jakarta['differing']} differing), {jakarta['readings']:,} readings, agreement with the bounds"
        f" {jakarta['agreement']:.2%}, contradicting: {', '.join(jakarta['contradicting_gates']) or 'none'}"
    )
    yield (
        f"jakarta all: {jakarta['crossings']} crossings, {jakarta['held']} held, {jakarta['missed']} missed, foreseen"
        f" {_of(jakarta['foreseen'])}, lead time when foreseen "
        + (f"median {lead['median']} min ({lead['least']}…{lead['most']})" if lead else "none")
    )
    rivers, coast = jakarta["foreseen_rivers"], jakarta["foreseen_coast"]
    yield f"jakarta all: foreseen at rivers {_of(rivers)}, at the coast {_of(coast)}"
    yield (
        f"jakarta all: estimates right {_of(jakarta['estimates'])}, false levels {jakarta['false_levels']},"
        f" unjudged {jakarta['unjudged']}"
    )
    city = found["rain_and_tide"]
    rule = city["rule"]
    yield (
        f"rain and tide rule: rain in 3 h ≥ {rule['rain_3h_mm']} mm, or rain of the day ≥ {rule['rain_day_mm']} mm and"
        f" tide ≥ {rule['tide_m']} m (best F1 of {city['tried']} on {city['train']['years']};"
        f" {city['left_out']} labelled days left out)"
    )
    for name in ("train", "test"):
        part = city[name]
        yield (
            f"rain and tide {name} {part['years']}: {part['days']} labelled wet days, {part['floods']} floods, base"
            f" rate {part['base_rate']:.0%}, precision {_of(part['precision'])}, recall {_of(part['recall'])}"
        )
    year = city["year_2025"]
    yield (
        f"rain and tide year 2025 (ten-minute tide): {year['days']} days, spoke on {year['spoke']}:"
        f" {year['floods']} floods, {year['dry']} labelled without flood, {year['unlabelled']} unlabelled;"
        f" floods missed {year['missed']};"
        f" the two tides differ by {city['tide_difference_m']} m on average"
    )


def _of(share: dict[str, Any]) -> str:
    return f"{share['right']} of {share['of']} = {share['share']:.0%} (95 % {share['low']:.0%}…{share['high']:.0%})"


# --- as a file of the city pack --------------------------------------------------------------------------------------


def write(path: Path, data: Path, on: date | None = None) -> dict[str, Any]:
    """Compute the figures anew and write them to `path` (`cities/<city>/evaluation.toml`). Returns them.

    With the recorded series in `../shared/data`, in `python -m django shell` with this project's settings:
    `evaluation.write(Path("cities/<city>/evaluation.toml"), Path("../shared/data"))`.
    """
    found = figures(data, on)
    path.write_text(as_toml(found), encoding="utf-8")
    return found


def as_toml(found: dict[str, Any]) -> str:
    """The figures as TOML: plain values first, then one table each; a gate is one line."""
    lines = ["# How well the rules did on recorded floods. Written by queries.evaluation.write of the room sensors."]
    lines += _toml_lines((key, value) for key, value in found.items() if not isinstance(value, dict))
    for name, table in found.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]", *_toml_lines(table.items())]
    return "\n".join([*lines, ""])


def _toml_lines(items: Iterable[tuple[str, Any]]) -> Iterator[str]:
    for key, value in items:
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield from (f"{key} = [", *(f"  {_toml(item)}," for item in value), "]")
        else:
            yield f"{key} = {_toml(value)}"


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }" if value else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)
