"""Versions of topics, by which cached pages know that they are still right."""

from __future__ import annotations

from django.db import models


class TopicVersion(models.Model):
    """`version` grows in the transaction that changes anything of the topic (a room's name)."""

    topic = models.CharField(max_length=50, primary_key=True)
    version = models.BigIntegerField(default=0)

    class Meta:
        app_label = "city"
