"""The forgiving search for places: streets, landmarks and regions, whatever way they are written.

A word of the query matches a word of a name when it is the same, its beginning, or a few letters off; two words also
match one ("gunung samarinda", "Gunungsamarinda"). Rare words count more than common ones, so that "jalan" alone decides
nothing. The words of all names stand in one sorted list in memory, against which a query word is compared at once.
"""

from __future__ import annotations

import itertools
import math
import re
from bisect import bisect_left
from collections import defaultdict
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from tepian.kernel.catalogue.kept import Kept

from . import queries
from .folding import words
from .models import Level, Place

HOUSE_NUMBER = re.compile(r"\b(?:no|nomor|nmr)\b\.?\s*\d+\s?[a-z]?\b|#\s*\d+", re.IGNORECASE)
CODE = re.compile(r"\d{2}(?:\.\d{2}(?:\.\d{2}(?:\.\d{4}(?:\.\w+)?)?)?)?")
PREFIX_SCORE = 0.92
CONTEXT_WEIGHT = 0.7
COMMON = 400  # a word in more names than this tells nothing by itself
NOBODY: frozenset[int] = frozenset()
STREET_WORDS = {"jalan", "gang", "lorong"}
REGION_WORDS = {"kelurahan", "kecamatan", "rt"}


@dataclass(frozen=True, slots=True)
class PlaceHit:
    """A found place. `label` is the name with what it lies in; `kind` is street, landmark's kind, or a region's level;
    `code` is the region it is or lies in; `score` is 0 to 100."""

    kind: str
    name: str
    label: str
    lon: float | None
    lat: float | None
    code: str
    score: float
    is_region: bool = False


@dataclass(slots=True)
class _Entry:
    hit: PlaceHit
    words: tuple[str, ...]
    level: int
    weight: float = 1.0


class _Index:
    def __init__(self) -> None:
        self.entries: list[_Entry] = []
        self.named: dict[str, set[int]] = defaultdict(
            set
        )  # a word, or two written as one -> entries with it in the name
        self.around: dict[str, set[int]] = defaultdict(set)  # a word -> entries that lie in something of that name
        self.words: list[str] = []
        self.rarity: dict[str, float] = {}
        self.codes: dict[str, int] = {}
        self._similar: dict[str, list[tuple[str, float]]] = {}

    def add(self, hit: PlaceHit, context: str, level: int = 0) -> None:
        number = len(self.entries)
        self.entries.append(_Entry(hit, tuple(words(hit.name)), level))
        for word in words(context):
            self.around[word].add(number)

    def close(self) -> None:
        """Fill the lists and weigh the words."""
        pairs: dict[str, tuple[str, str]] = {}
        for number, entry in enumerate(self.entries):
            for word in entry.words:
                self.named[word].add(number)
            for left, right in itertools.pairwise(entry.words):
                if left.isalpha() and right.isalpha():
                    self.named[left + right].add(number)
                    pairs[left + right] = (left, right)
        self.rarity = {word: math.log(1 + len(self.entries) / len(found)) for word, found in self.named.items()}
        for joined, (left, right) in pairs.items():
            self.rarity[joined] = max(self.rarity[joined], self.rarity[left] + self.rarity[right])
        for entry in self.entries:
            entry.weight = sum(self.rarity[word] for word in entry.words) or 1.0
        self.words = sorted({*self.named, *self.around})

    def similar(self, word: str) -> list[tuple[str, float]]:
        """Words of names that may be meant, with how sure (0 to 1)."""
        found = self._similar.get(word)
        if found is None:
            if len(self._similar) > 5000:
                self._similar.clear()
            found = self._similar[word] = self._compare(word)
        return found

    def _compare(self, word: str) -> list[tuple[str, float]]:
        known = word in self.named or word in self.around
        if word.isdigit() or len(self.named.get(word, ())) > COMMON:
            return [(word, 1.0)] if known else []
        allowed = 0 if len(word) <= 3 else 1 if len(word) <= 5 else 2 if len(word) <= 9 else 3
        found: dict[str, float] = {}
        if allowed:
            close = process.extract(word, self.words, scorer=OSA.distance, score_cutoff=allowed, limit=None)
            for other, distance, _place in close:
                if other[0] == word[0] or distance < allowed:  # the first letter is seldom wrong
                    found[other] = 1.0 - distance / max(len(word), len(other))
        if len(word) >= 2:
            for other in self._beginning(word):
                found[other] = max(found.get(other, 0.0), PREFIX_SCORE * (0.75 + 0.25 * len(word) / len(other)))
        if known:
            found[word] = 1.0
        return list(found.items())

    def _beginning(self, start: str) -> list[str]:
        low = bisect_left(self.words, start)
        high = bisect_left(self.words, start + "{")  # "{" follows "z"
        return self.words[low:high]


