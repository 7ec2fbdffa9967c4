"""The recorded floods: lead time and false alarms of our levels at Jakarta's gates; precision and recall of the simple
rain-and-tide rule against Samarinda's labelled days."""

from __future__ import annotations

import os

from bench import harness as h


def run() -> None:
    if not (h.SHARED / "data").is_dir():
        raise h.Skipped("the recorded series are not beside this folder (shared/data)")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.test")
    import django

    django.setup()
    from tepian.services.sensors.queries import evaluation

    for line in evaluation.report(h.SHARED / "data"):
        h.say("rules", line)
