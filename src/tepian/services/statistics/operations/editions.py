"""An edition's way: uploaded, repaired and sent by the agency; checked, returned or published by the steward."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, Conflict, Invalid, checked_text
from tepian.kernel.catalogue.versions import touch
from tepian.kernel.documents.models import StoredFile
from tepian.kernel.documents.operations import store_file
from tepian.kernel.documents.queries import open_file
from tepian.kernel.events import note, operation
from tepian.toolkit import tables

from .. import policies, queries, states
from ..events import EditionPublished, EditionReturned, EditionSent, EditionWithdrawn
from ..models import Dataset, Edition, Release, Remark, Spelling
from ..queries import data
from ..queries.catalogue import TOPIC
from .keeping import keep, keep_public, keep_whole, store
from .parts import locked, tell
from .reading import MAX_MB, Reading, answers_in, filed, is_large, meanings_of, open_book, read, refused

Meanings = Mapping[tuple[str, str], str]
Repairs = Sequence[Mapping[str, str]]
ANSWERS = {"decimal": (",", "."), "day_first": ("yes", "no")}  # what a file may leave open
LONGEST_EMBARGO = timedelta(days=366)


# --- the agency's side ------------------------------------------------------------------------------------------------


def upload(*, actor: Actor, dataset: Dataset, content: bytes, name: str) -> Edition:
    """A new draft from a workbook: read first, then kept; a large one is kept first and read by the reader's process.
    Raises `Invalid` when there is nothing to read in it."""
    _allowed(actor, policies.may_produce, dataset)
    if len(content) > MAX_MB * 1024 * 1024:
        raise Invalid(
            _("The workbook is larger than %(limit)s MB. Nothing was stored. Send one year at a time.")
            % {"limit": MAX_MB},
            code="too_large",
            field="file",
        )
    if is_large(io.BytesIO(content)):
        return start_edition(actor=actor, dataset=dataset, content=content, name=name)
    meanings = meanings_of(dataset, ())
    reading = _understood(content, name, dataset, meanings=meanings)
    with filed(dataset, reading) as ready:
        return start_edition(actor=actor, dataset=dataset, content=content, name=name, reading=ready)


def _understood(content: bytes, name: str, dataset: Dataset, *, meanings: Meanings, **choices: Any) -> Reading:
    try:
        book = open_book(content, name, answers_in(meanings))
    except tables.Unreadable as refusal:
        raise refused(refusal) from None
    return read(book, dataset, queries.published_edition(dataset), meanings=meanings, **choices)


def _allowed(actor: Actor, policy: Callable[..., None], what: Dataset | Edition) -> None:
    """Before reading a workbook, which takes a while; the operation asks again."""
    if not actor.is_system:
        policy(actor, what)


@operation("statistics.start_edition", policy=policies.may_produce)
def start_edition(
    *, actor: Actor, dataset: Dataset, content: bytes, name: str, reading: Reading | None = None
) -> Edition:
    """Keep the workbook as it came, and the draft that was read from it or is to be."""
    key = uuid.uuid4()
    file = store_file(
        actor=actor,
        content=content,
        name=name,
        subject_type="statistics",
        subject_id=key,
        kinds=("table",),
        max_bytes=MAX_MB * 1024 * 1024,
    )
    edition = Edition(
        key=key,
        dataset=dataset,
        file=file.pk,
        file_name=file.name,
        created_by=actor.label[:200],
        created_at=timezone.now(),
    )
    note("statistics", key, dataset=dataset.code)
    if reading is None:
        edition.unread_since = edition.created_at
    else:
        note(rows=len(reading.figures), problems=reading.open_problems)
        take(actor, edition, reading)
    edition.save()
    touch(TOPIC)
    return edition


def take(actor: Actor, edition: Edition, reading: Reading) -> None:
    """Inside an operation: the draft is now what was read."""
    edition.table, edition.mapping, edition.findings = reading.table, reading.mapping, reading.findings
    edition.rows, edition.open_problems = len(reading.figures), reading.open_problems
    edition.changed_cells, edition.periods = reading.changed_cells, reading.periods
    edition.unread_since, edition.reading_tries = None, 0
    if reading.file is not None:
        edition.draft_file = store(actor, edition, reading.file)
    else:
        edition.draft_file = keep(actor, edition, (figure.row for figure in reading.figures))


def _changed(
    actor: Actor, edition: Edition, revision: int, repairs: Repairs, choices: Mapping[str, Any], **more: Any
) -> Edition:
    """Read the kept workbook again with other repairs or `choices` (table, mapping), or leave that to the reader's process
    when it is large."""
    given = {"actor": actor, "edition": edition, "revision": revision, "repairs": repairs, **more}
    with open_file(StoredFile.objects.get(pk=str(edition.file))) as file:
        if is_large(file):
            return change_draft(choices=choices, **given)
        content = file.read()
    wanted = {"table": edition.table, "mapping": edition.mapping, **choices}
    meanings = meanings_of(edition.dataset, repairs)
    reading = _understood(content, edition.file_name, edition.dataset, meanings=meanings, **wanted)
    with filed(edition.dataset, reading) as ready:
        return change_draft(reading=ready, **given)


def choose(
    *, actor: Actor, edition: Edition, revision: int, table: int | None = None, mapping: Mapping[str, Any] | None = None
) -> Edition:
    """Another table of the workbook (its columns are guessed anew), or what its columns are."""
    _allowed(actor, policies.may_change, edition)
    if mapping is not None:
        choices: dict[str, Any] = {"mapping": _checked_mapping(edition.dataset, mapping)}
    else:
        choices = {"table": table, "mapping": {}}
    return _changed(actor, edition, revision, edition.repairs, choices)


def _checked_mapping(dataset: Dataset, mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Only roles, indicators, dimensions, codes and periods that exist."""
    dimensions = {each.key: each for each in queries.dimensions_of(dataset)}
    indicators = {row.code for row in dataset.indicators.all()}
    columns: dict[str, Any] = {}
    for index, role in mapping.get("columns", {}).items():
        kind = role.get("role")
        known = (
            kind in ("ignore", "time")
            or (kind == "dimension" and role.get("key") in dimensions)
            or (
                kind == "value"
                and role.get("indicator") in indicators
                and (not role.get("time") or states.is_period(role["time"], dataset.frequency))
                and all(
                    key in dimensions and (code in dimensions[key].names or code == queries.TOTAL)
                    for key, code in role.get("place", {}).items()
                )
            )
        )
        if not str(index).isdecimal() or not known:
            raise Invalid(
                _("One of the columns was given a meaning that does not exist."), code="mapping", field="columns"
            )
        columns[str(index)] = dict(role)
    constants = {}
    for key, code in mapping.get("constants", {}).items():
        if not code:
            continue
        right = (key == "time" and states.is_period(code, dataset.frequency)) or (
            key in dimensions and (code in dimensions[key].names or code == queries.TOTAL)
        )
        if not right:
            raise Invalid(
                _("“%(code)s” does not exist here. Choose a period or code from the list.") % {"code": str(code)[:40]},
                code="constant",
                field=key,
            )
        constants[key] = code
    return {"columns": columns, "constants": constants}


