"""Staff: the texts of letters, their versions, heads and numbers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tepian.kernel.actors import Invalid, NotFound
from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.access import staff_page
from tepian.kernel.organisations import queries as organisations
from tepian.toolkit import csvfile
from tepian.ui import words
from tepian.ui.words import in_language

from .. import forms, letterheads, policies
from ..letters import keeping, setting, texts
from ..models import Letterhead, LetterTemplate, LetterVersion, NumberSeries, TakenNumber

CITY_ADDRESS = "kota"  # the city's own head, whose office has no code
PAGE = 100


def _tabs(request: HttpRequest) -> list[tuple[str, str]]:
    return [
        (_("Texts"), reverse("documents-letters")),
        (_("Letterheads"), reverse("documents-heads")),
        (_("Numbers of letters"), reverse("documents-numbers")),
    ]


def _may(request: HttpRequest) -> bool:
    return policies.keeps_letters(request.actor)  # type: ignore[attr-defined]


def _template(code: str) -> LetterTemplate:
    try:
        return keeping.template_by(code)
    except NotFound as error:
        raise Http404(str(error.message)) from None


def _version(code: str, number: int) -> LetterVersion:
    found = LetterVersion.objects.select_related("template").filter(template__code=code, number=number).first()
    if found is None:
        raise Http404(str(_("There is no such version of this letter.")))
    return found


def _revision(request: HttpRequest) -> int:
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _refused(form: Any, error: Invalid, names: dict[str, str] | None = None) -> None:
    name = (names or {}).get(error.field, error.field)
    form.add_error(name if name in form.fields else None, str(error.message))


def _state(version: LetterVersion, now: LetterVersion | None) -> tuple[str, str]:
    """What a version is, and the tag's look."""
    if version.valid_from is None:
        return _("draft"), "info"
    if not keeping.begun(version):
        return _("from %(day)s") % {"day": words.day(version.valid_from)}, "warn"
    if version == now:
        return _("in force"), "ok"
    return _("was in force"), ""


def _listed(version: LetterVersion, now: LetterVersion | None) -> dict[str, Any]:
    said, tag = _state(version, now)
    return {
        "row": version,
        "state": said,
        "tag": tag,
        "day": words.day(version.valid_from) if version.valid_from else "",
        "url": reverse("documents-letter-version", args=[version.template.code, version.number]),
    }


def _fields(template: LetterTemplate) -> list[tuple[str, Any, bool]]:
    """What a text may use: as it is written, what it means, whether it must be used."""
    own = [
        (f"{{{each.name}}}", each.label_en or each.label if words.english() else each.label, each.needed)
        for each in keeping.fields_of(template)
    ]
    return [*own, *((f"{{{name}}}", meaning, False) for name, meaning in texts.GENERAL.items())]


def _in_force(versions: list[LetterVersion]) -> LetterVersion | None:
    begun = [version for version in versions if keeping.begun(version)]
    return max(begun, key=lambda version: (version.valid_from, version.number), default=None)


# --- texts ------------------------------------------------------------------------------------------------------------


@staff_page(*policies.READERS)
@require_GET
def letters(request: HttpRequest) -> HttpResponse:
    rows = []
    for template in LetterTemplate.objects.prefetch_related("versions__template"):
        versions = list(template.versions.all())
        now = _in_force(versions)
        rows.append(
            {
                "row": template,
                "name": in_language(template, "name"),
                "now": _listed(now, now) if now else None,
                "coming": [_listed(each, now) for each in versions if not keeping.begun(each)],
            }
        )
    context = {"tabs": _tabs(request), "rows": rows, "may": _may(request)}
    return render(request, "documents/letters.html", context)


@staff_page(*policies.READERS)
@require_GET
def letter(request: HttpRequest, code: str) -> HttpResponse:
    template = _template(code)
    versions = list(keeping.versions_of(template).select_related("template"))
    now = _in_force(versions)
    shown = now or (versions[0] if versions else None)
    return render(
        request,
        "documents/letter.html",
        {
            "template": template,
            "name": in_language(template, "name"),
            "fields": _fields(template),
            "versions": [_listed(each, now) for each in versions],
            "shown": _listed(shown, now) if shown else None,
            "draft": next((each for each in versions if each.valid_from is None), None),
            "may": _may(request),
        },
    )


