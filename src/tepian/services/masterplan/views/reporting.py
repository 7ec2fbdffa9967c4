"""The plan at work: everybody's desk, and an action with its report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Actor, Conflict, Denied, Invalid, NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui.words import in_language

from .. import operations, policies, queries, states
from ..models import Evidence, Part, Plan, Report
from ..queries import desk as desks
from ..queries import figures, public, rollup
from ..queries import reporting as reports
from ..states import Quarter
from . import typed

TAGS = {states.SENT: "tag-warn", states.RETURNED: "tag-danger", states.VERIFIED: "tag-ok"}
STATUS_TAGS = {
    rollup.LATE: "tag-danger", rollup.STALE: "tag-danger", rollup.OVERDUE: "tag-warn", rollup.BEHIND: "tag-warn",
    rollup.ON_TRACK: "tag-ok", rollup.FINISHED: "tag-ok",
}  # fmt: skip
EARLIER = 8  # reports of earlier quarters that are shown at once


def the_plan(request: HttpRequest) -> Plan:
    """The plan whose years hold today, or the one that ?rencana= names."""
    code = request.GET.get("rencana", "") or request.POST.get("rencana", "")
    try:
        plan = queries.plan_by(code) if code else queries.current()
    except NotFound as error:
        raise Http404(str(error.message)) from None
    if plan is None:
        raise Http404(_("The city has no plan for this year yet."))
    return plan


def quarter_asked(request: HttpRequest, plan: Plan) -> Quarter:
    """?triwulan=2026-Q3; without it the quarter that agencies report now."""
    text = request.GET.get("triwulan", "") or request.POST.get("triwulan", "")
    first, running = Quarter(plan.first_year, 1), min(reports.running_quarter(), Quarter(plan.last_year, 4))
    if text:
        asked = reports.read_quarter(text)
        if asked is None or not first <= asked <= reports.running_quarter():
            raise Http404(_("There is nothing to report for this quarter."))
        return asked
    return max(first, min(running, reports.quarter_to_report()))


def address(plan: Plan, key: UUID | str, quarter: Quarter) -> str:
    return f"{reverse('masterplan-report', args=[key])}?triwulan={quarter}&rencana={plan.code}"


def desk_address(plan: Plan, quarter: Quarter) -> str:
    return f"{reverse('masterplan-desk')}?triwulan={quarter}&rencana={plan.code}"


# --- the desk ---------------------------------------------------------------------------------------------------------


@staff_page(*policies.READERS)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """What this person has to report or to verify, and how complete each agency is."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    if queries.current() is None and not request.GET.get("rencana"):
        return render(request, "masterplan/desk.html", {"plan": None, "may_keep": actor.has(policies.PLANNER)})
    plan = the_plan(request)
    quarter = quarter_asked(request, plan)
    rows = rollup.standings(plan, quarter, computed=False)
    reporting = actor.has(policies.REPORTER)
    mine = [row for row in rows if desks.reports_it(actor, row)]
    agency = request.GET.get("dinas", "")
    shown = mine if reporting and not agency else [row for row in rows if row.agency == agency]
    only_due = request.GET.get("lihat", "") != "semua" and reporting and not agency
    due = [row for row in shown if desks.step(row) in (desks.TO_REPORT, desks.RETURNED)]
    overview = actor.has(policies.PLANNER, policies.VERIFIER) or not reporting
    return render(
        request,
        "masterplan/desk.html",
        {
            "plan": plan,
            "quarter": quarter,
            "quarter_name": reports.quarter_label(quarter),
            "before": quarter.before if quarter.before >= Quarter(plan.first_year, 1) else None,
            "after": quarter.after if quarter.after <= reports.running_quarter() else None,
            "due_on": quarter.due(rollup.report_days()),
            "is_late": today() > quarter.due(rollup.report_days()),
            "reporting": reporting,
            "agency": organisations.agency_name(agency) if agency else "",
            "agency_code": agency,
            "mine": len(shown),
            "due": len(due),
            "only_due": only_due and bool(due),
            "groups": _by_dimension(plan, due if only_due and due else shown, quarter),
            "overview": overview,
            "total": rollup.total(rows),
            "agencies": desks.completeness(rows) if overview else [],
            "waiting": len(desks.to_verify(actor, plan)),
            "verifies": bool(policies.offices_of(actor)),
            "orphans": [(code, organisations.agency_name(code), count) for code, count in desks.orphans(plan).items()]
            if actor.has(policies.PLANNER)
            else [],
        },
    )