def repair(
    *, actor: Actor, edition: Edition, revision: int, dimension: str, written: str, code: str, remember: bool = True
) -> Edition:
    """All cells in which `written` stands mean `code`; "" leaves them out. Remembered for the dataset's next uploads when
    it is a name (a number that was read wrong is not)."""
    _allowed(actor, policies.may_change, edition)
    known = {each.key: each for each in queries.dimensions_of(edition.dataset)}
    if dimension in known:
        right = not code or code in known[dimension].names
    elif dimension in ANSWERS:
        right = code in ANSWERS[dimension] and not written
    elif dimension == "time":
        right = not code or states.is_period(code, edition.dataset.frequency)
    else:
        right = dimension == "value" and (not code or _is_number(code))
    if not right:
        raise Invalid(
            _("“%(code)s” does not exist here. Choose a period or code from the list.") % {"code": code[:40]},
            code="repair",
            field="code",
        )
    others = [each for each in edition.repairs if (each["dimension"], each["written"]) != (dimension, written)]
    repairs = [*others, {"dimension": dimension, "written": written, "code": code}]
    made = {"dimension": dimension, "written": written, "code": code}
    lasting = remember and (dimension in known or dimension in ANSWERS)
    return _changed(actor, edition, revision, repairs, {}, remember=made if lasting else None)


