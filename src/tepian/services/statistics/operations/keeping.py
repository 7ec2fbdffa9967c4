"""Figures as Parquet files in the store, under their content's hash."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
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


def keep(actor: Actor, edition: Edition, rows: Iterable[Row]) -> str:
    """Write rows (the columns of `data.columns`) as a file of their own; returns its SHA-256."""
    dataset = edition.dataset
    return _kept(
        actor,
        edition,
        lambda path: cube.write(path, data.columns(dataset), rows, dimensions=data.dimension_keys(dataset)),
    )


def keep_whole(actor: Actor, edition: Edition, before: Edition | None) -> str:
    """The whole dataset after this edition: its figures take the place of earlier ones with the same key, and nothing
    else goes."""
    if before is None:
        return edition.draft_file
    files = [path_of(before.draft_file), path_of(edition.draft_file)]
    rows = data.rows_of(edition)
    return _kept(
        actor,
        edition,
        lambda path: cube.write_from(path, files[:1], columns=data.columns(edition.dataset), rows=rows, replace=True),
    )


def keep_public(actor: Actor, edition: Edition) -> str:
    """Without the small cells by which somebody could be recognised, and without what would give them away."""
    dataset = edition.dataset
    counted = {row.code for row in dataset.indicators.all() if row.total == states.SUM}  # a price below five is nobody
    if not dataset.small_cell or not counted:
        return edition.draft_file
    rows = data.rows_of(edition)
    public = [row for row in rows if row[0] not in counted]
    for code in sorted(counted):
        public += _suppressed(dataset, [row for row in rows if row[0] == code])
    return keep(actor, edition, public)


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


def _kept(actor: Actor, edition: Edition, write: Callable[[Path], object]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "figures.parquet"
        write(path)
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
