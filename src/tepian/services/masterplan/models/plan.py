"""A plan for some years and its revisions. A revision holds the whole tree: goals, their programmes, their actions."""

from __future__ import annotations

import uuid

from django.db import models

from .. import states

REVISION_CHOICES = [(state, state) for state in states.REVISION_NEXT]
KIND_CHOICES = [(kind, kind) for kind in states.KINDS]
SOURCE_CHOICES = [(source, source) for source in states.SOURCES]


class Framework(models.Model):
    """The dimensions that a plan is sorted by, in one version.

    `dimensions`, in order: `{"code", "name", "name_en", "parts": [{"code", "name", "name_en"}]}`."""

    code = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    source = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    dimensions = models.JSONField(default=list)

    class Meta:
        ordering = ["-valid_from", "code"]

    def __str__(self) -> str:
        return self.code


class Plan(models.Model):
    """A plan of the city for a period. `basis` is the regulation it rests on. `simulated`: a demonstration, and every
    page says so."""

    code = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    vision = models.TextField(blank=True)
    vision_en = models.TextField(blank=True)
    first_year = models.PositiveSmallIntegerField()
    last_year = models.PositiveSmallIntegerField()
    framework = models.ForeignKey(Framework, on_delete=models.PROTECT, related_name="plans")
    basis = models.CharField(max_length=300, blank=True)
    simulated = models.BooleanField(default=False)
    public_since = models.DateField(null=True, blank=True)  # from this day on it stands on /rencana
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-first_year", "code"]

    def __str__(self) -> str:
        return self.code


class Revision(models.Model):
    """A state of the whole plan. What is in force never changes: a change is the next revision, with its decision.

    `edits` counts every change of a draft: who proposes, decides or imports has seen it as it is. Two planners who write
    different parts do not meet here but at `Part.edits`."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=REVISION_CHOICES, default=states.DRAFT)
    title = models.CharField(max_length=200, blank=True)
    reason = models.TextField(blank=True)
    decision = models.CharField(max_length=200, blank=True)  # number of the regulation or decree
    decided_on = models.DateField(null=True, blank=True)
    in_force_from = models.DateField(null=True, blank=True)
    in_force_to = models.DateField(null=True, blank=True)  # the last day, once superseded
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    proposed_by = models.CharField(max_length=200, blank=True)
    proposed_by_id = models.CharField(max_length=100, blank=True)
    proposed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=200, blank=True)
    returned_by = models.CharField(max_length=200, blank=True)  # who sent it back or dropped it, and why
    returned_reason = models.TextField(blank=True)
    edits = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["plan", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["plan", "number"], name="one_revision_a_number"),
            models.UniqueConstraint(
                fields=["plan"], condition=models.Q(state=states.IN_FORCE), name="one_revision_in_force"
            ),
            models.UniqueConstraint(
                fields=["plan"],
                condition=models.Q(state__in=(states.DRAFT, states.PROPOSED)),
                name="one_open_revision",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id}/{self.number}"


class Part(models.Model):
    """A goal, a programme or an action in one revision. `key` stays the same through all revisions: reports name it.

    `baseline` and targets are in `unit`; `rule` says how quarterly values make a year: `last` (where it stands) or `sum`
    (they add up). `figure` is the key of a figure that a room computes or has published; with it the claim stands beside
    the computed value. `tolerance`: percent between the two above which a reason is asked. `weight` counts in means.
    `edits` counts every change of this part with all that hangs on it: two planners meet only on the same part."""

    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="parts")
    key = models.UUIDField(default=uuid.uuid4, db_index=True)
    kind = models.CharField(max_length=10, choices=KIND_CHOICES)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.CASCADE, related_name="children")
    code = models.CharField(max_length=40)  # as people write it: 1, 1.2, 1.2.03
    position = models.PositiveIntegerField(default=0)
    title = models.CharField(max_length=300)
    title_en = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    dimension = models.CharField(max_length=40, blank=True, db_index=True)  # codes of the plan's framework
    subdimension = models.CharField(max_length=40, blank=True)
    agency_code = models.CharField(max_length=60, blank=True, db_index=True)
    quick_win = models.BooleanField(default=False)
    planning_code = models.CharField(max_length=40, blank=True)  # urusan.bidang.program.kegiatan.sub-kegiatan
    renstra = models.CharField(max_length=200, blank=True)  # reference in the agency's strategic plan
    first_year = models.PositiveSmallIntegerField(null=True, blank=True)
    last_year = models.PositiveSmallIntegerField(null=True, blank=True)
    indicator = models.CharField(max_length=300, blank=True)  # what is measured
    unit = models.CharField(max_length=60, blank=True)
    direction = models.CharField(max_length=4, blank=True)
    rule = models.CharField(max_length=4, default=states.LAST)
    baseline = models.FloatField(null=True, blank=True)
    figure = models.CharField(max_length=160, blank=True)
    tolerance = models.FloatField(null=True, blank=True)
    weight = models.PositiveSmallIntegerField(default=1)
    outcome = models.TextField(blank=True)
    impact = models.TextField(blank=True)
    edits = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["revision", "position", "code"]
        constraints = [models.UniqueConstraint(fields=["revision", "key"], name="one_part_a_key")]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"


class Target(models.Model):
    """What an action is to reach by the end of a year, in the action's unit."""

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="targets")
    year = models.PositiveSmallIntegerField()
    value = models.FloatField()

    class Meta:
        ordering = ["part", "year"]
        constraints = [models.UniqueConstraint(fields=["part", "year"], name="one_target_a_year")]

    def __str__(self) -> str:
        return f"{self.part_id} {self.year}"


