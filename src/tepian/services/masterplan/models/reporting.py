"""What agencies say of their actions, with evidence, beside what the platform computes."""

from __future__ import annotations

import uuid

from django.db import models

from .. import states
from .plan import Plan

REPORT_CHOICES = [(state, state) for state in states.REPORT_NEXT]
EVIDENCE_CHOICES = [(kind, kind) for kind in states.EVIDENCE_KINDS]
OFFICE_CHOICES = [(office, office) for office in states.OFFICES]


class Report(models.Model):
    """One action in one quarter, as its agency reports it. `key` is the action's.

    `value` is the claim in the action's unit: of this quarter where the action's rule is `sum`, else where the year
    stands. `spent`: rupiah of the year so far. `computed` is what the platform said when it was sent (of
    `computed_period`); what it says today is asked anew. `revision` counts every change."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="reports")
    key = models.UUIDField(db_index=True)
    agency_code = models.CharField(max_length=60, db_index=True)
    year = models.PositiveSmallIntegerField()
    quarter = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=10, choices=REPORT_CHOICES, default=states.REPORT_DRAFT, db_index=True)
    value = models.FloatField(null=True, blank=True)
    spent = models.BigIntegerField(null=True, blank=True)
    obstacle = models.TextField(blank=True)
    next_step = models.TextField(blank=True)
    computed = models.FloatField(null=True, blank=True)
    computed_period = models.CharField(max_length=12, blank=True)
    difference_reason = models.TextField(blank=True)
    created_by = models.CharField(max_length=200)
    created_at = models.DateTimeField()
    changed_by = models.CharField(max_length=200, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.CharField(max_length=200, blank=True)
    sent_by_id = models.CharField(max_length=100, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["plan", "-year", "-quarter", "id"]
        constraints = [models.UniqueConstraint(fields=["plan", "key", "year", "quarter"], name="one_report_a_quarter")]
        indexes = [models.Index(fields=["plan", "year", "quarter"], name="reports_of_a_quarter")]

    def __str__(self) -> str:
        return f"{self.key} {self.year}-Q{self.quarter}"


class Verification(models.Model):
    """An office's word on a sent report. Both offices accept before it counts as verified; history is kept."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="verifications")
    office = models.CharField(max_length=20, choices=OFFICE_CHOICES)
    verdict = models.CharField(max_length=10)
    note = models.TextField(blank=True)
    by = models.CharField(max_length=200)
    by_id = models.CharField(max_length=100)
    at = models.DateTimeField()
    report_revision = models.PositiveIntegerField()  # a word on an earlier state of the report no longer counts

    class Meta:
        ordering = ["report", "at", "id"]

    def __str__(self) -> str:
        return f"{self.report_id} {self.office} {self.verdict}"


class Evidence(models.Model):
    """A file, a photo with place and day, or a link that was looked at from outside. Withdrawn, it stays readable with
    its reason, and what rested on it is looked at again."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="evidence")
    kind = models.CharField(max_length=5, choices=EVIDENCE_CHOICES)
    title = models.CharField(max_length=200)
    file = models.UUIDField(null=True, blank=True)
    url = models.CharField(max_length=600, blank=True)
    taken_on = models.DateField(null=True, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    public = models.BooleanField(default=True)  # shown on /rencana once its report is verified
    reachable = models.BooleanField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    finding = models.CharField(max_length=40, blank=True)  # why the link did not open, a code
    added_by = models.CharField(max_length=200)
    added_at = models.DateTimeField()
    withdrawn_by = models.CharField(max_length=200, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["report", "added_at", "id"]

    def __str__(self) -> str:
        return self.title


class MilestoneReached(models.Model):
    """A milestone passed, said in a report. `key` is the milestone's."""

    report = models.ForeignKey(Report, on_delete=models.CASCADE, related_name="reached")
    key = models.UUIDField(db_index=True)
    reached_on = models.DateField()

    class Meta:
        ordering = ["report", "reached_on"]
        constraints = [models.UniqueConstraint(fields=["report", "key"], name="one_reached_a_report")]

    def __str__(self) -> str:
        return f"{self.key}"


class Handover(models.Model):
    """An agency's actions pass to another (dissolved, merged, renamed): all of them, or one by its key."""

    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="handovers")
    key = models.UUIDField(null=True, blank=True)  # empty: every action of the agency
    from_agency = models.CharField(max_length=60)
    to_agency = models.CharField(max_length=60)
    on = models.DateField()
    decision = models.CharField(max_length=200)
    reason = models.CharField(max_length=500, blank=True)
    by = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        ordering = ["plan", "on", "id"]

    def __str__(self) -> str:
        return f"{self.from_agency} → {self.to_agency}"
