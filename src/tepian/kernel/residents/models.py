"""Residents, family cards, where they lived, what happened to them, what they asked to be corrected, and who may be one
person twice."""

from __future__ import annotations

import uuid

from django.db import models


class Status(models.TextChoices):
    LIVING = "living"
    DEAD = "dead"
    MOVED = "moved"  # out of the city
    MERGED = "merged"  # the same person as another entry, which is the one to use


class Family(models.Model):
    """A family card (KK). `region` is the smallest region known of its address: an RT, else a ward."""

    kk = models.CharField(max_length=16, unique=True)
    region = models.ForeignKey("city.Region", on_delete=models.PROTECT, related_name="families")
    street = models.CharField(max_length=200, blank=True)
    recorded_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    fictional = models.BooleanField(default=False)

    class Meta:
        app_label = "city"
        indexes = [models.Index(fields=["region"], name="family_region")]

    def __str__(self) -> str:
        return f"KK {self.pk}"


class Resident(models.Model):
    """A person in the register. Codes (`religion`, `education` …) are those of the civil registry, see `references`.

    `ward_code` is the ward that the person lives in now; what a clerk may see hangs on it. `folded` is the name as it is
    compared. `fictional`: made by the generator, and every page says so. `merged_into` is the entry that stands for this
    person where somebody was registered twice; this one keeps its history. `revision` counts every change."""

    nik = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=120)
    folded = models.CharField(max_length=120)
    sex = models.CharField(max_length=1)  # L, P
    born_on = models.DateField(db_index=True)
    born_in = models.CharField(max_length=80, blank=True)
    family = models.ForeignKey(Family, null=True, blank=True, on_delete=models.PROTECT, related_name="members")
    relation = models.PositiveSmallIntegerField(default=0)
    religion = models.PositiveSmallIntegerField(default=0)
    marriage = models.PositiveSmallIntegerField(default=0)
    education = models.PositiveSmallIntegerField(default=0)
    occupation = models.PositiveSmallIntegerField(default=0)
    blood = models.PositiveSmallIntegerField(default=0)
    citizenship = models.PositiveSmallIntegerField(default=1)
    father = models.CharField(max_length=120, blank=True)
    mother = models.CharField(max_length=120, blank=True)
    region = models.ForeignKey("city.Region", on_delete=models.PROTECT, related_name="residents")
    ward_code = models.CharField(max_length=30)
    street = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.LIVING)
    status_on = models.DateField(null=True, blank=True)
    fictional = models.BooleanField(default=False)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="entries")
    recorded_at = models.DateTimeField(db_index=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        app_label = "city"
        indexes = [
            models.Index(fields=["ward_code", "folded"], name="resident_ward_name"),
            models.Index(fields=["family"], name="resident_family"),
        ]

    def __str__(self) -> str:
        return f"resident {self.pk}"


class ResidentKey(models.Model):
    """An entry of the index of names: a word, or two words, by their sound (see `names.keys`)."""

    key = models.BigIntegerField()
    resident = models.ForeignKey(Resident, on_delete=models.CASCADE, related_name="+", db_index=True)

    class Meta:
        app_label = "city"
        indexes = [models.Index(fields=["key", "resident"], name="resident_key")]

    def __str__(self) -> str:
        return str(self.key)


class Residence(models.Model):
    """Where a person lived, from when to when; the open one is the present address. `basis` is the letter behind it."""

    resident = models.ForeignKey(Resident, on_delete=models.CASCADE, related_name="residences")
    region = models.ForeignKey("city.Region", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    elsewhere = models.CharField(max_length=200, blank=True)  # outside the city
    street = models.CharField(max_length=200, blank=True)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    basis = models.CharField(max_length=120, blank=True)

    class Meta:
        app_label = "city"
        ordering = ["resident", "since", "id"]

    def __str__(self) -> str:
        return f"{self.resident_id} {self.since}"


class CivilEvent(models.Model):
    """A birth, death, move, marriage … of a person, on a day, with the paper behind it. Never changed: a mistake is set
    right by the next event."""

    class Kind(models.TextChoices):
        BIRTH = "birth"
        DEATH = "death"
        MOVE_IN = "move_in"
        MOVE_OUT = "move_out"
        MOVE_WITHIN = "move_within"
        MARRIAGE = "marriage"
        DIVORCE = "divorce"
        CORRECTION = "correction"
        MERGE = "merge"  # of two entries of one person, or its undoing

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    resident = models.ForeignKey(Resident, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    on = models.DateField()
    basis = models.CharField(max_length=120, blank=True)
    details = models.JSONField(default=dict)
    recorded_by = models.CharField(max_length=200)
    recorded_at = models.DateTimeField()

    class Meta:
        app_label = "city"
        ordering = ["resident", "on", "id"]
        indexes = [models.Index(fields=["kind", "on"], name="civil_event_kind_on")]

    def __str__(self) -> str:
        return f"{self.kind} {self.on}"


class Correction(models.Model):
    """Somebody says that something in the register is wrong. The law gives three times 24 hours (UU 27/2022 art. 30);
    `due_at` is that moment. `field` is one of the register's, `wanted` as it should be."""

    class State(models.TextChoices):
        ASKED = "asked"
        CORRECTED = "corrected"
        REFUSED = "refused"

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    resident = models.ForeignKey(Resident, on_delete=models.CASCADE, related_name="corrections")
    field = models.CharField(max_length=30)
    was = models.CharField(max_length=200, blank=True)
    wanted = models.CharField(max_length=200)
    reason = models.TextField()
    evidence = models.UUIDField(null=True, blank=True)
    asked_by = models.CharField(max_length=200)
    asked_at = models.DateTimeField()
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ASKED, db_index=True)
    answer = models.TextField(blank=True)
    decided_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        app_label = "city"
        ordering = ["due_at", "id"]

    def __str__(self) -> str:
        return f"{self.resident_id} {self.field}"


class DuplicatePair(models.Model):
    """Two entries that may be one person. `reasons` are words of `duplicates.REASONS`; `score` is 0 to 1. Only a person
    decides; `kept` is the entry that stands after “the same”, `before` the other's status, so that it can be undone."""

    class State(models.TextChoices):
        OPEN = "open"
        SAME = "same"
        DIFFERENT = "different"

    first = models.ForeignKey(Resident, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Resident, on_delete=models.CASCADE, related_name="+")
    score = models.FloatField()
    reasons = models.JSONField(default=list)
    found_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    kept = models.ForeignKey(Resident, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    before = models.CharField(max_length=10, blank=True)
    why = models.TextField(blank=True)
    decided_by = models.CharField(max_length=200, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        app_label = "city"
        ordering = ["-score", "id"]
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="duplicate_pair_once")]
        indexes = [models.Index(fields=["state", "-score"], name="duplicate_pair_state")]

    def __str__(self) -> str:
        return f"{self.first_id} {self.second_id}"
