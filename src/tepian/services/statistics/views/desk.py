"""The agency's desk: what is due, uploading, repairing, explaining, sending."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Conflict, Denied, Invalid
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.ui.words import english, in_language

from .. import operations, policies, queries, states
from ..models import Edition, Remark
from ..queries import data
from . import template
from .parts import do, figure_name, listed, revision_of, role_choices, seen_dataset, seen_edition, sentence

SHOWN = 30  # figures of the preview
RECENT = 30


@staff_page(*policies.READERS)
@require_GET
def desk(request: HttpRequest) -> HttpResponse:
    """What this person's agencies owe and have in hand."""
    actor = request.actor  # type: ignore[attr-defined]
    mine = [row for row in queries.datasets() if policies.may_see(actor, row)]
    editions = Edition.objects.filter(dataset__in=mine).select_related("dataset")
    today = timezone.localdate()
    return render(
        request,
        "statistics/desk.html",
        {
            "datasets": [
                {
                    "row": row,
                    "title": in_language(row, "title"),
                    "agency": organisations.agency_name(row.agency_code) or row.agency_code,
                    "frequency": queries.FREQUENCY_LABELS[row.frequency],
                }
                for row in mine
            ],
            "choices": [row for row in mine if not row.computed],
            "chosen": request.GET.get("set", ""),
            "due": [
                {"row": row, "title": in_language(row.dataset, "title"), "late": row.due < today}
                for row in queries.due()
                if policies.may_see(actor, row.dataset)
            ][:RECENT],
            "open": [listed(row) for row in editions.filter(state__in=states.OPEN)],
            "recent": [listed(row) for row in editions.exclude(state__in=states.OPEN)[:RECENT]],
            "may_produce": actor.has(*policies.STAFF),
        },
    )


@staff_page(*policies.STAFF)
@require_POST
def upload(request: HttpRequest) -> HttpResponse:
    actor, file = request.actor, request.FILES.get("file")  # type: ignore[attr-defined]
    dataset = seen_dataset(request, request.POST.get("dataset", ""))
    back = f"{reverse('statistics-desk')}?set={dataset.code}#kirim"
    if file is None:
        messages.warning(request, _("Choose the workbook with the figures."))
        return HttpResponseRedirect(back)
    try:
        edition = operations.upload(actor=actor, dataset=dataset, content=file.read(), name=file.name or "")
    except (Invalid, Denied) as refusal:
        messages.warning(request, str(getattr(refusal, "message", refusal)))
        return HttpResponseRedirect(back)
    return HttpResponseRedirect(reverse("statistics-edition", args=[edition.key]))


@staff_page(*policies.STAFF)
@require_GET
def template_file(request: HttpRequest, code: str) -> HttpResponse:
    """A workbook to fill in: the right columns, and the reference codes on a sheet of their own."""
    dataset = seen_dataset(request, code)
    response = HttpResponse(
        template.workbook(dataset), content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    )
    response["Content-Disposition"] = f'attachment; filename="{dataset.code}.xlsx"'
    return response


