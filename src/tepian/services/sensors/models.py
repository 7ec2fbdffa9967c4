"""Stations, what they measure, and the readings.

In the words of OGC SensorThings a Station is a Thing with one Location. All times of readings are whole milliseconds
since 1970 (UTC) in integer columns, because the hot path neither makes nor parses dates.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from . import states


class Station(models.Model):
    """A place that measures. `lon`/`lat` in degrees; `position` says how sure they are. `upstream_of` names the next
    station downstream."""

    class Kind(models.TextChoices):
        RIVER = "river", _("River")
        RAIN = "rain", _("Rain")
        TIDE = "tide", _("Tide")
        DAM = "dam", _("Dam")
        AIR = "air", _("Air")
        OTHER = "other", _("Other")

    class Position(models.TextChoices):
        SURVEYED = "surveyed", _("Published position")
        APPROXIMATE = "approximate", _("Approximate position")

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    description = models.TextField(blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices, db_index=True)
    lon = models.FloatField()
    lat = models.FloatField()
    position = models.CharField(max_length=12, choices=Position.choices, default=Position.SURVEYED)
    region = models.ForeignKey("city.Region", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    owner = models.ForeignKey("city.Agency", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    upstream_of = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="upstream")
    active = models.BooleanField(default=True)
    source = models.CharField(max_length=300, blank=True)
    properties = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class ObservedProperty(models.Model):
    """What is measured, e.g. water level. `definition` is a URI where there is one."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    definition = models.CharField(max_length=300, blank=True)
    description = models.TextField(blank=True)
    properties = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["code"]
        verbose_name_plural = "observed properties"

    def __str__(self) -> str:
        return self.name


class Sensor(models.Model):
    """The instrument or the procedure. `metadata` is a link or a text, as `encoding_type` says."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    encoding_type = models.CharField(max_length=100, default="text/plain")
    metadata = models.TextField(blank=True)
    properties = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class Datastream(models.Model):
    """One series of one station. Its key is `<station>/<slug>`, its MQTT topic `tepian/v1/<station>/<slug>`.

    `unit` is UCUM, `unit_label` what people read. Values outside `min_plausible`…`max_plausible` and jumps above
    `max_step_per_minute` (unit per minute) are marked and do not move the level; a value unchanged for
    `stuck_after_s` seconds is marked (0: never). `datum` names the zero of a height.
    """

    class Basis(models.TextChoices):
        VALUE = "value", _("Each value")
        SUM_1H = "sum_1h", _("Sum of the last hour")

    station = models.ForeignKey(Station, on_delete=models.CASCADE, related_name="datastreams")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=160)
    name_en = models.CharField(max_length=160, blank=True)
    description = models.TextField(blank=True)
    observed_property = models.ForeignKey(ObservedProperty, on_delete=models.PROTECT, related_name="datastreams")
    sensor = models.ForeignKey(Sensor, null=True, blank=True, on_delete=models.PROTECT, related_name="datastreams")
    unit = models.CharField(max_length=30)
    unit_label = models.CharField(max_length=30)
    unit_name = models.CharField(max_length=60, blank=True)
    datum = models.CharField(max_length=120, blank=True)
    basis = models.CharField(max_length=10, choices=Basis.choices, default=Basis.VALUE)
    main = models.BooleanField(default=True)
    min_plausible = models.FloatField(null=True, blank=True)
    max_plausible = models.FloatField(null=True, blank=True)
    max_step_per_minute = models.FloatField(null=True, blank=True)
    stuck_after_s = models.PositiveIntegerField(default=0)
    expected_interval_s = models.PositiveIntegerField(default=600)
    properties = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["station", "slug"]
        constraints = [models.UniqueConstraint(fields=["station", "slug"], name="datastream_once")]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        return f"{self.station.code}/{self.slug}"

    @property
    def mqtt_topic(self) -> str:
        return f"tepian/v1/{self.key}"


class ThresholdScale(models.Model):
    """Lower bounds of the levels on one scale of one datastream, for a time and with a source.

    A dam may be judged by its spillway and by what happens downstream; of the scales that hold on a day at most one is
    `alerting`: it makes the level. A level without a bound is not used on that scale.
    """

    datastream = models.ForeignKey(Datastream, on_delete=models.CASCADE, related_name="scales")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    name_en = models.CharField(max_length=120, blank=True)
    alerting = models.BooleanField(default=False)
    waspada = models.FloatField(null=True, blank=True)
    siaga = models.FloatField(null=True, blank=True)
    awas = models.FloatField(null=True, blank=True)
    hysteresis = models.FloatField(default=0)
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=300)

    class Meta:
        ordering = ["datastream", "-alerting", "code", "-valid_from"]
        constraints = [models.UniqueConstraint(fields=["datastream", "code", "valid_from"], name="scale_once")]

    @property
    def bounds(self) -> states.Bounds:
        infinite = float("inf")
        w, s, a = (infinite if b is None else b for b in (self.waspada, self.siaga, self.awas))
        return w, s, a


class ObservationQuerySet(models.QuerySet["Observation"]):
    def of(self, datastream_id: int, start_ms: int | None = None, end_ms: int | None = None) -> ObservationQuerySet:
        """One datastream's readings from `start_ms` to before `end_ms`: a range of the primary key."""
        first = states.KEY_EPOCH_MS if start_ms is None else max(start_ms, states.KEY_EPOCH_MS)
        query = self.filter(pk__gte=states.pack_key(datastream_id, first))
        if end_ms is None:
            return query.filter(pk__lt=(datastream_id + 1) << states.KEY_BITS)
        last = min(max(end_ms, states.KEY_EPOCH_MS), states.KEY_EPOCH_MS + states.KEY_MASK)
        return query.filter(pk__lt=states.pack_key(datastream_id, last))


