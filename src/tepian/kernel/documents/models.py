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


class LetterTemplate(models.Model):
    """A kind of letter. `fields` are what its service gives: `[{"name", "label", "label_en", "sample"}]`; a text may
    use these and the general ones (`letters.texts.GENERAL`), no other."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    name_en = models.CharField(max_length=200, blank=True)
    fields = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        app_label = "city"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class LetterVersion(models.Model):
    """One wording of a letter. Without `valid_from` it is a draft; from that day on it is in force until a later one
    is, and is never changed again: letters of that time must be explained by it."""

    template = models.ForeignKey(LetterTemplate, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    layout = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    recipient = models.CharField(max_length=300, blank=True)
    text = models.TextField()
    valid_from = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True)
    changed_by = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        app_label = "city"
        ordering = ["template", "number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="letterversion_once"),
            models.UniqueConstraint(
                fields=["template"], condition=models.Q(valid_from__isnull=True), name="letterversion_one_draft"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template_id}/{self.number}"


class Letterhead(models.Model):
    """What stands on top of an office's letters; `office` is an agency's code, "" the whole city, whose emblem all use.
    `number_code` is how letters' numbers write the office; `emblem` is an SVG, a PNG wrapped into one, or "". Empty
    parts come from the office itself (`letters.heads.head_of`)."""

    office = models.CharField(max_length=60, unique=True)
    lines = models.JSONField(default=list)
    address = models.CharField(max_length=300, blank=True)
    contact = models.CharField(max_length=300, blank=True)
    number_code = models.CharField(max_length=30, blank=True)
    emblem = models.TextField(blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        app_label = "city"

    def __str__(self) -> str:
        return self.office


class NumberSeries(models.Model):
    """The running number of an office in a year. Its row is locked while a number is taken."""

    series = models.CharField(max_length=60)
    office = models.CharField(max_length=60)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)
    last_on = models.DateField(null=True, blank=True)

    class Meta:
        app_label = "city"
        constraints = [models.UniqueConstraint(fields=["series", "office", "year"], name="numberseries_once")]

    def __str__(self) -> str:
        return f"{self.series}/{self.office}/{self.year}"


class TakenNumber(models.Model):
    """A number that was given to `subject`. It stays when the letter is cancelled, so that nobody gets it again.
    `suffix` counts what was put in afterwards for an earlier day (005.01)."""

    series = models.ForeignKey(NumberSeries, on_delete=models.PROTECT, related_name="numbers")
    value = models.PositiveIntegerField()
    suffix = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=120)
    on = models.DateField()
    subject = models.CharField(max_length=120, db_index=True)
    taken_at = models.DateTimeField(auto_now_add=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        app_label = "city"
        ordering = ["series", "value", "suffix"]
        constraints = [models.UniqueConstraint(fields=["series", "value", "suffix"], name="takennumber_once")]

    def __str__(self) -> str:
        return self.text
