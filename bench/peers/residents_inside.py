"""Inside the system's own home: a program's key for the register, how many looks are recorded, and look-ups without HTTP."""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

import django

django.setup()

from tepian.kernel.actors import Actor, Grant, system  # noqa: E402
from tepian.kernel.audit.models import AuditEntry  # noqa: E402
from tepian.kernel.identity import operations as identity  # noqa: E402
from tepian.kernel.residents import operations  # noqa: E402

TOGETHER, SECONDS = 16, 5


def main(what: str, path: str = "") -> None:
    if what == "key":
        grants = [{"role": "ward_clerk", "scope": "city"}]
        print(identity.issue_device_key(actor=system("bench"), name="residents", grants=grants)[1])
    elif what == "looks":
        print(AuditEntry.objects.filter(operation="audit.view", subject_type="resident").count())
    else:
        print(inside(Path(path).read_text().split()))


def inside(niks: list[str]) -> float:
    clerk = Actor(kind="system", id="bench", label="bench", grants=(Grant("ward_clerk"),))
    asked = [operations.Asked(clerk, nik, "letter") for nik in niks]
    begun, count = time.monotonic(), 0
    for start in itertools.cycle(range(0, len(asked) - TOGETHER, TOGETHER)):
        operations.looked_up(asked[start : start + TOGETHER])
        count += TOGETHER
        if time.monotonic() - begun > SECONDS:
            break
    return count / (time.monotonic() - begun)


if __name__ == "__main__":
    main(*sys.argv[1:])
