"""The outbox, and how far each consumer has come."""

from __future__ import annotations

from django.db import models


class OutboxEvent(models.Model):
    """One event. `position` follows commit order (see `audit.models.ChainHead`), so a reader who remembers the last
    position misses nothing."""

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
    type = models.CharField(max_length=100, db_index=True)
    subject = models.CharField(max_length=150, db_index=True)
    time = models.DateTimeField()
    actor = models.CharField(max_length=200, blank=True)
    audience = models.CharField(max_length=10, default="staff")
    data = models.JSONField(default=dict)

    class Meta:
        app_label = "city"

    def __str__(self) -> str:
        return f"{self.position} {self.type}"


class ConsumerProgress(models.Model):
    """The last position that a consumer has dealt with (done, or set aside in `Delivery`)."""

    consumer = models.CharField(max_length=100, primary_key=True)
    position = models.BigIntegerField(default=0)
    moved_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = "city"


class Delivery(models.Model):
    """An event that a consumer could not take yet: waiting for its next attempt, held behind an earlier event of the
    same subject, or dead until a person replays it."""

    WAITING, DEAD = "waiting", "dead"

    consumer = models.CharField(max_length=100)
    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="deliveries")
    subject = models.CharField(max_length=150)
    state = models.CharField(max_length=10, default=WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    error = models.TextField(blank=True)

    class Meta:
        app_label = "city"
        constraints = [models.UniqueConstraint(fields=["consumer", "event"], name="delivery_once")]
        indexes = [models.Index(fields=["consumer", "subject"]), models.Index(fields=["state", "next_attempt_at"])]
