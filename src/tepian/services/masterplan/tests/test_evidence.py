"""Evidence: files, photos with place and day, links that everybody can open, and taking them back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from tepian.kernel.actors import Conflict, Denied, Invalid, system
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.queries import readable_file
from tepian.kernel.events.models import OutboxEvent
from tepian.toolkit import links
from tepian.toolkit.tests.photos import JPEG, exif, jpeg_with

from .. import operations, states
from ..models import Evidence, Report
from .planted import action, planted, report

pytestmark = pytest.mark.django_db
DAY = date(2026, 7, 10)
SYSTEM = system("tests")
URL = "https://contoh.id/laporan.pdf"


@pytest.fixture(autouse=True)
def _july(on_day: Callable[[date], None]) -> None:
    on_day(DAY)


@pytest.fixture(name="draft")
def _draft() -> Report:
    plan, revision = planted()
    return report(plan, action(revision, "1", targets={2026: 10}), 2026, 2, 5, states.REPORT_DRAFT)


def as_sent(row: Report, state: str = states.SENT) -> Report:
    row.state, row.sent_at, row.sent_by_id = state, timezone.now(), "lapor"
    row.save()
    return row


def photo(actor: Any, row: Report, **options: Any) -> Evidence:
    return operations.add_file(actor=actor, report=row, content=jpeg_with(exif()), name="jalan.jpg", **options)


def test_a_photo_brings_its_day_and_place(draft, reporter):
    found = photo(reporter, draft)
    assert (found.kind, found.taken_on, found.title) == (states.PHOTO, date(2026, 3, 14), "jalan.jpg")
    assert found.lat == pytest.approx(-0.5021, abs=1e-4) and found.lon == pytest.approx(117.1537, abs=1e-4)
    assert StoredFile.objects.get(pk=found.file).subject_type == "plan_evidence"


def test_what_a_person_says_of_the_day_counts_and_a_wrong_clock_does_not(draft, reporter):
    assert photo(reporter, draft, taken_on=date(2026, 6, 1)).taken_on == date(2026, 6, 1)
    with pytest.raises(Invalid):
        photo(reporter, draft, taken_on=date(2026, 7, 11))
    content = jpeg_with(exif(taken="2031:01:01 00:00:00"))
    assert operations.add_file(actor=reporter, report=draft, content=content, name="b.jpg").taken_on is None


@pytest.mark.parametrize(
    ("content", "name"), [(b"MZ" + b"\0" * 200, "foto.jpg"), (JPEG, "a.exe"), (b"", "a.jpg"), (b"<script>", "a.svg")]
)
def test_files_that_are_not_what_they_say_are_refused(draft, reporter, content, name):
    with pytest.raises(Invalid):
        operations.add_file(actor=reporter, report=draft, content=content, name=name)
    assert not Evidence.objects.exists() and not StoredFile.objects.exists()


def test_staff_read_it_and_strangers_do_not(draft, reporter, actor_with):
    found = photo(reporter, draft)
    assert readable_file(actor_with("viewer"), found.file)
    with pytest.raises(Invalid):
        readable_file(actor_with("call_taker"), found.file)


def test_a_link_is_opened_from_outside_at_once(draft, reporter, the_net):
    assert operations.add_link(actor=reporter, report=draft, url=URL).reachable is True
    the_net["https://drive.contoh.id/x"] = links.SIGN_IN
    closed = operations.add_link(actor=reporter, report=draft, url="https://drive.contoh.id/x", title="Berita acara")
    assert (closed.reachable, closed.finding, closed.title) == (False, links.SIGN_IN, "Berita acara")
    del the_net["https://drive.contoh.id/x"]
    assert operations.check_link(actor=reporter, evidence=closed).reachable is True


@pytest.mark.parametrize(
    "url", ["", "javascript:alert(1)", "file:///etc/passwd", "http://a b", "https://u:p@a.id", "a"]
)
def test_what_is_no_address_is_refused(draft, reporter, the_net, url):
    with pytest.raises(Invalid) as refused:
        operations.add_link(actor=reporter, report=draft, url=url)
    assert refused.value.code == "malformed"


def test_the_own_network_is_never_asked(draft, reporter):
    """The real check: private addresses are found out without a request."""
    for url in ("http://127.0.0.1/a", "http://10.0.0.8/a", "http://[::1]/", "http://169.254.169.254/latest/meta-data"):
        found = operations.add_link(actor=reporter, report=draft, url=url)
        assert (found.reachable, found.finding) == (False, links.PRIVATE)


def test_the_same_link_twice_and_too_much_evidence(draft, reporter, the_net):
    operations.add_link(actor=reporter, report=draft, url=URL)
    with pytest.raises(Conflict):
        operations.add_link(actor=reporter, report=draft, url=URL)
    for number in range(29):
        operations.add_link(actor=reporter, report=draft, url=f"{URL}?{number}")
    with pytest.raises(Invalid) as refused:
        operations.add_link(actor=reporter, report=draft, url=f"{URL}?x")
    assert refused.value.code == "too_many"


def test_a_server_that_is_silent_once_may_be_down_twice_is_gone(draft, reporter, the_net):
    the_net[URL] = links.NO_ANSWER
    found = operations.add_link(actor=reporter, report=draft, url=URL)
    assert found.reachable is None
    assert operations.check_link(actor=reporter, evidence=found).reachable is False


def test_links_are_looked_at_again_every_week(draft, reporter, the_net):
    found = operations.add_link(actor=reporter, report=draft, url=URL)
    the_net[URL] = links.MISSING
    assert operations.check_links(actor=SYSTEM) == 0  # looked at a moment ago
    Evidence.objects.update(checked_at=timezone.now() - timedelta(days=8))
    assert operations.check_links(actor=SYSTEM) == 1
    found.refresh_from_db()
    assert (found.reachable, found.finding) == (False, links.MISSING)
    assert operations.check_links(actor=SYSTEM) == 0


def test_evidence_belongs_to_reports_that_are_being_written(draft, reporter, actor_with, the_net):
    stranger = actor_with("plan_reporter", scope="agency", code="dinkes")
    with pytest.raises(Denied):
        photo(stranger, draft)
    with pytest.raises(Denied):
        operations.add_link(actor=stranger, report=draft, url=URL)
    with pytest.raises(Conflict):
        photo(reporter, as_sent(draft))


def test_in_a_draft_it_is_simply_taken_out(draft, reporter):
    found = photo(reporter, draft)
    assert operations.withdraw_evidence(actor=reporter, evidence=found) is None
    assert not Evidence.objects.exists() and not StoredFile.objects.exists()


@pytest.mark.parametrize("state", [states.SENT, states.VERIFIED])
def test_withdrawn_evidence_sends_its_report_back(draft, reporter, verifier, state):
    found = photo(reporter, draft)
    as_sent(draft, state)
    with pytest.raises(Invalid):
        operations.withdraw_evidence(actor=verifier, evidence=found, reason="")
    gone = operations.withdraw_evidence(actor=verifier, evidence=found, reason="Foto dari proyek lain.")
    draft.refresh_from_db()
    assert gone is not None and gone.withdrawn_reason == "Foto dari proyek lain."
    assert draft.state == states.RETURNED
    types = set(OutboxEvent.objects.values_list("type", flat=True))
    assert {"masterplan.evidence_withdrawn.v1", "masterplan.report_returned.v1"} <= types
    with pytest.raises(Conflict):
        operations.withdraw_evidence(actor=verifier, evidence=found, reason="Lagi.")


def test_a_stranger_withdraws_nothing(draft, reporter, actor_with):
    found = photo(reporter, draft)
    for stranger in (actor_with("plan_reporter", scope="agency", code="dinkes"), actor_with("viewer")):
        with pytest.raises(Denied):
            operations.withdraw_evidence(actor=stranger, evidence=found, reason="x")
        with pytest.raises(Denied):
            operations.check_link(actor=stranger, evidence=found)