@staff_page(*policies.KEEPERS)
@require_http_methods(["GET", "POST"])
def new_letter(request: HttpRequest) -> HttpResponse:
    form = forms.TemplateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            row = keeping.add_template(
                actor=request.actor,  # type: ignore[attr-defined]
                code=given["code"],
                name=given["name"],
                name_en=given["name_en"],
                fields=texts.read_fields(given["fields_given"]),
            )
        except Invalid as error:
            _refused(form, error, {"fields": "fields_given"})
        else:
            messages.success(request, _("The letter is there. Write its text next."))
            return HttpResponseRedirect(reverse("documents-letter-text", args=[row.code]))
    return _form(request, form, _("New letter"), reverse("documents-letters"), _("Letters"))


@staff_page(*policies.KEEPERS)
@require_http_methods(["GET", "POST"])
def change_letter(request: HttpRequest, code: str) -> HttpResponse:
    """The name, and what the service gives."""
    template = _template(code)
    own = {
        "name": template.name,
        "name_en": template.name_en,
        "fields_given": texts.written_fields(keeping.fields_of(template)),
    }
    form = forms.TemplateForm(request.POST or None, code=False, initial=own)
    back = reverse("documents-letter", args=[code])
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            keeping.change_template(
                actor=request.actor,  # type: ignore[attr-defined]
                template=template,
                revision=_revision(request),
                name=given["name"],
                name_en=given["name_en"],
                fields=texts.read_fields(given["fields_given"]),
            )
        except Invalid as error:
            _refused(form, error, {"fields": "fields_given", "text": "fields_given"})
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(back)
    return _form(
        request, form, _("Name and fields"), back, in_language(template, "name"), revision=_template(code).revision
    )


def _form(
    request: HttpRequest, form: Any, heading: str, back: str, back_name: str, *, revision: int = 0, **more: Any
) -> HttpResponse:
    """One form on a page. After a conflict it holds what was typed, and the newest revision: sending again overrides."""
    context = {"form": form, "heading": heading, "back": back, "back_name": back_name, "revision": revision} | more
    return render(request, "documents/form.html", context, status=422 if form.errors else 200)


@staff_page(*policies.KEEPERS)
@require_http_methods(["GET", "POST"])
def letter_text(request: HttpRequest, code: str) -> HttpResponse:
    """Write the draft; without one, begin with the newest version's words. `preview` shows it without keeping it."""
    template = _template(code)
    draft = keeping.draft_of(template)
    start = draft or keeping.versions_of(template).first()
    names = ("layout", "title", "recipient", "text")
    form = forms.TextForm(
        request.POST or None, initial={name: getattr(start, name) for name in names} if start else None
    )
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            if "preview" in request.POST:
                texts.check_text(**given, fields=keeping.fields_of(template))
                made = setting.specimen(LetterVersion(template=template, **given), _head(request))
                return _shown(made, "application/pdf", f"{code}.pdf")
            kept = keeping.save_draft(
                actor=request.actor,  # type: ignore[attr-defined]
                template=template,
                revision=_revision(request),
                **given,
            )
        except Invalid as error:
            _refused(form, error)
            draft = keeping.draft_of(template)
        else:
            messages.success(request, _("The draft is kept. Look at it, then put it in force."))
            return HttpResponseRedirect(reverse("documents-letter-version", args=[code, kept.number]))
    context = {
        "form": form,
        "template": template,
        "name": in_language(template, "name"),
        "fields": _fields(template),
        "revision": draft.revision if draft else 0,
        "draft": draft,
    }
    return render(request, "documents/text.html", context, status=422 if form.errors else 200)


# --- versions ---------------------------------------------------------------------------------------------------------