def edition_context(request: HttpRequest, row: Edition) -> dict[str, Any]:
    """Everything that the agency and the steward see of an edition."""
    actor, found = request.actor, row.findings  # type: ignore[attr-defined]
    unread = row.unread_since is not None
    dimensions = queries.dimensions_of(row.dataset)
    by_key = {each.key: each for each in dimensions}
    columns = row.mapping.get("columns", {})
    choices = role_choices(row)
    open_for_change = row.state in states.WITH_PRODUCER and actor.has(*policies.STAFF, agency=row.dataset.agency_code)
    names = {each.code: in_language(each, "title") for each in row.dataset.indicators.all()}
    return listed(row) | {
        "edition": row,
        "may_change": open_for_change,
        "unread": unread,
        "read_before": bool(found.get("tables")),
        "refused": found.get("refused", {}).get("en" if english() else "id", ""),
        "tables": found.get("tables", []),
        "columns": [
            {
                "index": index,
                "name": column["name"] or f"{_('Column')} {index + 1}",
                "value": json.dumps(columns.get(str(index), {"role": "ignore"})),
                "choices": _with(choices, columns.get(str(index), {"role": "ignore"}), names, by_key),
            }
            for index, column in enumerate(found.get("columns", []))
        ],
        "constants": [
            {
                "key": key,
                "name": by_key[key].name if key in by_key else _("Period"),
                "value": row.mapping.get("constants", {}).get(key, ""),
                "codes": _codes(by_key.get(key)),
            }
            for key in ("time", *by_key)
            if key in row.mapping.get("constants", {}) or not _has_column(columns, key)
        ],
        "troubles": [
            trouble
            | {
                "suggestions": [
                    (code, by_key[trouble["dimension"]].names.get(code, name)) for code, name in trouble["suggestions"]
                ],
                "name": by_key[trouble["dimension"]].name if trouble["dimension"] in by_key else "",
                "codes": _codes(by_key.get(trouble["dimension"]))
                if trouble["code"] in ("unknown", "ambiguous")
                else [],
                "first": trouble["cells"][:6],
                "answers": _answers().get(trouble["code"], []),
            }
            for trouble in found.get("troubles", [])
        ],
        "reader": [each | {"sentence": sentence(each)} for each in found.get("reader", [])],
        "skipped": found.get("skipped", 0),
        "jumped": []
        if unread
        else [
            {"code": code, "title": names.get(code, code), "note": row.notes.get(code, "")}
            for code in found.get("jumped", [])
        ],
        "jumps": [each | {"title": figure_name(row, each["key"])} for each in found.get("jumps", [])[:20]],
        "jump_count": found.get("jump_count", 0),
        "changed": []
        if unread
        else [each | {"title": figure_name(row, each["key"])} for each in found.get("changed", [])[:20]],
        "preview": [] if unread else data.preview(row, SHOWN),
        "dimension_names": [each.name for each in dimensions],
        "first_code": next(iter(names), ""),
        "remarks": list(row.remarks.all()),
        "missing": operations.missing_for_sending(row),
        "principles": queries.PRINCIPLE_LABELS.items(),
        "may_remark": row.state in (states.SENT, states.APPROVED)
        and actor.has(*policies.CHECKERS, agency=row.dataset.agency_code),
        "may_check": row.state in (states.SENT, states.APPROVED, states.PUBLISHED)
        and actor.has(policies.STEWARD, agency=row.dataset.agency_code)
        and row.sent_by_id != actor.id,
    }


def _answers() -> dict[str, list[tuple[str, str]]]:
    return {
        "decimal": [(",", _("1.234 is one thousand two hundred thirty-four")), (".", _("1.234 is one and a bit"))],
        "day_first": [("yes", _("the day: 3-4 is 3 April")), ("no", _("the month: 3-4 is 4 March"))],
    }


def _with(
    choices: list[tuple[str, str]],
    role: dict[str, Any],
    names: dict[str, str],
    dimensions: dict[str, queries.Dimension],
) -> list[tuple[str, str]]:
    """The choices, and the present meaning where it is a finer one (a figure of one year and one sex)."""
    value = json.dumps(role)
    if any(value == one for one, _label in choices):
        return choices
    places = [dimensions[key].names.get(code, code) for key, code in role.get("place", {}).items() if key in dimensions]
    label = ", ".join(filter(None, [names.get(role.get("indicator", ""), ""), role.get("time", ""), *places]))
    return [(value, label), *choices]


def _has_column(columns: dict[str, Any], key: str) -> bool:
    return any(
        role.get("key") == key
        or (key == "time" and (role["role"] == "time" or role.get("time")))
        or key in role.get("place", {})
        for role in columns.values()
    )


def _codes(dimension: queries.Dimension | None) -> list[tuple[str, str]]:
    return list(dimension.names.items()) if dimension else []


@staff_page(*policies.READERS)
@require_GET
def edition(request: HttpRequest, key: str) -> HttpResponse:
    """The edition. While a large workbook is read, the page asks again by itself (`HX-Request`) until that is done."""
    row = seen_edition(request, key)
    if "HX-Request" in request.headers:
        answer = HttpResponse(status=204)
        if row.unread_since is None:
            answer["HX-Refresh"] = "true"
        return answer
    return render(request, "statistics/edition.html", edition_context(request, row))


def again(
    request: HttpRequest, key: str, form: str, labels: dict[str, str]
) -> Callable[[Conflict | Invalid], HttpResponse]:
    """Draws the edition's page after a refusal: why, and what was typed in `form` (its name in the template). `labels`: the
    names of its texts; where the form is gone because somebody else was faster, they still stand in the summary."""

    def draw(error: Conflict | Invalid) -> HttpResponse:
        row, post = seen_edition(request, key), request.POST
        typed = {name: post.get(name, "") for name in labels}
        context = edition_context(request, row) | {
            "problem": str(error.message),
            "form": form,
            "typed": typed | {"indicator": post.get("indicator", ""), "checks": post.getlist("checks")},
            "typed_texts": [(labels[name], text) for name, text in typed.items() if text.strip()]
            if isinstance(error, Conflict)
            else [],
        }
        status = 409 if isinstance(error, Conflict) else 422
        return render(request, "statistics/edition.html", context, status=status)

    return draw


