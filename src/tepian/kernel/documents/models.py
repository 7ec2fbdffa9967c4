"""Stored files."""

from __future__ import annotations

import uuid

from django.db import models


class StoredFile(models.Model):
    """A file that belongs to something. The content lies once at MEDIA_ROOT/<first two>/<sha256>, whoever stored it.

    `subject_type`/`subject_id` name what it belongs to; its room says who may read it (`access.allow`).
    `media_type` is what the content was found to be, not what the sender claimed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=160)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=100)
    stored_by = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "city"
        indexes = [models.Index(fields=["subject_type", "subject_id"], name="storedfile_subject")]

    def __str__(self) -> str:
        return self.name
