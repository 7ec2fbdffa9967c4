"""Questions as people ask them: residents of a file, their names and days of birth written a little otherwise."""

from __future__ import annotations

import csv
import json
import random
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

EACH = 60


def main(city: str, out: str) -> None:
    chance = random.Random(5)
    with Path(city).open(encoding="utf-8") as lines:
        people = [(row["nik"], row["name"], date.fromisoformat(row["born_on"])) for row in csv.DictReader(lines)]
    several = [person for person in people if " " in person[1]]
    one_word = [person for person in people if " " not in person[1]]
    asked = []

    def ask(
        kind: str, among: list[tuple[str, str, date]], name: Callable[[str], str], born: Callable[[date], date]
    ) -> None:
        for nik, written, on in chance.sample(among, min(EACH, len(among))):
            asked.append({"kind": kind, "nik": nik, "name": name(written), "born_on": born(on).isoformat()})

    def same(value: str) -> str:
        return value

    def typos(name: str) -> str:
        return _typo(_typo(name, chance), chance)

    def exact(on: date) -> date:
        return on

    swappable = [person for person in several if person[2].day <= 12 and person[2].day != person[2].month]
    ask("as written", several, same, exact)
    ask("two typing errors", several, typos, exact)
    ask("written otherwise", several, _otherwise, exact)
    ask("one word", one_word, same, exact)
    ask("one word, one typing error", one_word, lambda name: _typo(name, chance), exact)
    ask("day and month swapped", swappable, same, lambda on: on.replace(day=on.month, month=on.day))
    ask("a digit of the date wrong", several, same, lambda on: _digit(on, chance))
    ask(
        "swapped, one typing error",
        swappable,
        lambda name: _typo(name, chance),
        lambda on: on.replace(day=on.month, month=on.day),
    )
    chance.shuffle(asked)
    Path(out).write_text(json.dumps(asked))


def _typo(name: str, chance: random.Random) -> str:
    """A letter doubled, dropped, swapped with the next, or another one; never the first of a word."""
    places = [i for i in range(1, len(name)) if name[i].isalpha() and name[i - 1].isalpha()]
    place = chance.choice(places)
    kind = chance.randrange(4)
    if kind == 0:
        return name[:place] + name[place] + name[place:]
    if kind == 1:
        return name[:place] + name[place + 1 :]
    if kind == 2 and place + 1 < len(name) and name[place + 1].isalpha():
        return name[:place] + name[place + 1] + name[place] + name[place + 2 :]
    return name[:place] + chance.choice("aeiounrst") + name[place + 1 :]


def _otherwise(name: str) -> str:
    """As another register writes it: old spelling, the words in another order, a title before it."""
    first, *rest = name.split()
    old = " ".join([*rest, first]).replace("u", "oe", 1).replace("y", "j", 1)
    return f"Hj. {old}"


def _digit(on: date, chance: random.Random) -> date:
    while True:
        text = f"{on:%d%m%Y}"
        place = chance.choice((0, 1, 3, 6, 7))
        other = text[:place] + chance.choice("0123456789") + text[place + 1 :]
        try:
            found = date(int(other[4:]), int(other[2:4]), int(other[:2]))
        except ValueError:
            continue
        if found != on:
            return found


if __name__ == "__main__":
    main(*sys.argv[1:])
