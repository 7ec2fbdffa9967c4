"""What the clock does."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from tepian.kernel.actors import system
from tepian.kernel.catalogue.contributions import Job

from . import operations, queries, states
from .models import PublicWarning, Subscription


def expire() -> int:
    """Close warnings whose time has run out. Asks first, so that a quiet minute writes nothing in the record."""
    if not PublicWarning.objects.filter(state=states.ACTIVE, expires_at__lte=timezone.now()).exists():
        return 0
    return len(operations.expire_due(actor=system("warnings.expire")))


def forget() -> int:
    """Delete addresses that nobody confirmed."""
    limit = timezone.now() - timedelta(seconds=queries.CONFIRM_WITHIN_S)
    if not Subscription.objects.filter(confirmed_at=None, asked_at__lt=limit).exists():
        return 0
    return operations.forget_unconfirmed(actor=system("warnings.forget"))


JOBS = (Job("warnings.expire", expire, 15), Job("warnings.forget_unconfirmed", forget, 3600))