def _head(request: HttpRequest) -> letterheads.Head:
    """Of the office that the address asks for, else of the first one with a region, else of the city."""
    wanted = request.GET.get("kantor", "")
    offices = organisations.agencies()
    if not any(each.code == wanted for each in offices):
        wanted = next((each.code for each in reversed(offices) if each.region), "")
    return letterheads.head_of(wanted)


@staff_page(*policies.READERS)
@require_GET
def version(request: HttpRequest, code: str, number: int) -> HttpResponse:
    return _version_page(request, _version(code, number), forms.ForceForm(initial={"day": today()}))


def _version_page(request: HttpRequest, row: LetterVersion, form: Any) -> HttpResponse:
    versions = list(keeping.versions_of(row.template).select_related("template"))
    now = _in_force(versions)
    before = next((each for each in versions if each.number < row.number), None)
    try:
        pages, wrong = len(setting.specimen_pages(row, _head(request))), ""
    except Invalid as error:
        pages, wrong = 0, str(error.message)
    return render(
        request,
        "documents/version.html",
        {
            "row": row,
            "name": in_language(row.template, "name"),
            "state": _listed(row, now),
            "before": before,
            "changes": keeping.changes(_whole(before), _whole(row)) if before else [],
            "pages": range(1, pages + 1),
            "wrong": wrong,
            "form": form,
            "coming": row.valid_from is not None and not keeping.begun(row),
            "may": _may(request),
        },
        status=422 if form.errors else 200,
    )


def _whole(version: LetterVersion) -> str:
    return "\n".join(part for part in (version.title, version.recipient, "", version.text) if part is not None)


@staff_page(*policies.KEEPERS)
@require_POST
def change_version(request: HttpRequest, code: str, number: int) -> HttpResponse:
    """Put in force, take back or throw away: `verb` says which."""
    row, actor, verb = _version(code, number), request.actor, request.POST.get("verb", "")  # type: ignore[attr-defined]
    revision, form = _revision(request), forms.ForceForm(request.POST if verb == "force" else None)
    back = reverse("documents-letter", args=[code])
    try:
        if verb == "force":
            if not form.is_valid():
                return _version_page(request, row, form)
            day = form.cleaned_data["day"]
            if row.valid_from is not None:
                raise Invalid(_("This version is no draft any more. Nothing was changed."))
            keeping.put_in_force(actor=actor, template=row.template, revision=revision, day=day)
            messages.success(request, _("This text is in force from %(day)s.") % {"day": words.day(day)})
        elif verb == "back":
            keeping.take_back(actor=actor, version=row, revision=revision)
            messages.success(request, _("The version is a draft again."))
        elif verb == "drop":
            keeping.drop_draft(actor=actor, template=row.template, revision=revision)
            messages.success(request, _("The draft was thrown away."))
    except Invalid as error:
        if verb == "force" and error.field == "day":
            _refused(form, error)
            return _version_page(request, row, form)
        messages.warning(request, str(error.message))
    return HttpResponseRedirect(back)


