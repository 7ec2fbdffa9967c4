"""Read back what was acknowledged. Usage: FILE with datastream, time, value by tab. Prints lost and broken."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")
import django

django.setup()
from django.conf import settings  # noqa: E402
from django.db.models import Count  # noqa: E402

from tepian.kernel.audit.chain import verify  # noqa: E402
from tepian.kernel.audit.models import AuditEntry  # noqa: E402
from tepian.kernel.events.models import OutboxEvent  # noqa: E402
from tepian.services.sensors.models import Observation  # noqa: E402
from tepian.services.sensors.states import pack_key  # noqa: E402

lost = 0
lines = Path(sys.argv[1]).read_text().splitlines()
for start in range(0, len(lines), 500):
    wanted = {}
    for line in lines[start : start + 500]:
        stream, at, value = line.split("\t")
        wanted[pack_key(int(stream), round(datetime.fromisoformat(at).timestamp() * 1000))] = float(value)
    found = dict(Observation.objects.filter(pk__in=wanted).values_list("pk", "result"))
    lost += sum(found.get(key) != value for key, value in wanted.items())
broken = len(list(verify(settings.HOME / "audit-anchors.jsonl")))
# Each level change is one operation with one event: as many entries in the record as events in the outbox.
changes = AuditEntry.objects.filter(operation="sensors.change_level").count()
events = OutboxEvent.objects.filter(type="sensors.level_changed.v1").count()
broken += abs(changes - events)
broken += OutboxEvent.objects.values("id").annotate(times=Count("position")).filter(times__gt=1).count()
print(lost, broken)
