"""Figures as Parquet files in the store, under their content's hash."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tepian.kernel.actors import Actor
from tepian.kernel.documents.operations import store_file
from tepian.kernel.documents.queries import path_of
from tepian.toolkit import cube

from .. import queries, states
from ..models import Dataset, Edition
from ..queries import data

MAX_BYTES = 4 * 1024**3
Row = tuple[str | float | None, ...]


@contextmanager
def written(dataset: Dataset, rows: Iterable[Row]) -> Iterator[Path]:
    """Rows (the columns of `data.columns`) as a file that is gone afterwards: `store` it before. Outside a transaction,
    so that writing hundreds of thousands keeps no other writer waiting."""
    with _file(
        lambda path: cube.write(path, data.columns(dataset), rows, dimensions=data.dimension_keys(dataset))
    ) as path:
        yield path


def store(actor: Actor, edition: Edition, path: Path) -> str:
    """Keep a written file; returns its SHA-256."""
    with path.open("rb") as content:
        file = store_file(
            actor=actor,
            content=content,
            name=f"{edition.dataset.code}.parquet",
            subject_type="statistics",
            subject_id=edition.key,
            kinds=("parquet",),
            max_bytes=MAX_BYTES,
        )
    return file.sha256


def keep(actor: Actor, edition: Edition, rows: Iterable[Row]) -> str:
    """Write rows as a file of their own and keep it; returns its SHA-256."""
    with written(edition.dataset, rows) as path:
        return store(actor, edition, path)


def keep_whole(actor: Actor, edition: Edition, before: Edition | None) -> str:
    """The whole dataset after this edition: its figures take the place of earlier ones with the same key, and nothing
    else goes."""
    if before is None:
        return edition.draft_file
    earlier, columns, rows = [path_of(before.draft_file)], data.columns(edition.dataset), data.rows_of(edition)
    with _file(lambda path: cube.write_from(path, earlier, columns=columns, rows=rows, replace=True)) as path:
        return store(actor, edition, path)


def keep_public(actor: Actor, edition: Edition) -> str:
    """Without the small cells by which somebody could be recognised, and without what would give them away."""
    dataset = edition.dataset
    counted = {row.code for row in dataset.indicators.all() if row.total == states.SUM}  # a price below five is nobody
    if not dataset.small_cell or not counted:
        return edition.draft_file
    rows = data.rows_of(edition)
    public = [row for row in rows if row[0] not in counted]
    totals: dict[str, dict[str, float]] = {}
    for code in sorted(counted):
        own = [row for row in rows if row[0] == code]
        told = _suppressed(dataset, own)
        totals[code] = _totals_of_hidden(dataset, own, told)
        public += told
    edition.findings = {**edition.findings, "totals": totals}
    return keep(actor, edition, public)


def _totals_of_hidden(dataset: Dataset, rows: list[Row], told: list[Row]) -> dict[str, float]:
    """The whole city's count of periods in which cells are hidden, where it gives none of them away. Without them one
    hidden ward would hide the city."""
    parents = [{parent for parent in each.parents.values() if parent} for each in queries.dimensions_of(dataset)]
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])  # all, hidden, how many are hidden
    broken: set[str] = set()
    for row, shown in zip(rows, told, strict=True):
        time, value = str(row[1]), row[-2]
        if any(code in above or code == queries.TOTAL for code, above in zip(row[2:-2], parents, strict=True)):
            continue
        if not isinstance(value, float):
            broken.add(time)
            continue
        one = sums[time]
        one[0] += value
        if shown[-1] == states.SUPPRESSED:
            one[1] += value
            one[2] += 1
    small = dataset.small_cell or 0
    return {
        time: whole
        for time, (whole, hidden, count) in sums.items()
        if time not in broken and _stays_open(hidden, int(count), small)
    }


def _stays_open(hidden: float, count: int, small: int) -> bool:
    """Whoever knows the sum of the hidden cells, how many they are and that each is from 1 to `small` - 1: are at least
    three values possible for each? (4 + 4 would be the only way to 8.) Larger cells, hidden to protect others, have no
    such bound."""
    most = small - 1
    if count < 2 or hidden < small:
        return False
    if hidden > count * most:
        return True
    return min(most, hidden - (count - 1)) - max(1, hidden - (count - 1) * most) >= 2


def _suppressed(dataset: Dataset, rows: list[Row]) -> list[Row]:
    """`totals` say which codes are sums of which, since a hidden part follows from its sum."""
    totals: dict[str, str | dict[str, list[str]]] = {}
    for each in queries.dimensions_of(dataset):
        children: dict[str, list[str]] = defaultdict(list)
        for code, parent in each.parents.items():
            if parent:
                children[parent].append(code)
        totals[each.key] = dict(children) if children else queries.TOTAL
    return cube.suppress(
        rows,
        data.columns(dataset),
        dimensions=data.dimension_keys(dataset),
        threshold=dataset.small_cell or 0,
        totals=totals,
    )


@contextmanager
def _file(write: Callable[[Path], object]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.parquet"
        write(path)
        yield path