def _is_number(text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return value == value and abs(value) != float("inf")


@operation("statistics.change_draft", policy=policies.may_change)
def change_draft(
    *,
    actor: Actor,
    edition: Edition,
    revision: int,
    repairs: Repairs,
    reading: Reading | None = None,
    choices: Mapping[str, Any] | None = None,
    remember: Mapping[str, str] | None = None,
) -> Edition:
    """Keep a draft as it was read again, or with the `choices` it is to be read by. Of two people who change one draft the
    slower gets `Conflict`."""
    row = locked(edition, revision=revision, among=states.WITH_PRODUCER)
    note("statistics", row.key, repair=dict(remember or {}))
    row.repairs = [dict(each) for each in repairs]
    if reading is None:
        postpone(row, choices or {})
    else:
        note(rows=len(reading.figures), problems=reading.open_problems)
        take(actor, row, reading)
    row.revision += 1
    row.save()
    if remember:
        Spelling.objects.update_or_create(
            dataset=row.dataset,
            dimension=remember["dimension"],
            written=remember["written"][:300],
            defaults={"code": remember["code"], "by": actor.label[:200], "at": timezone.now()},
        )
    touch(TOPIC)
    return row


def postpone(row: Edition, choices: Mapping[str, Any]) -> None:
    """Inside an operation: the reader's process reads it again. Until then the page shows what is left to repair, and
    nothing that other choices of table or columns would change."""
    if not row.findings.get("tables"):
        raise Conflict(_("This workbook is still being read. Nothing was changed."), code="unread", item=str(row.key))
    row.unread_since, row.reading_tries = timezone.now(), 0
    row.table, row.mapping = choices.get("table", row.table), choices.get("mapping", row.mapping)
    made = {(each["dimension"], each["written"]) for each in row.repairs}
    left = (
        []
        if choices
        else [each for each in row.findings["troubles"] if (each["dimension"], each["written"]) not in made]
    )
    row.findings = {**row.findings, "troubles": left}


@operation("statistics.explain_jumps", policy=policies.may_change)
def explain_jumps(*, actor: Actor, edition: Edition, revision: int, indicator: str, text: str) -> Edition:
    """Why figures of one indicator changed so much."""
    row = locked(edition, revision=revision, among=states.WITH_PRODUCER)
    note("statistics", row.key, indicator=indicator)
    if indicator not in row.findings.get("jumped", []):
        raise Invalid(_("There is nothing to explain for this indicator."), code="no_jump", field="indicator")
    row.notes = {**row.notes, indicator: checked_text(text, "text", limit=1000)}
    row.revision += 1
    row.save(update_fields=["notes", "revision"])
    touch(TOPIC)
    return row


def missing_for_sending(edition: Edition) -> list[Any]:
    """What keeps a draft from being sent, in sentences."""
    if edition.unread_since:
        return [_("The workbook is still being read.")]
    found: list[Any] = []
    if not edition.rows:
        found.append(_("No figure was understood yet."))
    if edition.open_problems:
        found.append(_("Some cells are not understood: repair them or leave their lines out."))
    if any(not edition.notes.get(code) for code in edition.findings.get("jumped", [])):
        found.append(_("Figures changed much since the year before: write why."))
    return found


@operation("statistics.send_edition", policy=policies.may_change)
def send_edition(*, actor: Actor, edition: Edition, revision: int, reason: str = "") -> Edition:
    """To the data steward. A correction of published figures says why."""
    row = locked(edition, revision=revision, to=states.SENT)
    note("statistics", row.key, dataset=row.dataset.code)
    missing = missing_for_sending(row)
    if missing:
        raise Invalid(" ".join(str(each) for each in missing), code="not_ready", item=str(row.key))
    if row.changed_cells and not reason.strip():
        raise Invalid(
            _("Published figures are corrected here: write why. Readers see it."), code="reason", field="reason"
        )
    row.reason = checked_text(reason, "reason", limit=500, needed=False)
    row.state, row.sent_at = states.SENT, timezone.now()
    row.sent_by, row.sent_by_id = actor.label[:200], actor.id
    row.revision += 1
    row.save()
    tell(EditionSent, row, reason=row.reason)
    return row


@operation("statistics.discard_edition", policy=policies.may_change)
def discard_edition(*, actor: Actor, edition: Edition) -> Edition:
    row = locked(edition, to=states.DISCARDED)
    note("statistics", row.key)
    row.state, row.ended_at = states.DISCARDED, timezone.now()
    row.revision += 1
    row.save(update_fields=["state", "ended_at", "revision"])
    touch(TOPIC)
    return row


# --- the steward's side -----------------------------------------------------------------------------------------------


@operation("statistics.add_remark", policy=policies.may_remark)
def add_remark(*, actor: Actor, edition: Edition, text: str, address: str = "") -> Remark:
    """Pinned to a cell (its address in the workbook) or to the whole."""
    row = locked(edition, among=(states.SENT, states.APPROVED))
    note("statistics", row.key, address=address)
    remark = Remark.objects.create(
        edition=row,
        address=address.strip()[:80],
        text=checked_text(text, "text", limit=1000),
        author=actor.label[:200],
        at=timezone.now(),
    )
    touch(TOPIC)
    return remark


@operation("statistics.resolve_remark", policy=policies.may_change)
def resolve_remark(*, actor: Actor, edition: Edition, remark: int) -> None:
    """The agency says that it is done; the steward sees who and when."""
    note("statistics", edition.key, remark=remark)
    edition.remarks.filter(pk=remark, resolved_at=None).update(
        resolved_at=timezone.now(), resolved_by=actor.label[:200]
    )
    touch(TOPIC)


@operation("statistics.return_edition", policy=policies.may_check)
def return_edition(*, actor: Actor, edition: Edition, text: str, revision: int | None = None) -> Edition:
    """Back to the agency with what it should change. `revision`: the one that the steward looked at."""
    row = locked(edition, to=states.RETURNED, revision=revision)
    note("statistics", row.key)
    Remark.objects.create(
        edition=row, text=checked_text(text, "text", limit=1000), author=actor.label[:200], at=timezone.now()
    )
    row.state, row.embargo_until = states.RETURNED, None
    row.revision += 1
    row.save(update_fields=["state", "embargo_until", "revision"])
    tell(EditionReturned, row, reason=text[:500])
    return row


@operation("statistics.approve_edition", policy=policies.may_check)
def approve_edition(
    *,
    actor: Actor,
    edition: Edition,
    checks: Sequence[str],
    embargo_until: datetime | None = None,
    revision: int | None = None,
) -> Edition:
    """All four principles hold: public at once, or when the embargo ends. `revision`: the one that the steward looked at."""
    row = locked(edition, to=states.APPROVED, revision=revision, whole=True)
    note("statistics", row.key, checks=sorted(checks), embargo=embargo_until.isoformat() if embargo_until else "")
    if set(checks) != set(states.PRINCIPLES):
        raise Invalid(
            _("Tick all four principles, or return it with what is missing."), code="principles", field="checks"
        )
    now = timezone.now()
    if embargo_until is not None and not now < embargo_until < now + LONGEST_EMBARGO:
        raise Invalid(_("The embargo ends in the future, within a year."), code="embargo", field="embargo")
    row.checks, row.checked_by, row.checked_at = dict.fromkeys(sorted(checks), True), actor.label[:200], now
    row.state, row.embargo_until = states.APPROVED, embargo_until
    row.revision += 1
    row.save()
    if embargo_until is None:
        return publish(actor, row)
    touch(TOPIC)
    return row


def publish(actor: Actor, row: Edition) -> Edition:
    """Inside an operation that holds the dataset: it becomes public as a whole with these figures; small cells go out."""
    before = queries.published_edition(row.dataset)
    newest = row.dataset.editions.aggregate(newest=Max("number"))["newest"]
    row.number = (newest or 0) + 1
    row.draft_file = keep_whole(actor, row, before)
    row.data_file = keep_public(actor, row)
    now = timezone.now()
    if before is not None:
        Edition.objects.filter(pk=before.pk).update(state=states.REPLACED, ended_at=now)
    row.state, row.published_at, row.embargo_until = states.PUBLISHED, now, None
    row.revision += 1
    row.save()
    Release.objects.filter(dataset=row.dataset, period__in=row.periods, met_at=None).update(met_at=now)
    indicators = list(row.dataset.indicators.values_list("code", flat=True))
    tell(EditionPublished, row, reason=row.reason, indicators=indicators)
    return row


@operation("statistics.publish_due", policy=policies.only_the_system)
def publish_due(*, actor: Actor) -> int:
    """Embargoes that have ended."""
    rows = Edition.objects.filter(state=states.APPROVED, embargo_until__lte=timezone.now())
    count = 0
    for row in rows.order_by("dataset", "embargo_until"):  # one order for all, so that no two wait for each other
        with suppress(Conflict):  # returned in this moment
            publish(actor, locked(row, to=states.PUBLISHED, whole=True))
            count += 1
    note("statistics", "embargo", published=count)
    return count


@operation("statistics.withdraw_edition", policy=policies.may_check)
def withdraw_edition(*, actor: Actor, edition: Edition, reason: str) -> Edition:
    """The published figures are wrong: the edition before is public again, and the notice says why."""
    row = locked(edition, to=states.WITHDRAWN, whole=True)
    note("statistics", row.key, dataset=row.dataset.code)
    now = timezone.now()
    row.state, row.ended_at = states.WITHDRAWN, now
    row.end_reason = checked_text(reason, "reason", limit=500)
    row.revision += 1
    row.save()
    earlier = row.dataset.editions.filter(state=states.REPLACED).order_by("-number").first()
    if earlier is not None:
        Edition.objects.filter(pk=earlier.pk).update(state=states.PUBLISHED, ended_at=None)
    tell(EditionWithdrawn, row, reason=row.end_reason)
    return row


@operation("statistics.publish_computed", policy=policies.only_the_system)
def publish_computed(
    *, actor: Actor, dataset: Dataset, figures: Mapping[tuple[str, ...], tuple[float | None, str]]
) -> Edition | None:
    """Figures that the city's own rooms compute: no upload, no retyping. None when nothing is new."""
    Dataset.objects.select_for_update(of=("self",), no_key=True).get(pk=dataset.pk)
    before = queries.published_edition(dataset)
    known = data.figures_of(before, {key[1] for key in figures}) if before else {}
    new = {key: value for key, value in figures.items() if known.get(key) != value}
    note("statistics", dataset.code, new=len(new))
    if not new:
        return None
    if not dataset.computed:
        raise Conflict(_("This dataset is not computed."), code="not_computed", item=dataset.code)
    row = Edition(
        dataset=dataset,
        created_by=actor.label[:200],
        created_at=timezone.now(),
        checked_by=actor.label[:200],
        checked_at=timezone.now(),
        periods=sorted({key[1] for key in new}),
        rows=len(new),
        state=states.APPROVED,
    )
    row.draft_file = keep(actor, row, ((*key, value, status) for key, (value, status) in new.items()))
    row.save()
    return publish(actor, row)