def _build() -> _Index:
    index = _Index()
    known = queries.names()
    depth = {Level.CITY: 0, Level.DISTRICT: 1, Level.WARD: 2, Level.NEIGHBOURHOOD: 3, Level.PROVINCE: 4}
    kept = queries.atlas()
    for level in (Level.CITY, Level.DISTRICT, Level.WARD, Level.NEIGHBOURHOOD):
        for region in queries.of_level(level):
            name = known[region.code]
            context = " ".join([level_word(level), *(known[code] for code in queries.ancestors(region.code))])
            index.codes[region.code] = len(index.entries)
            hit = PlaceHit(
                level.value, name, queries.label(region.code), region.lon, region.lat, region.code, 0.0, True
            )
            index.add(hit, context, depth[level])
    seen: set[tuple[str, str]] = set()
    for place in Place.objects.order_by("id").values_list("name", "kind", "lon", "lat", "region_id", "folded"):
        name, kind, lon, lat, region_id, folded = place
        code = kept.ids.get(region_id, "")
        if (folded, code) in seen:  # a long street has several points in one ward
            continue
        seen.add((folded, code))
        label = f"{name}, {queries.bare_name(code)}" if code else name
        context = " ".join(known[part] for part in [code, *queries.ancestors(code)] if part) if code else ""
        index.add(PlaceHit(kind, name, label, lon, lat, code, 0.0), context, 5)
    index.close()
    return index


def level_word(level: str) -> str:
    """The word that people write before the name of a region of this level."""
    return {"city": "kota", "district": "kecamatan", "ward": "kelurahan", "neighbourhood": "rt"}.get(level, "")


_index = Kept(_build, "regions", "city")


def search_places(query: str, limit: int = 10, *, regions: bool = True) -> list[PlaceHit]:
    """Places and regions that may be meant, best first; [] when nothing fits or the query has no letter or digit.

    Forgives abbreviations (Jl., Gg., Smd), typos, missing or doubled spaces, house numbers and small letters. A code
    of a region ("64.72.05") finds that region and those inside.
    """
    index = _index()
    query = query.strip()[:200]
    if regions and len(query) >= 5 and CODE.fullmatch(query):
        return _by_code(index, query, limit)
    asked = words(HOUSE_NUMBER.sub(" ", query))[:12]
    if not asked or not index.entries:
        return []
    scores = _score(index, asked)
    ranked: list[tuple[float, int, str, int]] = []
    for number, score in scores.items():
        entry = index.entries[number]
        if score >= 0.5 and (regions or not entry.hit.is_region):
            ranked.append((-round(score, 3), entry.level, entry.hit.label, number))
    ranked.sort()
    return [_scored(index.entries[number].hit, -score) for score, _level, _label, number in ranked[:limit]]


def _by_code(index: _Index, query: str, limit: int) -> list[PlaceHit]:
    numbers = [number for code, number in index.codes.items() if code == query or code.startswith(query + ".")]
    return [_scored(index.entries[number].hit, 1.0) for number in numbers[:limit]]


def _score(index: _Index, asked: list[str]) -> dict[int, float]:
    """How well each entry answers the query: the found part of the query's weight, less what the name has besides."""
    meant = [(position, 1, index.similar(word)) for position, word in enumerate(asked)]
    for position, (left, right) in enumerate(itertools.pairwise(asked)):
        if left.isalpha() and right.isalpha():
            meant.append((position, 2, [(word, sure) for word, sure in index.similar(left + right) if sure > 0.85]))
    wanted = _candidates(index, [word for _position, _span, words_ in meant for word, _sure in words_])
    rare = math.log(1 + len(index.entries))
    weights = [max(index.rarity.get(word, rare), 0.1) for word in asked]
    gained = {number: [0.0] * len(asked) for number in wanted}
    matched = dict.fromkeys(wanted, 0.0)
    for position, span, words_ in meant:
        for word, sure in words_:
            rarity = index.rarity.get(word, 0.0) / span
            for number in index.named.get(word, NOBODY) & wanted:
                kept = gained[number]
                for offset in range(position, position + span):
                    if sure > kept[offset]:
                        matched[number] += (sure - kept[offset]) * rarity
                        kept[offset] = sure
            for number in index.around.get(word, NOBODY) & wanted:
                gained[number][position] = max(gained[number][position], sure * CONTEXT_WEIGHT)
    # "Jalan …" asks for a street, "Kelurahan …" for a region.
    street, region = not STREET_WORDS.isdisjoint(asked), not REGION_WORDS.isdisjoint(asked)
    total = sum(weights)
    scores = {}
    for number, kept in gained.items():
        entry = index.entries[number]
        found = sum(weight * share for weight, share in zip(weights, kept, strict=True)) / total
        told = min(1.0, matched[number] / entry.weight)
        other_kind = street if entry.hit.is_region else region
        scores[number] = (0.82 * found + 0.18 * told) * (0.9 if other_kind else 1.0)
    return scores


def _candidates(index: _Index, meant: list[str]) -> set[int]:
    """Entries worth weighing: those with a word that not hundreds of others have too, else some with a common one."""
    lists: list[set[int]] = [index.named[word] for word in meant if word in index.named]
    telling = [found for found in lists if len(found) <= COMMON]
    if telling or not lists:
        return set().union(*telling)
    fewest = min(lists, key=lambda found: len(found))
    return set(itertools.islice(fewest, COMMON))


def _scored(hit: PlaceHit, score: float) -> PlaceHit:
    return PlaceHit(hit.kind, hit.name, hit.label, hit.lon, hit.lat, hit.code, round(100 * score, 1), hit.is_region)
