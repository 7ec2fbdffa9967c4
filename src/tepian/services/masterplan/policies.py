"""Who may. Bappeda (planner) keeps the plan, agencies report their own actions, Bappeda and Diskominfo verify, the head of
the city puts a revision in force."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from tepian.kernel.actors import Actor, require
from tepian.kernel.documents.models import StoredFile

from . import states
from .models import Comment, Evidence, Meeting, Plan, Project, ProjectPhoto, Report, Resolution, Revision, Workbook

PLANNER, REPORTER, VERIFIER = "planner", "plan_reporter", "plan_verifier"
STAFF = (PLANNER, REPORTER, VERIFIER)
READERS = (*STAFF, "assessor", "head", "viewer", "auditor")
HELPER = _("The planner at Bappeda can help.")


def may_keep_plan(actor: Actor, **_ignored: Any) -> None:
    """A planner; an administrator loads packs."""
    require(actor.has(PLANNER, "administrator"), _("Only a planner changes the plan."), HELPER)


def may_edit(actor: Actor, revision: Revision | None = None, **_ignored: Any) -> None:
    """A planner."""
    require(actor.has(PLANNER), _("Only a planner changes the plan."), HELPER)


def may_import(actor: Actor, workbook: Workbook, **_ignored: Any) -> None:
    """A planner."""
    may_edit(actor)


def may_decide(actor: Actor, revision: Revision, **_ignored: Any) -> None:
    """A planner or the city's head, and not the person who proposed it: four eyes see a plan before it counts."""
    require(actor.has(PLANNER, "head"), _("Only a planner or the city's head puts a revision in force."), HELPER)
    require(
        not revision.proposed_by_id or revision.proposed_by_id != actor.id,
        _("You proposed this revision yourself. Somebody else puts it in force."),
        HELPER,
    )


def may_return(actor: Actor, revision: Revision, **_ignored: Any) -> None:
    """A planner or the city's head; whoever proposed a revision may take it back."""
    require(actor.has(PLANNER, "head"), _("Only a planner or the city's head sends a revision back."), HELPER)


def reports_for(actor: Actor, agency: str) -> bool:
    """May this actor report actions of this agency? A planner stands in for an agency that cannot."""
    return actor.has(REPORTER, agency=agency) or actor.has(PLANNER)


def may_report(actor: Actor, agency: str, **_ignored: Any) -> None:
    """A reporter of the agency that the action belongs to on that day; a planner stands in."""
    require(
        reports_for(actor, agency), _("Only the agency that this action belongs to, or a planner, reports it."), HELPER
    )


def may_change_report(actor: Actor, report: Report, **_ignored: Any) -> None:
    """As for its agency."""
    may_report(actor, report.agency_code)


def offices_of(actor: Actor) -> tuple[str, ...]:
    """The verifying offices that this actor speaks for."""
    return tuple(office for office in states.OFFICES if actor.has(office))


def may_verify(actor: Actor, report: Report, office: str = "", **_ignored: Any) -> None:
    """One of the two offices, and not the person who sent it."""
    offices = offices_of(actor)
    require(bool(offices) and (not office or office in offices), _("Only Bappeda and Diskominfo verify."), HELPER)
    require(
        not report.sent_by_id or report.sent_by_id != actor.id,
        _("You sent this report yourself. Somebody else verifies it."),
        HELPER,
    )


def may_look_again(actor: Actor, evidence: Evidence, **_ignored: Any) -> None:
    """Whoever reports or verifies it."""
    require(
        reports_for(actor, evidence.report.agency_code) or actor.has(VERIFIER),
        _("Only the agency that reports it, Bappeda or Diskominfo looks at evidence again."),
        HELPER,
    )


def may_withdraw(actor: Actor, evidence: Evidence, **_ignored: Any) -> None:
    """Whoever reports or verifies it: the agency that made a mistake, or the office that found it."""
    require(
        reports_for(actor, evidence.report.agency_code) or actor.has(VERIFIER),
        _("Only the agency that reports it, Bappeda or Diskominfo withdraws evidence."),
        HELPER,
    )


def may_hand_over(actor: Actor, plan: Plan, **_ignored: Any) -> None:
    """A planner."""
    require(actor.has(PLANNER), _("Only a planner hands actions over to another agency."), HELPER)


def may_keep_meetings(actor: Actor, meeting: Meeting | None = None, **_ignored: Any) -> None:
    """A planner or the verifying office, who are the bodies' secretariat."""
    require(actor.has(PLANNER, VERIFIER), _("Only the secretariat writes meetings and what they decide."), HELPER)


def may_end_resolution(actor: Actor, resolution: Resolution, **_ignored: Any) -> None:
    """The agency that was asked, or the secretariat."""
    require(
        actor.has(REPORTER, agency=resolution.agency_code) or actor.has(PLANNER, VERIFIER),
        _("Only the agency that was asked, or the secretariat, says what became of this."),
        HELPER,
    )


def may_open_project(actor: Actor, agency: str = "", **_ignored: Any) -> None:
    """The agency that builds it, or a planner."""
    require(reports_for(actor, agency), _("Only the agency that builds it, or a planner, changes a project."), HELPER)


def may_keep_project(actor: Actor, project: Project, **_ignored: Any) -> None:
    """As for its agency."""
    may_open_project(actor, project.agency_code)


def may_keep_photo(actor: Actor, photo: ProjectPhoto, **_ignored: Any) -> None:
    """As for its project; the verifying office may withdraw one, too."""
    require(
        reports_for(actor, photo.project.agency_code) or actor.has(VERIFIER),
        _("Only the agency that builds it, Bappeda or Diskominfo withdraws a photo."),
        HELPER,
    )


def may_judge(actor: Actor, comment: Comment, **_ignored: Any) -> None:
    """A planner or the verifying office, unless they report for the agency that builds it: whoever builds does not judge
    what is said of it."""
    require(actor.has(PLANNER, VERIFIER), _("Only Bappeda and Diskominfo decide which comments are shown."), HELPER)
    require(
        not actor.has(REPORTER, agency=comment.project.agency_code),
        _("You report for the agency that builds this. Somebody else decides which comments are shown."),
        HELPER,
    )


def may_answer(actor: Actor, comment: Comment, **_ignored: Any) -> None:
    """The agency that builds it, or whoever judges."""
    require(
        reports_for(actor, comment.project.agency_code) or actor.has(VERIFIER),
        _("Only the agency that builds it, Bappeda or Diskominfo answers."),
        HELPER,
    )


def anybody(actor: Actor, **_ignored: Any) -> None:
    """Everybody, also without an account."""


def only_the_system(actor: Actor, **_ignored: Any) -> None:
    """Nobody but the platform's own jobs."""
    require(actor.is_system, _("Only the platform itself does this."), HELPER)


def may_read_file(actor: Actor, file: StoredFile) -> bool:
    """Evidence and photos: whoever reads the plan at work. What is public is served by the public pages."""
    return actor.is_system or actor.has(*READERS)
