"""Calls, incidents, units and what happened to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from tepian.toolkit.sealing import Seal

from . import states


def seal() -> Seal:
    """Callers' numbers at rest are sealed with the installation's secret."""
    return Seal(settings.SECRET_KEY, "dispatch.numbers")


def choices(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(value, value) for value in values]


# --- what the city decides: dated rows from its pack ------------------------------------------------------------------


class IncidentType(models.Model):
    """A kind of incident, for a time (`valid_to` is the last day). `tasks` is its run card: rows of
    `{agency, task, task_en, before_entry}`; `script` are questions and sentences to say, `{say, say_en}`."""

    code = models.CharField(max_length=4)
    name = models.CharField(max_length=100)
    name_en = models.CharField(max_length=100)
    group = models.CharField(max_length=30)
    words = models.CharField(max_length=300, blank=True)
    severity = models.CharField(max_length=1, choices=choices(states.SEVERITIES))
    skills = models.JSONField(default=list)
    units = models.PositiveSmallIntegerField(default=1)
    tasks = models.JSONField(default=list)
    script = models.JSONField(default=list)
    hazard = models.CharField(max_length=40, blank=True)
    hazard_level = models.CharField(max_length=10, blank=True)
    duplicate_m = models.PositiveIntegerField(default=300)
    duplicate_minutes = models.PositiveIntegerField(default=30)
    follow_up = models.CharField(max_length=60, blank=True)  # the agency that gets a follow-up case
    basis = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["code", "valid_from"]
        constraints = [models.UniqueConstraint(fields=["code", "valid_from"], name="one_incident_type_a_day")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ClockTarget(models.Model):
    """How fast a step shall be: within `seconds` in `share` percent of cases, for a severity or for all."""

    clock = models.CharField(max_length=10, choices=choices(states.CLOCKS))
    severity = models.CharField(max_length=1, blank=True)
    seconds = models.PositiveIntegerField()
    share = models.PositiveSmallIntegerField(default=90)
    basis = models.CharField(max_length=300, blank=True)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clock", "severity", "valid_from"], name="one_target_a_day")]

    def __str__(self) -> str:
        return f"{self.clock} {self.seconds} s"


class Neighbour(models.Model):
    """A neighbouring city's or regency's emergency desk, for calls that belong there."""

    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=100)
    contact = models.CharField(max_length=100)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name


class Unit(models.Model):
    """A vehicle with its crew. `base_*` is where it stands when nothing is known; `lon`/`lat` where it was last seen."""

    call_sign = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=30)
    agency_code = models.CharField(max_length=60, db_index=True)
    agency_name = models.CharField(max_length=200)
    skills = models.JSONField(default=list)
    base = models.CharField(max_length=200, blank=True)
    base_lon = models.FloatField()
    base_lat = models.FloatField()
    speed_kmh = models.FloatField(default=30)
    turnout_seconds = models.PositiveIntegerField(default=60)
    lon = models.FloatField()
    lat = models.FloatField()
    position_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=15, choices=choices(states.UNIT_STATES), default="off_duty", db_index=True)
    state_at = models.DateTimeField(null=True, blank=True)
    crew = models.CharField(max_length=200, blank=True)
    crew_account = models.CharField(max_length=150, blank=True, db_index=True)
    readiness = models.CharField(max_length=300, blank=True)  # what is not in order; empty: ready
    readiness_at = models.DateTimeField(null=True, blank=True)
    simulated = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["call_sign"]

    def __str__(self) -> str:
        return self.call_sign


class Shift(models.Model):
    """When a unit is to be manned. Offices and numbers of people, never names."""

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="shifts")
    starts_at = models.DateTimeField(db_index=True)
    ends_at = models.DateTimeField()
    crew = models.CharField(max_length=200)
    people = models.PositiveSmallIntegerField(default=2)
    began_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["starts_at", "unit_id"]
        constraints = [models.UniqueConstraint(fields=["unit", "starts_at"], name="one_shift_a_start")]

    def __str__(self) -> str:
        return f"{self.unit} {self.starts_at:%d %H:%M}"


# --- incidents --------------------------------------------------------------------------------------------------------


class Incident(models.Model):
    """One thing that needs help, from the first report to its end. `version` grows when what is known of it (type,
    severity, place, victims) changes, so that two who change it at once do not overwrite each other; `changed_by` is
    the account that did it last, which may send the same again."""

    number = models.CharField(max_length=12, unique=True)
    type_code = models.CharField(max_length=4, blank=True, db_index=True)
    type_from = models.DateField(null=True, blank=True)  # which version of the type
    severity = models.CharField(max_length=1, blank=True)
    state = models.CharField(max_length=12, choices=choices(states.INCIDENT_STATES), default=states.WAITING)
    place = models.CharField(max_length=200, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    radius_m = models.FloatField(null=True, blank=True)
    region_code = models.CharField(max_length=30, blank=True)
    victims = models.JSONField(default=dict)
    source = models.CharField(max_length=20, default="call")  # call, text, incident (a confirmed hazard), camera, staff
    source_key = models.CharField(max_length=60, blank=True)
    opened_at = models.DateTimeField(db_index=True)
    opened_by = models.CharField(max_length=200)
    dispatched_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=200, blank=True)
    outcome = models.CharField(max_length=20, blank=True)
    lesson = models.TextField(blank=True)  # after-action note
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="parts")
    hazard_number = models.CharField(max_length=12, blank=True, db_index=True)  # the city's hazard incident
    warning_number = models.CharField(max_length=30, blank=True)  # a public warning whose area holds this place
    neighbour = models.ForeignKey(Neighbour, null=True, blank=True, on_delete=models.PROTECT)
    escalation = models.CharField(max_length=12, blank=True)  # supervisor: nobody answers, a person must decide
    key = models.CharField(
        max_length=60, unique=True, null=True, blank=True
    )  # given by the desk: sent twice, made once
    simulated = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1)
    changed_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        indexes = [models.Index(fields=["state", "lat"]), models.Index(fields=["state", "opened_at"])]

    def __str__(self) -> str:
        return f"{self.number} {self.place}"


class Entry(models.Model):
    """One line of an incident's story, appended and never changed. `at` is when it happened, `received_at` when we
    heard of it."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="entries")
    at = models.DateTimeField()
    received_at = models.DateTimeField()
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
            raise RuntimeError("a story is appended, never edited: add another entry")
        super().save(*args, **kwargs)


