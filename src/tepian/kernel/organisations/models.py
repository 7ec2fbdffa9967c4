"""Agencies, units and positions. Who holds a position stands in `identity.models.Holding`, for it names an account."""

from __future__ import annotations

from django.db import models


class Agency(models.Model):
    """An agency (OPD) or a unit inside one. `code` is the city's short name for it, e.g. `bpbd`, `bpbd.pusdalops`."""

    code = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=200)
    short_name = models.CharField(max_length=60, blank=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="units")
    region = models.ForeignKey("city.Region", null=True, blank=True, on_delete=models.PROTECT, related_name="agencies")
    contact = models.CharField(max_length=200, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        app_label = "city"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.short_name or self.name


class Position(models.Model):
    """A post in an agency. `grants` lists what its holder may do: `[{"role", "scope", "code"}]`, see `actors.Grant`."""

    code = models.CharField(max_length=80, unique=True)
    title = models.CharField(max_length=200)
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="positions")
    grants = models.JSONField(default=list)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        app_label = "city"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.title