class Money(models.Model):
    """The budget of an action in a year from one source, in rupiah."""

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="money")
    year = models.PositiveSmallIntegerField()
    source = models.CharField(max_length=5, choices=SOURCE_CHOICES, default=states.APBD)
    amount = models.BigIntegerField()

    class Meta:
        ordering = ["part", "year", "source"]
        constraints = [models.UniqueConstraint(fields=["part", "year", "source"], name="one_amount_a_source")]

    def __str__(self) -> str:
        return f"{self.part_id} {self.year} {self.source}"


class Milestone(models.Model):
    """A point that an action passes. `key` stays the same through all revisions."""

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="milestones")
    key = models.UUIDField(default=uuid.uuid4, db_index=True)
    title = models.CharField(max_length=300)
    due_on = models.DateField()
    weight = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering = ["part", "due_on", "id"]
        constraints = [models.UniqueConstraint(fields=["part", "key"], name="one_milestone_a_key")]

    def __str__(self) -> str:
        return self.title


class Risk(models.Model):
    """What could stop an action, from 1 (small) to 5, and what is done about it."""

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="risks")
    text = models.CharField(max_length=500)
    likelihood = models.PositiveSmallIntegerField()
    severity = models.PositiveSmallIntegerField()
    response = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["part", "id"]

    def __str__(self) -> str:
        return self.text


class Dependency(models.Model):
    """An action waits for another one, named by its key."""

    part = models.ForeignKey(Part, on_delete=models.CASCADE, related_name="dependencies")
    on_key = models.UUIDField()
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["part", "id"]
        constraints = [models.UniqueConstraint(fields=["part", "on_key"], name="one_dependency_a_pair")]

    def __str__(self) -> str:
        return f"{self.part_id} → {self.on_key}"


class Workbook(models.Model):
    """A workbook that is being read into a draft. `choices` is what people have said of it: `{"table", "columns",
    "meanings", "remove_missing"}`; the file itself is read anew at each look. `edits` counts every choice."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    revision = models.ForeignKey(Revision, on_delete=models.CASCADE, related_name="workbooks")
    file = models.UUIDField()
    name = models.CharField(max_length=200)
    choices = models.JSONField(default=dict, blank=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    applied_by = models.CharField(max_length=200, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)
    edits = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self) -> str:
        return self.name