def _back(row: Edition, place: str = "") -> str:
    return reverse("statistics-edition", args=[row.key]) + (f"#{place}" if place else "")


@staff_page(*policies.STAFF)
@require_POST
def choose(request: HttpRequest, key: str) -> HttpResponse:
    """Another table of the workbook, or what its columns are."""
    row, post = seen_edition(request, key), request.POST
    actor, revision = request.actor, revision_of(request)  # type: ignore[attr-defined]

    def act() -> Any:
        if post.get("table", "").isdecimal() and int(post["table"]) != row.table:
            return operations.choose(actor=actor, edition=row, revision=revision, table=int(post["table"]))
        try:
            columns = {
                name.removeprefix("column-"): json.loads(str(value))
                for name, value in post.items()
                if name.startswith("column-")
            }
        except ValueError:
            raise Invalid(_("The columns could not be read. Choose again."), code="mapping", field="columns") from None
        constants = {
            name.removeprefix("constant-"): str(value).strip()
            for name, value in post.items()
            if name.startswith("constant-")
        }
        return operations.choose(
            actor=actor, edition=row, revision=revision, mapping={"columns": columns, "constants": constants}
        )

    return do(request, act, _("Read again with your choice."), _back(row), again(request, key, "choose", {}))


@staff_page(*policies.STAFF)
@require_POST
def repair(request: HttpRequest, key: str) -> HttpResponse:
    row, post = seen_edition(request, key), request.POST
    code = "" if post.get("leave_out") else post.get("code", "")
    if not code and not post.get("leave_out"):
        messages.warning(request, _("Choose what is meant, or leave the lines out."))
        return HttpResponseRedirect(_back(row, "perbaiki"))
    return do(
        request,
        lambda: operations.repair(
            actor=request.actor,  # type: ignore[attr-defined]
            edition=row,
            revision=revision_of(request),
            dimension=post.get("dimension", ""),
            written=post.get("written", ""),
            code=code,
        ),
        _("Repaired, and remembered for the next upload."),
        _back(row, "perbaiki"),
        again(request, key, "repair", {"written": _("Written in the workbook"), "code": _("What is meant")}),
    )


@staff_page(*policies.STAFF)
@require_POST
def explain(request: HttpRequest, key: str) -> HttpResponse:
    row, post = seen_edition(request, key), request.POST
    return do(
        request,
        lambda: operations.explain_jumps(
            actor=request.actor,  # type: ignore[attr-defined]
            edition=row,
            revision=revision_of(request),
            indicator=post.get("indicator", ""),
            text=post.get("text", ""),
        ),
        _("Written down."),
        _back(row, "lonjakan"),
        again(request, key, "explain", {"text": _("Why it changed so much")}),
    )


@staff_page(*policies.STAFF)
@require_POST
def send(request: HttpRequest, key: str) -> HttpResponse:
    row = seen_edition(request, key)
    return do(
        request,
        lambda: operations.send_edition(
            actor=request.actor,  # type: ignore[attr-defined]
            edition=row,
            revision=revision_of(request),
            reason=request.POST.get("reason", ""),
        ),
        _("Sent to the data steward."),
        _back(row),
        again(request, key, "send", {"reason": _("Reason")}),
    )


@staff_page(*policies.STAFF)
@require_POST
def discard(request: HttpRequest, key: str) -> HttpResponse:
    row = seen_edition(request, key)
    return do(
        request,
        lambda: operations.discard_edition(actor=request.actor, edition=row),  # type: ignore[attr-defined]
        _("Discarded. What is published did not change."),
        reverse("statistics-desk"),
    )


@staff_page(*policies.STAFF)
@require_POST
def resolve(request: HttpRequest, key: str, remark: int) -> HttpResponse:
    row = seen_edition(request, key)
    found = Remark.objects.filter(edition=row, pk=remark).first()
    return do(
        request,
        lambda: found and operations.resolve_remark(actor=request.actor, edition=row, remark=found.pk),  # type: ignore[attr-defined]
        _("Marked as done."),
        _back(row, "catatan"),
    )
