"""For trying out: the workbooks of a pack's folder `statistics/`, published by the same verbs as real ones."""

from __future__ import annotations

from pathlib import Path

from tepian.kernel.actors import Actor, system

from . import operations, queries, states
from .models import Dataset

STEWARD = system("demo.steward", "Walidata (demo)")


def publish_examples(*, actor: Actor, pack: Path) -> int:
    """Publish `statistics/<dataset>.csv` of datasets that have no edition yet. Returns how many were published."""
    count = 0
    for path in sorted((pack / "statistics").glob("*.csv")):
        dataset = Dataset.objects.filter(code=path.stem).first()
        if dataset is None or queries.published_edition(dataset) is not None:
            continue
        edition = operations.upload(actor=actor, dataset=dataset, content=path.read_bytes(), name=path.name)
        if any(trouble["code"] == "decimal" for trouble in edition.findings["troubles"]):
            edition = operations.repair(
                actor=actor, edition=edition, revision=edition.revision, dimension="decimal", written="", code=","
            )
        for code in edition.findings["jumped"]:
            edition = operations.explain_jumps(
                actor=actor, edition=edition, revision=edition.revision, indicator=code, text="Data contoh."
            )
        edition = operations.send_edition(actor=actor, edition=edition, revision=edition.revision)
        operations.approve_edition(actor=STEWARD, edition=edition, checks=states.PRINCIPLES)
        count += 1
    return count