class Deployment(models.Model):
    """A unit asked to an incident, with every clock. At most one active deployment a unit: the database sees to it."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="deployments")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="deployments")
    state = models.CharField(max_length=10, choices=choices(states.STEPS), default=states.ASKED)
    advice = models.JSONField(default=dict)  # what the choice rested on: seconds, basis, skills, place in the list
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=200)
    answer_by = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    under_way_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["asked_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["unit"], condition=Q(state__in=states.ACTIVE_STEPS), name="one_deployment_a_unit"
            )
        ]
        indexes = [models.Index(fields=["state", "answer_by"])]

    def __str__(self) -> str:
        return f"{self.unit} {self.state}"

    @property
    def moments(self) -> dict[str, datetime | None]:
        return {step: getattr(self, f"{step}_at") for step in states.CREW_STEPS}


class StepReport(models.Model):
    """What a crew's phone sent. `key` is made on the phone, so that what is sent again counts once."""

    key = models.CharField(max_length=60, unique=True)
    deployment = models.ForeignKey(Deployment, on_delete=models.PROTECT, related_name="reports")
    step = models.CharField(max_length=10)
    claimed_at = models.DateTimeField()
    received_at = models.DateTimeField()
    at = models.DateTimeField()
    clock_error_seconds = models.FloatField(default=0)

    def __str__(self) -> str:
        return f"{self.step} {self.at:%H:%M:%S}"


