"""Regions and named places. Codes are Kemendagri's, dotted, so that a code's parents are its prefixes."""

from __future__ import annotations

from django.db import models


class Level(models.TextChoices):
    PROVINCE = "province"
    CITY = "city"
    DISTRICT = "district"  # kecamatan
    WARD = "ward"  # kelurahan
    NEIGHBOURHOOD = "neighbourhood"  # RT


class Region(models.Model):
    """One region through all its names. `code` is dotted: 64 · 64.72 · 64.72.05 · 64.72.05.1003 · 64.72.05.1003.RT012.

    `lon`/`lat` (degrees, WGS 84) is a label point that lies on the region's surface. `boundary` is GeoJSON geometry in
    lon/lat order; `boundary_kind` says where it came from: `official`, `schematic` or empty.
    """

    code = models.CharField(max_length=30, unique=True)
    bps_code = models.CharField(max_length=20, blank=True, db_index=True)
    level = models.CharField(max_length=15, choices=Level.choices, db_index=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    boundary = models.JSONField(null=True, blank=True)
    boundary_kind = models.CharField(max_length=12, blank=True)
    boundary_source = models.CharField(max_length=200, blank=True)
    min_lon = models.FloatField(null=True, blank=True, db_index=True)
    min_lat = models.FloatField(null=True, blank=True)
    max_lon = models.FloatField(null=True, blank=True)
    max_lat = models.FloatField(null=True, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)

    class Meta:
        app_label = "city"
        ordering = ["code"]

    def __str__(self) -> str:
        return self.code


class RegionName(models.Model):
    """A region's name and parent for a time; `valid_to` is the last day."""

    region = models.ForeignKey(Region, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=120)
    parent = models.ForeignKey(Region, null=True, blank=True, on_delete=models.PROTECT, related_name="children_names")
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        app_label = "city"
        constraints = [models.UniqueConstraint(fields=["region", "valid_from"], name="region_name_once")]

    def __str__(self) -> str:
        return self.name


class RegionSuccession(models.Model):
    """Merges and splits: `former` continued in `successor` from `on` (many to many). Both may be the same region, when
    one that was split or enlarged kept its code."""

    former = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="successions")
    successor = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="origins")
    on = models.DateField()
    source = models.CharField(max_length=200, blank=True)

    class Meta:
        app_label = "city"
        constraints = [models.UniqueConstraint(fields=["former", "successor", "on"], name="succession_once")]

    def __str__(self) -> str:
        return f"{self.former_id} → {self.successor_id}"


class Place(models.Model):
    """A named place or street of the gazetteer. `folded` is the name as the forgiving search compares it."""

    name = models.CharField(max_length=150)
    folded = models.CharField(max_length=150, db_index=True)
    kind = models.CharField(max_length=40)
    lon = models.FloatField()
    lat = models.FloatField()
    region = models.ForeignKey(Region, null=True, blank=True, on_delete=models.SET_NULL, related_name="places")
    source = models.CharField(max_length=200, blank=True)
    key = models.CharField(max_length=150, unique=True)

    class Meta:
        app_label = "city"

    def __str__(self) -> str:
        return self.name
