"""Accounts, who holds which position, and keys of devices."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class Account(AbstractUser):
    """A person who signs in. What the person may do comes from the positions held, never from this row."""

    display_name = models.CharField(max_length=150, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=5, default="id")

    class Meta(AbstractUser.Meta):
        app_label = "city"

    def __str__(self) -> str:
        return self.display_name or self.username


class Holding(models.Model):
    """Who holds a position from when to when. `kind`: definitive, plt (acting, post vacant) or plh (acting, holder away)."""

    class Kind(models.TextChoices):
        DEFINITIVE = "definitive"
        PLT = "plt"
        PLH = "plh"

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="holdings")
    position = models.ForeignKey("city.Position", on_delete=models.PROTECT, related_name="holdings")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.DEFINITIVE)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True)
    basis = models.CharField(max_length=200, blank=True)

    class Meta:
        app_label = "city"


class DeviceKey(models.Model):
    """A key with which a device or program speaks (SensorThings, MQTT, API). Only its SHA-256 is kept."""

    name = models.CharField(max_length=100, unique=True)
    prefix = models.CharField(max_length=12, db_index=True)
    digest = models.CharField(max_length=64, unique=True)
    agency = models.ForeignKey("city.Agency", null=True, blank=True, on_delete=models.PROTECT, related_name="device_keys")
    grants = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "city"
