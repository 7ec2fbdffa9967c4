"""Kinds of warning, warnings, their CAP messages, and who asked to be told."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone

from . import states

LEVEL_CHOICES = [(level, level.capitalize()) for level in states.LEVELS]


class WarningKind(models.Model):
    """What a hazard is called and how it is told. `levels` maps a level to CAP values (severity, urgency, certainty,
    response), `hours` of validity and words: headline, headline_en, instruction, instruction_en, where `{place}` stands
    for the place."""

    hazard = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    category = models.CharField(max_length=12, default="Met")
    contact = models.CharField(max_length=200, blank=True)
    levels = models.JSONField(default=dict)
    order = models.PositiveSmallIntegerField(default=50)

    class Meta:
        ordering = ["order", "hazard"]

    def __str__(self) -> str:
        return self.hazard


class PublicationRule(models.Model):
    """May warnings of this kind go out without a person's confirmation? Dated; without a row the answer is no."""

    kind = models.ForeignKey(WarningKind, on_delete=models.CASCADE, related_name="publication_rules")
    automatic = models.BooleanField(default=False)
    basis = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["kind", "valid_from"]
        constraints = [models.UniqueConstraint(fields=["kind", "valid_from"], name="one_publication_rule_a_day")]

    def __str__(self) -> str:
        return f"{self.kind} {self.valid_from}"


class PublicWarning(models.Model):
    """One warning from its publication to its end. `version` is the number of its newest CAP message."""

    number = models.CharField(max_length=12, unique=True)
    kind = models.ForeignKey(WarningKind, on_delete=models.PROTECT, related_name="warnings")
    level = models.CharField(max_length=10, choices=LEVEL_CHOICES)
    state = models.CharField(max_length=10, default=states.ACTIVE, db_index=True)
    areas = models.JSONField(default=list)  # region codes
    place = models.CharField(max_length=200, blank=True)
    headline = models.CharField(max_length=300)
    headline_en = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    description_en = models.TextField(blank=True)
    instruction = models.TextField()
    instruction_en = models.TextField(blank=True)
    severity = models.CharField(max_length=10)
    urgency = models.CharField(max_length=10)
    certainty = models.CharField(max_length=10)
    response = models.CharField(max_length=10)
    published_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    onset_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=300, blank=True)
    incident_number = models.CharField(max_length=12, blank=True, db_index=True)
    incident_version = models.PositiveIntegerField(default=0)
    confirmed_by = models.CharField(max_length=200)
    automatic = models.BooleanField(default=False)
    sources = models.JSONField(default=list)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    simulated = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-published_at", "-id"]

    def __str__(self) -> str:
        return f"{self.number} {self.headline}"

    @property
    def in_force(self) -> bool:
        return self.state == states.ACTIVE and self.expires_at > timezone.now()


class WarningMessage(models.Model):
    """One CAP message as it was sent. Never changed."""

    warning = models.ForeignKey(PublicWarning, on_delete=models.PROTECT, related_name="messages")
    sequence = models.PositiveIntegerField()
    kind = models.CharField(max_length=10)  # Alert, Update, Cancel
    identifier = models.CharField(max_length=200, unique=True)
    sender = models.CharField(max_length=200)
    sent_at = models.DateTimeField(db_index=True)
    expires_at = models.DateTimeField()
    references = models.TextField(blank=True)
    headline = models.CharField(max_length=300)
    xml = models.TextField()
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["warning", "sequence"]
        constraints = [models.UniqueConstraint(fields=["warning", "sequence"], name="one_message_a_change")]

    def __str__(self) -> str:
        return self.identifier

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise RuntimeError("a sent message is never changed: send an update or a cancellation")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a sent message is never deleted")


class Subscription(models.Model):
    """Who asked to be told about a region (a city, a district or a ward). Nothing is kept but the address, and the row
    is deleted when the person leaves or never confirms."""

    class Channel(models.TextChoices):
        EMAIL = "email"
        INAPP = "inapp"

    channel = models.CharField(max_length=10, choices=Channel.choices, default=Channel.EMAIL)
    address = models.CharField(max_length=254)  # an e-mail address, or an account's id
    region_code = models.CharField(max_length=30)
    language = models.CharField(max_length=5, default="id")
    created_at = models.DateTimeField(auto_now_add=True)
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "address", "region_code"], name="one_subscription_a_region")
        ]

    def __str__(self) -> str:
        return f"{self.region_code} {self.channel}"
