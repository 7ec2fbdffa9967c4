"""Levels and the states of a warning."""

from __future__ import annotations

ACTIVE, CANCELLED, EXPIRED = "active", "cancelled", "expired"
LEVELS = ("normal", "waspada", "siaga", "awas")

# CAP 1.2 needs severity, urgency, certainty and a response type; a kind of warning may say otherwise per level.
CAP_DEFAULTS = {
    "waspada": {"severity": "Moderate", "urgency": "Future", "certainty": "Likely", "response": "Monitor"},
    "siaga": {"severity": "Severe", "urgency": "Expected", "certainty": "Likely", "response": "Prepare"},
    "awas": {"severity": "Extreme", "urgency": "Immediate", "certainty": "Observed", "response": "Evacuate"},
}
CAP_VALUES = {
    "severity": ("Extreme", "Severe", "Moderate", "Minor", "Unknown"),
    "urgency": ("Immediate", "Expected", "Future", "Past", "Unknown"),
    "certainty": ("Observed", "Likely", "Possible", "Unlikely", "Unknown"),
    "response": ("Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"),
}
CAP_CATEGORIES = (
    "Geo",
    "Met",
    "Safety",
    "Security",
    "Rescue",
    "Fire",
    "Health",
    "Env",
    "Transport",
    "Infra",
    "CBRNE",
    "Other",
)


def rank(level: str) -> int:
    """0 normal … 3 awas; an unknown level ranks below normal."""
    return LEVELS.index(level) if level in LEVELS else -1
