"""The record of an incident: every clock, message and picture, and where the audit record knows of it."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from django.utils.translation import override

from tepian.kernel.audit.models import AuditEntry
from tepian.kernel.documents import queries as documents

from ..models import Entry, Incident
from . import clocks, sentence, where


def _both(entry: Entry) -> dict[str, Any]:
    texts = {}
    for language in ("id", "en"):
        with override(language):
            texts[language] = sentence(entry)
    return {
        "at": entry.at,
        "received_at": entry.received_at,
        "actor": entry.actor_label,
        "kind": entry.kind,
        "params": entry.params,
        "sentence": texts,
        "text": entry.text,
    }


def record(incident: Incident) -> dict[str, Any]:
    """Plain values with the positions of the audit entries behind them and the SHA-256 of all of it (canonical JSON
    without `hash`). Calls are told by number of order and clocks; callers' numbers are not part of it."""
    content: dict[str, Any] = {
        "number": incident.number,
        "type": incident.type_code,
        "type_from": incident.type_from,
        "severity": incident.severity,
        "state": incident.state,
        "place": where(incident),
        "position": [incident.lon, incident.lat, incident.radius_m],
        "region": incident.region_code,
        "victims": incident.victims,
        "outcome": incident.outcome,
        "lesson": incident.lesson,
        "hazard": incident.hazard_number,
        "warning": incident.warning_number,
        "merged_into": incident.merged_into.number if incident.merged_into else "",
        "simulated": incident.simulated,
        "clocks": clocks(incident),
        "calls": [
            {
                "call": call.pk,
                "channel": call.channel,
                "first_at": call.first_at,
                "answered_at": call.answered_at,
                "ended_at": call.ended_at,
                "lines": [
                    {"at": line.at, "from_caller": line.from_caller, "text": line.text} for line in call.lines.all()
                ],
            }
            for call in incident.calls.prefetch_related("lines")
        ],
        "units": [
            {
                "unit": row.unit.call_sign,
                "agency": row.unit.agency_name,
                "state": row.state,
                "advice": row.advice,
                "asked_at": row.asked_at,
                "asked_by": row.asked_by,
                **{f"{step}_at": at for step, at in row.moments.items()},
                "reason": row.reason,
                "reports": [
                    {
                        "step": report.step,
                        "at": report.at,
                        "claimed_at": report.claimed_at,
                        "received_at": report.received_at,
                        "clock_error_seconds": report.clock_error_seconds,
                    }
                    for report in row.reports.all()
                ],
            }
            for row in incident.deployments.select_related("unit").prefetch_related("reports")
        ],
        "tasks": [
            {
                "agency": task.agency_name,
                "task": task.task,
                "before_entry": task.before_entry,
                "asked_at": task.asked_at,
                "accepted_at": task.accepted_at,
                "done_at": task.done_at,
            }
            for task in incident.tasks.all()
        ],
        "story": [_both(entry) for entry in incident.entries.all()],
        "pictures": [
            {"name": file.name, "sha256": file.sha256} for file in documents.files_of("dispatch", incident.number)
        ],
        "audit": [
            {
                "position": entry.position,
                "at": entry.at,
                "operation": entry.operation,
                "actor": entry.actor_label,
                "hash": entry.hash,
            }
            for entry in AuditEntry.objects.filter(subject_type="dispatch", subject_id=incident.number).order_by(
                "position"
            )
        ],
    }
    canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
    content["hash"] = hashlib.sha256(canonical).hexdigest()
    return content
