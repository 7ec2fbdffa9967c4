"""Write events into the outbox of a running system through an operation. Usage: COUNT PAUSE_SECONDS"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import ClassVar

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")
import django

django.setup()
from tepian.kernel.actors import Actor, system  # noqa: E402
from tepian.kernel.events import Event, emit, operation  # noqa: E402


@dataclass(frozen=True, kw_only=True)
class Told(Event):
    type: ClassVar[str] = "bench.told.v1"
    audience: ClassVar[str] = "public"
    sent: float
    pad: str = "x" * 200

    @property
    def subject(self) -> str:
        return "bench/1"

    def data(self) -> dict[str, object]:
        return {"sent": self.sent, "pad": self.pad, "end": {}}


@operation("bench.tell", policy=None)
def tell(*, actor: Actor) -> None:
    emit(Told(sent=time.time()))


for _ in range(int(sys.argv[1])):
    tell(actor=system("bench"))
    time.sleep(float(sys.argv[2]))