def _by_dimension(plan: Plan, rows: list[rollup.Standing], quarter: Quarter) -> list[dict[str, Any]]:
    names = {each.code: each.name for each in queries.dimensions(plan.framework)}
    order = list(names)
    groups: dict[str, list[dict[str, Any]]] = {}
    place = {row.key: number for number, row in enumerate(rows)}
    known = sorted(rows, key=lambda row: (order.index(row.dimension) if row.dimension in names else 99, place[row.key]))
    for number, row in enumerate(known, 1):
        groups.setdefault(row.dimension, []).append(
            _line(plan, row, quarter) | {"number": number if number < 10 else 0}
        )
    return [{"name": names.get(code, "") or _("Without a dimension"), "lines": lines} for code, lines in groups.items()]


def _line(plan: Plan, row: rollup.Standing, quarter: Quarter) -> dict[str, Any]:
    return {
        "row": row,
        "url": address(plan, row.key, quarter),
        "agency": organisations.agency_name(row.agency),
        "claim": reports.amount(row.claimed, row.unit),
        "target": reports.amount(row.target, row.unit),
        "percent": public.percent(row.claimed_percent),
        "report": reports.REPORT_LABELS.get(row.report_state, _("not begun")),
        "report_tag": TAGS.get(row.report_state, ""),
        "status": rollup.STATUS_LABELS[row.status],
        "status_tag": STATUS_TAGS.get(row.status, ""),
        "why": public.why(row),
    }


# --- the action -------------------------------------------------------------------------------------------------------


def _found(request: HttpRequest, key: UUID) -> tuple[Plan, Part, Quarter]:
    plan = the_plan(request)
    quarter = quarter_asked(request, plan)
    try:
        return plan, reports.action_of(plan, key, quarter), quarter
    except NotFound as error:
        raise Http404(str(error.message)) from None


@staff_page(*policies.READERS)
@require_http_methods(["GET", "HEAD", "POST"])
def action(request: HttpRequest, key: UUID) -> HttpResponse:
    """An action: what was promised, what is claimed, what the platform computes, the evidence; and its report."""
    plan, part, quarter = _found(request, key)
    if request.method == "POST":
        return _write(request, plan, part, quarter)
    return render(request, "masterplan/action.html", context_of(request, plan, part, quarter))


def context_of(request: HttpRequest, plan: Plan, part: Part, quarter: Quarter, **more: Any) -> dict[str, Any]:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    known = list(reports.reports_of(plan, part.key))
    report = next((row for row in known if reports.quarter_of(row) == quarter), None)
    earlier = [row for row in known if reports.quarter_of(row) < quarter]
    last = next((row for row in earlier if row.state in rollup.COUNTED_STATES), None)
    agency = report.agency_code if report else reports.agency_on(plan, part)
    computed = reports.computed_of(plan, part, quarter)
    in_force = reports.is_in_force(plan, part.key)
    writable = policies.reports_for(actor, agency) and (
        report.state in states.WITH_REPORTER if report else in_force and quarter.year >= (part.first_year or 0)
    )
    milestones = reports.milestones_of(plan, part, report)
    year = reports.year_of_account(part, plan, quarter)
    claim = reports.claim_of(plan, part, quarter, report.value) if report else None
    target = reports.target_of(part, year)
    computed_percent = states.attained(computed.value, target, part.baseline, part.direction)
    claimed_percent = states.attained(claim, target, part.baseline, part.direction)
    present = reports.standing_verifications(report) if report else {}
    fields = _fields(plan, part, quarter, report, last, milestones)
    return {
        "plan": plan,
        "part": part,
        "title": in_language(part, "title"),
        "programme": part.parent,
        "agency": organisations.agency_name(agency),
        "agency_code": agency,
        "quarter": quarter,
        "quarter_name": reports.quarter_label(quarter),
        "back": desk_address(plan, quarter),
        "here": address(plan, part.key, quarter),
        "before": quarter.before if quarter.before >= Quarter(plan.first_year, 1) else None,
        "after": quarter.after if quarter.after <= reports.running_quarter() else None,
        "year": year,
        "target": reports.amount(target, part.unit),
        "claim": reports.amount(claim, part.unit),
        "claimed_percent": public.percent(claimed_percent),
        "computed": computed,
        "computed_words": reports.amount(computed.value, part.unit),
        "computed_percent": public.percent(computed_percent),
        "computed_own": computed.state == figures.KNOWN and not computed.url,
        "apart": states.differs(claim, computed.value, reports.tolerance_of(part)),
        "adds_up": part.rule == states.SUM,
        "until_now": reports.amount(reports.claimed_until(plan, part, quarter), part.unit)
        if part.rule == states.SUM
        else "",
        "report": report,
        "state": reports.REPORT_LABELS.get(report.state if report else "", _("not begun")),
        "state_tag": TAGS.get(report.state if report else "", ""),
        "writable": writable,
        "removed": not in_force,
        "milestones": milestones,
        "written": fields,
        "revision": report.revision if report else 0,
        "evidence": [_evidence(actor, each) for each in (report.evidence.all() if report else ())],
        "last": last,
        "last_name": reports.quarter_label(reports.quarter_of(last)) if last else "",
        "last_written": typed.Written.of(last, {}) if last else None,
        "last_claim": reports.amount(last.value, part.unit) if last else "",
        "earlier": [_earlier(plan, part, row) for row in earlier[:EARLIER]],
        "words": [
            {
                "row": each,
                "office": reports.OFFICE_LABELS[each.office],
                "verdict": reports.VERDICT_LABELS.get(each.verdict, each.verdict),
                "counts": present.get(each.office) == each,
            }
            for each in (report.verifications.all() if report else ())
        ],
        "offices": [
            (office, reports.OFFICE_LABELS[office])
            for office in (desks.offices_that_wait(actor, report) if report and report.state == states.SENT else ())
        ],
        "may_reopen": bool(
            report and report.state == states.VERIFIED and policies.offices_of(actor) and report.sent_by_id != actor.id
        ),
        "may_withdraw": bool(report and (policies.reports_for(actor, agency) or actor.has(policies.VERIFIER))),
    } | more


