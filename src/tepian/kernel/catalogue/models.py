"""Versions of topics, by which cached pages know that they are still right."""

from __future__ import annotations

from django.db import models


class TopicVersion(models.Model):
    """`version` grows in the transaction that changes anything of the topic (a room's name)."""

    topic = models.CharField(max_length=50, primary_key=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        app_label = "city"


class JobRun(models.Model):
    """When a periodic job was last started; the row named `worker` is the worker's heartbeat."""

    name = models.CharField(max_length=100, primary_key=True)
    started_at = models.DateTimeField()

    class Meta:
        app_label = "city"


class CitySetting(models.Model):
    """One fact about the city for a time (its name, time zone, centre …), as the city pack or a person set it.

    `valid_from` empty means "as long as known"; `valid_to` is the last day. Read through `catalogue.city`.
    """

    key = models.CharField(max_length=60, db_index=True)
    value = models.JSONField()
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        app_label = "city"
        constraints = [models.UniqueConstraint(fields=["key", "valid_from"], name="city_setting_once")]

    def __str__(self) -> str:
        return self.key
