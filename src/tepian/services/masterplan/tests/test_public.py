"""What everybody reads of the plan: honest, late things first, and the same in every total."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from typing import Any

import pytest
from django.test import Client

from tepian.kernel.catalogue.versions import touch

from ..models import Part, Plan
from ..queries import public, rollup
from ..queries.plan import TOPIC
from ..states import Quarter

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("contoh")]
QUARTER = "2025-Q4"


def text(client: Client, path: str, **options: Any) -> str:
    answer = client.get(path, **options)
    assert answer.status_code == 200, answer.status_code
    return re.sub(r"\s+", " ", answer.content.decode())


def test_the_first_sentence_tells_proven_from_claimed(client: Client, told: Any) -> None:
    page = text(client, f"/rencana?triwulan={QUARTER}")
    assert "33% target terbukti, dinas menyebut 67%" in page, "one of three is proven, two of three are claimed"
    assert "33% of the targets are proven, the agencies say 67%" in text(client, f"/en/rencana?triwulan={QUARTER}")


def test_late_things_stand_first_with_their_reason(client: Client, told: Any) -> None:
    _plan, _revision, rows = told
    page = text(client, f"/rencana?triwulan={QUARTER}")
    assert page.index("Yang terlambat dulu") < page.index("Dimensi demi dimensi")
    assert "1 tonggak melewati harinya." in page, "claimed in full, but a milestone was never passed"
    assert "Belum pernah dilaporkan." in page
    assert str(rows["proven"].key) not in page.split("Dimensi demi dimensi")[0], "what is proven is not late"


def test_the_formula_gives_the_city_from_its_dimensions(client: Client, told: Any) -> None:
    found, revision, _rows = told
    rows = rollup.standings(found, Quarter(2025, 4), revision=revision, on=date(2026, 2, 1))
    split, whole = rollup.by(rows, rollup.DIMENSION), rollup.total(rows)
    assert public.formula(list(split.items()), whole) == "(2 × 50,0 + 1 × 0,0) ÷ 3 = 33,3"
    assert "(2 × 50,0 + 1 × 0,0) ÷ 3 = 33,3" in text(client, f"/rencana?triwulan={QUARTER}")


def test_a_dimension_has_an_indonesian_address_in_both_languages(client: Client, told: Any) -> None:
    page = text(client, f"/rencana/kehidupan?triwulan={QUARTER}")
    assert "Kehidupan: 50% target terbukti, dinas menyebut 100%" in page and "Jalan yang aman" in page
    assert "Living: 50% of the targets are proven" in text(client, f"/en/rencana/kehidupan?triwulan={QUARTER}")
    assert client.get("/rencana/living").status_code == 200, "its code works too"
    assert client.get("/rencana/kebahagiaan").status_code == 404


def test_an_action_shows_what_was_said_and_what_is_proven(client: Client, told: Any) -> None:
    _plan, _revision, rows = told
    page = text(client, f"/rencana/aksi/{rows['claimed'].key}?triwulan={QUARTER}")
    assert "belum diperiksa" in page and "Gambar teknis" in page and "terlambat" in page
    assert "Rp500.000.000" in page
    assert client.get("/rencana/aksi/00000000-0000-0000-0000-000000000000").status_code == 404


def test_the_table_to_download_says_the_same(client: Client, told: Any) -> None:
    answer = client.get(f"/rencana/aksi.csv?triwulan={QUARTER}")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["Kode"], row["Terbukti"], row["Dilaporkan"]) for row in rows] == [
        ("1.1.1", "10.0", "10.0"),
        ("1.1.2", "", "10.0"),
        ("1.1.3", "", ""),
    ]


def test_a_cell_is_never_a_formula(client: Client, told: Any) -> None:
    _plan, _revision, rows = told
    Part.objects.filter(pk=rows["proven"].pk).update(title="=HYPERLINK(1)")
    touch(TOPIC)
    assert "'=HYPERLINK" in client.get(f"/rencana/aksi.csv?triwulan={QUARTER}").content.decode()


def test_what_is_not_public_is_shown_to_nobody(client: Client, told: Any) -> None:
    _plan, _revision, rows = told
    Plan.objects.update(public_since=None)
    touch(TOPIC)
    assert "Belum ada rencana kota yang terbuka" in text(client, "/rencana")
    assert client.get("/rencana/kehidupan").status_code == 404
    assert client.get(f"/rencana/aksi/{rows['proven'].key}").status_code == 404
    assert client.get("/rencana/aksi.csv").status_code == 404


def test_a_demonstration_says_so_on_every_page(client: Client, told: Any) -> None:
    found, _revision, rows = told
    Plan.objects.filter(pk=found.pk).update(simulated=True)
    touch(TOPIC)
    for path in ("/rencana", "/rencana/kehidupan", f"/rencana/aksi/{rows['proven'].key}"):
        assert "Peragaan." in text(client, path), path


@pytest.mark.parametrize("asked", ["2031-Q1", "1999-Q1", "x", "2025-Q9", "'", "2025-Q4'--"])
def test_a_quarter_that_is_not_there_shows_the_newest(client: Client, told: Any, asked: str) -> None:
    assert client.get("/rencana", {"triwulan": asked}).status_code == 200


def test_a_plan_that_has_ended_stays_readable(client: Client, told: Any) -> None:
    found, _revision, _rows = told
    Plan.objects.exclude(pk=found.pk).update(public_since=None)
    Plan.objects.filter(pk=found.pk).update(last_year=2025)
    touch(TOPIC)
    page = text(client, "/rencana")
    assert "Rencana ini berakhir tahun 2025." in page and "keadaan akhir triwulan 4 2025" in page