def _fields(
    plan: Plan,
    part: Part,
    quarter: Quarter,
    report: Report | None,
    last: Report | None,
    milestones: list[reports.MilestoneState],
) -> typed.Written:
    """What stands in the form: the draft, or what a new one would begin with."""
    here = {each.key: each.reached_on for each in milestones if each.here and each.reached_on}
    if report is not None:
        return typed.Written.of(report, here)
    start = operations.beginning(part, quarter, last, reports.computed_in(part, quarter))
    return typed.Written.of(Report(**start), {})


def _evidence(actor: Actor, each: Evidence) -> dict[str, Any]:
    return {
        "row": each,
        "url": each.url or (reverse("documents-download", args=[each.file]) if each.file else ""),
        "finding": operations.FINDING_WORDS.get(each.finding, "") if each.kind == states.LINK else "",
    }


def _earlier(plan: Plan, part: Part, row: Report) -> dict[str, Any]:
    quarter = reports.quarter_of(row)
    return {
        "row": row,
        "name": reports.quarter_label(quarter),
        "url": address(plan, part.key, quarter),
        "value": reports.amount(row.value, part.unit),
        "computed": reports.amount(row.computed, part.unit),
        "state": reports.REPORT_LABELS[row.state],
        "tag": TAGS.get(row.state, ""),
        "agency": organisations.agency_name(row.agency_code),
        "evidence": sum(not each.withdrawn_at for each in row.evidence.all()),
    }


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(request: HttpRequest, plan: Plan, part: Part, quarter: Quarter) -> HttpResponse:
    """Save, and then what the button says: send, or only keep. What was typed is never lost."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    post = request.POST
    what = next((name for name in ("autosave", "copy", "send") if post.get(name)), "save")
    written = typed.Written.typed(post)
    by_itself = what == "autosave"
    report: Report | None = None
    try:
        values = written.checked(today())
        report = operations.start_report(actor=actor, plan=plan, key=part.key, quarter=quarter)
        seen = typed.revision(post) or 1  # one who saw no report yet expects it as it begins
        if what == "copy":
            values |= _copied(plan, part, quarter)
        report = operations.save_report(actor=actor, report=report, revision=seen, **values)
        if not by_itself:
            _add_evidence(request, report)
        if what == "send":
            report = operations.send_report(
                actor=actor, report=report, revision=report.revision, confirmed=bool(post.get("confirmed"))
            )
    except (Invalid, Denied) as refusal:
        return _refused(request, plan, part, quarter, report, written, refusal, by_itself)
    if by_itself:
        return JsonResponse(
            {
                "revision": report.revision,
                "saved": f"{timezone.localtime():%H.%M.%S}",
                "value": reports.amount(report.value, part.unit) if report.value is not None else "",
            }
        )
    if what == "send":
        messages.success(
            request,
            _("Sent: %(title)s. Bappeda and Diskominfo look at it.") % {"title": in_language(part, "title")},
        )
        return HttpResponseRedirect(_next_due(actor, plan, quarter) or desk_address(plan, quarter))
    messages.success(request, _("Saved. Nobody but your agency sees the draft as a report yet."))
    return HttpResponseRedirect(address(plan, part.key, quarter))


def _copied(plan: Plan, part: Part, quarter: Quarter) -> Mapping[str, Any]:
    last = reports.before(plan, part.key, quarter)
    if last is None:
        raise Invalid(_("There is no earlier report to copy."), code="no_report", field="value")
    return {"value": last.value, "obstacle": last.obstacle, "next_step": last.next_step}


def _add_evidence(request: HttpRequest, report: Report) -> None:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    title, public_too = request.POST.get("evidence_title", "").strip(), not request.POST.get("evidence_private")
    for file in request.FILES.getlist("file"):
        operations.add_file(
            actor=actor, report=report, content=file.read(), name=file.name or "", title=title, public=public_too
        )
    url = request.POST.get("url", "").strip()
    if url:
        operations.add_link(actor=actor, report=report, url=url, title=title, public=public_too)


def _refused(
    request: HttpRequest,
    plan: Plan,
    part: Part,
    quarter: Quarter,
    report: Report | None,
    written: typed.Written,
    refusal: Invalid | Denied,
    by_itself: bool,
) -> HttpResponse:
    """The page again with what was typed, and what happened above it."""
    text = str(getattr(refusal, "message", getattr(refusal, "reason", refusal)))
    status = 403 if isinstance(refusal, Denied) else 409 if isinstance(refusal, Conflict) else 422
    if by_itself:
        field = getattr(refusal, "field", "")
        return JsonResponse({"problem": text, "field": field}, status=status)
    if isinstance(refusal, Denied):
        raise refusal
    context = context_of(request, plan, part, quarter)
    stored = context["written"]
    context |= {
        "problem": text,
        "field": refusal.field,
        "code": refusal.code,
        "asks": refusal.code == "implausible" or "implausible" in _missing(context["report"], part, quarter),
        "written": written,
        "typed_url": request.POST.get("url", "") if refusal.field == "url" else "",
        "stored": stored if isinstance(refusal, Conflict) and stored != written else None,
        "stored_by": context["report"].changed_by if context["report"] else "",
    }
    return render(request, "masterplan/action.html", context, status=status)


def _missing(report: Report | None, part: Part, quarter: Quarter) -> list[str]:
    if report is None or report.state not in states.WITH_REPORTER:
        return []
    computed = reports.computed_of(report.plan, part, quarter)
    return [code for code, _field, _text in operations.missing_for_sending(report, computed)]


def _next_due(actor: Actor, plan: Plan, quarter: Quarter) -> str:
    rows = rollup.standings(plan, quarter, computed=False)
    due = [row for row in rows if desks.reports_it(actor, row) and desks.step(row) in (desks.TO_REPORT, desks.RETURNED)]
    return address(plan, due[0].key, quarter) if due else ""


# --- evidence ---------------------------------------------------------------------------------------------------------


@staff_page(*policies.READERS)
@require_POST
def withdraw(request: HttpRequest, evidence: UUID) -> HttpResponse:
    row = _seen_evidence(evidence)
    return _do(
        request,
        row.report,
        lambda actor: operations.withdraw_evidence(actor=actor, evidence=row, reason=request.POST.get("reason", "")),
        _("Withdrawn."),
    )


@staff_page(*policies.READERS)
@require_POST
def look_again(request: HttpRequest, evidence: UUID) -> HttpResponse:
    row = _seen_evidence(evidence)
    return _do(
        request,
        row.report,
        lambda actor: operations.check_link(actor=actor, evidence=row),
        _("The link was opened again."),
    )


def _seen_evidence(key: UUID) -> Evidence:
    row = Evidence.objects.select_related("report__plan").filter(key=key).first()
    if row is None:
        raise Http404(_("There is no such evidence."))
    return row


def _do(request: HttpRequest, report: Report, act: Any, done: str) -> HttpResponse:
    """One POST and back to the action, with what happened in a sentence."""
    try:
        act(request.actor)  # type: ignore[attr-defined]
    except Invalid as error:
        messages.warning(request, str(error.message))
    else:
        messages.success(request, done)
    return HttpResponseRedirect(f"{address(report.plan, report.key, reports.quarter_of(report))}#bukti")
