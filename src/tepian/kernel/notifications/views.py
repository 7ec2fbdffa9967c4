"""The inbox, notification choices, and messages that could not be delivered."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from tepian.kernel.actors import Invalid, NotFound
from tepian.kernel.identity.access import staff_page

from . import operations, queries
from .forms import ChoiceForm
from .models import Message, Preference


@staff_page
@require_GET
def inbox(request: HttpRequest) -> HttpResponse:
    page = Paginator(queries.inbox(request.actor.account_id), 30).get_page(request.GET.get("halaman"))  # type: ignore[attr-defined]
    language = (get_language() or "id")[:2]
    listed = [(message, *message.text(language)) for message in page]
    return render(request, "notifications/inbox.html", {"page": page, "listed": listed})


@staff_page
@require_POST
def open_message(request: HttpRequest, message_id: int) -> HttpResponse:
    """Mark as read and go where the message points."""
    actor: Any = request.actor  # type: ignore[attr-defined]
    message = queries.inbox(actor.account_id).filter(pk=message_id).first()
    if message is None:
        raise NotFound(_("This message is not in your inbox."), item=str(message_id))
    operations.mark_read(actor=actor, message=message)
    return redirect(
        message.url if message.url.startswith("/") and not message.url.startswith("//") else "notifications-inbox"
    )


@staff_page
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    operations.mark_read(actor=request.actor)  # type: ignore[attr-defined]
    return redirect("notifications-inbox")


@staff_page
def choices(request: HttpRequest) -> HttpResponse:
    actor: Any = request.actor  # type: ignore[attr-defined]
    now = Preference.objects.filter(account_id=actor.account_id, topic="").first()
    initial: dict[str, Any] = {"channels": list(operations.DEFAULT_CHANNELS)}
    if now is not None:
        initial = {"channels": now.channels, "quiet_from": now.quiet_from, "quiet_to": now.quiet_to}
    form = ChoiceForm(request.POST or None, initial=initial)
    if request.method == "POST":
        form = ChoiceForm(request.POST)
        if form.is_valid():
            try:
                operations.choose(actor=actor, **form.cleaned_data)
            except Invalid as error:
                form.add_error(error.field, str(error.message))
            else:
                messages.success(request, _("Your choice is kept."))
                return redirect("notifications-choices")
    return render(request, "notifications/choices.html", {"form": form}, status=422 if form.errors else 200)


@staff_page("administrator")
@require_GET
def failed(request: HttpRequest) -> HttpResponse:
    rows = Message.objects.filter(state=Message.State.FAILED).order_by("-created_at")
    page = Paginator(rows, 50).get_page(request.GET.get("halaman"))
    return render(request, "notifications/failed.html", {"page": page, "waiting": queries.waiting()})


@staff_page("administrator")
@require_POST
def retry(request: HttpRequest, message_id: int) -> HttpResponse:
    message = Message.objects.filter(pk=message_id).first()
    if message is None:
        raise NotFound(_("There is no such message."), item=str(message_id))
    operations.retry(actor=request.actor, message=message)  # type: ignore[attr-defined]
    messages.success(request, _("The message is sent again."))
    return redirect("notifications-failed")
