"""Who may. Roles by Perpres 39/2019: the agency produces, the data steward (walidata) checks and publishes, the supervisor
(pembina data, BPS) advises, the forum's secretariat (Bappeda) keeps the calendar."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require
from tepian.kernel.documents.models import StoredFile

from .models import Dataset, Edition

PRODUCER, STEWARD, SUPERVISOR, FORUM = "data_producer", "data_steward", "data_supervisor", "data_forum"
STAFF = (PRODUCER, STEWARD)
READERS = (*STAFF, SUPERVISOR, FORUM, "head", "viewer", "auditor")
CHECKERS = (STEWARD, SUPERVISOR)
PLANNERS = (STEWARD, FORUM, "administrator")
HELPER = _("The data steward (walidata) at Diskominfo can help.")


def may_produce(actor: Actor, dataset: Dataset, **_ignored: Any) -> None:
    """A producer of the agency that answers for the dataset; a steward stands in for any agency."""
    require(
        actor.has(PRODUCER, agency=dataset.agency_code) or actor.has(STEWARD, agency=dataset.agency_code),
        _("Only the agency that answers for this dataset sends its figures."),
        HELPER,
    )


def may_change(actor: Actor, edition: Edition, **_ignored: Any) -> None:
    """As for its dataset."""
    may_produce(actor, edition.dataset)


def may_check(actor: Actor, edition: Edition, **_ignored: Any) -> None:
    """A steward, and not the person who sent it: four eyes see an edition before the public does."""
    require(
        actor.has(STEWARD, agency=edition.dataset.agency_code), _("Only a data steward checks and publishes."), HELPER
    )
    require(
        not edition.sent_by_id or edition.sent_by_id != actor.id,
        _("You sent this yourself. Another data steward checks it."),
        HELPER,
    )


def may_remark(actor: Actor, edition: Edition, **_ignored: Any) -> None:
    """Whoever checks, also on what they sent themselves."""
    require(
        actor.has(*CHECKERS, agency=edition.dataset.agency_code),
        _("Only a data steward or the data supervisor writes remarks."),
        HELPER,
    )


def may_plan(actor: Actor, **_ignored: Any) -> None:
    """A steward, the forum's secretariat, an administrator."""
    require(actor.has(*PLANNERS), _("Only a data steward or the secretariat of the forum plans releases."), HELPER)


def may_configure(actor: Actor, **_ignored: Any) -> None:
    """A steward or an administrator."""
    require(
        actor.has("administrator", STEWARD), _("Only a data steward or an administrator changes the catalogue."), HELPER
    )


def may_keep_dataset(actor: Actor, dataset: Dataset | None = None, **_ignored: Any) -> None:
    """As for the catalogue."""
    may_configure(actor)


def only_the_system(actor: Actor, **_ignored: Any) -> None:
    """Nobody but the platform's own jobs."""
    require(actor.is_system, _("Only the platform itself does this."), HELPER)


def may_see(actor: Actor, dataset: Dataset) -> bool:
    """Drafts are for the agency that makes them, the stewards and those who audit."""
    return actor.is_system or actor.has(PRODUCER, *CHECKERS, agency=dataset.agency_code) or actor.has("auditor", FORUM)


def may_read_file(actor: Actor, file: StoredFile) -> bool:
    """The workbook that an agency sent."""
    edition = Edition.objects.select_related("dataset").filter(key=file.subject_id).first()
    return edition is not None and may_see(actor, edition.dataset)