class Observation(models.Model):
    """One reading. The key is datastream and time in one integer (`states.pack_key`): a second value for the same
    moment cannot be stored, one series lies together on disk in time order, and no further index is needed."""

    id = models.BigIntegerField(primary_key=True)
    result = models.FloatField()
    flags = models.SmallIntegerField(default=0)
    received_ms = models.BigIntegerField()

    objects = ObservationQuerySet.as_manager()

    @property
    def datastream_id(self) -> int:
        return self.id >> states.KEY_BITS

    @property
    def time_ms(self) -> int:
        return (self.id & states.KEY_MASK) + states.KEY_EPOCH_MS


class DatastreamState(models.Model):
    """The newest accepted reading of a datastream and what follows from it; written in the transaction of the reading.

    `seen_ms` is the newest time seen at all, `time_ms`/`value` the newest plausible reading. `shown` is what levels
    compare: the value, or the sum of the last hour. `version` grows with each change over all datastreams of the
    database, so that live streams can ask what is new.
    """

    datastream = models.OneToOneField(Datastream, primary_key=True, on_delete=models.CASCADE, related_name="state")
    seen_ms = models.BigIntegerField(default=0)
    time_ms = models.BigIntegerField(default=0)
    value = models.FloatField(null=True)
    shown = models.FloatField(null=True)
    flags = models.SmallIntegerField(default=0)
    rank = models.SmallIntegerField(default=0)
    level_since_ms = models.BigIntegerField(default=0)
    same_since_ms = models.BigIntegerField(default=0)
    received_ms = models.BigIntegerField(default=0)
    trend = models.FloatField(null=True)
    trend_at_ms = models.BigIntegerField(default=0)
    eta_rank = models.SmallIntegerField(default=0)
    eta_from = models.IntegerField(null=True)
    eta_to = models.IntegerField(null=True)
    version = models.BigIntegerField(default=0, db_index=True)
    silent_since_ms = models.BigIntegerField(null=True)


class SimulationControl(models.Model):
    """The one exercise of this installation. `elapsed_s` is the story's time at `anchor_at`; from there it runs at
    `speed` unless paused."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    run = models.PositiveIntegerField(default=0)
    anchor_at = models.DateTimeField(null=True)
    elapsed_s = models.FloatField(default=0)
    speed = models.FloatField(default=1)
    scenario = models.JSONField(default=dict)
    paused = models.BooleanField(default=False)


class ImportDraft(models.Model):
    """A CSV file between its dry run and the confirmation; removed after a day."""

    token = models.CharField(max_length=40, unique=True)
    account = models.CharField(max_length=150)
    file_name = models.CharField(max_length=200)
    content = models.TextField()
    mapping = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
