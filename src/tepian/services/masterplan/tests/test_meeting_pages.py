"""Meetings by forms, as people use them without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from .. import operations, states
from ..models import Meeting, Resolution
from .built import DAY, SYSTEM
from .test_meetings import decided, held, planned
from .test_project_pages import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _july(contoh: Any, on_day: Callable[[date], None]) -> None:
    on_day(DAY)


@pytest.fixture(name="agency")
def _agency(as_role: Callable[..., Any]) -> Any:
    return as_role("plan_reporter", scope="agency", code="pupr", username="dinas")


@pytest.fixture(name="judge")
def _judge(as_role: Callable[..., Any]) -> Any:
    return as_role("plan_verifier", username="penilai")


def test_a_meeting_by_forms(judge, agency, client):
    form = {
        "body": "smart-city-council", "title": "Rapat “triwulan”", "day": "2025-03-10", "begins": "09:00", "ends": "11:00",
        "place": "Balai kota", "agenda": "1. Lampu",
    }  # fmt: skip
    sent = judge.post("/kerja/rencana/rapat/baru", form)
    row = Meeting.objects.get()
    assert sent["Location"] == f"/kerja/rencana/rapat/{row.key}"
    bad = judge.post("/kerja/rencana/rapat/baru", form | {"ends": "08:00", "title": "Salah"})
    assert "Rapat selesai setelah dimulai" in text(bad, 422) and 'value="Salah"' in text(bad, 422)
    base = sent["Location"]
    assert judge.post(f"{base}/ubah", form | {"title": "Rapat lampu", "revision": row.revision}).status_code == 302
    row.refresh_from_db()
    page = text(
        judge.post(f"{base}/selenggara", {"minutes": "Dibahas panjang.", "guests": "1", "revision": row.revision}), 422
    )
    assert "Centang siapa yang hadir." in page and "Dibahas panjang." in page
    judge.post(
        f"{base}/selenggara", {"present": ["Mayor"], "minutes": "Dibahas.", "guests": "1", "revision": row.revision}
    )
    judge.post(
        f"{base}/keputusan", {"text": "Perbaiki lampu.", "agency": "pupr", "due_on": "2025-04-01", "part_key": ""}
    )
    made = Resolution.objects.get()
    assert "Keputusan 1 dari Rapat lampu" in text(agency.get("/kerja"))
    page = text(agency.get(base))
    assert "terlambat" in page and "/akhir" in page and 'name="dropped"' not in page
    agency.post(f"/kerja/rencana/rapat/keputusan/{made.key}/akhir", {"revision": 1, "done": "", "outcome": "Menyala."})
    made.refresh_from_db()
    assert (made.state, made.outcome) == (states.DONE, "Menyala.")
    minutes = text(judge.get(f"{base}/notulen"))
    assert all(part in minutes for part in ("Rapat lampu", "Mayor", "1 tamu", "Perbaiki lampu.", "Menyala."))
    file = judge.get(f"{base}/notulen.pdf")
    assert file["Content-Type"] == "application/pdf"
    printed = " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(file.content)).pages).split())
    assert all(
        part in printed for part in ("Rapat lampu", "Mayor", "1 tamu", "Perbaiki lampu.", "Menyala.", "Dibahas.")
    )
    assert client.get(base).status_code == 302, "meetings are not for strangers"


def test_the_calendar_file(judge):
    row = planned(
        starts_at=datetime(2025, 9, 10, 1, tzinfo=UTC),
        ends_at=datetime(2025, 9, 10, 3, tzinfo=UTC),
        place="Balai; kota",
    )
    answer = judge.get(f"/kerja/rencana/rapat/{row.key}.ics")
    lines = answer.content.decode().split("\r\n")
    assert answer["Content-Type"].startswith("text/calendar")
    assert {"DTSTART:20250910T010000Z", "DTEND:20250910T030000Z", "LOCATION:Balai\\; kota", "STATUS:CONFIRMED"} <= set(
        lines
    )
    operations.cancel_meeting(actor=SYSTEM, meeting=row, revision=row.revision, reason="Banjir.")
    assert "STATUS:CANCELLED" in judge.get(f"/kerja/rencana/rapat/{row.key}.ics").content.decode()


def test_late_decisions_lead_the_list(judge, on_day):
    row = held()
    decided(row, "Nanti", date(2025, 12, 1))
    decided(row, "Dulu", date(2025, 4, 1))
    page = text(judge.get("/kerja/rencana/rapat"))
    assert "1 keputusan terlambat" in page and page.index("Dulu") < page.index("Nanti")
