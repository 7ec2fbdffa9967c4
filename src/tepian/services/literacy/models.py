"""Programmes, their sessions, who came (without who they are), materials, and tests before and after."""

from __future__ import annotations

from datetime import datetime

from django.db import models

from . import states

STATE_CHOICES = [(state, state) for state in states.NEXT]
DIMENSION_CHOICES = [(dimension, dimension) for dimension in states.DIMENSIONS]
AUDIENCE_CHOICES = [(audience, audience) for audience in states.AUDIENCES]
LANGUAGE_CHOICES = [(language, language) for language in states.LANGUAGES]
PHASE_CHOICES = [(phase, phase) for phase in states.PHASES]


class AudienceGroup(models.Model):
    """For whom the city teaches: officials, communities, the public, or as the city's pack has it."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100, blank=True)
    position = models.PositiveSmallIntegerField(default=50)

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.code


class Programme(models.Model):
    """What is taught, by whom, for whom, and how many people and wards it aims at in a year. `groups`: codes of audience
    groups; `dimension`: of the smart-city frame, may be empty."""

    code = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    summary = models.TextField(blank=True)
    summary_en = models.TextField(blank=True)
    agency_code = models.CharField(max_length=60, db_index=True)
    groups = models.JSONField(default=list)
    dimension = models.CharField(max_length=12, choices=DIMENSION_CHOICES, blank=True)
    aim_people = models.PositiveIntegerField(null=True, blank=True)
    aim_wards = models.PositiveIntegerField(null=True, blank=True)
    active = models.BooleanField(default=True)
    simulated = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["title", "code"]

    def __str__(self) -> str:
        return self.code


class Session(models.Model):
    """One meeting. `door` is part of what its codes are made of: a new number makes all earlier codes worthless.
    `year` is that of `starts_at` in the city. `speaker` is a function, never a name. Attendance and tests do not count
    as changes of it: `revision` is for the people who organise."""

    number = models.CharField(max_length=12, unique=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="sessions")
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    place = models.CharField(max_length=200)
    region_code = models.CharField(max_length=40)
    starts_at = models.DateTimeField(db_index=True)
    ends_at = models.DateTimeField()
    year = models.PositiveSmallIntegerField(db_index=True)
    capacity = models.PositiveIntegerField()
    speaker = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=STATE_CHOICES, default=states.PLANNED, db_index=True)
    reason = models.CharField(max_length=300, blank=True)
    poster = models.BooleanField(default=True)
    door = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField(null=True, blank=True)
    lesson_ended_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["starts_at", "id"]

    def __str__(self) -> str:
        return self.number

    def takes_test(self, phase: str, now: datetime) -> bool:
        """May the test of this phase be sent now?"""
        if self.state == states.CANCELLED:
            return False
        if phase == states.BEFORE:
            return self.state == states.OPEN and self.lesson_ended_at is None
        return self.lesson_ended_at is not None and now <= self.ends_at + states.TEST_AFTER


class Material(models.Model):
    """A file or a link. `file` is the key of the stored file, None for a link."""

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="materials")
    title = models.CharField(max_length=200)
    language = models.CharField(max_length=2, choices=LANGUAGE_CHOICES, default="id")
    audience = models.CharField(max_length=10, choices=AUDIENCE_CHOICES, default=states.PUBLIC)
    link = models.URLField(max_length=500, blank=True)
    file = models.UUIDField(null=True, blank=True)
    file_name = models.CharField(max_length=160, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    added_at = models.DateTimeField()

    class Meta:
        ordering = ["programme", "title", "id"]

    def __str__(self) -> str:
        return self.title


class Attendance(models.Model):
    """Somebody came. `token` is a keyed digest of a random number in the person's own browser, the programme and the
    year: it joins two tests and nothing else. `region_code` is empty for people from outside the city."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="attendances")
    token = models.CharField(max_length=32)
    region_code = models.CharField(max_length=40, blank=True)
    group = models.CharField(max_length=40)
    age = models.CharField(max_length=8, blank=True)
    gender = models.CharField(max_length=1, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["session", "token"], name="one_attendance_a_token")]
        indexes = [models.Index(fields=["token"], name="literacy_attendance_token")]

    def __str__(self) -> str:
        return f"{self.session_id} {self.region_code}"


class AttendanceCount(models.Model):
    """How many came from a ward and group: from a paper list, or what is left of attendance by QR after the year.
    `people` counts each person once a year; a paper list cannot tell, so there it is as many as `attendances`."""

    PAPER, QR = "paper", "qr"

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="counts")
    region_code = models.CharField(max_length=40, blank=True)
    group = models.CharField(max_length=40)
    source = models.CharField(max_length=5, choices=[(PAPER, PAPER), (QR, QR)], default=PAPER)
    people = models.PositiveIntegerField()
    attendances = models.PositiveIntegerField()
    by = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["session", "region_code", "group"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "region_code", "group", "source"], name="one_count_a_ward_and_group"
            )
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.region_code} {self.people}"


class Question(models.Model):
    """`choices`: two to six `{"text", "text_en"}`; `right` is the place of the right one, from 0. Once it was answered
    it is not changed any more, only retired: answers to two wordings cannot be compared."""

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField(default=0)
    text = models.CharField(max_length=300)
    text_en = models.CharField(max_length=300, blank=True)
    choices = models.JSONField(default=list)
    right = models.PositiveSmallIntegerField()
    retired = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["programme", "position", "id"]

    def __str__(self) -> str:
        return self.text


class Sitting(models.Model):
    """One person's test. `answers`: question's id → place of the choice, None for “I do not know”; every question that
    was asked is in it. A person sits each test once a year and programme; after a later session the newer one counts."""

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="sittings")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="sittings")
    year = models.PositiveSmallIntegerField()
    token = models.CharField(max_length=32)
    phase = models.CharField(max_length=6, choices=PHASE_CHOICES)
    group = models.CharField(max_length=40)
    answers = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "year", "token", "phase"], name="one_sitting_a_phase")
        ]

    def __str__(self) -> str:
        return f"{self.programme_id} {self.phase}"


class YearResult(models.Model):
    """What is left of a year's tests when the answers of persons are dropped: the measured effect as it was shown."""

    programme = models.ForeignKey(Programme, on_delete=models.CASCADE, related_name="results")
    year = models.PositiveSmallIntegerField()
    effect = models.JSONField(default=dict)
    people = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ["programme", "year"]
        constraints = [models.UniqueConstraint(fields=["programme", "year"], name="one_result_a_year")]

    def __str__(self) -> str:
        return f"{self.programme_id} {self.year}"


class Arrivals(models.Model):
    """How many came through one network, or tried wrong codes, since a moment. `address` is a keyed digest."""

    address = models.CharField(max_length=32, primary_key=True)
    since = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.address
