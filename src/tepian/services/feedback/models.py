"""Who is asked, and what was answered. Nothing leads from an answer to the person or to what was handed over."""

from __future__ import annotations

import uuid

from django.db import models

from . import states


class Service(models.Model):
    """What answers are counted by. It comes with the first question about it, with the words of whoever asked."""

    key = models.CharField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["title", "key"]

    def __str__(self) -> str:
        return self.title


class Invitation(models.Model):
    """One hand-over that is asked about. `answered` says that somebody did, never what."""

    code = models.CharField(max_length=20, unique=True)
    subject = models.CharField(max_length=120, unique=True)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="invitations")
    office = models.CharField(max_length=60, blank=True)
    region = models.CharField(max_length=20, blank=True)
    handed_on = models.DateField()
    answered = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["handed_on"], name="feedback_invitation_age")]

    def __str__(self) -> str:
        return self.code


class Answer(models.Model):
    """Nine answers from 1 to 4, and what was written. The key is random and only the day is kept, so that no order of
    arrival leads to a person."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="answers")
    office = models.CharField(max_length=60, blank=True)
    region = models.CharField(max_length=20, blank=True)
    answered_on = models.DateField()
    requirements = models.PositiveSmallIntegerField()
    procedure = models.PositiveSmallIntegerField()
    time = models.PositiveSmallIntegerField()
    cost = models.PositiveSmallIntegerField()
    product = models.PositiveSmallIntegerField()
    competence = models.PositiveSmallIntegerField()
    behaviour = models.PositiveSmallIntegerField()
    facilities = models.PositiveSmallIntegerField()
    complaints = models.PositiveSmallIntegerField()
    simulated = models.BooleanField(default=False)

    comment = models.TextField(blank=True)
    state = models.CharField(max_length=10, blank=True, choices=[(each, each) for each in states.STATES])
    reply = models.TextField(blank=True)
    handled_by = models.CharField(max_length=200, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [
            models.Index(fields=["answered_on", "service"], name="feedback_answer_day"),
            models.Index(fields=["state", "answered_on"], name="feedback_answer_state"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    **{f"{element}__gte": states.LOWEST for element in states.ELEMENTS},
                    **{f"{element}__lte": states.HIGHEST for element in states.ELEMENTS},
                ),
                name="feedback_answer_one_to_four",
            )
        ]

    def __str__(self) -> str:
        return str(self.id)
