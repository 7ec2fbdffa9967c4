"""The council and the technical team: who sits there, when they met, what they decided and what became of it."""

from __future__ import annotations

import uuid

from django.db import models

from .. import states
from .plan import Plan


class Body(models.Model):
    """The smart-city council (dewan) or technical team (tim teknis). `basis`: the decree that set it up."""

    code = models.SlugField(max_length=60, unique=True)
    kind = models.CharField(max_length=10, choices=[(kind, kind) for kind in states.BODY_KINDS])
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    basis = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["kind", "code"]

    def __str__(self) -> str:
        return self.title


class Membership(models.Model):
    """A post's or an outside institution's seat; persons are not named here, they hold posts. `seat`: chair, secretary,
    member."""

    body = models.ForeignKey(Body, on_delete=models.CASCADE, related_name="members")
    position_code = models.CharField(max_length=80, blank=True)
    institution = models.CharField(max_length=200, blank=True)  # a university, a community
    seat = models.CharField(max_length=20)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["body", "id"]

    def __str__(self) -> str:
        return f"{self.body_id} {self.position_code or self.institution}"


class Meeting(models.Model):
    """A meeting of a body. `present` are the seats that were taken, as they were called that day; `guests` counts others.
    `revision` counts every change."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    body = models.ForeignKey(Body, on_delete=models.PROTECT, related_name="meetings")
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.SET_NULL, related_name="meetings")
    title = models.CharField(max_length=200)
    starts_at = models.DateTimeField(db_index=True)
    ends_at = models.DateTimeField()
    place = models.CharField(max_length=200, blank=True)
    agenda = models.TextField(blank=True)
    minutes = models.TextField(blank=True)
    present = models.JSONField(default=list, blank=True)
    guests = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(
        max_length=10, choices=[(state, state) for state in states.MEETING_NEXT], default=states.PLANNED
    )
    reason = models.CharField(max_length=500, blank=True)  # why it was cancelled
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-starts_at", "-id"]

    def __str__(self) -> str:
        return self.title


class Resolution(models.Model):
    """Something that a meeting decided: who does it by when, and what became of it. `key_of_part` names a part of the
    plan."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="resolutions")
    number = models.PositiveSmallIntegerField()
    text = models.TextField()
    agency_code = models.CharField(max_length=60, db_index=True)
    due_on = models.DateField()
    part_key = models.UUIDField(null=True, blank=True)
    state = models.CharField(
        max_length=10, choices=[(state, state) for state in states.RESOLUTION_NEXT], default=states.OPEN, db_index=True
    )
    outcome = models.TextField(blank=True)
    ended_on = models.DateField(null=True, blank=True)
    ended_by = models.CharField(max_length=200, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["meeting", "number"]
        constraints = [models.UniqueConstraint(fields=["meeting", "number"], name="one_resolution_a_number")]

    def __str__(self) -> str:
        return f"{self.meeting_id}/{self.number}"
