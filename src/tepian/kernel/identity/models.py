"""Accounts, who holds which position, sessions, and keys of devices."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models


class Account(AbstractUser):
    """A person who signs in. What the person may do comes from the positions held, never from this row."""

    display_name = models.CharField(max_length=150, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=5, default="id")
    # Set when somebody else chose the password: the person must choose an own one before doing anything.
    password_is_temporary = models.BooleanField(default=False)

    class Meta(AbstractUser.Meta):
        app_label = "city"

    def __str__(self) -> str:
        return self.display_name or self.username


class Holding(models.Model):
    """Who holds a position from when to when. `kind`: definitive, plt (acting, post vacant), plh (acting, holder away).

    `basis` is the decision behind it (a number of an SK or surat perintah)."""

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
        indexes = [models.Index(fields=["account", "ends_at"])]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gte=models.F("starts_at")),
                name="holding_ends_after_start",
            )
        ]


class DeviceKey(models.Model):
    """A key with which a device or program speaks (SensorThings, MQTT, API). Only its SHA-256 is kept."""

    name = models.CharField(max_length=100, unique=True)
    prefix = models.CharField(max_length=12, db_index=True)
    digest = models.CharField(max_length=64, unique=True)
    agency = models.ForeignKey(
        "city.Agency", null=True, blank=True, on_delete=models.PROTECT, related_name="device_keys"
    )
    grants = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "city"

    def __str__(self) -> str:
        return self.name


class SignInSession(AbstractBaseSession):
    """A browser's session, with whose it is, so that a person can see and end the sessions of the account."""

    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.CASCADE, related_name="sessions")
    agent = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(auto_now=True)

    class Meta(AbstractBaseSession.Meta):
        abstract = False
        app_label = "city"
        verbose_name = "sign-in session"

    @classmethod
    def get_session_store_class(cls):
        from .sessions import SessionStore

        return SessionStore
