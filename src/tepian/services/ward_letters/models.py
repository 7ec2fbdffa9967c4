"""Kinds of letters as the city set them, requests, their papers and what happened to them."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac

from . import states


def choices(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


class LetterKind(models.Model):
    """A kind of letter from `valid_from` on, until the next row of the same code or `valid_to` (the last day). A request
    keeps the row under which it began, whatever is decided later.

    `questions`: rows of {code, text, text_en, hint, hint_en, type, required, prefill, choices [[code, id, en]], min, max, past,
    limit, when {question, is}}; `papers`: rows of {code, name, name_en, hint, hint_en, required, when}; `steps` and
    `checks` are codes of `states`. Due after `minutes` of office time, or at the end of the `days`-th working day;
    `valid_days` 0: no end."""

    code = models.SlugField(max_length=40)
    title = models.CharField(max_length=120)
    title_en = models.CharField(max_length=120, blank=True)
    summary = models.CharField(max_length=300, blank=True)
    summary_en = models.CharField(max_length=300, blank=True)
    words = models.CharField(max_length=300, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    questions = models.JSONField(default=list)
    papers = models.JSONField(default=list)
    checks = models.JSONField(default=list)
    steps = models.JSONField(default=list)
    fee = models.PositiveIntegerField(default=0)
    minutes = models.PositiveIntegerField(default=0)
    days = models.PositiveSmallIntegerField(default=0)
    valid_days = models.PositiveIntegerField(default=0)
    template = models.CharField(max_length=60)
    series = models.CharField(max_length=60)
    number_rule = models.CharField(max_length=120)
    classification = models.CharField(max_length=20, blank=True)
    basis = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["position", "code", "-valid_from"]
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="letter_kind_once_a_day")]

    def __str__(self) -> str:
        return f"{self.code} {self.valid_from}"


class ReadySentence(models.Model):
    """What clerks say again and again when they return or refuse; `basis` is the legal ground of a refusal."""

    code = models.SlugField(max_length=40, unique=True)
    use = models.CharField(max_length=10, choices=choices(states.USES))
    text = models.CharField(max_length=300)
    text_en = models.CharField(max_length=300, blank=True)
    basis = models.CharField(max_length=200, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["use", "position", "code"]

    def __str__(self) -> str:
        return self.code


class OfficeTime(models.Model):
    """When ward offices work, from a day on. `hours` is {"0": ["08:00", "15:00"]} with Monday as 0; `holidays` are ISO
    dates."""

    valid_from = models.DateField(unique=True)
    hours = models.JSONField(default=dict)
    holidays = models.JSONField(default=list)

    class Meta:
        ordering = ["valid_from"]

    def __str__(self) -> str:
        return str(self.valid_from)


class Request(models.Model):
    """Somebody asks for a letter. `step` is whose turn it is while it waits, and to whom it comes back when it was
    returned. `key` is what the applicant's secret address is made from. `answers`: question → text as `queries.answers`
    reads it. `state_since` and `due_at` are what the applicant is told."""

    code = models.CharField(max_length=12, unique=True)
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    kind = models.ForeignKey(LetterKind, on_delete=models.PROTECT, related_name="requests")
    kind_code = models.SlugField(max_length=40)
    resident = models.ForeignKey("city.Resident", on_delete=models.PROTECT, related_name="+")
    about = models.ForeignKey(  # whom the letter is about, since it was sent; the applicant or one of the family
        "city.Resident", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ward_code = models.CharField(max_length=30)
    region_code = models.CharField(max_length=40)  # the RT where the register knows it, else the ward
    state = models.CharField(max_length=10, choices=choices(states.STATES), default=states.DRAFT)
    step = models.CharField(max_length=10, choices=choices(states.STEPS))
    answers = models.JSONField(default=dict)
    channel = models.CharField(max_length=8, default=states.ONLINE)
    contact = models.CharField(max_length=20, blank=True)  # a phone number, given for messages about this request
    language = models.CharField(max_length=5, default="id")
    reason = models.TextField(blank=True)  # why it was returned, refused or stopped, as the applicant reads it
    basis = models.CharField(max_length=200, blank=True)
    inspection = models.JSONField(default=dict)  # {on, found, fits, by}
    seen_by = models.CharField(max_length=200, blank=True)  # who has it open at the desk
    seen_at = models.DateTimeField(null=True, blank=True)
    begun_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    state_since = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    number = models.CharField(max_length=120, blank=True)
    document = models.CharField(max_length=20, blank=True)  # under which everybody can check it
    letter = models.UUIDField(null=True, blank=True)  # the signed file
    signer = models.CharField(max_length=200, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    valid_until = models.DateField(null=True, blank=True)
    handed_how = models.CharField(max_length=8, blank=True)
    simulated = models.BooleanField(default=False)
    forgotten_at = models.DateTimeField(null=True, blank=True)  # papers and contact are gone since
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["resident", "kind_code"], condition=Q(state__in=states.OPEN), name="one_open_request_a_kind"
            )
        ]
        indexes = [
            models.Index(fields=["ward_code", "state", "step", "due_at"], name="letter_request_desk"),
            models.Index(fields=["region_code", "state", "step"], name="letter_request_rt"),
            models.Index(fields=["state", "state_since"], name="letter_request_age"),
            models.Index(fields=["document"], name="letter_request_document"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def secret(self) -> str:
        """The last part of the applicant's own address. Made anew each time from the installation's secret, so that a
        message can carry it and the database does not hold it."""
        return salted_hmac("ward_letters.applicant", f"{self.code}:{self.key}", algorithm="sha256").hexdigest()[:32]

    @property
    def steps(self) -> list[str]:
        return list(self.kind.steps)

    @property
    def signs_next(self) -> bool:
        """Is it now at the step whose holder signs?"""
        return self.state == states.WAITING and self.step == self.steps[-1]


class Paper(models.Model):
    """A file that came with a request: what it shows is the kind's `papers`; `code` "lapangan" is of the inspection."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="papers")
    code = models.SlugField(max_length=40)
    file = models.UUIDField()
    name = models.CharField(max_length=160)
    media_type = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        ordering = ["code", "id"]

    def __str__(self) -> str:
        return self.name


class Step(models.Model):
    """What happened to a request, oldest first. `by` is an office, never a person's name; `words` are for the applicant."""

    request = models.ForeignKey(Request, on_delete=models.CASCADE, related_name="history")
    verb = models.CharField(max_length=20)
    step = models.CharField(max_length=10, blank=True)
    by = models.CharField(max_length=200)
    words = models.TextField(blank=True)
    details: Any = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        ordering = ["request", "id"]

    def __str__(self) -> str:
        return f"{self.request_id} {self.verb}"


class Tries(models.Model):
    """Wrong identities from one network or for one NIK within an hour; `key` is a keyed digest of either."""

    key = models.CharField(max_length=40, unique=True)
    since = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.count}"
