"""A request on its way: who may do what, what is refused, what the register stops."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from django.utils import timezone, translation

from tepian.kernel.actors import ANONYMOUS, Conflict, Denied, Invalid, NotFound, system
from tepian.kernel.catalogue.city import city_timezone, today
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.queries import open_file
from tepian.kernel.events.delivery import deliver_all
from tepian.kernel.events.models import OutboxEvent
from tepian.kernel.notifications.models import Message
from tepian.kernel.residents import operations as register
from tepian.kernel.residents.models import Resident
from tepian.toolkit import photos
from tepian.toolkit.tests.photos import JPEG, exif, jpeg_with

from .. import operations, policies, queries, states
from ..models import LetterKind, Request
from ..queries.answers import read, read_day
from .conftest import KK, OTHER, RT, SYSTEM, WARD, approve, fresh, large_png, resident, send

pytestmark = pytest.mark.django_db


def prove(nik="9901 0145 0390 0001", kk=KK, born_on=date(1990, 3, 5), address="10.0.0.1"):
    return operations.prove(actor=SYSTEM, nik=nik, kk=kk, born_on=born_on, address=address)


def test_three_things_prove_who_somebody_is_and_nothing_else_is_told(people):
    assert prove().pk == people.siti.pk
    Resident.objects.filter(pk=people.budi.pk).update(status="moved")
    answers = set()
    for wrong in (
        {"nik": "9901014503900009"},  # nobody
        {"kk": "9901010101200002"},  # another card
        {"born_on": date(1990, 5, 3)},
        {"nik": "9901010107800003", "kk": "9901010101200002", "born_on": date(1980, 7, 1)},  # moved away
    ):
        with pytest.raises(operations.NotProven) as refused:
            prove(**wrong)
        answers.add((refused.value.code, str(refused.value.message), refused.value.item))
    assert len(answers) == 1
    with pytest.raises(Invalid) as short:
        prove(nik="990101450390000")
    assert short.value.code == "nik_length"


def test_guessing_ends_for_a_network_and_for_a_nik(people):
    for number in range(states.MOST_TRIES_NIK):
        with pytest.raises(operations.NotProven):
            prove(born_on=date(1990, 1, 1), address=f"10.1.0.{number}")
    with pytest.raises(operations.TooMany):  # even the right one, from elsewhere
        prove(address="10.9.9.9")
    for number in range(states.MOST_TRIES_ADDRESS):
        with pytest.raises(operations.NotProven):
            prove(nik=f"990101450390{number + 100:04d}")
    with pytest.raises(operations.TooMany):
        prove(nik="9901010107800003")


def test_an_unsent_request_goes_on_and_a_second_one_is_refused(people):
    kind = queries.kind("domisili")
    first = operations.begin(actor=SYSTEM, kind=kind, resident=people.siti)
    assert operations.begin(actor=SYSTEM, kind=kind, resident=people.siti).pk == first.pk
    sent = send(people.siti)
    assert sent.pk == first.pk
    with pytest.raises(Conflict) as refused:
        operations.begin(actor=SYSTEM, kind=kind, resident=people.siti)
    assert refused.value.item == sent.code
    assert send(people.siti, "sktm").code != sent.code


def test_answers_are_kept_one_by_one_and_a_slower_one_changes_nothing(people):
    row = operations.begin(actor=SYSTEM, kind=queries.kind("sktm"), resident=people.siti)
    row = operations.answer(
        actor=ANONYMOUS, request=row, answers={"for_whom": "self"}, revision=row.revision, secret=row.secret
    )
    with pytest.raises(Conflict):
        operations.answer(actor=ANONYMOUS, request=row, answers={"purpose": "x"}, revision=1, secret=row.secret)
    for bad in (
        {"income": "banyak"},
        {"income": "-1"},
        {"dependants": "0"},
        {"for_whom": "dog"},
        {"purpose": "y" * 151},
        {"zz": "1"},
    ):
        with pytest.raises(Invalid) as refused:
            operations.answer(actor=ANONYMOUS, request=row, answers=bad, revision=row.revision, secret=row.secret)
        assert refused.value.field == next(iter(bad))
    with pytest.raises(Denied):
        operations.answer(actor=ANONYMOUS, request=row, answers={"purpose": "x"}, revision=row.revision, secret="guess")
    with pytest.raises(Invalid) as missing:
        operations.submit(actor=ANONYMOUS, request=row, revision=row.revision, secret=row.secret)
    assert missing.value.field == "income"
    row = operations.answer(
        actor=ANONYMOUS, request=row, answers={"for_whom": "family", "member": str(people.father.pk)}, revision=row.revision,
        secret=row.secret,
    )  # fmt: skip
    with pytest.raises(Invalid):  # not of the own card
        operations.answer(
            actor=ANONYMOUS,
            request=row,
            answers={"member": str(people.budi.pk)},
            revision=row.revision,
            secret=row.secret,
        )
    assert queries.answers.subject(fresh(row)).pk == people.father.pk


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("27-11-1990", date(1990, 11, 27)), ("27/11/1990", date(1990, 11, 27)), ("27111990", date(1990, 11, 27)),
        ("1990-11-27", date(1990, 11, 27)), ("31-2-1990", None), ("kemarin", None), ("27-11-90", None), ("", None),
    ],
)  # fmt: skip
def test_days_are_read_as_people_type_them(typed, day):
    assert read_day(typed) == day


@pytest.mark.parametrize("language", ["id", "en"])
def test_numbers_are_read_alike_in_both_languages(language):
    question = {"code": "income", "type": "number", "max": 10**8}
    with translation.override(language):
        for typed in ("1200000", "1.200.000", "1,200,000", "1 200 000", "Rp1.200.000", "rp 1.200.000,-"):
            assert read(question, typed) == "1200000", typed
        for wrong in ("1.5", "1,2", "satu juta", "-3", "1.2000", "²"):
            with pytest.raises(Invalid):
                read(question, wrong)


def test_what_has_happened_lies_in_the_past(contoh):
    question = {"code": "died_on", "type": "date", "past": True}
    assert read(question, f"{today():%d-%m-%Y}") == today().isoformat()
    with pytest.raises(Invalid):
        read(question, f"{today() + timedelta(days=1):%d-%m-%Y}")


def test_papers_lose_where_they_were_taken_and_bad_ones_are_refused(people):
    row = operations.begin(actor=SYSTEM, kind=queries.kind("sktm"), resident=people.siti)

    def attach(content, name, **more):
        return operations.attach(
            actor=ANONYMOUS, request=row, paper="house", content=content, name=name, secret=row.secret, **more
        )

    kept = attach(jpeg_with(exif()), "rumah.jpg", media_type="image/jpeg")
    assert photos.facts(jpeg_with(exif())).lat is not None
    with open_file(StoredFile.objects.get(pk=kept.file)) as content:
        assert photos.facts(content.read()).lat is None
    bad = {
        "svg.jpg": b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        "html.png": b"<html><script>alert(1)</script></html>",
        "x.svg": b"<svg/>",
        "besar.png": large_png(8000, 5000),
        "bom.pdf": b"%PDF-1.7\n<</Filter [/FlateDecode /FlateDecode]>>\nstream\nx\nendstream\n%%EOF",
        "js.pdf": b"%PDF-1.7\n1 0 obj <</OpenAction <</S /JavaScript>>>>\n%%EOF",
        "kosong.jpg": b"",
    }
    codes = {}
    for name, content in bad.items():
        with pytest.raises(Invalid) as refused:
            attach(content, name)
        assert refused.value.field == "file" or refused.value.code in ("bomb", "active_content", "empty")
        assert "<" not in str(refused.value.message)
        codes[name] = refused.value.code
    assert codes["besar.png"] == "too_many_pixels"
    assert codes["bom.pdf"] == "bomb"
    assert row.papers.count() == 1
    for _more in range(states.MOST_PAPERS - 1):
        attach(JPEG, "lagi.jpg")
    with pytest.raises(Invalid) as full:
        attach(JPEG, "lagi.jpg")
    assert full.value.code == "too_many_papers"


def test_the_chain_from_the_rt_to_the_signature(people, offices):
    row = send(people.siti, "sktm")
    assert (row.state, row.step) == (states.WAITING, states.RT)
    for actor in (offices.rw, offices.clerk, offices.head, offices.camat, offices.elsewhere):
        with pytest.raises(Denied):
            approve(actor, row)
    called = Message.objects.filter(topic="ward_letters", channel="inapp")
    assert {each.account.username for each in called} == {"rt"}
    row = approve(offices.rt, row)
    assert {each.account.username for each in called.all()} == {"rt", "rw"}
    assert not [each for each in called.all() if "Siti" in each.title_id + each.body_id]
    with pytest.raises(Denied):
        approve(offices.rt, row)
    row = approve(offices.rw, row)
    row = approve(offices.clerk, row)
    assert row.signs_next
    with pytest.raises(Denied):
        approve(offices.camat, row)
    with pytest.raises(Invalid) as signed:
        approve(offices.head, row)
    assert signed.value.code == "sign_it"
    assert [each.code for each, _position in queries.to_sign(["tests.head"])] == [row.code]
    operations.send_back(actor=offices.head, request=row, revision=row.revision, reason="Nama sekolah?")
    row = fresh(row)
    assert row.step == states.CLERK
    operations.send_back(actor=offices.clerk, request=row, revision=row.revision, reason="Sekolah mana?")
    row = fresh(row)
    assert (row.state, row.step, row.due_at) == (states.RETURNED, states.CLERK, None)
    operations.submit(actor=ANONYMOUS, request=row, revision=row.revision, secret=row.secret, contact="0812 3456 7890")
    row = fresh(row)
    assert (row.state, row.step, row.contact) == (states.WAITING, states.CLERK, "+6281234567890")
    operations.refuse(actor=offices.clerk, request=row, revision=row.revision, reason="Tidak benar", basis="UU 30/2014")
    assert fresh(row).state == states.REFUSED
    told = Message.objects.get(address="+6281234567890")  # the number came with the second sending
    assert row.code in told.title_id
    assert told.url.endswith(f"/surat/permohonan/{row.code}/{row.secret}")
    assert (told.body_id, told.title_en) == ("Tidak benar", f"Your request {row.code} was refused")
    assert [step.verb for step in queries.history(row)] == [
        "sent", "approved", "approved", "approved", "sent_back", "returned", "sent_again", "refused",
    ]  # fmt: skip


def test_land_is_inspected_and_the_district_signs(people, offices):
    row = send(people.siti, "tanah")
    operations.accept_paper(actor=offices.clerk, request=row, revision=row.revision, words="RT 005, 20 November")
    row = approve(offices.rw, fresh(row))
    row = approve(offices.clerk, row)
    assert row.step == states.FIELD
    with pytest.raises(Invalid):
        approve(offices.clerk, row)
    report = {"actor": offices.clerk, "request": row, "revision": row.revision, "found": "Batas jelas"}
    with pytest.raises(Invalid) as early:
        operations.inspect(**report, on=today() - timedelta(days=1), fits=True)
    assert early.value.field == "on"
    operations.inspect(**report, on=today(), fits=False)
    row = fresh(row)
    assert row.step == states.FIELD  # does not fit: it stays with the office
    operations.inspect(**report | {"revision": row.revision}, on=today(), fits=True, photo=(JPEG, "lokasi.jpg", ""))
    row = approve(offices.head, fresh(row))
    assert row.signs_next
    assert policies.may_take(offices.camat, row)
    assert not policies.may_take(offices.head, row)


def test_two_clerks_on_one_request(people, offices):
    row = approve(offices.rt, send(people.siti))
    operations.refuse(actor=offices.clerk, request=row, revision=row.revision, reason="Bukan warga")
    with pytest.raises(Conflict):
        approve(offices.clerk2, row)
    assert fresh(row).state == states.REFUSED


def test_nobody_learns_of_another_wards_requests(people, offices):
    mine, theirs = send(people.siti), send(people.budi)
    operations.begin(actor=SYSTEM, kind=queries.kind("sktm"), resident=people.siti)  # unsent: nobody's business
    for actor in (offices.clerk, offices.head):
        assert [row.code for row in queries.desk(actor)] == [mine.code]
        with pytest.raises(NotFound):
            queries.by_code(actor, theirs.code)
    assert [row.code for row in queries.desk(offices.elsewhere)] == [theirs.code]
    assert [row.code for row in queries.waiting(offices.rt)] == [mine.code]
    assert not queries.waiting(offices.rw)
    with pytest.raises(Denied):
        operations.accept_paper(actor=offices.clerk, request=theirs, revision=theirs.revision, words="x")
    with pytest.raises(Denied):
        operations.begin_at_counter(
            actor=offices.clerk, kind=queries.kind("sktm"), resident=people.budi, ward=people.budi.ward_code
        )
    with pytest.raises(Invalid):
        operations.begin_at_counter(actor=offices.clerk, kind=queries.kind("sktm"), resident=people.budi, ward=WARD)
    assert all(event.audience == "none" for event in OutboxEvent.objects.filter(type__startswith="ward_letters."))


def test_a_death_or_a_move_stops_what_is_open(people, offices):
    row, other, away = send(people.siti), send(people.siti, "sktm"), send(people.budi)
    register.record_move(
        actor=SYSTEM, resident=people.siti, on=today(), basis="F-1.03", region="99.01.01.1001.RT001", street="Jl. B"
    )
    deliver_all()
    assert fresh(row).state == states.WAITING
    assert fresh(row).region_code == "99.01.01.1001.RT001"
    register.record_move(actor=SYSTEM, resident=people.siti, on=today(), basis="F-1.03", region=OTHER, street="Jl. C")
    register.record_death(actor=SYSTEM, resident=people.budi, on=today(), basis="Akta 1")
    deliver_all()
    for stopped, reason in ((row, states.MOVED_AWAY), (other, states.MOVED_AWAY), (away, states.DIED)):
        stopped = fresh(stopped)
        assert (stopped.state, stopped.due_at) == (states.STOPPED, None)
        assert stopped.reason
        events = OutboxEvent.objects.filter(type="ward_letters.request_stopped.v1", data__code=stopped.code)
        assert [event.data["reason"] for event in events] == [reason]
    with pytest.raises(Denied):
        approve(offices.rt, fresh(row))


def test_a_register_that_says_no_stops_the_clerk_too(people, offices):
    row = approve(offices.rt, send(people.siti))
    Resident.objects.filter(pk=people.siti.pk).update(status="dead")  # the event is still on its way
    with pytest.raises(Conflict) as refused:
        approve(offices.clerk, fresh(row))
    assert refused.value.code == "hindered"
    found = {check.code: check.ok for check in queries.checks.run(fresh(row))}
    assert found == {"alive": False, "lives_here": False, "of_age": True, "family_card": True, "no_valid_letter": True}


def test_what_nobody_answers_is_closed(people):
    sent, draft = send(people.siti), operations.begin(actor=SYSTEM, kind=queries.kind("sktm"), resident=people.siti)
    operations.send_back(actor=SYSTEM, request=sent, reason="Foto kabur")
    assert not operations.due_to_expire()
    long_ago = timezone.now() - timedelta(days=states.RETURNED_DAYS + 1)
    Request.objects.filter(pk__in=[sent.pk, draft.pk]).update(state_since=long_ago)
    assert operations.due_to_expire()
    assert operations.expire(actor=system("tests")) == 2
    assert {fresh(sent).state, fresh(draft).state} == {states.EXPIRED}
    assert not operations.due_to_expire()


def test_papers_and_answers_of_what_led_to_nothing_are_forgotten(people):
    row, living = send(people.siti, "sktm"), send(people.siti)
    operations.cancel(actor=SYSTEM, request=row, revision=row.revision, secret=row.secret)
    file = row.papers.get().file
    assert not operations.due_to_forget()
    Request.objects.update(state_since=timezone.now() - timedelta(days=states.FORGET_DAYS + 1))
    assert operations.due_to_forget()
    assert operations.forget(actor=SYSTEM) == 1
    row = fresh(row)
    assert (row.answers, row.papers.count()) == ({}, 0)
    assert not StoredFile.objects.filter(pk=file).exists()
    assert fresh(living).answers
    assert not operations.due_to_forget()


def test_deadlines_count_office_time(contoh):
    kind = LetterKind.objects.get(code="domisili")  # seven hours
    zone = city_timezone()
    friday = datetime(2026, 11, 27, 10, 0, tzinfo=zone)  # open until eleven
    assert queries.due_at(kind, friday) == datetime(2026, 11, 30, 14, 0, tzinfo=zone)
    assert queries.due_at(queries.kind("tanah"), friday) == datetime(2026, 12, 11, 11, 0, tzinfo=zone)  # ten days
    before_christmas = datetime(2026, 12, 24, 16, 0, tzinfo=zone)  # closed on Friday the 25th
    assert queries.due_at(kind, before_christmas) == datetime(2026, 12, 28, 15, 0, tzinfo=zone)


def test_names_of_one_word_of_eighty_letters_and_at_the_counter(people, offices):
    long = resident("9901014503900077", "Nur " + "a" * 76, kk="9901010101200009", region=RT)
    row = operations.begin_at_counter(actor=offices.clerk, kind=queries.kind("domisili"), resident=long, ward=WARD)
    answers = {"address_right": "yes", "purpose": "sekolah"}
    row = operations.answer(actor=offices.clerk, request=row, answers=answers, revision=row.revision)
    operations.submit(actor=offices.clerk, request=row, revision=row.revision)
    operations.submit(actor=offices.clerk, request=row, revision=row.revision)  # pressed twice
    assert [step.verb for step in queries.history(row)] == ["sent"]
    with pytest.raises(Denied):
        operations.cancel(actor=offices.elsewhere, request=row, revision=fresh(row).revision)
    assert operations.values(fresh(row), today())["name"].endswith("a" * 76)
