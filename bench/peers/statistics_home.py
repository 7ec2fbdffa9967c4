"""Puts a published table of ten million figures into a prepared home. Run with the home's environment."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import django

django.setup()

from django.utils import timezone  # noqa: E402

from tepian.kernel.actors import system  # noqa: E402
from tepian.kernel.catalogue.versions import touch  # noqa: E402
from tepian.kernel.documents.operations import store_file  # noqa: E402
from tepian.services.statistics import states  # noqa: E402
from tepian.services.statistics.models import Category, Classification, Dataset, Edition, Indicator  # noqa: E402

ACTOR = system("bench")
CODES = {
    "region": [(f"{n:04d}", f"Region {n}", f"district-{n // 25:02d}") for n in range(500)],
    "age": [(f"a{n}", f"Age {n}", "") for n in range(5)],
    "sex": [("f", "Female", ""), ("m", "Male", "")],
}


def fill(source: Path) -> None:
    for key, rows in CODES.items():
        made = Classification.objects.create(code=f"bench-{key}", version="1", title=key, valid_from=date(2000, 1, 1))
        parents = [(code, code, "") for code in sorted({parent for *_rest, parent in rows if parent})]
        Category.objects.bulk_create(
            Category(classification=made, code=code, name=name, parent=parent, position=position)
            for position, (code, name, parent) in enumerate([*parents, *rows])
        )
    dataset = Dataset.objects.create(
        code="bench",
        title="Bench",
        agency_code="setda",
        frequency=states.MONTH,
        dimensions=[
            {"key": key, "name": key, "name_en": key, "role": "category", "classification": f"bench-{key}"}
            for key in CODES
        ],
    )
    Indicator.objects.bulk_create(
        Indicator(dataset=dataset, code=f"ind{n:02d}", title=f"Indicator {n}", total=states.SUM) for n in range(20)
    )
    edition = Edition(
        dataset=dataset, state=states.PUBLISHED, number=1, created_by="bench", created_at=timezone.now(),
        published_at=timezone.now(), rows=10_000_000,
    )  # fmt: skip
    with source.open("rb") as content:
        file = store_file(
            actor=ACTOR, content=content, name="bench.parquet", subject_type="statistics", subject_id=edition.key,
            kinds=("parquet",), max_bytes=4 * 1024**3,
        )  # fmt: skip
    edition.draft_file = edition.data_file = file.sha256
    edition.save()
    touch("statistics")


if __name__ == "__main__":
    fill(Path(sys.argv[1]))
    print("done")
