"""What the register's pages share: for whom they are, the purpose of this working day, refusals beside their field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from tepian.kernel.actors import Actor, Invalid
from tepian.kernel.catalogue.city import today
from tepian.kernel.identity.access import staff_page
from tepian.kernel.regions import queries as regions

from .. import policies, queries, words
from ..numbers import masked

ROLES = (policies.REGISTRAR, policies.CLERK, policies.HEAD)
page = staff_page(*ROLES)
registrars = staff_page(policies.REGISTRAR)
HOME = "/kerja/kelurahan/warga"
_PURPOSE = "residents.purpose"


def actor_of(request: HttpRequest) -> Actor:
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def posted(request: HttpRequest) -> Any:
    """What was sent, also when it is empty; None for a page that is only opened."""
    return request.POST if request.method == "POST" else None


def purpose_of(request: HttpRequest) -> str:
    """Why this person looks people up today; empty until it is said. Another day asks anew."""
    kept = request.session.get(_PURPOSE)
    if not isinstance(kept, dict) or kept.get("on") != today().isoformat():
        return ""
    purpose = str(kept.get("purpose", ""))
    return purpose if purpose in policies.PURPOSES else ""


def keep_purpose(request: HttpRequest, purpose: str) -> None:
    request.session[_PURPOSE] = {"purpose": purpose, "on": today().isoformat()}


def with_purpose(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """First to the question why, and back."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not purpose_of(request):
            back = request.path if request.method == "GET" else HOME
            return HttpResponseRedirect(f"{reverse('residents-purpose')}?{urlencode({'lanjut': back})}")
        return view(request, *args, **kwargs)

    return asked


def frame(request: HttpRequest) -> dict[str, Any]:
    """What every page shows: the purpose."""
    purpose = purpose_of(request)
    return {
        "purpose": policies.PURPOSES.get(purpose, ""),
        "may_write": actor_of(request).has(policies.REGISTRAR),
        "here": request.path,
    }


def refused(form: forms.Form, error: Invalid, fields: Mapping[str, str] | None = None) -> None:
    """What the operation refused, beside the field at fault."""
    name = (fields or {}).get(error.field, error.field)
    form.add_error(name if name in form.fields else None, str(error.message))


def listed(card: queries.Card) -> dict[str, Any]:
    """A person in a list: enough to choose the right one, the number masked."""
    facts = card.facts
    return {
        "url": reverse("residents-person", args=[card.resident]),
        "name": card.name,
        "nik": masked(card.nik) if "•" not in card.nik else card.nik,
        "born_on": facts.get("born_on"),
        "sex": facts.get("sex"),
        "age": facts.get("age"),
        "place": " · ".join(str(part) for part in (facts.get("street"), facts.get("region")) if part),
        "relation": facts.get("relation"),
        "status": facts.get("status") if card.status != "living" else "",
        "fictional": card.fictional,
    }


def facts_of(card: queries.Card) -> list[tuple[str, Any, Any]]:
    """(field, label, value) in the order of the identity card, without what is empty."""
    return [
        (key, words.FIELDS[key], value)
        for key, value in card.facts.items()
        if key not in {"name", "status"} and value not in ("", None)
    ]


def place_name(code: str) -> str:
    return regions.label(code) if code else _("elsewhere")
