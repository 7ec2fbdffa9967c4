"""Our answers to the questions, from the register in the database, and how long they take."""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from datetime import date
from pathlib import Path

import django

django.setup()

from tepian.kernel.residents import search  # noqa: E402
from tepian.kernel.residents.models import Resident  # noqa: E402

SHOWN = 10


def main(path: str) -> None:
    asked = json.loads(Path(path).read_text())
    keys = dict(Resident.objects.filter(nik__in=[each["nik"] for each in asked]).values_list("nik", "pk"))
    search.find("siti aminah", date(1990, 1, 5))  # opens the database
    found: dict[str, list[bool]] = defaultdict(list)
    begun = time.perf_counter()
    for each in asked:
        matches = search.find(each["name"], date.fromisoformat(each["born_on"]), limit=SHOWN)
        found[each["kind"]].append(keys[each["nik"]] in {match.resident for match in matches})
    rate = len(asked) / (time.perf_counter() - begun)
    alone = []
    for each in asked:
        begun = time.perf_counter()
        search.find(each["name"], limit=SHOWN)
        alone.append(1000 * (time.perf_counter() - begun))
    every = [hit for hits in found.values() for hit in hits]
    told = {
        "rate": rate,
        "count": len(asked),
        "all": sum(every) / len(every),
        "recall": {kind: sum(hits) / len(hits) for kind, hits in found.items()},
        "name_p95": sorted(alone)[int(0.95 * len(alone))],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
