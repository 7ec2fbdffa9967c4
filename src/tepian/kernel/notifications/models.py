"""Messages and how people want to be reached."""

from __future__ import annotations

from django.db import models


class Message(models.Model):
    """One message to one person or address through one channel.

    `key` makes sending twice impossible: the same key for the same recipient and channel is one message. `body` and
    `title` are kept in both languages. `proof` says what each attempt met: `[{at, outcome, detail}]`, newest last.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        DELIVERED = "delivered"
        FAILED = "failed"
        READ = "read"

    class Channel(models.TextChoices):
        INAPP = "inapp"
        EMAIL = "email"
        GATEWAY = "gateway"

    class Urgency(models.TextChoices):
        NORMAL = "normal"
        NOTICE = "notice"
        DANGER = "danger"

    account = models.ForeignKey(
        "city.Account", null=True, blank=True, on_delete=models.CASCADE, related_name="messages"
    )
    address = models.CharField(max_length=254, blank=True)
    language = models.CharField(max_length=5, default="id")
    channel = models.CharField(max_length=10, choices=Channel.choices)
    topic = models.CharField(max_length=60)
    urgency = models.CharField(max_length=10, choices=Urgency.choices, default=Urgency.NORMAL)
    title_id = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    body_id = models.TextField(blank=True)
    body_en = models.TextField(blank=True)
    url = models.CharField(max_length=300, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    proof = models.JSONField(default=list)
    key = models.CharField(max_length=200, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        app_label = "city"
        indexes = [
            models.Index(fields=["state", "next_attempt_at"], name="message_due"),
            models.Index(fields=["account", "channel", "state"], name="message_inbox"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.key}"

    def text(self, language: str) -> tuple[str, str]:
        """Title and body in a language; Indonesian where there is no English."""
        if language == "en":
            return self.title_en or self.title_id, self.body_en or self.body_id
        return self.title_id, self.body_id


class Preference(models.Model):
    """How an account wants to be reached about a topic; the topic `""` is for all topics without an own row.

    Between `quiet_from` and `quiet_to` (city time) only danger gets through at once; the rest waits until the end. The
    inbox gets every message, whatever is chosen here."""

    account = models.ForeignKey("city.Account", on_delete=models.CASCADE, related_name="preferences")
    topic = models.CharField(max_length=60, blank=True)
    channels = models.JSONField(default=list)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_to = models.TimeField(null=True, blank=True)

    class Meta:
        app_label = "city"
        constraints = [models.UniqueConstraint(fields=["account", "topic"], name="preference_once")]
