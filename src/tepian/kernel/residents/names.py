"""Comparing names of people: titles dropped, old and new spelling alike, words in any order.

`folded` is how a name is kept for comparing, `keys` are its entries in the index, `likeness` is how alike two folded
names are. The rules are habits of Indonesian registers: Soekarno and Sukarno, Mochamad, Moh. and Muhammad, Achmad and
Ahmad, Sjarifuddin and Syarifudin; one-word names; a first name written as an initial."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations

from rapidfuzz.distance import JaroWinkler

TITLES = {
    "dr", "drs", "dra", "drg", "ir", "prof", "h", "hj", "kh", "hc", "alm", "almh", "bin", "binti", "st", "se", "sh", "si",
    "skom", "sos", "spd", "ssos", "skep", "skm", "stp", "msi", "mm", "mt", "mpd", "mh", "mkes", "mkom", "phd", "amd",
    "spog", "spa",
}  # fmt: skip
TAKEN_FOR = {
    "muh": "muhammad", "moh": "muhammad", "moch": "muhammad", "mohd": "muhammad", "muhd": "muhammad", "mhd": "muhammad",
    "muhamad": "muhammad", "mohamad": "muhammad", "mohammad": "muhammad", "mochamad": "muhammad", "mochammad": "muhammad",
    "muchamad": "muhammad", "muchammad": "muhammad", "mohammed": "muhammad", "muhammed": "muhammad",
    "abd": "abdul", "abdoel": "abdul", "sti": "siti", "st": "siti", "nr": "nur", "noor": "nur", "noer": "nur",
}  # fmt: skip
_SPELLINGS = (
    ("oe", "u"), ("dj", "j"), ("tj", "c"), ("nj", "ny"), ("sj", "sy"), ("ch", "h"), ("kh", "h"), ("sy", "s"), ("sh", "s"),
    ("dh", "d"), ("th", "t"), ("ph", "p"), ("gh", "g"), ("v", "f"), ("f", "p"), ("q", "k"), ("x", "ks"), ("z", "s"),
    ("ie", "i"), ("y", "i"), ("w", "u"),
)  # fmt: skip
_BEFORE_1972 = re.compile("oe|dj|tj|sj|nj")  # spelled so, a j alone was what is a y now
_OLD_J = re.compile("(?<![dtsn])j")
_VOWELS = re.compile("[aeiou]")
_TWICE = re.compile(r"(.)\1+")
MOST_WORDS = 6


def folded(name: str) -> str:
    """Lower case words without signs, titles and accents, at most six: “Dr. H. Moch. Sjarif, S.E.” is “muhammad sjarif”.
    A name that is nothing but titles keeps them."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", name).casefold())
    text = "".join(c for c in plain if not unicodedata.combining(c))
    text = re.sub(r"['’`´]", "", text)
    text = re.sub(r"\b([a-z])\.\s?(?=[a-z]\b\.?|[a-z]{1,3}\b\.?)", r"\1", text)  # S.E. and M.Si. are one word each
    words = re.findall(r"[^\W\d_]+", text)
    kept = [TAKEN_FOR.get(word, word) for word in words if word not in TITLES or word in TAKEN_FOR]
    return " ".join((kept or words)[:MOST_WORDS])


@lru_cache(maxsize=65536)
def sound(word: str) -> str:
    """A word by its sound: the first letter and the consonants after it, doubled letters once, a silent h dropped."""
    if _BEFORE_1972.search(word):
        word = _OLD_J.sub("y", word)
    for written, spoken in _SPELLINGS:
        word = word.replace(written, spoken)
    word = _TWICE.sub(r"\1", word)
    if len(word) > 2:
        word = word[0] + word[1:].replace("h", "")
    return (word[:1] + _VOWELS.sub("", word[1:]))[:8] or word


def _number(text: str) -> int:
    """A stable whole number that fits a database's 64 bits."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)


@lru_cache(maxsize=65536)
def _word_key(heard: str) -> int:
    return _number(heard)


def pair_keys(words: Sequence[str]) -> list[int]:
    """A key for each two words of a name, whatever their order: namesakes by two words are few."""
    heard = sorted({sound(word) for word in words if len(word) > 1})
    return [_number(f"{a} {b}") for a, b in combinations(heard, 2)]


def word_keys(words: Sequence[str]) -> list[int]:
    return [_word_key(sound(word)) for word in dict.fromkeys(words) if len(word) > 1]


def keys(name: str) -> list[int]:
    """Every entry of a folded name in the index: its words, and its words two by two."""
    words = name.split()
    return list(dict.fromkeys((*word_keys(words), *pair_keys(words))))


def likeness(a: str, b: str) -> float:
    """How alike two folded names are, 0 to 1. Words are paired with their most alike, in any order; words that only one
    of the two has cost little, for registers cut names; an initial counts for the word it begins."""
    if a == b:
        return 1.0
    short, long = sorted((a.split(), b.split()), key=len)
    if not short:
        return 0.0
    left, total, weight = list(long), 0.0, 0.0
    for word in sorted(short, key=len, reverse=True):
        best = max(left, key=lambda other: _alike(word, other))
        total += len(word) * _alike(word, best)
        weight += len(word)
        left.remove(best)
    missing = sum(map(len, left))
    return total / (weight + 0.15 * missing)


@lru_cache(maxsize=65536)
def _alike(a: str, b: str) -> float:
    if a == b:
        return 1.0
    if 1 in (len(a), len(b)):
        return 0.8 if a[0] == b[0] else 0.0
    if sound(a) == sound(b):
        return 0.97
    return float(JaroWinkler.similarity(a, b))
