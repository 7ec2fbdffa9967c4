"""The city's projects: stages, curves of progress, photos before and after, and what people say of them."""

from __future__ import annotations

import uuid

from django.db import models

from .. import states
from .plan import SOURCE_CHOICES, Plan


class Project(models.Model):
    """A park, a market, a pier. `part_key` names the plan's action that it belongs to; money is in rupiah, `starts_on` and
    `ends_on` are as planned now. `promised_on` and `first_budget` are what was said when work began and never change
    after it: lateness and cost are measured against them. `revision` counts every change."""

    slug = models.SlugField(max_length=80, unique=True)
    plan = models.ForeignKey(Plan, null=True, blank=True, on_delete=models.SET_NULL, related_name="projects")
    part_key = models.UUIDField(null=True, blank=True, db_index=True)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    summary = models.TextField(blank=True)
    summary_en = models.TextField(blank=True)
    agency_code = models.CharField(max_length=60, db_index=True)
    dimension = models.CharField(max_length=40, blank=True)
    region_code = models.CharField(max_length=30, blank=True)
    place = models.CharField(max_length=200, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    contractor = models.CharField(max_length=200, blank=True)  # the firm, as in the published contract
    contract = models.CharField(max_length=120, blank=True)
    contract_amount = models.BigIntegerField(null=True, blank=True)
    budget = models.BigIntegerField(null=True, blank=True)
    first_budget = models.BigIntegerField(null=True, blank=True)
    source = models.CharField(max_length=5, choices=SOURCE_CHOICES, default=states.APBD)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    promised_on = models.DateField(null=True, blank=True)
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)
    state = models.CharField(
        max_length=10, choices=[(state, state) for state in states.PROJECT_NEXT], default=states.PLANNED, db_index=True
    )
    reason = models.CharField(max_length=500, blank=True)  # why it is paused, cancelled or reopened
    public = models.BooleanField(default=False)
    simulated = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["title"]

    def __str__(self) -> str:
        return self.slug


class ProjectStep(models.Model):
    """What happened to a project as a whole, for everybody to read: a state it came into, or `end` and `budget` that were
    moved from `was` to `now` (a day as written in ISO 8601, rupiah)."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="steps")
    kind = models.CharField(max_length=10)
    on = models.DateField()
    was = models.CharField(max_length=20, blank=True)
    now = models.CharField(max_length=20, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["project", "on", "id"]

    def __str__(self) -> str:
        return f"{self.project_id} {self.kind} {self.on}"


class Stage(models.Model):
    """A stage of a project with the days planned and the days that came. `weight` counts in its physical progress."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    weight = models.PositiveSmallIntegerField(default=1)
    starts_on = models.DateField()
    ends_on = models.DateField()
    started_on = models.DateField(null=True, blank=True)
    ended_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["project", "position"]
        constraints = [models.UniqueConstraint(fields=["project", "position"], name="one_stage_a_position")]

    def __str__(self) -> str:
        return self.title


class ProgressPoint(models.Model):
    """Where a project stands at the end of a month, all since its start: physical in percent, money in rupiah; as planned
    and as it came."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="points")
    month = models.DateField()  # its first day
    planned_physical = models.FloatField(null=True, blank=True)
    planned_money = models.BigIntegerField(null=True, blank=True)
    physical = models.FloatField(null=True, blank=True)
    money = models.BigIntegerField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)
    reported_by = models.CharField(max_length=200, blank=True)
    reported_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["project", "month"]
        constraints = [models.UniqueConstraint(fields=["project", "month"], name="one_point_a_month")]

    def __str__(self) -> str:
        return f"{self.project_id} {self.month:%Y-%m}"


class ProjectPhoto(models.Model):
    """A photo of the site. Photos of one `spot` stand side by side, before and after."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="photos")
    stage = models.ForeignKey(Stage, null=True, blank=True, on_delete=models.SET_NULL, related_name="photos")
    file = models.UUIDField()
    phase = models.CharField(max_length=6, choices=[(phase, phase) for phase in states.PHASES])
    spot = models.CharField(max_length=100)
    caption = models.CharField(max_length=300)  # also the text for those who do not see it
    taken_on = models.DateField()
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    added_by = models.CharField(max_length=200)
    added_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["project", "spot", "taken_on", "id"]

    def __str__(self) -> str:
        return self.caption


class Comment(models.Model):
    """What somebody says of a project: a fact or a question, looked at before it is shown. No name is asked; numbers of
    persons are masked before the text is stored. `key` comes with the form, so that a form sent twice is one comment;
    `code` is what the author looks it up by. `sender` is a keyed hash that only serves against floods of messages; it is
    dropped after a month. `findings` are codes of what the rules noticed, `reason` is the code of why it is not shown."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.CharField(max_length=20, unique=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="comments")
    kind = models.CharField(max_length=10, choices=[(kind, kind) for kind in states.COMMENT_KINDS])
    text = models.TextField()
    photo = models.UUIDField(null=True, blank=True)
    sender = models.CharField(max_length=64, blank=True, db_index=True)
    at = models.DateTimeField(db_index=True)
    state = models.CharField(
        max_length=10, choices=[(state, state) for state in states.COMMENT_NEXT], default=states.WAITING, db_index=True
    )
    findings = models.JSONField(default=list, blank=True)
    reason = models.CharField(max_length=20, blank=True)
    judged_by = models.CharField(max_length=200, blank=True)
    judged_at = models.DateTimeField(null=True, blank=True)
    answer = models.TextField(blank=True)
    answered_by = models.CharField(max_length=200, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["project", "-at", "-id"]

    def __str__(self) -> str:
        return f"{self.project_id} {self.at:%Y-%m-%d}"


class WordList(models.Model):
    """Insults of a language as data: `words` with the endings and beginnings they may carry, `innocent` phrases in which
    they mean no harm."""

    code = models.SlugField(max_length=60, unique=True)
    language = models.CharField(max_length=10)
    source = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    words = models.JSONField(default=list)
    prefixes = models.JSONField(default=list)
    suffixes = models.JSONField(default=list)
    innocent = models.JSONField(default=list)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code
