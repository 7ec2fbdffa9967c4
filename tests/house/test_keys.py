"""Foreign keys point down to the kernel, never sideways into another room."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from . import tree


def sideways(all_models: list[type[models.Model]]) -> list[str]:
    found = []
    for model in all_models:
        if not model.__module__.startswith("tepian.services."):
            continue
        own = model._meta.app_label
        for field in model._meta.get_fields():
            target = getattr(field, "related_model", None) if getattr(field, "concrete", False) else None
            label = target._meta.app_label if isinstance(target, type) else ""
            if label and label not in {own, "city"}:
                found.append(f"{model.__name__}.{field.name} → {label}.{target.__name__}")
    return found


def test_foreign_keys_point_only_to_the_kernel():
    assert not sideways(apps.get_models(include_auto_created=True))


def test_every_model_belongs_to_the_house():
    """A table without a home would be migrated by nobody."""
    for model in apps.get_models():
        if model.__module__.startswith("tepian.kernel"):
            assert model._meta.app_label == "city", model
        elif model.__module__.startswith("tepian.services."):
            assert model._meta.app_label == model.__module__.split(".")[2], model


def test_journeys_and_portal_have_no_tables():
    assert not [
        model for model in apps.get_models() if model.__module__.startswith(("tepian.journeys", "tepian.portal"))
    ]


def test_a_key_into_another_room_is_found():
    rooms = [room.name for room in tree.rooms() if apps.is_installed(f"tepian.services.{room.name}")]
    other = next((m for m in apps.get_models() if m.__module__.startswith("tepian.services.")), None)
    if other is None:
        pytest.skip("no room with a model yet")

    class Stray(models.Model):
        neighbour = models.ForeignKey(other, on_delete=models.CASCADE, related_name="+")
        __module__ = "tepian.services.stray.models"

        class Meta:
            app_label = "stray"
            apps = type(apps)(installed_apps=())

    assert sideways([Stray]) == [f"Stray.neighbour → {other._meta.app_label}.{other.__name__}"], rooms
