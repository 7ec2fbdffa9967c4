"""Entries of the record, and the head of the chain."""

from __future__ import annotations

from django.db import models


class AuditEntry(models.Model):
    """One operation or one view of personal data. Never changed, never deleted.

    `hash` = SHA-256 over the previous entry's hash and this entry's content (`chain.link`), so that a changed,
    missing or reordered entry shows.
    """

    position = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(db_index=True)
    actor_kind = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=150, db_index=True)
    actor_label = models.CharField(max_length=200)
    operation = models.CharField(max_length=100, db_index=True)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=100)
    purpose = models.CharField(max_length=200, blank=True)
    details = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    class Meta:
        app_label = "city"
        indexes = [models.Index(fields=["subject_type", "subject_id"])]

    def __str__(self) -> str:
        return f"{self.position} {self.operation}"


class ChainHead(models.Model):
    """The last link. Locking this one row orders all operations: event positions follow commit order."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    position = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="0" * 64)

    class Meta:
        app_label = "city"