class AgencyTask(models.Model):
    """A run card's request to an agency. `before_entry`: crews wait outside until this is done (power is off)."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="tasks")
    agency_code = models.CharField(max_length=60)
    agency_name = models.CharField(max_length=200)
    task = models.CharField(max_length=300)
    task_en = models.CharField(max_length=300, blank=True)
    before_entry = models.BooleanField(default=False)
    asked_at = models.DateTimeField()
    asked_by = models.CharField(max_length=200)
    answer_by = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.CharField(max_length=200, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.CharField(max_length=200, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    escalated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-before_entry", "asked_at", "id"]
        constraints = [models.UniqueConstraint(fields=["incident", "agency_code", "task"], name="one_task_an_agency")]

    def __str__(self) -> str:
        return f"{self.agency_name}: {self.task}"


class FollowUp(models.Model):
    """A case for an agency after the incident (contact tracing by the health agency). Counts, never names."""

    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="follow_ups")
    agency_code = models.CharField(max_length=60, db_index=True)
    opened_at = models.DateTimeField()
    contacts = models.PositiveIntegerField(default=0)
    reached = models.PositiveIntegerField(default=0)
    note = models.TextField(blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["incident", "agency_code"], name="one_follow_up_an_agency")]

    def __str__(self) -> str:
        return f"{self.incident_id} {self.agency_code}"


# --- calls ------------------------------------------------------------------------------------------------------------


class Call(models.Model):
    """One call or text conversation. The number is sealed; `number_key` tells equal numbers. `draft` is what the
    call-taker has typed so far, kept with every pause, so that nothing dies with a browser."""

    key = models.CharField(max_length=100, unique=True)  # the exchange's name for the call
    channel = models.CharField(max_length=5, choices=choices(("voice", "text")), default="voice")
    line = models.CharField(max_length=30, blank=True)
    number_sealed = models.TextField(blank=True)
    number_key = models.CharField(max_length=32, blank=True, db_index=True)
    number_end = models.CharField(max_length=3, blank=True)
    state = models.CharField(max_length=10, choices=choices(states.CALL_STATES), default=states.RINGING, db_index=True)
    first_at = models.DateTimeField(db_index=True)
    ringing_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    lost_at = models.DateTimeField(null=True, blank=True)
    lost_stage = models.CharField(max_length=10, blank=True)
    desk = models.CharField(max_length=150, blank=True, db_index=True)  # who serves it: the actor's id
    desk_label = models.CharField(max_length=200, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    radius_m = models.FloatField(null=True, blank=True)
    location_source = models.CharField(max_length=20, blank=True)
    kind = models.CharField(max_length=12, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True, db_index=True)
    incident = models.ForeignKey(Incident, null=True, blank=True, on_delete=models.PROTECT, related_name="calls")
    draft = models.JSONField(default=dict)
    draft_version = models.PositiveBigIntegerField(default=0)  # the desk's clock in milliseconds
    draft_at = models.DateTimeField(null=True, blank=True)
    blocked = models.BooleanField(default=False)
    token = models.CharField(max_length=64, blank=True, db_index=True)  # digest of a text caller's key
    simulated = models.BooleanField(default=False)

    class Meta:
        ordering = ["first_at"]
        indexes = [models.Index(fields=["closed_at", "state"])]

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def number(self) -> str:
        """In clear. Whoever shows it records the view first."""
        return seal().open(self.number_sealed)

    @property
    def masked(self) -> str:
        return f"••••{self.number_end}" if self.number_end else ""


class CallEvent(models.Model):
    """An event of the telephone exchange; `id` is the exchange's, so that one sent five times counts once."""

    id = models.CharField(max_length=100, primary_key=True)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="events")
    type = models.CharField(max_length=10)
    at = models.DateTimeField()
    received_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.type} {self.at:%H:%M:%S}"


class ChatLine(models.Model):
    """One line of a text conversation, for people who cannot speak or hear."""

    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="lines")
    at = models.DateTimeField()
    from_caller = models.BooleanField()
    text = models.CharField(max_length=1000)
    key = models.CharField(max_length=60, unique=True)

    class Meta:
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"{self.at:%H:%M}"


class Opening(models.Model):
    """How many text conversations one address has begun since `since`. The address is a fingerprint, and the row is
    forgotten within an hour after its time: no more is kept than holds a flood back in every process."""

    address = models.CharField(max_length=32, primary_key=True)
    since = models.DateTimeField(db_index=True)
    count = models.PositiveSmallIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.since:%H:%M} {self.count}"


class Block(models.Model):
    """A number whose calls go last for a time, with a reason. Never made by the system, never for silent calls. `call`
    is the prank that it rests on: opened again, it takes the block with it."""

    number_key = models.CharField(max_length=32, db_index=True)
    number_end = models.CharField(max_length=3, blank=True)
    reason = models.CharField(max_length=300)
    made_at = models.DateTimeField()
    made_by = models.CharField(max_length=200)
    until = models.DateTimeField(db_index=True)
    call = models.ForeignKey(Call, null=True, blank=True, on_delete=models.PROTECT, related_name="blocks")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"••••{self.number_end}"


class Review(models.Model):
    """A supervisor's marks for one call, 1 to 4 each."""

    call = models.OneToOneField(Call, on_delete=models.PROTECT, related_name="review")
    marks = models.JSONField(default=dict)
    note = models.TextField(blank=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"{self.call_id}"


class Desk(models.Model):
    """A call-taker's desk: whose it is, its telephone extension, and whether calls may come."""

    STATES = ("available", "busy", "after_call", "pause", "away")

    actor_id = models.CharField(max_length=150, unique=True)
    label = models.CharField(max_length=200)
    extension = models.CharField(max_length=30, blank=True, db_index=True)
    state = models.CharField(max_length=12, choices=choices(STATES), default="away")
    since = models.DateTimeField()

    def __str__(self) -> str:
        return self.label
