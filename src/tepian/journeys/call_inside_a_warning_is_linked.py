"""A call for help comes from inside a public warning's area: the desk sees which warning, and what people there were
told."""

from __future__ import annotations

from tepian.kernel.actors import system
from tepian.kernel.events import Envelope, on
from tepian.services.dispatch import operations as dispatch
from tepian.services.dispatch import queries
from tepian.services.warnings import queries as warnings

CONSUMER = "journeys.call_inside_a_warning_is_linked"
ACTOR = system(CONSUMER, "Peringatan dini")


def _inside(region: str, areas: list[str]) -> bool:
    return any(region == code or region.startswith(f"{code}.") for code in areas)


def _link(number: str, region: str, simulated: bool) -> None:
    if not region:
        return
    found = [row for row in warnings.in_force().filter(simulated=simulated) if _inside(region, row.areas)]
    if found:
        dispatch.link_warning(actor=ACTOR, number=number, warning=found[0].number)


@on("dispatch.incident_opened.v1", consumer=CONSUMER)
def opened(envelope: Envelope) -> None:
    _link(envelope.data["number"], envelope.data["region"], envelope.data["simulated"])


@on("dispatch.incident_changed.v1", consumer=CONSUMER)
def changed(envelope: Envelope) -> None:
    if envelope.data["what"] == "changed":
        _link(envelope.data["number"], envelope.data["region"], envelope.data["simulated"])


@on("warnings.warning_published.v1", consumer=CONSUMER)
def published(envelope: Envelope) -> None:
    """Those who called before the public was warned."""
    data = envelope.data
    for row in queries.open_incidents():
        if row.simulated == data["simulated"] and row.region_code and _inside(row.region_code, data["areas"]):
            dispatch.link_warning(actor=ACTOR, number=row.number, warning=data["number"])
