"""The catalogue of Satu Data, editions of datasets on their way to the public, and what the reader learnt."""

from __future__ import annotations

import uuid

from django.db import models

from . import states

STATE_CHOICES = [(state, state) for state in states.NEXT]
FREQUENCY_CHOICES = [(frequency, frequency) for frequency in states.FREQUENCIES]


class Classification(models.Model):
    """A list of codes in one version: sex, age groups, KBLI 2020, occupations. Regions are not kept here: they are the
    kernel's register, and a dimension of regions names their level."""

    code = models.SlugField(max_length=40)
    version = models.CharField(max_length=20)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["code", "valid_from"]
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="one_classification_version")]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"


class Category(models.Model):
    """One code of a classification. `synonyms` are other spellings under which offices write it."""

    classification = models.ForeignKey(Classification, on_delete=models.CASCADE, related_name="categories")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=300)
    name_en = models.CharField(max_length=300, blank=True)
    parent = models.CharField(max_length=40, blank=True)
    synonyms = models.JSONField(default=list)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["classification", "position", "code"]
        constraints = [models.UniqueConstraint(fields=["classification", "code"], name="one_category_a_code")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Activity(models.Model):
    """A statistical activity with its form MS-Keg (Peraturan BPS 5/2020). `form`: question key → answer; the questions
    are in `questionnaires/`."""

    code = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=300)
    agency_code = models.CharField(max_length=60)
    year = models.PositiveSmallIntegerField()
    form = models.JSONField(default=dict)

    class Meta:
        ordering = ["agency_code", "code"]

    def __str__(self) -> str:
        return self.code


class Variable(models.Model):
    """A variable of an activity with its form MS-Var."""

    activity = models.ForeignKey(Activity, on_delete=models.CASCADE, related_name="variables")
    code = models.SlugField(max_length=60)
    title = models.CharField(max_length=300)
    form = models.JSONField(default=dict)

    class Meta:
        ordering = ["activity", "code"]
        constraints = [models.UniqueConstraint(fields=["activity", "code"], name="one_variable_a_code")]

    def __str__(self) -> str:
        return self.code


class Dataset(models.Model):
    """A table that an agency answers for, and its structure.

    `dimensions`: in order, `{"key", "name", "name_en", "role": "region" | "category", "level" | "classification"}`; time
    is always there and is not listed. `small_cell`: counts from 1 up to but without this number are not published."""

    code = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    summary = models.TextField(blank=True)
    summary_en = models.TextField(blank=True)
    agency_code = models.CharField(max_length=60, db_index=True)
    activity = models.ForeignKey(Activity, null=True, blank=True, on_delete=models.PROTECT, related_name="datasets")
    theme = models.CharField(max_length=60, blank=True)
    frequency = models.CharField(max_length=1, choices=FREQUENCY_CHOICES, default=states.YEAR)
    dimensions = models.JSONField(default=list)
    keywords = models.JSONField(default=list)
    licence = models.CharField(max_length=100, default="CC-BY-4.0")
    contact = models.CharField(max_length=200, blank=True)
    small_cell = models.PositiveSmallIntegerField(null=True, blank=True)
    jump = models.PositiveSmallIntegerField(default=states.JUMP)
    computed = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.code


class Indicator(models.Model):
    """One figure of a dataset, with its form MS-Ind. Has the public page `/data/<code>`."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="indicators")
    code = models.SlugField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    unit = models.CharField(max_length=60, blank=True)
    unit_en = models.CharField(max_length=60, blank=True)
    decimals = models.PositiveSmallIntegerField(default=0)
    direction = models.CharField(max_length=4, blank=True)  # up: more is better; down: less is
    total = models.CharField(max_length=4, blank=True)  # sum or mean over a dimension; empty: neither is right
    definition = models.TextField(blank=True)
    definition_en = models.TextField(blank=True)
    formula = models.TextField(blank=True)
    synonyms = models.JSONField(default=list)
    form = models.JSONField(default=dict)
    source_key = models.CharField(max_length=120, blank=True, db_index=True)  # the city's own figure that fills it
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["dataset", "position", "code"]

    def __str__(self) -> str:
        return self.code


class Release(models.Model):
    """The release calendar: which period of a dataset is due when."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="releases")
    period = models.CharField(max_length=10)
    due = models.DateField(db_index=True)
    met_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["due", "dataset"]
        constraints = [models.UniqueConstraint(fields=["dataset", "period"], name="one_release_a_period")]

    def __str__(self) -> str:
        return f"{self.dataset_id} {self.period}"


class Edition(models.Model):
    """A state of a whole dataset, from the agency's draft to the public. Once published its figures never change: a
    correction is the next edition.

    `mapping`: column of the table read → what it is. `repairs`: what was written → what is meant, of this upload.
    `notes`: jump key → the producer's explanation. `findings`: what the reader and the comparison say, as shown.
    `unread_since`: since when a large workbook waits to be read (again) outside the pages; None: what is kept here is what
    was read. `draft_file`, `data_file`: SHA-256 of the Parquet files before and after suppression. `revision` counts every change
    of the draft, so that of two people the slower is told."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="editions")
    number = models.PositiveIntegerField(null=True, blank=True)  # given when it is published
    state = models.CharField(max_length=10, choices=STATE_CHOICES, default=states.DRAFT, db_index=True)
    file = models.UUIDField(null=True, blank=True)
    file_name = models.CharField(max_length=160, blank=True)
    table = models.PositiveSmallIntegerField(default=0)
    mapping = models.JSONField(default=dict)
    repairs = models.JSONField(default=list)
    notes = models.JSONField(default=dict)
    findings = models.JSONField(default=dict)
    rows = models.PositiveIntegerField(default=0)
    open_problems = models.PositiveIntegerField(default=0)
    changed_cells = models.PositiveIntegerField(default=0)
    periods = models.JSONField(default=list)
    reason = models.CharField(max_length=500, blank=True)
    unread_since = models.DateTimeField(null=True, blank=True, db_index=True)
    reading_tries = models.PositiveSmallIntegerField(default=0)
    draft_file = models.CharField(max_length=64, blank=True)
    data_file = models.CharField(max_length=64, blank=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    sent_by = models.CharField(max_length=200, blank=True)
    sent_by_id = models.CharField(max_length=100, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    checks = models.JSONField(default=dict)
    checked_by = models.CharField(max_length=200, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    embargo_until = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True, db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=500, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "number"], name="one_edition_a_number"),
            models.UniqueConstraint(
                fields=["dataset"], condition=models.Q(state=states.PUBLISHED), name="one_published_edition"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dataset_id} {self.number or self.key}"


class Remark(models.Model):
    """What the steward wants changed, pinned to a cell or to the whole edition."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="remarks")
    address = models.CharField(max_length=80, blank=True)
    text = models.TextField()
    author = models.CharField(max_length=200)
    at = models.DateTimeField()
    resolved_by = models.CharField(max_length=200, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["edition", "at", "id"]

    def __str__(self) -> str:
        return f"{self.edition_id} {self.address}"


class Spelling(models.Model):
    """A spelling that somebody repaired once: next time it is understood at once."""

    dataset = models.ForeignKey(Dataset, on_delete=models.CASCADE, related_name="spellings")
    dimension = models.CharField(max_length=40)
    written = models.CharField(max_length=300)
    code = models.CharField(max_length=40)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["dataset", "dimension", "written"]
        constraints = [
            models.UniqueConstraint(fields=["dataset", "dimension", "written"], name="one_meaning_a_spelling")
        ]

    def __str__(self) -> str:
        return self.written
