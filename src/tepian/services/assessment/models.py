"""Assessments, what agencies answer, what assessors say, and what citizens were asked. No score is stored anywhere."""

from __future__ import annotations

import uuid

from django.db import models

from . import states

STATE_CHOICES = [(state, state) for state in states.NEXT]
KIND_CHOICES = [(kind, kind) for kind in states.KINDS]


class CityInstrument(models.Model):
    """An instrument of the city's own, or the complete form of one that is shipped as a frame. `document` is JSON as text,
    because the order of its keys is the order on the page."""

    code = models.SlugField(max_length=60)
    version = models.CharField(max_length=20)
    document = models.TextField()

    class Meta:
        ordering = ["code", "version"]
        constraints = [models.UniqueConstraint(fields=["code", "version"], name="one_city_instrument_version")]

    def __str__(self) -> str:
        return f"{self.code} {self.version}"


class Assessment(models.Model):
    """One instrument in one year. `document` is the instrument as it was when the assessment opened: a file that changes
    later changes no result. `demonstration`: made-up figures, said so wherever they are shown. `assigned_revision` counts
    changes of who answers what, `revision` all changes of the assessment itself."""

    code = models.SlugField(max_length=70, unique=True)
    instrument_code = models.SlugField(max_length=60)
    instrument_version = models.CharField(max_length=20)
    document = models.TextField()
    year = models.PositiveSmallIntegerField()
    agency_code = models.CharField(max_length=60)
    state = models.CharField(max_length=10, choices=STATE_CHOICES, default=states.OPEN, db_index=True)
    due_on = models.DateField(null=True, blank=True)
    demonstration = models.BooleanField(default=False)
    opened_by = models.CharField(max_length=200)
    opened_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    scored_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=200, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    return_reason = models.CharField(max_length=500, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-year", "instrument_code"]
        constraints = [models.UniqueConstraint(fields=["instrument_code", "year"], name="one_assessment_a_year")]

    def __str__(self) -> str:
        return self.code


class WeightDecision(models.Model):
    """Which weight set counts, from when on and why. The newest is in force; the others stay. The first one has no reason:
    it came with the instrument."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="weight_decisions")
    weights = models.CharField(max_length=60)
    reason = models.CharField(max_length=500, blank=True)
    decided_by = models.CharField(max_length=200)
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["assessment", "decided_at", "id"]

    def __str__(self) -> str:
        return f"{self.assessment_id} {self.weights}"


class Answer(models.Model):
    """One item of one assessment: who answers it and what they say. `level` is the city's own opinion."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="answers")
    item = models.CharField(max_length=60)
    agency_code = models.CharField(max_length=60, db_index=True)
    position = models.PositiveSmallIntegerField(default=0)
    level = models.DecimalField(max_digits=7, decimal_places=2, null=True, blank=True)
    explanation = models.TextField(blank=True)
    changed_by = models.CharField(max_length=200, blank=True)
    changed_by_id = models.CharField(max_length=100, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["assessment", "position"]
        constraints = [models.UniqueConstraint(fields=["assessment", "item"], name="one_answer_an_item")]

    def __str__(self) -> str:
        return f"{self.assessment_id} {self.item}"


class Evidence(models.Model):
    """A file, a link or a page of this platform. Withdrawn, it stays in the list with its reason. `finding` is what came
    of opening the link from outside (`toolkit/links.py`), empty for what needs no opening."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=5, choices=KIND_CHOICES)
    title = models.CharField(max_length=200)
    file = models.UUIDField(null=True, blank=True)
    url = models.CharField(max_length=600, blank=True)
    finding = models.CharField(max_length=20, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    added_by = models.CharField(max_length=200)
    added_at = models.DateTimeField()
    withdrawn_by = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["answer", "added_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind=states.FILE, file__isnull=False, url="")
                | (~models.Q(kind=states.FILE) & ~models.Q(url="") & models.Q(file__isnull=True)),
                name="evidence_is_file_or_address",
            )
        ]

    def __str__(self) -> str:
        return self.title


class Score(models.Model):
    """What one assessor says of one item. Looking at it again (also with the same level) makes `scored_at` new; what was
    withdrawn or changed after that moment puts a mark on it. Who it was stays inside the office."""

    answer = models.ForeignKey(Answer, on_delete=models.CASCADE, related_name="scores")
    level = models.DecimalField(max_digits=7, decimal_places=2)
    note = models.TextField(blank=True)
    assessor = models.CharField(max_length=200)
    assessor_id = models.CharField(max_length=100)
    scored_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["answer", "id"]
        constraints = [models.UniqueConstraint(fields=["answer", "assessor_id"], name="one_score_an_assessor")]

    def __str__(self) -> str:
        return f"{self.answer_id} {self.level}"


class Interview(models.Model):
    """The agenda of the assessors' interviews: when, where, with whom, what is asked, what was answered."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="interviews")
    starts_at = models.DateTimeField()
    place = models.CharField(max_length=200)
    agency_code = models.CharField(max_length=60)
    questions = models.TextField()
    answers = models.TextField(blank=True)
    planned_by = models.CharField(max_length=200)
    noted_by = models.CharField(max_length=200, blank=True)
    noted_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField(max_length=500, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["starts_at", "id"]

    def __str__(self) -> str:
        return f"{self.assessment_id} {self.agency_code}"


class Survey(models.Model):
    """The citizen survey of an assessment. `questions`: `{"key", "dimension", "text", "text_en"}`, answered from `lowest` to
    `highest`; they do not change once somebody answered."""

    assessment = models.OneToOneField(Assessment, on_delete=models.CASCADE, related_name="survey")
    code = models.SlugField(max_length=70, unique=True)
    questions = models.JSONField(default=list)
    lowest = models.PositiveSmallIntegerField(default=1)
    highest = models.PositiveSmallIntegerField(default=5)
    opens_on = models.DateField()
    closes_on = models.DateField()
    opened_by = models.CharField(max_length=200)

    class Meta:
        ordering = ["-opens_on"]

    def __str__(self) -> str:
        return self.code


class Response(models.Model):
    """One citizen's answers: question → number. Nothing in it says who it was; `browser` is the hash of a random word that
    only the browser keeps, so that it answers once, and only the day is kept."""

    survey = models.ForeignKey(Survey, on_delete=models.CASCADE, related_name="responses")
    answers = models.JSONField(default=dict)
    browser = models.CharField(max_length=64)
    answered_on = models.DateField()

    class Meta:
        ordering = ["survey", "id"]
        constraints = [models.UniqueConstraint(fields=["survey", "browser"], name="one_response_a_browser")]

    def __str__(self) -> str:
        return f"{self.survey_id} {self.pk}"


class PublishedResult(models.Model):
    """What a city published of itself. `values`: part or item → value, where they are known; the score computed from them
    stands beside the published one. `values` are text, so that 3.60 stays 3.60."""

    city = models.CharField(max_length=120)
    instrument_code = models.SlugField(max_length=60)
    instrument_version = models.CharField(max_length=20)
    year = models.PositiveSmallIntegerField()
    score = models.DecimalField(max_digits=7, decimal_places=3)
    weights = models.CharField(max_length=60, blank=True)
    values = models.JSONField(default=dict)
    source = models.CharField(max_length=300)
    note = models.CharField(max_length=500, blank=True)
    note_en = models.CharField(max_length=500, blank=True)
    added_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-year", "city"]
        constraints = [
            models.UniqueConstraint(fields=["city", "instrument_code", "year", "source"], name="one_published_result")
        ]

    def __str__(self) -> str:
        return f"{self.city} {self.year}"
