"""Prints: p95 of a search in ms, share found among the first five, plain scan in ms, point lookups a second, plain ones."""

from __future__ import annotations

import os
import random
import statistics
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tepian.settings.base")
import django

django.setup()
from rapidfuzz import fuzz, process  # noqa: E402
from shapely.geometry import Point, shape  # noqa: E402

from tepian.kernel.catalogue import versions  # noqa: E402
from tepian.kernel.regions.folding import fold  # noqa: E402
from tepian.kernel.regions.gazetteer import search_places  # noqa: E402
from tepian.kernel.regions.locate import region_at  # noqa: E402
from tepian.kernel.regions.models import Place  # noqa: E402
from tepian.kernel.regions.queries import boundaries  # noqa: E402

dice = random.Random(7)
syllables = [
    "ba",
    "da",
    "ka",
    "la",
    "ma",
    "na",
    "pa",
    "ra",
    "sa",
    "ta",
    "wa",
    "ya",
    "bu",
    "du",
    "ku",
    "lu",
    "mu",
    "nu",
    "pu",
    "ru",
    "su",
    "tu",
    "gi",
    "ji",
    "li",
    "ni",
    "ri",
    "si",
    "ti",
    "go",
    "lo",
    "mo",
    "ro",
    "to",
]


def word() -> str:
    return "".join(dice.choice(syllables) for _ in range(dice.randint(2, 4))).capitalize()


names = list(
    dict.fromkeys(f"{dice.choice(['Jalan', 'Gang', 'Perumahan', 'Simpang'])} {word()} {word()}" for _ in range(5300))
)[:5000]
Place.objects.bulk_create(
    Place(
        name=name,
        folded=fold(name),
        kind="street",
        lon=117 + dice.random() / 5,
        lat=-0.6 + dice.random() / 5,
        key=f"bench-{n}",
    )
    for n, name in enumerate(names)
)
versions.touch("regions")


def slip(name: str) -> str:
    """One typing error: a letter left out, doubled or exchanged; and the kind shortened as people do."""
    name = name.replace("Jalan", "Jl.").replace("Gang", "Gg").replace("Perumahan", "Perum")
    at = dice.randrange(5, len(name) - 1)
    return dice.choice(
        [
            name[:at] + name[at + 1 :],
            name[:at] + name[at] + name[at:],
            name[:at] + name[at + 1] + name[at] + name[at + 2 :],
        ]
    )


search_places("jalan")
times, found = [], 0
for name in dice.sample(names, 400):
    asked = slip(name)
    started = time.perf_counter()
    hits = search_places(asked, 5)
    times.append(time.perf_counter() - started)
    found += any(hit.name == name for hit in hits)
folded = [fold(name) for name in names]
started = time.perf_counter()
for name in names[:20]:
    process.extract(fold(slip(name)), folded, scorer=fuzz.WRatio, limit=5)
scan = (time.perf_counter() - started) / 20

points = [(117.05 + dice.random() * 0.25, -0.7 + dice.random() * 0.38) for _ in range(3000)]
region_at(*points[0])
started = time.perf_counter()
for point in points:
    region_at(*point)
lookup = len(points) / (time.perf_counter() - started)
areas = [shape(geometry) for geometry in boundaries("ward").values()]
started = time.perf_counter()
for point in points[:300]:
    next((area for area in areas if area.covers(Point(point))), None)
slow = 300 / (time.perf_counter() - started)
print(statistics.quantiles(times, n=20)[18] * 1000, found / 400, scan * 1000, lookup, slow)
