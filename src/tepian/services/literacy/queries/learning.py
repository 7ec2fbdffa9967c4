"""What people learnt: the same persons before and after. Nobody is compared with somebody else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from tepian.toolkit.paired import Paired, paired

from .. import states
from ..models import Programme, Question, Sitting, YearResult

Answers = Mapping[str, int | None]  # question's id → place of the choice, None for “I do not know”
Person = tuple[str, Answers, Answers]  # group, before, after


@dataclass(frozen=True, slots=True)
class Part:
    """The effect in one group or on one question. `found` None: too few persons to show, and `n` stays untold (0)."""

    key: str
    n: int = 0
    found: Paired | None = None

    @property
    def learnt(self) -> bool:
        """More right afterwards than chance explains."""
        return self.found is not None and self.found.low > 0


@dataclass(frozen=True, slots=True)
class Effect:
    """Shares of right answers, 0 to 1. `both`: persons who sat both tests, whom alone `whole` is about; `before` and
    `after`: persons who sat each. `whole` None: fewer than ten did both."""

    before: int = 0
    after: int = 0
    both: int = 0
    whole: Paired | None = None
    groups: tuple[Part, ...] = ()
    questions: tuple[Part, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure(people: Iterable[Person], right: Mapping[str, int], *, before: int = 0, after: int = 0) -> Effect:
    """`right`: question's id → place of the right choice. A person counts with the questions that both tests asked; who
    shares none with themselves is left out. No answer and “I do not know” are not right."""
    scored: list[tuple[str, float, float]] = []
    by_question: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for group, first, second in people:
        asked = [key for key in first if key in second and key in right]
        if not asked:
            continue
        for key in asked:
            by_question[key].append((float(first[key] == right[key]), float(second[key] == right[key])))
        scored.append(
            (
                group,
                sum(first[key] == right[key] for key in asked) / len(asked),
                sum(second[key] == right[key] for key in asked) / len(asked),
            )
        )
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for group, first_share, second_share in scored:
        groups[group].append((first_share, second_share))
    enough = len(scored) >= states.SMALL_GROUP
    kept = _tellable({key: len(rows) for key, rows in groups.items()}) if enough else set()
    return Effect(
        before=before,
        after=after,
        both=len(scored),
        whole=paired((first, second) for _group, first, second in scored) if enough else None,
        groups=tuple(_part(key, groups[key], key in kept) for key in sorted(groups)),
        questions=tuple(
            _part(key, by_question[key], enough and len(by_question[key]) >= states.SMALL_GROUP)
            for key in right
            if key in by_question
        ),
    )


def _part(key: str, rows: Sequence[tuple[float, float]], tell: bool) -> Part:
    return Part(key, len(rows), paired(rows)) if tell else Part(key)


def _tellable(sizes: Mapping[str, int]) -> set[str]:
    """Groups that can be shown beside the whole. What is hidden follows from the whole minus the rest, so the hidden ones
    together must be ten persons or more; where they are not, the smallest shown group is hidden with them."""
    shown = {key for key, size in sizes.items() if size >= states.SMALL_GROUP}
    while 0 < sum(size for key, size in sizes.items() if key not in shown) < states.SMALL_GROUP and shown:
        shown.discard(min(shown, key=lambda key: (sizes[key], key)))
    return shown


def right_answers(programmes: Iterable[Programme]) -> dict[int, dict[str, int]]:
    """Programme's key → of every question ever asked, retired ones too (their answers still count), the place of the right
    choice. In the order of asking."""
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for row in Question.objects.filter(programme__in=list(programmes)).order_by("retired", "position", "id"):
        found[row.programme_id][str(row.pk)] = row.right
    return found


def _people(
    programmes: Sequence[Programme], year: int, public: bool, since: datetime | None, until: datetime | None
) -> tuple[dict[int, list[Person]], dict[int, tuple[int, int]]]:
    """Programme's key → persons who sat both tests, and how many sat each."""
    rows = Sitting.objects.filter(programme__in=programmes, year=year)
    if public:
        rows = rows.filter(session__state=states.HELD)
    first: dict[tuple[int, str], Answers] = {}
    second: dict[tuple[int, str], tuple[str, Answers]] = {}
    for key, token, phase, group, answers, at in rows.values_list(
        "programme_id", "token", "phase", "group", "answers", "at"
    ):
        if phase == states.BEFORE:
            first[key, token] = answers
        elif (since is None or at >= since) and (until is None or at < until):
            second[key, token] = (group, answers)
    people: dict[int, list[Person]] = defaultdict(list)
    for person, (group, answers) in second.items():
        if person in first:
            people[person[0]].append((group, first[person], answers))
    before, after = Counter(key for key, _token in first), Counter(key for key, _token in second)
    return people, {row.pk: (before[row.pk], after[row.pk]) for row in programmes}


def effects(programmes: Iterable[Programme], year: int, *, public: bool = True) -> dict[int, Effect]:
    """Programme's key → its effect in a year; `public` counts only sessions that are over. Of a year whose answers were
    dropped: what was kept of it."""
    wanted = list(programmes)
    kept = {row.programme_id: row for row in YearResult.objects.filter(programme__in=wanted, year=year)}
    people, sat = _people(wanted, year, public, None, None)
    right = right_answers(wanted)
    return {
        row.pk: from_dict(kept[row.pk].effect)
        if row.pk in kept
        else measure(people[row.pk], right[row.pk], before=sat[row.pk][0], after=sat[row.pk][1])
        for row in wanted
    }


def effect(programme: Programme, year: int, *, public: bool = True) -> Effect:
    return effects([programme], year, public=public)[programme.pk]


def pooled(programmes: Iterable[Programme], year: int, since: datetime, until: datetime) -> Paired | None:
    """The effect over everybody whose test after was sent in these moments, all programmes together; None for fewer than
    ten."""
    wanted = list(programmes)
    people, _sat = _people(wanted, year, True, since, until)
    right = {key: place for found in right_answers(wanted).values() for key, place in found.items()}
    return measure([person for rows in people.values() for person in rows], right).whole


def from_dict(kept: Mapping[str, Any]) -> Effect:
    def pair(value: Mapping[str, Any] | None) -> Paired | None:
        return Paired(**value) if value else None

    def parts(rows: Iterable[Mapping[str, Any]]) -> tuple[Part, ...]:
        return tuple(Part(row["key"], row["n"], pair(row["found"])) for row in rows)

    return Effect(
        before=kept["before"],
        after=kept["after"],
        both=kept["both"],
        whole=pair(kept["whole"]),
        groups=parts(kept["groups"]),
        questions=parts(kept["questions"]),
    )


def score(sitting: Sitting, right: Mapping[str, int]) -> tuple[int, int]:
    """(right, asked) of one test, for the person who sat it."""
    asked = [key for key in sitting.answers if key in right]
    return sum(sitting.answers[key] == right[key] for key in asked), len(asked)