def _shown(content: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'inline; filename="{name}"'
    return response


@staff_page(*policies.READERS)
@require_GET
def version_pdf(request: HttpRequest, code: str, number: int) -> HttpResponse:
    made = setting.specimen(_version(code, number), _head(request))
    return _shown(made, "application/pdf", f"{code}-{number}.pdf")


@staff_page(*policies.READERS)
@require_GET
def version_page(request: HttpRequest, code: str, number: int, page: int) -> HttpResponse:
    pages = setting.specimen_pages(_version(code, number), _head(request))
    if not 1 <= page <= len(pages):
        raise Http404(str(_("The letter has no such page.")))
    return _shown(pages[page - 1], "image/png", f"{code}-{number}-{page}.png")


# --- heads ------------------------------------------------------------------------------------------------------------


@staff_page(*policies.READERS)
@require_GET
def heads(request: HttpRequest) -> HttpResponse:
    known = {row.office: row for row in Letterhead.objects.all()}
    offices = [(letterheads.CITY, CITY_ADDRESS, _("The whole city"))]
    offices += [(each.code, each.code, each.name) for each in organisations.agencies()]
    page = Paginator(offices, PAGE).get_page(request.GET.get("halaman"))
    rows = []
    for code, address, name in page:
        row = known.get(code)
        number = row.number_code if row and row.number_code else letterheads.default_code(code)
        rows.append({"address": address, "name": name, "row": row, "number": number})
    context = {"tabs": _tabs(request), "page": page, "rows": rows, "may": _may(request)}
    return render(request, "documents/heads.html", context)


@staff_page(*policies.KEEPERS)
@require_http_methods(["GET", "POST"])
def head(request: HttpRequest, office: str) -> HttpResponse:
    code = "" if office == CITY_ADDRESS else office
    if code and not any(each.code == code for each in organisations.agencies()):
        raise Http404(str(_("There is no such office.")))
    row = Letterhead.objects.filter(office=code).first() or Letterhead(office=code, revision=0)
    own = {"lines": "\n".join(row.lines)} | {name: getattr(row, name) for name in ("address", "contact", "number_code")}
    form = forms.HeadForm(request.POST or None, request.FILES or None, initial=own, city=not code)
    back = reverse("documents-heads")
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        sent = given.get("emblem")
        emblem = b"" if given.get("no_emblem") else sent.read(letterheads.MAX_EMBLEM + 1) if sent else None
        try:
            letterheads.keep_head(
                actor=request.actor,  # type: ignore[attr-defined]
                office=code,
                lines=given["lines"].splitlines(),
                address=given["address"],
                contact=given["contact"],
                number_code=given["number_code"],
                emblem=emblem,
                revision=_revision(request),
            )
        except Invalid as error:
            _refused(form, error)
            row = Letterhead.objects.filter(office=code).first() or row
        else:
            messages.success(request, _("Saved. The next letter has this head."))
            return HttpResponseRedirect(back)
    name = organisations.agency(code).name if code else _("The whole city")
    return _form(
        request, form, name, back, _("Letterheads"), revision=row.revision, files=True,
        hint="\n".join(letterheads.head_of(code).lines),
    )  # fmt: skip


# --- numbers ----------------------------------------------------------------------------------------------------------


@staff_page(*policies.READERS)
@require_GET
def numbers(request: HttpRequest) -> HttpResponse:
    """The register of numbers: which series there are, and the numbers of one of them, cancelled ones too."""
    actor = request.actor  # type: ignore[attr-defined]
    series = [
        row
        for row in NumberSeries.objects.order_by("-year", "series", "office")
        if actor.has(*policies.KEEPERS, "auditor")
        or actor.has(*policies.READERS, region=_region(row), agency=row.office)
    ]
    wanted = request.GET.get("deret", "")
    chosen = next((row for row in series if str(row.pk) == wanted), series[0] if series else None)
    rows = (
        TakenNumber.objects.filter(series=chosen).order_by("-value", "-suffix")
        if chosen
        else TakenNumber.objects.none()
    )
    if request.GET.get("bentuk") == "csv":
        heading = ("number", "date", "subject", "cancelled")
        lines = ((row.text, row.on.isoformat(), row.subject, row.reason) for row in rows.order_by("value", "suffix"))
        made = csvfile.MARK + "".join(csvfile.lines([heading, *lines]))
        return _shown(made.encode(), "text/csv; charset=utf-8", "nomor.csv")
    page = Paginator(rows, PAGE).get_page(request.GET.get("halaman"))
    return render(
        request,
        "documents/numbers.html",
        {
            "tabs": _tabs(request),
            "series": [(row, organisations.agency_name(row.office), row == chosen) for row in series],
            "chosen": chosen,
            "page": page,
            "kept": f"deret={chosen.pk}&" if chosen else "",
            "rows": [(row, words.day(row.on)) for row in page],
        },
    )


def _region(row: NumberSeries) -> str:
    found = organisations.chart().agencies.get(row.office)
    return found.region if found and found.region else "-"
