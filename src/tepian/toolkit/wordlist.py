"""Words of a list found in what people write, also where they hide them: b0d0h, g o b l o k, annnjing, an.jing.

Only whole words count, with the endings and beginnings that the list allows, so that Scunthorpe, pantai, kasus and
analysis stay what they are. Phrases of the list in which a word means no harm (“anjing liar”) are taken out before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import pairwise

# Signs that stand for letters, and Cyrillic and Greek letters that look like Latin ones.
LEET = str.maketrans({
    "0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "6": "g", "7": "t", "8": "b", "9": "g", "@": "a", "$": "s", "!": "i",
    "|": "i", "€": "e",
})  # fmt: skip
ALIKE = str.maketrans("аеорсухікмтнвαοερικντυ", "aeopcyxikmthbaoepikvtu")
LONGEST_SPLIT = 6  # letters that a word needs before its halves, written apart, are put together


def folded(text: str) -> str:
    """Lower case, without accents and invisible characters, look-alikes as Latin letters."""
    text = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in text if not unicodedata.combining(c) and unicodedata.category(c) != "Cf").translate(ALIKE)


class WordList:
    """`words` alone or with one of `prefixes` before and of `suffixes` behind them; `innocent` are phrases."""

    def __init__(
        self,
        words: Iterable[str],
        *,
        prefixes: Iterable[str] = (),
        suffixes: Iterable[str] = (),
        innocent: Iterable[str] = (),
    ) -> None:
        before, behind = ("", *map(folded, prefixes)), ("", *map(folded, suffixes))
        self._forms: Mapping[str, str] = {
            f"{start}{stem}{end}": word
            for word in words
            for stem in [folded(word)]
            for start in before
            for end in behind
        }
        # A word whose own letters come twice (“ass”) must not be found in one that has them once (“as”).
        self._single = {form: word for form, word in self._forms.items() if _squeezed(form) == form}
        phrases = sorted(map(folded, innocent), key=len, reverse=True)
        self._innocent = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, phrases))})(?!\w)") if phrases else None

    def found_in(self, text: str) -> list[str]:
        """The list's words that stand in the text, each once, in order."""
        plain = folded(text)
        if self._innocent:
            plain = self._innocent.sub(" . ", plain)
        return list(dict.fromkeys(word for form in _candidates(plain) if (word := self._look_up(form))))

    def _look_up(self, form: str) -> str:
        short = re.sub(r"(.)\1{2,}", r"\1", form)
        double = re.sub(r"(.)\1{2,}", r"\1\1", form)
        return (
            self._forms.get(form)
            or self._forms.get(short)
            or self._forms.get(double)
            or self._single.get(_squeezed(form))
            or ""
        )


def _squeezed(text: str) -> str:
    return re.sub(r"(.)\1+", r"\1", text)


def _candidates(plain: str) -> Iterable[str]:
    """Every reading of the text as words: as written, signs inside a word left out or read as letters, single letters in
    a row put together, and two neighbours put together where that gives a long word."""
    chunks = plain.split()
    words: list[str] = []
    for chunk in chunks:
        inside = re.findall(r"[^\W\d_]+", chunk)
        words += inside
        yield from inside
        if re.search(r"[^\W\d_]", chunk):
            yield "".join(inside)
            read = chunk.strip(".,;:!?()[]\"'").translate(LEET)
            yield "".join(re.findall(r"[^\W\d_]+", read))
            yield from re.findall(r"[^\W\d_]+", read)
    run = ""
    for word in [*words, ""]:
        if len(word) == 1:
            run += word
            continue
        if len(run) > 2:
            yield run
        run = ""
    for first, second in pairwise(words):
        if len(first) + len(second) >= LONGEST_SPLIT and min(len(first), len(second)) > 1:
            yield first + second
