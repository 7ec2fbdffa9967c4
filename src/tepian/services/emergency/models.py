"""Rules, signs, incidents, time lines and assignments."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Q

from . import states

LEVEL_CHOICES = [(level, level.capitalize()) for level in states.LEVELS]


class HazardRule(models.Model):
    """When signs of a hazard open a draft, for a time (`valid_to` is the last day). See `states.Rule`."""

    hazard = models.CharField(max_length=40)
    name = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    min_sources = models.PositiveSmallIntegerField(default=2)
    window_minutes = models.PositiveIntegerField(default=60)
    max_distance_m = models.PositiveIntegerField(default=5000)
    same_district = models.BooleanField(default=True)
    anchor_kinds = models.JSONField(default=list)
    anchor_level = models.CharField(max_length=10, default="siaga")
    support_level = models.CharField(max_length=10, default="waspada")
    basis = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["hazard", "valid_from"]
        constraints = [models.UniqueConstraint(fields=["hazard", "valid_from"], name="one_rule_a_day")]

    def __str__(self) -> str:
        return f"{self.hazard} {self.valid_from}"

    def rule(self) -> states.Rule:
        return states.Rule(
            min_sources=self.min_sources,
            window=timedelta(minutes=self.window_minutes),
            max_distance_m=self.max_distance_m,
            same_district=self.same_district,
            anchor_kinds=tuple(self.anchor_kinds or ["station"]),
            anchor_level=self.anchor_level,
            support_level=self.support_level,
        )


class Incident(models.Model):
    """From a draft that signs opened to its end. `version` grows with every change that the public may see."""

    STATES = [(s, s) for s in (*states.ACTIVE, states.CLOSED, states.DISMISSED)]

    number = models.CharField(max_length=12, unique=True)
    hazard = models.CharField(max_length=40, db_index=True)
    state = models.CharField(max_length=15, choices=STATES, default=states.DRAFT, db_index=True)
    level = models.CharField(max_length=10, choices=LEVEL_CHOICES)
    suggested_level = models.CharField(max_length=10, blank=True)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200)
    place = models.CharField(max_length=200, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    areas = models.JSONField(default=list)  # region codes
    opened_at = models.DateTimeField(db_index=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.CharField(max_length=200, blank=True)
    automatic = models.BooleanField(default=False)
    under_control_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.TextField(blank=True)
    headline = models.CharField(max_length=300, blank=True)
    headline_en = models.CharField(max_length=300, blank=True)
    instruction = models.TextField(blank=True)
    instruction_en = models.TextField(blank=True)
    valid_until = models.DateTimeField(null=True, blank=True)
    simulated = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ["-opened_at"]

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class Sign(models.Model):
    """What one source sees of one hazard, from `began_at` until `ended_at`. `silent_since`: the source fell silent, so
    nobody knows whether the sign still holds.

    `judged_level` is the level at which a person dismissed or closed what this sign was part of: at that level or below
    it opens nothing more."""

    KINDS = [(kind, kind) for kind in ("station", "rain", "camera", "call", "report")]
    LASTING = ("station", "rain")  # the others are moments

    hazard = models.CharField(max_length=40)
    source_kind = models.CharField(max_length=10, choices=KINDS)
    source_key = models.CharField(max_length=150)
    stream = models.CharField(max_length=100, blank=True)
    label = models.CharField(max_length=200)
    label_en = models.CharField(max_length=200, blank=True)
    region_code = models.CharField(max_length=30, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    level = models.CharField(max_length=10, choices=LEVEL_CHOICES)
    value = models.CharField(max_length=100, blank=True)
    began_at = models.DateTimeField()
    observed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, db_index=True)
    silent_since = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(default=dict)
    simulated = models.BooleanField(default=False)
    incidents = models.ManyToManyField(Incident, related_name="signs")
    judged_level = models.CharField(max_length=10, blank=True)

    class Meta:
        ordering = ["began_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["hazard", "source_kind", "source_key", "stream", "simulated"],
                condition=Q(ended_at=None),
                name="one_active_sign_a_source",
            )
        ]
        indexes = [models.Index(fields=["source_key", "-observed_at"])]

    def __str__(self) -> str:
        return f"{self.label} {self.level}"

    @property
    def muted(self) -> bool:
        return states.rank(self.level) <= states.rank(self.judged_level) if self.judged_level else False

    def as_evidence(self) -> states.Evidence:
        ended = self.ended_at or self.silent_since
        if self.source_kind not in self.LASTING:
            ended = self.observed_at
        return states.Evidence(
            kind=self.source_kind,
            key=self.source_key,
            level=self.level,
            began_at=self.began_at,
            ended_at=ended,
            lon=self.lon,
            lat=self.lat,
            district=self.district,
            muted=self.muted,
            id=self.pk,
        )

    @property
    def district(self) -> str:
        """The district's code, `64.72.05`; empty when the region is wider than a district."""
        parts = self.region_code.split(".")
        return ".".join(parts[:3]) if len(parts) >= 3 else ""

    def summary(self) -> dict[str, Any]:
        """For events and records: plain values, no personal data."""
        return {
            "kind": self.source_kind,
            "key": self.source_key,
            "label": self.label,
            "label_en": self.label_en or self.label,
            "value": self.value,
            "amount": self.evidence.get("value"),
            "unit": self.evidence.get("unit", ""),
            "level": self.level,
            "observed_at": self.observed_at.isoformat(),
        }


class TimelineEntry(models.Model):
    """One line of an incident's story. Never changed; `kind` and `params` become a sentence in the reader's language,
    `text` is what a person wrote."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="timeline")
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=16)
    actor_label = models.CharField(max_length=200)
    kind = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    text = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.kind}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is not None:
            raise RuntimeError("a time line is appended, never edited: add another entry")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a time line is appended, never edited: add another entry")


class Assignment(models.Model):
    """A task given to an agency, one of its units or a position."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="assignments")
    agency_code = models.CharField(max_length=60)
    agency_name = models.CharField(max_length=200)
    unit = models.CharField(max_length=200, blank=True)
    task = models.CharField(max_length=300)
    assigned_at = models.DateTimeField()
    assigned_by = models.CharField(max_length=200)
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.CharField(max_length=200, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["assigned_at", "id"]

    def __str__(self) -> str:
        return f"{self.agency_name}: {self.task}"
